//! The core itself: its state (figure 2) and the calls of its owner.

use super::configuration::Configurations;
use super::effect::{Effect, Effects, Role};
use super::election::Election;
use super::error::{NotLeader, Refused};
use super::leadership::{Extent, Leadership};
use super::message::Message;
use super::options::{Options, Restored};
use super::token::Token;
#[cfg(feature = "testing")]
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::LogId;
use std::time::Duration;

/// What a member knows about itself and its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// What it is.
    pub role: Role,
    /// Its current term.
    pub term: Term,
    /// The leader of that term, if known.
    pub leader: Option<MemberId>,
    /// Highest index known to be committed.
    pub commit: Index,
    /// Its last entry, durable or not.
    pub last: LogId,
}

/// What each role keeps (figure 2: "volatile state on leaders").
#[derive(Debug)]
pub(super) enum RoleState {
    Follower,
    Campaign(Election),
    Leader(Box<Leadership>),
}

/// One member's core of one group.
#[derive(Debug)]
pub(crate) struct Raft {
    pub(super) id: MemberId,
    pub(super) options: Options,
    pub(super) random: fastrand::Rng,
    /// The latest time the owner told.
    pub(super) now: Duration,

    /// currentTerm, votedFor, log: written before anything that depends on them is said.
    pub(super) term: Term,
    pub(super) vote: Option<MemberId>,
    pub(super) log: LogShape,
    pub(super) configurations: Configurations,
    /// See `Token`.
    pub(super) epoch: u64,
    /// The newest place known to be durable.
    pub(super) durable: Token,

    /// commitIndex.
    pub(super) commit: Index,
    pub(super) role: RoleState,
    /// The leader of the current term, if known; this member while it leads.
    pub(super) leader: Option<MemberId>,
    /// How far this log agrees with that leader's, as far as its appends have shown.
    pub(super) accepted: Index,
    /// Until then no vote is given: a leader, perhaps with a lease, was heard within an election timeout.
    pub(super) promised_until: Duration,
    /// When to campaign, unless a leader is heard.
    pub(super) election_deadline: Duration,
    /// Tickets given to reads, in all leaderships.
    pub(super) tickets: u64,
    /// What the last `Effect::Role` said.
    announced: (Role, Term, Option<MemberId>),
}

impl Raft {
    /// A follower that continues from `restored`. It votes for nobody, not even for itself, during one election
    /// timeout, because it may have promised a leader just that before it stopped: the longest that it may have
    /// promised under, not the one it has now. A member without a term never promised anything: its reply to a
    /// heartbeat would have waited for a term on disk.
    pub(crate) fn new(options: Options, restored: Restored, now: Duration) -> Raft {
        let last = restored.log.last();
        assert!(restored.vote.is_none() || restored.term > 0, "a vote without a term");
        assert!(last.term <= restored.term, "entries of a term that was not saved before them");
        assert!(
            restored.commit <= last.index,
            "{} is committed, and the log ends with {last:?}",
            restored.commit
        );
        assert!(options.inflight_max > 0 && options.entries_max > 0, "nothing could ever be sent");
        let mut random = fastrand::Rng::with_seed(options.seed);
        let promised_until = match restored.term {
            0 => Duration::ZERO,
            _ => now + restored.promised.max(options.election_timeout),
        };
        let patience = random_part(&mut random, options.election_timeout);
        let durable = Token { epoch: 0, index: last.index };
        Raft {
            id: restored.id,
            random,
            now,
            term: restored.term,
            vote: restored.vote,
            // What a snapshot covers is committed, and what was recorded so; the rest has to be learned again.
            commit: restored.commit.max(restored.log.base().index),
            log: restored.log,
            configurations: Configurations::new(restored.initial, restored.configurations),
            epoch: durable.epoch,
            durable,
            role: RoleState::Follower,
            leader: None,
            accepted: 0,
            promised_until,
            election_deadline: promised_until.max(now) + patience,
            tickets: 0,
            announced: (Role::Follower, restored.term, None),
            options,
        }
    }

