//! Whole clusters in this process: real members with real logs, on both networks.
//!
//! Nothing here waits for time to pass: tests look again until what must happen has happened, and give up only
//! after a minute. `cluster/world.rs` is the cluster, `cluster/life.rs` the suite that both networks go
//! through, `cluster/bad_input.rs` what goes wrong before or beside it.
#![allow(clippy::unwrap_used, reason = "the whole program is a test; what its helpers unwrap fails it")]

mod cluster {
    mod bad_input;
    mod catching_up;
    pub(crate) mod life;
    #[expect(dead_code, reason = "`processes` needs more of it")]
    mod relay;
    pub(crate) mod store;
    pub(crate) mod world;
}

/// One suite, a test for each of its cases on each network.
macro_rules! on_both_networks {
    ($($case:ident,)*) => {
        mod over_tcp {
            use super::cluster::{life, world};
            $(#[test] fn $case() { world::run(life::$case(world::Network::Tcp)); })*
        }
        mod in_memory {
            use super::cluster::{life, world};
            $(#[test] fn $case() { world::run(life::$case(world::Network::memory())); })*
        }
    };
}

on_both_networks! {
    three_members_serve_through_every_member,
    a_remote_handle_drives_the_same_proxies,
    a_remote_handle_survives_its_member,
    many_groups_share_a_node,
    writes_go_on_without_the_leader,
    members_come_back_with_their_logs,
    a_returned_member_is_answered,
    clusters_of_one_and_two,
    without_a_majority_there_is_an_error_and_no_answer,
    a_resource_that_others_did_not_open_is_a_typed_error,
    proxies_outlive_their_member,
    a_member_may_be_closed_before_it_did_anything,
    a_panicking_method_is_an_answer_and_harms_nobody,
    a_state_that_calls_a_blocking_proxy_gets_an_error,
    more_at_once_than_a_segment_holds,
    a_command_longer_than_a_segment_is_kept_all_the_same,
}
