//! The shapes of types: how their values are encoded, in the terms of serde's data model.
//!
//! The encoding does not describe itself. Whoever reads bytes must know the exact types that wrote them: a `u32` that
//! became an `i32`, or a variant that moved, decodes to another value without an error. So shapes are data here. They
//! are derived from the types ([`tracer`]), and two of them can be compared ([`contradiction`]).
//!
//! Begin with [`Shape`], then [`tracer`].

mod aliases;
mod asked;
mod confirmation;
pub(crate) mod contradiction;
pub(crate) mod encode_error;
pub(crate) mod encoded;
pub(crate) mod encoder;
mod expected;
mod exploration;
pub(crate) mod fingerprint;
pub(crate) mod generator;
mod graph;
pub(crate) mod json;
pub(crate) mod method_table;
mod names;
mod numbers;
mod own_codec;
pub(crate) mod parse;
mod plain;
pub(crate) mod record;
mod sampler;
mod samples;
pub(crate) mod schema;
pub(crate) mod sorted;
mod text;
pub(crate) mod tracer;

use serde::{Deserialize, Serialize};

/// The shape of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Shape {
    /// A value without parts.
    Primitive(Primitive),
    /// `()`, which takes no bytes.
    Unit,
    /// A value that may be missing.
    Option(Box<Shape>),
    /// A number of elements of one shape.
    List(Box<Shape>),
    /// A number of keys, each with a value.
    Map(Box<Shape>, Box<Shape>),
    /// A fixed number of elements.
    Tuple(Vec<Shape>),
    /// The struct or enum with this index in the [`Types`].
    Named(u32),
    /// A type whose shape could not be found out, and its name. Nothing is known about its encoding.
    Opaque(String),
    /// A type that brings its own codec. Of its encoding only the length is known.
    Own(OwnCodec),
}

/// The codec of a type that brings its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnCodec {
    /// The name of the type.
    pub name: String,
    /// The number of the codec.
    pub codec: u8,
}

/// The shape of a value without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Primitive {
    Bool,
    Char,
    Str,
    Bytes,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
}

/// Most structs with one nameless field around each other that are seen through.
const WRAPPERS_MAX: usize = 100;

/// The structs and enums that shapes refer to by index. A table, because they may contain themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Types(pub(crate) Vec<NamedType>);

/// A struct or an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamedType {
    /// The name that serde knows, without a path.
    pub name: String,
    /// Its fields or variants.
    pub body: Body,
}

/// What a [`NamedType`] consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    /// The fields of a struct.
    Struct(Fields),
    /// The variants of an enum, in the order of their indexes.
    Enum(Vec<Variant>),
}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Variant {
    /// The name that serde knows. A variant with aliases has all its names here, in the order of the alphabet and
    /// separated by [`names::ALIAS`], since which of them is no alias cannot be found out.
    pub name: String,
    /// Its fields.
    pub fields: Fields,
}

/// The fields of a struct or a variant, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fields {
    /// No fields.
    Unit,
    /// One field without a name.
    Newtype(Shape),
    /// Fields without names.
    Tuple(Vec<Shape>),
    /// Fields with names.
    Named(Vec<(String, Shape)>),
}

impl Types {
    /// Returns the struct or enum with this index.
    pub(crate) fn get(&self, index: u32) -> &NamedType {
        &self.0[index as usize]
    }

    /// Sees through structs with one nameless field: they are encoded as what they wrap.
    pub(crate) fn unwrapped<'a>(&'a self, mut shape: &'a Shape) -> &'a Shape {
        // A type of which no value exists may wrap itself.
        for _ in 0..WRAPPERS_MAX {
            let Shape::Named(index) = shape else { break };
            let Body::Struct(Fields::Newtype(content)) = &self.get(*index).body else { break };
            shape = content;
        }
        shape
    }
}

impl Shape {
    fn is_byte(&self) -> bool {
        matches!(self, Shape::Primitive(Primitive::U8))
    }
}

impl Fields {
    /// Returns the number of fields.
    fn len(&self) -> usize {
        match self {
            Fields::Unit => 0,
            Fields::Newtype(_) => 1,
            Fields::Tuple(parts) => parts.len(),
            Fields::Named(fields) => fields.len(),
        }
    }
}

#[cfg(test)]
mod tests;
