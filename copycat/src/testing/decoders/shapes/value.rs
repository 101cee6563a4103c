//! Values as their `Serialize` says them, with all liberties that it has.

use super::super::input::Input;
use super::NAMES;
use crate::codec::shape::{Body, Fields, Primitive, Shape, Types};
use serde::Serialize;
use serde::ser::{
    Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
};
use serde::ser::{SerializeTupleVariant, Serializer};

/// Most values inside each other: more than the encoder lets through.
const DEPTH_MAX: usize = 140;

/// Most elements of a list.
const ELEMENTS_MAX: u8 = 6;

/// Most elements of a list of one and the same value, in hundreds.
const REPEATED_MAX: usize = 45;

/// Most values inside of one, with those that are repeated.
const VALUES_MAX: usize = 5_000;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bool(bool),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    /// A whole number of the type with this index, from `i8` to `u64`.
    Number(u8, i128),
    Wide(u128),
    Single(f32),
    Double(f64),
    Unit,
    None,
    Some(Box<Value>),
    Newtype(Box<Value>),
    /// Elements, and the length that is announced.
    List(Vec<Value>, Option<usize>),
    /// One element, and how often.
    Repeated(Box<Value>, usize),
    Map(Vec<(Value, Value)>, Option<usize>),
    Tuple(Vec<Value>),
    Struct(Vec<(&'static str, Value)>),
    /// The number and the name of a variant, and its fields.
    Variant(u32, &'static str, Content),
}

/// The fields of a variant.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Unit,
    Newtype(Box<Value>),
    Tuple(Vec<Value>),
    Struct(Vec<(&'static str, Value)>),
}

/// Makes up values that fit a shape, or nearly do.
struct Maker<'a, 'b> {
    types: &'a Types,
    input: &'a mut Input<'b>,
    depth: usize,
    /// The number of values that may still be made.
    left: usize,
}

impl Value {
    /// Takes a value of a shape, or nearly.
    pub(super) fn of(shape: &Shape, types: &Types, input: &mut Input<'_>) -> Value {
        Maker { types, input, depth: 0, left: VALUES_MAX }.value(shape)
    }
}

fn name(known: &str) -> &'static str {
    NAMES.iter().find(|name| **name == known).copied().unwrap_or("")
}

impl Maker<'_, '_> {
    fn value(&mut self, shape: &Shape) -> Value {
        if self.depth == DEPTH_MAX || self.left == 0 || self.input.is_empty() && self.depth > 8 {
            return Value::Unit;
        }
        self.left -= 1;
        self.depth += 1;
        let choice = self.input.u8();
        let value = match choice {
            // A value of another kind, among them a wrapper, which is seen through.
            250 => Value::Newtype(Box::new(self.value(shape))),
            251 => self.primitive(Primitive::Bytes),
            252 => Value::Some(Box::new(self.value(shape))),
            253 => self.primitive(Primitive::I64),
            254 => Value::Tuple(vec![self.value(shape)]),
            255 => Value::Unit,
            _ => self.fitting(shape, choice),
        };
        self.depth -= 1;
        value
    }

    fn fitting(&mut self, shape: &Shape, choice: u8) -> Value {
        match shape {
            Shape::Primitive(primitive) => self.primitive(*primitive),
            Shape::Unit | Shape::Opaque(_) | Shape::Own(_) => Value::Unit,
            Shape::Option(_) if choice.is_multiple_of(2) => Value::None,
            Shape::Option(content) => Value::Some(Box::new(self.value(content))),
            Shape::List(element) if choice > 240 => {
                let count = usize::from(self.input.u8()) % REPEATED_MAX * 100;
                let before = self.left;
                let element = Box::new(self.value(element));
                let count = count.min(self.left / (before - self.left).max(1));
                self.left -= count * (before - self.left);
                Value::Repeated(element, count)
            }
            Shape::List(element) => {
                let elements: Vec<_> = (0..choice % ELEMENTS_MAX).map(|_| self.value(element)).collect();
                let announced = self.announced(elements.len());
                Value::List(elements, announced)
            }
            Shape::Map(key, content) => {
                let entries: Vec<_> =
                    (0..choice % ELEMENTS_MAX).map(|_| (self.value(key), self.value(content))).collect();
                let announced = self.announced(entries.len());
                Value::Map(entries, announced)
            }
            Shape::Tuple(parts) => Value::Tuple(self.parts(parts)),
            Shape::Named(index) => match &self.types.get(*index).body {
                Body::Struct(fields) => match self.content(fields) {
                    Content::Unit => Value::Unit,
                    Content::Newtype(value) => Value::Newtype(value),
                    Content::Tuple(parts) => Value::Tuple(parts),
                    Content::Struct(fields) => Value::Struct(fields),
                },
                Body::Enum(variants) => {
                    let number = usize::from(choice) % (variants.len() + 1);
                    let Some(variant) = variants.get(number) else { return Value::Unit };
                    let content = self.content(&variant.fields);
                    let (number, known) = match choice / 8 {
                        29 => (number + 1, name(&variant.name)),
                        30 => (number, NAMES[usize::from(self.input.u8()) % NAMES.len()]),
                        _ => (number, name(variant.name.split('|').next().unwrap_or_default())),
                    };
                    Value::Variant(number as u32, known, content)
                }
            },
        }
    }

    fn content(&mut self, fields: &Fields) -> Content {
        match fields {
            Fields::Unit => Content::Unit,
            Fields::Newtype(content) => Content::Newtype(Box::new(self.value(content))),
            Fields::Tuple(parts) => Content::Tuple(self.parts(parts)),
            Fields::Named(named) => {
                let mut fields: Vec<_> =
                    named.iter().map(|(known, shape)| (name(known), self.value(shape))).collect();
                match self.input.u8() {
                    253 => drop(fields.pop()),
                    254 => fields.reverse(),
                    255 if !fields.is_empty() => {
                        fields[0].0 = NAMES[usize::from(self.input.u8()) % NAMES.len()];
                    }
                    _ => {}
                }
                Content::Struct(fields)
            }
        }
    }

    fn parts(&mut self, parts: &[Shape]) -> Vec<Value> {
        let mut values: Vec<_> = parts.iter().map(|part| self.value(part)).collect();
        match self.input.u8() {
            254 => drop(values.pop()),
            255 => values.push(Value::Unit),
            _ => {}
        }
        values
    }

    fn announced(&mut self, len: usize) -> Option<usize> {
        match self.input.u8() {
            253 => Some(len + 1),
            254 => len.checked_sub(1),
            200..253 => None,
            _ => Some(len),
        }
    }

    fn primitive(&mut self, primitive: Primitive) -> Value {
        let choice = self.input.u8();
        let number = match choice % 4 {
            0 => i128::from(self.input.u8()),
            1 => -i128::from(self.input.u16()),
            2 => i128::from(self.input.u32()) << (choice / 4 % 64),
            _ => -(1 << (choice / 4 % 64)),
        };
        match primitive {
            Primitive::Bool => Value::Bool(choice.is_multiple_of(2)),
            Primitive::Char => Value::Char(char::from_u32(self.input.u32() % 0x11_0000).unwrap_or('a')),
            Primitive::Str => {
                Value::Text(String::from_utf8_lossy(self.input.take(choice.into())).into_owned())
            }
            Primitive::Bytes if choice < 8 => Value::Text("text".into()),
            Primitive::Bytes => Value::Bytes(self.input.take(choice.into()).into()),
            Primitive::F32 | Primitive::F64 => match choice % 3 {
                0 => Value::Single(f32::from_bits(self.input.u32())),
                1 => {
                    let high = u64::from(self.input.u32()) << 32;
                    Value::Double(f64::from_bits(high | u64::from(self.input.u32())))
                }
                _ => Value::Number(choice / 3, number),
            },
            Primitive::U128 if choice > 200 => Value::Wide(number as u128),
            _ => Value::Number(choice / 4, number),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Char(value) => serializer.serialize_char(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Value::Number(kind, number) => serialize_number(*kind, *number, serializer),
            Value::Wide(number) => serializer.serialize_u128(*number),
            Value::Single(number) => serializer.serialize_f32(*number),
            Value::Double(number) => serializer.serialize_f64(*number),
            Value::Unit => serializer.serialize_unit(),
            Value::None => serializer.serialize_none(),
            Value::Some(value) => serializer.serialize_some(value),
            Value::Newtype(value) => serializer.serialize_newtype_struct("", value),
            Value::List(elements, announced) => {
                let mut list = serializer.serialize_seq(*announced)?;
                elements.iter().try_for_each(|element| list.serialize_element(element))?;
                list.end()
            }
            Value::Repeated(element, count) => {
                let mut list = serializer.serialize_seq(Some(*count))?;
                (0..*count).try_for_each(|_| list.serialize_element(element))?;
                list.end()
            }
            Value::Map(entries, announced) => {
                let mut map = serializer.serialize_map(*announced)?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Value::Tuple(parts) => {
                let mut tuple = serializer.serialize_tuple(parts.len())?;
                parts.iter().try_for_each(|part| tuple.serialize_element(part))?;
                tuple.end()
            }
            Value::Struct(fields) => {
                let mut parts = serializer.serialize_struct("", fields.len())?;
                fields.iter().try_for_each(|(name, value)| parts.serialize_field(name, value))?;
                parts.end()
            }
            Value::Variant(number, name, content) => content.serialize(*number, name, serializer),
        }
    }
}

impl Content {
    fn serialize<S: Serializer>(
        &self,
        number: u32,
        name: &'static str,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match self {
            Content::Unit => serializer.serialize_unit_variant("", number, name),
            Content::Newtype(value) => serializer.serialize_newtype_variant("", number, name, value),
            Content::Tuple(parts) => {
                let mut tuple = serializer.serialize_tuple_variant("", number, name, parts.len())?;
                parts.iter().try_for_each(|part| tuple.serialize_field(part))?;
                tuple.end()
            }
            Content::Struct(fields) => {
                let mut parts = serializer.serialize_struct_variant("", number, name, fields.len())?;
                fields.iter().try_for_each(|(name, value)| parts.serialize_field(name, value))?;
                parts.end()
            }
        }
    }
}

/// Writes a number as one of the types that hold it.
fn serialize_number<S: Serializer>(kind: u8, number: i128, serializer: S) -> Result<S::Ok, S::Error> {
    let large = |_| S::Error::custom("a number that its type does not hold");
    match kind % 10 {
        0 => serializer.serialize_u8(number.try_into().map_err(large)?),
        1 => serializer.serialize_u16(number.try_into().map_err(large)?),
        2 => serializer.serialize_u32(number.try_into().map_err(large)?),
        3 => serializer.serialize_u64(number.try_into().map_err(large)?),
        4 => serializer.serialize_u128(number.try_into().map_err(large)?),
        5 => serializer.serialize_i8(number.try_into().map_err(large)?),
        6 => serializer.serialize_i16(number.try_into().map_err(large)?),
        7 => serializer.serialize_i32(number.try_into().map_err(large)?),
        8 => serializer.serialize_i64(number.try_into().map_err(large)?),
        _ => serializer.serialize_i128(number),
    }
}
