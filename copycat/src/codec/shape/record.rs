//! The schema on record: the content of an entry of kind `Schema` in a group's log.
//!
//! A record describes every command that may be in the log after it, until the next record. It only grows: a later
//! record has all commands of the one before, with the same shapes. So a log tells what is in it without the program
//! that wrote it, and a member whose types have changed is found out before it decodes an entry as something else.

use super::schema::{self, Difference, SCHEMA_MAX, Schema, SchemaError};
use super::{Body, Fields, NamedType, Shape, Types, Variant};
use crate::codec::ids::MethodId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Most bytes of an encoded record: a schema, a name and two numbers.
pub(crate) const RECORD_MAX: usize = SCHEMA_MAX + 1_024;

/// What a group's log says of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SchemaRecord {
    /// The name of the resource.
    pub resource: String,
    /// The number of the partition that the group replicates.
    pub partition: u32,
    /// The number of partitions of the resource.
    pub partitions: u32,
    /// The commands that may be in the log.
    pub schema: Schema,
}

/// How a program contradicts what is on record for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// The record cannot be read: another version of the framework wrote it, or none did. The text says why.
    Unreadable(String),
    /// The group belongs to another resource, whose name has the same hash.
    Resource {
        /// The name on record.
        recorded: String,
    },
    /// The resource has another number of partitions.
    Partitions {
        /// The number on record.
        recorded: u32,
        /// The number with which it was opened.
        opened: u32,
    },
    /// Its commands have other shapes. All contradictions; a command that only one side has is none.
    Commands(Vec<Difference>),
}

impl Conflict {
    /// Returns how the commands of two schemas contradict each other.
    pub(crate) fn between(recorded: &Schema, found: &Schema) -> Option<Conflict> {
        let mut differences = recorded.differences(found);
        differences.retain(Difference::is_contradiction);
        (!differences.is_empty()).then_some(Conflict::Commands(differences))
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Conflict::Unreadable(why) => write!(f, "what is on record cannot be read: {why}"),
            Conflict::Resource { recorded } => {
                write!(f, "the group belongs to `{}`", recorded.escape_debug())
            }
            Conflict::Partitions { recorded, opened } => {
                write!(f, "the number of partitions was {recorded}, and is {opened}")
            }
            Conflict::Commands(differences) => {
                let differences: Vec<_> = differences.iter().map(ToString::to_string).collect();
                f.write_str(&differences.join("; "))
            }
        }
    }
}

impl SchemaRecord {
    /// Returns how a program contradicts the record that opens `resource` with this number of partitions and the
    /// commands of `schema`.
    pub(crate) fn conflict(&self, resource: &str, partitions: u32, schema: &Schema) -> Option<Conflict> {
        if self.resource != resource {
            return Some(Conflict::Resource { recorded: self.resource.clone() });
        }
        if self.partitions != partitions {
            return Some(Conflict::Partitions { recorded: self.partitions, opened: partitions });
        }
        Conflict::between(&self.schema, schema)
    }

    /// Encodes the record. Fails if it is longer than [`RECORD_MAX`].
    pub(crate) fn encode(&self) -> Result<Vec<u8>, SchemaError> {
        schema::encode(self, RECORD_MAX)
    }

    /// Decodes a record. What it refers to exists.
    pub(crate) fn decode(bytes: &[u8]) -> Result<SchemaRecord, SchemaError> {
        let record: SchemaRecord = schema::decode(bytes, RECORD_MAX)?;
        let numbered = record.partition < record.partitions;
        if numbered && record.schema.is_closed() { Ok(record) } else { Err(SchemaError::Dangling) }
    }
}

impl Schema {
    /// Returns this schema with those commands of another one whose ids are among `ids`. It must not have them yet.
    pub(crate) fn extended(&self, from: &Schema, ids: &BTreeSet<MethodId>) -> Schema {
        let mut schema = self.clone();
        let mut copy = TypeCopy { from: &from.types, into: &mut schema.types, copied: BTreeMap::new() };
        for method in from.methods.iter().filter(|method| ids.contains(&MethodId(method.id))) {
            assert!(self.method(MethodId(method.id)).is_none(), "a command is on record once");
            let mut method = method.clone();
            let arguments = method.arguments.iter_mut().map(|(_, shape)| shape);
            arguments.chain([&mut method.result]).for_each(|shape| copy.rename(shape));
            schema.methods.push(method);
        }
        copy.finish();
        debug_assert!(schema.is_closed(), "{schema:?}");
        schema
    }
}

/// Copies the types that shapes refer to from one table into another, where they get other indexes.
struct TypeCopy<'a> {
    from: &'a Types,
    into: &'a mut Types,
    /// The new index of each type that is referred to.
    copied: BTreeMap<u32, u32>,
}

