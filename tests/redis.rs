//! The server for Redis' clients, as three processes, by a client that knows nothing of us, and by enemies.
//!
//! `redis/servers.rs` starts and ends the processes; the program that each of them runs is `redis/torture/main.rs`
//! when it is told to serve, which is `copycat-redis` to the letter.

#[path = "processes/ports.rs"]
mod ports;
#[path = "processes/resources.rs"]
mod resources;

mod redis {
    pub(crate) mod commands;
    pub(crate) mod endurance;
    pub(crate) mod hostile;
    pub(crate) mod life;
    pub(crate) mod pipelines;
    pub(crate) mod servers;
    pub(crate) mod torture {
        pub(crate) use super::servers;

        pub(crate) mod audit;
        pub(crate) mod plan;
        pub(crate) mod writers;
    }
}
