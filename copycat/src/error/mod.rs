//! The error type that users of the framework see, and the mistakes that builders report. What the failures of requests
//! mean, and what is known of a write's outcome, is in `request/failure.rs`.

mod mistake;

pub use mistake::Mistake;

use crate::codec::payload::PayloadError;
use crate::node::{IdentityError, JoinError, StartError};
use crate::remote::{RemoteError, ResolveError};
use crate::request::failure::{Failure, Outcome};
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
    problem: Problem,
    place: Option<CallSite>,
}

/// The command that failed.
#[derive(Clone, Debug)]
pub(crate) struct CallSite {
    /// The name of the resource.
    pub resource: Arc<str>,
    /// The name of the method.
    pub method: &'static str,
    /// Whether the command is a read, which changes nothing even if it fails.
    pub read: bool,
}

/// The cause of an error.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A request failed, in flight or at its destination.
    Request(Failure),
    /// A write to several partitions failed in at least one, and was or may have been applied in at least one. The
    /// failure is one with an unknown outcome, if there is any.
    Partial(Failure),
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
    /// The `Serialize` of an argument failed. Nothing was sent.
    Arguments(PayloadError),
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
    Mistakes(Vec<Mistake>),
    /// The member could not be started. Nothing was sent.
    Start(StartError),
    /// This member cannot join the cluster. Nothing was sent on its behalf.
    JoinError(JoinError),
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
    /// A page is empty although more items follow, so the next page cannot be requested.
    EmptyPage,
    /// A value is not equal to itself, so no compare-and-set could succeed. Nothing was set.
    NeverEqual,
    /// The program aborts on panics, so a panic of one method would end every replica. Nothing was opened.
    PanicAborts,
}

impl Error {
    /// Adds the command that failed.
    pub(crate) fn at(mut self, place: CallSite) -> Error {
        self.0.place = Some(place);
        self
    }

    /// Returns the number of this kind of error. It never changes its meaning, and is never 0.
    ///
    /// Codes below 100 name the failures that members also report to each other. A proxy or a builder that finds the
    /// same failure itself, before anything is sent, uses the same code. All other kinds have codes from 100 on. The
    /// number does not say whether a write was applied: see [`outcome`](Error::outcome).
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
            Problem::EmptyPage => 104,
            Problem::NeverEqual => 105,
            Problem::Mistakes(_) => 200,
            Problem::Start(StartError::Identity(_)) => 201,
            Problem::Start(StartError::Storage(_)) => 202,
            Problem::Start(StartError::Address { .. }) => 203,
            Problem::Start(StartError::Thread(_)) => 204,
            Problem::Start(StartError::SeedsDiffer { .. }) => 205,
            Problem::JoinError(JoinError::LostStorage) => 206,
            Problem::JoinError(JoinError::OtherCluster) => 207,
            Problem::JoinError(JoinError::UnknownMember) => 211,
            Problem::JoinError(JoinError::DuplicateMember) => 212,
            Problem::JoinError(JoinError::Misaddressed) => 213,
            Problem::JoinError(JoinError::OtherVersion { .. }) => 214,
            Problem::JoinError(JoinError::OtherTimeout) => 215,
            Problem::Unreachable(_) => 208,
            Problem::Unresolved { error: ResolveError::NotOpen, .. } => Failure::UnknownResource.code(),
            Problem::Unresolved { error: ResolveError::Silent, .. } => 208,
            Problem::Unresolved { error: ResolveError::Closed, .. } => Failure::Closed.code(),
            Problem::AlreadyOpen { .. } => 209,
            Problem::OtherPartitions { .. } => 216,
            Problem::PanicAborts => 210,
        }
    }

    /// Returns all mistakes in what a builder was given; empty for other errors.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        match &self.0.problem {
            Problem::Mistakes(mistakes) => mistakes,
            _ => &[],
        }
    }

    /// Returns whether the failed write was applied. Always [`Outcome::NotApplied`] for reads.
    ///
    /// [`Outcome::Unknown`] includes a command that was carried out and whose result is lost: it was too large, was of
    /// another type, or the method panicked. The text of such an error says so.
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
            | Problem::TooLarge { .. }
            | Problem::Mistakes(_)
            | Problem::Start(_)
            | Problem::JoinError(_)
            | Problem::Unreachable(_)
            | Problem::AlreadyOpen { .. }
            | Problem::Unresolved { .. }
            | Problem::OtherPartitions { .. }
            | Problem::EmptyPage
            | Problem::NeverEqual
            | Problem::PanicAborts => Outcome::NotApplied,
        }
    }

    /// Returns whether the same call may succeed later.
    ///
    /// This does not say whether a repetition is safe: for that, see [`outcome`](Error::outcome).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.problem {
            Problem::Request(failure) | Problem::Partial(failure) => failure.is_retryable(),
            // The other process may be an earlier run of this one, whose end not all members have noticed yet.
            Problem::Unreachable(_) | Problem::JoinError(JoinError::DuplicateMember) => true,
            Problem::Unresolved { error, .. } => *error != ResolveError::Closed,
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

