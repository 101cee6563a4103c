//! What every macro of this crate needs: collecting mistakes, and selecting attributes.
//!
//! It does not depend on any particular macro.

pub(crate) mod attributes;
pub(crate) mod framework;
pub(crate) mod mistakes;
pub(crate) mod types;
