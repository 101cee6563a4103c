//! The state that a server keeps in every role: term, vote, log, commit index and timers. "Server" is the paper's word
//! for a member of the group.
//!
//! The files that use it hold the rules for when this state changes. Of the role, this file knows only whether the
//! server leads, from `leader`.

use super::configuration::Configurations;
use super::effect::{Effect, Effects};
use super::error::NotLeader;
use super::message::Message;
use super::options::{RaftOptions, Restored};
use super::token::Token;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, TERM_MAX, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::{LogId, Span};
use std::time::Duration;

/// The state of a server that does not depend on its role.
// Rule: Raft figure 2, State
#[derive(Debug)]
pub(super) struct Server {
    pub(super) id: MemberId,
    pub(super) options: RaftOptions,
    random: fastrand::Rng,
    /// The latest time given by the owner.
    pub(super) now: Duration,

    /// The paper's `currentTerm`.
    pub(super) term: Term,
    /// The paper's `votedFor`.
    pub(super) vote: Option<MemberId>,
    /// The paper's `log[]`, without the commands.
    pub(super) log: LogShape,
    pub(super) configurations: Configurations,
    /// The number of writes that changed term or vote, and of cuts: see `Token`.
    epoch: u64,
    /// The newest token known to be durable.
    durable: Token,

    /// The paper's `commitIndex`.
    pub(super) commit: Index,
    /// The leader of the current term, if known; this server while it leads.
    pub(super) leader: Option<MemberId>,
    /// The last index up to which that leader's appends have shown that both logs agree.
    pub(super) verified: Index,
    /// The end of the vote block. Until then this server casts no new vote, not even for itself: a leader that it heard
    /// may hold a lease. It may repeat the vote on disk.
    pub(super) vote_blocked_until: Duration,
    /// The time at which this server campaigns, unless it hears a leader before.
    pub(super) election_deadline: Duration,
    /// Whether the timers of this server stand still; see [`quiet`](super::quiet).
    pub(super) quiet: bool,
    /// The number of the next campaign. Each start of this server begins with another number.
    next_campaign: u64,
    /// The number of tickets given to reads, in all leaderships.
    tickets: u64,
}

impl Server {
    /// Creates a server that continues from `restored`. It casts no new vote during one election timeout, not even for
    /// itself, because before it stopped it may have answered a leader that holds a lease. The timeout is the longest
    /// under which it may have answered, or the current one if that is longer. A server without a term need not wait:
    /// it never answered a heartbeat, because the answer would have waited for a term on disk.
    pub(super) fn new(options: RaftOptions, restored: Restored, now: Duration) -> Server {
        let last = restored.log.last();
        assert!(restored.vote.is_none() || restored.term > 0, "a vote without a term");
        assert!(last.term <= restored.term, "entries of a term that was not saved before them");
        assert!(options.inflight_max > 0 && options.entries_max > 0, "nothing could ever be sent");
        let vote_blocked_until = match restored.term {
            0 => Duration::ZERO,
            _ => now + restored.longest_election_timeout.max(options.election_timeout),
        };
        let mut server = Server {
            id: restored.id,
            random: fastrand::Rng::with_seed(options.seed),
            now,
            term: restored.term,
            vote: restored.vote,
            // A snapshot covers only committed entries. What was committed after the recorded index is learned again.
            commit: restored.commit.max(restored.log.base().index),
            log: restored.log,
            configurations: Configurations::new(restored.initial, restored.configurations),
            epoch: 0,
            durable: Token { epoch: 0, index: last.index },
            leader: None,
            verified: 0,
            vote_blocked_until,
            election_deadline: Duration::ZERO,
            quiet: false,
            next_campaign: options.seed,
            tickets: 0,
            options,
        };
        server.election_deadline = vote_blocked_until.max(now) + server.random_part();
        server.assert_invariants();
        server
    }

