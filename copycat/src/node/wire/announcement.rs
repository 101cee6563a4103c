//! The commands that a member's program has for a resource, told to the other members.
//!
//! ```text
//!  Announcement
//!  offset size  field
//!      24    4  partitions    1 to 1,024
//!      28    4  bytes of the schema, at most 1 MiB
//!      32    2  bytes of the name
//!      34    6  reserved  0
//!      40    …  name of the resource, then the schema (`codec/shape/schema.rs`), not decoded
//! ```

use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::codec::shape::schema::SCHEMA_MAX;
use crate::request::wire::resolve::{NAME_MAX, PARTITIONS_MAX};
use crate::transport::wire::envelope::{Draft, Envelope, zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes};

/// Bytes of an announcement before the name.
const HEAD_LEN: usize = 16;

/// The message that tells the commands.
pub(super) const ANNOUNCEMENT: MessageKind = MessageKind::new(
    Family::Consensus,
    17,
    SenderKinds::BULK,
    (HEAD_LEN + 1, HEAD_LEN + NAME_MAX + SCHEMA_MAX),
);

/// The commands that the sender's program has for a resource that is open there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announcement {
    /// The name of the resource.
    pub resource: String,
    /// The number of partitions with which it was opened.
    pub partitions: u32,
    /// The encoded schema.
    pub schema: Bytes,
}

impl Announcement {
    fn check(&self) -> Result<(), Malformed> {
        let within = |limit, found| {
            if found <= limit { Ok(()) } else { Err(Malformed::TooLong { limit, found }) }
        };
        within(NAME_MAX, self.resource.len())?;
        within(PARTITIONS_MAX, self.partitions as usize)?;
        within(SCHEMA_MAX, self.schema.len())?;
        if self.resource.is_empty() || self.partitions == 0 {
            return Err(Malformed::Value { field: "announcement", found: self.partitions.into() });
        }
        Ok(())
    }

    pub(super) fn encode(&self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        self.check()?;
        let mut draft = Draft::begin(out.tail(), &ANNOUNCEMENT, 0, 0, GroupId(0));
        let fields = draft.fields();
        fields.put_u32_le(self.partitions);
        fields.put_u32_le(self.schema.len() as u32);
        fields.put_u64_le(self.resource.len() as u64);
        fields.put_slice(self.resource.as_bytes());
        fields.put_slice(&self.schema);
        draft.finish(0);
        Ok(())
    }
}

/// Reads an announcement. Its schema is a slice of the message.
pub(super) fn read(envelope: &Envelope) -> Result<Announcement, Malformed> {
    envelope.check_no_group()?;
    zero("message count", envelope.count.into())?;
    let mut cursor = Cursor::new(&envelope.body);
    let (partitions, schema_len) = (cursor.u32()?, cursor.u32()? as usize);
    let name_len = cursor.u64()?;
    let too_long =
        Malformed::TooLong { limit: NAME_MAX, found: usize::try_from(name_len).unwrap_or(usize::MAX) };
    let name_len = usize::try_from(name_len).ok().filter(|len| *len <= NAME_MAX).ok_or(too_long)?;
    let name = std::str::from_utf8(cursor.take(name_len)?);
    let name = name.map_err(|_| Malformed::Value { field: "announcement name", found: name_len as u64 })?;
    let schema = envelope.body.slice_ref(cursor.take(schema_len)?);
    cursor.finish()?;
    let announcement = Announcement { resource: name.into(), partitions, schema };
    announcement.check()?;
    Ok(announcement)
}
