//! The arguments of a command that is submitted by name: a tuple of an undeclared type, which is taken apart so
//! that the key can be encoded first.

use super::arguments::Arguments;
use super::commands::Method;
use super::encoding::ArgumentEncoder;
use crate::codec::shape::encoded::Encoded;
use crate::error::{Cause, Error};
use serde::ser::{Impossible, SerializeTuple, SerializeTupleStruct};
use serde::{Serialize, Serializer};
use std::fmt;

/// Encodes a tuple, in the order of the declaration, as the arguments of `method`. If this fails, nothing was sent.
pub(crate) fn encode<A: Serialize + ?Sized>(
    method: &'static Method,
    encoder: ArgumentEncoder<'_>,
    tuple: &A,
) -> Result<Arguments, Error> {
    let elements = tuple.serialize(Elements { encoder }).map_err(|stop| match stop {
        Stop::Shape | Stop::Custom => Cause::Shape { takes: method.arguments }.into(),
        Stop::Element(error) => error,
    })?;
    if elements.len() != method.arguments.len() {
        return Err(Cause::Shape { takes: method.arguments }.into());
    }
    let key = method.key.map_or(&[][..], |at| &elements[at]);
    let mut body = key.to_vec();
    let key_len = body.len();
    for (at, element) in elements.iter().enumerate() {
        if Some(at) != method.key {
            body.extend_from_slice(element);
        }
    }
    let fingerprint = encoder.fingerprint()?;
    let arguments = match method.split {
        // Each part has its own limits.
        Some(_) => Arguments { body, key_len, fingerprint },
        None => Arguments::within_limits(body, key_len, fingerprint)?,
    };
    // An argument of unknown shape was encoded as what it is.
    match (method.check)(&arguments.body, key_len) {
        Ok(()) => Ok(arguments),
        Err(_) => Err(Cause::Shape { takes: method.arguments }.into()),
    }
}

/// The reason why a value could not be taken apart.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("not a tuple")]
    Shape,
    #[error("the value's own `Serialize` failed")]
    Custom,
    #[error("{0}")]
    Element(Error),
}

impl serde::ser::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Stop {
        Stop::Custom
    }
}

/// A serializer that accepts a tuple, the unit, or a reference to one, and returns the encoding of each element.
struct Elements<'a> {
    encoder: ArgumentEncoder<'a>,
}

/// The encodings of the elements seen so far.
struct EncodedElements<'a> {
    encoder: ArgumentEncoder<'a>,
    elements: Vec<Vec<u8>>,
}

impl EncodedElements<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Stop> {
        let (at, mut encoded) = (self.elements.len(), Encoded::default());
        if at == self.encoder.len().map_err(Stop::Element)? {
            return Err(Stop::Shape);
        }
        self.encoder.argument(at, element, &mut encoded).map_err(Stop::Element)?;
        self.elements.push(encoded.bytes);
        Ok(())
    }
}

impl SerializeTuple for EncodedElements<'_> {
    type Ok = Vec<Vec<u8>>;
    type Error = Stop;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Stop> {
        self.push(element)
    }

    fn end(self) -> Result<Vec<Vec<u8>>, Stop> {
        Ok(self.elements)
    }
}

impl SerializeTupleStruct for EncodedElements<'_> {
    type Ok = Vec<Vec<u8>>;
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, field: &T) -> Result<(), Stop> {
        self.push(field)
    }

    fn end(self) -> Result<Vec<Vec<u8>>, Stop> {
        Ok(self.elements)
    }
}

/// Refuses everything that is not a tuple.
macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$ok, Stop> {
            Err(Stop::Shape)
        }
    )*};
}

type Never = Impossible<Vec<Vec<u8>>, Stop>;

impl<'a> Serializer for Elements<'a> {
    type Ok = Vec<Vec<u8>>;
    type Error = Stop;
    type SerializeSeq = Never;
    type SerializeTuple = EncodedElements<'a>;
    type SerializeTupleStruct = EncodedElements<'a>;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    fn serialize_unit(self) -> Result<Self::Ok, Stop> {
        Ok(Vec::new())
    }

    fn serialize_tuple(self, _: usize) -> Result<EncodedElements<'a>, Stop> {
        Ok(EncodedElements { encoder: self.encoder, elements: Vec::new() })
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<EncodedElements<'a>, Stop> {
        Ok(EncodedElements { encoder: self.encoder, elements: Vec::new() })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        inner: &T,
    ) -> Result<Self::Ok, Stop> {
        inner.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Self::Ok, Stop> {
        Err(Stop::Shape)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Self::Ok, Stop> {
        Err(Stop::Shape)
    }

    refuse! {
        serialize_bool(bool) -> Self::Ok;
        serialize_i8(i8) -> Self::Ok;
        serialize_i16(i16) -> Self::Ok;
        serialize_i32(i32) -> Self::Ok;
        serialize_i64(i64) -> Self::Ok;
        serialize_u8(u8) -> Self::Ok;
        serialize_u16(u16) -> Self::Ok;
        serialize_u32(u32) -> Self::Ok;
        serialize_u64(u64) -> Self::Ok;
        serialize_f32(f32) -> Self::Ok;
        serialize_f64(f64) -> Self::Ok;
        serialize_char(char) -> Self::Ok;
        serialize_str(&str) -> Self::Ok;
        serialize_bytes(&[u8]) -> Self::Ok;
        serialize_none() -> Self::Ok;
        serialize_unit_struct(&'static str) -> Self::Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> Self::Ok;
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }
}
