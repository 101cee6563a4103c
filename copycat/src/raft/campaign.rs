//! The candidate's side of an election: the campaign, its requests, and the count of the answers.

use super::effect::Effects;
use super::message::Message;
use super::quorum::{self, VoteResult};
use super::server::Server;
use crate::codec::configuration::Configuration;
use crate::codec::ids::MemberId;

/// One campaign and the answers to it. A member may hold several pre-votes in one term. So each campaign has a number,
/// which tells the answers to it from those to an earlier campaign.
#[derive(Debug)]
pub(super) struct Campaign {
    number: u64,
    /// Whether this is a pre-vote, which only asks whether an election could be won.
    pre: bool,
    answers: Vec<(MemberId, bool)>,
}

impl Campaign {
    /// Begins a campaign with a new number.
    pub(super) fn begin(server: &mut Server, pre: bool) -> Campaign {
        assert!(server.leader.is_none(), "a campaign although {:?} leads", server.leader);
        Campaign { number: server.number_campaign(), pre, answers: Vec::new() }
    }

    /// Returns whether this is a pre-vote.
    pub(super) fn is_pre_vote(&self) -> bool {
        self.pre
    }

    /// Returns whether an answer with this number and kind belongs to this campaign. Other answers belong to an earlier
    /// campaign and may be outdated.
    pub(super) fn is_answered_by(&self, campaign: u64, pre: bool) -> bool {
        self.number == campaign && self.pre == pre
    }

    /// Sends the requests to all other voters.
    pub(super) fn request_votes(&self, server: &Server, fx: &mut Effects) {
        assert!(self.pre || server.vote == Some(server.id), "a candidate votes for itself first");
        let Campaign { number: campaign, pre, .. } = *self;
        let last = server.log.last();
        // A pre-vote asks about the next term, but does not begin it.
        let term = if pre { server.term + 1 } else { server.term };
        assert!(last.term < term, "campaigns in term {term}, of which it holds entries");
        let configuration = server.configurations.current();
        for voter in configuration.members() {
            if voter != server.id && configuration.is_voter(voter) {
                let request = Message::RequestVote { term, last, pre, campaign };
                server.send(voter, request, server.epoch_start(), fx);
            }
        }
    }

    /// Counts an answer, and returns the result so far. Only the first answer of each voter counts.
    pub(super) fn count(
        &mut self,
        voter: MemberId,
        granted: bool,
        configuration: &Configuration,
    ) -> VoteResult {
        if self.answer(voter).is_none() {
            self.answers.push((voter, granted));
        }
        assert!(self.answer(voter).is_some(), "an answer that was not counted");
        quorum::outcome(configuration, |voter| self.answer(voter))
    }

    fn answer(&self, voter: MemberId) -> Option<bool> {
        self.answers.iter().find(|(member, _)| *member == voter).map(|(_, granted)| *granted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_of_each_voter_stands() {
        let three = Configuration::of_voters([1, 2, 3].map(MemberId));
        let mut campaign = Campaign { number: 7, pre: true, answers: Vec::new() };
        assert_eq!(campaign.count(MemberId(2), false, &three), VoteResult::Pending);
        assert_eq!(campaign.count(MemberId(2), true, &three), VoteResult::Pending);
        assert_eq!(campaign.count(MemberId(9), true, &three), VoteResult::Pending, "9 does not vote");
        assert_eq!(campaign.count(MemberId(1), true, &three), VoteResult::Pending);
        assert_eq!(campaign.count(MemberId(3), true, &three), VoteResult::Won);
    }

    #[test]
    fn an_answer_belongs_to_one_campaign_of_one_kind() {
        let campaign = Campaign { number: 7, pre: true, answers: Vec::new() };
        assert!(campaign.is_answered_by(7, true));
        assert!(!campaign.is_answered_by(6, true), "delayed");
        assert!(!campaign.is_answered_by(7, false), "no vote was asked for");
    }
}