    /// Asserts the invariants that hold between any two calls of the owner.
    pub(super) fn assert_invariants(&self) {
        let last = self.log.last();
        assert!(self.log.base().index <= self.commit, "a snapshot covers what is not committed");
        assert!(self.commit <= last.index, "committed {} of {last:?}", self.commit);
        assert!(self.verified <= last.index, "a leader's log agrees beyond {last:?}: {}", self.verified);
        assert!(last.term <= self.term, "an entry {last:?} of a term after {}", self.term);
        assert!(self.durable <= self.token(), "{:?} durable of {:?}", self.durable, self.token());
        assert!(self.configurations.newest() <= last.index, "a configuration that is not in the log");
        assert!(
            !self.quiet || self.is_complete() && self.leader.is_some(),
            "quiet, but something is missing"
        );
    }

    /// Sets the time. An earlier time than the current one is ignored.
    pub(super) fn set_time(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    /// Returns the token of everything that this server has asked to be written so far.
    pub(super) fn token(&self) -> Token {
        Token { epoch: self.epoch, index: self.log.last().index }
    }

    /// Returns the token of the write with which the current epoch began: a change of term or vote, or a cut.
    pub(super) fn epoch_start(&self) -> Token {
        Token::opening(self.epoch)
    }

    /// Records that everything written up to `token` is durable.
    pub(super) fn note_durable(&mut self, token: Token) {
        assert!(token <= self.token(), "{token:?} durable, but only {:?} written", self.token());
        self.durable = self.durable.max(token);
    }

    /// Returns whether the first write of the current epoch is durable, and with it the current term and vote. Right
    /// after a cut this is false, although the vote has been durable for long.
    pub(super) fn is_epoch_durable(&self) -> bool {
        assert!(self.durable.epoch <= self.epoch, "a later epoch durable than was written");
        self.durable.epoch == self.epoch
    }

    /// Returns whether everything written is durable.
    pub(super) fn is_all_durable(&self) -> bool {
        self.token() == self.durable
    }

    /// Returns whether the log is committed and durable to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.commit == self.log.last().index && self.is_all_durable()
    }

    /// Returns the last index known to be durable. A completion of an earlier epoch is about another term or another
    /// tail, so it is not counted.
    pub(super) fn durable_index(&self) -> Index {
        let index = if self.is_epoch_durable() { self.durable.index } else { 0 };
        assert!(
            index <= self.log.last().index,
            "durable up to {index}, but only {:?} written",
            self.log.last()
        );
        index
    }

    /// Restarts the election timer, with a random time between one election timeout and two. If the vote block lasts
    /// longer than one election timeout from now, as it may after a restart, the random part counts from the end of the
    /// block: a candidate votes for itself, and that is a vote, too.
    // Rule: Raft §5.2, randomized timeouts
    pub(super) fn restart_election_timer(&mut self) {
        self.restart_election_timer_at(self.now);
    }

    /// Restarts the election timer as if it were `time`, which may be past.
    fn restart_election_timer_at(&mut self, time: Duration) {
        assert!(time <= self.now, "a timer starts at {time:?}, and it is {:?}", self.now);
        let earliest = self.vote_blocked_until.max(time + self.options.election_timeout);
        self.election_deadline = earliest + self.random_part();
        assert!(self.election_deadline >= earliest, "time ran over");
    }

    /// Draws a random time between zero and one election timeout.
    fn random_part(&mut self) -> Duration {
        let nanos = u64::try_from(self.options.election_timeout.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.random.u64(0..=nanos))
    }

    /// Returns a new number for a campaign.
    pub(super) fn number_campaign(&mut self) -> u64 {
        let number = self.next_campaign;
        self.next_campaign = number.wrapping_add(1);
        number
    }

    /// Returns the number of the latest campaign.
    #[cfg(feature = "testing")]
    pub(super) fn latest_campaign(&self) -> u64 {
        self.next_campaign.wrapping_sub(1)
    }

