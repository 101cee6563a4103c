//! Reasons why a request failed, and whether it may have happened nevertheless.

use thiserror::Error;

/// Whether the write behind an error happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was certainly not applied and never will be: it is safe to send it again.
    NotApplied,
    /// It may have been applied, or may still be. This includes a command that was carried out and whose result is
    /// lost: the text of the error says so then.
    Unknown,
}

/// The reason why a request failed. Members exchange it as a code, so codes never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No leader accepted the request within its timeout, or, if the request needs none, no member; it was never
    /// proposed. Opening a resource before the bootstrap fails with it, too.
    #[error("no leader was found in time")]
    NoLeader,
    /// The request reached a member that does not lead the named term; nothing was proposed.
    #[error("the request was meant for a leader or a term that is over")]
    NotLeader,
    /// The timeout passed after the request had been sent; it may have been applied, or may still be.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke after the request had been sent; it may have been applied, or may still be.
    #[error("the connection broke before the answer came")]
    Disconnected,
    /// A leader proposed the command, and the entry of a later leader replaced it: it never happened.
    #[error("another leader's entry took the place of the command")]
    Superseded,
    /// Queues are full, or a connection did not take the request; nothing was proposed. Opening groups that have a
    /// state machine already fails with it, too.
    #[error("the member is too busy")]
    Busy,
    /// The leader's disk is full; nothing was proposed.
    #[error("the log's disk is full")]
    StorageFull,
    /// The member is stopping, or its disk failed. Commands that it had proposed may still be applied.
    #[error("the member is stopping")]
    Stopped,
    /// The member does not host the group; nothing was proposed.
    #[error("the resource is not open on that member")]
    UnknownResource,
    /// The resource has no such command; nothing was proposed.
    #[error("the resource has no such command")]
    UnknownMethod,
    /// The command has another kind than the request says (a read sent as a write); nothing was proposed.
    #[error("the command is of another kind")]
    WrongKind,
    /// The arguments do not fit the command; nothing was proposed.
    #[error("the arguments do not fit the command")]
    BadArguments,
    /// The command or its key is longer than allowed; nothing was proposed.
    #[error("the command or its key is too large")]
    TooLarge,
    /// The command was carried out (a write was applied); its result is longer than allowed, or cannot be encoded.
    #[error("the result is too large or cannot be encoded")]
    BadResult,
    /// The user's method panicked: a write on every replica alike, a read on the member that ran it. What a write
    /// changed before stays.
    #[error("the method panicked")]
    Panicked,
    /// The member or the remote handle of the proxy is closed, for good; nothing was sent.
    #[error("the member or the remote handle of the proxy is closed")]
    Closed,
    /// The group is halted on this member, and applies nothing more there: the member's program does not understand an
    /// entry, or the group's log cannot be read on its disk. Others may have applied the command, or may yet.
    #[error(
        "the member's program does not understand an entry of the group's log, or its disk cannot read it"
    )]
    Halted,
}

impl RequestError {
    /// Every error and its code on the wire. Codes are never reused; 18 is reserved for "applied, and its
    /// result is no longer kept", which is not sent yet.
    const CODES: [(RequestError, u16); 17] = [
        (RequestError::NoLeader, 1),
        (RequestError::NotLeader, 2),
        (RequestError::Timeout, 3),
        (RequestError::Disconnected, 4),
        (RequestError::Superseded, 5),
        (RequestError::Busy, 6),
        (RequestError::StorageFull, 7),
        (RequestError::Stopped, 8),
        (RequestError::UnknownResource, 9),
        (RequestError::UnknownMethod, 10),
        (RequestError::WrongKind, 11),
        (RequestError::BadArguments, 12),
        (RequestError::TooLarge, 13),
        (RequestError::BadResult, 14),
        (RequestError::Panicked, 15),
        (RequestError::Closed, 16),
        (RequestError::Halted, 17),
    ];

    /// Returns the code of this error on the wire and in public error codes; never 0.
    pub(crate) fn code(self) -> u16 {
        Self::CODES.iter().find(|(error, _)| *error == self).map_or(0, |(_, code)| *code)
    }

    /// Returns the error of a code; `None` for one that this version does not know.
    pub(crate) fn from_code(code: u16) -> Option<RequestError> {
        Self::CODES.iter().find(|(_, known)| *known == code).map(|(error, _)| *error)
    }

    /// Returns the error that another member reports. An unknown code of a newer version says only that the
    /// request failed; whether a write happened is then unknown. So it is reported as `Disconnected`, although no
    /// connection broke.
    pub(crate) fn received(code: u16) -> RequestError {
        RequestError::from_code(code).unwrap_or(RequestError::Disconnected)
    }

    /// Returns whether the request may have happened.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            RequestError::Timeout
            | RequestError::Disconnected
            | RequestError::Stopped
            | RequestError::BadResult
            | RequestError::Panicked
            | RequestError::Halted => Outcome::Unknown,
            _ => Outcome::NotApplied,
        }
    }

    /// Returns whether the same request may succeed later, or at another member.
    pub(crate) fn is_retryable(self) -> bool {
        matches!(
            self,
            RequestError::NoLeader
                | RequestError::NotLeader
                | RequestError::Timeout
                | RequestError::Disconnected
                | RequestError::Superseded
                | RequestError::Busy
                | RequestError::StorageFull
                | RequestError::Stopped
                | RequestError::UnknownResource
                | RequestError::Halted
        )
    }
}
