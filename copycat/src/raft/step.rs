//! The calls of the owner: time, messages, completed writes, proposals and reads.

use super::effect::Effects;
use super::error::{InvalidMessage, NotLeader};
use super::follower::{self, AppendRequest, HeartbeatRequest};
use super::heartbeat::FollowerLog;
use super::leadership::Leader;
use super::message::Message;
use super::read_queue::ReadTicket;
use super::state::{Raft, RoleState};
use super::token::Token;
use super::voting::VoteRequest;
use crate::codec::ids::{Index, MemberId};
use crate::codec::terms::Span;
use std::time::Duration;

impl Raft {
    /// Advances the time: campaigns, or sends the heartbeats that are due. A leader without contact to a majority steps
    /// down.
    // Rule: Raft figure 2, Followers 2
    // Rule: Raft figure 2, Candidates 4
    pub(crate) fn tick(&mut self, now: Duration, fx: &mut Effects) {
        self.server.set_time(now);
        let now = self.server.now;
        match &mut self.role {
            _ if self.server.quiet => {}
            RoleState::Leader(leadership) if now < leadership.heartbeat_due => {}
            RoleState::Leader(leadership) if leadership.must_step_down(&self.server) => {
                self.become_follower(fx);
            }
            RoleState::Leader(leadership) => {
                Leader::new(&mut self.server, leadership).send_heartbeats(fx);
            }
            RoleState::Follower | RoleState::Candidate(_) if now < self.server.election_deadline => {}
            RoleState::Follower | RoleState::Candidate(_) => self.become_pre_candidate(fx),
        }
        self.finish(fx);
    }

    /// Handles a message. On an error, no state has changed.
    // Rule: Raft figure 2, Followers 1
    pub(crate) fn receive(
        &mut self,
        now: Duration,
        from: MemberId,
        message: Message,
        fx: &mut Effects,
    ) -> Result<(), InvalidMessage> {
        assert!(!self.server.quiet, "the owner wakes a quiet core first");
        self.check(from, &message)?;
        self.server.set_time(now);
        // Only members are asked. A removed member may still answer, and its answer is dropped.
        if message.is_reply() && !self.server.configurations.is_member(from) {
            return Ok(());
        }
        match message {
            Message::RequestVote { term, last, pre, campaign } => {
                self.request_vote(from, VoteRequest { term, last, pre, campaign }, fx);
            }
            // A granted pre-vote names a term that has not begun yet. It is not adopted.
            Message::Vote { granted: true, pre: true, .. } => self.take_answer(from, &message, fx),
            _ if message.term() < self.server.term => {
                follower::answer_stale(&self.server, from, &message, fx);
            }
            _ => {
                if message.term() > self.server.term {
                    self.adopt_term(message.term(), fx);
                }
                assert_eq!(message.term(), self.server.term, "the message is of the current term");
                self.step(from, message, fx);
            }
        }
        self.finish(fx);
        Ok(())
    }

    /// Handles a message of the current term.
    fn step(&mut self, from: MemberId, message: Message, fx: &mut Effects) {
        match message {
            Message::Append { prev, commit, spans, configurations, .. } => {
                self.follow(from, fx);
                let entries = AppendRequest { prev, commit, spans, configurations };
                follower::append(&mut self.server, from, entries, fx);
            }
            Message::Heartbeat { commit, round, quiet, .. } => {
                self.follow(from, fx);
                follower::heartbeat(&mut self.server, from, HeartbeatRequest { commit, round, quiet }, fx);
            }
            answer => self.take_answer(from, &answer, fx),
        }
    }

    /// Passes the answer of a member to the role that asked for it: candidate or leader.
    fn take_answer(&mut self, from: MemberId, answer: &Message, fx: &mut Effects) {
        assert!(answer.is_reply(), "requests are answered in every role alike");
        match (&mut self.role, answer) {
            (RoleState::Candidate(campaign), &Message::Vote { granted, pre, campaign: number, .. })
                if campaign.is_answered_by(number, pre) =>
            {
                let outcome = campaign.count(from, granted, self.server.configurations.current());
                self.conclude(outcome, pre, fx);
            }
            (RoleState::Leader(leadership), &Message::AppendReply { result, .. }) => {
                let at = leadership.position(from).expect("every other member is a peer of the leader");
                Leader::new(&mut self.server, leadership).append_reply(at, result, fx);
            }
            (
                RoleState::Leader(leadership),
                &Message::HeartbeatReply { round, verified, durable, last, quiet, .. },
            ) => {
                let at = leadership.position(from).expect("every other member is a peer of the leader");
                let log = FollowerLog { verified, durable, last };
                let mut leader = Leader::new(&mut self.server, leadership);
                leader.heartbeat_reply(at, round, log, fx);
                match quiet {
                    true => leader.agreed_to_quiet(at, round),
                    false => leader.disagreed_to_quiet(at, round),
                }
            }
            // The answer belongs to an earlier campaign, or to a leadership that has ended.
            (RoleState::Follower | RoleState::Candidate(_) | RoleState::Leader(_), _) => {}
        }
    }

    /// Handles a completed flush: every write up to `token`, which an earlier `token()` returned, is durable.
    pub(crate) fn durable(&mut self, token: Token, fx: &mut Effects) {
        self.server.note_durable(token);
        let own = self.server.id;
        match &mut self.role {
            // A completion of an earlier epoch is about another term or another tail.
            _ if !self.server.is_epoch_durable() => {}
            RoleState::Candidate(campaign) if !campaign.is_pre_vote() => {
                let outcome = campaign.count(own, true, self.server.configurations.current());
                self.conclude(outcome, false, fx);
            }
            RoleState::Leader(leadership) => {
                Leader::new(&mut self.server, leadership).commit_by_counting(fx);
            }
            RoleState::Follower | RoleState::Candidate(_) => {}
        }
        self.finish(fx);
    }

    /// Appends `count` entries of the current term, at least one. The owner encodes them and writes them with the
    /// returned term and indexes before it carries out the effects.
    pub(crate) fn propose(&mut self, count: u64, fx: &mut Effects) -> Result<Span, NotLeader> {
        assert!(!self.server.quiet, "the owner wakes a quiet core first");
        match self.leader() {
            Some(mut leader) => Ok(leader.propose(count, fx)),
            None => Err(self.server.not_leader()),
        }
    }

    /// Registers a strict read. It may be answered after an `Effect::ReadReady` for its ticket or a later one, which
    /// may be among the effects of this call.
    pub(crate) fn read(&mut self, now: Duration, fx: &mut Effects) -> Result<ReadTicket, NotLeader> {
        assert!(!self.server.quiet, "the owner wakes a quiet core first");
        self.server.set_time(now);
        match self.leader() {
            Some(mut leader) => {
                let ticket = leader.register_read();
                leader.start_wanted_round(fx);
                Ok(ticket)
            }
            None => Err(self.server.not_leader()),
        }
    }

    /// Records that all messages in flight to `peer` are lost. Entries are sent again when the peer answers a
    /// heartbeat.
    pub(crate) fn disconnected(&mut self, peer: MemberId) {
        let quiet = self.server.quiet;
        if let Some(mut leader) = self.leader() {
            assert!(!quiet, "the owner wakes a quiet core first");
            leader.disconnected(peer);
        }
    }

    /// Records that an append to `peer` did not fit its send queue, from the entry `first` on. The leader sends the
    /// rest after the next answer of the peer.
    pub(crate) fn send_queue_full(&mut self, peer: MemberId, first: Index) {
        if let Some(mut leader) = self.leader() {
            leader.send_queue_full(peer, first);
        }
    }
}
