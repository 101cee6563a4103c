//! Writes encoded values as JSON.

use super::super::{Body, Fields, OwnCodec, Primitive, Shape, Types};
use super::{Keys, SOME, is_nullable};
use crate::codec::payload::{self, PayloadError};
use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};
use std::fmt;

/// Returns the JSON of one encoded value.
pub(crate) fn value(bytes: &[u8], shape: &Shape, types: &Types) -> Result<String, PayloadError> {
    let mut out = String::new();
    payload::decode_seed(bytes, Part { shape, types, out: &mut out })?;
    Ok(out)
}

/// Returns the JSON of each of the encoded values that follow one another.
pub(crate) fn values(bytes: &[u8], shapes: &[&Shape], types: &Types) -> Result<Vec<String>, PayloadError> {
    payload::decode_seed(bytes, Values { shapes, types })
}

/// Appends a text in quotes.
pub(crate) fn text(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).expect("a text can be written"));
}

/// Writes a value with its own codec: its name and its bytes.
fn own_codec<'de, A: EnumAccess<'de>>(own: &OwnCodec, data: A, out: &mut String) -> Result<(), A::Error> {
    let OwnCodec { name, codec } = own;
    let (found, content) = data.variant::<u32>()?;
    if found != u32::from(*codec) {
        return Err(A::Error::custom(format_args!("codec {found} where codec {codec} is expected")));
    }
    begin_variant(name, out);
    let (shape, types) = (&Shape::Primitive(Primitive::Bytes), &Types::default());
    content.newtype_variant_seed(Part { shape, types, out })?;
    out.push('}');
    Ok(())
}

/// A value to be read by its shape, and where it is written.
struct Part<'a> {
    shape: &'a Shape,
    types: &'a Types,
    out: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let shape = self.types.unwrapped(self.shape);
        let part = Part { shape, ..self };
        match shape {
            Shape::Primitive(primitive) => match primitive {
                Primitive::Bool => from.deserialize_bool(part),
                Primitive::Char => from.deserialize_char(part),
                Primitive::Str => from.deserialize_str(part),
                Primitive::Bytes => from.deserialize_bytes(part),
                Primitive::I8 => from.deserialize_i8(part),
                Primitive::I16 => from.deserialize_i16(part),
                Primitive::I32 => from.deserialize_i32(part),
                Primitive::I64 => from.deserialize_i64(part),
                Primitive::I128 => from.deserialize_i128(part),
                Primitive::U8 => from.deserialize_u8(part),
                Primitive::U16 => from.deserialize_u16(part),
                Primitive::U32 => from.deserialize_u32(part),
                Primitive::U64 => from.deserialize_u64(part),
                Primitive::U128 => from.deserialize_u128(part),
                Primitive::F32 => from.deserialize_f32(part),
                Primitive::F64 => from.deserialize_f64(part),
            },
            Shape::Unit => from.deserialize_unit(part),
            Shape::Option(_) => from.deserialize_option(part),
            Shape::List(_) => from.deserialize_seq(part),
            Shape::Map(..) => from.deserialize_map(part),
            Shape::Tuple(parts) => from.deserialize_tuple(parts.len(), part),
            Shape::Named(index) => match &part.types.get(*index).body {
                Body::Struct(fields) => from.deserialize_tuple(fields.len(), Contents { fields, part }),
                Body::Enum(_) => from.deserialize_enum("", &[], part),
            },
            Shape::Own(_) => from.deserialize_enum("", &[], part),
            Shape::Opaque(name) => Err(D::Error::custom(format_args!("the shape of `{name}` is not known"))),
        }
    }
}

