//! Answers to requests, many per message.
//!
//! ```text
//!  offset size  field
//!      24    …  `count` answers, each:
//!            8     id of the request
//!            2     error; 0: none
//!            2     reserved  0
//!            4     length of the result
//!            …     result; of an error, the members that it names, 8 bytes each, and 0 if there are more
//! ```

use super::runs::runs;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::frame::RESULT_MAX;
use crate::codec::ids::{GroupId, MemberId};
use crate::request::error::{Failure, NAMED_MAX, NamedMembers};
use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};
use crate::transport::wire::Outgoing;
use crate::transport::wire::envelope::{Draft, Envelope, non_zero, zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of an answer before its result.
const ANSWER_LEN: usize = 16;

/// Answers requests, on the connection on which they arrived.
pub(crate) const RESULTS: MessageKind =
    MessageKind::new(Family::Requests, 2, SenderKinds::SERVER, (ANSWER_LEN, MESSAGE_MAX - ENVELOPE_LEN));

/// Answers to requests, for the side that submitted them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Results(pub Vec<Answered>);

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The request's id.
    pub id: u64,
    /// The encoded result, or the error.
    pub result: Result<Bytes, Failure>,
}

impl Answered {
    fn result_len(&self) -> usize {
        match &self.result {
            Ok(result) => result.len(),
            Err(Failure { members, .. }) => 8 * (members.ids().count() + usize::from(members.has_more())),
        }
    }
}

impl Outgoing for Results {
    fn kind(&self) -> &'static MessageKind {
        &RESULTS
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        self.0.iter().try_for_each(|answer| check_result(answer.result_len()))?;
        for run in runs(&self.0, |answer| ANSWER_LEN + answer.result_len(), |_, _| true) {
            write(run, out.tail());
        }
        Ok(())
    }
}

fn write(run: &[Answered], out: &mut BytesMut) {
    let mut draft = Draft::begin(out, &RESULTS, 0, run.len(), GroupId(0));
    let fields = draft.fields();
    for answer in run {
        fields.put_u64_le(answer.id);
        fields.put_u32_le(answer.result.as_ref().map_or_else(|failure| failure.code, |_| 0).into());
        fields.put_u32_le(answer.result_len() as u32);
        match &answer.result {
            Ok(result) => fields.put_slice(result),
            Err(Failure { members, .. }) => {
                members.ids().for_each(|member| fields.put_u64_le(member.0));
                fields.put_bytes(0, 8 * usize::from(members.has_more()));
            }
        }
    }
    draft.finish(0);
}

/// Reads answers. Their results are slices of the message.
pub(crate) fn read(envelope: &Envelope) -> Result<Vec<Answered>, Malformed> {
    envelope.check_no_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let count = envelope.counted(envelope.body.len(), ANSWER_LEN, usize::MAX)?;
    non_zero("message count", count as u64)?;
    let mut answers = Vec::with_capacity(count);
    for _ in 0..count {
        answers.push(answer(&mut cursor, &envelope.body)?);
    }
    cursor.finish()?;
    Ok(answers)
}

fn answer(cursor: &mut Cursor<'_>, message: &Bytes) -> Result<Answered, Malformed> {
    let (id, error, reserved) = (cursor.u64()?, cursor.u16()?, cursor.u16()?);
    zero("answer reserved", reserved.into())?;
    let length = cursor.u32()? as usize;
    check_result(length)?;
    let result = message.slice_ref(cursor.take(length)?);
    if error == 0 {
        return Ok(Answered { id, result: Ok(result) });
    }
    Ok(Answered { id, result: Err(Failure { code: error, members: named(&result)? }) })
}

/// Reads the members that an error names. They are in the order in which they are written, so one error has one form.
fn named(bytes: &[u8]) -> Result<NamedMembers, Malformed> {
    let wrong = Malformed::Value { field: "members named", found: bytes.len() as u64 };
    let (ids, []) = bytes.as_chunks::<8>() else { return Err(wrong) };
    let ids: Vec<u64> = ids.iter().map(|id| u64::from_le_bytes(*id)).collect();
    let (more, ids) = match ids.split_last() {
        Some((0, ids)) => (true, ids),
        _ => (false, &ids[..]),
    };
    if ids.contains(&0) || ids.len() > NAMED_MAX || more && ids.len() < NAMED_MAX {
        return Err(wrong);
    }
    // One more than can be named says that there are others.
    let beyond = more.then_some(MemberId(u64::MAX));
    Ok(NamedMembers::new(ids.iter().map(|id| MemberId(*id)).chain(beyond)))
}

fn check_result(found: usize) -> Result<(), Malformed> {
    if found > RESULT_MAX { Err(Malformed::TooLong { limit: RESULT_MAX, found }) } else { Ok(()) }
}
