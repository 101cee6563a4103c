//! Requests and their answers, many to a message.
//!
//! ```text
//!  offset size  field                      offset size  field
//!      24    8  term; 0: any                   24    …  `count` answers, each:
//!      32    …  `count` requests, each:             8     id of the request
//!           8     id                                2     failure; 0: none
//!           4     method                            2     reserved  0
//!           1     access                            4     length of the result
//!           1     place                             …     result
//!           2     reserved  0
//!           4     key length
//!           4     body length
//!           …     body
//! ```

use super::envelope::{Draft, Envelope, Kind, zero};
use super::{Answered, Submit, Submitted};
use crate::codec::access::{Access, Consistency, Place};
use crate::codec::command::{Call, Command};
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::frame::{BODY_MAX, KEY_MAX, RESULT_MAX};
use crate::codec::ids::{GroupId, MethodId};
use crate::transport::limits::MESSAGE_SOFT;
use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of a request before its body.
const REQUEST_LEN: usize = 24;
/// Bytes of an answer before its result.
const ANSWER_LEN: usize = 16;

/// Checks what the other side would refuse.
pub(super) fn check_submit(submit: &Submit) -> Result<(), Malformed> {
    let bodies = submit.requests.iter();
    bodies
        .into_iter()
        .try_for_each(|Submitted { call, .. }| check_body(call.command.key_len as usize, call.len()))
}

/// Checks what the other side would refuse.
pub(super) fn check_results(answers: &[Answered]) -> Result<(), Malformed> {
    answers.iter().try_for_each(|answer| check_result(result_len(answer)))
}

fn check_body(key_len: usize, body_len: usize) -> Result<(), Malformed> {
    if body_len > BODY_MAX {
        return Err(Malformed::TooLong { limit: BODY_MAX, found: body_len });
    }
    let limit = KEY_MAX.min(body_len);
    if key_len > limit { Err(Malformed::TooLong { limit, found: key_len }) } else { Ok(()) }
}

fn check_result(found: usize) -> Result<(), Malformed> {
    if found > RESULT_MAX { Err(Malformed::TooLong { limit: RESULT_MAX, found }) } else { Ok(()) }
}

fn result_len(answer: &Answered) -> usize {
    answer.result.as_ref().map_or(0, Bytes::len)
}

/// Appends the requests, as several messages where they are long.
pub(super) fn encode_submit(submit: &Submit, out: &mut BytesMut) {
    for run in runs(&submit.requests, |request| REQUEST_LEN + request.call.len()) {
        let mut draft = Draft::begin(out, Kind::Submit, 0, run.len(), submit.group);
        let fields = draft.fields();
        fields.put_u64_le(submit.term);
        for Submitted { id, call: Call { access, stamp: _, command } } in run {
            fields.put_u64_le(*id);
            fields.put_u32_le(command.method.0);
            let (access, place) = access_codes(*access);
            fields.put_slice(&[access, place, 0, 0]);
            fields.put_u32_le(command.key_len);
            fields.put_u32_le(command.len() as u32);
            fields.put_slice(&command.body);
        }
        draft.finish(0);
    }
}

/// Appends the answers, as several messages where they are long.
pub(super) fn encode_results(answers: &[Answered], out: &mut BytesMut) {
    for run in runs(answers, |answer| ANSWER_LEN + result_len(answer)) {
        let mut draft = Draft::begin(out, Kind::Results, 0, run.len(), GroupId(0));
        let fields = draft.fields();
        for answer in run {
            let (failure, result) = match &answer.result {
                Ok(result) => (0, &result[..]),
                Err(failure) => (*failure, &[][..]),
            };
            fields.put_u64_le(answer.id);
            fields.put_u32_le(failure.into());
            fields.put_u32_le(result.len() as u32);
            fields.put_slice(result);
        }
        draft.finish(0);
    }
}

/// Cuts a batch so that no run of several items is longer than a message should be.
fn runs<T>(items: &[T], length: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let mut total = 0;
        let fits = |item: &T| {
            total += length(item);
            total <= MESSAGE_SOFT
        };
        let count = rest.iter().position(not(fits)).unwrap_or(rest.len()).max(1);
        let run;
        (run, rest) = rest.split_at_checked(count)?;
        Some(run)
    })
}

