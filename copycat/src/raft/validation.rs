//! Refuses messages that no correct member sends, before any state changes.

use super::conflict;
use super::error::InvalidMessage;
use super::message::{AppendResult, Message};
use super::state::{Raft, RoleState};
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::{LogId, Spans};

impl Raft {
    /// Returns an error if the message cannot come from a correct member.
    pub(super) fn check(&self, from: MemberId, message: &Message) -> Result<(), InvalidMessage> {
        let server = &self.server;
        if from == server.id {
            return Err(InvalidMessage::FromMyself);
        }
        message.validate()?;
        match *message {
            Message::Append { term, prev, ref spans, .. } if term >= server.term => {
                self.check_leader(from, term)?;
                self.check_committed(prev, spans)
            }
            Message::Heartbeat { term, .. } => self.check_leader(from, term),
            Message::AppendReply { term, result: AppendResult::Accepted { matched } } => {
                self.check_sent(term, matched, server.log.last().index)
            }
            Message::HeartbeatReply { term, round, verified, durable, .. } => {
                self.check_round(term, round)?;
                self.check_sent(term, verified, server.log.last().index)?;
                self.check_sent(term, durable, verified)
            }
            _ => Ok(()),
        }
    }

    /// Refuses a second leader in one term.
    fn check_leader(&self, from: MemberId, term: Term) -> Result<(), InvalidMessage> {
        match self.server.leader {
            Some(first) if term == self.server.term && first != from => {
                Err(InvalidMessage::SecondLeader { term, first, second: from })
            }
            _ => Ok(()),
        }
    }

    /// Refuses entries that contradict a committed one: a leader holds every committed entry.
    // Rule: Raft figure 3, Leader Completeness
    fn check_committed(&self, prev: LogId, spans: &Spans) -> Result<(), InvalidMessage> {
        let (log, commit) = (&self.server.log, self.server.commit);
        assert!(commit <= log.last().index, "committed {commit}, but the log ends with {:?}", log.last());
        if prev.index > commit {
            return Ok(());
        }
        let refuse = |index: Index, theirs: Term| {
            let ours = log.term(index).unwrap_or(0);
            Err(InvalidMessage::ContradictsCommitted { index, ours, theirs })
        };
        if log.term(prev.index).is_some_and(|term| term != prev.term) {
            return refuse(prev.index, prev.term);
        }
        if prev.index == commit {
            return Ok(());
        }
        match conflict::find_conflict(log, spans) {
            Some(index) if index <= commit => {
                let theirs = spans.iter().find(|span| span.last >= index).map_or(0, |span| span.term);
                refuse(index, theirs)
            }
            _ => Ok(()),
        }
    }

    /// Refuses an answer to a round that this leadership did not begin.
    fn check_round(&self, term: Term, round: u64) -> Result<(), InvalidMessage> {
        match &self.role {
            RoleState::Leader(leadership) => self.check_sent(term, round, leadership.rounds.newest()),
            RoleState::Follower | RoleState::Candidate(_) => Ok(()),
        }
    }

    /// Refuses an acknowledgement of something that this leadership did not send. Other roles ignore the number.
    fn check_sent(&self, term: Term, claimed: u64, sent: u64) -> Result<(), InvalidMessage> {
        let counts = term == self.server.term && matches!(self.role, RoleState::Leader(_));
        if counts && claimed > sent { Err(InvalidMessage::NeverSent { claimed, sent }) } else { Ok(()) }
    }
}
