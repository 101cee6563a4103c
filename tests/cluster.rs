//! Whole clusters in this process: real members with real logs, on both networks.
//!
//! No test waits for time to pass. Tests check again until the expected state is reached, and fail after a minute.
//! `cluster/world.rs` is the cluster, and `cluster/life.rs` is the suite that runs on both networks.
//! `cluster/order.rs` tests clients that do not wait, `cluster/leaders.rs` the leaders that remote handles find,
//! `cluster/listeners.rs` the events that listeners receive, `cluster/schemas.rs` programs of other types,
//! `cluster/writable.rs` types with their own codec, and `cluster/bad_input.rs` failures before or beside the cluster.
#![allow(clippy::unwrap_used, reason = "the whole program is a test; what its helpers unwrap fails it")]

mod cluster {
    mod arguments;
    mod bad_input;
    mod catching_up;
    pub(crate) mod leaders;
    pub(crate) mod life;
    pub(crate) mod listeners;
    pub(crate) mod order;
    #[expect(dead_code, reason = "`processes` needs more of it")]
    mod relay;
    mod schemas;
    pub(crate) mod store;
    pub(crate) mod world;
    mod writable;
}

/// Makes a test of each case of a suite on each network.
macro_rules! on_both_networks {
    ($($suite:ident::$case:ident,)*) => {
        mod over_tcp {
            use super::cluster::{leaders, life, listeners, order, world};
            $(#[test] fn $case() { world::run($suite::$case(world::Network::Tcp)); })*
        }
        mod in_memory {
            use super::cluster::{leaders, life, listeners, order, world};
            $(#[test] fn $case() { world::run($suite::$case(world::Network::memory())); })*
        }
    };
}

on_both_networks! {
    life::three_members_serve_through_every_member,
    life::a_remote_handle_drives_the_same_proxies,
    life::a_remote_handle_survives_its_member,
    life::many_groups_share_a_node,
    life::a_handle_waits_for_members_to_open_what_it_opens,
    life::writes_go_on_without_the_leader,
    life::members_come_back_with_their_logs,
    life::a_returned_member_is_answered,
    life::clusters_of_one_and_two,
    life::without_a_majority_there_is_an_error_and_no_answer,
    life::a_resource_that_others_did_not_open_is_a_typed_error,
    life::proxies_outlive_their_member,
    life::a_member_may_be_closed_before_it_did_anything,
    life::a_panicking_method_is_an_answer_and_harms_nobody,
    life::a_state_that_calls_a_blocking_proxy_gets_an_error,
    life::more_at_once_than_a_segment_holds,
    life::a_command_longer_than_a_segment_is_kept_all_the_same,
    listeners::listeners_hear_of_every_leader,
    listeners::every_partition_is_told_of_and_blocking_listeners_hear_the_same,
    listeners::listeners_that_take_nothing_hold_up_nobody,
    order::calls_of_a_line_keep_their_order,
    order::a_line_keeps_its_order_when_there_is_no_room,
    order::clones_share_a_line,
    leaders::a_handle_that_knows_a_follower_comes_to_the_leader,
    leaders::the_leader_is_found_again_when_it_is_another,
    leaders::a_handle_outlives_the_only_member_it_was_told_of,
    leaders::a_leader_out_of_reach_is_served_through_others,
    leaders::groups_with_different_leaders_are_each_led_directly,
}
