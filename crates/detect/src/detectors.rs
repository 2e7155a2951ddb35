//! The registry: one line a detector, and nothing else is a list.

use crate::entry::{Entry, Of};
use std::marker::PhantomData;

macro_rules! registry {
    ($($file:ident :: $ty:ident),* $(,)?) => {
        $(pub mod $file;)*
        /// Every detector. The order is part of every output: never sort it.
        pub static ALL: &[&dyn Entry] = &[$(&Of::<$file::$ty>(PhantomData)),*];
    };
}

// `cargo fmt` does not see modules declared in a macro; `cargo xtask fmt` names them.
registry! {
    rod::Rod,
    cd::Cd,
    cblof::Cblof,
    iforest::IForest,
    gmm::Gmm,
    inne::Inne,
    knn::Knn,
    avknn::AvKnn,
    lof::Lof,
    copod::Copod,
    ecod::Ecod,
    hbos::Hbos,
    loda::Loda,
}

/// Finds a detector by its id, letter case aside.
pub fn find(id: &str) -> Option<&'static dyn Entry> {
    ALL.iter().copied().find(|e| e.card().id.eq_ignore_ascii_case(id))
}
