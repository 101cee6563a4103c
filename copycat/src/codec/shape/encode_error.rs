//! Why a value was not encoded by its shape.

use super::Fields;
use crate::codec::value::{BYTELESS_MAX, DEPTH_MAX};
use serde::ser;
use std::borrow::Cow;
use std::fmt;
use thiserror::Error;

/// Why a value was not encoded, and in which part of it. What was written of it is to be thrown away.
#[derive(Debug)]
pub(crate) struct EncodeError(Box<Located>);

#[derive(Debug)]
struct Located {
    /// The way to the part, innermost first.
    steps: Vec<Step>,
    fault: Fault,
}

/// A step from a value to a part of it.
#[derive(Debug)]
pub(super) enum Step {
    /// An element of a tuple or a sequence.
    Part(usize),
    /// A field of a struct.
    Field(Cow<'static, str>),
}

/// What is wrong with a part of a value.
#[derive(Debug, Error)]
pub(super) enum Fault {
    /// A part of the value is of another type.
    #[error("{found} where {expected} is expected")]
    Type {
        /// The shape at this place.
        expected: String,
        /// What the value has there.
        found: String,
    },
    /// A field was left out.
    #[error(
        "the field `{field}` of `{owner}` is left out, but is read back; remove the attribute that skips it \
         (`skip_serializing_if`, `skip_serializing`)"
    )]
    Skipped {
        /// The struct.
        owner: String,
        /// The field.
        field: &'static str,
    },
    /// The fields are not those that are read back.
    #[error(
        "`{owner}` is written with {found} fields, and read with {expected}; see the attributes that skip some"
    )]
    Fields {
        /// The struct or variant.
        owner: String,
        /// The number that is read back.
        expected: usize,
        /// The number that was written.
        found: usize,
    },
    /// Another field comes at this place.
    #[error("the field `{found}` of `{owner}` is written where `{expected}` is read; see its attributes")]
    Field {
        /// The struct or variant.
        owner: String,
        /// The field that is read back.
        expected: String,
        /// The field that was written.
        found: &'static str,
    },
    /// The variant has another number when it is read back.
    #[error(
        "the variant `{found}` of `{owner}` is written with the number {index}, under which {} is read; a variant \
         before it is skipped: move skipped variants to the end, or do not skip them",
        expected.as_ref().map_or_else(|| "nothing".into(), |name| format!("`{name}`"))
    )]
    Variant {
        /// The enum.
        owner: String,
        /// The variant that is read back under the number.
        expected: Option<String>,
        /// The variant that was written.
        found: &'static str,
        /// The number.
        index: u32,
    },
    /// A sequence has not as many elements as it said.
    #[error("a sequence of {announced} elements has {found}")]
    Length {
        /// The number that it said.
        announced: usize,
        /// The number that came.
        found: usize,
    },
    /// An object has a field that is not read.
    #[error("nothing is called `{}` there", name.escape_debug())]
    UnknownField {
        /// The field.
        name: String,
    },
    /// An object lacks a field.
    #[error("`{name}` is missing")]
    MissingField {
        /// The field.
        name: String,
    },
    /// The shape of a part is not known, so nothing can be written as a value of it.
    #[error("the shape of `{name}` is not known, so it cannot be written as JSON")]
    Unknown {
        /// The type.
        name: String,
    },
    /// The value is nested deeper than it is read.
    #[error("it is nested deeper than {DEPTH_MAX} options, lists, maps and enums")]
    Depth,
    /// More elements take no byte than are read.
    #[error("more than {BYTELESS_MAX} elements take no byte, as `()` does")]
    Byteless,
    /// The type's `Serialize` failed.
    #[error("its `Serialize` failed: {0}")]
    Custom(String),
}

impl ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> EncodeError {
        Fault::Custom(message.to_string()).into()
    }
}

impl From<Fault> for EncodeError {
    fn from(fault: Fault) -> EncodeError {
        EncodeError(Box::new(Located { steps: Vec::new(), fault }))
    }
}

impl std::error::Error for EncodeError {}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Located { steps, fault } = &*self.0;
        for step in steps.iter().rev() {
            match step {
                Step::Part(at) => write!(f, "[{at}]")?,
                Step::Field(name) => write!(f, ".{name}")?,
            }
        }
        write!(f, "{}{fault}", if steps.is_empty() { "" } else { ": " })
    }
}

impl EncodeError {
    /// Adds the step from the value around to the part in which the error is.
    pub(super) fn at(mut self, step: Step) -> EncodeError {
        self.0.steps.push(step);
        self
    }

    /// Removes the outermost step, and returns it if it leads to an element.
    pub(crate) fn take_first_part(&mut self) -> Option<usize> {
        match self.0.steps.pop()? {
            Step::Part(at) => Some(at),
            Step::Field(_) => None,
        }
    }

    /// Says that a variant has fields of another kind.
    pub(super) fn kind(owner: String, fields: &Fields, found: usize) -> EncodeError {
        Fault::Fields { owner, expected: fields.len(), found }.into()
    }
}
