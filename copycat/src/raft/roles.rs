//! How a server changes its role: follower, pre-candidate, candidate, leader, and back.

use super::campaign::Campaign;
use super::effect::{Effect, Effects};
use super::leadership::{Leader, Leadership};
use super::quorum::VoteResult;
use super::state::{Raft, RoleState};
use crate::codec::ids::{MemberId, TERM_MAX, Term};

impl Raft {
    /// Starts a pre-vote, after an election timeout without a leader: asks the voters whether an election could be won.
    /// No term changes and no vote is saved, so a member with a bad connection deposes no leader.
    // Rule: thesis §9.6
    pub(super) fn become_pre_candidate(&mut self, fx: &mut Effects) {
        assert!(!matches!(self.role, RoleState::Leader(_)), "a leader does not campaign");
        let server = &mut self.server;
        server.restart_election_timer();
        // A learner never campaigns, nor does a member that has reached the last term.
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

    /// Starts an election after a won pre-vote: begins a new term, and votes for itself. That vote counts once it is
    /// durable.
    // Rule: Raft figure 2, Candidates 1
    fn become_candidate(&mut self, fx: &mut Effects) {
        let server = &mut self.server;
        assert!(server.term < TERM_MAX, "no term is left");
        assert!(!server.is_vote_blocked(), "votes for itself although a leader may hold a lease");
        let campaign = Campaign::begin(server, false);
        server.restart_election_timer();
        server.save_vote(server.term + 1, Some(server.id), fx);
        campaign.request_votes(server, fx);
        self.role = RoleState::Candidate(campaign);
    }

    /// Begins the leadership after a won election.
    fn become_leader(&mut self, fx: &mut Effects) {
        let server = &mut self.server;
        assert_eq!(server.vote, Some(server.id), "a leader voted for itself");
        assert!(server.is_epoch_durable(), "a leader's vote is durable");
        server.leader = Some(server.id);
        let mut leadership = Box::new(Leadership::new(server));
        Leader::new(server, &mut leadership).begin(fx);
        self.role = RoleState::Leader(leadership);
    }

    /// Leaves any other role, and stays in the term.
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

    /// Adopts a higher term and becomes a follower in it, whatever its role was.
    // Rule: Raft figure 2, All Servers 2
    // Rule: Raft §5.1
    pub(super) fn adopt_term(&mut self, term: Term, fx: &mut Effects) {
        assert!(term > self.server.term, "terms only grow");
        self.become_follower(fx);
        self.server.save_vote(term, None, fx);
    }

    /// Follows the leader of the current term. A candidate of the term gives up.
    // Rule: Raft figure 2, Candidates 3
    pub(super) fn follow(&mut self, leader: MemberId, fx: &mut Effects) {
        assert!(!matches!(self.role, RoleState::Leader(_)), "two leaders in one term: refused before");
        self.become_follower(fx);
        self.server.record_leader_contact(leader);
    }

    /// Acts on the result of the current campaign. `pre` says whether that is a pre-vote.
    pub(super) fn conclude(&mut self, outcome: VoteResult, pre: bool, fx: &mut Effects) {
        assert!(matches!(self.role, RoleState::Candidate(_)), "the end of a campaign that is over");
        match outcome {
            VoteResult::Pending => {}
            VoteResult::Lost => self.become_follower(fx),
            VoteResult::Won if pre => self.become_candidate(fx),
            // The own vote is durable, but the core was not told yet. The election waits for that report.
            VoteResult::Won if !self.server.is_epoch_durable() => {}
            // Rule: Raft figure 2, Candidates 2
            VoteResult::Won => self.become_leader(fx),
        }
    }
}
