//! The shapes of types of all kinds, and the differences between them.

mod catalog;
mod differences;
mod encoding;
mod foreign;
mod json;
mod own;
mod own_codec;
mod schemas;

use super::tracer::{Traced, Tracer};
use super::{Shape, Types};
use serde::Deserialize;

/// Returns the shape of a type with the table that it refers to; `None` if it could not be found out.
fn traced<T: Deserialize<'static>>() -> Option<(Shape, Types)> {
    let mut tracer = Tracer::default();
    match tracer.trace::<T>() {
        Traced::Found(shape) => Some((shape, tracer.into_types())),
        Traced::Opaque(_) => None,
        Traced::SelfDescribing(inside) => panic!("it needs a self-describing format, in {inside:?}"),
    }
}

/// Returns the shape of a type in words, with that of each struct and enum in it.
fn text<T: Deserialize<'static>>() -> String {
    let Some((shape, types)) = traced::<T>() else { return "opaque".into() };
    described(&shape, &types)
}

/// Returns a shape in words, with each struct and enum of its table.
fn described(shape: &Shape, types: &Types) -> String {
    let mut text = shape.shown(types).to_string();
    for index in 0..types.0.len() {
        text += &format!("; {}", Shape::Named(index as u32).shown(types).in_full());
    }
    text
}

/// Checks the shapes of types.
macro_rules! shapes {
    ($($type:ty => $text:literal),* $(,)?) => {$(
        assert_eq!($crate::codec::shape::tests::text::<$type>(), $text, "{}", stringify!($type));
    )*};
}
use shapes;
