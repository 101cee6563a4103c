//! The voter's side of an election: it grants or refuses votes and pre-votes.

use super::effect::Effects;
use super::message::Message;
use super::state::{Raft, RoleState};
use crate::codec::ids::{MemberId, Term};
use crate::codec::terms::LogId;

/// The content of a `RequestVote` message.
#[derive(Clone, Copy, Debug)]
pub(super) struct VoteRequest {
    pub(super) term: Term,
    /// The last entry of the candidate's log.
    pub(super) last: LogId,
    /// Whether this is a pre-vote.
    pub(super) pre: bool,
    pub(super) campaign: u64,
}

impl Raft {
    /// Answers a request. A granted vote, and a newly adopted term, are durable before the answer leaves: it waits for
    /// the token `after`.
    ///
    /// The candidate need not be a member in this log. The entry that promoted it may not have arrived here. The
    /// candidate's own configuration decides whether the vote counts.
    pub(super) fn request_vote(&mut self, from: MemberId, request: VoteRequest, fx: &mut Effects) {
        let VoteRequest { pre, campaign, .. } = request;
        let granted = if pre { self.would_grant(request) } else { self.vote(from, request, fx) };
        // A refusal carries the voter's own term, so that a candidate of an earlier term learns it.
        let term = if pre && granted { request.term } else { self.server.term };
        assert!(!granted || term == request.term, "grants a vote in term {term} for {request:?}");
        // Rule: Raft figure 2, State, before responding
        let after = self.server.epoch_start();
        self.server.send(from, Message::Vote { term, granted, pre, campaign }, after, fx);
    }

    /// Returns whether a candidate with this term and log would get the vote. Changes nothing.
    fn would_grant(&self, request: VoteRequest) -> bool {
        request.term > self.server.term && self.server.is_up_to_date(request.last) && !self.is_vote_blocked()
    }

    /// Grants or refuses the vote. A higher term and the vote in it are saved in one write, so this does not call
    /// `adopt_term`.
    fn vote(&mut self, from: MemberId, request: VoteRequest, fx: &mut Effects) -> bool {
        let VoteRequest { term, last, .. } = request;
        let server = &self.server;
        if term == server.term && server.vote == Some(from) {
            // Granting the same vote again is safe, also while a leader may hold a lease: the vote was cast before.
            return true;
        }
        // Rule: Raft figure 2, RequestVote 1
        if term < server.term || self.is_vote_blocked() {
            return false;
        }
        // Rule: Raft §5.2, one vote in a term
        let free = term > server.term || server.vote.is_none() && server.leader.is_none();
        // Rule: Raft figure 2, RequestVote 2
        let granted = free && server.is_up_to_date(last);
        if granted || term > server.term {
            self.become_follower(fx);
            self.server.save_vote(term, granted.then_some(from), fx);
        }
        if granted {
            self.server.restart_election_timer();
        }
        assert!(!granted || self.server.vote == Some(from), "granted a vote that was not saved");
        granted
    }

    /// Returns whether this member must cast no new vote now, because a leader may hold a lease.
    ///
    /// - A follower or candidate: less than one election timeout has passed since it heard a leader, or since it
    ///   started (then the longest timeout under which it may have answered).
    /// - A leader: a majority answered it within the last election timeout. A leader that lost its majority may vote,
    ///   so it cannot block the others' election.
    // Rule: thesis §4.2.3
    fn is_vote_blocked(&self) -> bool {
        match &self.role {
            RoleState::Leader(leadership) => leadership.has_quorum_contact(&self.server),
            RoleState::Follower | RoleState::Candidate(_) => self.server.is_vote_blocked(),
        }
    }
}
