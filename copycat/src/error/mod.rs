//! The error type that users of the framework see, and [`ConfigError`], which builders report. What the errors of
//! requests mean, and what is known of a write's outcome, is in `request/error.rs`.

mod commands_error;
mod config_error;
mod json_error;
mod texts;

pub(crate) use commands_error::CommandsError;
pub use config_error::ConfigError;
pub(crate) use json_error::JsonError;

use crate::codec::payload::PayloadError;
use crate::codec::shape::encode_error::EncodeError;
use crate::node::{JoinError, StartError};
use crate::remote::{RemoteError, ResolveError};
use crate::request::error::{Outcome, RequestError};
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The error of a call that failed, or of something that could not be opened.
///
/// It says what happened, what can be done about it, whether a write may have been applied nevertheless
/// ([`outcome`](Error::outcome)), and whether a retry makes sense ([`is_retryable`](Error::is_retryable)). Programs
/// tell errors apart by their [`code`](Error::code), which never changes its meaning. A `Result` that a method
/// returns is not an `Error`: it is inside the value of a successful call.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    call_site: Option<CallSite>,
}

/// The command that failed.
#[derive(Clone, Debug)]
pub(crate) struct CallSite {
    /// The name of the resource.
    pub resource: Arc<str>,
    /// The name of the method.
    pub method: Cow<'static, str>,
    /// Whether the command is a read, which changes nothing even if it fails.
    pub read: bool,
}

/// The cause of an error.
#[derive(Debug)]
pub(crate) enum ErrorKind {
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
    /// The builder was given wrong values. Nothing was opened.
    Config(Vec<ConfigError>),
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

impl Error {
    /// Adds the command that failed.
    pub(crate) fn at(mut self, call_site: CallSite) -> Error {
        self.0.call_site = Some(call_site);
        self
    }

    /// Returns the number of this kind of error. It never changes its meaning, and is never 0.
    ///
    /// Codes below 100 name the errors that members also report to each other. A proxy or a builder that finds the
    /// same error itself, before anything is sent, uses the same code. All other kinds have codes from 100 on. The
    /// number does not say whether a write was applied: see [`outcome`](Error::outcome).
    #[must_use]
    pub fn code(&self) -> u16 {
        match &self.0.kind {
            ErrorKind::Request(error) => error.code(),
            ErrorKind::UnknownMethod { .. } => RequestError::UnknownMethod.code(),
            ErrorKind::Shape { .. }
            | ErrorKind::Arguments { .. }
            | ErrorKind::Json(JsonError::Syntax(_) | JsonError::Arguments { .. }) => {
                RequestError::BadArguments.code()
            }
            ErrorKind::Json(JsonError::Keyless { .. }) => 106,
            ErrorKind::TooLarge { .. } => RequestError::TooLarge.code(),
            ErrorKind::Partial(_) => 100,
            ErrorKind::NodeThread => 101,
            ErrorKind::Key(_) => 102,
            ErrorKind::Result(_) => 103,
            ErrorKind::EmptyPage => 104,
            ErrorKind::NeverEqual => 105,
            ErrorKind::Config(_) => 200,
            ErrorKind::Start(StartError::Identity(_)) => 201,
            ErrorKind::Start(StartError::Storage(_)) => 202,
            ErrorKind::Start(StartError::Address { .. }) => 203,
            ErrorKind::Start(StartError::Thread(_)) => 204,
            ErrorKind::Start(StartError::SeedsDiffer { .. }) => 205,
            ErrorKind::Join(JoinError::OtherDisk) => 206,
            ErrorKind::Join(JoinError::OtherCluster) => 207,
            ErrorKind::Join(JoinError::UnknownMember) => 211,
            ErrorKind::Join(JoinError::DuplicateMember) => 212,
            ErrorKind::Join(JoinError::Misaddressed) => 213,
            ErrorKind::Join(JoinError::OtherVersion { .. }) => 214,
            ErrorKind::Join(JoinError::OtherTimeout) => 215,
            ErrorKind::Unreachable(_) => 208,
            ErrorKind::Unresolved { error: ResolveError::NotOpen, .. } => {
                RequestError::UnknownResource.code()
            }
            ErrorKind::Unresolved { error: ResolveError::NotRecorded, .. } => RequestError::NoLeader.code(),
            ErrorKind::Unresolved { error: ResolveError::Silent, .. } => 208,
            ErrorKind::Unresolved { error: ResolveError::Closed, .. } => RequestError::Closed.code(),
            ErrorKind::AlreadyOpen { .. } => 209,
            ErrorKind::OtherPartitions { .. } => 216,
            ErrorKind::Commands(error) => error.code(),
            ErrorKind::PanicAborts => 210,
        }
    }

    /// Returns everything that is wrong with what a builder was given; empty for other errors.
    #[must_use]
    pub fn config_errors(&self) -> &[ConfigError] {
        match &self.0.kind {
            ErrorKind::Config(errors) => errors,
            _ => &[],
        }
    }

