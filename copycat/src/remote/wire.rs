//! The messages that a remote handle understands: answers, and messages of its streams.

use crate::codec::cursor::Malformed;
use crate::request::wire::leaders::{self, LeaderHint};
use crate::request::wire::resolve::{self, Resolved};
use crate::request::wire::results::{self, Answered};
use crate::request::wire::{self as requests, number};
use crate::stream::wire::{self as stream, ToReader};
use crate::transport::wire;
use crate::transport::wire::envelope::Envelope;
use crate::transport::wire::family::Family;
use crate::transport::wire::registry::Registry;

/// A message from a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// Answers to requests.
    Results(Vec<Answered>),
    /// The leaders of groups, as far as that member knows.
    Leaders(Vec<LeaderHint>),
    /// The partitions of a name, as far as that member knows.
    Resolved(Resolved),
    /// A message of a stream.
    Stream(ToReader),
}

impl wire::Incoming for Incoming {
    const KINDS: &'static Registry = &Registry::of(&[requests::KINDS, stream::KINDS]);

    fn read(envelope: &Envelope) -> Result<Incoming, Malformed> {
        match (envelope.kind.family, envelope.kind.number) {
            (Family::Requests, number::RESULTS) => results::read(envelope).map(Incoming::Results),
            (Family::Requests, number::LEADERS) => leaders::read_leaders(envelope).map(Incoming::Leaders),
            (Family::Requests, number::RESOLVED) => resolve::read_answer(envelope).map(Incoming::Resolved),
            (Family::Streams, _) => stream::read_to_reader(envelope).map(Incoming::Stream),
            // No connection lets through the kinds that only members receive.
            (_, number) => Err(Malformed::Value { field: "message kind", found: number.into() }),
        }
    }
}
