//! Types that bring their own codec: they write their values into a buffer, and read them from it.
//!
//! To serde such a value is a variant of an enum: the number of the codec is the index of the variant, and the value
//! its content, as bytes. So the framework's encoding is one byte for the codec, the length, and the bytes; and the type
//! is known to every format of serde. The name of the enum tells it from all others.

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error as _, SeqAccess, VariantAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use thiserror::Error;

/// The name that serde knows of the enums that stand for these types.
pub(crate) const MARK: &str = "copycat::Writable";

/// The numbers that codecs may have. Each takes one byte in the encoding.
const CODECS: (u8, u8) = (128, 250);

/// The content that stands for a sample. It is told by its address, which no bytes from elsewhere have.
pub(crate) static SAMPLE: [u8; 6] = *b"sample";

/// A type that brings its own codec.
///
/// By default serde encodes the arguments and results of commands, field by field. A type that implements `Writable`
/// writes its own bytes instead, on the wire and in the log: packed tighter, or in the format of another system.
/// The macro `writable!` makes it usable like any other type, also inside of others.
///
/// ```
/// use copycat::{MalformedValue, Writable, writable};
///
/// /// The answers to 64 questions.
/// #[derive(Clone, Debug, PartialEq, Eq)]
/// pub struct Answers([bool; 64]);
///
/// impl Writable for Answers {
///     const NAME: &'static str = "Answers";
///     const CODEC: u8 = 128;
///
///     fn write(&self, buffer: &mut Vec<u8>) {
///         let bit = |(at, yes): (usize, &bool)| u64::from(*yes) << at;
///         buffer.extend(self.0.iter().enumerate().map(bit).sum::<u64>().to_le_bytes());
///     }
///
///     fn read(bytes: &[u8]) -> Result<Answers, MalformedValue> {
///         let bits = bytes.try_into().map_err(|_| MalformedValue("eight bytes, a bit for each answer"))?;
///         let bits = u64::from_le_bytes(bits);
///         Ok(Answers(std::array::from_fn(|at| bits >> at & 1 == 1)))
///     }
///
///     fn sample() -> Answers {
///         Answers([false; 64])
///     }
/// }
///
/// writable!(Answers);
/// ```
///
/// The log records such a type by [`NAME`](Writable::NAME) and [`CODEC`](Writable::CODEC) alone; it cannot look into
/// the bytes. So a change of the format that keeps both is not noticed. Give a changed format another number; a member
/// or a handle that has another one is then refused when it opens the resource. As JSON a value is an object with the
/// name and an array of the bytes: `{"Answers":[1,0,0,0,0,0,0,0]}`.
///
/// An encoded value is the byte [`CODEC`](Writable::CODEC), its length in 1 to 5 bytes, and its bytes.
pub trait Writable: Sized {
    /// The name of the type on record: not empty. Another name is another type.
    const NAME: &'static str;

    /// The number of the format, 128 to 250. A number outside of these bounds does not compile.
    const CODEC: u8;

    /// Appends the value to the buffer. What is in it already must stay.
    fn write(&self, buffer: &mut Vec<u8>);

    /// Reads a value from all of these bytes. They may be anything: the log or a client may be damaged or forged.
    ///
    /// # Errors
    ///
    /// If they are no value. An argument that cannot be read is refused, on every member alike.
    fn read(bytes: &[u8]) -> Result<Self, MalformedValue>;

    /// Returns any value. With it the framework finds out the shapes of types that contain this one.
    fn sample() -> Self;
}

/// Why bytes are no value: what they should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected {0}")]
pub struct MalformedValue(pub &'static str);

/// Writes a value as serde sees it.
pub fn write_value<T: Writable, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::new();
    value.write(&mut bytes);
    to.serialize_newtype_variant(MARK, Format::<T>::INDEX, T::NAME, &Content(&bytes))
}

/// Reads a value as serde sees it.
pub fn read_value<'de, T: Writable, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_enum(MARK, Format::<T>::VARIANTS, Value(PhantomData::<T>))
}

/// The format of a type as a variant of an enum.
struct Format<T>(PhantomData<T>);

impl<T: Writable> Format<T> {
    const INDEX: u32 = {
        assert!(CODECS.0 <= T::CODEC && T::CODEC <= CODECS.1, "a codec has a number from 128 to 250");
        assert!(!T::NAME.is_empty(), "a codec has a name");
        T::CODEC as u32
    };

    const ALL: &'static [&'static str; 256] = &[T::NAME; 256];

    /// The variants of the enum. The last one is the format; the others do not exist.
    const VARIANTS: &'static [&'static str] = Self::ALL.split_at(Self::INDEX as usize + 1).0;
}

/// The bytes of a value.
struct Content<'a>(&'a [u8]);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0)
    }
}

/// Reads a value with the number of its codec.
struct Value<T>(PhantomData<T>);

impl<'de, T: Writable> Visitor<'de> for Value<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in codec {}", T::NAME, T::CODEC)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<T, A::Error> {
        let ((), content) = access.variant_seed(CodecOf(PhantomData::<T>))?;
        content.newtype_variant_seed(ContentOf(PhantomData))
    }
}

/// Checks the number of a value's codec, or its name where the format names variants.
struct CodecOf<T>(PhantomData<T>);

