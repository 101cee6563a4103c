//! What only a leader keeps, and what can be read off it.

use super::lease::{Lease, Rounds};
use super::progress::Progress;
use super::quorum;
use super::read::ReadIndexQueue;
use super::server::Server;
use crate::codec::ids::{Index, MemberId};
use std::time::Duration;

/// The state of a leader, made anew for each leadership.
// Rule: Raft figure 2, State of leaders
#[derive(Debug)]
pub(super) struct Leadership {
    /// The first entry of the leader's own term: what lies before it commits only together with it.
    pub(super) term_start: Index,
    /// Everyone else who receives the log, ascending.
    pub(super) peers: Vec<(MemberId, Progress)>,
    pub(super) rounds: Rounds,
    pub(super) reads: ReadIndexQueue,
    pub(super) heartbeat_due: Duration,
}

/// A server that leads, borrowed for one call: the rules for leaders are its methods.
#[derive(Debug)]
pub(super) struct Leader<'a> {
    pub(super) server: &'a mut Server,
    pub(super) leadership: &'a mut Leadership,
}

impl<'a> Leader<'a> {
    /// Only whoever won the current term leads.
    pub(super) fn new(server: &'a mut Server, leadership: &'a mut Leadership) -> Leader<'a> {
        assert!(server.leader == Some(server.id), "{:?} leads", server.leader);
        assert!(server.vote == Some(server.id), "leads with a vote for {:?}", server.vote);
        Leader { server, leadership }
    }
}

impl Leadership {
    /// Of a leader that has appended nothing yet.
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
        }
    }

    /// Where a peer stands in the list.
    pub(super) fn position(&self, member: MemberId) -> Option<usize> {
        self.peers.iter().position(|(peer, _)| *peer == member)
    }

    /// What is known about a peer.
    fn peer(&self, member: MemberId) -> Option<&Progress> {
        self.position(member).map(|at| &self.peers[at].1)
    }

    /// The last index that a majority holds durably, if the leader's own disk has finished `own`: `None` if a leader may
    /// not commit it, or has committed it already.
    // Rule: Raft figure 2, Leaders 4
    pub(super) fn committable(&self, server: &Server, own: Index) -> Option<Index> {
        assert!(own <= server.log.last().index, "counts {own}, which was not written");
        let matched = |member| {
            if member == server.id { own } else { self.peer(member).map_or(0, Progress::matched) }
        };
        let index = quorum::reached(server.configurations.current(), matched)?;
        // An entry of an earlier term may still be replaced even if a majority holds it. It commits with the first of
        // the own term that follows.
        // Rule: Raft §5.4.2
        (index > server.commit && index >= self.term_start).then_some(index)
    }

    /// The newest round of heartbeats that a majority answered, the leader included.
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

    /// The last moment at which a majority was heard, the leader included.
    fn quorum_heard(&self, server: &Server) -> Duration {
        let heard = quorum::reached(server.configurations.current(), |member| {
            if member == server.id {
                server.now
            } else {
                self.peer(member).map_or(Duration::ZERO, Progress::heard)
            }
        });
        assert!(heard <= Some(server.now), "heard a majority in the future");
        heard.unwrap_or(Duration::ZERO)
    }

    /// Whether a majority was heard within an election timeout. Another leader cannot have been elected before that.
    pub(super) fn hears_quorum(&self, server: &Server) -> bool {
        server.now < self.quorum_heard(server) + server.options.election_timeout
    }

    /// Whether no majority has answered for two election timeouts. Then the leader steps down in its term and falls silent,
    /// so that its heartbeats do not hold back an election that it does not hear of. Its lease ended long before.
    // Rule: thesis §6.2
    pub(super) fn must_step_down(&self, server: &Server) -> bool {
        server.now >= self.quorum_heard(server) + 2 * server.options.election_timeout
    }

    /// What a lease read rests on, while the lease holds.
    pub(super) fn lease(&self, server: &Server, now: Duration) -> Option<Lease> {
        let end = self.rounds.lease_end(server.options.election_timeout)?;
        let heard = self.quorum_heard(server);
        debug_assert!(
            end < heard + server.options.election_timeout,
            "a lease to {end:?}, heard at {heard:?}"
        );
        let holds = now.max(server.now) < end && server.commit >= self.term_start;
        holds.then_some(Lease { index: server.commit, end })
    }

    /// What must hold between any two calls of the owner.
    pub(super) fn verify(&self, server: &Server) {
        let last = server.log.last();
        assert_eq!(server.leader, Some(server.id), "a leader knows that it leads");
        assert_eq!(server.vote, Some(server.id), "a leader voted for itself");
        assert!(server.is_vote_durable(), "a leader's vote is durable");
        assert!(
            last.term == server.term && last.index >= self.term_start,
            "{last:?} in term {}",
            server.term
        );
    }
}
