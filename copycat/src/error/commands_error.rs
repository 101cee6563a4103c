//! What is wrong with the commands of a resource that is to be opened.

use super::ErrorKind;
use crate::codec::shape::record::Conflict;
use crate::codec::shape::schema::{Difference, Flaw, SchemaError};
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// Why a resource was not opened because of its commands.
#[derive(Debug, Error)]
pub(crate) enum CommandsError {
    /// They have types whose values cannot be decoded.
    #[error(
        "{}: values of it cannot be decoded, because it needs a self-describing format, and the encoding is none; \
         avoid `#[serde(untagged)]`, `#[serde(tag = …)]`, `#[serde(flatten)]`, and types like `serde_json::Value`",
        list(.0)
    )]
    Undecodable(Vec<Flaw>),
    /// The members opened the resource with other commands or types.
    #[error(
        "the commands of `{resource}` are other ones on its members: {}; build this program with the trait and types of \
         theirs, or open the resource under its own name",
        list(differences)
    )]
    Other {
        /// The name of the resource.
        resource: String,
        /// All contradictions. The recorded side is what the members have.
        differences: Vec<Difference>,
    },
    /// They contradict what is on record in the log of the resource.
    #[error(
        "what `{resource}` has on record contradicts this program: {conflict}; start it with the trait and types that \
         are on record, or open the resource under another name"
    )]
    OnRecord {
        /// The name of the resource.
        resource: String,
        /// The contradiction.
        conflict: Arc<Conflict>,
    },
    /// A member told a remote handle what the commands of the resource are, in a form that cannot be read.
    #[error(
        "what a member says of the commands of `{resource}` cannot be read ({error}); run the same version of the \
         framework everywhere"
    )]
    Unreadable {
        /// The name of the resource.
        resource: String,
        /// The reason.
        error: SchemaError,
    },
    /// The description of the commands is too long for those who need it.
    #[error("the description of the commands is too long ({0}); spread them over several resources")]
    TooLarge(#[source] SchemaError),
}

impl CommandsError {
    /// Returns the kind of the error.
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            CommandsError::Undecodable(_) => ErrorKind::Undecodable,
            CommandsError::Other { .. } | CommandsError::OnRecord { .. } => ErrorKind::OtherCommands,
            CommandsError::Unreadable { .. } => ErrorKind::UnreadableCommands,
            CommandsError::TooLarge(_) => ErrorKind::TooManyCommands,
        }
    }
}

/// Returns the items of a list in words.
fn list(items: &[impl fmt::Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
