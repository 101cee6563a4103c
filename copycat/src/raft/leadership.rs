//! Being the leader: taking office (§8), heartbeats, check-quorum (thesis §6.2), reads and the lease.

use super::effect::{Effect, Effects, OwnEntry};
use super::error::NotLeader;
use super::lease::{Lease, Rounds};
use super::message::Message;
use super::progress::Progress;
use super::quorum;
use super::read::{Batch, ReadTicket, Reads};
use super::state::{Raft, RoleState};
use super::token::Token;
use crate::codec::ids::{Index, MemberId};
use crate::codec::terms::LogId;
use std::time::Duration;

/// How far a follower says it is, in answer to a heartbeat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// How far its log agrees, as far as it has seen.
    pub(super) accepted: Index,
    /// How far of that is durable.
    pub(super) durable: Index,
    /// Where its log ends.
    pub(super) last: Index,
}

/// What only a leader keeps (figure 2: reinitialized after election).
#[derive(Debug)]
pub(super) struct Leadership {
    /// The first entry of the own term: what lies before it commits only together with it (§5.4.2).
    pub(super) first_own: Index,
    /// Everyone else who receives the log, ascending.
    pub(super) peers: Vec<(MemberId, Progress)>,
    pub(super) rounds: Rounds,
    pub(super) reads: Reads,
    pub(super) heartbeat_due: Duration,
}

impl Leadership {
    /// What is known about a peer.
    pub(super) fn peer(&self, member: MemberId) -> Option<&Progress> {
        self.peers.iter().find(|(peer, _)| *peer == member).map(|(_, progress)| progress)
    }

    /// The same, to be changed.
    pub(super) fn peer_mut(&mut self, member: MemberId) -> Option<&mut Progress> {
        self.peers.iter_mut().find(|(peer, _)| *peer == member).map(|(_, progress)| progress)
    }
}

impl Raft {
    /// The election was won: append an entry of the own term, because nothing older commits by
    /// counting (§5.4.2, §8), and tell everyone.
    pub(super) fn become_leader(&mut self, fx: &mut Effects) {
        assert_eq!(
            (self.vote, self.durable.epoch),
            (Some(self.id), self.epoch),
            "a leader's vote is durable"
        );
        let first_own = self.log.last().index + 1;
        let members = self.configurations.current().members();
        let peers = members.into_iter().filter(|member| *member != self.id);
        self.leader = Some(self.id);
        self.role = RoleState::Leader(Box::new(Leadership {
            first_own,
            peers: peers.map(|peer| (peer, Progress::new(first_own, self.now))).collect(),
            rounds: Rounds::default(),
            reads: Reads::default(),
            heartbeat_due: self.now,
        }));
        self.append_first_own(LogId::new(self.term, first_own), fx);
        self.beat(fx);
        self.replicate(fx);
    }

    /// The very first entry of a group records who formed it; every later leader begins with a no-op.
    fn append_first_own(&mut self, id: LogId, fx: &mut Effects) {
        self.log.append(id.term, 1);
        let entry = if self.log.base() == LogId::ZERO && id.index == 1 {
            let initial = self.configurations.initial().clone();
            self.configurations.adopt(id.index, initial.clone());
            OwnEntry::Configuration(initial)
        } else {
            OwnEntry::Noop
        };
        fx.push(Effect::AppendOwn { id, entry });
    }

    /// A heartbeat is due. A leader that no majority answered for two election timeouts steps down in
    /// its term instead and falls silent, so that its heartbeats cannot hold back an election it does
    /// not hear of. Its lease ended long before.
    pub(super) fn beat(&mut self, fx: &mut Effects) {
        let heard = self.quorum_heard();
        if self.now >= heard + 2 * self.options.election_timeout {
            return self.become_follower(fx);
        }
        let RoleState::Leader(leadership) = &mut self.role else { return };
        leadership.heartbeat_due = self.now + self.options.heartbeat_interval;
        leadership.rounds.beat();
        self.start_round(fx);
    }

