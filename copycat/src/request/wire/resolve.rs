//! Questions of remote handles about names of resources, and the members' answers.
//!
//! ```text
//!  Resolve                                 Resolved
//!  offset size  field                      offset size  field
//!      24    8  id                             24    8  id
//!      32    8  reserved  0                    32    2  error; 0: none
//!      40    2  length of the name             34    2  reserved  0
//!      42    6  reserved  0                    36    4  bytes of the schema, at most 1 MiB
//!      48    …  name                           40   16  reserved  0
//!                                              56    …  `count` partitions, each as in `Leaders`;
//!                                                       term, member and length 0: no leader is known
//!                                               …    …  schema (`codec/shape/schema.rs`)
//! ```

use super::leaders::{ADDRESS_MAX, LEADER_LEN, LeaderHint, read_leader, write_leader};
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::codec::shape::schema::SCHEMA_MAX;
use crate::transport::wire::Outgoing;
use crate::transport::wire::envelope::{Draft, Envelope, non_zero, zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes};

/// Longest name of a resource, in bytes.
pub(crate) const NAME_MAX: usize = 255;
/// Most partitions of one resource.
pub(crate) const PARTITIONS_MAX: usize = 1_024;

/// Bytes of a question before the name.
const QUESTION_LEN: usize = 24;
/// Bytes of an answer before the partitions.
const ANSWER_LEN: usize = 32;

/// Asks for the partitions of a name.
pub(crate) const RESOLVE: MessageKind =
    MessageKind::new(Family::Requests, 5, SenderKinds::HANDLE, (QUESTION_LEN + 1, QUESTION_LEN + NAME_MAX));
/// Answers a `Resolve`.
pub(crate) const RESOLVED: MessageKind = MessageKind::new(
    Family::Requests,
    6,
    SenderKinds::SERVER,
    (ANSWER_LEN, ANSWER_LEN + PARTITIONS_MAX * (LEADER_LEN + ADDRESS_MAX) + SCHEMA_MAX),
);

/// A question about the partitions of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolve {
    /// The question's id, chosen by the asking side; the answer repeats it.
    pub id: u64,
    /// The resource's name: 1 to [`NAME_MAX`] bytes.
    pub name: String,
}

/// The answer to a [`Resolve`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The question's id.
    pub id: u64,
    /// The partitions in their order, 1 to [`PARTITIONS_MAX`]; or the code of an error, which is never 0.
    pub partitions: Result<Vec<Partition>, u16>,
    /// The encoded schema of its commands, at most [`SCHEMA_MAX`] bytes, not decoded; empty with an error.
    pub schema: Bytes,
}

/// One partition of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The partition's group.
    pub group: GroupId,
    /// The leader of the group, as far as it is known. A hint.
    pub leader: Option<LeaderHint>,
}

impl Outgoing for Resolve {
    fn kind(&self) -> &'static MessageKind {
        &RESOLVE
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        check_name(self.name.len())?;
        let mut draft = Draft::begin(out.tail(), &RESOLVE, 0, 0, GroupId(0));
        let fields = draft.fields();
        fields.put_u64_le(self.id);
        fields.put_u64_le(0);
        fields.put_u64_le(self.name.len() as u64);
        fields.put_slice(self.name.as_bytes());
        draft.finish(0);
        Ok(())
    }
}

impl Outgoing for Resolved {
    fn kind(&self) -> &'static MessageKind {
        &RESOLVED
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        let (error, partitions) = match &self.partitions {
            Ok(partitions) => (0, &partitions[..]),
            Err(error) => (*error, &[][..]),
        };
        check_count(error, partitions.len())?;
        check_schema(error, self.schema.len())?;
        partitions.iter().try_for_each(check_partition)?;
        let mut draft = Draft::begin(out.tail(), &RESOLVED, 0, partitions.len(), GroupId(0));
        let fields = draft.fields();
        fields.put_u64_le(self.id);
        fields.put_u32_le(error.into());
        fields.put_u32_le(self.schema.len() as u32);
        fields.put_u128_le(0);
        for partition in partitions {
            match &partition.leader {
                Some(leader) => write_leader(leader, fields),
                None => {
                    fields.put_u64_le(partition.group.0);
                    fields.put_bytes(0, LEADER_LEN - 8);
                }
            }
        }
        fields.put_slice(&self.schema);
        draft.finish(0);
        Ok(())
    }
}

