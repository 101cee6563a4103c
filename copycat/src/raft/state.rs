//! The core itself: a server in its role, and the questions that the owner can ask it.

use super::campaign::Campaign;
use super::effect::{Effect, Effects, Role};
use super::leadership::{Leader, Leadership};
use super::lease::Lease;
use super::options::{RaftOptions, Restored};
use super::server::Server;
use super::token::Token;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::LogId;
use std::time::Duration;

/// The state of a member, as it is reported to the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The member's role.
    pub role: Role,
    /// The member's current term.
    pub term: Term,
    /// The leader of that term, if known.
    pub leader: Option<MemberId>,
    /// The highest index known to be committed.
    pub commit: Index,
    /// The last entry of the log, durable or not.
    pub last: LogId,
    /// Whether the group is [quiet](super::quiet) on this member.
    pub quiet: bool,
}

/// The role of a server, with the state that exists only in that role.
#[derive(Debug)]
pub(super) enum RoleState {
    Follower,
    Candidate(Campaign),
    Leader(Box<Leadership>),
}

/// The consensus core of one member in one group.
#[derive(Debug)]
pub(crate) struct Raft {
    pub(super) server: Server,
    pub(super) role: RoleState,
    /// The content of the last `Effect::Role`.
    announced: (Role, Term, Option<MemberId>),
}

impl Raft {
    /// Creates a follower that continues from `restored`.
    pub(crate) fn new(options: RaftOptions, restored: Restored, now: Duration) -> Raft {
        let server = Server::new(options, restored, now);
        let announced = (Role::Follower, server.term, server.leader);
        Raft { server, role: RoleState::Follower, announced }
    }

    /// Returns the time at which `tick` has something to do next.
    pub(crate) fn deadline(&self) -> Duration {
        match &self.role {
            _ if self.server.quiet => Duration::MAX,
            RoleState::Leader(leadership) => leadership.heartbeat_due,
            RoleState::Follower | RoleState::Candidate(_) => self.server.election_deadline,
        }
    }

    /// Returns whether a flush can change the state of this core: if it makes a candidate's own vote count, or if it
    /// completes a majority, so that the leader commits.
    pub(crate) fn awaits_durable(&self) -> bool {
        match &self.role {
            RoleState::Follower => false,
            RoleState::Candidate(campaign) => !campaign.is_pre_vote() && !self.server.is_epoch_durable(),
            RoleState::Leader(leadership) => {
                let all = self.server.log.last().index;
                !self.server.is_all_durable() && leadership.committable(&self.server, all).is_some()
            }
        }
    }

    /// Returns the token of everything that the core has asked to be written so far.
    pub(crate) fn token(&self) -> Token {
        self.server.token()
    }

    /// Returns the current state of this member.
    pub(crate) fn status(&self) -> Status {
        let Server { term, leader, commit, quiet, .. } = self.server;
        let last = self.server.log.last();
        assert!(commit <= last.index && last.term <= term, "committed {commit} of {last:?} in term {term}");
        Status { role: self.role(), term, leader, commit, last, quiet }
    }

    /// Returns the current lease, if it holds. It ends 0.8 of the shortest election timeout after the *sending* of the
    /// newest round of heartbeats that a majority answered.
    pub(crate) fn lease(&self, now: Duration) -> Option<Lease> {
        match &self.role {
            RoleState::Leader(leadership) => leadership.lease(&self.server, now),
            RoleState::Follower | RoleState::Candidate(_) => None,
        }
    }

    /// Returns the configuration in force.
    pub(crate) fn configuration(&self) -> &Configuration {
        self.server.configurations.current()
    }

    /// Returns the shape of the log, including entries that are not durable.
    pub(crate) fn log(&self) -> &LogShape {
        &self.server.log
    }

    /// Returns the number of the latest campaign.
    #[cfg(feature = "testing")]
    pub(crate) fn latest_campaign(&self) -> u64 {
        self.server.latest_campaign()
    }

    /// Returns the role, as it is reported to the owner.
    fn role(&self) -> Role {
        match &self.role {
            RoleState::Follower => Role::Follower,
            RoleState::Candidate(campaign) if campaign.is_pre_vote() => Role::PreCandidate,
            RoleState::Candidate(_) => Role::Candidate,
            RoleState::Leader(_) => Role::Leader,
        }
    }

    /// Returns this member as a leader, if it leads.
    pub(super) fn leader(&mut self) -> Option<Leader<'_>> {
        match &mut self.role {
            RoleState::Leader(leadership) => Some(Leader::new(&mut self.server, leadership)),
            RoleState::Follower | RoleState::Candidate(_) => None,
        }
    }

    /// Ends a call of the owner: reports a changed role, term or leader, and then checks the invariants. Debug builds
    /// always check them.
    pub(super) fn finish(&mut self, fx: &mut Effects) {
        let now = (self.role(), self.server.term, self.server.leader);
        // Each step of replication asserts what it relies on. Checking everything again would cost 5 % of its speed.
        if cfg!(debug_assertions) || self.announced != now {
            self.assert_invariants();
        }
        if self.announced != now {
            self.announced = now;
            fx.push(Effect::Role { role: now.0, term: now.1, leader: now.2 });
        }
    }

    /// Asserts the invariants that hold between any two calls of the owner.
    fn assert_invariants(&self) {
        let server = &self.server;
        server.assert_invariants();
        match &self.role {
            RoleState::Follower => assert!(server.leader != Some(server.id), "a follower that leads"),
            RoleState::Candidate(campaign) => {
                assert!(server.leader.is_none(), "a candidate in the term of leader {:?}", server.leader);
                assert!(
                    campaign.is_pre_vote() || server.vote == Some(server.id),
                    "a candidate votes for itself"
                );
            }
            RoleState::Leader(leadership) => leadership.assert_invariants(server),
        }
    }
}
