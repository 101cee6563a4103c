//! Streams: items that arrive one after the other on a connection, as fast as they are taken and no faster.
//!
//! The side that dialed opens a stream with a topic, a subject, a position to go on from, and *credit*: how many items it
//! takes. The other side sends as many, and more when it is given more. What cannot be sent waits in a bounded queue; what
//! falls out of that is missed, and the reader is told where it goes on. Either side may end a stream at any time.
//!
//! Both ends are synchronous values, one of each per connection: they touch no connection, read no clock, and know no
//! topic. What an item means is known by the floor that owns the topic.
//!
//! Begin with [`wire`] (what is said), then [`server`] and [`reader`], the two ends.

pub(crate) mod reader;
pub(crate) mod server;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

/// What a stream is about. Numbers are never reused.
pub(crate) mod topic {
    /// How a resource is doing: the subject is its name, the position means nothing.
    pub(crate) const STATUS: u16 = 1;
}

/// Streams that may be open on one connection; more are refused.
pub(crate) const STREAMS_MAX: usize = 1_024;
/// Most credit that a stream is given at a time; what is more is not believed.
pub(crate) const CREDIT_MAX: u64 = 1 << 16;