/// Reads a `Resolve`.
pub(crate) fn read_question(envelope: &Envelope) -> Result<Resolve, Malformed> {
    envelope.is_plain()?;
    let mut cursor = Cursor::new(&envelope.body);
    let (id, reserved) = (cursor.u64()?, cursor.u64()?);
    zero("resolve reserved", reserved)?;
    let length = usize::try_from(cursor.u64()?).unwrap_or(usize::MAX);
    check_name(length)?;
    let name = text("name of a resource", cursor.take(length)?)?;
    cursor.finish()?;
    Ok(Resolve { id, name })
}

/// Reads a `Resolved`.
pub(crate) fn read_answer(envelope: &Envelope) -> Result<Resolved, Malformed> {
    envelope.check_no_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let (id, error, reserved) = (cursor.u64()?, cursor.u16()?, cursor.u16()?);
    let (schema_len, spare) = (cursor.u32()? as usize, cursor.u128()?);
    zero("resolved reserved", u64::from(reserved) | spare as u64 | (spare >> 64) as u64)?;
    check_schema(error, schema_len)?;
    let count = envelope.counted(cursor.rest().len(), LEADER_LEN, PARTITIONS_MAX)?;
    check_count(error, count)?;
    let mut partitions = Vec::with_capacity(count);
    for _ in 0..count {
        partitions.push(partition(&mut cursor)?);
    }
    let schema = Bytes::copy_from_slice(cursor.take(schema_len)?);
    cursor.finish()?;
    Ok(Resolved { id, partitions: if error == 0 { Ok(partitions) } else { Err(error) }, schema })
}

fn partition(cursor: &mut Cursor<'_>) -> Result<Partition, Malformed> {
    let rest = cursor.rest();
    let unknown = rest.len() >= LEADER_LEN && rest[8..LEADER_LEN].iter().all(|byte| *byte == 0);
    let partition = if unknown {
        let group = GroupId(cursor.u64()?);
        cursor.take(LEADER_LEN - 8)?;
        Partition { group, leader: None }
    } else {
        let leader = read_leader(cursor)?;
        Partition { group: leader.group, leader: Some(leader) }
    };
    check_partition(&partition)?;
    Ok(partition)
}

fn check_name(found: usize) -> Result<(), Malformed> {
    non_zero("length of a resource's name", found as u64)?;
    if found > NAME_MAX { Err(Malformed::TooLong { limit: NAME_MAX, found }) } else { Ok(()) }
}

/// Checks that a resource has partitions, and that an error has none.
fn check_count(error: u16, found: usize) -> Result<(), Malformed> {
    if found > PARTITIONS_MAX {
        return Err(Malformed::TooLong { limit: PARTITIONS_MAX, found });
    }
    let field = "count of partitions";
    if error == 0 { non_zero(field, found as u64) } else { zero(field, found as u64) }
}

/// Checks that a schema is not too long, and that an error has none.
fn check_schema(error: u16, found: usize) -> Result<(), Malformed> {
    let limit = if error == 0 { SCHEMA_MAX } else { 0 };
    if found > limit { Err(Malformed::TooLong { limit, found }) } else { Ok(()) }
}

fn check_partition(partition: &Partition) -> Result<(), Malformed> {
    non_zero("partition's group", partition.group.0)?;
    match &partition.leader {
        Some(leader) if leader.group != partition.group => {
            Err(Malformed::Value { field: "leader's group", found: leader.group.0 })
        }
        Some(leader) => super::leaders::check_leader(leader),
        None => Ok(()),
    }
}

fn text(field: &'static str, bytes: &[u8]) -> Result<String, Malformed> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned).map_err(|error| Malformed::Value { field, found: error.valid_up_to() as u64 })
}
