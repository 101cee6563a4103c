//! Fuzzes the encoder of values by shape: any shape, and any value that fits it or nearly does.
//!
//! What the encoder lets through must be what was meant, and decode. The bytes are walked here by the shape with a
//! reader of its own, against the value.

mod value;
mod walk;

use super::Verdict;
use super::input::Input;
use crate::codec::shape::encoded::Encoded;
use crate::codec::shape::encoder::encode;
use crate::codec::shape::json::{read, write};
use crate::codec::shape::{Body, Fields, NamedType, Primitive, Shape, Types, Variant};
use std::collections::BTreeSet;
use value::Value;
use walk::Walk;

/// Names of types, fields and variants: some alike but for case, some with aliases.
const NAMES: [&str; 10] = ["a", "b", "A", "first_name", "firstName", "c|d", "d", "a|e", "", "ü"];

/// Most named types, and most parts of one.
const PARTS_MAX: u8 = 5;

/// Most shapes inside each other that are not named.
const DEPTH_MAX: usize = 4;

const PRIMITIVES: [Primitive; 16] = [
    Primitive::U8,
    Primitive::U64,
    Primitive::Str,
    Primitive::Bytes,
    Primitive::Bool,
    Primitive::Char,
    Primitive::I8,
    Primitive::I16,
    Primitive::I32,
    Primitive::I64,
    Primitive::I128,
    Primitive::U16,
    Primitive::U32,
    Primitive::U128,
    Primitive::F32,
    Primitive::F64,
];

/// Makes up a shape from the first bytes, and values of it from the rest, until nothing is left.
pub fn shapes(bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let (shape, types) = Shapes::take(&mut input);
    let mut verdict = Verdict::Refused;
    for _ in 0..8 {
        let value = Value::of(&shape, &types, &mut input);
        verdict = verdict.or(check(&value, &shape, &types));
        if input.is_empty() {
            break;
        }
    }
    verdict
}

/// Checks that the encoder refuses the value, or writes exactly it.
fn check(value: &Value, shape: &Shape, types: &Types) -> Verdict {
    let mut out = Encoded::default();
    if encode(value, shape, types, &mut out).is_err() {
        return Verdict::Refused;
    }
    let mut walk = Walk::new(&out.bytes, types);
    walk.value(value, shape);
    walk.end();
    let written = write::value(&out.bytes, shape, types).expect("what the encoder lets through decodes");
    if has_json(types) && !walk.is_lossy {
        // It reads at most 127 levels.
        let Ok(json) = serde_json::from_str(&written) else { return Verdict::Accepted };
        let mut again = Encoded::default();
        read::encode(&json, shape, types, &mut again).expect("JSON of a value is one of the shape");
        assert_eq!(again.bytes, out.bytes, "{written}");
    }
    Verdict::Accepted
}

/// Returns whether JSON tells all fields and variants apart by their names.
fn has_json(types: &Types) -> bool {
    fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> bool {
        let mut known = BTreeSet::new();
        names.flat_map(|name| name.split('|')).all(|name| known.insert(name))
    }
    let fields = |fields: &Fields| match fields {
        Fields::Named(named) => distinct(named.iter().map(|(name, _)| name.as_str())),
        _ => true,
    };
    types.0.iter().all(|named| match &named.body {
        Body::Struct(content) => fields(content),
        Body::Enum(variants) => {
            distinct(variants.iter().map(|variant| variant.name.as_str()))
                && variants.iter().all(|variant| fields(&variant.fields))
        }
    })
}

/// Makes up shapes.
struct Shapes<'a, 'b> {
    input: &'a mut Input<'b>,
    named: u8,
}

impl Shapes<'_, '_> {
    fn take(input: &mut Input<'_>) -> (Shape, Types) {
        let named = input.u8() % PARTS_MAX;
        let mut shapes = Shapes { input, named };
        let types = (0..named).map(|_| shapes.named_type()).collect();
        (shapes.shape(DEPTH_MAX), Types(types))
    }

    fn name(&mut self) -> String {
        NAMES[usize::from(self.input.u8()) % NAMES.len()].into()
    }

    fn named_type(&mut self) -> NamedType {
        let name = self.name();
        let body = match self.input.u8() % 2 {
            0 => Body::Struct(self.fields()),
            _ => {
                let count = self.input.u8() % PARTS_MAX;
                Body::Enum((0..count).map(|_| Variant { name: self.name(), fields: self.fields() }).collect())
            }
        };
        NamedType { name, body }
    }

    fn fields(&mut self) -> Fields {
        match self.input.u8() % 4 {
            0 => Fields::Unit,
            1 => Fields::Newtype(self.shape(DEPTH_MAX)),
            2 => Fields::Tuple(self.parts(DEPTH_MAX)),
            _ => {
                let count = self.input.u8() % PARTS_MAX;
                Fields::Named((0..count).map(|_| (self.name(), self.shape(DEPTH_MAX))).collect())
            }
        }
    }

    fn parts(&mut self, depth: usize) -> Vec<Shape> {
        let count = self.input.u8() % PARTS_MAX;
        (0..count).map(|_| self.shape(depth)).collect()
    }

    fn shape(&mut self, depth: usize) -> Shape {
        let kind = self.input.u8();
        let Some(depth) = depth.checked_sub(1) else { return Shape::Unit };
        match kind % 8 {
            0 => Shape::Primitive(PRIMITIVES[usize::from(kind / 8) % PRIMITIVES.len()]),
            1 => Shape::Unit,
            2 => Shape::Option(Box::new(self.shape(depth))),
            3 => Shape::List(Box::new(self.shape(depth))),
            4 => Shape::Map(Box::new(self.shape(depth)), Box::new(self.shape(depth))),
            5 => Shape::Tuple(self.parts(depth)),
            _ if self.named > 0 => Shape::Named(u32::from(kind / 8 % self.named)),
            _ => Shape::Primitive(Primitive::U32),
        }
    }
}
