//! Tests each collection against its counterpart in std, in whole clusters whose members are killed.
//!
//! Begin with a type's table of operations, for example `collections/list.rs`. `collections/worker.rs` carries
//! operations out and compares the answers, `collections/trial.rs` runs many workers and kills members meanwhile, and
//! `collections/world.rs` is the cluster. All of it uses only the public names of the two crates: `outside.rs` runs a
//! part of it in a user's crate.

mod collections {
    pub(crate) mod boolean;
    pub(crate) mod clients;
    pub(crate) mod list;
    pub(crate) mod long;
    pub(crate) mod map;
    pub(crate) mod multi_map;
    pub(crate) mod operations;
    pub(crate) mod reference;
    pub(crate) mod set;
    pub(crate) mod trial;
    pub(crate) mod worker;
    pub(crate) mod world;
}

use collections::trial::Trial;
use collections::{boolean, clients, list, long, map, multi_map, reference, set};

#[test]
fn a_map_is_like_a_btree_map() {
    Trial::EACH.run::<map::MapOperation>("map");
}

#[test]
fn a_multi_map_is_like_a_btree_map_of_btree_sets() {
    Trial::EACH.run::<multi_map::MultiMapOperation>("multi_map");
}

#[test]
fn a_set_is_like_a_btree_set() {
    Trial::EACH.run::<set::SetOperation>("set");
}

#[test]
fn a_list_is_like_a_vec() {
    Trial::EACH.run::<list::ListOperation>("list");
}

#[test]
fn a_long_is_like_an_i64() {
    Trial::EACH.run::<long::LongOperation>("long");
}

#[test]
fn a_boolean_is_like_a_bool() {
    Trial::EACH.run::<boolean::BooleanOperation>("boolean");
}

#[test]
fn a_reference_is_like_an_option() {
    Trial::EACH.run::<reference::ReferenceOperation>("reference");
}

#[test]
fn sixty_four_clients_count_add_and_compare_exactly() {
    clients::run();
}
