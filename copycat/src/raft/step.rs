//! What the owner of a core tells it: time, messages, completed writes, proposals and reads.

use super::effect::Effects;
use super::error::{InvalidMessage, NotLeader};
use super::follower::{self, AppendRequest};
use super::heartbeat::FollowerLog;
use super::leadership::Leader;
use super::message::Message;
use super::read::ReadTicket;
use super::state::{Raft, RoleState};
use super::token::Token;
use super::voting::VoteRequest;
use crate::codec::ids::{Index, MemberId};
use crate::codec::terms::Span;
use std::time::Duration;

impl Raft {
    /// Lets time pass: campaigns, or sends the heartbeats that are due.
    // Rule: Raft figure 2, Followers 2
    // Rule: Raft figure 2, Candidates 4
    pub(crate) fn tick(&mut self, now: Duration, fx: &mut Effects) {
        self.server.set_time(now);
        let now = self.server.now;
        match &mut self.role {
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

    /// Takes a message. A refused one changed nothing.
    // Rule: Raft figure 2, Followers 1
    pub(crate) fn receive(
        &mut self,
        now: Duration,
        from: MemberId,
        message: Message,
        fx: &mut Effects,
    ) -> Result<(), InvalidMessage> {
        self.check(from, &message)?;
        self.server.set_time(now);
        // Nobody asks a stranger for anything. Whoever answers may be a member that was removed.
        if message.is_reply() && !self.server.configurations.is_member(from) {
            return Ok(());
        }
        match message {
            Message::RequestVote { term, last, pre, campaign } => {
                self.request_vote(from, VoteRequest { term, last, pre, campaign }, fx);
            }
            // A granted pre-vote names a term that nobody has begun yet. Nobody has to adopt it.
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

    /// A message of the current term.
    fn step(&mut self, from: MemberId, message: Message, fx: &mut Effects) {
        match message {
            Message::Append { prev, commit, spans, configurations, .. } => {
                self.follow(from, fx);
                let entries = AppendRequest { prev, commit, spans, configurations };
                follower::append(&mut self.server, from, entries, fx);
            }
            Message::Heartbeat { commit, round, .. } => {
                self.follow(from, fx);
                follower::heartbeat(&mut self.server, from, commit, round, fx);
            }
            answer => self.take_answer(from, &answer, fx),
        }
    }

    /// An answer of a member, for whoever asked: a candidate or a leader.
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
                &Message::HeartbeatReply { round, verified, durable, last, .. },
            ) => {
                let at = leadership.position(from).expect("every other member is a peer of the leader");
                let log = FollowerLog { verified, durable, last };
                Leader::new(&mut self.server, leadership).heartbeat_reply(at, round, log, fx);
            }
            // It answers what this member no longer does: an earlier campaign, or a leadership that has ended.
            (RoleState::Follower | RoleState::Candidate(_) | RoleState::Leader(_), _) => {}
        }
    }

    /// Everything asked to be written up to `token`, a value that `token()` had, is durable.
    pub(crate) fn durable(&mut self, token: Token, fx: &mut Effects) {
        self.server.note_durable(token);
        let own = self.server.id;
        match &mut self.role {
            // A completion of an earlier epoch speaks of another term or another tail.
            _ if !self.server.is_vote_durable() => {}
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

    /// Appends `count` entries of the current term, at least one, which the owner encodes and writes at the returned
    /// place before it carries out the effects.
    pub(crate) fn propose(&mut self, count: u64, fx: &mut Effects) -> Result<Span, NotLeader> {
        match self.leader() {
            Some(mut leader) => Ok(leader.propose(count, fx)),
            None => Err(self.server.not_leader()),
        }
    }

    /// Registers a strict read. It may be answered when `Effect::ReadReady` reaches its ticket, which may be among the
    /// effects of this very call.
    pub(crate) fn read(&mut self, now: Duration, fx: &mut Effects) -> Result<ReadTicket, NotLeader> {
        self.server.set_time(now);
        match self.leader() {
            Some(mut leader) => Ok(leader.read(fx)),
            None => Err(self.server.not_leader()),
        }
    }

    /// What was on its way to `peer` is lost. It is sent again when the peer answers a heartbeat.
    pub(crate) fn disconnected(&mut self, peer: MemberId) {
        if let Some(mut leader) = self.leader() {
            leader.disconnected(peer);
        }
    }

    /// An append to `peer` found no room on its way, from the entry `first` on. The rest is sent when the follower shows
    /// that it takes what is under way.
    pub(crate) fn refused(&mut self, peer: MemberId, first: Index) {
        if let Some(mut leader) = self.leader() {
            leader.refused(peer, first);
        }
    }
}
