//! The messages of the consensus core, all but appends.

use super::append;
use super::envelope::{Draft, Envelope, Kind, zero};
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::entries::Entries;
use crate::codec::ids::GroupId;
use crate::codec::terms::LogId;
use crate::raft::message::{AppendResult, Message};
use crate::transport::rope::Rope;
use bytes::{BufMut, Bytes, BytesMut};

/// `RequestVote`: it is a pre-vote.
const ASKS_PRE: u8 = 1;
/// `Vote`: it is granted.
const GRANTED: u8 = 1;
/// `Vote`: it answers a pre-vote.
const ANSWERS_PRE: u8 = 2;
/// `AppendReply`: nothing was stored.
const REJECTED: u8 = 1;
/// `HeartbeatReply`: the log goes on behind what agrees, and one name more says where it ends.
const GOES_ON: u8 = 1;

/// Appends one message, several where an append is long. `Err` if the frames are none; nothing was
/// appended then.
pub(super) fn encode(
    group: GroupId,
    message: &Message,
    frames: Vec<Bytes>,
    out: &mut Rope,
) -> Result<(), Malformed> {
    match *message {
        Message::Append { term, prev, commit, ref spans, .. } => {
            return append::encode(append::Head { group, term, prev, commit }, spans.count(), frames, out);
        }
        Message::RequestVote { term, last, pre, campaign } => {
            let flags = if pre { ASKS_PRE } else { 0 };
            words(out.tail(), Kind::RequestVote, flags, group, &[term, last.term, last.index, campaign]);
        }
        Message::Vote { term, granted, pre, campaign } => {
            let flags = if granted { GRANTED } else { 0 } | if pre { ANSWERS_PRE } else { 0 };
            words(out.tail(), Kind::Vote, flags, group, &[term, campaign]);
        }
        Message::AppendReply { term, result } => {
            let (flags, fields) = match result {
                AppendResult::Accepted { matched } => (0, [term, matched, 0, 0]),
                AppendResult::Rejected { prev, hint } => (REJECTED, [term, prev, hint.term, hint.index]),
            };
            words(out.tail(), Kind::AppendReply, flags, group, &fields);
        }
        Message::Heartbeat { term, commit, round } => {
            words(out.tail(), Kind::Heartbeat, 0, group, &[term, commit, round]);
        }
        Message::HeartbeatReply { term, round, accepted, durable, last } => {
            let fields = [term, round, accepted, durable, last];
            let (flags, count) = if last > accepted { (GOES_ON, 5) } else { (0, 4) };
            words(out.tail(), Kind::HeartbeatReply, flags, group, &fields[..count]);
        }
    }
    Ok(())
}

fn words(out: &mut BytesMut, kind: Kind, flags: u8, group: GroupId, fields: &[u64]) {
    let mut draft = Draft::begin(out, kind, flags, 0, group);
    for field in fields {
        draft.fields().put_u64_le(*field);
    }
    draft.finish(0);
}

/// Reads a message of the core, and an append's entries.
pub(super) fn decode(envelope: &Envelope) -> Result<(Message, Entries), Malformed> {
    if envelope.group.0 == 0 {
        return Err(Malformed::Value { field: "message group", found: 0 });
    }
    if envelope.kind == Kind::Append {
        return append::decode(envelope);
    }
    zero("message count", envelope.count.into())?;
    let mut cursor = Cursor::new(&envelope.body);
    let message = fields(envelope, &mut cursor)?;
    cursor.finish()?;
    Ok((message, Entries::default()))
}

fn fields(envelope: &Envelope, cursor: &mut Cursor<'_>) -> Result<Message, Malformed> {
    let flags = envelope.flags;
    let term = cursor.u64()?;
    Ok(match envelope.kind {
        Kind::RequestVote => {
            let (last, campaign) = (log_id(cursor)?, cursor.u64()?);
            Message::RequestVote { term, last, pre: flags & ASKS_PRE != 0, campaign }
        }
        Kind::Vote => {
            let (granted, pre) = (flags & GRANTED != 0, flags & ANSWERS_PRE != 0);
            Message::Vote { term, granted, pre, campaign: cursor.u64()? }
        }
        Kind::AppendReply => {
            let (index, hint) = (cursor.u64()?, log_id(cursor)?);
            let result = if flags & REJECTED != 0 {
                AppendResult::Rejected { prev: index, hint }
            } else {
                zero("append reply hint", hint.term | hint.index)?;
                AppendResult::Accepted { matched: index }
            };
            Message::AppendReply { term, result }
        }
        Kind::Heartbeat => Message::Heartbeat { term, commit: cursor.u64()?, round: cursor.u64()? },
        Kind::HeartbeatReply => {
            let (round, accepted, durable) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
            let last = if flags & GOES_ON != 0 { cursor.u64()? } else { accepted };
            if flags & GOES_ON != 0 && last <= accepted {
                return Err(Malformed::Value { field: "heartbeat reply's last index", found: last });
            }
            Message::HeartbeatReply { term, round, accepted, durable, last }
        }
        other => return Err(Malformed::Value { field: "consensus kind", found: other as u64 }),
    })
}

/// Term, then index.
pub(super) fn log_id(cursor: &mut Cursor<'_>) -> Result<LogId, Malformed> {
    Ok(LogId { term: cursor.u64()?, index: cursor.u64()? })
}
