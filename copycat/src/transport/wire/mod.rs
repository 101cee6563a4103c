//! What members and remote handles say to each other, byte for byte. `FORMAT.md` draws it.
//!
//! Hand-coded, little-endian. Reading copies no frame and no body: they are slices of the receive buffer.
//! Nothing here opens a connection or decides anything.
//!
//! Begin with [`Message`], then [`envelope`], which every message begins with.

mod append;
mod batch;
pub(crate) mod envelope;
pub(crate) mod formation;
pub(crate) mod hello;
pub(crate) mod leaders;
mod raft;
#[cfg(test)]
mod tests;

use super::rope::Rope;
use crate::codec::command::Call;
use crate::codec::cursor::Malformed;
use crate::codec::entries::Entries;
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::raft::message as consensus;
use bytes::{Bytes, BytesMut};
use envelope::{Draft, Envelope, Kind};
pub(crate) use formation::Formation;
pub(crate) use hello::{Hello, Identity, LaneKind, Refusal, Role};

/// What is sent on an open connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A message of one group's consensus.
    Raft {
        /// Whose.
        group: GroupId,
        /// What is said.
        message: consensus::Message,
        /// The entries of an append as packed frames, in order; empty for every other message. A frame
        /// never spans two chunks.
        frames: Vec<Bytes>,
    },
    /// Requests on their way to a leader.
    Submit(Submit),
    /// Answers to requests, to whoever submitted them.
    Results(Vec<Answered>),
    /// A remote handle's question: who leads these groups? At most [`leaders::GROUPS_MAX`].
    Seek(Vec<GroupId>),
    /// Its answer, without those groups of which nothing is known. A hint: nothing about safety rests on it.
    Leaders(Vec<Leader>),
    /// The members that shall form a new cluster.
    Form(Formation),
}

/// What has arrived on an open connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "most messages are the large ones, and each is moved a few times only"
)]
pub(crate) enum Incoming {
    /// A message of one group's consensus.
    Raft {
        /// Whose.
        group: GroupId,
        /// What is said.
        message: consensus::Message,
        /// The entries of an append, which its spans describe; none with every other message.
        entries: Entries,
    },
    /// See [`Message::Submit`].
    Submit(Submit),
    /// See [`Message::Results`].
    Results(Vec<Answered>),
    /// See [`Message::Seek`].
    Seek(Vec<GroupId>),
    /// See [`Message::Leaders`].
    Leaders(Vec<Leader>),
    /// See [`Message::Form`].
    Form(Formation),
}

/// Requests for one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submit {
    /// Whose state they touch.
    pub group: GroupId,
    /// The term of the leader they are meant for: another term's leader refuses them, which keeps their
    /// order. 0: any.
    pub term: Term,
    /// The requests, in the sender's order.
    pub requests: Vec<Submitted>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submitted {
    /// Chosen by the submitter; comes back with the answer.
    pub id: u64,
    /// What is asked.
    pub call: Call,
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The request's id.
    pub id: u64,
    /// The encoded result, or the code of the failure, which is never 0.
    pub result: Result<Bytes, u16>,
}

/// The leader of a group, as far as a member knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leader {
    /// The group.
    pub group: GroupId,
    /// The term in which it leads.
    pub term: Term,
    /// Who it is.
    pub member: MemberId,
    /// Where the others reach it; at most [`leaders::ADDRESS_MAX`] bytes.
    pub address: String,
}

impl Message {
    /// The lane a message travels on between members: what keeps leaders in place never queues behind entries.
    pub(crate) fn lane(&self) -> LaneKind {
        match self {
            Message::Raft { message, .. } => lane_of(message),
            Message::Form(_) => LaneKind::Control,
            _ => LaneKind::Bulk,
        }
    }

    /// Whether it carries entries, or asks where they would fit.
    pub(super) fn is_append(&self) -> bool {
        matches!(self, Message::Raft { message: consensus::Message::Append { .. }, .. })
    }

    /// Appends the message; long appends and batches become several, an empty batch none. `Err` if the
    /// other side would refuse it; nothing was appended then.
    pub(super) fn encode(self, out: &mut Rope) -> Result<(), Malformed> {
        match self {
            Message::Raft { group, message, frames } => raft::encode(group, &message, frames, out)?,
            Message::Submit(submit) => {
                batch::check_submit(&submit)?;
                batch::encode_submit(&submit, out.tail());
            }
            Message::Results(answers) => {
                batch::check_results(&answers)?;
                batch::encode_results(&answers, out.tail());
            }
            Message::Seek(groups) => {
                leaders::check_seek(&groups)?;
                leaders::encode_seek(&groups, out.tail());
            }
            Message::Leaders(leaders) => {
                leaders::check_leaders(&leaders)?;
                leaders::encode_leaders(&leaders, out.tail());
            }
            Message::Form(formation) => {
                formation.check()?;
                formation::encode(&formation, out.tail());
            }
        }
        Ok(())
    }
}

