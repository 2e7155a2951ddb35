//! Both builders on logs written by hand.

mod logon;
mod timeline;
mod writer;
