//! Requests for one group, many per message.
//!
//! ```text
//!  offset size  field
//!      24    8  term          of the leader they are meant for; 0: any
//!      32    4  time left     milliseconds
//!      36    4  reserved  0
//!      40    8  session       0: none
//!      48    8  reserved  0
//!      56    …  `count` requests, each:
//!            8     id
//!            4     method
//!            1     access
//!            1     order
//!            2     fingerprint of the types of its arguments and result; 0: not known
//!            4     key length
//!            4     body length
//!           24     stamp, with flag 1: line (4), reserved (4), sequence (8), settled (8)
//!            …     body
//! ```

use super::runs::runs;
use crate::codec::access::{Access, Consistency, ReadOrder};
use crate::codec::command::{Call, Command, Stamp, UNSETTLED_MAX};
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::frame::{BODY_MAX, KEY_MAX};
use crate::codec::ids::{GroupId, MethodId, Term};
use crate::codec::shape::fingerprint::Fingerprint;
use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};
use crate::transport::wire::Outgoing;
use crate::transport::wire::envelope::{Draft, Envelope, non_zero, zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes, BytesMut};
use std::time::Duration;

/// Bytes before the requests.
const HEAD_LEN: usize = 32;
/// Bytes of a request before its stamp and its body.
const REQUEST_LEN: usize = 24;
/// Bytes of a stamp.
const STAMP_LEN: usize = 24;

/// The flag of messages whose requests have stamps, and which name a session.
const STAMPED: u8 = 1;

/// Submits requests: from a member that forwards them, or from a remote handle.
pub(crate) const SUBMIT: MessageKind = MessageKind::new(
    Family::Requests,
    1,
    SenderKinds::BULK.or(SenderKinds::HANDLE),
    (HEAD_LEN + REQUEST_LEN, MESSAGE_MAX - ENVELOPE_LEN),
)
.with_flags(STAMPED);

/// Requests for one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submit {
    /// The group of the requests.
    pub group: GroupId,
    /// The term of the leader they are meant for; 0: any. A leader of another term refuses them, which keeps
    /// their order.
    pub term: Term,
    /// The remaining timeout: the longest of all requests in the message. The receiver need not try for longer.
    /// Sent in whole milliseconds, at most as many as fit four bytes.
    pub left: Duration,
    /// The requests, in the sender's order.
    pub requests: Vec<Submitted>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submitted {
    /// The request's id, chosen by the submitting side; the answer repeats it.
    pub id: u64,
    /// The command and how it is to be executed.
    pub call: Call,
}

impl Outgoing for Submit {
    fn kind(&self) -> &'static MessageKind {
        &SUBMIT
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        for Submitted { call, .. } in &self.requests {
            check_body(call.command.key_len as usize, call.len())?;
            check_stamp(&call.stamp)?;
        }
        let length = |request: &Submitted| REQUEST_LEN + STAMP_LEN + request.call.len();
        let together =
            |one: &Submitted, other: &Submitted| one.call.stamp.session == other.call.stamp.session;
        for run in runs(&self.requests, length, together) {
            write(&self, run, out.tail());
        }
        Ok(())
    }
}

fn write(submit: &Submit, run: &[Submitted], out: &mut BytesMut) {
    let session = run.first().map_or(0, |first| first.call.stamp.session);
    let flags = if session == 0 { 0 } else { STAMPED };
    let mut draft = Draft::begin(out, &SUBMIT, flags, run.len(), submit.group);
    let fields = draft.fields();
    fields.put_u64_le(submit.term);
    fields.put_u64_le(u32::try_from(submit.left.as_millis()).unwrap_or(u32::MAX).into());
    fields.put_u64_le(session);
    fields.put_u64_le(0);
    for Submitted { id, call: Call { access, stamp, fingerprint, command } } in run {
        fields.put_u64_le(*id);
        fields.put_u32_le(command.method.0);
        let (access, order) = access_codes(*access);
        fields.put_slice(&[access, order]);
        fields.put_u16_le(fingerprint.0);
        fields.put_u32_le(command.key_len);
        fields.put_u32_le(command.len() as u32);
        if session != 0 {
            fields.put_u64_le(stamp.line.into());
            fields.put_u64_le(stamp.sequence);
            fields.put_u64_le(stamp.settled);
        }
        fields.put_slice(&command.body);
    }
    draft.finish(0);
}

