//! How a server changes its role: follower, pre-candidate, candidate, leader, and back.

use super::effect::{Effect, Effects};
use super::election::Campaign;
use super::leadership::{Leader, Leadership};
use super::quorum::VoteResult;
use super::state::{Raft, RoleState};
use crate::codec::ids::{MemberId, TERM_MAX, Term};

impl Raft {
    /// The election timeout passed without a leader: asks the others whether an election could be won. Nothing is
    /// promised yet, and no term changes, so that a member with a bad connection deposes nobody.
    // Rule: thesis §9.6
    pub(super) fn become_pre_candidate(&mut self, fx: &mut Effects) {
        assert!(!matches!(self.role, RoleState::Leader(_)), "a leader does not campaign");
        let server = &mut self.server;
        server.restart_election_timer();
        // A learner never campaigns, nor does a member that has used up the terms.
        if !server.configurations.current().is_voter(server.id) || server.term >= TERM_MAX {
            return;
        }
        server.leader = None;
        let mut campaign = Campaign::begin(server, true);
        campaign.request_votes(server, fx);
        let outcome = campaign.count(server.id, true, server.configurations.current());
        self.role = RoleState::Candidate(campaign);
        self.conclude(outcome, true, fx);
    }

    /// The pre-vote was won: begins a new term, and votes for itself. That vote counts once it is durable.
    // Rule: Raft figure 2, Candidates 1
    fn become_candidate(&mut self, fx: &mut Effects) {
        let server = &mut self.server;
        assert!(server.term < TERM_MAX, "no term is left");
        let campaign = Campaign::begin(server, false);
        server.restart_election_timer();
        server.save_vote(server.term + 1, Some(server.id), fx);
        campaign.request_votes(server, fx);
        self.role = RoleState::Candidate(campaign);
    }

    /// The election was won.
    fn become_leader(&mut self, fx: &mut Effects) {
        let server = &mut self.server;
        assert_eq!(server.vote, Some(server.id), "a leader voted for itself");
        assert!(server.is_vote_durable(), "a leader's vote is durable");
        server.leader = Some(server.id);
        let mut leadership = Box::new(Leadership::new(server));
        Leader::new(server, &mut leadership).begin(fx);
        self.role = RoleState::Leader(leadership);
    }

    /// Leaves any other role, within the term.
    pub(super) fn become_follower(&mut self, fx: &mut Effects) {
        if let RoleState::Leader(leadership) = &self.role {
            if !leadership.reads.is_empty() {
                fx.push(Effect::ReadsLost);
            }
            self.server.leader = None;
            self.server.restart_election_timer();
        }
        self.role = RoleState::Follower;
        assert!(self.server.leader != Some(self.server.id), "a follower that leads");
    }

    /// A higher term was heard of: whatever this member was, it follows.
    // Rule: Raft figure 2, All Servers 2
    // Rule: Raft §5.1
    pub(super) fn adopt_term(&mut self, term: Term, fx: &mut Effects) {
        assert!(term > self.server.term, "terms only grow");
        self.become_follower(fx);
        self.server.save_vote(term, None, fx);
    }

    /// The leader of the current term was heard. A candidate of the term gives up.
    // Rule: Raft figure 2, Candidates 3
    pub(super) fn follow(&mut self, leader: MemberId, fx: &mut Effects) {
        assert!(!matches!(self.role, RoleState::Leader(_)), "two leaders in one term: refused before");
        self.become_follower(fx);
        self.server.hear_leader(leader);
    }

    /// Does what follows from the answers to the current campaign. If it is `pre`, it only asks in advance.
    pub(super) fn conclude(&mut self, outcome: VoteResult, pre: bool, fx: &mut Effects) {
        assert!(matches!(self.role, RoleState::Candidate(_)), "the end of a campaign that is over");
        match outcome {
            VoteResult::Pending => {}
            VoteResult::Lost => self.become_follower(fx),
            VoteResult::Won if pre => self.become_candidate(fx),
            // The others may have answered before this core is told that its own vote is durable, which it is by then.
            VoteResult::Won if !self.server.is_vote_durable() => {}
            // Rule: Raft figure 2, Candidates 2
            VoteResult::Won => self.become_leader(fx),
        }
    }
}
