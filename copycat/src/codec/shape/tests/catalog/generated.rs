//! Makes up values of a shape, as bytes.

use super::super::super::numbers::{put, put_bytes, put_len};
use super::super::super::samples::{BYTE_LENGTHS, BYTES, TEXTS};
use super::super::super::{Body, Fields, Primitive, Shape, Types};

/// Levels of nesting beyond which everything that may be missing is missing.
const DEPTH_SMALL: usize = 6;

/// Levels of nesting beyond which a value is given up.
const DEPTH_MAX: usize = 60;

/// Most bytes of a value.
const BYTES_MAX: usize = 4_096;

/// Makes up one value after the other.
pub(super) struct Generator<'a> {
    types: &'a Types,
    random: fastrand::Rng,
    out: Vec<u8>,
}

impl<'a> Generator<'a> {
    pub(super) fn new(types: &'a Types) -> Generator<'a> {
        Generator { types, random: fastrand::Rng::with_seed(7), out: Vec::new() }
    }

    /// Returns a value; `None` if all of several attempts became too large.
    pub(super) fn value(&mut self, shape: &Shape) -> Option<Vec<u8>> {
        (0..20).find_map(|_| {
            self.out.clear();
            self.part(shape, 0).map(|()| std::mem::take(&mut self.out))
        })
    }

    fn part(&mut self, shape: &Shape, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX || self.out.len() > BYTES_MAX {
            return None;
        }
        match shape {
            Shape::Primitive(primitive) => self.primitive(*primitive),
            Shape::Unit => {}
            Shape::Option(content) => {
                let given = depth < DEPTH_SMALL && self.random.bool();
                put(given, &mut self.out);
                if given {
                    self.part(content, depth + 1)?;
                }
            }
            Shape::List(element) => {
                for _ in 0..self.count(depth) {
                    self.part(element, depth + 1)?;
                }
            }
            Shape::Map(key, value) => {
                for _ in 0..self.count(depth) {
                    self.part(key, depth + 1)?;
                    self.part(value, depth + 1)?;
                }
            }
            Shape::Tuple(parts) => self.parts(parts.iter(), depth)?,
            Shape::Named(index) => match &self.types.get(*index).body {
                Body::Struct(fields) => self.fields(fields, depth)?,
                Body::Enum(variants) => {
                    let number = self.random.usize(..variants.len().max(1));
                    let variant = variants.get(number)?;
                    put(number as u32, &mut self.out);
                    self.fields(&variant.fields, depth)?;
                }
            },
            Shape::Opaque(_) | Shape::Own(_) => return None,
        }
        Some(())
    }

    fn fields(&mut self, fields: &Fields, depth: usize) -> Option<()> {
        match fields {
            Fields::Unit => Some(()),
            Fields::Newtype(content) => self.part(content, depth + 1),
            Fields::Tuple(parts) => self.parts(parts.iter(), depth + 1),
            Fields::Named(fields) => self.parts(fields.iter().map(|(_, shape)| shape), depth + 1),
        }
    }

    fn parts<'s>(&mut self, mut parts: impl Iterator<Item = &'s Shape>, depth: usize) -> Option<()> {
        parts.try_for_each(|part| self.part(part, depth))
    }

    fn count(&mut self, depth: usize) -> usize {
        let count = if depth < DEPTH_SMALL { self.random.usize(..5) } else { 0 };
        put_len(count, &mut self.out);
        count
    }

    /// Numbers are mostly small: those tell what comes next in types that were written by hand.
    fn primitive(&mut self, primitive: Primitive) {
        let (random, out) = (&mut self.random, &mut self.out);
        let small = random.u8(..12);
        let any = if random.u8(..4) > 0 { u128::from(small) } else { random.u128(..) };
        match primitive {
            Primitive::Bool => put(random.bool(), out),
            Primitive::Char => put(random.char(..), out),
            Primitive::Str if small == 0 => put_bytes("ü\"\n".as_bytes(), out),
            Primitive::Str => put_bytes(TEXTS[random.usize(..TEXTS.len())].as_bytes(), out),
            Primitive::Bytes => {
                put_bytes(&BYTES[..BYTE_LENGTHS[random.usize(..BYTE_LENGTHS.len())]], out);
            }
            Primitive::I8 => put(any as i8, out),
            Primitive::I16 => put(any as i16, out),
            Primitive::I32 => put(any as i32, out),
            Primitive::I64 => put(any as i64, out),
            Primitive::I128 => put(any as i128, out),
            Primitive::U8 => put(any as u8, out),
            Primitive::U16 => put(any as u16, out),
            Primitive::U32 => put(any as u32, out),
            Primitive::U64 => put(any as u64, out),
            Primitive::U128 => put(any, out),
            Primitive::F32 => put(any as f32, out),
            Primitive::F64 => put(any as f64, out),
        }
    }
}
