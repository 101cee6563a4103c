//! Tests a map, a list and a number in a cluster whose members are killed, as the framework's own tests do, with the
//! public names only. The modules are those of the framework's tests, copied here by `outside.rs`.
#![deny(warnings)]

mod collections {
    pub(crate) mod clients;
    pub(crate) mod list;
    pub(crate) mod long;
    pub(crate) mod map;
    pub(crate) mod operations;
    pub(crate) mod trial;
    pub(crate) mod worker;
    pub(crate) mod world;
}

use collections::trial::Trial;
use collections::{clients, list, long, map};

#[test]
fn a_map_is_like_a_btree_map() {
    Trial::EACH.run::<map::MapOperation>("map");
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
fn sixty_four_clients_count_add_and_compare_exactly() {
    clients::run();
}
