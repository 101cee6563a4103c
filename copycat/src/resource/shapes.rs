//! Collects the shapes of the arguments and results of commands from their types.

use crate::codec::shape::Shape;
use crate::codec::shape::schema::Flaw;
use crate::codec::shape::tracer::{Traced, Tracer};
use serde::Deserialize;
use std::fmt;

/// Collects the shapes of one command after another. Generated code calls it with each type.
#[derive(Default)]
pub struct Shapes {
    pub(super) tracer: Tracer,
    /// The arguments so far.
    pub(super) arguments: Vec<Shape>,
    /// The result; `None` if the command returns nothing.
    pub(super) result: Option<Shape>,
    /// The name of the command.
    pub(super) method: &'static str,
    /// Types whose values cannot be decoded.
    pub(super) flaws: Vec<Flaw>,
    /// Types whose shapes could not be found out, each with the reason.
    pub(super) opaque: Vec<String>,
}

impl fmt::Debug for Shapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shapes").field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

impl Shapes {
    /// Adds the next argument. `written` is the last name of its type, as the author wrote it.
    pub fn argument<T: Deserialize<'static>>(&mut self, written: &'static str) {
        let shape = self.find::<T>(written);
        self.arguments.push(shape);
    }

    /// Sets the result.
    pub fn result<T: Deserialize<'static>>(&mut self, written: &'static str) {
        let shape = self.find::<T>(written);
        self.result = Some(shape);
    }

    fn find<T: Deserialize<'static>>(&mut self, written: &'static str) -> Shape {
        match self.tracer.trace::<T>() {
            Traced::Found(shape) => return shape,
            Traced::Opaque(error) => self.opaque.push(format!("`{written}` in `{}`: {error}", self.method)),
            Traced::SelfDescribing(inside) => {
                self.flaws.push(Flaw { method: self.method, written, inside });
            }
        }
        Shape::Opaque(written.into())
    }
}
