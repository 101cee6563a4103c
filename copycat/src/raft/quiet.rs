//! Quiet groups: a group in which nothing happens needs no heartbeats of its own.
//!
//! A leader whose followers hold everything, and have nothing left to learn, proposes in a heartbeat that the group
//! becomes quiet. That heartbeat also carries the last commit index. A follower that then has everything agrees: its
//! election timer stands still. When all followers have agreed, the leader is quiet, too, and sends no more heartbeats.
//! Its owner now stands in for them (number 8 of the [contract](super)): the owners of the two members exchange signs of
//! life, one for all groups that are quiet. Whatever happens to a quiet core first wakes it.
//!
//! The safety of a group does not depend on this. A quiet follower casts no vote before it wakes, and then its vote
//! block counts from the last sign of life. A quiet leader's lease is not renewed and ends: signs of life confirm
//! neither a lease nor a read. What does depend on it is that a follower notices the death of its leader, and a leader
//! that it has lost its majority.

use super::leadership::Leader;
use super::message::Message;
use super::server::Server;
use super::state::{Raft, RoleState};
use crate::codec::ids::MemberId;
use std::time::Duration;

impl Server {
    /// Returns whether this follower may become quiet: there is nothing that it could learn from its leader.
    pub(super) fn may_be_quiet(&self) -> bool {
        assert!(self.leader.is_some_and(|leader| leader != self.id), "quiet without a leader");
        self.is_settled() && self.verified == self.log.last().index
    }
}

impl Leader<'_> {
    /// Returns whether nothing is left to do for this leader.
    fn is_settled(&self) -> bool {
        let last = self.server.log.last().index;
        let peers = &self.leadership.peers;
        self.server.is_settled()
            && self.leadership.reads.is_empty()
            && peers.iter().all(|(_, progress)| progress.is_settled(last))
    }

    /// Counts a timed round. If anything is left to do, the count begins anew.
    pub(super) fn count_idle_round(&mut self) {
        if self.is_settled() {
            self.leadership.idle.count();
        } else {
            self.leadership.idle.note_activity();
        }
    }

    /// Returns whether the new round proposes that the group becomes quiet. A leader without followers is quiet at
    /// once.
    pub(super) fn proposes_quiet(&mut self, round: u64) -> bool {
        assert_eq!(round, self.leadership.rounds.newest(), "the new round is the newest one");
        if self.leadership.idle.rounds() <= self.server.options.quiet_after || !self.is_settled() {
            return false;
        }
        self.leadership.idle.propose(round);
        self.server.quiet = self.leadership.peers.is_empty();
        true
    }

    /// Records that the follower at this position has agreed in its answer to `round`. The leader becomes quiet when all
    /// followers have, unless something has happened since.
    pub(super) fn agreed_to_quiet(&mut self, at: usize, round: u64) {
        let agreed = self.leadership.idle.agree(at, round);
        assert!(agreed <= self.leadership.peers.len(), "more followers agree than there are");
        self.server.quiet = agreed == self.leadership.peers.len() && self.is_settled();
    }
}

impl Raft {
    /// Returns whether this core is quiet: its timers stand still until [`wake`](Self::wake).
    pub(crate) fn is_quiet(&self) -> bool {
        self.server.quiet
    }

    /// Returns whether this core leads and has proposed to be quiet, so that followers may be: they believe in this
    /// leadership without hearing of it.
    pub(crate) fn has_proposed_quiet(&self) -> bool {
        matches!(&self.role, RoleState::Leader(leadership) if leadership.idle.has_ever_proposed())
    }

    /// Returns the members whose signs of life this core relies on while it is quiet: all followers of a leader, or the
    /// leader of a follower.
    pub(crate) fn counterparts(&self) -> impl Iterator<Item = MemberId> + '_ {
        let followers = match &self.role {
            RoleState::Leader(leadership) => leadership.peers.as_slice(),
            RoleState::Follower | RoleState::Candidate(_) => &[],
        };
        let leader = self.server.leader.filter(|leader| *leader != self.server.id);
        followers.iter().map(|(peer, _)| *peer).chain(leader)
    }

    /// Records that somebody uses the group, or that the owner has work for it. A leader does not become quiet soon.
    pub(crate) fn note_activity(&mut self) {
        if let RoleState::Leader(leadership) = &mut self.role {
            leadership.idle.note_activity();
        }
    }

    /// Returns whether a message that comes while this core is quiet wakes it. All do, except further answers of followers
    /// that are quiet, too: they answer rounds that the leader sent before all had agreed.
    pub(crate) fn is_woken_by(&self, message: &Message) -> bool {
        let leads = matches!(self.role, RoleState::Leader(_));
        let agrees =
            matches!(message, Message::HeartbeatReply { term, quiet: true, .. } if *term == self.server.term);
        !(leads && agrees)
    }

    /// Ends the quiet, if this core is quiet. `heard` returns when the last sign of life of a member came.
    pub(crate) fn wake(&mut self, now: Duration, heard: impl Fn(MemberId) -> Duration) {
        if !std::mem::take(&mut self.server.quiet) {
            return;
        }
        self.server.set_time(now);
        let now = self.server.now;
        match &mut self.role {
            RoleState::Leader(leadership) => {
                leadership.idle.note_activity();
                leadership.heartbeat_due = self.server.options.next_heartbeat(now);
                for (peer, progress) in &mut leadership.peers {
                    progress.record_contact(heard(*peer).min(now));
                }
            }
            RoleState::Follower => {
                let leader = self.server.leader.expect("a quiet follower has a leader");
                self.server.record_leader_contact_at(leader, heard(leader).min(now));
            }
            RoleState::Candidate(_) => unreachable!("a candidate waits for answers, and is not quiet"),
        }
    }
}
