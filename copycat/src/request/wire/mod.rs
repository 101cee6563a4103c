//! What is asked of groups and answered, byte for byte: the family of requests. `transport/FORMAT.md` draws it.
//!
//! Begin with [`submit`] and [`results`]; [`resolve`] says what a name stands for, [`leaders`] who leads.

pub(crate) mod leaders;
pub(crate) mod resolve;
pub(crate) mod results;
mod runs;
pub(crate) mod submit;
#[cfg(test)]
mod tests;

use crate::transport::wire::family::Kind;

/// The kinds of the family.
pub(crate) const KINDS: &[Kind] =
    &[submit::SUBMIT, results::RESULTS, leaders::SEEK, leaders::LEADERS, resolve::RESOLVE, resolve::RESOLVED];

/// Their numbers, to tell them apart by.
pub(crate) mod number {
    use super::{leaders, resolve, results, submit};

    pub(crate) const SUBMIT: u8 = submit::SUBMIT.number;
    pub(crate) const RESULTS: u8 = results::RESULTS.number;
    pub(crate) const SEEK: u8 = leaders::SEEK.number;
    pub(crate) const LEADERS: u8 = leaders::LEADERS.number;
    pub(crate) const RESOLVE: u8 = resolve::RESOLVE.number;
    pub(crate) const RESOLVED: u8 = resolve::RESOLVED.number;
}
