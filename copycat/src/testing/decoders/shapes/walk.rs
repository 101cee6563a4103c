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

    fn take<const LEN: usize>(&mut self) -> [u8; LEN] {
        let (taken, rest) = self.rest.split_first_chunk().expect("the value's bytes");
        self.rest = rest;
        *taken
    }

    fn flag(&mut self) -> bool {
        match self.take() {
            [0] => false,
            [1] => true,
            [other] => panic!("{other} as a flag"),
        }
    }

    /// Reads a number without a sign, whose first byte is its value or tells its length.
    fn number(&mut self) -> u128 {
        match self.take() {
            [small @ ..=250] => small.into(),
            [251] => u16::from_le_bytes(self.take()).into(),
            [252] => u32::from_le_bytes(self.take()).into(),
            [253] => u64::from_le_bytes(self.take()).into(),
            [254] => u128::from_le_bytes(self.take()),
            [255] => panic!("no length of a number"),
        }
    }

    /// Reads a number with a sign, which is its lowest bit.
    fn signed(&mut self) -> i128 {
        let number = self.number();
        (number >> 1) as i128 ^ -((number & 1) as i128)
    }

    fn bytes(&mut self) -> &'a [u8] {
        let len = self.number();
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
            (Shape::Option(_), Value::None) => assert!(!self.flag()),
            (Shape::Option(content), Value::Some(value)) => {
                assert!(self.flag());
                self.value(value, content);
            }
            (Shape::List(element), Value::List(values, _) | Value::Tuple(values)) => {
                assert_eq!(self.number(), values.len() as u128);
                values.iter().for_each(|value| self.value(value, element));
            }
            (Shape::List(element), Value::Repeated(value, count)) => {
                assert_eq!(self.number(), *count as u128);
                (0..*count).for_each(|_| self.value(value, element));
            }
            (Shape::List(_), Value::Bytes(bytes)) => assert_eq!(self.bytes(), bytes),
            (Shape::Map(key, content), Value::Map(entries, _)) => {
                self.is_lossy = true;
                assert_eq!(self.number(), entries.len() as u128);
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
        assert_eq!(self.number(), u128::from(*number));
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
            // Nothing is written for either.
            (Fields::Named(named), Content::Tuple(values)) => assert!(named.is_empty() && values.is_empty()),
            _ => panic!("{content:?} as {fields:?}"),
        }
    }

    fn primitive(&mut self, value: &Value, primitive: Primitive) {
        match (primitive, value) {
            (Primitive::Bool, Value::Bool(value)) => assert_eq!(self.flag(), *value),
            (Primitive::Char, Value::Char(value)) => {
                let text = value.to_string();
                let (taken, rest) = self.rest.split_at(text.len());
                self.rest = rest;
                assert_eq!(taken, text.as_bytes());
            }
            (Primitive::Str | Primitive::Bytes, Value::Text(text)) => {
                assert_eq!(self.bytes(), text.as_bytes())
            }
            (Primitive::Bytes, Value::Bytes(bytes)) => assert_eq!(self.bytes(), bytes),
            (Primitive::Bytes, Value::List(values, _) | Value::Tuple(values)) => {
                assert_eq!(self.number(), values.len() as u128);
                values.iter().for_each(|value| self.value(value, &BYTE));
            }
            (Primitive::Bytes, Value::Repeated(value, count)) => {
                assert_eq!(self.number(), *count as u128);
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
            Primitive::U8 => u8::from_le_bytes(self.take()).into(),
            Primitive::I8 => i8::from_le_bytes(self.take()).into(),
            Primitive::U16 | Primitive::U32 | Primitive::U64 | Primitive::U128 => self.number() as i128,
            Primitive::I16 | Primitive::I32 | Primitive::I64 | Primitive::I128 => self.signed(),
            other => panic!("a number as {other:?}"),
        };
        let is_large = number < 0 && primitive == Primitive::U128;
        self.is_lossy |= is_large || i64::try_from(number).is_err();
        number
    }

    fn float(&mut self, value: &Value, primitive: Primitive) {
        let (single, double) = match primitive {
            Primitive::F32 => (Some(f32::from_le_bytes(self.take())), None),
            _ => (None, Some(f64::from_le_bytes(self.take()))),
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
    let alike = written == read || read.split('|').any(|read| plain(written) == plain(read));
    assert!(alike, "`{written}` is read as `{read}`");
}
