//! The wire format of the messages between members, byte for byte: the consensus family, and every message that a
//! member can read. `transport/FORMAT.md` draws it.
//!
//! Begin with [`Message`] and [`Incoming`]. [`votes`], [`append`] and [`heartbeats`] are the messages of consensus,
//! [`bootstrap_record`] is the message of the bootstrap, and [`announcement`] tells which commands a member knows.

pub(crate) mod announcement;
pub(crate) mod append;
pub(crate) mod bootstrap_record;
pub(crate) mod heartbeats;
#[cfg(test)]
mod tests;
mod votes;

use crate::codec::cursor::Malformed;
use crate::codec::entries::Entries;
use crate::codec::ids::GroupId;
use crate::raft;
use crate::request::wire as requests;
use crate::request::wire::resolve::Resolve;
use crate::request::wire::results::Answered;
#[cfg(any(test, feature = "testing"))]
use crate::request::wire::results::Results;
use crate::request::wire::submit::Submit;
use crate::stream::wire::{self as stream, ToServer};
use crate::transport::wire::envelope::Envelope;
use crate::transport::wire::family::{Family, MessageKind};
use crate::transport::wire::registry::Registry;
use crate::transport::wire::{self, Outgoing};
use crate::transport::write_buffer::WriteBuffer;
pub(crate) use announcement::Announcement;
pub(crate) use bootstrap_record::BootstrapRecord;
use bytes::Bytes;
use heartbeats::{Arrived, HeartbeatBatch, HeartbeatHead, HeartbeatRecord};

/// The message kinds of the consensus family.
const KINDS: &[MessageKind] = &[
    votes::REQUEST_VOTE,
    votes::VOTE,
    append::APPEND,
    append::APPEND_REPLY,
    heartbeats::HEARTBEATS,
    heartbeats::HEARTBEAT_REPLIES,
    bootstrap_record::BOOTSTRAP,
    announcement::ANNOUNCEMENT,
];

/// The numbers of the kinds, for use in patterns.
mod number {
    use super::{announcement, append, bootstrap_record, heartbeats, votes};

    pub(super) const REQUEST_VOTE: u8 = votes::REQUEST_VOTE.number;
    pub(super) const VOTE: u8 = votes::VOTE.number;
    pub(super) const APPEND: u8 = append::APPEND.number;
    pub(super) const APPEND_REPLY: u8 = append::APPEND_REPLY.number;
    pub(super) const HEARTBEATS: u8 = heartbeats::HEARTBEATS.number;
    pub(super) const HEARTBEAT_REPLIES: u8 = heartbeats::HEARTBEAT_REPLIES.number;
    pub(super) const BOOTSTRAP: u8 = bootstrap_record::BOOTSTRAP.number;
    pub(super) const ANNOUNCEMENT: u8 = announcement::ANNOUNCEMENT.number;
}

/// A message from one member to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A message of one group's consensus.
    Raft {
        /// The group.
        group: GroupId,
        /// The message.
        message: raft::message::Message,
        /// The entries of an append as packed frames, in order; empty for every other message. A frame never spans two
        /// chunks.
        frames: Vec<Bytes>,
        /// The checksum of the frame before the first one of an append; 0: not known. 0 for every other message.
        prev_checksum: u32,
    },
    /// Heartbeats of many groups, and answers to heartbeats.
    Heartbeats(HeartbeatBatch),
    /// Requests that are forwarded to a leader.
    Submit(Submit),
    /// Answers to requests in a network without connections, over which they could return: that of the simulation.
    #[cfg(any(test, feature = "testing"))]
    Results(Results),
    /// The bootstrap record of a new cluster.
    Bootstrap(BootstrapRecord),
    /// The commands that this member's program has for a resource.
    Announcement(Announcement),
}

/// A message that a member can read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "most messages are the large ones, and each is moved a few times only"
)]
pub(crate) enum Incoming {
    /// A message of one group's consensus, except heartbeats and their answers.
    Raft {
        /// The group.
        group: GroupId,
        /// The message.
        message: raft::message::Message,
        /// The entries of an append, described by its spans; empty for every other message.
        entries: Entries,
        /// The checksum: see [`Message::Raft`].
        prev_checksum: u32,
    },
    /// Heartbeats of many groups, or answers to heartbeats.
    Heartbeats(Arrived),
    /// Requests: see [`Message::Submit`]. They may also come from a remote handle.
    Submit(Submit),
    /// Answers to requests: see [`Message::Results`].
    Results(Vec<Answered>),
    /// A question of a remote handle: the leaders of these groups.
    FindLeaders(Vec<GroupId>),
    /// A message of a remote handle about its streams.
    Stream(ToServer),
    /// A question of a remote handle: the groups of a named resource.
    Resolve(Resolve),
    /// A bootstrap record: see [`Message::Bootstrap`].
    Bootstrap(BootstrapRecord),
    /// The commands of the sender's program: see [`Message::Announcement`].
    Announcement(Announcement),
}

