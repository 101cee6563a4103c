//! Who leads which group, as remote handles ask and members answer.
//!
//! ```text
//!  Seek                                    Leaders
//!  offset size  field                      offset size  field
//!      24  8 each  `count` groups              24    …  `count` leaders, each:
//!                                                   8     group
//!                                                   8     term
//!                                                   8     member
//!                                                   2     length of the address
//!                                                   6     reserved  0
//!                                                   …     address
//! ```

use super::Leader;
use super::envelope::{Draft, Envelope, Kind, zero};
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::{GroupId, MemberId};
use bytes::{BufMut, BytesMut};

/// Most groups of one question, and leaders of one answer.
pub(crate) const GROUPS_MAX: usize = 1_024;
/// Longest address of a leader: a host name has 253 bytes at most, and a port.
pub(crate) const ADDRESS_MAX: usize = 272;
/// Bytes per group of a question.
pub(super) const GROUP_LEN: usize = 8;
/// Bytes of a leader before its address.
const LEADER_LEN: usize = 32;
/// Longest answer, behind the envelope.
pub(super) const LEADERS_LEN_MAX: usize = GROUPS_MAX * (LEADER_LEN + ADDRESS_MAX);

/// Checks what the other side would refuse.
pub(super) fn check_seek(groups: &[GroupId]) -> Result<(), Malformed> {
    check_count(groups.len())?;
    if groups.is_empty() {
        return Err(Malformed::Value { field: "message count", found: 0 });
    }
    groups.iter().try_for_each(|group| non_zero("sought group", group.0))
}

/// Checks what the other side would refuse.
pub(super) fn check_leaders(leaders: &[Leader]) -> Result<(), Malformed> {
    check_count(leaders.len())?;
    leaders.iter().try_for_each(check_leader)
}

fn check_count(found: usize) -> Result<(), Malformed> {
    if found > GROUPS_MAX { Err(Malformed::TooLong { limit: GROUPS_MAX, found }) } else { Ok(()) }
}

fn check_leader(leader: &Leader) -> Result<(), Malformed> {
    non_zero("leader's group", leader.group.0)?;
    non_zero("leader's term", leader.term)?;
    non_zero("leader's id", leader.member.0)?;
    check_address(leader.address.len())
}

fn check_address(found: usize) -> Result<(), Malformed> {
    non_zero("leader's address length", found as u64)?;
    if found > ADDRESS_MAX { Err(Malformed::TooLong { limit: ADDRESS_MAX, found }) } else { Ok(()) }
}

fn non_zero(field: &'static str, found: u64) -> Result<(), Malformed> {
    if found == 0 { Err(Malformed::Value { field, found }) } else { Ok(()) }
}

/// Appends a question.
pub(super) fn encode_seek(groups: &[GroupId], out: &mut BytesMut) {
    let mut draft = Draft::begin(out, Kind::Seek, 0, groups.len(), GroupId(0));
    groups.iter().for_each(|group| draft.fields().put_u64_le(group.0));
    draft.finish(0);
}

/// Appends an answer.
pub(super) fn encode_leaders(leaders: &[Leader], out: &mut BytesMut) {
    let mut draft = Draft::begin(out, Kind::Leaders, 0, leaders.len(), GroupId(0));
    let fields = draft.fields();
    for leader in leaders {
        fields.put_u64_le(leader.group.0);
        fields.put_u64_le(leader.term);
        fields.put_u64_le(leader.member.0);
        // The length, and six bytes that keep what a reader may add aligned.
        fields.put_u64_le(leader.address.len() as u64);
        fields.put_slice(leader.address.as_bytes());
    }
    draft.finish(0);
}

/// Reads a question.
pub(super) fn decode_seek(envelope: &Envelope) -> Result<Vec<GroupId>, Malformed> {
    zero("message group", envelope.group.0)?;
    let mut cursor = Cursor::new(&envelope.body);
    let count = counted(envelope, GROUP_LEN)?;
    let groups = (0..count).map(|_| cursor.u64().map(GroupId)).collect::<Result<Vec<_>, _>>()?;
    cursor.finish()?;
    check_seek(&groups)?;
    Ok(groups)
}

/// Reads an answer.
pub(super) fn decode_leaders(envelope: &Envelope) -> Result<Vec<Leader>, Malformed> {
    zero("message group", envelope.group.0)?;
    let mut cursor = Cursor::new(&envelope.body);
    let count = counted(envelope, LEADER_LEN)?;
    let leaders = (0..count).map(|_| leader(&mut cursor)).collect::<Result<Vec<_>, _>>()?;
    cursor.finish()?;
    Ok(leaders)
}

/// A count is believed only as far as the bytes that are there could hold it.
fn counted(envelope: &Envelope, shortest: usize) -> Result<usize, Malformed> {
    let (found, limit) = (envelope.count as usize, GROUPS_MAX.min(envelope.body.len() / shortest));
    if found > limit { Err(Malformed::TooLong { limit, found }) } else { Ok(found) }
}

fn leader(cursor: &mut Cursor<'_>) -> Result<Leader, Malformed> {
    let (group, term, member) = (GroupId(cursor.u64()?), cursor.u64()?, MemberId(cursor.u64()?));
    let (length, reserved) = (usize::from(cursor.u16()?), (cursor.u16()?, cursor.u32()?));
    zero("leader's reserved", u64::from(reserved.0) | u64::from(reserved.1))?;
    check_address(length)?;
    let address = std::str::from_utf8(cursor.take(length)?)
        .map_err(|error| Malformed::Value { field: "leader's address", found: error.valid_up_to() as u64 })?;
    let leader = Leader { group, term, member, address: address.to_owned() };
    check_leader(&leader)?;
    Ok(leader)
}
