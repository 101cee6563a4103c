//! The voter's side of an election: who gets a vote, and who is told that it would get one.

use super::effect::Effects;
use super::message::Message;
use super::state::{Raft, RoleState};
use crate::codec::ids::{MemberId, Term};
use crate::codec::terms::LogId;

/// A request for a vote, as its message names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct VoteRequest {
    pub(super) term: Term,
    /// The candidate's last entry.
    pub(super) last: LogId,
    /// It only asks in advance.
    pub(super) pre: bool,
    pub(super) campaign: u64,
}

impl Raft {
    /// Answers a request. A granted vote, and a newly adopted term, are durable before the answer leaves.
    ///
    /// Who asks need not be a member as far as this log knows: it may have been promoted by an entry that has not
    /// arrived here. Its own quorum decides whether the vote counts.
    pub(super) fn request_vote(&mut self, from: MemberId, request: VoteRequest, fx: &mut Effects) {
        let VoteRequest { pre, campaign, .. } = request;
        let granted = if pre { self.would_grant(request) } else { self.vote(from, request, fx) };
        // A refusal carries the voter's own term, so that a candidate that fell behind learns of it.
        let term = if pre && granted { request.term } else { self.server.term };
        assert!(!granted || term == request.term, "grants a vote in term {term} for {request:?}");
        let after = self.server.epoch_start();
        self.server.send(from, Message::Vote { term, granted, pre, campaign }, after, fx);
    }

    /// Whether a candidate of this term, with this log, would get the vote.
    fn would_grant(&self, request: VoteRequest) -> bool {
        request.term > self.server.term && self.server.is_up_to_date(request.last) && !self.is_vote_blocked()
    }

    /// Votes, or refuses.
    fn vote(&mut self, from: MemberId, request: VoteRequest, fx: &mut Effects) -> bool {
        let VoteRequest { term, last, .. } = request;
        let server = &self.server;
        if term == server.term && server.vote == Some(from) {
            // The same vote again promises nothing new, so it breaks no promise either.
            return true;
        }
        // Rule: Raft figure 2, RequestVote 1
        if term < server.term || self.is_vote_blocked() {
            return false;
        }
        // Rule: Raft figure 2, RequestVote 2
        let free = term > server.term || server.vote.is_none() && server.leader.is_none();
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

    /// Whether a vote now could break the promise that a lease rests on: a leader was heard within an election timeout,
    /// or this member started within one, or it leads and a majority hears it. A leader that lost its majority promises
    /// nothing, so it cannot block the others' election.
    // Rule: thesis §4.2.3
    fn is_vote_blocked(&self) -> bool {
        match &self.role {
            RoleState::Leader(leadership) => leadership.hears_quorum(&self.server),
            RoleState::Follower | RoleState::Candidate(_) => self.server.is_vote_blocked(),
        }
    }
}