impl Message {
    /// Creates a message of one group that carries no entries.
    pub(crate) fn plain(group: GroupId, message: raft::message::Message) -> Message {
        Message::Raft { group, message, frames: Vec::new(), prev_checksum: 0 }
    }
}

impl Outgoing for Message {
    fn kind(&self) -> &'static MessageKind {
        use raft::message::Message as M;
        match self {
            Message::Raft { message: M::RequestVote { .. }, .. } => &votes::REQUEST_VOTE,
            Message::Raft { message: M::Vote { .. }, .. } => &votes::VOTE,
            Message::Raft { message: M::Append { .. }, .. } => &append::APPEND,
            Message::Raft { message: M::AppendReply { .. }, .. } => &append::APPEND_REPLY,
            Message::Raft { message: M::Heartbeat { .. }, .. } | Message::Heartbeats(_) => {
                &heartbeats::HEARTBEATS
            }
            Message::Raft { message: M::HeartbeatReply { .. }, .. } => &heartbeats::HEARTBEAT_REPLIES,
            Message::Submit(submit) => submit.kind(),
            #[cfg(any(test, feature = "testing"))]
            Message::Results(results) => results.kind(),
            Message::Bootstrap(_) => &bootstrap_record::BOOTSTRAP,
            Message::Announcement(_) => &announcement::ANNOUNCEMENT,
        }
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        use raft::message::Message as M;
        match self {
            Message::Raft { group, message, frames, prev_checksum } => match message {
                M::Append { term, prev, commit, spans, .. } => {
                    let head = append::Head { group, term, prev, commit, prev_checksum };
                    append::encode(head, spans.count(), frames, out)
                }
                M::AppendReply { term, result } => {
                    append::encode_reply(group, term, result, out);
                    Ok(())
                }
                M::RequestVote { .. } | M::Vote { .. } => {
                    votes::encode(group, &message, out);
                    Ok(())
                }
                M::Heartbeat { .. } | M::HeartbeatReply { .. } => {
                    let records = vec![HeartbeatRecord { group, message, extra: 0 }];
                    heartbeats::encode(&HeartbeatBatch { head: HeartbeatHead::NONE, records }, out);
                    Ok(())
                }
            },
            Message::Heartbeats(batch) => {
                heartbeats::encode(&batch, out);
                Ok(())
            }
            Message::Submit(submit) => submit.encode(out),
            #[cfg(any(test, feature = "testing"))]
            Message::Results(results) => results.encode(out),
            Message::Bootstrap(bootstrap_record) => bootstrap_record.encode(out),
            Message::Announcement(announcement) => announcement.encode(out),
        }
    }
}

impl wire::Incoming for Incoming {
    const KINDS: &'static Registry = &Registry::of(&[KINDS, requests::KINDS, stream::KINDS]);

    fn read(envelope: &Envelope) -> Result<Incoming, Malformed> {
        match envelope.kind.family {
            Family::Consensus => read_consensus(envelope),
            Family::Requests => read_request(envelope),
            Family::Streams => stream::read_to_server(envelope).map(Incoming::Stream),
            _ => Err(stranger(envelope)),
        }
    }
}

fn read_consensus(envelope: &Envelope) -> Result<Incoming, Malformed> {
    let (message, entries, prev_checksum) = match envelope.kind.number {
        number::HEARTBEATS | number::HEARTBEAT_REPLIES => {
            return heartbeats::read(envelope).map(Incoming::Heartbeats);
        }
        number::BOOTSTRAP => return bootstrap_record::read(envelope).map(Incoming::Bootstrap),
        number::ANNOUNCEMENT => return announcement::read(envelope).map(Incoming::Announcement),
        number::APPEND => append::read(envelope)?,
        number::APPEND_REPLY => (append::read_reply(envelope)?, Entries::default(), 0),
        number::REQUEST_VOTE | number::VOTE => (votes::read(envelope)?, Entries::default(), 0),
        _ => return Err(stranger(envelope)),
    };
    Ok(Incoming::Raft { group: envelope.group, message, entries, prev_checksum })
}

fn read_request(envelope: &Envelope) -> Result<Incoming, Malformed> {
    Ok(match envelope.kind.number {
        requests::number::SUBMIT => Incoming::Submit(requests::submit::read(envelope)?),
        requests::number::RESULTS => Incoming::Results(requests::results::read(envelope)?),
        requests::number::RESOLVE => Incoming::Resolve(requests::resolve::read_question(envelope)?),
        requests::number::FIND_LEADERS => {
            Incoming::FindLeaders(requests::leaders::read_find_leaders(envelope)?)
        }
        _ => return Err(stranger(envelope)),
    })
}

/// Returns the error for a kind that is declared but not read here. Connections already reject the kinds that only
/// remote handles receive.
fn stranger(envelope: &Envelope) -> Malformed {
    Malformed::Value { field: "message kind", found: envelope.kind.number.into() }
}
