//! Resources (named, replicated things), and the base of their proxies.
//!
//! The code that `#[state_machine]` generates is thin. Its logic is here: the tables of commands, the path of a
//! call from a proxy to the partition that has its key, and the dispatch of a committed command to the user's
//! state. This layer never decides who leads, what is committed, or where bytes are stored: it sends commands to
//! `node`, which calls back through the traits of `node::machine`.
//!
//! Begin with [`commands`] (a trait's methods as data), then [`client`] (the proxies' side) and [`dispatch`] (the
//! replica's side).

pub(crate) mod arguments;
pub(crate) mod block_on;
pub(crate) mod client;
pub(crate) mod commands;
pub(crate) mod determinism;
pub(crate) mod dispatch;
pub(crate) mod encoding;
pub(crate) mod join;
pub(crate) mod json;
mod line;
#[cfg(feature = "testing")]
pub mod local;
pub(crate) mod merge;
pub(crate) mod page;
pub(crate) mod pages;
pub(crate) mod partitioner;
pub(crate) mod proxy;
pub(crate) mod schema;
pub(crate) mod schema_file;
pub(crate) mod shapes;
pub(crate) mod split;
pub(crate) mod state_machine;
pub(crate) mod status;
pub(crate) mod tuple;
pub(crate) mod update;
