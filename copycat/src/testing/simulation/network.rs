//! The ways between members: delays, losses, cuts.

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

/// From one member to another: the lanes of its consensus, and the requests.
const ROADS: usize = 3;

/// A message on its way, as bytes.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub from: usize,
    pub to: usize,
    /// The receiver's life it was sent to.
    pub life: u64,
    /// A later life may still get it: of the consensus, which must bear that.
    pub outlives: bool,
    /// What carries it: one of the sender's, or, for answers, of the receiver's.
    pub connection: Connection,
    /// The sender's election timeout: who has another one refuses it.
    pub timeout: Duration,
    /// It was held up, and no cut keeps it any longer.
    pub held: bool,
    pub bytes: Bytes,
}

/// When one message arrives: never, once, or twice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arrivals {
    pub first: Option<Duration>,
    pub second: Option<Duration>,
}

/// What the network does to messages.
#[derive(Debug)]
pub(super) struct Network {
    members: usize,
    /// `from * members + to`: nothing gets through.
    cuts: Vec<bool>,
    /// When the last message of a road arrives: `(from * members + to) * ROADS + road`.
    last: Vec<Duration>,
    delay_us: std::ops::Range<u64>,
    loss: u32,
    duplication: u32,
    hold_up: u32,
    in_order: bool,
}

impl Network {
    /// As a run drew it.
    pub(super) fn new(plan: &Plan) -> Network {
        let pairs = plan.members * plan.members;
        Network {
            members: plan.members,
            cuts: vec![false; pairs],
            last: vec![Duration::ZERO; ROADS * pairs],
            delay_us: plan.delay_us.clone(),
            loss: plan.loss,
            duplication: plan.duplication,
            hold_up: plan.hold_up,
            in_order: plan.in_order,
        }
    }

    /// Nothing gets from one to the other from now on, or everything.
    pub(super) fn set_cut(&mut self, from: usize, to: usize, cut: bool) {
        self.cuts[from * self.members + to] = cut;
    }

    /// Whether nothing gets from one to the other.
    pub(super) fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts[from * self.members + to]
    }

    /// Everything gets through.
    pub(super) fn clear_cuts(&mut self) {
        self.cuts.fill(false);
    }

    /// No faults any more.
    pub(super) fn heal(&mut self) {
        self.clear_cuts();
        (self.loss, self.duplication, self.hold_up, self.in_order) = (0, 0, 0, true);
    }

    /// Returns when a request that was held up until `time` arrives: no request that is sent later overtakes it.
    pub(super) fn keep_order(&mut self, (from, to): (usize, usize), time: Duration) -> Duration {
        let last = &mut self.last[(from * self.members + to) * ROADS + ROADS - 1];
        *last = time.max(*last);
        time
    }

    /// Draws what becomes of a message that leaves now.
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
        let road =
            if requests { ROADS - 1 } else { usize::from(message.kind().priority() == Priority::Bulk) };
        let last = &mut self.last[(from * self.members + to) * ROADS + road];
        // Requests rely on the order of their connection, consensus does not.
        if self.in_order || requests {
            at = at.max(*last);
        } else if at < *last {
            faults.count(Fault::Reordering);
        }
        *last = at.max(*last);
        // Requests are never repeated: a connection carries them once or not at all.
        let again = !requests && chance(random, self.duplication);
        if again {
            faults.count(Fault::Duplication);
        }
        let second = again.then(|| at + millis(random, 0..900));
        Arrivals { first: Some(at), second }
    }
}
