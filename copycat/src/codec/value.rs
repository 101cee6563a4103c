//! Reads values from untrusted bytes. The library decodes numbers; this file decodes everything composed of them.
//!
//! The library's own reader allocates as much memory as a length claims. It reads as many elements as a length
//! claims, even if they take no bytes, and follows nested values to any depth. Ten forged bytes then cost a mebibyte
//! or a million years, and a few thousand bytes overflow the stack. This reader allocates no more for a value than
//! its bytes justify, and reads values nested at most [`DEPTH_MAX`] deep.

use bincode::error::DecodeError;
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};
use serde::de::{Deserialize, MapAccess, SeqAccess};
use std::fmt;
use std::str::Utf8Error;
use thiserror::Error;

/// Maximum nesting of options, sequences, maps and enums. The stack of a node's thread holds this depth with a
/// margin, even without optimizations. Every type that contains itself does so through one of these.
pub(crate) const DEPTH_MAX: usize = 128;

/// Most elements of a value that take no byte each, like `()`, counted over all its sequences and maps.
pub(crate) const BYTELESS_MAX: usize = 4_096;

/// Most bytes of an encoded number.
const NUMBER_LEN_MAX: usize = 17;

/// Why bytes are no value of the expected type. The reader keeps nothing of such bytes.
#[derive(Debug, Error)]
pub(crate) enum ValueError {
    /// A number, a boolean or a character is invalid, or the bytes end inside it.
    #[error("{0}")]
    Plain(#[source] DecodeError),
    /// A number takes more bytes than it needs. One value must have one encoding, since keys are compared by their
    /// bytes.
    #[error("a number takes more bytes than it needs")]
    Long,
    /// The bytes end before the value does.
    #[error("{needed} bytes needed, {available} there")]
    Truncated {
        /// Bytes of the next part.
        needed: u64,
        /// Bytes that are left.
        available: usize,
    },
    /// A string is not valid UTF-8.
    #[error("{0}")]
    Text(#[source] Utf8Error),
    /// More elements are claimed than there are bytes for. No memory was allocated for them.
    #[error("{claimed} elements where at most {possible} are possible")]
    Elements {
        /// The number of elements claimed.
        claimed: u64,
        /// The number of elements that the bytes could hold.
        possible: usize,
    },
    /// The value is nested too deep.
    #[error("nested deeper than {DEPTH_MAX}")]
    Depth,
    /// The type needs a self-describing format (untagged and internally tagged enums, `flatten`), and this one is
    /// not.
    #[error("the type needs a self-describing format (untagged or internally tagged enum, `flatten`)")]
    Nameless,
    /// The type's own `Deserialize` rejects the value.
    #[error("{0}")]
    Refused(String),
}

impl de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> ValueError {
        ValueError::Refused(message.to_string())
    }
}

/// Reads a value from the front of the bytes. Returns it with the number of bytes left.
pub(super) fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<(T, usize), ValueError> {
    let mut reader = Reader { rest: bytes, elements: bytes.len() + BYTELESS_MAX, depth: DEPTH_MAX };
    let value = T::deserialize(&mut reader)?;
    Ok((value, reader.rest.len()))
}

/// Reads a value by a seed from the front of the bytes. Returns it with the number of bytes left.
pub(super) fn read_seed<'de, T: DeserializeSeed<'de>>(
    bytes: &'de [u8],
    seed: T,
) -> Result<(T::Value, usize), ValueError> {
    let mut reader = Reader { rest: bytes, elements: bytes.len() + BYTELESS_MAX, depth: DEPTH_MAX };
    let value = seed.deserialize(&mut reader)?;
    Ok((value, reader.rest.len()))
}

/// Reads two values that follow one another, within one budget. The first one must take exactly `first` bytes. Returns
/// them with the number of bytes left behind the second one, or behind the first one if it is shorter.
pub(super) fn read_both<'de, A: Deserialize<'de>, B: Deserialize<'de>>(
    bytes: &'de [u8],
    first: usize,
) -> Result<((A, B), usize), ValueError> {
    let (front, behind) = bytes
        .split_at_checked(first)
        .ok_or(ValueError::Truncated { needed: first as u64, available: bytes.len() })?;
    let mut reader = Reader { rest: front, elements: bytes.len() + BYTELESS_MAX, depth: DEPTH_MAX };
    let one = A::deserialize(&mut reader)?;
    let left = reader.rest.len();
    reader.rest = behind;
    let other = B::deserialize(&mut reader)?;
    Ok(((one, other), left.max(reader.rest.len())))
}

