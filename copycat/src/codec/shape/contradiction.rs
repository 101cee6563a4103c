//! Compares two shapes: whether values of one are read as what they are by the other.
//!
//! Names of types do not count, nor does a struct with one nameless field: neither is in the encoding. Names of fields
//! and variants count although they are not there either. Two fields of the same type that change places decode
//! without an error, and only their names tell.

use super::{Body, Fields, Primitive, Shape, Types, Variant};
use std::collections::BTreeSet;
use std::fmt;

/// Most parts inside of each other that are compared. Types that lead deeper were made to overflow the stack.
const DEPTH_MAX: usize = 500;

/// Most pairs of parts that are compared. A schema that needs more was made to take time.
const PAIRS_MAX: usize = 100_000;

/// Most characters of a shape in an error.
const TEXT_MAX: usize = 1_000;

/// The first place where two shapes differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction {
    /// The fields and variants that lead there, outermost first: `.lines[].price`.
    pub path: String,
    /// What is there in the one shape, in words.
    pub recorded: String,
    /// What is there in the other.
    pub found: String,
}

/// Returns the first place where two shapes differ; `None` if values of one are read as what they are by the other.
/// Opaque parts agree with everything, since nothing is known about them.
pub(crate) fn contradiction(recorded: (&Shape, &Types), found: (&Shape, &Types)) -> Option<Contradiction> {
    compare(recorded, found, true)
}

/// Returns the first place where two shapes differ, or where only one of them is known.
pub(crate) fn difference(recorded: (&Shape, &Types), found: (&Shape, &Types)) -> Option<Contradiction> {
    compare(recorded, found, false)
}

fn compare(
    recorded: (&Shape, &Types),
    found: (&Shape, &Types),
    opaque_agrees: bool,
) -> Option<Contradiction> {
    let (assumed, path) = (BTreeSet::new(), Vec::new());
    let mut comparison = Comparison { recorded: recorded.1, found: found.1, opaque_agrees, assumed, path };
    comparison.shapes(recorded.0, found.0)
}

struct Comparison<'a> {
    recorded: &'a Types,
    found: &'a Types,
    /// Whether an opaque part agrees with a known one.
    opaque_agrees: bool,
    /// The addresses of pairs of parts that are being compared, or were. Types may contain themselves.
    assumed: BTreeSet<(usize, usize)>,
    path: Vec<String>,
}

