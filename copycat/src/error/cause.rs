//! The causes of errors, each with what is known about it, and the kind that programs see.

use super::{CommandsError, ConfigError, ErrorKind, JsonError};
use crate::codec::payload::PayloadError;
use crate::codec::shape::encode_error::EncodeError;
use crate::node::{JoinError, StartError};
use crate::remote::{RemoteError, ResolveError};
use crate::request::error::RequestError;
use std::sync::Arc;

/// The cause of an error.
#[derive(Debug)]
pub(crate) enum Cause {
    /// A request failed, in flight or at its destination.
    Request(RequestError),
    /// A write to several partitions failed in at least one, and was or may have been applied in at least one. The
    /// error is one with an unknown outcome, if there is any.
    Partial(RequestError),
    /// A blocking call on a thread of the node. Nothing was sent.
    NodeThread,
    /// No command has the name. Nothing was sent.
    UnknownMethod {
        /// The name that was given.
        name: String,
        /// The name of the resource.
        resource: Arc<str>,
    },
    /// The arguments of a submission by name do not fit the command. Nothing was sent.
    Shape {
        /// The names of the command's arguments.
        takes: &'static [&'static str],
    },
    /// An argument cannot be encoded as what the command takes. Nothing was sent.
    Arguments {
        /// The name of the argument.
        argument: String,
        /// The reason.
        error: EncodeError,
    },
    /// The caller of a submission by name asked for a result of another type. Nothing was sent.
    AskedResult {
        /// The type that the result has.
        has: String,
        /// The type that the caller asked for.
        asked: String,
    },
    /// A command cannot be sent as JSON. Nothing was sent.
    Json(JsonError),
    /// A key of several cannot be encoded. Nothing was sent.
    Key(PayloadError),
    /// A key or a command is longer than allowed. Nothing was sent.
    TooLarge {
        /// The part that is too long: "key" or "command".
        part: &'static str,
        /// The most bytes allowed.
        limit: usize,
        /// The number of bytes that it has.
        found: usize,
    },
    /// The result does not decode as the type that the caller expects. The command was applied.
    Result(PayloadError),
    /// A builder was given wrong values. Nothing was opened.
    Config {
        /// The call that the builder began with.
        builder: &'static str,
        /// All that is wrong; not empty.
        errors: Vec<ConfigError>,
    },
    /// The member could not be started. Nothing was sent.
    Start(StartError),
    /// This member cannot join the cluster. Nothing was sent on its behalf.
    Join(JoinError),
    /// No address of the cluster answered a remote handle. Nothing was sent.
    Unreachable(RemoteError),
    /// The resource is already open in this process. It stays open.
    AlreadyOpen {
        /// The name of the resource.
        resource: String,
    },
    /// No member told a remote handle the partitions of the resource. Nothing was opened.
    Unresolved {
        /// The name of the resource.
        resource: String,
        /// The reason.
        error: ResolveError,
    },
    /// The members opened the resource with another number of partitions. Nothing was opened.
    OtherPartitions {
        /// The name of the resource.
        resource: String,
        /// The number that the remote handle was given.
        expected: u32,
        /// The number that the members have.
        found: u32,
    },
    /// The commands cannot be used, or are not those of the members. Nothing was opened.
    Commands(CommandsError),
    /// A page is empty although more items follow, so the next page cannot be requested.
    EmptyPage,
    /// A value is not equal to itself, so no compare-and-set could succeed. Nothing was set.
    NeverEqual,
    /// The program aborts on panics, so a panic of one method would end every replica. Nothing was opened.
    PanicAborts,
}

impl Cause {
    /// Returns the kind.
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Cause::Request(error) => kind_of(*error),
            Cause::Partial(_) => ErrorKind::Partial,
            Cause::NodeThread => ErrorKind::NodeThread,
            Cause::UnknownMethod { .. } => ErrorKind::UnknownMethod,
            Cause::Shape { .. } | Cause::Arguments { .. } | Cause::AskedResult { .. } => {
                ErrorKind::BadArguments
            }
            Cause::Json(JsonError::Syntax(_) | JsonError::Arguments { .. }) => ErrorKind::BadArguments,
            Cause::Json(JsonError::Keyless { .. }) => ErrorKind::Keyless,
            Cause::Key(_) => ErrorKind::BadKey,
            Cause::TooLarge { .. } => ErrorKind::TooLarge,
            Cause::Result(_) => ErrorKind::ResultType,
            Cause::Config { .. } => ErrorKind::Config,
            Cause::Start(error) => kind_at_start(error),
            Cause::Join(error) => kind_of_outcast(*error),
            Cause::Unreachable(RemoteError::Client(_)) => ErrorKind::Unreachable,
            Cause::Unreachable(RemoteError::Thread(_)) => ErrorKind::Thread,
            Cause::AlreadyOpen { .. } => ErrorKind::AlreadyOpen,
            Cause::Unresolved { error, .. } => match error {
                ResolveError::NotOpen => ErrorKind::UnknownResource,
                ResolveError::NotRecorded => ErrorKind::NoLeader,
                ResolveError::Silent => ErrorKind::Unreachable,
                ResolveError::Closed => ErrorKind::Closed,
            },
            Cause::OtherPartitions { .. } => ErrorKind::OtherPartitions,
            Cause::Commands(error) => error.kind(),
            Cause::EmptyPage => ErrorKind::EmptyPage,
            Cause::NeverEqual => ErrorKind::NeverEqual,
            Cause::PanicAborts => ErrorKind::PanicAborts,
        }
    }
}

/// Returns the kind of an error that members report to each other: it has the same code.
fn kind_of(error: RequestError) -> ErrorKind {
    ErrorKind::from_code(error.code()).expect("each error of a request has a kind")
}

fn kind_at_start(error: &StartError) -> ErrorKind {
    match error {
        StartError::Identity(_) => ErrorKind::DataDirectory,
        StartError::Storage(_) => ErrorKind::Log,
        StartError::Address { .. } => ErrorKind::Address,
        StartError::Thread(_) => ErrorKind::Thread,
        StartError::SeedsDiffer { .. } => ErrorKind::SeedsDiffer,
    }
}

fn kind_of_outcast(error: JoinError) -> ErrorKind {
    match error {
        JoinError::OtherDisk => ErrorKind::OtherDisk,
        JoinError::OtherCluster => ErrorKind::OtherCluster,
        JoinError::UnknownMember => ErrorKind::UnknownMember,
        JoinError::DuplicateMember => ErrorKind::DuplicateMember,
        JoinError::Misaddressed => ErrorKind::Misaddressed,
        JoinError::OtherVersion { .. } => ErrorKind::OtherVersion,
        JoinError::OtherTimeout => ErrorKind::OtherTimeout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_a_request_has_the_kind_of_its_name() {
        let errors: Vec<_> = (0..=u16::MAX).filter_map(RequestError::from_code).collect();
        assert!(errors.len() >= 19);
        for error in errors {
            let kind = kind_of(error);
            let name = format!("{error:?}");
            assert!(name.starts_with(&format!("{kind:?}")), "{name} is not {kind:?}");
            assert_eq!(kind.outcome(), error.outcome(), "{name}");
            assert_eq!(kind.is_retryable(), error.is_retryable(), "{name}");
        }
    }
}