    /// Returns a new ticket number for a read.
    pub(super) fn number_read(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Changes the term, the vote, or both in one write, which begins a new epoch.
    pub(super) fn save_vote(&mut self, term: Term, vote: Option<MemberId>, fx: &mut Effects) {
        assert!(self.leader != Some(self.id), "a leader's term and vote are fixed");
        assert!(term > self.term || self.vote.is_none(), "a second vote in term {term}");
        assert!((1..=TERM_MAX).contains(&term) && term >= self.term, "term {term} after {}", self.term);
        if term > self.term {
            (self.leader, self.verified) = (None, 0);
        }
        (self.term, self.vote) = (term, vote);
        self.epoch += 1;
        fx.push(Effect::SaveVote { term, vote });
    }

    /// Records that the leader of the current term was heard. This server then casts no new vote for one election
    /// timeout.
    pub(super) fn record_leader_contact(&mut self, leader: MemberId) {
        self.record_leader_contact_at(leader, self.now);
    }

    /// Records that the leader of the current term was heard at `time`, which may be past.
    pub(super) fn record_leader_contact_at(&mut self, leader: MemberId, time: Duration) {
        assert!(leader != self.id, "a leader hears itself");
        // Rule: Raft figure 3, Election Safety
        assert!(self.leader.is_none_or(|first| first == leader), "two leaders in one term: refused before");
        self.leader = Some(leader);
        // The vote block after a restart may last longer.
        self.vote_blocked_until = self.vote_blocked_until.max(time + self.options.election_timeout);
        self.restart_election_timer_at(time);
    }

    /// Returns whether this server must not vote now, because a leader that it heard may hold a lease.
    pub(super) fn is_vote_blocked(&self) -> bool {
        self.now < self.vote_blocked_until
    }

    /// Adds `count` entries of `term` after the last.
    pub(super) fn append(&mut self, term: Term, count: u64) -> Span {
        let before = self.log.last();
        assert!(
            before.term <= term && term <= self.term,
            "appends term {term} to {before:?} in {}",
            self.term
        );
        assert!(count > 0, "appends nothing");
        self.log.append(term, count);
        Span { term, first: before.index + 1, last: before.index + count }
    }

    /// Removes the entries from `first` on. It begins a new epoch, so that a late completion cannot make them count.
    pub(super) fn truncate(&mut self, first: Index) {
        // Rule: Raft figure 3, State Machine Safety
        assert!(first > self.commit, "cuts {first}, but {} is committed", self.commit);
        // Rule: Raft figure 3, Leader Append-Only
        assert!(self.leader != Some(self.id), "a leader cuts its log");
        self.log.truncate(first);
        self.configurations.truncate(first);
        self.verified = self.verified.min(first - 1);
        self.epoch += 1;
        assert_eq!(self.log.last().index, first - 1, "the log ends before what was cut");
    }

    /// Puts the configuration that was appended at `index` in force.
    pub(super) fn adopt(&mut self, index: Index, configuration: Configuration) {
        assert!(index <= self.log.last().index, "adopts a configuration that is not in the log");
        self.configurations.adopt(index, configuration);
    }

    /// Raises the commit index to `index`, if that is higher. It never passes the end of the log.
    // Rule: Raft figure 2, All Servers 1
    pub(super) fn commit_to(&mut self, index: Index, fx: &mut Effects) {
        assert!(index <= self.log.last().index, "commits {index} beyond {:?}", self.log.last());
        if index > self.commit {
            assert!(self.leader.is_some(), "commits without a leader");
            self.commit = index;
            fx.push(Effect::Commit { index });
        }
    }

    /// Sends a message that must wait for `after`. It leaves at once if that is durable already.
    pub(super) fn send(&self, to: MemberId, message: Message, after: Token, fx: &mut Effects) {
        assert!(after <= self.token() && to != self.id, "{message:?} to {to} after {after:?}");
        let after = if after <= self.durable { Token::ZERO } else { after };
        fx.push(Effect::Send { to, message, after });
    }

    /// Returns whether a log that ends with `last` is at least as up to date as this one.
    // Rule: Raft §5.4.1
    pub(super) fn is_up_to_date(&self, last: LogId) -> bool {
        last >= self.log.last()
    }

    /// Returns the error for a call that only a leader can serve.
    pub(super) fn not_leader(&self) -> NotLeader {
        assert!(self.leader != Some(self.id), "a leader denies that it leads");
        NotLeader { term: self.term, leader: self.leader }
    }
}