struct Reader<'de> {
    rest: &'de [u8],
    /// Number of elements that may still be claimed. Each element that takes bytes starts at a byte of its own, at
    /// any depth. So this limits only the elements that take none.
    elements: usize,
    /// Levels of nesting that are left.
    depth: usize,
}

impl<'de> Reader<'de> {
    /// Reads a number of one byte, a float, a boolean or a character.
    fn plain<T: bincode::Decode<()>>(&mut self) -> Result<T, ValueError> {
        let front = &self.rest[..self.rest.len().min(NUMBER_LEN_MAX)];
        let config = bincode::config::standard();
        let (value, read) = bincode::decode_from_slice(front, config).map_err(ValueError::Plain)?;
        self.rest = &self.rest[read..];
        Ok(value)
    }

    /// Reads a number of several bytes. Fails if it takes more of them than it needs.
    fn number<T: bincode::Decode<()>>(&mut self) -> Result<T, ValueError> {
        let before = self.rest;
        let value = self.plain()?;
        let encoding = &before[..before.len() - self.rest.len()];
        if is_shortest(encoding) { Ok(value) } else { Err(ValueError::Long) }
    }

    /// Reads a length, then that many bytes.
    fn bytes(&mut self) -> Result<&'de [u8], ValueError> {
        let needed: u64 = self.number()?;
        let len = usize::try_from(needed).unwrap_or(usize::MAX);
        let available = self.rest.len();
        let taken = self.rest.split_at_checked(len).ok_or(ValueError::Truncated { needed, available })?;
        self.rest = taken.1;
        Ok(taken.0)
    }

    fn text(&mut self) -> Result<&'de str, ValueError> {
        std::str::from_utf8(self.bytes()?).map_err(ValueError::Text)
    }

    /// Reads the number of elements of a sequence or a map.
    fn count(&mut self) -> Result<usize, ValueError> {
        let (claimed, possible): (u64, _) = (self.number()?, self.elements);
        let count = usize::try_from(claimed).unwrap_or(usize::MAX);
        self.elements = possible.checked_sub(count).ok_or(ValueError::Elements { claimed, possible })?;
        Ok(count)
    }

    /// Calls `read` one level deeper, for a part that may contain a value of the outer type.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ValueError>) -> Result<T, ValueError> {
        self.depth = self.depth.checked_sub(1).ok_or(ValueError::Depth)?;
        let value = read(self);
        self.depth += 1;
        value
    }
}

/// Returns whether a number takes as few bytes as possible. The first byte says how many follow; the upper half of
/// those must not be zero.
fn is_shortest(encoding: &[u8]) -> bool {
    match encoding {
        [251, low, high] => *low > 250 || *high > 0,
        [252..=254, number @ ..] => number[number.len() / 2..].iter().any(|byte| *byte > 0),
        _ => true,
    }
}

macro_rules! read_by {
    ($read:ident: $($method:ident $visit:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            visitor.$visit(self.$read()?)
        }
    )*};
}

