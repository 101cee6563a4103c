//! Encodes a value by its recorded shape, not by what its `Serialize` happens to say.
//!
//! The two sides of serde are written apart, and some attributes make them disagree: a field that is left out, a
//! variant that is skipped. The encoding has no names, so the reader would take one field for another. Here every step
//! of `Serialize` is compared with the shape, which is what the reader expects. Numbers are encoded as the type of the
//! shape if they fit it: the literal `100` is an `i32`, and becomes the `u64` that a command takes.

use super::encode_error::{EncodeError, Fault, Step};
use super::encoded::Encoded;
use super::expected::Expected;
use super::names::is_same_name;
use super::numbers::{Number, put, put_bytes, put_len, put_number};
use super::own_codec;
use super::plain::Plain;
use super::{Body, Fields, Primitive, Shape, Types};
use crate::codec::value::DEPTH_MAX;
use crate::codec::writable::MARK;
use serde::ser::{
    self, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
};
use serde::ser::{SerializeTupleStruct, SerializeTupleVariant, Serializer};
use std::fmt;

/// Appends the encoding of `value` as a value of `shape`. On an error `out` ends with a part of it.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    shape: &Shape,
    types: &Types,
    out: &mut Encoded,
) -> Result<(), EncodeError> {
    encode_part(value, shape, types, out, DEPTH_MAX)?;
    out.check()
}

fn encode_part<T: Serialize + ?Sized>(
    value: &T,
    shape: &Shape,
    types: &Types,
    out: &mut Encoded,
    depth: usize,
) -> Result<(), EncodeError> {
    match types.unwrapped(shape) {
        Shape::Opaque(_) => value.serialize(Plain { out, depth }),
        shape => value.serialize(Encoder { shape, types, out, depth }),
    }
}

/// Writes one value.
struct Encoder<'a> {
    /// The shape, never a struct with one nameless field.
    shape: &'a Shape,
    types: &'a Types,
    out: &'a mut Encoded,
    /// The levels of nesting that the reader will allow from here on.
    depth: usize,
}

impl<'a> Encoder<'a> {
    /// Goes one level deeper, into a part that may contain a value of the outer type.
    fn deeper(&mut self) -> Result<(), EncodeError> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::Depth)?;
        Ok(())
    }

    fn differs<T>(&self, found: impl fmt::Display) -> Result<T, EncodeError> {
        let expected = self.shape.shown(self.types).to_string();
        Err(Fault::Type { expected, found: found.to_string() }.into())
    }

    fn primitive<T: bincode::Encode>(self, is: Primitive, value: T, name: &str) -> Result<(), EncodeError> {
        match self.shape {
            Shape::Primitive(primitive) if *primitive == is => put(value, &mut self.out.bytes),
            _ => return self.differs(name),
        }
        Ok(())
    }

    /// Writes a whole number as the type of the shape.
    fn whole<T: Copy + fmt::Display>(self, number: T, name: &str) -> Result<(), EncodeError>
    where
        Number: From<T>,
    {
        let fits = match self.shape {
            Shape::Primitive(primitive) => put_number(Number::from(number), *primitive, &mut self.out.bytes),
            _ => false,
        };
        if fits { Ok(()) } else { self.differs(format_args!("{number} ({name})")) }
    }

    /// Returns the fields of a struct, if the shape is one.
    fn fields(&self) -> Option<&'a Fields> {
        let Shape::Named(index) = self.shape else { return None };
        match &self.types.get(*index).body {
            Body::Struct(fields) => Some(fields),
            Body::Enum(_) => None,
        }
    }

    fn unit(self, found: &str) -> Result<(), EncodeError> {
        match (self.shape, self.fields()) {
            (Shape::Unit, _) | (_, Some(Fields::Unit)) => Ok(()),
            _ => self.differs(found),
        }
    }

    /// Begins elements of one shape, or of a fixed number of shapes.
    fn elements(mut self, len: Option<usize>, found: &str) -> Result<Parts<'a>, EncodeError> {
        static BYTE: Shape = Shape::Primitive(Primitive::U8);
        let expected = match (self.shape, self.fields()) {
            (Shape::List(element), _) => {
                self.deeper()?;
                Expected::Each(element)
            }
            (Shape::Primitive(Primitive::Bytes), _) => Expected::Each(&BYTE),
            (Shape::Tuple(parts), _) | (_, Some(Fields::Tuple(parts))) => Expected::Tuple(parts),
            (Shape::Unit, _) => Expected::Tuple(&[]),
            _ => return self.differs(found),
        };
        Ok(Parts::begin(self, expected, found.into(), len))
    }

    /// Writes the number of a variant. Returns its fields, and its name for errors.
    fn variant(&mut self, index: u32, name: &'static str) -> Result<(&'a Fields, String), EncodeError> {
        let Shape::Named(named) = self.shape else {
            return self.differs(format_args!("the variant `{name}`"));
        };
        self.deeper()?;
        let named = self.types.get(*named);
        let Body::Enum(variants) = &named.body else {
            return self.differs(format_args!("the variant `{name}`"));
        };
        let expected = variants.get(index as usize);
        match expected {
            Some(variant)
                if variant.is_called(name)
                    || (variant.names().any(|known| is_same_name(known, name))
                        && variants.iter().all(|variant| !variant.is_called(name))) =>
            {
                put(index, &mut self.out.bytes);
                Ok((&variant.fields, format!("{}::{name}", named.name)))
            }
            _ => {
                let expected = expected.map(|variant| variant.name.clone());
                Err(Fault::Variant { owner: named.name.clone(), expected, found: name, index }.into())
            }
        }
    }

    /// Begins the fields of a variant that has several.
    fn variant_parts(mut self, index: u32, name: &'static str, len: usize) -> Result<Parts<'a>, EncodeError> {
        let (fields, owner) = self.variant(index, name)?;
        let expected = match fields {
            Fields::Tuple(parts) => Expected::Tuple(parts),
            Fields::Named(named) => Expected::Fields(named),
            Fields::Unit | Fields::Newtype(_) => return Err(EncodeError::kind(owner, fields, len)),
        };
        Ok(Parts::begin(self, expected, owner, Some(len)))
    }
}