impl From<Vec<Mistake>> for Error {
    fn from(mistakes: Vec<Mistake>) -> Error {
        assert!(!mistakes.is_empty(), "an error names at least one mistake");
        Problem::Mistakes(mistakes).into()
    }
}

impl From<StartError> for Error {
    fn from(cause: StartError) -> Error {
        Problem::Start(cause).into()
    }
}

impl From<RemoteError> for Problem {
    fn from(cause: RemoteError) -> Problem {
        Problem::Unreachable(cause)
    }
}

impl From<JoinError> for Error {
    fn from(cause: JoinError) -> Error {
        Problem::JoinError(cause).into()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.problem {
            Problem::Request(failure) | Problem::Partial(failure) => Some(failure),
            Problem::Arguments(cause) | Problem::Result(cause) => Some(cause),
            Problem::Start(cause) => Some(cause),
            Problem::JoinError(cause) => Some(cause),
            Problem::Unreachable(cause) => Some(cause),
            Problem::Unresolved { error, .. } => Some(error),
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
        if let Some(place) = &self.0.place {
            write!(f, "`{}` of `{}`: ", place.method, place.resource)?;
        }
        match &*self.0 {
            Inner { problem: Problem::Request(failure), place: Some(CallSite { read: true, .. }) } => {
                write!(f, "{failure}; {}", remedy_of_read(*failure))
            }
            Inner { problem, .. } => fmt::Display::fmt(problem, f),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Request(failure) => write!(f, "{failure}; {}", remedy(*failure)),
            Problem::Partial(failure) => write!(
                f,
                "failed in at least one partition, and was or may have been applied in at least one: {failure}; read \
                 what is there before trying again"
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
            Problem::Mistakes(mistakes) => write_mistakes(mistakes, f),
            Problem::Start(cause) => write!(f, "{cause}{}", remedy_at_start(cause)),
            Problem::JoinError(cause) => write!(f, "{cause}{}", remedy_of_outcast(*cause)),
            Problem::Unreachable(cause) => {
                write!(f, "{cause}; check the addresses, and whether a member is up")
            }
            Problem::Unresolved { resource, error } => {
                write!(f, "`{resource}`: {error}; {}", remedy_of_unresolved(*error))
            }
            Problem::OtherPartitions { resource, expected, found } => write!(
                f,
                "`{resource}` has {found} partitions on its members, and was to be opened with {expected}; open it with \
                 as many as they have"
            ),
            Problem::AlreadyOpen { resource } => {
                write!(f, "`{resource}` is open in this process already; clone its proxy instead")
            }
            Problem::EmptyPage => {
                write!(f, "a page without items says that more follow; ask for at least one item a page")
            }
            Problem::NeverEqual => write!(
                f,
                "the value is not equal to itself, as NaN is not, so it cannot be compared and set; set it anew instead"
            ),
            Problem::PanicAborts => write!(
                f,
                "the program is built with `panic = \"abort\"`, so a panic in one method would end every replica; \
                 build it with `panic = \"unwind\"`"
            ),
        }
    }
}

/// Writes a single mistake on one line, several as a list.
fn write_mistakes(mistakes: &[Mistake], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let [only] = mistakes {
        return write!(f, "{only}");
    }
    write!(f, "{} mistakes:", mistakes.len())?;
    mistakes.iter().try_for_each(|mistake| write!(f, "\n  - {mistake}"))
}

/// Returns what the operator of a member can do. Storage errors carry their own remedy.
fn remedy_at_start(cause: &StartError) -> &'static str {
    match cause {
        StartError::Identity(IdentityError::Io { .. }) => {
            "; check that the directory can be made and written"
        }
        StartError::Identity(IdentityError::Locked { .. }) => {
            "; stop the other process, or choose another directory"
        }
        StartError::Identity(IdentityError::Version { .. }) => {
            "; start the version that wrote it, or a later one"
        }
        StartError::Identity(IdentityError::Foreign { .. }) => "; start with this member's own directory",
        StartError::Identity(IdentityError::Damaged { .. } | IdentityError::Missing { .. })
        | StartError::Identity(IdentityError::NoJournal { .. }) => {
            "; keep this member out, the others go on as long as they are a majority; restore the directory only \
             from a copy of every byte of it that was made after this member last stopped, because an older one \
             has forgotten votes and entries"
        }
        StartError::Address { .. } => "; choose a free address of this machine",
        StartError::SeedsDiffer { .. } => "; name the members that formed it",
        StartError::Thread(_) => "; see the limits of this process",
        StartError::Storage(_) => "",
    }
}

/// Returns what the user of a remote handle can do.
fn remedy_of_unresolved(error: ResolveError) -> &'static str {
    match error {
        ResolveError::NotOpen => "open it there first, or check the spelling",
        ResolveError::Silent => "see whether a member is up",
        ResolveError::Closed => "connect again",
    }
}

