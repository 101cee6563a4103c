//! The invariants, each with a description. A run ends with the first violation.

use crate::codec::cursor::Malformed;
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use crate::request::error::RequestError;
use crate::storage::StorageError;
use crate::transport::wire::unreadable::Unreadable as UnreadableMessage;
use std::time::Duration;
use thiserror::Error;

/// A broken invariant. The run keeps the state in which it was noticed.
#[derive(Clone, Debug, Error)]
pub(super) enum Violation {
    /// Election safety (Raft §5.2).
    #[error("two leaders in term {term} of group {group}: {first} and {second}")]
    TwoLeaders { group: GroupId, term: Term, first: MemberId, second: MemberId },
    /// Log matching (§5.3).
    #[error(
        "log matching: {member} holds an entry {index} of term {term} in group {group} that differs from \
         another one of the same index and term, or follows another entry"
    )]
    Mismatch { group: GroupId, member: MemberId, index: Index, term: Term },
    /// The cluster's time, which the entries carry, falls neither over restarts nor over changes of leader.
    #[error("the time in entry {index} of group {group} on {member} fell from {from} to {to} microseconds")]
    TimeFell { group: GroupId, member: MemberId, index: Index, from: u64, to: u64 },
    /// Leader completeness (§5.4.3).
    #[error(
        "leader completeness: {leader} leads term {term} of group {group} without the entry {index}, which was committed before"
    )]
    IncompleteLeader { group: GroupId, leader: MemberId, term: Term, index: Index },
    /// A leader only appends to its own log (§5.3).
    #[error("{leader} cut its own log of group {group} at {index} while it led")]
    LeaderCut { group: GroupId, leader: MemberId, index: Index },
    /// State-machine safety (§5.4.3).
    #[error("{member} commits another entry {index} of group {group} than was committed before")]
    OtherCommit { group: GroupId, member: MemberId, index: Index },
    /// The commit rule (§5.4.2).
    #[error("{leader} commits entry {index} of group {group} by counting, although it is of an earlier term")]
    EarlierTerm { group: GroupId, leader: MemberId, index: Index },
    /// Durability: a committed entry is durable on a majority.
    #[error(
        "{member} commits entry {index} of group {group} while it is durable on {holders} members; {needed} are needed"
    )]
    CommitNotDurable { group: GroupId, member: MemberId, index: Index, holders: usize, needed: usize },
    /// Durability: a committed entry stays where it is durable.
    #[error(
        "{member} replaced or cut its durable copy of entry {index} of group {group}, which is committed"
    )]
    CommittedCut { group: GroupId, member: MemberId, index: Index },
    /// A commit index fell during one life of a process.
    #[error("the commit index of group {group} on {member} fell from {from} to {to}")]
    CommitFell { group: GroupId, member: MemberId, from: Index, to: Index },
    /// A state machine received an entry that is not committed, or differs from the committed one.
    #[error("{member} applies entry {index} of group {group}, which is not the committed one")]
    AppliedOther { group: GroupId, member: MemberId, index: Index },
    /// A vote on the disk contradicts an earlier one.
    #[error("{member} wrote a vote of group {group} that takes back an earlier one: term {term}")]
    VoteTaken { group: GroupId, member: MemberId, term: Term },
    /// Entries on the disk do not follow those before them.
    #[error("{member} wrote entry {index} of group {group} with a gap before it")]
    Gap { group: GroupId, member: MemberId, index: Index },
    /// A shard declared that nothing follows from a flush, but something did.
    #[error("{member} did not wait for a flush from which something followed")]
    Overslept { member: MemberId },
    /// A message left before its promise was durable.
    #[error("{member} sent {what} of term {term} in group {group} before it was durable")]
    Early { group: GroupId, member: MemberId, term: Term, what: &'static str },
    /// Recovery found something else than the flushed batches, followed by at most the one that was in flight.
    #[error(
        "{member} recovered another state of group {group} than it had flushed: {found}, instead of {flushed}"
    )]
    Recovered { group: GroupId, member: MemberId, found: String, flushed: String },
    /// A leader reports that a follower lost acknowledged entries, although no disk was damaged.
    #[error(
        "{member} accuses a follower in group {group} of having lost what it acknowledged; no disk was damaged"
    )]
    Accused { group: GroupId, member: MemberId },
    /// A journal could not be opened, although no injected fault makes one unreadable.
    #[error("{member} cannot be started again: {error}")]
    NotOpened { member: MemberId, error: StorageError },
    /// A request got no answer although its member is alive.
    #[error("{member} forgot a request: nobody will ever answer it")]
    Forgotten { member: MemberId },
    /// A result is of no tape, or belongs to another operation.
    #[error("operation {operation} was answered with the result of something else")]
    OtherAnswer { operation: u64 },
    /// Real time: an operation took effect before commands that were acknowledged or seen before it began.
    #[error(
        "operation {operation} ({kind}) on group {group} is stale: it took place after {found} commands, \
         but {known} had been acknowledged or seen before it began"
    )]
    Stale { group: GroupId, operation: u64, kind: &'static str, found: u64, known: u64 },
    /// Calls of one line took effect in another order than that in which they were sent.
    #[error("in a line of calls on group {group}, operation {later} took effect before operation {earlier}")]
    OutOfLine { group: GroupId, earlier: u64, later: u64 },
    /// An answer shows a state that is no prefix of the committed commands.
    #[error("operation {operation} on group {group} shows a state of {found} commands that never was")]
    NeverWas { group: GroupId, operation: u64, found: u64 },
    /// A log holds a command that no program understands.
    #[error("{member} committed entry {index} of group {group}, which is no command of its state machine")]
    Unchecked { group: GroupId, member: MemberId, index: Index },
    /// A log holds a command that was not put on record before.
    #[error("{member} committed entry {index} of group {group}, a command that is not on record")]
    Unrecorded { group: GroupId, member: MemberId, index: Index },
    /// A record lacks a command that was on record before, or cannot be read.
    #[error("{member} committed entry {index} of group {group}, a record without what was on record")]
    Shrunk { group: GroupId, member: MemberId, index: Index },
    /// A malformed request succeeded.
    #[error("operation {operation} on group {group} is malformed, and succeeded")]
    Accepted { group: GroupId, operation: u64 },
    /// A command was committed twice, although no client here repeats a request.
    #[error("operation {operation} was committed twice in group {group}")]
    Twice { group: GroupId, operation: u64 },
    /// An error said that a write was not applied, but it was.
    #[error("operation {operation} of group {group} was refused ({error}), and happened")]
    RefusedAndDone { group: GroupId, operation: u64, error: RequestError },
    /// A frame that this codec encoded cannot be decoded.
    #[error("a frame does not survive its own encoding: {0}")]
    Unreadable(Malformed),
    /// A message that this codec encoded cannot be decoded.
    #[error("a message does not survive its own encoding: {0}")]
    Garbled(UnreadableMessage),
    /// The cluster does not work in time after the healing.
    #[error("{waited:?} after everything was healed, still: {missing}")]
    NotSettled { waited: Duration, missing: String },
    /// An assertion of the tested code failed.
    #[error("an assertion failed: {0}")]
    Panicked(String),
}
