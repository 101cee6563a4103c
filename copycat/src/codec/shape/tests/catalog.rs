//! One list of types of all kinds, with values of each, and what holds for every one of them.
//!
//! The encoder lets a value through only as the bytes that the library writes. These decode to an equal value. JSON
//! leads to the same bytes. And whatever bytes the shape describes, the type reads all of them and no more, or refuses
//! the value: a shape that were wrong would be found out here.

mod attributes;
mod by_hand;
mod collections;
mod crates;
mod dependent;
mod derived;
mod generated;
mod primitives;
mod recursion;

use super::super::contradiction::contradiction;
use super::super::encoded::Encoded;
use super::super::encoder::encode;
use super::super::json::{read, write};
use super::super::parse::parse;
use super::super::schema::{MethodShape, Schema};
use super::super::{Shape, Types};
use super::{Traced, Tracer, described};
use crate::codec::payload::{self, PayloadError};
use crate::codec::value::ValueError;
use generated::Generator;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is expected of a type whose values cannot be decoded.
const UNDECODABLE: &str = "cannot be decoded";

/// What is expected of a type whose shape is not known.
const OPAQUE: &str = "opaque";

/// Number of values that are made up for each shape.
const MADE_UP: usize = 200;

/// A type of the list.
struct Case {
    name: &'static str,
    expected: String,
    values: Box<dyn Values>,
    /// Why the encoder refuses the last values.
    refused: Vec<&'static str>,
}

/// Values of one type. What is the same for all types is compiled once.
trait Values {
    fn trace(&self, tracer: &mut Tracer) -> Traced;
    fn len(&self) -> usize;
    /// Encodes a value by a shape.
    fn by_shape(&self, at: usize, shape: &Shape, types: &Types) -> Result<Vec<u8>, String>;
    /// Encodes a value as the library does.
    fn librarys(&self, at: usize) -> Vec<u8>;
    /// Decodes a value that may borrow from the bytes, and encodes it by a shape if there is one.
    fn decoded(&self, bytes: &'static [u8], shape: Option<(&Shape, &Types)>)
    -> Result<Vec<u8>, PayloadError>;
}

impl<T: Serialize + Deserialize<'static> + 'static> Values for Vec<T> {
    fn trace(&self, tracer: &mut Tracer) -> Traced {
        tracer.trace::<T>()
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn by_shape(&self, at: usize, shape: &Shape, types: &Types) -> Result<Vec<u8>, String> {
        let mut out = Encoded::default();
        encode(&self[at], shape, types, &mut out).map(|()| out.bytes).map_err(|error| error.to_string())
    }

    fn librarys(&self, at: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        payload::append(&self[at], &mut bytes).expect("the library encodes every value");
        bytes
    }

    fn decoded(
        &self,
        bytes: &'static [u8],
        shape: Option<(&Shape, &Types)>,
    ) -> Result<Vec<u8>, PayloadError> {
        let value: T = payload::decode_borrowed(bytes)?;
        let mut out = Encoded::default();
        if let Some((shape, types)) = shape {
            encode(&value, shape, types, &mut out).expect("it was encoded before");
        }
        Ok(out.bytes)
    }
}

/// Defines a list of types: the shape in words, values, and values that the encoder refuses with the text why.
macro_rules! cases {
    ($list:ident: $($type:ty => $shape:expr, [$($value:expr),* $(,)?] $(, refused [$($bad:expr => $why:literal),*])?;)*) => {
        pub(super) fn $list() -> Vec<$crate::codec::shape::tests::catalog::Case> {
            vec![$($crate::codec::shape::tests::catalog::Case {
                name: std::any::type_name::<$type>(),
                expected: String::from($shape),
                values: Box::<Vec<$type>>::new(vec![$($value,)* $($($bad,)*)?]),
                refused: vec![$($($why),*)?],
            }),*]
        }
    };
}
use cases;

#[test]
fn every_type_of_the_list_is_encoded_as_it_is_read() {
    let lists = [
        primitives::scalars(),
        primitives::wrappers(),
        primitives::of_the_system(),
        collections::collections(),
        collections::tuples(),
        collections::arrays(),
        derived::structs(),
        derived::enums(),
        derived::generics(),
        recursion::recursive(),
        attributes::on_structs(),
        attributes::on_enums(),
        attributes::conversions(),
        by_hand::sound(),
        dependent::unsound(),
        crates::types(),
    ];
    let mut names = BTreeSet::new();
    let mut failed = 0;
    for case in lists.iter().flatten() {
        assert!(names.insert(case.name), "{} is twice in the list", case.name);
        failed += usize::from(catch_unwind(AssertUnwindSafe(|| case.check())).is_err());
    }
    assert_eq!(failed, 0, "types fail, each as printed above");
    assert!(names.len() >= 200, "{} types", names.len());
    println!("{} types", names.len());
}

impl Case {
    /// Checks everything that holds for a type.
    fn check(&self) {
        let Case { name, expected, values, refused } = self;
        let mut tracer = Tracer::default();
        let (shape, types) = match values.trace(&mut tracer) {
            Traced::Found(shape) => (shape, tracer.into_types()),
            Traced::Opaque(why) => {
                assert_eq!(OPAQUE, expected, "{name}: {why}");
                (Shape::Opaque((*name).into()), Types::default())
            }
            Traced::SelfDescribing(_) => return self.check_undecodable(),
        };
        let known = !matches!(shape, Shape::Opaque(_));
        if known {
            assert_eq!(described(&shape, &types), *expected, "{name}");
            check_text(&shape, &types);
            self.check_made_up(&shape, &types);
        }
        let good = values.len() - refused.len();
        for at in 0..good {
            let bytes = values.by_shape(at, &shape, &types).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(bytes, values.librarys(at), "{name}");
            let again = values.decoded(bytes.clone().leak(), Some((&shape, &types)));
            assert_eq!(again.unwrap_or_else(|error| panic!("{name}: {error}")), bytes, "{name}");
            if known {
                check_json(&bytes, &shape, &types);
            }
        }
        for (at, why) in refused.iter().enumerate() {
            let error = values.by_shape(good + at, &shape, &types).expect_err(name);
            assert!(error.contains(why), "{name}: {error}");
        }
    }