/// A shape without what is not in the encoding.
enum Plain<'a> {
    Shape(&'a Shape),
    Bytes,
    Unit,
    Tuple(&'a [Shape]),
    Struct(&'a [(String, Shape)]),
    Enum(&'a [Variant]),
}

fn plain<'a>(shape: &'a Shape, types: &'a Types) -> Plain<'a> {
    match types.unwrapped(shape) {
        // Elements of one byte are encoded like bytes.
        Shape::List(content) if types.unwrapped(content).is_byte() => Plain::Bytes,
        Shape::Primitive(Primitive::Bytes) => Plain::Bytes,
        Shape::Unit => Plain::Unit,
        Shape::Tuple(parts) => Plain::Tuple(parts),
        Shape::Named(index) => match &types.get(*index).body {
            Body::Struct(Fields::Unit) => Plain::Unit,
            Body::Struct(Fields::Tuple(parts)) => Plain::Tuple(parts),
            Body::Struct(Fields::Named(fields)) => Plain::Struct(fields),
            Body::Enum(variants) => Plain::Enum(variants),
            // It wraps itself: no value of it exists.
            Body::Struct(Fields::Newtype(_)) => Plain::Shape(shape),
        },
        other => Plain::Shape(other),
    }
}

impl Comparison<'_> {
    fn shapes(&mut self, recorded: &Shape, found: &Shape) -> Option<Contradiction> {
        let address = |shape: &Shape| std::ptr::from_ref(shape).addr();
        let pair = (address(self.recorded.unwrapped(recorded)), address(self.found.unwrapped(found)));
        if !self.assumed.insert(pair) {
            return None;
        }
        if self.path.len() > DEPTH_MAX || self.assumed.len() > PAIRS_MAX {
            return Some(self.differ(recorded, found));
        }
        match (plain(recorded, self.recorded), plain(found, self.found)) {
            (Plain::Shape(Shape::Opaque(_)), Plain::Shape(Shape::Opaque(_))) => None,
            (Plain::Shape(Shape::Opaque(_)), _) | (_, Plain::Shape(Shape::Opaque(_))) => {
                if self.opaque_agrees { None } else { Some(self.differ(recorded, found)) }
            }
            (Plain::Bytes, Plain::Bytes) | (Plain::Unit, Plain::Unit) => None,
            // Types that wrap themselves: neither has a value.
            (Plain::Shape(Shape::Named(_)), Plain::Shape(Shape::Named(_))) => None,
            (Plain::Shape(Shape::Primitive(left)), Plain::Shape(Shape::Primitive(right)))
                if left == right =>
            {
                None
            }
            (Plain::Shape(Shape::Own(left)), Plain::Shape(Shape::Own(right))) if left == right => None,
            (Plain::Shape(Shape::Option(left)), Plain::Shape(Shape::Option(right))) => {
                self.at("?".into(), |it| it.shapes(left, right))
            }
            (Plain::Shape(Shape::List(left)), Plain::Shape(Shape::List(right))) => {
                self.at("[]".into(), |it| it.shapes(left, right))
            }
            (Plain::Shape(Shape::Map(key, value)), Plain::Shape(Shape::Map(other_key, other_value))) => self
                .at("[key]".into(), |it| it.shapes(key, other_key))
                .or_else(|| self.at("[value]".into(), |it| it.shapes(value, other_value))),
            (Plain::Tuple(left), Plain::Tuple(right)) if left.len() == right.len() => {
                self.parts(left.iter(), right.iter())
            }
            // The names of a struct with aliases are not known.
            (Plain::Tuple(left), Plain::Struct(right)) if left.len() == right.len() => {
                self.parts(left.iter(), right.iter().map(|(_, shape)| shape))
            }
            (Plain::Struct(left), Plain::Tuple(right)) if left.len() == right.len() => {
                self.parts(left.iter().map(|(_, shape)| shape), right.iter())
            }
            (Plain::Struct(left), Plain::Struct(right)) if same_names(left, right) => {
                self.fields(left, right)
            }
            (Plain::Enum(left), Plain::Enum(right)) if same_variants(left, right) => {
                self.variants(left, right)
            }
            _ => Some(self.differ(recorded, found)),
        }
    }

    fn parts<'s>(
        &mut self,
        recorded: impl Iterator<Item = &'s Shape>,
        found: impl Iterator<Item = &'s Shape>,
    ) -> Option<Contradiction> {
        let mut pairs = recorded.zip(found).enumerate();
        pairs.find_map(|(at, (left, right))| self.at(format!(".{at}"), |it| it.shapes(left, right)))
    }

    fn fields(&mut self, recorded: &[(String, Shape)], found: &[(String, Shape)]) -> Option<Contradiction> {
        let mut pairs = recorded.iter().zip(found);
        pairs.find_map(|((name, left), (_, right))| self.at(format!(".{name}"), |it| it.shapes(left, right)))
    }

    fn variants(&mut self, recorded: &[Variant], found: &[Variant]) -> Option<Contradiction> {
        let mut pairs = recorded.iter().zip(found);
        pairs.find_map(|(left, right)| {
            self.at(format!("::{}", left.name), |it| match (&left.fields, &right.fields) {
                (Fields::Newtype(left), Fields::Newtype(right)) => it.shapes(left, right),
                (Fields::Tuple(left), Fields::Tuple(right)) => it.parts(left.iter(), right.iter()),
                (Fields::Named(left), Fields::Named(right)) => it.fields(left, right),
                _ => None,
            })
        })
    }

    fn at(
        &mut self,
        step: String,
        compare: impl FnOnce(&mut Self) -> Option<Contradiction>,
    ) -> Option<Contradiction> {
        self.path.push(step);
        let result = compare(self);
        self.path.pop();
        result
    }

    fn differ(&self, recorded: &Shape, found: &Shape) -> Contradiction {
        Contradiction {
            path: self.path.concat(),
            recorded: short(recorded.shown(self.recorded).in_full()),
            found: short(found.shown(self.found).in_full()),
        }
    }
}

/// Returns the beginning of a text that may be long.
fn short(shown: impl fmt::Display) -> String {
    struct Beginning(String);
    impl fmt::Write for Beginning {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend(text.chars().take(TEXT_MAX));
            if self.0.len() > TEXT_MAX { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut beginning = Beginning(String::new());
    if fmt::Write::write_fmt(&mut beginning, format_args!("{shown}")).is_err() {
        beginning.0.push('…');
    }
    beginning.0
}

fn same_names(recorded: &[(String, Shape)], found: &[(String, Shape)]) -> bool {
    recorded.iter().map(|(name, _)| name).eq(found.iter().map(|(name, _)| name))
}

/// Returns whether the variants have the same names, and as many fields with the same names.
fn same_variants(recorded: &[Variant], found: &[Variant]) -> bool {
    let same = |left: &Variant, right: &Variant| {
        // A variant that got an alias is still the same one.
        left.names().any(|name| right.is_called(name))
            && match (&left.fields, &right.fields) {
                (Fields::Unit, Fields::Unit) | (Fields::Newtype(_), Fields::Newtype(_)) => true,
                (Fields::Tuple(left), Fields::Tuple(right)) => left.len() == right.len(),
                (Fields::Named(left), Fields::Named(right)) => same_names(left, right),
                _ => false,
            }
    };
    recorded.len() == found.len() && recorded.iter().zip(found).all(|(left, right)| same(left, right))
}
