//! The collections, each against its counterpart in std, in whole clusters whose members are killed.
#![allow(clippy::unwrap_used, reason = "the whole program is a test; what its helpers unwrap fails it")]

mod collections {
    pub(crate) mod map;
    pub(crate) mod operations;
    pub(crate) mod trial;
    pub(crate) mod worker;
    pub(crate) mod world;
}

use collections::map::MapOperation;
use collections::trial::Trial;

/// What each type goes through.
const TRIAL: Trial = Trial { operations: 100_000, workers: 24, kills: 6 };

#[test]
fn maps_are_like_btree_maps() {
    TRIAL.run::<MapOperation>("map");
}
