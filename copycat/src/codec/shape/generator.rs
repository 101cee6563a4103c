//! Makes up encoded values of a shape, for tests of the methods that take them.
//!
//! Most values come from small sets, so that the keys of several commands meet and states grow. Some are at the edges
//! of their type. A type may refuse a value of its shape (a date is a text): whoever asks decodes what was made up, and
//! asks again.

use super::numbers::{Number, put, put_bytes, put_len, put_number};
use super::samples::{BYTE_LENGTHS, BYTES, CHARS, NUMBERS, TEXTS};
use super::{Body, Fields, Primitive, Shape, Types};

/// Most levels of types around each other. Only types that contain themselves have more.
const DEPTH_MAX: usize = 16;

/// The levels left from which on nothing is made up that may be left out. So values of types that contain themselves
/// stay small.
const DEPTH_SPARSE: usize = 9;

/// Texts of which keys are made: empty, short, of several bytes a character.
const NAMES: [&str; 8] = ["ada", "bob", "grace", "a", "b", "", "Zoë", "日本 🦀"];

/// Floats, from the commonest to the edges.
const FLOATS: [f64; 12] =
    [0.0, 1.0, 2.0, 0.5, -1.5, 100.0, 0.1, -0.0, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NAN];

/// Makes up values. The same seed gives the same values.
pub(crate) struct Generator {
    random: fastrand::Rng,
    /// Whether numbers, texts and bytes are the samples by which the shapes of types are found out. Types that refuse
    /// most values accept some of those: dates, addresses, identifiers.
    samples: bool,
}

impl Generator {
    /// Begins with a seed.
    pub(crate) fn new(seed: u64) -> Generator {
        Generator { random: fastrand::Rng::with_seed(seed), samples: false }
    }

    /// Sets whether values are made of the samples by which the shapes of types are found out.
    pub(crate) fn set_samples(&mut self, samples: bool) {
        self.samples = samples;
    }

    /// Appends the encoding of a value. Returns `false`, and leaves a part of it, if the shape is not known or the value
    /// nests too deep.
    pub(crate) fn append(&mut self, shape: &Shape, types: &Types, out: &mut Vec<u8>) -> bool {
        self.part(shape, types, DEPTH_MAX, out)
    }

    fn part(&mut self, shape: &Shape, types: &Types, depth: usize, out: &mut Vec<u8>) -> bool {
        let shape = types.unwrapped(shape);
        if let Shape::Primitive(primitive) = shape {
            self.primitive(*primitive, out);
            return true;
        }
        let Some(depth) = depth.checked_sub(1) else { return false };
        match shape {
            Shape::Primitive(_) | Shape::Unit => true,
            Shape::Option(content) => {
                let some = depth > DEPTH_SPARSE && self.random.bool();
                put(u8::from(some), out);
                !some || self.part(content, types, depth, out)
            }
            Shape::List(element) => {
                let count = self.count(depth);
                put_len(count, out);
                (0..count).all(|_| self.part(element, types, depth, out))
            }
            Shape::Map(key, value) => {
                let count = self.count(depth);
                put_len(count, out);
                let mut entry = |_| self.part(key, types, depth, out) && self.part(value, types, depth, out);
                (0..count).all(&mut entry)
            }
            Shape::Tuple(parts) => parts.iter().all(|part| self.part(part, types, depth, out)),
            Shape::Named(index) => match &types.get(*index).body {
                Body::Struct(fields) => self.fields(fields, types, depth, out),
                Body::Enum(variants) => {
                    let Some(at) = self.random.choice(0..variants.len()) else { return false };
                    put(at as u32, out);
                    self.fields(&variants[at].fields, types, depth, out)
                }
            },
            // What the bytes mean only the type knows: some are tried.
            Shape::Own(own) => {
                put(u32::from(own.codec), out);
                let bytes: Vec<_> = (0..self.random.usize(..12)).map(|_| self.random.u8(..)).collect();
                put_bytes(&bytes, out);
                true
            }
            Shape::Opaque(_) => false,
        }
    }

    fn fields(&mut self, fields: &Fields, types: &Types, depth: usize, out: &mut Vec<u8>) -> bool {
        match fields {
            Fields::Unit => true,
            Fields::Newtype(content) => self.part(content, types, depth, out),
            Fields::Tuple(parts) => parts.iter().all(|part| self.part(part, types, depth, out)),
            Fields::Named(fields) => fields.iter().all(|(_, part)| self.part(part, types, depth, out)),
        }
    }

    /// Draws the number of elements of a list or a map.
    fn count(&mut self, depth: usize) -> usize {
        if depth > DEPTH_SPARSE { self.random.usize(..4) } else { 0 }
    }

