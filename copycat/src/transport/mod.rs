//! Moves messages between members, and between remote handles and members, over TCP or in memory.
//!
//! This floor carries. It never decides who may join (that is the node's [`admission`]), understands no message but those
//! of the handshake, and never waits for a disk. Everything it holds is bounded: queues, buffers, connections,
//! handshakes; a length is checked before memory is taken for it, and no bytes from a socket make it panic.
//!
//! Every member dials every other member twice, a *control* lane and a *bulk* lane, sends only on what it
//! dialed and receives on what it accepted; but what was asked on a connection is answered on that connection.
//! Remote handles hold one connection, used in both directions.
//!
//! Begin with [`wire`] (what is said), then [`seam`] (over what), then [`lane`] and [`acceptor`] (by whom).

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
pub(crate) mod outbox;
pub(crate) mod peer;
pub(crate) mod queue;
pub(crate) mod sender;
mod task;
pub(crate) mod tcp;
#[cfg(test)]
mod tests;
mod throttle;
pub(crate) mod wire;
pub(crate) mod write_buffer;
mod write_permit;