    /// Lets time pass: campaigns, or sends the heartbeats that are due.
    pub(crate) fn tick(&mut self, now: Duration, fx: &mut Effects) {
        self.pass(now);
        match &self.role {
            RoleState::Leader(leadership) if leadership.heartbeat_due <= self.now => self.beat(fx),
            RoleState::Follower | RoleState::Campaign(_) if self.election_deadline <= self.now => {
                self.campaign(fx);
            }
            _ => {}
        }
        self.announce(fx);
    }

    /// When `tick` has something to do next.
    #[cfg(feature = "testing")]
    pub(crate) fn deadline(&self) -> Duration {
        match &self.role {
            RoleState::Leader(leadership) => leadership.heartbeat_due,
            _ => self.election_deadline,
        }
    }

    /// Takes a message. A refused one changed nothing.
    pub(crate) fn receive(
        &mut self,
        now: Duration,
        from: MemberId,
        message: Message,
        fx: &mut Effects,
    ) -> Result<(), Refused> {
        self.check(from, &message)?;
        self.pass(now);
        if message.is_reply() && !self.configurations.is_member(from) {
            // Nothing is ever asked of a stranger; at most this is a member that was removed.
            return Ok(());
        }
        match message {
            Message::RequestVote { term, last, pre } => self.request_vote(from, term, last, pre, fx),
            Message::Vote { term, granted: true, pre: true } => self.pre_vote_granted(from, term, fx),
            message if message.term() < self.term => self.answer_stale(from, &message, fx),
            message => {
                if message.term() > self.term {
                    self.adopt_term(message.term(), fx);
                }
                self.step(from, message, fx);
            }
        }
        self.announce(fx);
        Ok(())
    }

    /// A message of the current term.
    fn step(&mut self, from: MemberId, message: Message, fx: &mut Effects) {
        assert_eq!(message.term(), self.term, "messages of other terms are handled before");
        match message {
            Message::Append { prev, commit, spans, configurations, .. } => {
                self.hear_leader(from, fx);
                self.append(from, prev, commit, &spans, configurations, fx);
            }
            Message::Heartbeat { commit, round, .. } => {
                self.hear_leader(from, fx);
                self.heartbeat(from, commit, round, fx);
            }
            Message::Vote { granted, pre, .. } => self.count_vote(from, granted, pre, fx),
            Message::AppendReply { result, .. } => self.append_reply(from, result, fx),
            Message::HeartbeatReply { round, accepted, durable, last, .. } => {
                self.heartbeat_reply(from, round, Extent { accepted, durable, last }, fx);
            }
            Message::RequestVote { .. } => {}
        }
    }

    /// Everything asked to be written up to `token`, a value that `token()` had, is durable.
    pub(crate) fn durable(&mut self, token: Token, fx: &mut Effects) {
        assert!(token <= self.token(), "{token:?} durable, but only {:?} written", self.token());
        self.durable = self.durable.max(token);
        // A completion of an earlier epoch speaks of another term or another tail: it counts for nothing.
        if self.durable.epoch == self.epoch {
            match self.role {
                RoleState::Campaign(_) => self.count_own_vote(fx),
                RoleState::Leader(_) => self.commit_by_counting(fx),
                RoleState::Follower => {}
            }
        }
        self.announce(fx);
    }

    /// Whether anything follows here from more being durable: a candidate's own vote counts, or a majority is there
    /// together with what is written and not durable.
    pub(crate) fn awaits_durable(&self) -> bool {
        match &self.role {
            RoleState::Campaign(election) => !election.is_pre() && self.durable.epoch < self.epoch,
            RoleState::Leader(leadership) => {
                let all = self.token() == self.durable;
                !all && self.counted(leadership, self.log.last().index).is_some()
            }
            RoleState::Follower => false,
        }
    }