impl TypeCopy<'_> {
    /// Changes the indexes in a shape into those in the new table.
    fn rename(&mut self, shape: &mut Shape) {
        match shape {
            Shape::Primitive(_) | Shape::Unit | Shape::Opaque(_) | Shape::Own(_) => {}
            Shape::Option(content) | Shape::List(content) => self.rename(content),
            Shape::Map(key, value) => {
                self.rename(key);
                self.rename(value);
            }
            Shape::Tuple(parts) => parts.iter_mut().for_each(|part| self.rename(part)),
            Shape::Named(index) => {
                let next = self.into.0.len() as u32;
                let new = *self.copied.entry(*index).or_insert(next);
                if new == next {
                    // The types inside of it are renamed later: types may contain themselves.
                    self.into.0.push(self.from.get(*index).clone());
                }
                *index = new;
            }
        }
    }

    /// Renames what is inside of the copied types, and inside of those that are copied meanwhile.
    fn finish(mut self) {
        let mut at = self.into.0.len() - self.copied.len();
        while at < self.into.0.len() {
            let mut copied = std::mem::replace(&mut self.into.0[at], NOTHING);
            match &mut copied.body {
                Body::Struct(fields) => self.rename_fields(fields),
                Body::Enum(variants) => {
                    variants.iter_mut().for_each(|Variant { fields, .. }| self.rename_fields(fields));
                }
            }
            self.into.0[at] = copied;
            at += 1;
        }
    }

    fn rename_fields(&mut self, fields: &mut Fields) {
        match fields {
            Fields::Unit => {}
            Fields::Newtype(shape) => self.rename(shape),
            Fields::Tuple(parts) => parts.iter_mut().for_each(|part| self.rename(part)),
            Fields::Named(fields) => fields.iter_mut().for_each(|(_, shape)| self.rename(shape)),
        }
    }
}

/// The place of a type whose parts are being renamed.
const NOTHING: NamedType = NamedType { name: String::new(), body: Body::Struct(Fields::Unit) };

#[cfg(test)]
mod tests {
    use super::super::schema::MethodShape;
    use super::super::tracer::{Traced, Tracer};
    use super::super::{Primitive, Shape};
    use super::*;
    use serde::de::DeserializeOwned;

    #[derive(Serialize, Deserialize)]
    struct Tree {
        price: Price,
        below: Vec<Tree>,
    }

    #[derive(Serialize, Deserialize)]
    enum Price {
        Free,
        Cents(u64),
    }

    fn add<T: DeserializeOwned + 'static>(tracer: &mut Tracer, name: &str) -> MethodShape {
        let Traced::Found(shape) = tracer.trace::<T>() else { panic!("{name} has a shape") };
        MethodShape {
            name: name.into(),
            id: MethodId::of(name).0,
            read: false,
            key: None,
            arguments: vec![("value".into(), shape)],
            result: Shape::Primitive(Primitive::U64),
        }
    }

    fn schema() -> Schema {
        let mut tracer = Tracer::default();
        let methods = vec![
            add::<Price>(&mut tracer, "pay"),
            add::<u8>(&mut tracer, "step"),
            add::<Tree>(&mut tracer, "grow"),
        ];
        Schema { name: "Shop".into(), methods, types: tracer.into_types() }
    }

    fn ids(names: &[&str]) -> BTreeSet<MethodId> {
        names.iter().map(|name| MethodId::of(name)).collect()
    }

    #[test]
    fn a_schema_that_was_extended_step_by_step_says_the_same() {
        let (whole, empty) = (schema(), Schema { name: "Shop".into(), ..Schema::default() });
        let first = empty.extended(&whole, &ids(&["step"]));
        assert_eq!((first.methods.len(), first.types.0.len()), (1, 0), "only what is referred to is copied");
        let second = first.extended(&whole, &ids(&["grow"]));
        assert_eq!(second.types.0.len(), 2);
        let third = second.extended(&whole, &ids(&["pay"]));
        assert_eq!(third.differences(&whole), []);
        assert_eq!(
            third.methods.iter().map(|method| &method.name[..]).collect::<Vec<_>>(),
            ["step", "grow", "pay"]
        );
    }

    #[test]
    fn a_program_conflicts_with_a_record_by_name_partitions_or_shapes_and_not_by_what_only_one_of_them_has() {
        let record = SchemaRecord { resource: "shop".into(), partition: 1, partitions: 2, schema: schema() };
        assert_eq!(record.conflict("shop", 2, &schema()), None);
        let text = |resource, partitions, schema: &Schema| {
            record
                .conflict(resource, partitions, schema)
                .map(|conflict| conflict.to_string())
                .unwrap_or_default()
        };
        assert_eq!(text("bank", 2, &schema()), "the group belongs to `shop`");
        assert_eq!(text("shop", 3, &schema()), "the number of partitions was 2, and is 3");
        let mut less = schema();
        less.methods.remove(1);
        assert_eq!(text("shop", 2, &less), "");
        less.methods[0].arguments[0].1 = Shape::Primitive(Primitive::I8);
        assert_eq!(
            text("shop", 2, &less),
            "`pay`: its argument `value` was enum Price { Free, Cents(u64) }, and is i8"
        );
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_nothing_else_is() {
        let record = SchemaRecord { resource: "shop".into(), partition: 1, partitions: 2, schema: schema() };
        let bytes = record.encode().unwrap();
        assert_eq!(SchemaRecord::decode(&bytes).unwrap(), record);
        for len in 0..bytes.len() {
            assert!(SchemaRecord::decode(&bytes[..len]).is_err(), "{len}");
        }
        let beyond = SchemaRecord { partition: 2, ..record.clone() };
        assert!(matches!(SchemaRecord::decode(&beyond.encode().unwrap()), Err(SchemaError::Dangling)));
        let mut dangling = record;
        dangling.schema.methods[0].result = Shape::Named(7);
        assert!(matches!(SchemaRecord::decode(&dangling.encode().unwrap()), Err(SchemaError::Dangling)));
        assert!(matches!(SchemaRecord::decode(&vec![0; RECORD_MAX + 1]), Err(SchemaError::TooLarge(_))));
    }
}
