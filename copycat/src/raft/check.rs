//! What is refused before anything changes: messages that no correct member sends.

use super::conflict;
use super::error::Refused;
use super::message::{AppendResult, Message};
use super::state::{Raft, RoleState};
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::{LogId, Spans};

impl Raft {
    /// Whether the message can come from a correct member.
    pub(super) fn check(&self, from: MemberId, message: &Message) -> Result<(), Refused> {
        if from == self.id {
            return Err(Refused::FromMyself);
        }
        message.validate()?;
        match message {
            Message::Append { term, prev, spans, .. } if *term >= self.term => {
                self.check_leader(from, *term)?;
                self.check_committed(*prev, spans)
            }
            Message::Heartbeat { term, .. } => self.check_leader(from, *term),
            Message::AppendReply { term, result: AppendResult::Accepted { matched } } => {
                self.check_sent(*term, *matched, self.log.last().index)
            }
            Message::HeartbeatReply { term, round, accepted, durable, .. } => {
                let RoleState::Leader(leadership) = &self.role else { return Ok(()) };
                self.check_sent(*term, *round, leadership.rounds.newest())?;
                self.check_sent(*term, *accepted, self.log.last().index)?;
                self.check_sent(*term, *durable, *accepted)
            }
            _ => Ok(()),
        }
    }

    /// At most one leader in a term (§5.2, election safety).
    fn check_leader(&self, from: MemberId, term: Term) -> Result<(), Refused> {
        match self.leader {
            Some(first) if term == self.term && first != from => {
                Err(Refused::SecondLeader { term, first, second: from })
            }
            _ => Ok(()),
        }
    }

    /// A leader holds every committed entry (§5.4.3, leader completeness).
    fn check_committed(&self, prev: LogId, spans: &Spans) -> Result<(), Refused> {
        if prev.index > self.commit {
            return Ok(());
        }
        let refuse = |index: Index, theirs: Term| {
            let ours = self.log.term(index).unwrap_or(0);
            Err(Refused::ContradictsCommitted { index, ours, theirs })
        };
        if self.log.term(prev.index).is_some_and(|term| term != prev.term) {
            return refuse(prev.index, prev.term);
        }
        if prev.index == self.commit {
            return Ok(());
        }
        match conflict::first_missing(&self.log, spans) {
            Some(index) if index <= self.commit => {
                let theirs = spans.iter().find(|span| span.last >= index).map_or(0, |span| span.term);
                refuse(index, theirs)
            }
            _ => Ok(()),
        }
    }

    /// Only what this leadership sent can be acknowledged to it.
    fn check_sent(&self, term: Term, claimed: u64, sent: u64) -> Result<(), Refused> {
        let counts = term == self.term && matches!(self.role, RoleState::Leader(_));
        if counts && claimed > sent { Err(Refused::NeverSent { claimed, sent }) } else { Ok(()) }
    }
}
