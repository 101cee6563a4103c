//! The texts of errors: what happened, and what can be done about it.

use super::{Cause, ConfigError};
use crate::node::{IdentityError, JoinError, StartError};
use crate::remote::ResolveError;
use crate::request::error::RequestError;
use std::fmt;

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Request(error) => write!(f, "{error}; {}", remedy(*error)),
            Cause::Partial(error) => write!(
                f,
                "failed in at least one partition, and was or may have been applied in at least one: {error}; read \
                 what is there before trying again"
            ),
            Cause::NodeThread => write!(
                f,
                "a blocking call on a thread of the node itself would never end; a state's methods must not \
                 call proxies"
            ),
            Cause::Json(error) => write!(f, "{error}"),
            Cause::UnknownMethod { name, resource } => {
                write!(
                    f,
                    "`{resource}` has no command `{name}`; check the spelling, and the members' versions"
                )
            }
            Cause::Shape { takes } => {
                write!(f, "the arguments do not fit; give one tuple of ({})", takes.join(", "))
            }
            Cause::Key(cause) => write!(f, "a key cannot be encoded: {cause}"),
            Cause::Arguments { argument, error } => {
                write!(f, "the argument `{argument}` does not fit: {error}")
            }
            Cause::AskedResult { has, asked } => {
                write!(f, "the result is {has}, and was asked for as {asked}; nothing was sent")
            }
            Cause::TooLarge { part, limit, found } => {
                write!(f, "the {part} takes {found} bytes, the limit is {limit}; cut it into several")
            }
            Cause::Result(cause) => write!(
                f,
                "the result is of another type ({cause}); the command itself was carried out; check the result's \
                 type, and the members' versions"
            ),
            Cause::Config { builder, errors } => write_config_errors(builder, errors, f),
            Cause::Start(cause) => write!(f, "{cause}{}", remedy_at_start(cause)),
            Cause::Join(cause) => write!(f, "{cause}{}", remedy_of_outcast(*cause)),
            Cause::Unreachable(cause) => {
                write!(f, "{cause}; check the addresses, and whether a member is up")
            }
            Cause::Unresolved { resource, error } => {
                write!(f, "`{resource}`: {error}; {}", remedy_of_unresolved(*error))
            }
            Cause::OtherPartitions { resource, expected, found } => write!(
                f,
                "`{resource}` has {found} partitions on its members, and was to be opened with {expected}; open it with \
                 as many as they have"
            ),
            Cause::Commands(error) => write!(f, "{error}"),
            Cause::AlreadyOpen { resource } => {
                write!(f, "`{resource}` is open in this process already; clone its proxy instead")
            }
            Cause::EmptyPage => {
                write!(f, "a page without items says that more follow; ask for at least one item a page")
            }
            Cause::NeverEqual => write!(
                f,
                "the value is not equal to itself, as NaN is not, so it cannot be compared and set; set it anew instead"
            ),
            Cause::PanicAborts => write!(
                f,
                "the program is built with `panic = \"abort\"`, so a panic in one method would end every replica; \
                 build it with `panic = \"unwind\"`"
            ),
        }
    }
}

/// Writes a single configuration error on one line, several as a list.
fn write_config_errors(builder: &str, errors: &[ConfigError], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let [only] = errors {
        return write!(f, "{builder}: {only}");
    }
    write!(f, "{builder} has {} errors:", errors.len())?;
    errors.iter().try_for_each(|error| write!(f, "\n  - {error}"))
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
        ResolveError::NotRecorded => "open it on a majority, with the same types and number of partitions",
        ResolveError::Silent => "see whether a member is up",
        ResolveError::Closed => "connect again",
    }
}

/// Returns what the operator of a member that cannot join can do.
fn remedy_of_outcast(cause: JoinError) -> &'static str {
    match cause {
        JoinError::OtherDisk => {
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
pub(super) fn remedy_of_read(error: RequestError) -> &'static str {
    match error {
        RequestError::Timeout | RequestError::Disconnected => {
            "try again; if it lasts, see whether a majority of the members is up"
        }
        RequestError::Stopped => "try again through another member",
        RequestError::Halted => {
            "the member's log says which: bring the members' versions in line, see to its disk, or mend the method; until \
             then try through another member"
        }
        RequestError::BadResult => {
            "return less, or in several calls, or see the member's log if it is not too long"
        }
        RequestError::Panicked => "the member's log says where it was",
        RequestError::Contradiction => "the member's log says how; until then try through another member",
        _ => remedy(error),
    }
}

/// Returns what the caller of a failed request can do.
fn remedy(error: RequestError) -> &'static str {
    match error {
        RequestError::NoLeader => "try again; if it lasts, see whether a majority of the members is up",
        RequestError::NotLeader | RequestError::Superseded => "try again",
        RequestError::Timeout | RequestError::Disconnected => {
            "a write may have been applied, so read before trying again; see whether a majority of the members is up"
        }
        RequestError::Busy => "try again later, or send less at once",
        RequestError::StorageFull => "free space on the leader's disk, then try again",
        RequestError::Stopped => {
            "a write may have been applied, so read before trying again through another member"
        }
        RequestError::UnknownResource => "open it there, or try again through another member",
        RequestError::BadArguments => {
            "a type of the members refuses one of the values; if the values are right, the members run other versions of \
             the state machine than the caller: bring them in line"
        }
        RequestError::UnknownMethod | RequestError::WrongKind => {
            "the members run other versions of the state machine than the caller: bring them in line"
        }
        RequestError::TooLarge => "cut it into several",
        RequestError::BadResult => {
            "the command itself was carried out; return less, or in several calls, or see the member's log if it is not \
             too long"
        }
        RequestError::Closed => "open it again, and use the new proxy",
        RequestError::Halted => {
            "the member's log says which: bring the members' versions in line, see to its disk, or mend the method; a write \
             may have been applied, so read before trying again through another member"
        }
        RequestError::Panicked => "what it had changed before stays; the member's log says where it was",
        RequestError::OtherTypes => {
            "build the program with the types that are on record, and open the resource again"
        }
        RequestError::UnknownToMembers(_) => {
            "start a program that has it on every member, then try again; until then it is refused, because a member \
             that does not know it could not carry it out"
        }
        RequestError::Contradiction => {
            "the member's log says how: start it with the types that are on record; until then try through another \
             member"
        }
    }
}
