//! Compares bytes with the value that they should be, by a reader of their own.

use super::value::{Content, Value};
use crate::codec::shape::{Body, Fields, Primitive, Shape, Types, Variant};

/// Reads bytes by a shape.
pub(super) struct Walk<'a> {
    rest: &'a [u8],
    types: &'a Types,
    /// Whether JSON cannot say a value exactly, or in another order: numbers beyond 64 bits, NaN, maps.
    pub(super) is_lossy: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(rest: &'a [u8], types: &'a Types) -> Walk<'a> {
        Walk { rest, types, is_lossy: false }
    }

    pub(super) fn end(&self) {
        assert!(self.rest.is_empty(), "{:?} behind the value", self.rest);
    }

    fn take<T: bincode::Decode<()>>(&mut self) -> T {
        let (value, len) =
            bincode::decode_from_slice(self.rest, bincode::config::standard()).expect("a number");
        self.rest = &self.rest[len..];
        value
    }

    fn bytes(&mut self) -> &'a [u8] {
        let len: u64 = self.take();
        let (bytes, rest) = self.rest.split_at(len as usize);
        self.rest = rest;
        bytes
    }

    /// Reads a value, which must be the given one.
    pub(super) fn value(&mut self, value: &Value, shape: &Shape) {
        let shape = self.types.unwrapped(shape);
        match (shape, value) {
            (_, Value::Newtype(content)) => self.value(content, shape),
            (Shape::Primitive(primitive), _) => self.primitive(value, *primitive),
            (Shape::Unit, Value::Unit) => {}
            (Shape::Unit, Value::Tuple(parts)) => assert!(parts.is_empty()),
            (Shape::Unit, Value::List(parts, _)) => assert!(parts.is_empty()),
            (Shape::Unit, Value::Repeated(_, count)) => assert_eq!(*count, 0),
            (Shape::Option(_), Value::None) => assert!(!self.take::<bool>()),
            (Shape::Option(content), Value::Some(value)) => {
                assert!(self.take::<bool>());
                self.value(value, content);
            }
            (Shape::List(element), Value::List(values, _) | Value::Tuple(values)) => {
                assert_eq!(self.take::<u64>(), values.len() as u64);
                values.iter().for_each(|value| self.value(value, element));
            }
            (Shape::List(element), Value::Repeated(value, count)) => {
                assert_eq!(self.take::<u64>(), *count as u64);
                (0..*count).for_each(|_| self.value(value, element));
            }
            (Shape::List(_), Value::Bytes(bytes)) => assert_eq!(self.bytes(), bytes),
            (Shape::Map(key, content), Value::Map(entries, _)) => {
                self.is_lossy = true;
                assert_eq!(self.take::<u64>(), entries.len() as u64);
                for (name, value) in entries {
                    self.value(name, key);
                    self.value(value, content);
                }
            }
            (Shape::Tuple(parts), _) => self.tuple(value, parts),
            (Shape::Named(index), _) => match &self.types.get(*index).body {
                Body::Struct(fields) => self.named(value, fields),
                Body::Enum(variants) => self.variant(value, variants),
            },
            _ => panic!("{value:?} as {shape:?}"),
        }
    }

    fn named(&mut self, value: &Value, fields: &Fields) {
        match (fields, value) {
            (Fields::Unit, Value::Unit) => {}
            (Fields::Named(named), Value::Struct(fields)) => self.fields(fields, named),
            (Fields::Tuple(parts), _) => self.tuple(value, parts),
            _ => panic!("{value:?} as {fields:?}"),
        }
    }

    fn tuple(&mut self, value: &Value, parts: &[Shape]) {
        match value {
            Value::Tuple(values) | Value::List(values, _) => self.parts(values.iter(), parts),
            Value::Repeated(value, count) => self.parts(std::iter::repeat_n(&**value, *count), parts),
            // The names of a struct with aliases are not known.
            Value::Struct(fields) => self.parts(fields.iter().map(|(_, value)| value), parts),
            _ => panic!("{value:?} as {parts:?}"),
        }
    }

    fn parts<'v>(&mut self, values: impl ExactSizeIterator<Item = &'v Value>, parts: &[Shape]) {
        assert_eq!(values.len(), parts.len());
        values.zip(parts).for_each(|(value, part)| self.value(value, part));
    }

    fn fields(&mut self, fields: &[(&'static str, Value)], named: &[(String, Shape)]) {
        assert_eq!(fields.len(), named.len());
        for ((written, value), (read, shape)) in fields.iter().zip(named) {
            assert_alike(written, read);
            self.value(value, shape);
        }
    }

    fn variant(&mut self, value: &Value, variants: &[Variant]) {
        let Value::Variant(number, name, content) = value else { panic!("{value:?} as {variants:?}") };
        assert_eq!(self.take::<u32>(), *number);
        let Variant { name: read, fields } = &variants[*number as usize];
        if read.split('|').all(|read| read != *name) {
            assert_alike(name, read);
        }
        match (fields, content) {
            (Fields::Unit, Content::Unit) => {}
            (Fields::Newtype(shape), Content::Newtype(value)) => self.value(value, shape),
            (Fields::Tuple(parts), Content::Tuple(values)) => self.parts(values.iter(), parts),
            (Fields::Tuple(parts), Content::Struct(fields)) => {
                self.parts(fields.iter().map(|(_, value)| value), parts);
            }
            (Fields::Named(named), Content::Struct(fields)) => self.fields(fields, named),
            _ => panic!("{content:?} as {fields:?}"),
        }
    }

    fn primitive(&mut self, value: &Value, primitive: Primitive) {
        match (primitive, value) {
            (Primitive::Bool, Value::Bool(value)) => assert_eq!(self.take::<bool>(), *value),
            (Primitive::Char, Value::Char(value)) => assert_eq!(self.take::<char>(), *value),
            (Primitive::Str | Primitive::Bytes, Value::Text(text)) => {
                assert_eq!(self.bytes(), text.as_bytes())
            }
            (Primitive::Bytes, Value::Bytes(bytes)) => assert_eq!(self.bytes(), bytes),
            (Primitive::Bytes, Value::List(values, _) | Value::Tuple(values)) => {
                assert_eq!(self.take::<u64>(), values.len() as u64);
                values.iter().for_each(|value| self.value(value, &BYTE));
            }
            (Primitive::Bytes, Value::Repeated(value, count)) => {
                assert_eq!(self.take::<u64>(), *count as u64);
                (0..*count).for_each(|_| self.value(value, &BYTE));
            }
            (Primitive::F32 | Primitive::F64, _) => self.float(value, primitive),
            (_, Value::Number(_, number)) => {
                assert!(*number >= 0 || primitive != Primitive::U128);
                assert_eq!(self.whole(primitive), *number);
            }
            (_, Value::Wide(number)) => assert_eq!(self.whole(primitive) as u128, *number),
            _ => panic!("{value:?} as {primitive:?}"),
        }
    }

    /// Reads a whole number; one larger than every `i128` is negative here.
    fn whole(&mut self, primitive: Primitive) -> i128 {
        let number = match primitive {
            Primitive::U8 => self.take::<u8>().into(),
            Primitive::U16 => self.take::<u16>().into(),
            Primitive::U32 => self.take::<u32>().into(),
            Primitive::U64 => self.take::<u64>().into(),
            Primitive::I8 => self.take::<i8>().into(),
            Primitive::I16 => self.take::<i16>().into(),
            Primitive::I32 => self.take::<i32>().into(),
            Primitive::I64 => self.take::<i64>().into(),
            Primitive::I128 => self.take(),
            Primitive::U128 => self.take::<u128>() as i128,
            other => panic!("a number as {other:?}"),
        };
        self.is_lossy |= i64::try_from(number).is_err();
        number
    }

    fn float(&mut self, value: &Value, primitive: Primitive) {
        let (single, double) = match primitive {
            Primitive::F32 => (Some(self.take::<f32>()), None),
            _ => (None, Some(self.take::<f64>())),
        };
        let read = double.or(single.map(f64::from)).expect("one of them");
        self.is_lossy |= read.is_nan();
        match value {
            Value::Single(written) if single.is_some() => {
                assert_eq!(single.map(f32::to_bits), Some(written.to_bits()));
            }
            Value::Single(written) => {
                assert!(read.to_bits() == f64::from(*written).to_bits() || read.is_nan())
            }
            Value::Double(written) => assert!(read.to_bits() == written.to_bits() || read.is_nan()),
            Value::Number(_, number) => assert_eq!(read as i128, *number),
            Value::Wide(number) => assert_eq!(read as u128, *number),
            _ => panic!("{value:?} as {primitive:?}"),
        }
    }
}

static BYTE: Shape = Shape::Primitive(Primitive::U8);

/// Checks that two names differ at most in case and separators.
fn assert_alike(written: &str, read: &str) {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    assert!(read.split('|').any(|read| plain(written) == plain(read)), "`{written}` is read as `{read}`");
}
