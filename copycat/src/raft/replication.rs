//! The leader's side of log replication (§5.3) and the commit rule (§5.4.2).

use super::conflict;
use super::effect::Effects;
use super::error::NotLeader;
use super::leadership::{Leadership, push_ready};
use super::message::{AppendResult, Message};
use super::progress::Progress;
use super::quorum;
use super::state::{Raft, RoleState};
use super::token::Token;
use crate::codec::ids::{Index, MemberId};
use crate::codec::terms::{LogId, Span};

/// Most entries in one proposal: no index can run over.
const PROPOSED_MAX: u64 = 1 << 32;

impl Raft {
    /// Appends `count` entries of the current term, at least one, which the caller encodes and writes at
    /// the returned place before it carries out the effects. Term and indexes are given in one step: no
    /// proposal can ever be stamped with a term it was not accepted in.
    pub(crate) fn propose(&mut self, count: u64, fx: &mut Effects) -> Result<Span, NotLeader> {
        let RoleState::Leader(_) = self.role else { return Err(self.not_leader()) };
        let before = self.log.last().index;
        assert!((1..=PROPOSED_MAX).contains(&count), "proposes {count} entries at once");
        self.log.append(self.term, count);
        self.replicate(fx);
        Ok(Span { term: self.term, first: before + 1, last: before + count })
    }

    /// What was on its way to `peer` is lost. It is fed again when it answers a heartbeat.
    pub(crate) fn disconnected(&mut self, peer: MemberId) {
        if let RoleState::Leader(leadership) = &mut self.role
            && let Some(progress) = leadership.peer_mut(peer)
        {
            progress.disconnect();
        }
    }

    /// An append to `peer` found no room on its way, from the entry `first` on. The rest is sent when the follower
    /// shows that it takes what is under way.
    pub(crate) fn refused(&mut self, peer: MemberId, first: Index) {
        if let RoleState::Leader(leadership) = &mut self.role
            && let Some(progress) = leadership.peer_mut(peer)
        {
            progress.refuse(first);
        }
    }

    /// Sends everyone what there is, as far as the windows allow. Nothing waits for this member's own
    /// flush: it runs at the same time as the followers' (thesis §10.2.1).
    pub(super) fn replicate(&mut self, fx: &mut Effects) {
        let RoleState::Leader(leadership) = &self.role else { return };
        for at in 0..leadership.peers.len() {
            self.replicate_to_peer_at(at, fx);
        }
    }

    /// The same for one follower.
    pub(super) fn replicate_to(&mut self, peer: MemberId, fx: &mut Effects) {
        let RoleState::Leader(leadership) = &self.role else { return };
        if let Some(at) = leadership.peers.iter().position(|(member, _)| *member == peer) {
            self.replicate_to_peer_at(at, fx);
        }
    }

    fn replicate_to_peer_at(&mut self, at: usize, fx: &mut Effects) {
        let last = self.log.last().index;
        loop {
            let RoleState::Leader(leadership) = &mut self.role else { return };
            let (to, progress) = &mut leadership.peers[at];
            if !progress.may_send(last, self.options.inflight_max) {
                return;
            }
            let to = *to;
            // Compacted away: only a snapshot could help this follower.
            let Some(prev) = self.log.sendable_after(progress.next() - 1) else { return };
            let up_to = match progress.wants_entries() {
                true => last.min(prev.index.saturating_add(self.options.entries_max)),
                false => prev.index,
            };
            progress.sent(up_to, leadership.rounds.newest());
            let message = self.append_message(prev, up_to);
            self.send(to, message, Token::ZERO, fx);
        }
    }

    /// The entries behind `prev` up to `last`.
    fn append_message(&self, prev: LogId, last: Index) -> Message {
        Message::Append {
            term: self.term,
            prev,
            commit: self.commit,
            spans: self.log.spans(prev.index + 1, last),
            configurations: self.configurations.within(prev.index + 1, last),
        }
    }

    /// A follower answered an append of this term.
    pub(super) fn append_reply(&mut self, from: MemberId, result: AppendResult, fx: &mut Effects) {
        let RoleState::Leader(leadership) = &mut self.role else { return };
        let round = leadership.rounds.newest();
        let Some(progress) = leadership.peer_mut(from) else { return };
        progress.hear(self.now);
        match result {
            AppendResult::Accepted { matched } => {
                assert!(matched <= self.log.last().index, "checked on arrival");
                if progress.accept(matched, round) {
                    self.commit_by_counting(fx);
                }
            }
            AppendResult::Rejected { prev, hint } => {
                let bound = LogId::new(hint.term, hint.index.min(prev));
                progress.reject(prev, conflict::last_agreeable(&self.log, bound).index);
            }
        }
        self.replicate_to(from, fx);
    }

    /// Commits what a majority holds durably, if it is of the own term: an entry of an earlier one may
    /// still be replaced even if a majority holds it, and commits with the first that follows (§5.4.2,
    /// figure 8). The leader counts itself only for what its own disk has finished.
    pub(super) fn commit_by_counting(&mut self, fx: &mut Effects) {
        let RoleState::Leader(leadership) = &self.role else { return };
        let own = if self.durable.epoch == self.epoch { self.durable.index } else { 0 };
        let Some(index) = self.counted(leadership, own) else { return };
        assert_eq!(self.log.term(index), Some(self.term), "only the own term commits by counting");
        self.commit_to(index, fx);
        let RoleState::Leader(leadership) = &mut self.role else { return };
        push_ready(leadership.reads.committed(index), fx);
    }

    /// What a leader may commit by counting if its own disk had finished `own`, if that is news.
    pub(super) fn counted(&self, leadership: &Leadership, own: Index) -> Option<Index> {
        let index = quorum::reached(self.configurations.current(), |member| {
            if member == self.id { own } else { leadership.peer(member).map_or(0, Progress::matched) }
        })?;
        (index > self.commit && index >= leadership.first_own).then_some(index)
    }
}
