//! Moves messages between members, and between remote handles and members, over TCP or in memory.
//!
//! This layer only carries messages. It does not decide who may join (the node does, see [`admission`]),
//! understands no message except the handshake and pings, and never waits for a disk. Everything it holds is
//! bounded: queues, buffers, connections, handshakes. A length is checked before memory is allocated for it,
//! and no bytes from a socket make it panic.
//!
//! Every member dials every other member twice: a connection of *control* priority (votes, heartbeats, the bootstrap
//! record) and one of *bulk* priority (everything else). It sends on the connections that it dialed and receives on
//! those that it accepted. There are exceptions, which use a connection in both directions: the handshake, signs of
//! life, and replies, which return on the connection of their request. A remote handle (a client process that is no
//! member) uses one connection to a member in both directions; the items of its streams return on it, too.
//!
//! Begin with [`wire`] (the messages), then [`network`] (what they travel over), then [`peer`] and [`acceptor`]
//! (the two ends).

pub(crate) mod acceptor;
pub(crate) mod admission;
mod callers;
pub(crate) mod client;
pub(crate) mod closed;
pub(crate) mod connection;
pub(crate) mod endpoint;
pub(crate) mod event;
pub(crate) mod handshake;
pub(crate) mod limits;
pub(crate) mod memory;
pub(crate) mod network;
pub(crate) mod peer;
pub(crate) mod queue;
pub(crate) mod send_queue;
pub(crate) mod sender;
mod task;
pub(crate) mod tcp;
#[cfg(test)]
mod tests;
mod throttle;
pub(crate) mod wire;
pub(crate) mod write_buffer;
mod write_permit;
