//! No code. Cargo builds a dependency anew for every set of features it is asked for with, and whatever
//! rests on it: the query engine, the largest part of a build by far, would be compiled for the command, again
//! for the Python package and again for the tests. This crate names the union of the features, and the
//! crate that holds the query engine depends on it, so that it is compiled once a profile.
//!
//! `cargo xtask tidy` finds a difference, and names what is to be added here.
