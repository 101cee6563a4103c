//! Questions of remote handles about the leaders of groups, and the members' answers.
//!
//! ```text
//!  FindLeaders                                    Leaders
//!  offset size  field                      offset size  field
//!      24  8 each  `count` groups              24    …  `count` leaders, each:
//!                                                   8     group
//!                                                   8     term
//!                                                   8     member
//!                                                   2     length of the address
//!                                                   6     reserved  0
//!                                                   …     address
//! ```

use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::transport::wire::Outgoing;
use crate::transport::wire::envelope::{Draft, Envelope, non_zero, zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, BytesMut};

/// Most groups of one question, and leaders of one answer.
pub(crate) const GROUPS_MAX: usize = 1_024;
/// Longest address of a leader in bytes: a host name of at most 253 bytes, and a port.
pub(crate) const ADDRESS_MAX: usize = 272;
/// Bytes per group of a question.
const GROUP_LEN: usize = 8;
/// Bytes of a leader before its address.
pub(super) const LEADER_LEN: usize = 32;

/// Asks who leads some groups.
pub(crate) const FIND_LEADERS: MessageKind =
    MessageKind::new(Family::Requests, 3, SenderKinds::HANDLE, (GROUP_LEN, GROUP_LEN * GROUPS_MAX));
/// Answers a `FindLeaders`.
pub(crate) const LEADERS: MessageKind =
    MessageKind::new(Family::Requests, 4, SenderKinds::SERVER, (0, GROUPS_MAX * (LEADER_LEN + ADDRESS_MAX)));

/// A remote handle's question about the leaders of these groups; at most [`GROUPS_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FindLeaders(pub Vec<GroupId>);

/// The answer to a [`FindLeaders`], without groups whose leader is unknown. It is a hint: safety does not rest on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaders(pub Vec<LeaderHint>);

/// The leader of a group, as far as a member knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeaderHint {
    /// The group.
    pub group: GroupId,
    /// The term in which it leads.
    pub term: Term,
    /// The leader's id.
    pub member: MemberId,
    /// The address at which other members reach it; at most [`ADDRESS_MAX`] bytes.
    pub address: String,
}

impl Outgoing for FindLeaders {
    fn kind(&self) -> &'static MessageKind {
        &FIND_LEADERS
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        check_seek(&self.0)?;
        let mut draft = Draft::begin(out.tail(), &FIND_LEADERS, 0, self.0.len(), GroupId(0));
        self.0.iter().for_each(|group| draft.fields().put_u64_le(group.0));
        draft.finish(0);
        Ok(())
    }
}

impl Outgoing for Leaders {
    fn kind(&self) -> &'static MessageKind {
        &LEADERS
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        check_count(self.0.len())?;
        self.0.iter().try_for_each(check_leader)?;
        let mut draft = Draft::begin(out.tail(), &LEADERS, 0, self.0.len(), GroupId(0));
        self.0.iter().for_each(|leader| write_leader(leader, draft.fields()));
        draft.finish(0);
        Ok(())
    }
}

/// Checks what the other side would refuse.
fn check_seek(groups: &[GroupId]) -> Result<(), Malformed> {
    check_count(groups.len())?;
    if groups.is_empty() {
        return Err(Malformed::Value { field: "message count", found: 0 });
    }
    groups.iter().try_for_each(|group| non_zero("group to find", group.0))
}

fn check_count(found: usize) -> Result<(), Malformed> {
    if found > GROUPS_MAX { Err(Malformed::TooLong { limit: GROUPS_MAX, found }) } else { Ok(()) }
}

/// Checks what the other side would refuse.
pub(super) fn check_leader(leader: &LeaderHint) -> Result<(), Malformed> {
    non_zero("leader's group", leader.group.0)?;
    non_zero("leader's term", leader.term)?;
    non_zero("leader's id", leader.member.0)?;
    check_address(leader.address.len())
}

fn check_address(found: usize) -> Result<(), Malformed> {
    non_zero("leader's address length", found as u64)?;
    if found > ADDRESS_MAX { Err(Malformed::TooLong { limit: ADDRESS_MAX, found }) } else { Ok(()) }
}

/// Appends a leader to `fields`.
pub(super) fn write_leader(leader: &LeaderHint, fields: &mut BytesMut) {
    fields.put_u64_le(leader.group.0);
    fields.put_u64_le(leader.term);
    fields.put_u64_le(leader.member.0);
    // The length, and six reserved bytes that keep later fields aligned.
    fields.put_u64_le(leader.address.len() as u64);
    fields.put_slice(leader.address.as_bytes());
}

/// Reads a `FindLeaders`.
pub(crate) fn read_find_leaders(envelope: &Envelope) -> Result<Vec<GroupId>, Malformed> {
    envelope.check_no_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let count = envelope.counted(envelope.body.len(), GROUP_LEN, GROUPS_MAX)?;
    let groups = (0..count).map(|_| cursor.u64().map(GroupId)).collect::<Result<Vec<_>, _>>()?;
    cursor.finish()?;
    check_seek(&groups)?;
    Ok(groups)
}

/// Reads a `Leaders`.
pub(crate) fn read_leaders(envelope: &Envelope) -> Result<Vec<LeaderHint>, Malformed> {
    envelope.check_no_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let count = envelope.counted(envelope.body.len(), LEADER_LEN, GROUPS_MAX)?;
    let leaders = (0..count).map(|_| read_leader(&mut cursor)).collect::<Result<Vec<_>, _>>()?;
    cursor.finish()?;
    Ok(leaders)
}

/// Reads a leader.
pub(super) fn read_leader(cursor: &mut Cursor<'_>) -> Result<LeaderHint, Malformed> {
    let (group, term, member) = (GroupId(cursor.u64()?), cursor.u64()?, MemberId(cursor.u64()?));
    let (length, reserved) = (usize::from(cursor.u16()?), (cursor.u16()?, cursor.u32()?));
    zero("leader's reserved", u64::from(reserved.0) | u64::from(reserved.1))?;
    check_address(length)?;
    let address = std::str::from_utf8(cursor.take(length)?)
        .map_err(|error| Malformed::Value { field: "leader's address", found: error.valid_up_to() as u64 })?;
    let leader = LeaderHint { group, term, member, address: address.to_owned() };
    check_leader(&leader)?;
    Ok(leader)
}
