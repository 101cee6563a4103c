//! The one error type that users of the framework meet.

use crate::codec::payload::PayloadError;
use crate::node::failure::{Failure, Outcome};
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Why something the framework was asked for did not come about.
///
/// Says what happened and what can be done about it, whether a write may have been applied all the same
/// ([`outcome`](Error::outcome)), and whether it makes sense to try again
/// ([`is_retryable`](Error::is_retryable)). Programs tell errors apart by their [`code`](Error::code),
/// which never changes its meaning. A method's own `Result` is not in here: it is inside the value of a
/// call that worked.
pub struct Error(Box<Inner>);

struct Inner {
    problem: Problem,
    place: Option<Place>,
}

/// The command that failed.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Name of the resource.
    pub resource: Arc<str>,
    /// Name of the method.
    pub method: &'static str,
    /// Whether it is a read: whatever happened to it, nothing was applied.
    pub read: bool,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A request failed on its way or at its end.
    Request(Failure),
    /// A write to all partitions failed in some of them, and was or may have been applied in others.
    Partial(Failure),
    /// A blocking call on a thread of the node. Nothing was sent.
    NodeThread,
    /// No command has the name. Nothing was sent.
    UnknownMethod {
        /// As given.
        name: String,
        /// Name of the resource.
        resource: Arc<str>,
    },
    /// The arguments of a submission by name do not fit the command. Nothing was sent.
    Shape {
        /// Names of the command's arguments.
        takes: &'static [&'static str],
    },
    /// The `Serialize` of an argument failed. Nothing was sent.
    Arguments(PayloadError),
    /// A key or a command is longer than allowed. Nothing was sent.
    TooLarge {
        /// "key" or "command".
        part: &'static str,
        /// Most bytes allowed.
        limit: usize,
        /// Bytes it takes.
        found: usize,
    },
    /// The result does not decode as what the caller expects. The command was applied.
    Result(PayloadError),
}

impl Error {
    /// Adds the command that failed.
    pub(crate) fn at(mut self, place: Place) -> Error {
        self.0.place = Some(place);
        self
    }

    /// The number that stands for this kind of error, in every version to come. Never 0.
    ///
    /// 1 to 99: a request failed; 100 to 199: a proxy refused or did not understand.
    #[must_use]
    pub fn code(&self) -> u16 {
        match &self.0.problem {
            Problem::Request(failure) => failure.code(),
            Problem::UnknownMethod { .. } => Failure::UnknownMethod.code(),
            Problem::Shape { .. } => Failure::BadArguments.code(),
            Problem::TooLarge { .. } => Failure::TooLarge.code(),
            Problem::Partial(_) => 100,
            Problem::NodeThread => 101,
            Problem::Arguments(_) => 102,
            Problem::Result(_) => 103,
        }
    }

    /// Whether the write behind this error happened. Always [`Outcome::NotApplied`] for reads.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self.0.place.as_ref().is_some_and(|place| place.read) {
            return Outcome::NotApplied;
        }
        match &self.0.problem {
            Problem::Request(failure) => failure.outcome(),
            Problem::Partial(_) | Problem::Result(_) => Outcome::Unknown,
            Problem::NodeThread
            | Problem::UnknownMethod { .. }
            | Problem::Shape { .. }
            | Problem::Arguments(_)
            | Problem::TooLarge { .. } => Outcome::NotApplied,
        }
    }

    /// Whether the same call may succeed later.
    ///
    /// Says nothing about whether it is safe to repeat it: for that, see [`outcome`](Error::outcome).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.problem {
            Problem::Request(failure) | Problem::Partial(failure) => failure.is_retryable(),
            _ => false,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        Error(Box::new(Inner { problem, place: None }))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Problem::Request(failure).into()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.problem {
            Problem::Request(failure) | Problem::Partial(failure) => Some(failure),
            Problem::Arguments(cause) | Problem::Result(cause) => Some(cause),
            _ => None,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `unwrap` and `main` print: the sentence serves its reader better than the fields.
        write!(f, "Error {}: {self}", self.code())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            write!(f, "`{}` of `{}`: ", place.method, place.resource)?;
        }
        fmt::Display::fmt(&self.0.problem, f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Request(failure) => write!(f, "{failure}; {}", remedy(*failure)),
            Problem::Partial(failure) => write!(
                f,
                "applied in some partitions, but not known to be in all: {failure}; read what is there before \
                 trying again"
            ),
            Problem::NodeThread => write!(
                f,
                "a blocking call on a thread of the node itself would never end; a state's methods must not \
                 call proxies"
            ),
            Problem::UnknownMethod { name, resource } => {
                write!(
                    f,
                    "`{resource}` has no command `{name}`; check the spelling, and the members' versions"
                )
            }
            Problem::Shape { takes } => {
                write!(f, "the arguments do not fit; give one tuple of ({})", takes.join(", "))
            }
            Problem::Arguments(cause) => {
                write!(f, "an argument cannot be encoded ({cause}); see how its type implements `Serialize`")
            }
            Problem::TooLarge { part, limit, found } => {
                write!(f, "the {part} takes {found} bytes, the limit is {limit}; cut it into several")
            }
            Problem::Result(cause) => write!(
                f,
                "the result is of another type ({cause}); the command itself was carried out; check the result's \
                 type, and the members' versions"
            ),
        }
    }
}

/// What the one who reads the error can do.
fn remedy(failure: Failure) -> &'static str {
    match failure {
        Failure::NoLeader => "try again; if it lasts, see whether a majority of the members is up",
        Failure::NotLeader | Failure::Superseded => "try again",
        Failure::Timeout | Failure::Disconnected => {
            "a write may have been applied, so read before trying again; see whether a majority of the members is up"
        }
        Failure::Busy => "try again later, or send less at once",
        Failure::StorageFull => "free space on the leader's disk, then try again",
        Failure::Stopped => {
            "a write may have been applied, so read before trying again through another member"
        }
        Failure::UnknownResource => "open it there, or try again through another member",
        Failure::UnknownMethod | Failure::WrongKind | Failure::BadArguments => {
            "the members run other versions of the state machine than the caller: bring them in line"
        }
        Failure::TooLarge => "cut it into several",
        Failure::BadResult => "the command itself was carried out; return less, or in several calls",
        Failure::Panicked => "what it had changed before stays; the member's log says where it was",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(read: bool) -> Place {
        Place { resource: "bank".into(), method: "deposit", read }
    }

    #[test]
    fn says_cause_place_and_remedy() {
        let error = Error::from(Failure::StorageFull).at(place(false));
        assert_eq!(
            error.to_string(),
            "`deposit` of `bank`: the log's disk is full; free space on the leader's disk, then try again"
        );
        assert_eq!(format!("{error:?}"), format!("Error 7: {error}"));
        assert_eq!((error.code(), error.outcome(), error.is_retryable()), (7, Outcome::NotApplied, true));
    }

    #[test]
    fn a_read_was_never_applied() {
        assert_eq!(Error::from(Failure::Timeout).at(place(false)).outcome(), Outcome::Unknown);
        assert_eq!(Error::from(Failure::Timeout).at(place(true)).outcome(), Outcome::NotApplied);
    }

    #[test]
    fn an_error_is_one_word_and_crosses_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