macro_rules! wholes {
    ($($method:ident $type:ident),*) => {$(
        fn $method(self, number: $type) -> Result<(), EncodeError> {
            self.whole(number, stringify!($type))
        }
    )*};
}

impl<'a> Serializer for Encoder<'a> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    wholes!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128);

    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        self.primitive(Primitive::Bool, value, "a bool")
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.primitive(Primitive::Char, value, "a char")
    }

    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        match self.shape {
            Shape::Primitive(Primitive::F64) => put(f64::from(value), &mut self.out.bytes),
            _ => return self.primitive(Primitive::F32, value, "an f32"),
        }
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        let short = value as f32;
        match self.shape {
            // No bit may be lost.
            Shape::Primitive(Primitive::F32) if f64::from(short).to_bits() == value.to_bits() => {
                put(short, &mut self.out.bytes);
            }
            _ => return self.primitive(Primitive::F64, value, "an f64"),
        }
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        // Bytes and a text of the same bytes are encoded alike.
        let Shape::Primitive(Primitive::Str | Primitive::Bytes) = self.shape else {
            return self.differs("a text");
        };
        put_bytes(value.as_bytes(), &mut self.out.bytes);
        Ok(())
    }

    fn serialize_bytes(mut self, value: &[u8]) -> Result<(), EncodeError> {
        match self.shape {
            Shape::Primitive(Primitive::Bytes) => {}
            Shape::List(element) if self.types.unwrapped(element).is_byte() => self.deeper()?,
            _ => return self.differs("bytes"),
        }
        put_bytes(value, &mut self.out.bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        let Shape::Option(_) = self.shape else { return self.differs("an option") };
        put(0u8, &mut self.out.bytes);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Result<(), EncodeError> {
        let Shape::Option(content) = self.shape else { return self.differs("an option") };
        self.deeper()?;
        put(1u8, &mut self.out.bytes);
        encode_part(value, content, self.types, self.out, self.depth)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.unit("()")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), EncodeError> {
        self.unit(name)
    }

    fn serialize_unit_variant(
        mut self,
        _: &'static str,
        index: u32,
        name: &'static str,
    ) -> Result<(), EncodeError> {
        let (fields, owner) = self.variant(index, name)?;
        if matches!(fields, Fields::Unit) { Ok(()) } else { Err(EncodeError::kind(owner, fields, 0)) }
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        owner: &'static str,
        index: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        if owner == MARK {
            let Shape::Own(own) = self.shape else { return self.differs(name) };
            return own_codec::encode(value, (name, index), own, Plain { out: self.out, depth: self.depth });
        }
        let (fields, owner) = self.variant(index, name)?;
        let Fields::Newtype(content) = fields else { return Err(EncodeError::kind(owner, fields, 1)) };
        encode_part(value, content, self.types, self.out, self.depth)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Parts<'a>, EncodeError> {
        self.elements(len, "a sequence")
    }

    fn serialize_tuple(self, len: usize) -> Result<Parts<'a>, EncodeError> {
        self.elements(Some(len), "a tuple")
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Parts<'a>, EncodeError> {
        self.elements(Some(len), name)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, EncodeError> {
        self.variant_parts(index, name, len)
    }

    fn serialize_map(mut self, len: Option<usize>) -> Result<Parts<'a>, EncodeError> {
        let Shape::Map(key, value) = self.shape else { return self.differs("a map") };
        self.deeper()?;
        Ok(Parts::begin(self, Expected::Entries(key, value), "a map".into(), len))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Parts<'a>, EncodeError> {
        let expected = match self.fields() {
            Some(Fields::Named(fields)) => Expected::Fields(fields),
            // A struct with aliases, whose names are not known.
            Some(Fields::Tuple(parts)) => Expected::Tuple(parts),
            _ => return self.differs(name),
        };
        Ok(Parts::begin(self, expected, name.into(), Some(len)))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, EncodeError> {
        self.variant_parts(index, name, len)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Writes the parts of a value, one after another.
struct Parts<'a> {
    types: &'a Types,
    out: &'a mut Encoded,
    /// The levels of nesting that the reader will allow inside of the parts.
    depth: usize,
    expected: Expected<'a>,
    /// The name for errors.
    owner: String,
    /// The number that was announced and written.
    announced: Option<usize>,
    /// The length of `out` before the parts.
    start: usize,
    count: usize,
    /// The number of values of a map.
    values: usize,
}

impl<'a> Parts<'a> {
    /// Begins the parts. Writes their number if it is not fixed.
    fn begin(
        encoder: Encoder<'a>,
        expected: Expected<'a>,
        owner: String,
        announced: Option<usize>,
    ) -> Parts<'a> {
        let Encoder { types, out, depth, .. } = encoder;
        if let (None, Some(len)) = (expected.count(), announced) {
            put_len(len, &mut out.bytes);
        }
        let start = out.bytes.len();
        Parts { types, out, depth, expected, owner, announced, start, count: 0, values: 0 }
    }

    fn wrong_count(&mut self, expected: usize, found: usize) -> EncodeError {
        Fault::Fields { owner: std::mem::take(&mut self.owner), expected, found }.into()
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let at = self.count;
        self.count += 1;
        let shape = match &self.expected {
            Expected::Each(shape) | Expected::Entries(shape, _) => shape,
            Expected::Tuple(parts) => match parts.get(at) {
                Some(part) => part,
                None => return Err(self.wrong_count(at, at + 1)),
            },
            Expected::Fields(fields) => return Err(self.wrong_count(fields.len(), at + 1)),
        };
        encode_part(value, shape, self.types, self.out, self.depth).map_err(|error| error.at(Step::Part(at)))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), EncodeError> {
        let Expected::Fields(fields) = self.expected else { return self.element(value) };
        let at = self.count;
        self.count += 1;
        let Some((expected, shape)) = fields.get(at) else {
            return Err(self.wrong_count(fields.len(), at + 1));
        };
        let is_other = || !is_same_name(expected, name) || fields.iter().any(|(known, _)| known == name);
        if expected != name && is_other() {
            let (owner, expected) = (std::mem::take(&mut self.owner), expected.clone());
            return Err(Fault::Field { owner, expected, found: name }.into());
        }
        encode_part(value, shape, self.types, self.out, self.depth)
            .map_err(|error| error.at(Step::Field(name.into())))
    }

    fn finish(mut self) -> Result<(), EncodeError> {
        let found = self.count;
        if self.expected.count().is_none() {
            self.out.elements += found;
        }
        if matches!(self.expected, Expected::Entries(..)) && self.values != found {
            return Err(Fault::Length { announced: found, found: self.values }.into());
        }
        match (self.expected.count(), self.announced) {
            (Some(expected), _) if expected == found => Ok(()),
            (Some(expected), _) => Err(self.wrong_count(expected, found)),
            (None, Some(announced)) if announced == found => Ok(()),
            (None, Some(announced)) => Err(Fault::Length { announced, found }.into()),
            (None, None) => {
                let mut len = Vec::new();
                put_len(found, &mut len);
                self.out.bytes.splice(self.start..self.start, len);
                Ok(())
            }
        }
    }
}

macro_rules! elements {
    ($($name:ident $method:ident),*) => {$(
        impl $name for Parts<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.element(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.finish()
            }
        }
    )*};
}

elements!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

macro_rules! fields {
    ($($name:ident),*) => {$(
        impl $name for Parts<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.field(name, value)
            }

            fn skip_field(&mut self, field: &'static str) -> Result<(), EncodeError> {
                Err(Fault::Skipped { owner: std::mem::take(&mut self.owner), field }.into())
            }

            fn end(self) -> Result<(), EncodeError> {
                self.finish()
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.element(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let Expected::Entries(_, shape) = &self.expected else {
            return Err(ser::Error::custom("a value outside of a map"));
        };
        let at = self.count.saturating_sub(1);
        self.values += 1;
        encode_part(value, shape, self.types, self.out, self.depth).map_err(|error| error.at(Step::Part(at)))
    }

    fn end(self) -> Result<(), EncodeError> {
        self.finish()
    }
}
