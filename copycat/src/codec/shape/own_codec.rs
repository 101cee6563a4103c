//! Types that bring their own codec ([`writable`](crate::codec::writable)): how they are traced, and how their values
//! are encoded.

use super::OwnCodec;
use super::encode_error::{EncodeError, Fault};
use super::exploration::Refused;
use super::plain::Plain;
use crate::codec::writable::SAMPLE;
use serde::de::value::BorrowedBytesDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Lets a type that is traced read a sample of itself.
pub(super) struct SampleValue {
    /// The number of its codec.
    pub(super) codec: u32,
}

impl EnumAccess<'static> for SampleValue {
    type Error = Refused;
    type Variant = SampleValue;

    fn variant_seed<V: DeserializeSeed<'static>>(self, seed: V) -> Result<(V::Value, SampleValue), Refused> {
        Ok((seed.deserialize(self.codec.into_deserializer())?, self))
    }
}

impl VariantAccess<'static> for SampleValue {
    type Error = Refused;

    fn newtype_variant_seed<T: DeserializeSeed<'static>>(self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(BorrowedBytesDeserializer::new(&SAMPLE))
    }

    fn unit_variant(self) -> Result<(), Refused> {
        Err(no_content())
    }

    fn tuple_variant<V: Visitor<'static>>(self, _: usize, _: V) -> Result<V::Value, Refused> {
        Err(no_content())
    }

    fn struct_variant<V: Visitor<'static>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Refused> {
        Err(no_content())
    }
}

fn no_content() -> Refused {
    Refused::because("a value with its own codec has bytes")
}

/// Encodes a value as its type wrote it, if the type is the expected one.
pub(super) fn encode<T: Serialize + ?Sized>(
    bytes: &T,
    (name, codec): (&str, u32),
    expected: &OwnCodec,
    out: Plain<'_>,
) -> Result<(), EncodeError> {
    if name != expected.name || codec != u32::from(expected.codec) {
        let shown = |name: &str, codec: u32| format!("{name} (codec {codec})");
        let (expected, found) = (shown(&expected.name, expected.codec.into()), shown(name, codec));
        return Err(Fault::Type { expected, found }.into());
    }
    out.serialize_newtype_variant("", codec, "", bytes)
}
