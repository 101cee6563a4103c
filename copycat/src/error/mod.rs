//! The error type that users of the framework see, the table of its kinds ([`ErrorKind`]), and [`ConfigError`], which
//! builders report. The errors that members report to each other are in `request/error.rs`.

mod cause;
mod commands_error;
mod config_error;
mod json_error;
mod kind;
mod texts;

pub(crate) use cause::Cause;
pub(crate) use commands_error::CommandsError;
pub use config_error::ConfigError;
pub(crate) use json_error::JsonError;
pub use kind::ErrorKind;

use crate::node::{JoinError, StartError};
use crate::remote::RemoteError;
use crate::request::error::{Outcome, RequestError};
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The error of a call that failed, or of something that could not be opened.
///
/// It says what happened, what can be done about it, whether a write may have been applied nevertheless
/// ([`outcome`](Error::outcome)), and whether a retry makes sense ([`is_retryable`](Error::is_retryable)). Programs
/// tell errors apart by their [`kind`](Error::kind), an enum with a table of all kinds; people find in it what the
/// number in a log means. A `Result` that a method returns is not an `Error`: it is inside the value of a successful
/// call.
pub struct Error(Box<Inner>);

struct Inner {
    cause: Cause,
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

impl Error {
    /// The error of a builder that was given wrong values. `builder` is the call that it began with.
    pub(crate) fn config(builder: &'static str, errors: Vec<ConfigError>) -> Error {
        assert!(!errors.is_empty(), "an error of a builder says what is wrong");
        Cause::Config { builder, errors }.into()
    }

    /// Adds the command that failed.
    pub(crate) fn at(mut self, call_site: CallSite) -> Error {
        self.0.call_site = Some(call_site);
        self
    }

    /// Returns what kind of error this is, to match against.
    ///
    /// ```
    /// use copycat::{Cluster, ErrorKind};
    ///
    /// let error = Cluster::builder().build().expect_err("nothing was given");
    /// match error.kind() {
    ///     ErrorKind::Config => println!("{:?}", error.config_errors()),
    ///     ErrorKind::NoLeader | ErrorKind::Busy => println!("try again"),
    ///     other => println!("{}", other.explain()),
    /// }
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.cause.kind()
    }

    /// Returns the number of the kind, as [`ErrorKind::code`] does. It never changes its meaning, and is never 0.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.kind().code()
    }

    /// Returns what the kind of the error means, why it happens, and what can be done, as [`ErrorKind::explain`]
    /// does. The text of the error itself is shorter, and names what is concerned.
    #[must_use]
    pub fn explain(&self) -> &'static str {
        self.kind().explain()
    }

    /// Returns everything that is wrong with what a builder was given; empty for other errors.
    #[must_use]
    pub fn config_errors(&self) -> &[ConfigError] {
        match &self.0.cause {
            Cause::Config { errors, .. } => errors,
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
        self.kind().outcome()
    }

    /// Returns whether the same call may succeed later.
    ///
    /// This does not say whether a repetition is safe: for that, see [`outcome`](Error::outcome).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.cause {
            Cause::Partial(error) => error.is_retryable(),
            _ => self.kind().is_retryable(),
        }
    }
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Error {
        Error(Box::new(Inner { cause, call_site: None }))
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Error {
        Cause::Request(error).into()
    }
}

impl From<StartError> for Error {
    fn from(cause: StartError) -> Error {
        Cause::Start(cause).into()
    }
}

impl From<CommandsError> for Error {
    fn from(cause: CommandsError) -> Error {
        Cause::Commands(cause).into()
    }
}

impl From<RemoteError> for Cause {
    fn from(cause: RemoteError) -> Cause {
        Cause::Unreachable(cause)
    }
}

impl From<JoinError> for Error {
    fn from(cause: JoinError) -> Error {
        Cause::Join(cause).into()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::Request(error) | Cause::Partial(error) => Some(error),
            Cause::Arguments { error, .. } => Some(error),
            Cause::Json(cause) => Some(cause),
            Cause::Key(cause) | Cause::Result(cause) => Some(cause),
            Cause::Start(cause) => Some(cause),
            Cause::Commands(cause) => Some(cause),
            Cause::Join(cause) => Some(cause),
            Cause::Unreachable(cause) => Some(cause),
            Cause::Unresolved { error, .. } => Some(error),
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
            Inner { cause: Cause::Request(error), call_site: Some(CallSite { read: true, .. }) } => {
                write!(f, "{error}; {}", texts::remedy_of_read(*error))
            }
            Inner { cause, .. } => fmt::Display::fmt(cause, f),
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
        let text = Error::from(Cause::Partial(RequestError::Timeout)).at(call_site(false)).to_string();
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
