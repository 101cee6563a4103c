//! Takes values apart into trees, as their `Serialize` describes them.

use super::tree::Tree;
use crate::codec::payload;
use serde::ser::{self, Serialize, Serializer};
use std::fmt;

/// Why a value could not be taken apart: its `Serialize` failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct TreeError(String);

impl ser::Error for TreeError {
    fn custom<T: fmt::Display>(message: T) -> TreeError {
        TreeError(message.to_string())
    }
}

impl Tree {
    /// Takes a value apart.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Tree, TreeError> {
        value.serialize(Builder)
    }
}

/// Returns the encoding of a value without parts.
fn encoded<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    payload::append(value, &mut bytes).expect("a vector takes every value without parts");
    bytes
}

fn leaf<T: Serialize + ?Sized>(value: &T, text: impl fmt::Display) -> Result<Tree, TreeError> {
    Ok(Tree::Leaf { bytes: encoded(value), text: text.to_string() })
}

/// Builds the tree of one value.
struct Builder;

macro_rules! leaves {
    ($($method:ident $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<Tree, TreeError> {
            leaf(&value, format_args!("{value:?}"))
        }
    )*};
}

impl Serializer for Builder {
    type Ok = Tree;
    type Error = TreeError;
    type SerializeSeq = Elements;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Entries;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    leaves!(serialize_bool bool, serialize_char char, serialize_str &str, serialize_f32 f32, serialize_f64 f64,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128);

    fn serialize_bytes(self, value: &[u8]) -> Result<Tree, TreeError> {
        // Bytes and a list of bytes are encoded alike.
        leaf(value, format_args!("{value:?}"))
    }

    fn serialize_none(self) -> Result<Tree, TreeError> {
        leaf(&None::<()>, "None")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Tree, TreeError> {
        Ok(Tree::Parts { bytes: encoded(&Some(())), text: "Some", parts: vec![("", Tree::of(value)?)] })
    }

    fn serialize_unit(self) -> Result<Tree, TreeError> {
        leaf(&(), "()")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Tree, TreeError> {
        leaf(&(), name)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
    ) -> Result<Tree, TreeError> {
        leaf(&index, name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Tree, TreeError> {
        Tree::of(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        value: &T,
    ) -> Result<Tree, TreeError> {
        Ok(Tree::Parts { bytes: encoded(&index), text: name, parts: vec![("", Tree::of(value)?)] })
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements, TreeError> {
        Ok(Elements(Vec::new()))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, TreeError> {
        Ok(Parts::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts, TreeError> {
        Ok(Parts::default())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts, TreeError> {
        Ok(Parts::of_variant(index, name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries, TreeError> {
        Ok(Entries(Vec::new()))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts, TreeError> {
        Ok(Parts::default())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts, TreeError> {
        Ok(Parts::of_variant(index, name))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The elements of a sequence so far.
struct Elements(Vec<Tree>);

impl ser::SerializeSeq for Elements {
    type Ok = Tree;
    type Error = TreeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        self.0.push(Tree::of(value)?);
        Ok(())
    }

    fn end(self) -> Result<Tree, TreeError> {
        Ok(Tree::List(self.0))
    }
}

/// The entries of a map so far. A key waits for its value.
struct Entries(Vec<(Tree, Option<Tree>)>);

impl ser::SerializeMap for Entries {
    type Ok = Tree;
    type Error = TreeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), TreeError> {
        self.0.push((Tree::of(key)?, None));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        let entry = self.0.last_mut().ok_or_else(|| ser::Error::custom("a value without a key"))?;
        entry.1 = Some(Tree::of(value)?);
        Ok(())
    }

    fn end(self) -> Result<Tree, TreeError> {
        let entry = |(key, value): (Tree, Option<Tree>)| Some((key, value?));
        let entries: Option<Vec<_>> = self.0.into_iter().map(entry).collect();
        let mut entries =
            entries.ok_or_else(|| <TreeError as ser::Error>::custom("a key without a value"))?;
        entries.sort();
        Ok(Tree::Map(entries))
    }
}

/// The parts of a struct, a tuple or a variant so far.
#[derive(Default)]
struct Parts {
    bytes: Vec<u8>,
    text: &'static str,
    parts: Vec<(&'static str, Tree)>,
}

impl Parts {
    fn of_variant(index: u32, name: &'static str) -> Parts {
        Parts { bytes: encoded(&index), text: name, parts: Vec::new() }
    }

    fn push<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), TreeError> {
        self.parts.push((name, Tree::of(value)?));
        Ok(())
    }

    fn into_tree(self) -> Result<Tree, TreeError> {
        let Parts { bytes, text, parts } = self;
        Ok(Tree::Parts { bytes, text, parts })
    }
}

macro_rules! nameless {
    ($($of:ident $method:ident),*) => {$(
        impl ser::$of for Parts {
            type Ok = Tree;
            type Error = TreeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
                self.push("", value)
            }

            fn end(self) -> Result<Tree, TreeError> {
                self.into_tree()
            }
        }
    )*};
}
nameless!(SerializeTuple serialize_element, SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field);

macro_rules! named {
    ($($of:ident),*) => {$(
        impl ser::$of for Parts {
            type Ok = Tree;
            type Error = TreeError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), TreeError> {
                self.push(name, value)
            }

            fn end(self) -> Result<Tree, TreeError> {
                self.into_tree()
            }
        }
    )*};
}
named!(SerializeStruct, SerializeStructVariant);