impl<'de, T: Writable> DeserializeSeed<'de> for CodecOf<T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_identifier(self)
    }
}

impl<T: Writable> Visitor<'_> for CodecOf<T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "codec {} of {}", T::CODEC, T::NAME)
    }

    fn visit_u64<E: serde::de::Error>(self, codec: u64) -> Result<(), E> {
        if codec == u64::from(T::CODEC) {
            return Ok(());
        }
        Err(E::custom(format_args!("codec {codec}, expected codec {} of {}", T::CODEC, T::NAME)))
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<(), E> {
        if name == T::NAME {
            return Ok(());
        }
        Err(E::custom(format_args!("a value of {name:?}, expected one of {}", T::NAME)))
    }
}

/// Reads the bytes of a value.
struct ContentOf<T>(PhantomData<T>);

impl<'de, T: Writable> DeserializeSeed<'de> for ContentOf<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        from.deserialize_bytes(self)
    }
}

impl<'de, T: Writable> Visitor<'de> for ContentOf<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bytes of {}", T::NAME)
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        if std::ptr::eq(bytes.as_ptr(), SAMPLE.as_ptr()) {
            return Ok(T::sample());
        }
        T::read(bytes).map_err(|error| E::custom(format_args!("{}: {error}", T::NAME)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<T, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = elements.next_element::<u8>()? {
            bytes.push(byte);
        }
        T::read(&bytes).map_err(|error| A::Error::custom(format_args!("{}: {error}", T::NAME)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::payload;

    /// A date, in three bytes.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Date {
        year: u16,
        month: u8,
        day: u8,
    }

    impl Writable for Date {
        const NAME: &'static str = "Date";
        const CODEC: u8 = 250;

        fn write(&self, buffer: &mut Vec<u8>) {
            let days = (u32::from(self.year) * 12 + u32::from(self.month)) * 31 + u32::from(self.day);
            buffer.extend(&days.to_le_bytes()[..3]);
        }

        fn read(bytes: &[u8]) -> Result<Date, MalformedValue> {
            let [low, middle, high] = bytes else { return Err(MalformedValue("three bytes")) };
            let days = u32::from_le_bytes([*low, *middle, *high, 0]);
            let (months, day) = (days / 31, (days % 31) as u8);
            Ok(Date { year: (months / 12) as u16, month: (months % 12) as u8, day })
        }

        fn sample() -> Date {
            Date { year: 0, month: 0, day: 0 }
        }
    }

    writable!(Date);

    /// A type with the same bytes that is another one.
    #[derive(Debug)]
    struct Code;

    impl Writable for Code {
        const NAME: &'static str = "Code";
        const CODEC: u8 = 128;

        fn write(&self, buffer: &mut Vec<u8>) {
            buffer.extend([1, 2, 3]);
        }

        fn read(_: &[u8]) -> Result<Code, MalformedValue> {
            Ok(Code)
        }

        fn sample() -> Code {
            Code
        }
    }

    writable!(Code);

    const DAY: Date = Date { year: 2026, month: 11, day: 30 };

    fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
        let mut bytes = Vec::new();
        payload::append(value, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_value_is_its_codec_its_length_and_its_bytes() {
        let bytes = encoded(&DAY);
        assert_eq!((bytes[0], bytes[1], bytes.len()), (250, 3, 5));
        assert_eq!(payload::decode::<Date>(&bytes).unwrap(), DAY);
        assert_eq!(encoded(&Code), [128, 3, 1, 2, 3]);
    }

    #[test]
    fn malformed_bytes_and_those_of_other_codecs_are_refused() {
        let refused = |bytes: &[u8]| payload::decode::<Date>(bytes).unwrap_err().to_string();
        let mut bytes = encoded(&DAY);
        assert!(
            refused(&[250, 2, 1, 2]).contains("Date: expected three bytes"),
            "{}",
            refused(&[250, 2, 1, 2])
        );
        bytes[0] = 249;
        assert!(refused(&bytes).contains("codec 249, expected codec 250 of Date"), "{}", refused(&bytes));
        assert!(refused(&encoded(&Code)).contains("codec 128"));
        for cut in 0..4 {
            assert!(payload::decode::<Date>(&encoded(&DAY)[..cut]).is_err(), "{cut} bytes");
        }
        // The bytes that stand for a sample are nothing special when they come from elsewhere.
        assert!(refused(&[&[250, 6][..], b"sample"].concat()).contains("three bytes"));
        assert!(refused(&[250, 251, 255, 255]).contains("bytes"));
    }

    #[test]
    fn other_formats_of_serde_know_it_by_its_name() {
        let json = serde_json::to_string(&vec![DAY]).unwrap();
        assert_eq!(json, format!("[{{\"Date\":{:?}}}]", &encoded(&DAY)[2..]).replace(", ", ","));
        assert_eq!(serde_json::from_str::<Vec<Date>>(&json).unwrap(), [DAY]);
        let refused = serde_json::from_str::<Code>(&json[1..json.len() - 1]).unwrap_err().to_string();
        assert!(refused.contains("a value of \"Date\", expected one of Code"), "{refused}");
        assert!(serde_json::from_str::<Date>(r#"{"Date":null}"#).is_err());
        assert!(serde_json::from_str::<Date>("null").is_err());
    }
}
