//! Tests the server for Redis' clients as three processes, with a client that knows only Redis, and with hostile
//! clients.
//!
//! `redis/servers.rs` starts and ends the processes. Each of them runs `redis/torture/main.rs` with the argument to
//! serve, which behaves exactly like `copycat-redis`.

#[path = "processes/ports.rs"]
mod ports;
#[path = "processes/resources.rs"]
mod resources;

mod redis {
    pub(crate) mod against;
    pub(crate) mod commands;
    pub(crate) mod endurance;
    pub(crate) mod hostile;
    pub(crate) mod life;
    pub(crate) mod limits;
    pub(crate) mod pipelines;
    pub(crate) mod servers;
    pub(crate) mod stock;
    pub(crate) mod torture {
        pub(crate) use super::servers;

        pub(crate) mod audit;
        pub(crate) mod plan;
        pub(crate) mod writers;
    }
}
