//! Checks that the sender's disk holds what a message promises when the message leaves.

use super::image::GroupImage;
use super::violation::Violation;
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use crate::raft::message::{AppendResult, Message};

/// A message that is about to leave, with the sender's state in memory and on its disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving<'a> {
    pub group: GroupId,
    pub from: MemberId,
    pub to: MemberId,
    pub message: &'a Message,
    /// The sender's term and log in memory, when the message leaves.
    pub term: Term,
    pub log: &'a LogShape,
    /// The durable state of the sender.
    pub durable: &'a GroupImage,
}

impl Leaving<'_> {
    /// Checks that votes, terms and acknowledged entries are durable before they are sent.
    pub(super) fn check(&self) -> Result<(), Violation> {
        let Leaving { message, durable, to, from, .. } = *self;
        let term = message.term();
        match *message {
            // A pre-vote promises nothing: it speaks of a term that may come.
            Message::RequestVote { pre: true, .. } | Message::Vote { pre: true, granted: true, .. } => Ok(()),
            _ if durable.term < term => self.early("a message"),
            Message::RequestVote { .. } if durable.term == term && durable.vote != Some(from) => {
                self.early("a request for votes")
            }
            Message::Vote { granted: true, .. } if durable.term == term && durable.vote != Some(to) => {
                self.early("a vote")
            }
            Message::AppendReply { result: AppendResult::Accepted { matched }, .. }
            | Message::HeartbeatReply { durable: matched, .. } => {
                if self.holds(matched) {
                    Ok(())
                } else {
                    self.early("the acknowledgement of entries")
                }
            }
            _ => Ok(()),
        }
    }

    /// Returns whether everything up to `matched` is durable with the content that it had when the message was made.
    fn holds(&self, matched: Index) -> bool {
        let Leaving { durable, log, term, message, .. } = *self;
        match durable.entry(matched) {
            // A later term is durable, so everything before it was.
            _ if matched == 0 || durable.term > message.term() => true,
            // A later term has begun since the message was made, and may have cut the log in memory.
            found if term > message.term() => found.is_some(),
            found => found.map(|entry| entry.term) == log.term(matched),
        }
    }

    fn early(&self, what: &'static str) -> Result<(), Violation> {
        let (group, member, term) = (self.group, self.from, self.message.term());
        Err(Violation::Early { group, member, term, what })
    }
}

#[cfg(test)]
mod tests {
    use super::super::image::Entry;
    use super::*;

    fn check(message: &Message, durable: &GroupImage) -> Result<(), Violation> {
        let mut log = LogShape::default();
        log.append(2, 3);
        let (group, from, to) = (GroupId(1), MemberId(1), MemberId(2));
        Leaving { group, from, to, message, term: 2, log: &log, durable }.check()
    }

    #[test]
    fn votes_terms_and_acknowledgements_wait_for_the_disk() {
        let entries = vec![Entry { term: 2, time: 0, checksum: 0 }; 2];
        let durable = GroupImage { term: 2, vote: Some(MemberId(2)), commit: 0, entries };
        let vote = |term| Message::Vote { term, granted: true, pre: false, campaign: 0 };
        let accepted = |matched| Message::AppendReply { term: 2, result: AppendResult::Accepted { matched } };
        check(&vote(2), &durable).unwrap();
        check(&accepted(2), &durable).unwrap();
        assert!(check(&vote(3), &durable).is_err(), "the term is not durable");
        assert!(check(&accepted(3), &durable).is_err(), "the third entry is not durable");
        let other = GroupImage { vote: Some(MemberId(3)), ..durable };
        assert!(check(&vote(2), &other).is_err(), "the vote is another's");
        check(&Message::Vote { term: 9, granted: true, pre: true, campaign: 0 }, &other).unwrap();
    }
}
