//! What a server, the paper's word for a member of the group, keeps in every role: term, vote, log, commit index and
//! timers.
//!
//! This file knows nothing of roles. Which rule changes what, and when, is said in the files that use it.

use super::configuration::Configurations;
use super::effect::{Effect, Effects};
use super::error::NotLeader;
use super::message::Message;
use super::options::{Options, Restored};
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
    pub(super) options: Options,
    random: fastrand::Rng,
    /// The latest time that the owner told.
    pub(super) now: Duration,

    /// The paper's `currentTerm`.
    pub(super) term: Term,
    /// The paper's `votedFor`.
    pub(super) vote: Option<MemberId>,
    /// The paper's `log[]`, without the commands.
    pub(super) log: LogShape,
    pub(super) configurations: Configurations,
    /// Counts the changes of term, vote and tail: see `Token`.
    epoch: u64,
    /// The newest token known to be durable.
    durable: Token,

    /// The paper's `commitIndex`.
    pub(super) commit: Index,
    /// The leader of the current term, if known; this server while it leads.
    pub(super) leader: Option<MemberId>,
    /// The log agrees with that leader's up to here, as its appends have shown.
    pub(super) verified: Index,
    /// Until then this server votes for nobody, because it heard a leader that may hold a lease.
    pub(super) vote_blocked_until: Duration,
    /// When to campaign, unless a leader is heard before.
    pub(super) election_deadline: Duration,
    /// The number of the next campaign. Another start of this server begins with another number.
    next_campaign: u64,
    /// Tickets given to reads, in all leaderships.
    tickets: u64,
}

impl Server {
    /// Continues from `restored`. It votes for nobody, not even for itself, during one election timeout, because it may
    /// have promised a leader just that before it stopped: the longest timeout that it may have promised under, not the
    /// one it has now. Without a term it never promised anything: its answer to a heartbeat would have waited for a
    /// term on disk.
    pub(super) fn new(options: Options, restored: Restored, now: Duration) -> Server {
        let last = restored.log.last();
        assert!(restored.vote.is_none() || restored.term > 0, "a vote without a term");
        assert!(last.term <= restored.term, "entries of a term that was not saved before them");
        assert!(options.inflight_max > 0 && options.entries_max > 0, "nothing could ever be sent");
        let vote_blocked_until = match restored.term {
            0 => Duration::ZERO,
            _ => now + restored.promised.max(options.election_timeout),
        };
        let mut server = Server {
            id: restored.id,
            random: fastrand::Rng::with_seed(options.seed),
            now,
            term: restored.term,
            vote: restored.vote,
            // What a snapshot covers is committed, and what was recorded so. The rest has to be learned again.
            commit: restored.commit.max(restored.log.base().index),
            log: restored.log,
            configurations: Configurations::new(restored.initial, restored.configurations),
            epoch: 0,
            durable: Token { epoch: 0, index: last.index },
            leader: None,
            verified: 0,
            vote_blocked_until,
            election_deadline: Duration::ZERO,
            next_campaign: options.seed,
            tickets: 0,
            options,
        };
        server.election_deadline = vote_blocked_until.max(now) + server.random_part();
        server.verify();
        server
    }

    /// What must hold between any two calls of the owner.
    pub(super) fn verify(&self) {
        let last = self.log.last();
        assert!(self.log.base().index <= self.commit, "a snapshot covers what is not committed");
        assert!(self.commit <= last.index, "committed {} of {last:?}", self.commit);
        assert!(self.verified <= last.index, "a leader's log agrees beyond {last:?}: {}", self.verified);
        assert!(last.term <= self.term, "an entry {last:?} of a term after {}", self.term);
        assert!(self.durable <= self.token(), "{:?} durable of {:?}", self.durable, self.token());
        assert!(self.configurations.newest() <= last.index, "a configuration that is not in the log");
    }

