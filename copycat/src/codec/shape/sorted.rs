//! Encoded values with the entries of their maps in order.
//!
//! A `HashMap` is encoded in the order in which its hasher happens to keep it. That order is no part of the value.

use super::{Body, Fields, Primitive, Shape, Types};
use crate::codec::payload;
use serde::de::DeserializeOwned;

/// Returns the encoded value with the entries of every map in the order of their encoded keys. Returns `None` if a
/// shape is not known, or the bytes are no value of the shape.
pub(crate) fn sorted(bytes: &[u8], shape: &Shape, types: &Types) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut reader = Reader { rest: bytes, types };
    reader.part(shape, &mut out)?;
    reader.rest.is_empty().then_some(out)
}

/// Takes encoded values apart.
struct Reader<'a> {
    rest: &'a [u8],
    types: &'a Types,
}

impl<'a> Reader<'a> {
    /// Copies a part. Returns `None` if the bytes are none.
    fn part(&mut self, shape: &Shape, out: &mut Vec<u8>) -> Option<()> {
        match self.types.unwrapped(shape) {
            Shape::Primitive(primitive) => self.primitive(*primitive, out),
            Shape::Unit => Some(()),
            Shape::Option(content) => match self.copy(1, out)? {
                [0] => Some(()),
                _ => self.part(content, out),
            },
            Shape::List(element) => {
                let count: u64 = self.number(out)?;
                (0..count).try_for_each(|_| self.part(element, out))
            }
            Shape::Map(key, value) => self.map(key, value, out),
            Shape::Tuple(parts) => parts.iter().try_for_each(|part| self.part(part, out)),
            Shape::Named(index) => {
                let types = self.types;
                match &types.get(*index).body {
                    Body::Struct(fields) => self.fields(fields, out),
                    Body::Enum(variants) => {
                        let at: u32 = self.number(out)?;
                        self.fields(&variants.get(at as usize)?.fields, out)
                    }
                }
            }
            Shape::Own(_) => {
                let _codec: u32 = self.number(out)?;
                self.primitive(Primitive::Bytes, out)
            }
            Shape::Opaque(_) => None,
        }
    }

    fn fields(&mut self, fields: &Fields, out: &mut Vec<u8>) -> Option<()> {
        match fields {
            Fields::Unit => Some(()),
            Fields::Newtype(content) => self.part(content, out),
            Fields::Tuple(parts) => parts.iter().try_for_each(|part| self.part(part, out)),
            Fields::Named(fields) => fields.iter().try_for_each(|(_, part)| self.part(part, out)),
        }
    }

    fn map(&mut self, key: &Shape, value: &Shape, out: &mut Vec<u8>) -> Option<()> {
        let count: u64 = self.number(out)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let mut entry = (Vec::new(), Vec::new());
            self.part(key, &mut entry.0)?;
            self.part(value, &mut entry.1)?;
            entries.push(entry);
        }
        entries.sort();
        entries.into_iter().for_each(|(key, value)| out.extend([key, value].concat()));
        Some(())
    }

    fn primitive(&mut self, primitive: Primitive, out: &mut Vec<u8>) -> Option<()> {
        let len = match primitive {
            Primitive::Bool | Primitive::I8 | Primitive::U8 => 1,
            Primitive::F32 => 4,
            Primitive::F64 => 8,
            Primitive::Char => char_len(*self.rest.first()?),
            Primitive::Str | Primitive::Bytes => {
                let len: u64 = self.number(out)?;
                usize::try_from(len).ok()?
            }
            _ => number_len(*self.rest.first()?)?,
        };
        self.copy(len, out).map(drop)
    }

    /// Copies a number, and returns it.
    fn number<T: DeserializeOwned>(&mut self, out: &mut Vec<u8>) -> Option<T> {
        let bytes = self.copy(number_len(*self.rest.first()?)?, out)?;
        payload::decode(bytes).ok()
    }

    fn copy(&mut self, len: usize, out: &mut Vec<u8>) -> Option<&'a [u8]> {
        let (front, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        out.extend_from_slice(front);
        Some(front)
    }
}

/// Returns the number of bytes of a number of several bytes, from its first one.
fn number_len(first: u8) -> Option<usize> {
    match first {
        0..=250 => Some(1),
        251 => Some(3),
        252 => Some(5),
        253 => Some(9),
        254 => Some(17),
        255 => None,
    }
}

/// Returns the number of bytes of a character, from its first one.
fn char_len(first: u8) -> usize {
    match first {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tracer::{Traced, Tracer};
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::{BTreeMap, HashMap};

    fn form<T: Serialize + Deserialize<'static>>(value: &T) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut tracer = Tracer::default();
        let Traced::Found(shape) = tracer.trace::<T>() else { panic!("a shape") };
        let mut bytes = Vec::new();
        payload::append(value, &mut bytes).unwrap();
        let form = sorted(&bytes, &shape, &tracer.into_types());
        (bytes, form)
    }

    #[derive(Serialize, Deserialize)]
    enum Part {
        Empty,
        One(char),
        Several { name: String, numbers: (i8, u16, u128), bytes: Vec<u8> },
        Floats([f32; 2], f64),
    }

    #[test]
    fn what_has_no_maps_or_ordered_ones_stays_as_it_is() {
        let several = |number| Part::Several {
            name: "Zoë".into(),
            numbers: (-5, number, u128::from(number) << 90),
            bytes: vec![1; 300],
        };
        let parts = vec![Part::Empty, Part::One('🦀'), several(3), several(999), Part::Floats([0.5; 2], 7.0)];
        let value = (parts, Some(true), None::<u8>, u64::MAX, BTreeMap::from([(1u8, "one".to_owned())]), ());
        let (bytes, form) = form(&value);
        assert_eq!(form, Some(bytes));
    }

    #[test]
    fn the_order_of_a_map_does_not_count() {
        let map = |keys: &mut dyn Iterator<Item = u16>| -> HashMap<u16, Option<u16>> {
            keys.map(|key| (key, Some(key))).collect()
        };
        let (one, other) = (form(&map(&mut (0..500))), form(&map(&mut (0..500).rev())));
        assert_ne!(one.0, other.0, "their hashers differ");
        assert!(one.1.is_some() && one.1 == other.1);
        assert_ne!(one.1, form(&map(&mut (1..501))).1);
    }

    #[test]
    fn bytes_that_are_no_value_have_no_form() {
        assert_eq!(sorted(&[1, 2], &Shape::Primitive(Primitive::U8), &Types::default()), None);
        assert_eq!(sorted(&[5, 2], &Shape::Primitive(Primitive::Str), &Types::default()), None);
        assert_eq!(sorted(&[1], &Shape::Opaque("Secret".into()), &Types::default()), None);
    }
}