    /// Returns whether the failed write was applied. Always [`Outcome::NotApplied`] for reads.
    ///
    /// [`Outcome::Unknown`] includes a command that was carried out and whose result is lost: it was too large, was of
    /// another type, or the method panicked. The text of such an error says so.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.0.call_site.as_ref().is_some_and(|call_site| call_site.read) {
            return Outcome::NotApplied;
        }
        match &self.0.kind {
            ErrorKind::Request(error) => error.outcome(),
            ErrorKind::Partial(_) | ErrorKind::Result(_) => Outcome::Unknown,
            ErrorKind::NodeThread
            | ErrorKind::UnknownMethod { .. }
            | ErrorKind::Shape { .. }
            | ErrorKind::Arguments { .. }
            | ErrorKind::Json(_)
            | ErrorKind::Key(_)
            | ErrorKind::TooLarge { .. }
            | ErrorKind::Config(_)
            | ErrorKind::Start(_)
            | ErrorKind::Join(_)
            | ErrorKind::Unreachable(_)
            | ErrorKind::AlreadyOpen { .. }
            | ErrorKind::Unresolved { .. }
            | ErrorKind::OtherPartitions { .. }
            | ErrorKind::Commands(_)
            | ErrorKind::EmptyPage
            | ErrorKind::NeverEqual
            | ErrorKind::PanicAborts => Outcome::NotApplied,
        }
    }

    /// Returns whether the same call may succeed later.
    ///
    /// This does not say whether a repetition is safe: for that, see [`outcome`](Error::outcome).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Request(error) | ErrorKind::Partial(error) => error.is_retryable(),
            // The other process may be an earlier run of this one, whose end not all members have noticed yet.
            ErrorKind::Unreachable(_) | ErrorKind::Join(JoinError::DuplicateMember) => true,
            ErrorKind::Unresolved { error, .. } => *error != ResolveError::Closed,
            _ => false,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error(Box::new(Inner { kind, call_site: None }))
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Error {
        ErrorKind::Request(error).into()
    }
}

impl From<Vec<ConfigError>> for Error {
    fn from(errors: Vec<ConfigError>) -> Error {
        assert!(!errors.is_empty(), "an error of a builder says what is wrong");
        ErrorKind::Config(errors).into()
    }
}

impl From<StartError> for Error {
    fn from(cause: StartError) -> Error {
        ErrorKind::Start(cause).into()
    }
}

impl From<CommandsError> for Error {
    fn from(cause: CommandsError) -> Error {
        ErrorKind::Commands(cause).into()
    }
}

impl From<RemoteError> for ErrorKind {
    fn from(cause: RemoteError) -> ErrorKind {
        ErrorKind::Unreachable(cause)
    }
}

impl From<JoinError> for Error {
    fn from(cause: JoinError) -> Error {
        ErrorKind::Join(cause).into()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.kind {
            ErrorKind::Request(error) | ErrorKind::Partial(error) => Some(error),
            ErrorKind::Arguments { error, .. } => Some(error),
            ErrorKind::Json(cause) => Some(cause),
            ErrorKind::Key(cause) | ErrorKind::Result(cause) => Some(cause),
            ErrorKind::Start(cause) => Some(cause),
            ErrorKind::Commands(cause) => Some(cause),
            ErrorKind::Join(cause) => Some(cause),
            ErrorKind::Unreachable(cause) => Some(cause),
            ErrorKind::Unresolved { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `unwrap` and `main` print this. The sentence helps its reader more than the fields.
        write!(f, "Error {}: {self}", self.code())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call_site) = &self.0.call_site {
            write!(f, "`{}` of `{}`: ", call_site.method, call_site.resource)?;
        }
        match &*self.0 {
            Inner { kind: ErrorKind::Request(error), call_site: Some(CallSite { read: true, .. }) } => {
                write!(f, "{error}; {}", texts::remedy_of_read(*error))
            }
            Inner { kind, .. } => fmt::Display::fmt(kind, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call_site(read: bool) -> CallSite {
        CallSite { resource: "bank".into(), method: "deposit".into(), read }
    }

    #[test]
    fn says_cause_place_and_remedy() {
        let error = Error::from(RequestError::StorageFull).at(call_site(false));
        assert_eq!(
            error.to_string(),
            "`deposit` of `bank`: the log's disk is full; free space on the leader's disk, then try again"
        );
        assert_eq!(format!("{error:?}"), format!("Error 7: {error}"));
        assert_eq!((error.code(), error.outcome(), error.is_retryable()), (7, Outcome::NotApplied, true));
    }

    #[test]
    fn a_read_was_never_applied() {
        assert_eq!(Error::from(RequestError::Timeout).at(call_site(false)).outcome(), Outcome::Unknown);
        assert_eq!(Error::from(RequestError::Timeout).at(call_site(true)).outcome(), Outcome::NotApplied);
    }

    #[test]
    fn a_failed_read_does_not_speak_of_writes() {
        for code in 1..100 {
            let Some(error) = RequestError::from_code(code) else { continue };
            let text = Error::from(error).at(call_site(true)).to_string();
            assert!(!text.contains("a write may"), "{text}");
        }
    }

    #[test]
    fn a_write_that_failed_everywhere_is_not_said_to_be_applied_somewhere() {
        let text = Error::from(ErrorKind::Partial(RequestError::Timeout)).at(call_site(false)).to_string();
        assert!(
            text.contains("failed in at least one partition, and was or may have been applied"),
            "{text}"
        );
    }

    #[test]
    fn a_halted_group_is_blamed_on_the_program_or_the_disk() {
        let text = Error::from(RequestError::Halted).at(call_site(false)).to_string();
        let causes =
            ["does not understand an entry", "its disk cannot read it", "the member's log says which"];
        causes.iter().for_each(|part| assert!(text.contains(part), "{text}"));
        assert!(
            text.contains("read before trying again") && Error::from(RequestError::Halted).is_retryable()
        );
    }

    #[test]
    fn an_error_is_one_word_and_crosses_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