    /// Takes the time. It never goes back, whatever the owner says.
    pub(super) fn set_time(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    /// The place of everything asked to be written so far.
    pub(super) fn token(&self) -> Token {
        Token { epoch: self.epoch, index: self.log.last().index }
    }

    /// The write with which the current epoch began: a change of term, vote or tail.
    pub(super) fn epoch_start(&self) -> Token {
        Token::opening(self.epoch)
    }

    /// Everything written up to `token` is durable.
    pub(super) fn note_durable(&mut self, token: Token) {
        assert!(token <= self.token(), "{token:?} durable, but only {:?} written", self.token());
        self.durable = self.durable.max(token);
    }

    /// Whether the write with which the current epoch began is durable, and with it term and vote as they are.
    pub(super) fn is_vote_durable(&self) -> bool {
        assert!(self.durable.epoch <= self.epoch, "a later epoch durable than was written");
        self.durable.epoch == self.epoch
    }

    /// Whether everything written is durable.
    pub(super) fn is_all_durable(&self) -> bool {
        self.token() == self.durable
    }

    /// The last entry known to be durable. A completion of an earlier epoch speaks of another term or another tail, so
    /// it counts for nothing.
    pub(super) fn durable_index(&self) -> Index {
        let index = if self.is_vote_durable() { self.durable.index } else { 0 };
        assert!(
            index <= self.log.last().index,
            "durable up to {index}, but only {:?} written",
            self.log.last()
        );
        index
    }

    /// Waits for a leader again, for a time drawn anew between one election timeout and two.
    // Rule: Raft §5.2, randomized timeouts
    pub(super) fn restart_election_timer(&mut self) {
        self.election_deadline = self.now + self.options.election_timeout + self.random_part();
        assert!(self.election_deadline >= self.now + self.options.election_timeout, "time ran over");
    }

    /// Between nothing and one election timeout.
    fn random_part(&mut self) -> Duration {
        let nanos = u64::try_from(self.options.election_timeout.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.random.u64(0..=nanos))
    }

    /// Gives out the number of a campaign.
    pub(super) fn number_campaign(&mut self) -> u64 {
        let number = self.next_campaign;
        self.next_campaign = number.wrapping_add(1);
        number
    }

    /// The number that was given out last.
    #[cfg(feature = "testing")]
    pub(super) fn latest_campaign(&self) -> u64 {
        self.next_campaign.wrapping_sub(1)
    }

    /// Gives out the ticket of a read.
    pub(super) fn number_read(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Changes term, vote, or both: one write, which begins a new epoch.
    pub(super) fn save_vote(&mut self, term: Term, vote: Option<MemberId>, fx: &mut Effects) {
        assert!(self.leader != Some(self.id), "a leader's term and vote are fixed");
        // Rule: Raft §5.2, one vote in a term
        assert!(term > self.term || self.vote.is_none(), "a second vote in term {term}");
        assert!((1..=TERM_MAX).contains(&term) && term >= self.term, "term {term} after {}", self.term);
        if term > self.term {
            (self.leader, self.verified) = (None, 0);
        }
        (self.term, self.vote) = (term, vote);
        self.epoch += 1;
        fx.push(Effect::SaveVote { term, vote });
    }

    /// The leader of the current term was heard: this server votes for nobody during one election timeout.
    pub(super) fn hear_leader(&mut self, leader: MemberId) {
        assert!(leader != self.id, "a leader hears itself");
        // Rule: Raft figure 3, Election Safety
        assert!(self.leader.is_none_or(|first| first == leader), "two leaders in one term: refused before");
        self.leader = Some(leader);
        // What was promised before a restart may last longer.
        self.vote_blocked_until = self.vote_blocked_until.max(self.now + self.options.election_timeout);
        self.restart_election_timer();
    }

    /// Whether a vote now would break the promise to a leader.
    pub(super) fn is_vote_blocked(&self) -> bool {
        self.now < self.vote_blocked_until
    }

    /// Adds `count` entries of `term` behind the last.
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

    /// Removes the entries from `first` on. It begins a new epoch, since what is durable of them counts no more.
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

    /// Puts a configuration in force that was appended at `index`.
    pub(super) fn adopt(&mut self, index: Index, configuration: Configuration) {
        assert!(index <= self.log.last().index, "adopts a configuration that is not in the log");
        self.configurations.adopt(index, configuration);
    }

    /// Raises the commit index, which never falls and never passes the log.
    // Rule: Raft figure 2, All Servers 1
    pub(super) fn commit_to(&mut self, index: Index, fx: &mut Effects) {
        assert!(index <= self.log.last().index, "commits {index} beyond {:?}", self.log.last());
        if index > self.commit {
            assert!(self.leader.is_some(), "commits without a leader");
            self.commit = index;
            fx.push(Effect::Commit { index });
        }
    }

    /// Sends what follows from `after`: at once if that is durable already.
    pub(super) fn send(&self, to: MemberId, message: Message, after: Token, fx: &mut Effects) {
        assert!(after <= self.token() && to != self.id, "{message:?} to {to} after {after:?}");
        let after = if after <= self.durable { Token::ZERO } else { after };
        fx.push(Effect::Send { to, message, after });
    }

    /// Whether a log that ends with `last` is at least as up to date as this one.
    // Rule: Raft §5.4.1
    pub(super) fn is_up_to_date(&self, last: LogId) -> bool {
        last >= self.log.last()
    }

    /// The error for what only a leader does.
    pub(super) fn not_leader(&self) -> NotLeader {
        assert!(self.leader != Some(self.id), "a leader denies that it leads");
        NotLeader { term: self.term, leader: self.leader }
    }
}
