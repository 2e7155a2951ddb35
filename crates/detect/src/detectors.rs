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
    cblof::Cblof,
    iforest::IForest,
    knn::Knn,
    avknn::AvKnn,
    lof::Lof,
    rod::Rod,
    cd::Cd,
    copod::Copod,
    ecod::Ecod,
    gmm::Gmm,
    hbos::Hbos,
    inne::Inne,
    loda::Loda,
    qmcd::Qmcd,
    ocsvm::Ocsvm,
    dif::Dif,
    kde::Kde,
    lunar::Lunar,
    lmdd::Lmdd,
    pca::Pca,
    sod::Sod,
    msurprise::MSurprise,
    psurprise::PSurprise,
    cbrw::Cbrw,
    spad::Spad,
    catforest::CatForest,
}

/// Finds a detector by its id, letter case aside.
pub fn find(id: &str) -> Option<&'static dyn Entry> {
    ALL.iter().copied().find(|e| e.card().id.eq_ignore_ascii_case(id))
}