    fn check_undecodable(&self) {
        assert_eq!(UNDECODABLE, self.expected, "{}", self.name);
        for at in 0..self.values.len() {
            let decoded = self.values.decoded(self.values.librarys(at).leak(), None);
            assert!(decoded.is_err(), "{} can be decoded", self.name);
        }
    }

    /// Checks that the type reads whatever bytes the shape describes, to their end, unless it refuses the value.
    fn check_made_up(&self, shape: &Shape, types: &Types) {
        let mut generator = Generator::new(types);
        for _ in 0..MADE_UP {
            // No value of it may exist.
            let Some(bytes) = generator.value(shape) else { return };
            match self.values.decoded(bytes.clone().leak(), None) {
                Ok(_) | Err(PayloadError::Decode(ValueError::Refused(_))) => {}
                Err(error) => panic!("{}: {bytes:?}: {error}", self.name),
            }
            // Only keys of a map may be there twice.
            if !described(shape, types).contains("Map<") {
                check_json(&bytes, shape, types);
            }
        }
    }
}

fn check_json(bytes: &[u8], shape: &Shape, types: &Types) {
    let written = write::value(bytes, shape, types).unwrap();
    // This reader of JSON rounds whole numbers of more than 64 bits, which may be texts instead.
    if written.split(|next: char| !next.is_ascii_digit()).any(|digits| digits.len() > 19) {
        return;
    }
    // It reads at most 127 levels.
    let Ok(value) = serde_json::from_str::<serde_json::Value>(&written) else {
        assert!(written.matches(['[', '{']).count() >= 127, "{written}");
        return;
    };
    let mut out = Encoded::default();
    read::encode(&value, shape, types, &mut out).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(out.bytes, bytes, "{written}");
}

/// Checks that a schema with the shape is read from its text and from its bytes.
fn check_text(shape: &Shape, types: &Types) {
    let method = MethodShape {
        name: "method".into(),
        id: 7,
        read: false,
        key: None,
        arguments: vec![("argument".into(), shape.clone())],
        result: shape.clone(),
    };
    let schema = Schema { name: "Machine".into(), methods: vec![method], types: types.clone() };
    assert_eq!(parse(&schema.to_string()).unwrap(), schema);
    assert_eq!(Schema::decode(&schema.encode().unwrap()).unwrap(), schema);
    assert_eq!(contradiction((shape, types), (shape, types)), None);
}
