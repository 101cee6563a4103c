//! The state that only a leader keeps, and the conclusions from it: commit index, quorum contact, lease.

use super::idle::Idle;
use super::lease::{Lease, Rounds};
use super::progress::Progress;
use super::quorum;
use super::read_queue::ReadIndexQueue;
use super::server::Server;
use crate::codec::ids::{Index, MemberId};
use std::time::Duration;

/// The state of a leader, created anew for each leadership.
// Rule: Raft figure 2, State of leaders
#[derive(Debug)]
pub(super) struct Leadership {
    /// The index of the first entry of the leader's own term. Earlier entries commit only together with it.
    pub(super) term_start: Index,
    /// All other members, learners included, ascending.
    pub(super) peers: Vec<(MemberId, Progress)>,
    pub(super) rounds: Rounds,
    pub(super) reads: ReadIndexQueue,
    pub(super) heartbeat_due: Duration,
    pub(super) idle: Idle,
}

/// A server that leads, borrowed for one call: the rules for leaders are its methods.
#[derive(Debug)]
pub(super) struct Leader<'a> {
    pub(super) server: &'a mut Server,
    pub(super) leadership: &'a mut Leadership,
}

impl<'a> Leader<'a> {
    /// Borrows a server and its leadership. Asserts that the server leads the current term.
    pub(super) fn new(server: &'a mut Server, leadership: &'a mut Leadership) -> Leader<'a> {
        assert!(server.leader == Some(server.id), "{:?} leads", server.leader);
        assert!(server.vote == Some(server.id), "leads with a vote for {:?}", server.vote);
        Leader { server, leadership }
    }
}

impl Leadership {
    /// Creates the state of a leader that has appended nothing yet.
    pub(super) fn new(server: &Server) -> Leadership {
        let term_start = server.log.last().index + 1;
        assert!(server.commit < term_start, "an entry of the own term is committed before it is there");
        let members = server.configurations.current().members();
        let peers = members.into_iter().filter(|member| *member != server.id);
        Leadership {
            term_start,
            peers: peers.map(|peer| (peer, Progress::new(term_start, server.now))).collect(),
            rounds: Rounds::default(),
            reads: ReadIndexQueue::default(),
            heartbeat_due: server.now,
            idle: Idle::default(),
        }
    }

    /// Returns the position of a peer in `peers`.
    pub(super) fn position(&self, member: MemberId) -> Option<usize> {
        self.peers.iter().position(|(peer, _)| *peer == member)
    }

    /// Returns the progress of a peer.
    fn peer(&self, member: MemberId) -> Option<&Progress> {
        self.position(member).map(|at| &self.peers[at].1)
    }

    /// Returns the last index that a majority holds durably, or `None` if the leader may not commit it or has committed
    /// it already. `own` is the index up to which the leader counts itself.
    // Rule: Raft figure 2, Leaders 4
    pub(super) fn committable(&self, server: &Server, own: Index) -> Option<Index> {
        assert!(own <= server.log.last().index, "counts {own}, which was not written");
        let matched = |member| {
            if member == server.id { own } else { self.peer(member).map_or(0, Progress::matched) }
        };
        let index = quorum::reached(server.configurations.current(), matched)?;
        // An entry of an earlier term may still be replaced, even if a majority holds it. It commits together with the
        // first entry of the leader's own term.
        // Rule: Raft §5.4.2
        (index > server.commit && index >= self.term_start).then_some(index)
    }

    /// Returns the newest round of heartbeats that a majority answered, the leader included. Returns `None` if there
    /// are no voters.
    pub(super) fn confirmed_round(&self, server: &Server) -> Option<u64> {
        let newest = self.rounds.newest();
        let answered = quorum::reached(server.configurations.current(), |member| {
            if member == server.id { newest } else { self.peer(member).map_or(0, Progress::round) }
        });
        assert!(
            answered <= Some(newest),
            "a majority answered {answered:?}, but {newest} is the newest round"
        );
        answered
    }

    /// Returns the latest time such that each member of a majority was heard then or later, the leader included.
    fn quorum_contact(&self, server: &Server) -> Duration {
        let last_contact = quorum::reached(server.configurations.current(), |member| {
            if member == server.id {
                server.now
            } else {
                self.peer(member).map_or(Duration::ZERO, Progress::last_contact)
            }
        });
        assert!(last_contact <= Some(server.now), "heard a majority in the future");
        last_contact.unwrap_or(Duration::ZERO)
    }

    /// Returns whether a majority was heard within the last election timeout. That is so as long as the lease holds.
    pub(super) fn has_quorum_contact(&self, server: &Server) -> bool {
        server.now < self.quorum_contact(server) + server.options.election_timeout
    }

    /// Returns whether no majority has answered for two election timeouts. Then the leader steps down in its term and
    /// sends nothing more, so that its heartbeats do not hold back an election that it does not hear of. Its lease has
    /// ended long before.
    // Rule: thesis §6.2
    pub(super) fn must_step_down(&self, server: &Server) -> bool {
        server.now >= self.quorum_contact(server) + 2 * server.options.election_timeout
    }

    /// Returns the current lease, if it holds and an entry of the leader's own term is committed.
    pub(super) fn lease(&self, server: &Server, now: Duration) -> Option<Lease> {
        let end = self.rounds.lease_end(server.options.election_timeout)?;
        let last_contact = self.quorum_contact(server);
        debug_assert!(
            end < last_contact + server.options.election_timeout,
            "a lease to {end:?}, heard at {last_contact:?}"
        );
        let holds = now.max(server.now) < end && server.commit >= self.term_start;
        holds.then_some(Lease { index: server.commit, end })
    }

    /// Asserts the invariants that hold between any two calls of the owner.
    pub(super) fn assert_invariants(&self, server: &Server) {
        let last = server.log.last();
        assert_eq!(server.leader, Some(server.id), "a leader knows that it leads");
        assert_eq!(server.vote, Some(server.id), "a leader voted for itself");
        assert!(server.is_epoch_durable(), "a leader's vote is durable");
        assert!(
            last.term == server.term && last.index >= self.term_start,
            "{last:?} in term {}",
            server.term
        );
    }
}