fn lane_of(message: &consensus::Message) -> LaneKind {
    use consensus::Message as M;
    match message {
        M::Append { .. } | M::AppendReply { .. } => LaneKind::Bulk,
        M::RequestVote { .. } | M::Vote { .. } | M::Heartbeat { .. } | M::HeartbeatReply { .. } => {
            LaneKind::Control
        }
    }
}

impl Incoming {
    /// The lane it has to have come on, from a member.
    pub(super) fn lane(&self) -> LaneKind {
        match self {
            Incoming::Raft { message, .. } => lane_of(message),
            Incoming::Form(_) => LaneKind::Control,
            _ => LaneKind::Bulk,
        }
    }

    /// Whether a member says it on the lanes it has dialed. Answers travel back on these, and who leads is asked
    /// and told on the connections of remote handles alone.
    pub(super) fn is_asked_by_members(&self) -> bool {
        !matches!(self, Incoming::Results(_) | Incoming::Seek(_) | Incoming::Leaders(_))
    }

    /// Reads what an open connection may carry; `None`: the sender merely lives.
    pub(crate) fn decode(envelope: &Envelope) -> Result<Option<Incoming>, Malformed> {
        Ok(Some(match envelope.kind {
            Kind::Alive => return alive(envelope),
            Kind::Submit => Incoming::Submit(batch::decode_submit(envelope)?),
            Kind::Results => Incoming::Results(batch::decode_results(envelope)?),
            Kind::Seek => Incoming::Seek(leaders::decode_seek(envelope)?),
            Kind::Leaders => Incoming::Leaders(leaders::decode_leaders(envelope)?),
            Kind::Form => Incoming::Form(formation::decode(envelope)?),
            Kind::Hello | Kind::Welcome | Kind::Refused => {
                return Err(Malformed::Value { field: "message kind", found: envelope.kind as u64 });
            }
            _ => {
                let (message, entries) = raft::decode(envelope)?;
                Incoming::Raft { group: envelope.group, message, entries }
            }
        }))
    }
}

/// For networks without connections: the simulation's.
#[cfg(feature = "testing")]
impl Message {
    /// The bytes the message is on a connection: of several messages where it is long.
    pub(crate) fn into_bytes(self) -> Result<Bytes, Malformed> {
        use bytes::Buf;
        let (mut rope, mut batch) = (Rope::default(), super::rope::Batch::default());
        self.encode(&mut rope)?;
        rope.drain_into(&mut batch);
        Ok(batch.copy_to_bytes(batch.remaining()))
    }
}

/// What has arrived, to be sent again.
#[cfg(any(test, feature = "testing"))]
impl From<Incoming> for Message {
    fn from(incoming: Incoming) -> Message {
        match incoming {
            Incoming::Raft { group, message, entries } => {
                let frames = if entries.is_empty() { Vec::new() } else { vec![entries.frames().clone()] };
                Message::Raft { group, message, frames }
            }
            Incoming::Submit(submit) => Message::Submit(submit),
            Incoming::Results(answers) => Message::Results(answers),
            Incoming::Seek(groups) => Message::Seek(groups),
            Incoming::Leaders(leaders) => Message::Leaders(leaders),
            Incoming::Form(formation) => Message::Form(formation),
        }
    }
}

#[cfg(feature = "testing")]
impl Incoming {
    /// Reads whole messages back from such bytes.
    pub(crate) fn from_bytes(bytes: Bytes) -> Result<Vec<Incoming>, Malformed> {
        let (mut received, mut messages) = (BytesMut::from(bytes), Vec::new());
        while let Some(envelope) = envelope::take(&mut received, usize::MAX)? {
            messages.extend(Incoming::decode(&envelope)?);
        }
        if received.is_empty() { Ok(messages) } else { Err(Malformed::Trailing(received.len())) }
    }
}

/// Appends the sign of life.
pub(crate) fn encode_alive(out: &mut BytesMut) {
    Draft::begin(out, Kind::Alive, 0, 0, GroupId(0)).finish(0);
}

fn alive(envelope: &Envelope) -> Result<Option<Incoming>, Malformed> {
    envelope::zero("message count", envelope.count.into())?;
    envelope::zero("message group", envelope.group.0)?;
    Ok(None)
}
