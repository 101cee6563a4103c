//! Shapes and schemas as people read them: in the words of Rust.

use super::schema::{MethodShape, Schema};
use super::{Body, Fields, OwnCodec, Primitive, Shape, Types, Variant};
use std::fmt;

/// Displays a shape. A struct or an enum is its name, or with [`in_full`](Shown::in_full) its fields or variants.
pub(crate) struct Shown<'a> {
    shape: &'a Shape,
    types: &'a Types,
    full: bool,
}

impl Shape {
    /// Returns a display of the shape.
    pub(crate) fn shown<'a>(&'a self, types: &'a Types) -> Shown<'a> {
        Shown { shape: self, types, full: false }
    }
}

impl Shown<'_> {
    /// Displays the fields or variants of a struct or an enum, but not those of its parts.
    pub(crate) fn in_full(self) -> Self {
        Shown { full: true, ..self }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown { shape, types, full } = self;
        match shape {
            Shape::Primitive(primitive) => f.write_str(primitive.name()),
            Shape::Unit => f.write_str("()"),
            Shape::Option(content) => write!(f, "Option<{}>", content.shown(types)),
            Shape::List(content) => write!(f, "Vec<{}>", content.shown(types)),
            Shape::Map(key, value) => write!(f, "Map<{}, {}>", key.shown(types), value.shown(types)),
            Shape::Tuple(parts) => tuple(f, parts, types),
            Shape::Opaque(name) => write!(f, "opaque {}", word(name)),
            Shape::Own(OwnCodec { name, codec }) => write!(f, "{} (codec {codec})", word(name)),
            Shape::Named(index) => {
                let (name, body) = (Label { types, index: *index }, &types.get(*index).body);
                match body {
                    _ if !full => write!(f, "{name}"),
                    Body::Struct(fields) => write!(f, "struct {name}{}", ShownFields(fields, types)),
                    Body::Enum(variants) => write!(f, "enum {name} {}", ShownVariants(variants, types)),
                }
            }
        }
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "state machine {}\n", word(&self.name))?;
        for method in &self.methods {
            writeln!(f, "{}", ShownMethod(method, &self.types))?;
        }
        for index in 0..self.types.0.len() {
            let newline = if index == 0 { "\n" } else { "" };
            writeln!(f, "{newline}{}", Shape::Named(index as u32).shown(&self.types).in_full())?;
        }
        Ok(())
    }
}

/// The line of one command.
struct ShownMethod<'a>(&'a MethodShape, &'a Types);

impl fmt::Display for ShownMethod<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ShownMethod(MethodShape { name, id, read, key, arguments, result }, types) = self;
        write!(f, "{} {}(", if *read { "read" } else { "write" }, word(name))?;
        for (at, (name, shape)) in arguments.iter().enumerate() {
            write!(f, "{}{}: {}", comma(at), word(name), shape.shown(types))?;
        }
        write!(f, ") -> {}, ", result.shown(types))?;
        if let Some(key) = key {
            write!(f, "key {}, ", word(&arguments[*key as usize].0))?;
        }
        write!(f, "id {id:#010x}")
    }
}

fn comma(at: usize) -> &'static str {
    if at > 0 { ", " } else { "" }
}

fn tuple(f: &mut fmt::Formatter<'_>, parts: &[Shape], types: &Types) -> fmt::Result {
    f.write_str("(")?;
    for (at, part) in parts.iter().enumerate() {
        write!(f, "{}{}", comma(at), part.shown(types))?;
    }
    f.write_str(if parts.len() == 1 { ",)" } else { ")" })
}

/// The name of a struct or an enum, with a number if an earlier one has the same name.
struct Label<'a> {
    types: &'a Types,
    index: u32,
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.types.get(self.index).name;
        f.write_str(&word(name))?;
        let earlier = self.types.0[..self.index as usize].iter().filter(|other| other.name == *name).count();
        if earlier > 0 { write!(f, "#{}", earlier + 1) } else { Ok(()) }
    }
}

/// Returns whether a character is part of a word.
pub(super) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns a name as it is written: as it is, or as a string if it could be taken for something else.
fn word(name: &str) -> String {
    let taken = ["Option", "Vec", "Map", "opaque"].contains(&name) || primitive_named(name).is_some();
    if name.chars().all(is_word) && !name.is_empty() && !taken {
        name.into()
    } else {
        format!("\"{}\"", name.escape_default())
    }
}

/// The fields of a struct or a variant, behind its name.
struct ShownFields<'a>(&'a Fields, &'a Types);

impl fmt::Display for ShownFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ShownFields(fields, types) = self;
        match fields {
            Fields::Unit => Ok(()),
            Fields::Newtype(content) => write!(f, "({})", content.shown(types)),
            Fields::Tuple(parts) => tuple(f, parts, types),
            Fields::Named(fields) => {
                f.write_str(" { ")?;
                for (at, (name, shape)) in fields.iter().enumerate() {
                    write!(f, "{}{}: {}", comma(at), word(name), shape.shown(types))?;
                }
                f.write_str(if fields.is_empty() { "}" } else { " }" })
            }
        }
    }
}

/// The variants of an enum, in braces.
struct ShownVariants<'a>(&'a [Variant], &'a Types);

impl fmt::Display for ShownVariants<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ShownVariants(variants, types) = self;
        f.write_str("{ ")?;
        for (at, Variant { name, fields }) in variants.iter().enumerate() {
            write!(f, "{}{}{}", comma(at), word(name), ShownFields(fields, types))?;
        }
        f.write_str(if variants.is_empty() { "}" } else { " }" })
    }
}

const PRIMITIVES: [(Primitive, &str); 16] = [
    (Primitive::Bool, "bool"),
    (Primitive::Char, "char"),
    (Primitive::Str, "String"),
    (Primitive::Bytes, "Bytes"),
    (Primitive::I8, "i8"),
    (Primitive::I16, "i16"),
    (Primitive::I32, "i32"),
    (Primitive::I64, "i64"),
    (Primitive::I128, "i128"),
    (Primitive::U8, "u8"),
    (Primitive::U16, "u16"),
    (Primitive::U32, "u32"),
    (Primitive::U64, "u64"),
    (Primitive::U128, "u128"),
    (Primitive::F32, "f32"),
    (Primitive::F64, "f64"),
];

impl Primitive {
    /// Returns the name of the Rust type.
    pub(crate) fn name(self) -> &'static str {
        let found = PRIMITIVES.iter().find(|(primitive, _)| *primitive == self);
        found.expect("every primitive has a name").1
    }
}

/// Returns the primitive of this name.
pub(super) fn primitive_named(name: &str) -> Option<Primitive> {
    PRIMITIVES.iter().find(|(_, known)| *known == name).map(|(primitive, _)| *primitive)
}
