//! What every macro of this crate needs: collecting mistakes, and choosing attributes to carry over.
//!
//! Knows nothing of any particular macro.

pub(crate) mod attributes;
pub(crate) mod mistakes;
pub(crate) mod types;
