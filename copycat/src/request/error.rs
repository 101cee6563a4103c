//! Reasons why a request failed, and whether it may have happened nevertheless.

use crate::codec::ids::MemberId;
use std::fmt;
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

/// The members that an error names: at most [`NAMED_MAX`], and whether there are more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamedMembers {
    /// The ids, ascending; 0 behind the last one.
    ids: [u64; NAMED_MAX],
    /// Whether there are others.
    more: bool,
}

/// Most members that an error names.
pub(crate) const NAMED_MAX: usize = 3;

impl NamedMembers {
    /// Names these members.
    pub(crate) fn new(members: impl IntoIterator<Item = MemberId>) -> NamedMembers {
        let mut members = members.into_iter();
        let mut named = NamedMembers::default();
        named.ids.iter_mut().zip(&mut members).for_each(|(id, member)| *id = member.0);
        named.more = members.next().is_some();
        named
    }

    /// Returns the members that are named.
    pub(crate) fn ids(&self) -> impl Iterator<Item = MemberId> + '_ {
        self.ids.iter().filter(|id| **id > 0).map(|id| MemberId(*id))
    }

    /// Returns whether there are others.
    pub(crate) fn has_more(&self) -> bool {
        self.more
    }
}

impl fmt::Display for NamedMembers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.ids().map(|member| member.to_string()).collect();
        match ids.len() {
            0 => return f.write_str("some members"),
            1 => write!(f, "member {}", ids[0])?,
            _ => write!(f, "members {}", ids.join(", "))?,
        }
        f.write_str(if self.more { " and others" } else { "" })
    }
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
    /// Queues are full, or a connection did not take the request; nothing was proposed.
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
    /// The arguments do not decode as those of the command. It was not carried out, on any replica.
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
    /// entry, or the group's log cannot be read on its disk, or the two copies of a state differ that is checked for
    /// determinism. Others may have applied the command, or may yet.
    #[error(
        "the member's program does not understand an entry of the group's log, or its disk cannot read it, or a method \
         is not deterministic"
    )]
    Halted,
    /// Not all members have announced that their programs have the command, or some have announced that theirs do not;
    /// nothing was proposed. A member that does not know a command could not carry it out.
    #[error("the command is not known to {0}")]
    UnknownToMembers(NamedMembers),
    /// The commands of the member's program contradict those on record in the group's log. The group is halted there.
    #[error("the commands of the member's program contradict those on record in the group's log")]
    Contradiction,
    /// The caller encoded the arguments, or would decode the result, by other types than the member has for the
    /// command; nothing was proposed.
    #[error("the command has other types on the member than in the caller's program")]
    OtherTypes,
}

/// An error as members exchange it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The code, never 0. This version need not know it.
    pub code: u16,
    /// The members that the error names.
    pub members: NamedMembers,
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Failure {
        Failure { code: error.code(), members: error.named() }
    }
}

impl RequestError {
    /// Every error and its code on the wire. Codes are never reused; 18 is reserved for "applied, and its
    /// result is no longer kept", which is not sent yet.
    const CODES: [(RequestError, u16); 20] = [
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
        (RequestError::UnknownToMembers(NamedMembers { ids: [0; NAMED_MAX], more: false }), 19),
        (RequestError::Contradiction, 20),
        (RequestError::OtherTypes, 21),
    ];

    /// Returns the code of this error on the wire and in public error codes; never 0.
    pub(crate) fn code(self) -> u16 {
        let kind = std::mem::discriminant(&self);
        let known = Self::CODES.iter().find(|(error, _)| std::mem::discriminant(error) == kind);
        known.map_or(0, |(_, code)| *code)
    }

    /// Returns the members that the error names.
    pub(crate) fn named(self) -> NamedMembers {
        match self {
            RequestError::UnknownToMembers(members) => members,
            _ => NamedMembers::default(),
        }
    }

    /// Returns the error of a code, which names no members; `None` for one that this version does not know.
    pub(crate) fn from_code(code: u16) -> Option<RequestError> {
        Self::CODES.iter().find(|(_, known)| *known == code).map(|(error, _)| *error)
    }

    /// Returns the error that another member reports. An unknown code of a newer version says only that the
    /// request failed; whether a write happened is then unknown. So it is reported as `Disconnected`, although no
    /// connection broke.
    pub(crate) fn received(Failure { code, members }: Failure) -> RequestError {
        match RequestError::from_code(code) {
            Some(RequestError::UnknownToMembers(_)) => RequestError::UnknownToMembers(members),
            known => known.unwrap_or(RequestError::Disconnected),
        }
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
                | RequestError::UnknownToMembers(_)
                | RequestError::Contradiction
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_members_that_it_is_about() {
        let of = |ids: &[u64]| {
            RequestError::UnknownToMembers(NamedMembers::new(ids.iter().map(|id| MemberId(*id))))
        };
        let text = |ids: &[u64]| of(ids).to_string();
        assert_eq!(text(&[3]), "the command is not known to member 3");
        assert_eq!(text(&[1, 2, 3]), "the command is not known to members 1, 2, 3");
        assert_eq!(text(&[1, 2, 3, 4]), "the command is not known to members 1, 2, 3 and others");
        for ids in [&[3][..], &[1, 2, 3, 4]] {
            assert_eq!(RequestError::received(of(ids).into()), of(ids));
        }
    }
}
