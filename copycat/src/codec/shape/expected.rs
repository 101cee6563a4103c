//! The shapes of the parts of a value that is being encoded.

use super::Shape;

/// The shapes of the parts.
pub(super) enum Expected<'a> {
    /// Any number of parts of one shape, after their number.
    Each(&'a Shape),
    /// Any number of keys and values, after their number.
    Entries(&'a Shape, &'a Shape),
    /// One part of each shape.
    Tuple(&'a [Shape]),
    /// One field of each name and shape.
    Fields(&'a [(String, Shape)]),
}

impl Expected<'_> {
    /// Returns the number of parts; `None` if it is any number, which is written before them.
    pub(super) fn count(&self) -> Option<usize> {
        match self {
            Expected::Each(_) | Expected::Entries(..) => None,
            Expected::Tuple(parts) => Some(parts.len()),
            Expected::Fields(fields) => Some(fields.len()),
        }
    }
}
