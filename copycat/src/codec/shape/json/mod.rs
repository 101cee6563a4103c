//! Values as JSON, by their shapes, in both directions.
//!
//! A value has the form that serde's JSON has: a struct is an object, a list an array, a unit variant its name, another
//! variant an object with its name. What JSON cannot say has a form of its own: a number that is not finite is the text
//! `"NaN"`, `"inf"` or `"-inf"`; a map whose keys are neither texts nor numbers is an array of pairs; and a value inside
//! of an option that could itself be `null` is the object `{"Some": …}`.

pub(crate) mod read;
pub(crate) mod write;

use super::{Body, Fields, Primitive, Shape, Types};

/// The name under which a value is written that could be taken for the absence of one.
const SOME: &str = "Some";

/// How the keys of a map are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    /// As names of an object: they are texts.
    Texts,
    /// As names of an object: they are numbers, or other values that JSON writes without quotes.
    Plain,
    /// In an array of pairs.
    Pairs,
}

impl Keys {
    fn of(key: &Shape, types: &Types) -> Keys {
        match types.unwrapped(key) {
            Shape::Primitive(Primitive::Str | Primitive::Char) => Keys::Texts,
            Shape::Primitive(Primitive::Bytes | Primitive::F32 | Primitive::F64) => Keys::Pairs,
            Shape::Primitive(_) => Keys::Plain,
            _ => Keys::Pairs,
        }
    }
}

/// Returns whether a value of the shape may be written as `null`.
fn is_nullable(shape: &Shape, types: &Types) -> bool {
    match types.unwrapped(shape) {
        Shape::Option(_) | Shape::Unit => true,
        Shape::Named(index) => matches!(types.get(*index).body, Body::Struct(Fields::Unit)),
        _ => false,
    }
}
