//! Elections: pre-vote (thesis §9.6), votes (§5.2, §5.4.1), and the promise to a living leader
//! (thesis §4.2.3, §6.4.1).

use super::effect::Effects;
use super::message::Message;
use super::quorum::{self, Outcome};
use super::state::{Raft, RoleState};
use super::token::Token;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{MemberId, TERM_MAX, Term};
use crate::codec::terms::LogId;

/// One campaign and the answers to it. A member may campaign several times in one term as long as it only asks, so the
/// term does not say which campaign an answer belongs to: its number does.
#[derive(Debug)]
pub(super) struct Election {
    number: u64,
    pre: bool,
    answers: Vec<(MemberId, bool)>,
}

impl Election {
    fn new(number: u64, pre: bool) -> Election {
        Election { number, pre, answers: Vec::new() }
    }

    /// Whether it only asks.
    pub(super) fn is_pre(&self) -> bool {
        self.pre
    }

    /// Counts one answer; the first of each member stands.
    fn count(&mut self, voter: MemberId, granted: bool, configuration: &Configuration) -> Outcome {
        if self.answer(voter).is_none() {
            self.answers.push((voter, granted));
        }
        quorum::outcome(configuration, |voter| self.answer(voter))
    }

    fn answer(&self, voter: MemberId) -> Option<bool> {
        self.answers.iter().find(|(member, _)| *member == voter).map(|(_, granted)| *granted)
    }
}

impl Raft {
    /// The election timeout passed without a leader: ask whether an election could be won. Nothing is
    /// promised yet, and no term moves.
    pub(super) fn campaign(&mut self, fx: &mut Effects) {
        assert!(!matches!(self.role, RoleState::Leader(_)), "a leader does not campaign");
        self.election_deadline = self.now + self.random_timeout();
        if !self.configurations.current().is_voter(self.id) || self.term >= TERM_MAX {
            return;
        }
        self.begin_campaign(true);
        self.leader = None;
        self.ask_for_votes(self.term + 1, true, fx);
        self.count_vote(self.id, true, self.latest_campaign(), fx);
    }

    /// The pre-vote was won: a new term, and the own vote, which counts once it is durable.
    fn become_candidate(&mut self, fx: &mut Effects) {
        self.begin_campaign(false);
        self.election_deadline = self.now + self.random_timeout();
        self.save_vote(self.term + 1, Some(self.id), fx);
        self.ask_for_votes(self.term, false, fx);
    }

    /// Takes the next number.
    fn begin_campaign(&mut self, pre: bool) {
        self.role = RoleState::Campaign(Election::new(self.next_campaign, pre));
        self.next_campaign = self.next_campaign.wrapping_add(1);
    }

    /// The write that opened this epoch is durable: the own vote counts.
    pub(super) fn count_own_vote(&mut self, fx: &mut Effects) {
        assert_eq!(self.durable.epoch, self.epoch, "counts a vote that is not durable");
        if let RoleState::Campaign(Election { pre: false, .. }) = self.role {
            assert_eq!(self.vote, Some(self.id), "a candidate voted for itself");
            self.count_vote(self.id, true, self.latest_campaign(), fx);
        }
    }

    fn ask_for_votes(&self, term: Term, pre: bool, fx: &mut Effects) {
        let last = self.log.last();
        let configuration = self.configurations.current();
        for voter in configuration.members() {
            if voter != self.id && configuration.is_voter(voter) {
                let request = Message::RequestVote { term, last, pre, campaign: self.latest_campaign() };
                self.send(voter, request, Token::opening(self.epoch), fx);
            }
        }
    }

    /// Someone would vote for us in `term`.
    pub(super) fn pre_vote_granted(&mut self, from: MemberId, term: Term, campaign: u64, fx: &mut Effects) {
        // Of another term: the answer to an earlier question.
        if term == self.term + 1 {
            self.count_vote(from, true, campaign, fx);
        }
    }

    /// Counts an answer to the running campaign, if it belongs to it.
    pub(super) fn count_vote(&mut self, from: MemberId, granted: bool, campaign: u64, fx: &mut Effects) {
        let RoleState::Campaign(election) = &mut self.role else { return };
        if election.number != campaign {
            return;
        }
        let pre = election.pre;
        match election.count(from, granted, self.configurations.current()) {
            Outcome::Pending => {}
            Outcome::Lost => self.become_follower(fx),
            Outcome::Won if pre => self.become_candidate(fx),
            // The others may have answered before this core is told that its own vote is durable, which it is by then.
            Outcome::Won if self.durable.epoch < self.epoch => {}
            Outcome::Won => self.become_leader(fx),
        }
    }

    /// Answers a request. A granted vote, and a newly adopted term, are written before the answer leaves.
    ///
    /// Who asks need not be a member as far as this log knows: it may have been promoted by an entry
    /// that has not arrived here (§6). Its own quorum decides whether the vote counts.
    pub(super) fn request_vote(
        &mut self,
        from: MemberId,
        term: Term,
        last: LogId,
        pre: bool,
        fx: &mut Effects,
    ) -> (Term, bool) {
        let up_to_date = last >= self.log.last();
        let granted = if pre {
            term > self.term && up_to_date && !self.is_promised()
        } else {
            self.consider_vote(from, term, up_to_date, fx)
        };
        // A refusal carries our own term, so that a candidate that fell behind learns of it.
        (if pre && granted { term } else { self.term }, granted)
    }

    fn consider_vote(&mut self, from: MemberId, term: Term, up_to_date: bool, fx: &mut Effects) -> bool {
        if term == self.term && self.vote == Some(from) {
            // The same vote again promises nothing new, so it breaks no promise either.
            return true;
        }
        if term < self.term || self.is_promised() {
            return false;
        }
        let free = term > self.term || self.vote.is_none() && self.leader.is_none();
        let granted = free && up_to_date;
        if term > self.term {
            self.become_follower(fx);
        }
        if granted || term > self.term {
            self.save_vote(term, granted.then_some(from), fx);
        }
        if granted {
            self.become_follower(fx);
            self.election_deadline = self.now + self.random_timeout();
        }
        granted
    }

    /// Whether a vote now could break the promise that a lease rests on: a leader was heard within
    /// an election timeout, or this member started within one, or it leads and a majority hears it.
    /// A leader that lost its majority promises nothing, so it cannot block the others' election.
    fn is_promised(&self) -> bool {
        match &self.role {
            RoleState::Leader(_) => self.now < self.quorum_heard() + self.options.election_timeout,
            _ => self.now < self.promised_until,
        }
    }
}