/// Returns what the operator of a member that cannot join can do.
fn remedy_of_outcast(cause: JoinError) -> &'static str {
    match cause {
        JoinError::LostStorage => {
            "; bring back the very directory it last used, no older copy; until then the others go on as long as they \
             are a majority"
        }
        JoinError::OtherCluster => "; check the seeds and the directory",
        JoinError::UnknownMember => "; name the same seeds on every member",
        JoinError::DuplicateMember => "; give each process its own id, and stop the one that is too many",
        JoinError::Misaddressed => "; check the addresses of the seeds",
        JoinError::OtherVersion { .. } => "; run the same version everywhere",
        JoinError::OtherTimeout => "; give every member the same election timeout",
    }
}

/// Returns what the caller of a failed read can do. The read changed nothing.
fn remedy_of_read(failure: Failure) -> &'static str {
    match failure {
        Failure::Timeout | Failure::Disconnected => {
            "try again; if it lasts, see whether a majority of the members is up"
        }
        Failure::Stopped => "try again through another member",
        Failure::Halted => {
            "the member's log says which: bring the members' versions in line, or see to its disk; until then try \
             through another member"
        }
        Failure::BadResult => "return less, or in several calls",
        Failure::Panicked => "the member's log says where it was",
        _ => remedy(failure),
    }
}

/// Returns what the caller of a failed request can do.
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
        Failure::Closed => "open it again, and use the new proxy",
        Failure::Halted => {
            "the member's log says which: bring the members' versions in line, or see to its disk; a write may have \
             been applied, so read before trying again through another member"
        }
        Failure::Panicked => "what it had changed before stays; the member's log says where it was",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(read: bool) -> CallSite {
        CallSite { resource: "bank".into(), method: "deposit", read }
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
    fn a_failed_read_does_not_speak_of_writes() {
        for code in 1..100 {
            let Some(failure) = Failure::from_code(code) else { continue };
            let text = Error::from(failure).at(place(true)).to_string();
            assert!(!text.contains("a write may"), "{text}");
        }
    }

    #[test]
    fn a_write_that_failed_everywhere_is_not_said_to_be_applied_somewhere() {
        let text = Error::from(Problem::Partial(Failure::Timeout)).at(place(false)).to_string();
        assert!(
            text.contains("failed in at least one partition, and was or may have been applied"),
            "{text}"
        );
    }

    #[test]
    fn a_halted_group_is_blamed_on_the_program_or_the_disk() {
        let text = Error::from(Failure::Halted).at(place(false)).to_string();
        let causes =
            ["does not understand an entry", "its disk cannot read it", "the member's log says which"];
        causes.iter().for_each(|part| assert!(text.contains(part), "{text}"));
        assert!(text.contains("read before trying again") && Error::from(Failure::Halted).is_retryable());
    }

    #[test]
    fn an_error_is_one_word_and_crosses_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
