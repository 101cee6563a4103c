//! Encodes a value whose shape is not known: as the library does, and within the bounds of whoever reads it.

use super::encode_error::{EncodeError, Fault};
use super::encoded::Encoded;
use super::numbers::{put, put_bytes, put_len};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant};
use serde::ser::{SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer};

/// Writes one value as its `Serialize` says.
pub(super) struct Plain<'a> {
    pub(super) out: &'a mut Encoded,
    /// The levels of nesting that the reader will allow from here on.
    pub(super) depth: usize,
}

impl<'a> Plain<'a> {
    /// Goes one level deeper, into a part that may contain a value of the outer type.
    fn deeper(&mut self) -> Result<(), EncodeError> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::Depth)?;
        Ok(())
    }

    /// Writes the number of a variant.
    fn variant(mut self, number: u32) -> Result<Plain<'a>, EncodeError> {
        self.deeper()?;
        put(number, &mut self.out.bytes);
        Ok(self)
    }

    /// Begins parts whose number the type knows.
    fn parts(self) -> Parts<'a> {
        let Plain { out, depth } = self;
        Parts { start: out.bytes.len(), out, depth, len: Len::Known, count: 0, owner: "" }
    }

    /// Begins elements, after their number.
    fn elements(mut self, len: Option<usize>) -> Result<Parts<'a>, EncodeError> {
        self.deeper()?;
        let Some(len) = len else { return Ok(Parts { len: Len::Missing, ..self.parts() }) };
        put_len(len, &mut self.out.bytes);
        Ok(Parts { len: Len::Announced(len), ..self.parts() })
    }
}

macro_rules! numbers {
    ($($method:ident $type:ident),*) => {$(
        fn $method(self, value: $type) -> Result<(), EncodeError> {
            put(value, &mut self.out.bytes);
            Ok(())
        }
    )*};
}

impl<'a> Serializer for Plain<'a> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    numbers!(serialize_bool bool, serialize_char char, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_i64 i64, serialize_i128 i128, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64, serialize_u128 u128, serialize_f32 f32, serialize_f64 f64);

    fn serialize_str(self, text: &str) -> Result<(), EncodeError> {
        put_bytes(text.as_bytes(), &mut self.out.bytes);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), EncodeError> {
        put_bytes(bytes, &mut self.out.bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        put(0u8, &mut self.out.bytes);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Result<(), EncodeError> {
        self.deeper()?;
        put(1u8, &mut self.out.bytes);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), EncodeError> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        number: u32,
        _: &'static str,
    ) -> Result<(), EncodeError> {
        self.variant(number).map(drop)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        number: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self.variant(number)?)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Parts<'a>, EncodeError> {
        self.elements(len)
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, EncodeError> {
        Ok(self.parts())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, EncodeError> {
        Ok(self.parts())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        number: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, EncodeError> {
        self.variant(number).map(Plain::parts)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Parts<'a>, EncodeError> {
        self.elements(len)
    }

    fn serialize_struct(self, owner: &'static str, _: usize) -> Result<Parts<'a>, EncodeError> {
        Ok(Parts { owner, ..self.parts() })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        number: u32,
        owner: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, EncodeError> {
        Ok(Parts { owner, ..self.variant(number)?.parts() })
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Where the number of parts is written.
enum Len {
    /// Nowhere: the type knows it.
    Known,
    /// Before the parts.
    Announced(usize),
    /// Before the parts, when it is known.
    Missing,
}

/// Writes the parts of a value, one after another.
pub(super) struct Parts<'a> {
    out: &'a mut Encoded,
    depth: usize,
    len: Len,
    /// The length of `out` before the parts.
    start: usize,
    count: usize,
    /// The name of a struct or a variant whose fields have names.
    owner: &'static str,
}

impl Parts<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.serialize(Plain { out: &mut *self.out, depth: self.depth })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.count += 1;
        self.part(value)
    }

    fn finish(self) -> Result<(), EncodeError> {
        let found = self.count;
        match self.len {
            Len::Known => return Ok(()),
            Len::Announced(announced) if announced != found => {
                return Err(Fault::Length { announced, found }.into());
            }
            Len::Announced(_) => {}
            Len::Missing => {
                let mut len = Vec::new();
                put_len(found, &mut len);
                self.out.bytes.splice(self.start..self.start, len);
            }
        }
        self.out.elements += found;
        Ok(())
    }
}

macro_rules! parts {
    ($($name:ident $method:ident $($field:ident $skips:ident)?),*) => {$(
        impl $name for Parts<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($field: &'static str,)?
                value: &T,
            ) -> Result<(), EncodeError> {
                self.element(value)
            }

            // Whoever reads the value reads each field, in whatever way its type is put together.
            $(fn $skips(&mut self, field: &'static str) -> Result<(), EncodeError> {
                Err(Fault::Skipped { owner: self.owner.into(), field }.into())
            })?

            fn end(self) -> Result<(), EncodeError> {
                self.finish()
            }
        }
    )*};
}

parts!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
    SerializeStruct serialize_field _name skip_field,
    SerializeStructVariant serialize_field _name skip_field
);

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.element(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.part(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.finish()
    }
}
