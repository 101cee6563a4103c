//! The candidate's side of an election: the campaign, its requests, and the count of the answers.

use super::effect::Effects;
use super::message::Message;
use super::quorum::{self, VoteResult};
use super::server::Server;
use crate::codec::configuration::Configuration;
use crate::codec::ids::MemberId;

/// One campaign and the answers to it. While a member only asks in advance, it may campaign several times in one term.
/// So the term does not tell which campaign an answer belongs to: the number does.
#[derive(Debug)]
pub(super) struct Campaign {
    number: u64,
    /// It only asks whether an election could be won.
    pre: bool,
    answers: Vec<(MemberId, bool)>,
}

impl Campaign {
    /// Begins a campaign with a number of its own.
    pub(super) fn begin(server: &mut Server, pre: bool) -> Campaign {
        assert!(server.leader.is_none(), "a campaign although {:?} leads", server.leader);
        Campaign { number: server.number_campaign(), pre, answers: Vec::new() }
    }

    /// Whether it only asks in advance.
    pub(super) fn is_pre_vote(&self) -> bool {
        self.pre
    }

    /// Whether an answer with these marks belongs to this campaign. One that does not was delayed since an earlier
    /// campaign, and what it says may be true no longer.
    pub(super) fn is_answered_by(&self, campaign: u64, pre: bool) -> bool {
        self.number == campaign && self.pre == pre
    }

    /// Asks the other voters.
    pub(super) fn request_votes(&self, server: &Server, fx: &mut Effects) {
        assert!(self.pre || server.vote == Some(server.id), "a candidate votes for itself first");
        let Campaign { number: campaign, pre, .. } = *self;
        let last = server.log.last();
        // The term after the current one has not begun as long as nobody has won a pre-vote.
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

    /// Counts an answer. The first of each voter stands.
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