    /// The place of everything asked to be written so far.
    pub(crate) fn token(&self) -> Token {
        Token { epoch: self.epoch, index: self.log.last().index }
    }

    /// What this member knows.
    pub(crate) fn status(&self) -> Status {
        Status {
            role: self.role(),
            term: self.term,
            leader: self.leader,
            commit: self.commit,
            last: self.log.last(),
        }
    }

    /// The configuration in force.
    #[cfg(feature = "testing")]
    pub(crate) fn configuration(&self) -> &Configuration {
        self.configurations.current()
    }

    /// The shape of the log, durable or not.
    pub(crate) fn log(&self) -> &LogShape {
        &self.log
    }

    fn role(&self) -> Role {
        match &self.role {
            RoleState::Follower => Role::Follower,
            RoleState::Campaign(election) if election.is_pre() => Role::PreCandidate,
            RoleState::Campaign(_) => Role::Candidate,
            RoleState::Leader(_) => Role::Leader,
        }
    }

    pub(super) fn not_leader(&self) -> NotLeader {
        NotLeader { term: self.term, leader: self.leader }
    }

    /// Time never goes back, whatever the owner says.
    pub(super) fn pass(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    /// A timeout drawn anew, between the shortest and twice that (§5.2).
    pub(super) fn random_timeout(&mut self) -> Duration {
        self.options.election_timeout + random_part(&mut self.random, self.options.election_timeout)
    }

    /// Changes term, vote, or both: one write, which opens a new epoch.
    pub(super) fn save_vote(&mut self, term: Term, vote: Option<MemberId>, fx: &mut Effects) {
        assert!(!matches!(self.role, RoleState::Leader(_)), "a leader's term and vote are fixed");
        assert!(term > self.term || self.vote.is_none(), "one vote in a term (§5.2)");
        if term > self.term {
            (self.leader, self.accepted) = (None, 0);
        }
        (self.term, self.vote) = (term, vote);
        self.epoch += 1;
        fx.push(Effect::SaveVote { term, vote });
    }

    /// A higher term was heard of: whatever this member was, it follows (§5.1).
    pub(super) fn adopt_term(&mut self, term: Term, fx: &mut Effects) {
        assert!(term > self.term, "terms only grow");
        self.become_follower(fx);
        self.save_vote(term, None, fx);
    }

    /// Leaves any other role, within the term.
    pub(super) fn become_follower(&mut self, fx: &mut Effects) {
        if let RoleState::Leader(leadership) = &self.role {
            if !leadership.reads.is_empty() {
                fx.push(Effect::ReadsLost);
            }
            self.leader = None;
            self.election_deadline = self.now + self.random_timeout();
        }
        self.role = RoleState::Follower;
    }

    /// Sends what follows from `after`; at once if that is durable already.
    pub(super) fn send(&self, to: MemberId, message: Message, after: Token, fx: &mut Effects) {
        assert!(after <= self.token() && to != self.id, "{message:?} to {to} after {after:?}");
        let after = if after <= self.durable { Token::ZERO } else { after };
        fx.push(Effect::Send { to, message, after });
    }

    /// Raises the commit index. It never falls and never passes the log.
    pub(super) fn commit_to(&mut self, index: Index, fx: &mut Effects) {
        assert!(index <= self.log.last().index, "commits {index} beyond {:?}", self.log.last());
        if index > self.commit {
            self.commit = index;
            fx.push(Effect::Commit { index });
        }
    }

    fn announce(&mut self, fx: &mut Effects) {
        let now = (self.role(), self.term, self.leader);
        if self.announced != now {
            self.announced = now;
            fx.push(Effect::Role { role: now.0, term: now.1, leader: now.2 });
        }
    }
}

/// Between nothing and `whole`.
fn random_part(random: &mut fastrand::Rng, whole: Duration) -> Duration {
    let nanos = u64::try_from(whole.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random.u64(0..=nanos))
}