macro_rules! refuse {
    ($($method:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ValueError> {
            Err(ValueError::Nameless)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = ValueError;

    read_by!(plain: deserialize_bool visit_bool, deserialize_char visit_char, deserialize_u8 visit_u8,
        deserialize_i8 visit_i8, deserialize_f32 visit_f32, deserialize_f64 visit_f64);
    read_by!(number: deserialize_u16 visit_u16, deserialize_u32 visit_u32, deserialize_u64 visit_u64,
        deserialize_u128 visit_u128, deserialize_i16 visit_i16, deserialize_i32 visit_i32,
        deserialize_i64 visit_i64, deserialize_i128 visit_i128);
    read_by!(text: deserialize_str visit_borrowed_str);
    read_by!(bytes: deserialize_bytes visit_borrowed_bytes);
    refuse!(deserialize_any, deserialize_identifier, deserialize_ignored_any);

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_string(self.text()?.to_owned())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_byte_buf(self.bytes()?.to_owned())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if self.plain()? { self.deeper(|reader| visitor.visit_some(reader)) } else { visitor.visit_none() }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let left = self.count()?;
        self.deeper(|reader| visitor.visit_seq(Elements { reader, left }))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_seq(Elements { reader: self, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let left = self.count()?;
        self.deeper(|reader| visitor.visit_map(Elements { reader, left }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deeper(|reader| visitor.visit_enum(reader))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ValueError> {
        let variant: u32 = self.number()?;
        Ok((seed.deserialize(variant.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ValueError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_tuple(fields.len(), visitor)
    }
}

/// The elements of a sequence, a tuple or a map, in order.
struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
}

impl<'de> Elements<'_, 'de> {
    fn next<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ValueError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    /// Returns the number of elements to allocate memory for: at most one for each byte that is left.
    fn likely(&self) -> Option<usize> {
        Some(self.left.min(self.reader.rest.len()))
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ValueError> {
        self.next(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.likely()
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = ValueError;

    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ValueError> {
        self.next(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ValueError> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        self.likely()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::{BTreeMap, HashMap};
    use std::fmt::Debug;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Unit,
        Newtype(Box<str>),
        Tuple(i64, Option<f64>),
        Struct { wide: u128, list: Vec<Shape> },
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Chain(Option<Box<Chain>>);

    /// A value that takes no bytes encoded, and eight in memory.
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Cached {
        #[serde(skip)]
        sum: u64,
    }

    fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
        bincode::serde::encode_to_vec(value, bincode::config::standard()).unwrap()
    }

    /// Checks that this reader returns the value that the library wrote, and that the library's reader returns the
    /// same.
    fn same<T: Serialize + de::DeserializeOwned + PartialEq + Debug>(value: &T) {
        let bytes = encoded(value);
        let config = bincode::config::standard();
        let theirs: (T, usize) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
        let (ours, left) = read::<T>(&bytes).unwrap();
        assert_eq!((&ours, left), (value, 0));
        assert_eq!(theirs, (ours, bytes.len()));
        for end in 0..bytes.len() {
            assert!(read::<T>(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn every_shape_reads_as_the_library_wrote_it() {
        for number in
            [0, 1, 250, 251, 252, 255, 256, 65_535, 65_536, u64::from(u32::MAX), u64::MAX - 1, u64::MAX]
        {
            let signed = number as i64;
            same(&(
                number as u8,
                number as u16,
                number as u32,
                number,
                number as usize,
                u128::from(number) << 64,
            ));
            same(&(signed as i8, signed as i16, signed as i32, signed, i128::from(signed) << 60));
        }
        same(&(true, 'ß', 1.5f32, f64::MIN, (), "text".to_owned(), [7u16; 3]));
        same(&vec![
            Shape::Unit,
            Shape::Newtype("ada".into()),
            Shape::Tuple(-3, Some(2.5)),
            Shape::Struct { wide: u128::MAX, list: vec![Shape::Unit, Shape::Tuple(0, None)] },
        ]);
        same(&BTreeMap::from([("a".to_owned(), vec![Some(1u8), None]), ("b".to_owned(), vec![])]));
        same(&HashMap::from([(1u8, "one".to_owned()), (2, "two".to_owned())]));
        same(&(vec![(); 4_000], vec![[0u8; 0]; 90], Chain(Some(Box::default()))));
        same(&std::net::IpAddr::from([127, 0, 0, 1]));
    }

    #[test]
    fn a_claim_costs_nothing() {
        let mut forged = vec![253];
        forged.extend_from_slice(&u64::MAX.to_le_bytes());
        assert!(matches!(
            read::<String>(&forged),
            Err(ValueError::Truncated { needed: u64::MAX, available: 0 })
        ));
        assert!(matches!(read::<&[u8]>(&forged), Err(ValueError::Truncated { .. })));
        // Elements without bytes would be visited or created as often as is claimed.
        assert!(matches!(read::<Vec<()>>(&forged), Err(ValueError::Elements { claimed: u64::MAX, .. })));
        assert!(matches!(read::<Vec<Cached>>(&forged), Err(ValueError::Elements { .. })));
        assert!(matches!(read::<BTreeMap<(), ()>>(&forged), Err(ValueError::Elements { .. })));
    }

    #[test]
    fn elements_without_bytes_are_counted_over_the_whole_value() {
        let nested = |count: usize| vec![vec![(); count]; 3];
        assert!(read::<Vec<Vec<()>>>(&encoded(&nested(1_365))).is_ok());
        assert!(matches!(read::<Vec<Vec<()>>>(&encoded(&nested(1_375))), Err(ValueError::Elements { .. })));
        // Elements that take bytes are not limited, at any depth.
        let deep: Vec<Vec<Vec<u8>>> = vec![vec![vec![7; 100]; 100]; 100];
        assert_eq!(read::<Vec<Vec<Vec<u8>>>>(&encoded(&deep)).unwrap(), (deep, 0));
    }

    #[test]
    fn values_nest_as_deep_as_the_stack_of_a_thread_allows() {
        let chain = |length| [vec![1; length], vec![0]].concat();
        let shapes = |depth| [[3, 0, 1].repeat(depth), vec![0]].concat();
        // The default stack of a thread is 2 MiB. This test leaves half of it.
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
            assert!(read::<Chain>(&chain(DEPTH_MAX)).is_ok());
            assert!(matches!(read::<Chain>(&chain(DEPTH_MAX + 1)), Err(ValueError::Depth)));
            assert!(matches!(read::<Chain>(&chain(1 << 20)), Err(ValueError::Depth)));
            assert!(read::<Shape>(&shapes(DEPTH_MAX / 2 - 1)).is_ok());
            assert!(matches!(read::<Shape>(&shapes(DEPTH_MAX / 2)), Err(ValueError::Depth)));
        });
        thread.unwrap().join().unwrap();
    }

    #[test]
    fn one_value_has_one_encoding() {
        for long in [&[251, 250, 0][..], &[252, 255, 255, 0, 0], &[253, 1, 0, 0, 0, 0, 0, 0, 0]] {
            assert!(matches!(read::<u64>(long), Err(ValueError::Long)), "{long:?}");
        }
        assert!(matches!(read::<&str>(&[251, 1, 0, b'a']), Err(ValueError::Long)));
        assert!(matches!(read::<i32>(&[251, 3, 0]), Err(ValueError::Long)));
    }

    #[test]
    fn types_that_ask_the_bytes_what_they_are_get_no_answer() {
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(untagged)]
        enum Untagged {
            Number(u8),
        }
        assert!(matches!(read::<Untagged>(&encoded(&Untagged::Number(1))), Err(ValueError::Nameless)));
        assert!(matches!(read::<bool>(&[2]), Err(ValueError::Plain(_))));
        assert!(matches!(read::<&str>(&[1, 0xff]), Err(ValueError::Text(_))));
        assert!(matches!(read::<std::num::NonZeroU8>(&[0]), Err(ValueError::Refused(_))));
    }
}