/// Writes a number as it is displayed.
macro_rules! numbers {
    ($($method:ident $type:ident),*) => {$(
        fn $method<E>(self, number: $type) -> Result<(), E> {
            self.out.push_str(&number.to_string());
            Ok(())
        }
    )*};
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.shape.shown(self.types))
    }

    numbers!(visit_bool bool, visit_i8 i8, visit_i16 i16, visit_i32 i32, visit_i64 i64, visit_i128 i128,
        visit_u8 u8, visit_u16 u16, visit_u32 u32, visit_u64 u64, visit_u128 u128);

    fn visit_f32<E>(self, number: f32) -> Result<(), E> {
        float(number.is_finite(), &number, self.out);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        float(number.is_finite(), &number, self.out);
        Ok(())
    }

    fn visit_char<E>(self, character: char) -> Result<(), E> {
        text(character.encode_utf8(&mut [0; 4]), self.out);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        text(value, self.out);
        Ok(())
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<(), E> {
        let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
        self.out.extend(["[", &numbers.join(","), "]"]);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.out.push_str("null");
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        self.out.push_str("null");
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let Part { shape: Shape::Option(shape), types, out } = self else {
            return Err(D::Error::custom("an option"));
        };
        if !is_nullable(shape, types) {
            return Part { shape, types, out }.deserialize(from);
        }
        begin_variant(SOME, out);
        Part { shape, types, out }.deserialize(from)?;
        out.push('}');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Part { shape, types, out } = self;
        out.push('[');
        let mut at = 0;
        loop {
            let element = match shape {
                Shape::Tuple(parts) => parts.get(at),
                Shape::List(element) => Some(&**element),
                _ => None,
            };
            let Some(shape) = element else { break };
            let length = separate(at, out);
            if elements.next_element_seed(Part { shape, types, out })?.is_none() {
                out.truncate(length);
                break;
            }
            at += 1;
        }
        out.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Part { shape: Shape::Map(key, value), types, out } = self else {
            return Err(A::Error::custom("a map"));
        };
        let keys = Keys::of(key, types);
        out.push(if keys == Keys::Pairs { '[' } else { '{' });
        for at in 0.. {
            let length = separate(at, out);
            match keys {
                Keys::Texts => {}
                Keys::Plain => out.push('"'),
                Keys::Pairs => out.push('['),
            }
            if entries.next_key_seed(Part { shape: key, types, out })?.is_none() {
                out.truncate(length);
                break;
            }
            out.push_str(match keys {
                Keys::Texts => ":",
                Keys::Plain => "\":",
                Keys::Pairs => ",",
            });
            entries.next_value_seed(Part { shape: value, types, out })?;
            out.push_str(if keys == Keys::Pairs { "]" } else { "" });
        }
        out.push(if keys == Keys::Pairs { ']' } else { '}' });
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<(), A::Error> {
        let Part { shape, types, out } = self;
        if let Shape::Own(own) = shape {
            return own_codec(own, data, out);
        }
        let Shape::Named(index) = shape else { return Err(A::Error::custom("an enum")) };
        let Body::Enum(variants) = &types.get(*index).body else { return Err(A::Error::custom("an enum")) };
        let (number, content) = data.variant::<u32>()?;
        let unknown = || A::Error::custom(format_args!("no variant has the number {number}"));
        let variant = variants.get(number as usize).ok_or_else(unknown)?;
        let (name, fields) = (variant.names().next().unwrap_or_default(), &variant.fields);
        if matches!(fields, Fields::Unit) {
            text(name, out);
            return content.unit_variant();
        }
        begin_variant(name, out);
        match fields {
            Fields::Newtype(shape) => content.newtype_variant_seed(Part { shape, types, out: &mut *out })?,
            _ => {
                let part = Part { shape, types, out: &mut *out };
                content.tuple_variant(fields.len(), Contents { fields, part })?;
            }
        }
        out.push('}');
        Ok(())
    }
}

/// The fields of a struct or a variant.
struct Contents<'a> {
    fields: &'a Fields,
    part: Part<'a>,
}

impl<'de> Visitor<'de> for Contents<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fields", self.fields.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, fields: A) -> Result<(), A::Error> {
        let Part { types, out, .. } = self.part;
        let (open, close) = match self.fields {
            Fields::Unit => {
                out.push_str("null");
                return Ok(());
            }
            Fields::Newtype(shape) => return parts(fields, [(None, shape)], types, out),
            Fields::Tuple(_) => ('[', ']'),
            Fields::Named(_) => ('{', '}'),
        };
        out.push(open);
        match self.fields {
            Fields::Named(named) => {
                parts(fields, named.iter().map(|(name, shape)| (Some(&name[..]), shape)), types, out)?;
            }
            Fields::Tuple(shapes) => parts(fields, shapes.iter().map(|shape| (None, shape)), types, out)?,
            Fields::Unit | Fields::Newtype(_) => {}
        }
        out.push(close);
        Ok(())
    }
}

/// Values that follow one another.
struct Values<'a> {
    shapes: &'a [&'a Shape],
    types: &'a Types,
}

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<String>, D::Error> {
        from.deserialize_tuple(self.shapes.len(), self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.shapes.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Vec<String>, A::Error> {
        let mut written = Vec::with_capacity(self.shapes.len());
        for shape in self.shapes {
            let mut out = String::new();
            let part = values.next_element_seed(Part { shape, types: self.types, out: &mut out })?;
            part.ok_or_else(|| A::Error::custom("a value is missing"))?;
            written.push(out);
        }
        Ok(written)
    }
}

/// Writes parts of different shapes, with their names if they have any.
fn parts<'de, 'a, A: SeqAccess<'de>>(
    mut values: A,
    shapes: impl IntoIterator<Item = (Option<&'a str>, &'a Shape)>,
    types: &Types,
    out: &mut String,
) -> Result<(), A::Error> {
    for (at, (name, shape)) in shapes.into_iter().enumerate() {
        separate(at, out);
        if let Some(name) = name {
            text(name, out);
            out.push(':');
        }
        let part = values.next_element_seed(Part { shape, types, out })?;
        part.ok_or_else(|| A::Error::custom("a part is missing"))?;
    }
    Ok(())
}

/// Writes a comma, unless the part is the first one. Returns the length before it.
fn separate(at: usize, out: &mut String) -> usize {
    let length = out.len();
    out.push_str(if at > 0 { "," } else { "" });
    length
}

fn begin_variant(name: &str, out: &mut String) {
    out.push('{');
    text(name, out);
    out.push(':');
}

/// Writes a float so that it is read back as the same one.
fn float(finite: bool, number: &(impl fmt::Display + serde::Serialize), out: &mut String) {
    match serde_json::to_string(number) {
        Ok(written) if finite => out.push_str(&written),
        _ => text(&number.to_string(), out),
    }
}