fn not<T>(mut fits: impl FnMut(&T) -> bool) -> impl FnMut(&T) -> bool {
    move |item| !fits(item)
}

/// Reads requests; their bodies are slices of the message.
pub(super) fn decode_submit(envelope: &Envelope) -> Result<Submit, Malformed> {
    if envelope.group.0 == 0 {
        return Err(Malformed::Value { field: "message group", found: 0 });
    }
    let mut cursor = Cursor::new(&envelope.body);
    let term = cursor.u64()?;
    let requests = items(envelope, cursor, REQUEST_LEN, request)?;
    Ok(Submit { group: envelope.group, term, requests })
}

/// Reads answers; their results are slices of the message.
pub(super) fn decode_results(envelope: &Envelope) -> Result<Vec<Answered>, Malformed> {
    zero("message group", envelope.group.0)?;
    items(envelope, Cursor::new(&envelope.body), ANSWER_LEN, answer)
}

type Read<T> = fn(&mut Cursor<'_>, &Bytes) -> Result<T, Malformed>;

fn items<T>(
    envelope: &Envelope,
    mut cursor: Cursor<'_>,
    shortest: usize,
    read: Read<T>,
) -> Result<Vec<T>, Malformed> {
    // A count is believed only as far as the bytes that are there could hold it.
    let (count, limit) = (envelope.count as usize, cursor.rest().len() / shortest);
    if count > limit {
        return Err(Malformed::TooLong { limit, found: count });
    }
    if count == 0 {
        return Err(Malformed::Value { field: "message count", found: 0 });
    }
    let items = (0..count).map(|_| read(&mut cursor, &envelope.body)).collect::<Result<_, _>>()?;
    cursor.finish()?;
    Ok(items)
}

fn request(cursor: &mut Cursor<'_>, message: &Bytes) -> Result<Submitted, Malformed> {
    let (id, method) = (cursor.u64()?, MethodId(cursor.u32()?));
    let ([access, place], reserved) = (cursor.u16()?.to_le_bytes(), cursor.u16()?);
    zero("request reserved", reserved.into())?;
    let access = access_of(access, place)?;
    let (key_len, length) = (cursor.u32()?, cursor.u32()? as usize);
    check_body(key_len as usize, length)?;
    let body = message.slice_ref(cursor.take(length)?);
    Ok(Submitted { id, call: Call::new(access, Command { method, key_len, body }) })
}

/// Access and place.
fn access_codes(access: Access) -> (u8, u8) {
    let Access::Read(consistency, place) = access else { return (0, 0) };
    let access = match consistency {
        Consistency::Strict => 1,
        Consistency::Lease => 2,
        Consistency::Eventual => 3,
    };
    let place = match place {
        Place::Free => 0,
        Place::InLine => 1,
        Place::Behind => 2,
    };
    (access, place)
}

fn access_of(access: u8, place: u8) -> Result<Access, Malformed> {
    let consistency = match access {
        // A write's place is where it stands.
        0 => return zero("place of a write", place.into()).map(|()| Access::Write),
        1 => Consistency::Strict,
        2 => Consistency::Lease,
        3 => Consistency::Eventual,
        found => return Err(Malformed::Value { field: "request access", found: found.into() }),
    };
    let place = match place {
        0 => Place::Free,
        1 => Place::InLine,
        2 => Place::Behind,
        found => return Err(Malformed::Value { field: "request place", found: found.into() }),
    };
    Ok(Access::Read(consistency, place))
}

fn answer(cursor: &mut Cursor<'_>, message: &Bytes) -> Result<Answered, Malformed> {
    let (id, failure, reserved) = (cursor.u64()?, cursor.u16()?, cursor.u16()?);
    zero("answer reserved", reserved.into())?;
    let length = cursor.u32()? as usize;
    check_result(length)?;
    let result = message.slice_ref(cursor.take(length)?);
    if failure == 0 {
        return Ok(Answered { id, result: Ok(result) });
    }
    zero("failure length", length as u64)?;
    Ok(Answered { id, result: Err(failure) })
}
