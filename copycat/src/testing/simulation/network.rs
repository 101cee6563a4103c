//! The network between members: delays, losses, cuts.

use super::chance::{chance, micros, millis};
use super::faults::Fault;
use super::plan::Plan;
use super::port::Connection;
use super::report::Counts;
use crate::node::wire::Message;
use crate::transport::wire::{Outgoing, Priority};
use bytes::Bytes;
use fastrand::Rng;
use std::time::Duration;

/// Number of ordered channels from one member to another: two for Raft messages, one per priority, and one for
/// requests.
const QUEUES: usize = 3;

/// A message in flight, as bytes.
#[derive(Clone, Debug)]
pub(super) struct InFlightMessage {
    pub from: usize,
    pub to: usize,
    /// The life of the receiver when the message was sent.
    pub life: u64,
    /// A later life may still receive it. This holds for Raft messages, which must tolerate that.
    pub outlives: bool,
    /// The connection that carries it: one of the sender's, or, for answers, one of the receiver's.
    pub connection: Connection,
    /// The sender's election timeout. A receiver with another one refuses the message.
    pub timeout: Duration,
    /// The message was held up, and no cut delays it any longer.
    pub held: bool,
    pub bytes: Bytes,
}

/// Arrival times of one message: none, one or two.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arrivals {
    pub first: Option<Duration>,
    pub second: Option<Duration>,
}

/// The network, and its faults.
#[derive(Debug)]
pub(super) struct Network {
    members: usize,
    /// Blocked directions, at `from * members + to`.
    cuts: Vec<bool>,
    /// Arrival time of the last message of each channel: `(from * members + to) * QUEUES + queue`.
    last: Vec<Duration>,
    delay_us: std::ops::Range<u64>,
    loss: u32,
    duplication: u32,
    hold_up: u32,
    in_order: bool,
}

impl Network {
    /// Creates the network that a run drew.
    pub(super) fn new(plan: &Plan) -> Network {
        let pairs = plan.members * plan.members;
        Network {
            members: plan.members,
            cuts: vec![false; pairs],
            last: vec![Duration::ZERO; QUEUES * pairs],
            delay_us: plan.delay_us.clone(),
            loss: plan.loss,
            duplication: plan.duplication,
            hold_up: plan.hold_up,
            in_order: plan.in_order,
        }
    }

    /// Blocks one direction, or opens it.
    pub(super) fn set_cut(&mut self, from: usize, to: usize, cut: bool) {
        self.cuts[from * self.members + to] = cut;
    }

    /// Returns whether one direction is blocked.
    pub(super) fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts[from * self.members + to]
    }

    /// Opens all directions.
    pub(super) fn clear_cuts(&mut self) {
        self.cuts.fill(false);
    }

    /// Ends all faults.
    pub(super) fn heal(&mut self) {
        self.clear_cuts();
        (self.loss, self.duplication, self.hold_up, self.in_order) = (0, 0, 0, true);
    }

    /// Returns when a request that was held up until `time` arrives: no request that is sent later overtakes it.
    pub(super) fn keep_order(&mut self, (from, to): (usize, usize), time: Duration) -> Duration {
        let last = &mut self.last[(from * self.members + to) * QUEUES + QUEUES - 1];
        *last = time.max(*last);
        time
    }

    /// Draws the arrival times of a message that leaves now.
    pub(super) fn draw(
        &mut self,
        now: Duration,
        (from, to): (usize, usize),
        message: &Message,
        random: &mut Rng,
        faults: &mut Counts,
    ) -> Arrivals {
        if self.is_cut(from, to) {
            return Arrivals::default();
        }
        if chance(random, self.loss) {
            faults.count(Fault::Loss);
            return Arrivals::default();
        }
        let mut at = now + micros(random, self.delay_us.clone());
        if chance(random, self.hold_up) {
            faults.count(Fault::HoldUp);
            at += millis(random, 30..1_200);
        }
        let requests = !matches!(message, Message::Raft { .. } | Message::Heartbeats(_));
        let queue =
            if requests { QUEUES - 1 } else { usize::from(message.kind().priority() == Priority::Bulk) };
        let last = &mut self.last[(from * self.members + to) * QUEUES + queue];
        // Requests rely on the order of their connection; Raft messages do not.
        if self.in_order || requests {
            at = at.max(*last);
        } else if at < *last {
            faults.count(Fault::Reordering);
        }
        *last = at.max(*last);
        // Requests are never repeated: a connection carries each of them at most once.
        let again = !requests && chance(random, self.duplication);
        if again {
            faults.count(Fault::Duplication);
        }
        let second = again.then(|| at + millis(random, 0..900));
        Arrivals { first: Some(at), second }
    }
}
