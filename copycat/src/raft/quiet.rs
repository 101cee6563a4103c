//! Quiet groups: a group in which nothing happens needs no heartbeats of its own.
//!
//! A leader whose followers hold everything, and have nothing left to learn, proposes in a heartbeat that the group
//! becomes quiet. That heartbeat also carries the last commit index. A follower that then has everything agrees: its
//! election timer stands still. When all followers have agreed, the leader is quiet, too, and sends no more heartbeats.
//! Its owner now stands in for them (number 8 of the [contract](super)): the owners of the two members exchange member
//! heartbeats, one for all groups that are quiet. Whatever happens to a quiet core first wakes it.
//!
//! The safety of a group does not depend on this. A quiet follower casts no vote before it wakes, and then its vote
//! block counts from the last member heartbeat. A quiet leader's lease is not renewed and ends: member heartbeats
//! confirm neither a lease nor a read. Only liveness depends on it: a follower must notice the death of its leader,
//! and a leader the loss of its majority.

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
        self.is_complete() && self.verified == self.log.last().index
    }
}

impl Leader<'_> {
    /// Returns whether nothing is left to do for this leader.
    fn has_nothing_to_do(&self) -> bool {
        let last = self.server.log.last().index;
        let peers = &self.leadership.peers;
        self.server.is_complete()
            && self.leadership.reads.is_empty()
            && peers.iter().all(|(_, progress)| {
                // If one follower does not answer, the leader cannot become quiet, so no follower may.
                let answers =
                    self.server.now < progress.last_contact() + self.server.options.election_timeout;
                answers && progress.is_up_to_date(last)
            })
    }

    /// Counts a timed round. If anything is left to do, the count begins anew.
    pub(super) fn count_idle_round(&mut self) {
        if self.has_nothing_to_do() {
            self.leadership.idle.count();
        } else {
            self.leadership.idle.note_activity();
        }
    }

    /// Returns whether the new round proposes that the group becomes quiet. A leader without followers is quiet at
    /// once.
    pub(super) fn proposes_quiet(&mut self, round: u64) -> bool {
        assert_eq!(round, self.leadership.rounds.newest(), "the new round is the newest one");
        if self.leadership.idle.rounds() <= self.server.options.quiet_after {
            return false;
        }
        // A round for reads comes after an activity, and a timed one has just been counted.
        assert!(self.has_nothing_to_do(), "quiet, although something is left to do");
        self.leadership.idle.propose(round);
        self.server.quiet = self.leadership.peers.is_empty();
        true
    }

    /// Records that the follower at this position does not agree, or no longer, in its answer to `round`.
    pub(super) fn disagreed_to_quiet(&mut self, at: usize, round: u64) {
        self.leadership.idle.disagree(at, round);
    }

    /// Records that the follower at this position has agreed in its answer to `round`. The leader becomes quiet when
    /// all followers have, unless something has happened since.
    pub(super) fn agreed_to_quiet(&mut self, at: usize, round: u64) {
        let agreed = self.leadership.idle.agree(at, round);
        assert!(agreed <= self.leadership.peers.len(), "more followers agree than there are");
        self.server.quiet = agreed == self.leadership.peers.len() && self.has_nothing_to_do();
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

    /// Returns the members whose heartbeats this core relies on while it is quiet: all followers of a leader, or the
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

    /// Forgets which followers have agreed, unless all have: the owner does not know whether they still do. The next
    /// round proposes the quiet again.
    pub(crate) fn forget_agreements(&mut self) {
        if let RoleState::Leader(leadership) = &mut self.role
            && !self.server.quiet
        {
            leadership.idle.forget_agreements();
        }
    }

    /// Returns whether a message that comes while this core is quiet wakes it. Otherwise it is dropped: on a leader,
    /// answers of this term by which a follower agrees once more; on a follower, answers to what it asked in an earlier
    /// role, because now it asks for nothing.
    pub(crate) fn is_woken_by(&self, message: &Message) -> bool {
        let (leads, term) = (matches!(self.role, RoleState::Leader(_)), self.server.term);
        match message {
            Message::HeartbeatReply { term: of, quiet: true, .. } if leads => *of != term,
            Message::Vote { granted: true, pre: true, .. } if !leads => false,
            answer if answer.is_reply() && !leads => answer.term() > term,
            _ => true,
        }
    }

    /// Ends the quiet, if this core is quiet. `heard` returns when the last heartbeat of a member came.
    pub(crate) fn wake(&mut self, now: Duration, heard: impl Fn(MemberId) -> Duration) {
        if !std::mem::take(&mut self.server.quiet) {
            return;
        }
        assert!(self.server.is_complete(), "something has happened to a quiet core before it woke");
        self.server.set_time(now);
        let now = self.server.now;
        match &mut self.role {
            RoleState::Leader(leadership) => {
                assert_eq!(self.server.leader, Some(self.server.id), "a quiet leader that does not lead");
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