    /// Sends a round of heartbeats: to learn whether a majority still follows.
    fn start_round(&mut self, fx: &mut Effects) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let round = leadership.rounds.start(self.now);
        let RoleState::Leader(leadership) = &self.role else { return };
        for (peer, progress) in &leadership.peers {
            // Never beyond what this follower acknowledged: it must not commit what it does not hold.
            let commit = self.commit.min(progress.matched());
            self.send(*peer, Message::Heartbeat { term: self.term, commit, round }, Token::ZERO, fx);
        }
        self.confirm_rounds(fx);
    }

    /// Someone answered, or there is nobody to ask.
    fn confirm_rounds(&mut self, fx: &mut Effects) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let newest = leadership.rounds.newest();
        let answered = quorum::reached(self.configurations.current(), |member| match member == self.id {
            true => newest,
            false => leadership.peer(member).map_or(0, Progress::round),
        });
        let Some(round) = answered else { return };
        leadership.rounds.confirm(round);
        push_ready(leadership.reads.confirm(round, self.commit), fx);
        if leadership.reads.wants_round(newest) {
            self.start_round(fx);
        }
    }

    /// A peer answered a heartbeat.
    pub(super) fn heartbeat_reply(
        &mut self,
        from: MemberId,
        round: u64,
        Extent { accepted, durable, last }: Extent,
        fx: &mut Effects,
    ) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let rounds = &leadership.rounds;
        let Some((_, progress)) = leadership.peers.iter_mut().find(|(peer, _)| *peer == from) else { return };
        progress.hear(self.now);
        if let Some(acknowledged) = progress.find_lost(round, last) {
            fx.push(Effect::PeerLost { peer: from, first: last + 1, last: acknowledged });
        }
        progress.beat(round, accepted, rounds.newest());
        let news = durable > progress.matched() && progress.accept(durable, rounds.newest());
        if progress.is_missing_something() && rounds.is_later_beat(round, progress.moved()) {
            progress.recover();
        }
        if news {
            self.commit_by_counting(fx);
        }
        self.confirm_rounds(fx);
        self.replicate_to(from, fx);
    }

    /// The last moment at which a majority was heard, this member included.
    pub(super) fn quorum_heard(&self) -> Duration {
        let RoleState::Leader(leadership) = &self.role else { return Duration::ZERO };
        quorum::reached(self.configurations.current(), |member| match member == self.id {
            true => self.now,
            false => leadership.peer(member).map_or(Duration::ZERO, Progress::heard),
        })
        .unwrap_or(Duration::ZERO)
    }

    /// Registers a strict read: it may be answered when `Effect::ReadReady` reaches its ticket, which
    /// may be among the effects of this very call.
    pub(crate) fn read(&mut self, now: Duration, fx: &mut Effects) -> Result<ReadTicket, NotLeader> {
        self.pass(now);
        let RoleState::Leader(leadership) = &mut self.role else { return Err(self.not_leader()) };
        self.tickets += 1;
        let ticket = ReadTicket(self.tickets);
        // Before the first own entry commits, this member may not know everything that is committed.
        let index = self.commit.max(leadership.first_own);
        if leadership.reads.register(ticket, index, leadership.rounds.newest()) {
            self.start_round(fx);
        }
        Ok(ticket)
    }

    /// What a lease read rests on, while the lease holds: until 0.8 of the shortest election timeout after a
    /// majority's answered heartbeat was *sent*.
    pub(crate) fn lease(&self, now: Duration) -> Option<Lease> {
        let RoleState::Leader(leadership) = &self.role else { return None };
        let end = leadership.rounds.lease_end(self.options.election_timeout)?;
        let holds = now.max(self.now) < end && self.commit >= leadership.first_own;
        holds.then_some(Lease { index: self.commit, end })
    }
}

/// Reads that may be answered now.
pub(super) fn push_ready(ready: Option<Batch>, fx: &mut Effects) {
    if let Some(batch) = ready {
        fx.push(Effect::ReadReady { through: batch.through, index: batch.index });
    }
}