    fn primitive(&mut self, primitive: Primitive, out: &mut Vec<u8>) {
        match primitive {
            Primitive::Bool => put(self.random.bool(), out),
            Primitive::Char => put(self.one_of(&CHARS), out),
            Primitive::Str if self.samples => put_bytes(self.one_of(&TEXTS).as_bytes(), out),
            Primitive::Str => put_bytes(self.one_of(&NAMES).as_bytes(), out),
            Primitive::Bytes if self.samples => put_bytes(&BYTES[..self.one_of(&BYTE_LENGTHS)], out),
            Primitive::Bytes => {
                let bytes: Vec<_> = (0..self.random.usize(..4)).map(|_| self.random.u8(..4)).collect();
                put_bytes(&bytes, out);
            }
            Primitive::F32 => put(self.one_of(&FLOATS) as f32, out),
            Primitive::F64 => put(self.one_of(&FLOATS), out),
            whole => {
                let number = self.whole(whole);
                if !put_number(number, whole, out) {
                    put_number(Number::Whole(1), whole, out);
                }
            }
        }
    }

    /// Draws a number, which may be too small or too large for the primitive.
    fn whole(&mut self, primitive: Primitive) -> Number {
        if self.samples {
            return self.one_of(&NUMBERS).into();
        }
        match self.random.u8(..32) {
            0 => edges(primitive).1,
            1 => edges(primitive).0,
            2 => Number::Whole(-1),
            3 => Number::Whole(self.random.u16(..).into()),
            _ => Number::Whole(self.random.u8(..12).into()),
        }
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.random.usize(..values.len())]
    }
}

macro_rules! edges {
    ($($primitive:ident $type:ident),*) => {
        /// Returns the smallest and the largest number of a primitive; 0 and 1 if it is not a whole number.
        fn edges(primitive: Primitive) -> (Number, Number) {
            match primitive {
                $(Primitive::$primitive => ($type::MIN.into(), $type::MAX.into()),)*
                _ => (Number::Whole(0), Number::Whole(1)),
            }
        }
    };
}
edges!(I8 i8, I16 i16, I32 i32, I64 i64, I128 i128, U8 u8, U16 u16, U32 u32, U64 u64, U128 u128);

#[cfg(test)]
mod tests {
    use super::super::tracer::{Traced, Tracer};
    use super::*;
    use crate::codec::payload;
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use std::collections::{BTreeMap, BTreeSet};

    fn traced<T: Deserialize<'static>>() -> (Shape, Types) {
        let mut tracer = Tracer::default();
        let Traced::Found(shape) = tracer.trace::<T>() else { panic!("a shape") };
        (shape, tracer.into_types())
    }

    /// Makes up a hundred values, and returns those that decode.
    fn made<T: DeserializeOwned + 'static>(samples: bool) -> Vec<T> {
        let (shape, types) = traced::<T>();
        let mut generator = Generator::new(1);
        generator.set_samples(samples);
        let make = |_| {
            let mut bytes = Vec::new();
            generator.append(&shape, &types, &mut bytes).then(|| payload::decode(&bytes).ok())?
        };
        (0..200).filter_map(make).collect()
    }

    #[test]
    fn the_numbers_are_small_and_some_are_at_the_edges() {
        let numbers = made::<u64>(false);
        assert_eq!(numbers.len(), 200);
        let small = numbers.iter().filter(|number| **number < 12).count();
        assert!(small > 150, "{small}");
        assert!(numbers.contains(&0) && numbers.contains(&u64::MAX));
        assert!(made::<i128>(false).contains(&i128::MIN) && made::<i8>(false).contains(&-1));
    }

    #[test]
    fn every_kind_of_value_is_made() {
        #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        enum Order {
            Stop,
            Move(u8, bool),
            Say { text: String, to: Option<char> },
        }
        let orders: BTreeSet<_> = made::<Order>(false).into_iter().collect();
        assert!(orders.contains(&Order::Stop) && orders.iter().any(|order| matches!(order, Order::Move(..))));
        assert!(orders.iter().any(|order| matches!(order, Order::Say { to: Some(_), .. })));
        let maps = made::<(BTreeMap<String, Vec<u16>>, [f32; 2], ())>(false);
        assert!(maps.len() == 200 && maps.iter().any(|(map, ..)| map.is_empty()));
        assert!(maps.iter().any(|(map, ..)| map.len() == 3));
    }

    #[test]
    fn types_that_contain_themselves_end() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its shape counts")]
        enum Term {
            Number(i64),
            Sum(Box<Term>, Box<Term>),
            All(Vec<Term>),
        }
        let terms = made::<Term>(false);
        assert!(terms.len() > 50 && terms.iter().any(|term| matches!(term, Term::Sum(..))));
    }

    #[test]
    fn texts_that_types_parse_are_among_those_made() {
        assert!(made::<chrono::NaiveDate>(false).is_empty());
        assert!(!made::<chrono::NaiveDate>(true).is_empty());
        assert!(!made::<uuid::Uuid>(true).is_empty());
        let numbers = made::<(u16, u8)>(true);
        assert!(numbers.iter().any(|(one, _)| *one == 16) && numbers.iter().any(|(_, other)| *other == 100));
        assert!(
            numbers.iter().all(|(one, other)| [*one, u16::from(*other)].iter().all(|number| *number <= 100))
        );
    }

    #[test]
    fn a_seed_gives_the_same_values_and_an_unknown_shape_none() {
        assert_eq!(made::<Vec<String>>(false), made::<Vec<String>>(false));
        let unknown = Shape::Tuple(vec![Shape::Unit, Shape::Opaque("Secret".into())]);
        assert!(!Generator::new(1).append(&unknown, &Types::default(), &mut Vec::new()));
    }
}
