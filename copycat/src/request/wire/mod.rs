//! The family of requests: the wire format of requests and their answers. `transport/FORMAT.md` draws it.
//!
//! Begin with [`submit`] and [`results`]; [`resolve`] is for the names of resources, [`leaders`] for the
//! leaders of groups.

pub(crate) mod leaders;
pub(crate) mod resolve;
pub(crate) mod results;
mod runs;
pub(crate) mod submit;
#[cfg(test)]
mod tests;

use crate::transport::wire::family::MessageKind;

/// The kinds of the family.
pub(crate) const KINDS: &[MessageKind] = &[
    submit::SUBMIT,
    results::RESULTS,
    leaders::FIND_LEADERS,
    leaders::LEADERS,
    resolve::RESOLVE,
    resolve::RESOLVED,
];

/// The numbers of the kinds, to tell them apart.
pub(crate) mod number {
    use super::{leaders, resolve, results, submit};

    pub(crate) const SUBMIT: u8 = submit::SUBMIT.number;
    pub(crate) const RESULTS: u8 = results::RESULTS.number;
    pub(crate) const FIND_LEADERS: u8 = leaders::FIND_LEADERS.number;
    pub(crate) const LEADERS: u8 = leaders::LEADERS.number;
    pub(crate) const RESOLVE: u8 = resolve::RESOLVE.number;
    pub(crate) const RESOLVED: u8 = resolve::RESOLVED.number;
}