/// Reads requests. Their bodies are slices of the message.
pub(crate) fn read(envelope: &Envelope) -> Result<Submit, Malformed> {
    envelope.check_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let (term, left, reserved) = (cursor.u64()?, cursor.u32()?, cursor.u32()?);
    let (session, reserved) = (cursor.u64()?, cursor.u64()? | u64::from(reserved));
    zero("submit reserved", reserved)?;
    let stamped = envelope.flags & STAMPED != 0;
    if stamped != (session != 0) {
        return Err(Malformed::Value { field: "submit session", found: session });
    }
    let shortest = if stamped { REQUEST_LEN + STAMP_LEN } else { REQUEST_LEN };
    let count = envelope.counted(cursor.rest().len(), shortest, usize::MAX)?;
    non_zero("message count", count as u64)?;
    let mut requests = Vec::with_capacity(count);
    for _ in 0..count {
        requests.push(request(&mut cursor, &envelope.body, session)?);
    }
    cursor.finish()?;
    let left = Duration::from_millis(left.into());
    Ok(Submit { group: envelope.group, term, left, requests })
}

fn request(cursor: &mut Cursor<'_>, message: &Bytes, session: u64) -> Result<Submitted, Malformed> {
    let (id, method) = (cursor.u64()?, MethodId(cursor.u32()?));
    let ([access, order], fingerprint) = (cursor.u16()?.to_le_bytes(), Fingerprint(cursor.u16()?));
    let access = access_of(access, order)?;
    let (key_len, length) = (cursor.u32()?, cursor.u32()? as usize);
    check_body(key_len as usize, length)?;
    let stamp = if session == 0 { Stamp::NONE } else { stamp(cursor, session)? };
    let body = message.slice_ref(cursor.take(length)?);
    let command = Command { method, key_len, body };
    Ok(Submitted { id, call: Call { access, stamp, fingerprint, command } })
}

fn stamp(cursor: &mut Cursor<'_>, session: u64) -> Result<Stamp, Malformed> {
    let (line, reserved) = (cursor.u32()?, cursor.u32()?);
    zero("stamp reserved", reserved.into())?;
    let stamp = Stamp { session, line, sequence: cursor.u64()?, settled: cursor.u64()? };
    check_stamp(&stamp)?;
    Ok(stamp)
}

fn check_body(key_len: usize, body_len: usize) -> Result<(), Malformed> {
    if body_len > BODY_MAX {
        return Err(Malformed::TooLong { limit: BODY_MAX, found: body_len });
    }
    let limit = KEY_MAX.min(body_len);
    if key_len > limit { Err(Malformed::TooLong { limit, found: key_len }) } else { Ok(()) }
}

/// Accepts no stamp at all, or one that fits a frame.
fn check_stamp(stamp: &Stamp) -> Result<(), Malformed> {
    let Stamp { session, sequence, settled, .. } = *stamp;
    let fits = settled <= sequence && sequence - settled <= UNSETTLED_MAX;
    if *stamp == Stamp::NONE || session != 0 && fits {
        Ok(())
    } else {
        Err(Malformed::Value { field: "stamp's settled number", found: settled })
    }
}

/// Returns the codes of access and order.
fn access_codes(access: Access) -> (u8, u8) {
    let Access::Read(consistency, order) = access else { return (0, 0) };
    let access = match consistency {
        Consistency::Strict => 1,
        Consistency::Lease => 2,
        Consistency::Eventual => 3,
    };
    let order = match order {
        ReadOrder::Unordered => 0,
        ReadOrder::Ordered => 1,
        ReadOrder::AfterWrites => 2,
    };
    (access, order)
}

fn access_of(access: u8, order: u8) -> Result<Access, Malformed> {
    let consistency = match access {
        // A write has no order: its index orders it.
        0 => return zero("order of a write", order.into()).map(|()| Access::Write),
        1 => Consistency::Strict,
        2 => Consistency::Lease,
        3 => Consistency::Eventual,
        found => return Err(Malformed::Value { field: "request access", found: found.into() }),
    };
    let order = match order {
        0 => ReadOrder::Unordered,
        1 => ReadOrder::Ordered,
        2 => ReadOrder::AfterWrites,
        found => return Err(Malformed::Value { field: "request order", found: found.into() }),
    };
    Ok(Access::Read(consistency, order))
}
