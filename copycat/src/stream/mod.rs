//! Streams: items that follow one another on a connection, as fast as the reader takes them and no faster.
//!
//! The side that dialed opens a stream with a topic, a subject, a position to continue from, and *credit*: the
//! number of items that it accepts. The other side sends as many items, and more when it gets more credit.
//! Items that cannot be sent wait in a bounded queue. Those that the queue drops are missed, and the reader is
//! told where the stream continues. Either side may end a stream at any time.
//!
//! Both ends are synchronous values, one of each per connection: they touch no connection, read no clock, and
//! know no topic. The layer that owns a topic knows what its items mean.
//!
//! Begin with [`wire`] (the messages), then [`server`] and [`reader`], the two ends.

pub(crate) mod reader;
pub(crate) mod server;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

/// The topics of streams. Numbers are never reused.
pub(crate) mod topic {
    /// The status of a resource: the subject is its name, the position has no meaning.
    pub(crate) const STATUS: u16 = 1;
}

/// Most streams that may be open on one connection; more are refused.
pub(crate) const STREAMS_MAX: usize = 1_024;
/// Most credit of a stream at a time; credit beyond it is ignored.
pub(crate) const CREDIT_MAX: u64 = 1 << 16;
