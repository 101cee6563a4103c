//! Encodes JSON as values of a shape.

use super::super::encode_error::{EncodeError, Fault, Step};
use super::super::encoded::Encoded;
use super::super::numbers::{Number, put, put_bytes, put_len, put_number};
use super::super::{Body, Fields, Primitive, Shape, Types};
use super::{Keys, SOME, is_nullable};
use crate::codec::value::DEPTH_MAX;
use serde_json::{Map, Value};

/// Appends the encoding of `value` as a value of `shape`. On an error `out` ends with a part of it.
pub(crate) fn encode(
    value: &Value,
    shape: &Shape,
    types: &Types,
    out: &mut Encoded,
) -> Result<(), EncodeError> {
    Reader { types, out: &mut *out, depth: DEPTH_MAX }.value(value, shape)?;
    out.check()
}

struct Reader<'a> {
    types: &'a Types,
    out: &'a mut Encoded,
    /// The levels of nesting that whoever decodes the value will allow from here on.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<(), EncodeError>) -> Result<(), EncodeError> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::Depth)?;
        read(self)?;
        self.depth += 1;
        Ok(())
    }

    fn value(&mut self, value: &Value, shape: &'a Shape) -> Result<(), EncodeError> {
        let shape = self.types.unwrapped(shape);
        match (shape, value) {
            (Shape::Primitive(primitive), _) => self.primitive(value, *primitive, shape),
            (Shape::Unit, Value::Null) => Ok(()),
            (Shape::Option(_), Value::Null) => {
                put(0u8, &mut self.out.bytes);
                Ok(())
            }
            (Shape::Option(content), _) => self.deeper(|reader| {
                put(1u8, &mut reader.out.bytes);
                reader.value(
                    if is_nullable(content, reader.types) {
                        some(value, shape, reader.types)?
                    } else {
                        value
                    },
                    content,
                )
            }),
            (Shape::List(element), Value::Array(elements)) => self.deeper(|reader| {
                put_len(elements.len(), &mut reader.out.bytes);
                reader.out.elements += elements.len();
                reader.each(elements.iter().map(|value| (value, &**element)))
            }),
            (Shape::Map(key, content), _) => self.deeper(|reader| reader.map(value, (key, content), shape)),
            (Shape::Tuple(parts), Value::Array(elements)) if parts.len() == elements.len() => {
                self.each(elements.iter().zip(parts))
            }
            (Shape::Named(index), _) => match &self.types.get(*index).body {
                Body::Struct(fields) => self.fields(value, fields, shape),
                Body::Enum(_) => self.deeper(|reader| reader.variant(value, shape)),
            },
            (Shape::Own(own), Value::Object(named)) => match named.iter().next() {
                Some((name, Value::Array(numbers))) if named.len() == 1 && *name == own.name => {
                    let bytes = numbers.iter().map(byte).collect::<Option<Vec<_>>>();
                    let Some(bytes) = bytes else { return self.differs(value, shape) };
                    self.deeper(|reader| {
                        put(u32::from(own.codec), &mut reader.out.bytes);
                        put_bytes(&bytes, &mut reader.out.bytes);
                        Ok(())
                    })
                }
                _ => self.differs(value, shape),
            },
            (Shape::Opaque(name), _) => Err(Fault::Unknown { name: name.clone() }.into()),
            _ => self.differs(value, shape),
        }
    }

    fn differs<T>(&self, found: &Value, shape: &Shape) -> Result<T, EncodeError> {
        differs(found, shape, self.types)
    }

    fn primitive(&mut self, value: &Value, primitive: Primitive, shape: &Shape) -> Result<(), EncodeError> {
        let out = &mut self.out.bytes;
        let fits = match (primitive, value) {
            (Primitive::Bool, Value::Bool(value)) => {
                put(*value, out);
                true
            }
            (Primitive::Str, Value::String(text)) => {
                put_bytes(text.as_bytes(), out);
                true
            }
            (Primitive::Char, Value::String(text)) => {
                let mut characters = text.chars();
                let only = characters.next().filter(|_| characters.next().is_none());
                only.map(|character| put(character, out)).is_some()
            }
            (Primitive::Bytes, Value::Array(numbers)) => {
                match numbers.iter().map(byte).collect::<Option<Vec<_>>>() {
                    Some(bytes) => {
                        put_bytes(&bytes, out);
                        true
                    }
                    None => false,
                }
            }
            (Primitive::F32 | Primitive::F64, _) => match (float(value), primitive) {
                (Some(number), Primitive::F64) => {
                    put(number, out);
                    true
                }
                // The nearest one: the same text is read as the same number.
                (Some(number), _) => {
                    put(number as f32, out);
                    true
                }
                (None, _) => false,
            },
            _ => whole(value).is_some_and(|number| put_number(number, primitive, out)),
        };
        if fits { Ok(()) } else { self.differs(value, shape) }
    }

    fn each<'v>(&mut self, parts: impl Iterator<Item = (&'v Value, &'a Shape)>) -> Result<(), EncodeError> {
        for (at, (value, shape)) in parts.enumerate() {
            self.value(value, shape).map_err(|error| error.at(Step::Part(at)))?;
        }
        Ok(())
    }

    fn map(
        &mut self,
        value: &Value,
        (key, content): (&'a Shape, &'a Shape),
        shape: &Shape,
    ) -> Result<(), EncodeError> {
        let keys = Keys::of(key, self.types);
        let entries: Vec<(Value, &Value)> = match value {
            Value::Object(entries) if keys != Keys::Pairs => {
                let key_of = |name: &String| match keys {
                    Keys::Plain => serde_json::from_str(name).unwrap_or_else(|_| name.clone().into()),
                    _ => name.clone().into(),
                };
                entries.iter().map(|(name, value)| (key_of(name), value)).collect()
            }
            Value::Array(pairs) => {
                let pair = |pair: &'_ Value| match pair.as_array().map(Vec::as_slice) {
                    Some([key, value]) => Some((key.clone(), value.clone())),
                    _ => None,
                };
                let Some(pairs) = pairs.iter().map(pair).collect::<Option<Vec<_>>>() else {
                    return self.differs(value, shape);
                };
                return self.entries(pairs.iter().map(|(key, value)| (key, value)), (key, content));
            }
            _ => return self.differs(value, shape),
        };
        self.entries(entries.iter().map(|(key, value)| (key, *value)), (key, content))
    }

    fn entries<'v>(
        &mut self,
        entries: impl ExactSizeIterator<Item = (&'v Value, &'v Value)>,
        (key, content): (&'a Shape, &'a Shape),
    ) -> Result<(), EncodeError> {
        put_len(entries.len(), &mut self.out.bytes);
        self.out.elements += entries.len();
        for (at, (name, value)) in entries.enumerate() {
            let written = self.value(name, key).and_then(|()| self.value(value, content));
            written.map_err(|error| error.at(Step::Part(at)))?;
        }
        Ok(())
    }

    fn fields(&mut self, value: &Value, fields: &'a Fields, shape: &Shape) -> Result<(), EncodeError> {
        match (fields, value) {
            (Fields::Unit, Value::Null) => Ok(()),
            (Fields::Newtype(content), _) => self.value(value, content),
            (Fields::Tuple(parts), Value::Array(elements)) if parts.len() == elements.len() => {
                self.each(elements.iter().zip(parts))
            }
            (Fields::Named(named), Value::Object(object)) => self.named(object, named),
            _ => self.differs(value, shape),
        }
    }

    fn named(
        &mut self,
        object: &Map<String, Value>,
        named: &'a [(String, Shape)],
    ) -> Result<(), EncodeError> {
        if let Some(unknown) = object.keys().find(|name| named.iter().all(|(known, _)| known != *name)) {
            return Err(Fault::UnknownField { name: unknown.clone() }.into());
        }
        for (name, shape) in named {
            // As serde does: what may be absent may be left out.
            let absent = is_nullable(shape, self.types).then_some(&Value::Null);
            let value =
                object.get(name).or(absent).ok_or_else(|| Fault::MissingField { name: name.clone() })?;
            self.value(value, shape).map_err(|error| error.at(Step::Field(name.clone().into())))?;
        }
        Ok(())
    }

    fn variant(&mut self, value: &Value, shape: &'a Shape) -> Result<(), EncodeError> {
        let Shape::Named(index) = shape else { return self.differs(value, shape) };
        let Body::Enum(variants) = &self.types.get(*index).body else { return self.differs(value, shape) };
        let (name, content) = match value {
            Value::String(name) => (name, &Value::Null),
            Value::Object(object) if object.len() == 1 => object.iter().next().expect("one entry"),
            _ => return self.differs(value, shape),
        };
        let Some(number) = variants.iter().position(|variant| variant.is_called(name)) else {
            return self.differs(value, shape);
        };
        put(number as u32, &mut self.out.bytes);
        let written = self.fields(content, &variants[number].fields, shape);
        written.map_err(|error| error.at(Step::Field(name.clone().into())))
    }
}

fn differs<T>(found: &Value, shape: &Shape, types: &Types) -> Result<T, EncodeError> {
    let (expected, mut found) = (shape.shown(types).to_string(), found.to_string());
    if let Some((at, _)) = found.char_indices().nth(SHOWN_MAX) {
        found.truncate(at);
        found.push('…');
    }
    Err(Fault::Type { expected, found }.into())
}

/// Most characters of a value in an error.
const SHOWN_MAX: usize = 100;

/// Returns the content of `{"Some": …}`.
fn some<'v>(value: &'v Value, shape: &Shape, types: &Types) -> Result<&'v Value, EncodeError> {
    let content = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.get(SOME));
    content.map_or_else(|| differs(value, shape, types), Ok)
}

fn byte(value: &Value) -> Option<u8> {
    value.as_u64().and_then(|number| number.try_into().ok())
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// Returns a whole number. One that JSON readers round may be written as a text.
fn whole(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Some(number.into()),
            (None, number) => number.map(Number::from),
        },
        Value::String(text) => match (text.parse::<i128>(), text.parse::<u128>()) {
            (Ok(number), _) => Some(number.into()),
            (_, number) => number.ok().map(Number::from),
        },
        _ => None,
    }
}
