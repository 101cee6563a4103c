//! The requests in flight: sent and not answered yet.

use super::connections::ConnectionId;
use super::queue::QueueKey;
use crate::request::sender::Answer;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Most requests that wait for a route or are in flight. Beyond it, callers wait before they can submit more.
pub(super) const IN_FLIGHT_MAX: usize = 1 << SLOT_BITS;
/// Bits of a request's number that hold its slot; the other bits count.
const SLOT_BITS: u32 = 16;

/// A request in flight.
#[derive(Debug)]
pub(super) struct InFlight {
    pub queue: QueueKey,
    /// The connection it was sent on. Its answer is accepted on no other.
    pub connection: ConnectionId,
    pub deadline: Instant,
    pub reply: oneshot::Sender<Answer>,
}

/// All requests in flight, by their numbers. A number is never reused; its slot is. So there is memory for the
/// most calls that were ever in flight at once, and finding one takes no search.
#[derive(Debug, Default)]
pub(super) struct Calls {
    slots: Vec<(u64, Option<InFlight>)>,
    free: Vec<u32>,
    /// Number of calls so far.
    made: u64,
    /// A lower bound of all deadlines: no call expires before it.
    soonest: Option<Instant>,
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Stores a call and returns its number. There must be a free slot.
    pub(super) fn insert(&mut self, call: InFlight) -> u64 {
        self.made += 1;
        self.soonest = Some(self.soonest.map_or(call.deadline, |soonest| soonest.min(call.deadline)));
        let slot = self.free.pop().map_or(self.slots.len(), |slot| slot as usize);
        assert!(slot < IN_FLIGHT_MAX, "no more requests are taken in than there are slots");
        let number = self.made << SLOT_BITS | slot as u64;
        let kept = (number, Some(call));
        if slot == self.slots.len() {
            self.slots.push(kept)
        } else {
            self.slots[slot] = kept
        }
        number
    }

    /// Removes the call whose answer arrived on `connection`. Returns `None` if it was given up, or was never made
    /// there.
    pub(super) fn take(&mut self, connection: ConnectionId, number: u64) -> Option<InFlight> {
        let slot = number % IN_FLIGHT_MAX as u64;
        let (kept, call) = self.slots.get_mut(slot as usize)?;
        if *kept != number || call.as_ref()?.connection != connection {
            return None;
        }
        self.free.push(slot as u32);
        call.take()
    }

    /// Removes all calls that were sent on `connection`.
    pub(super) fn take_connection(&mut self, connection: ConnectionId) -> Vec<InFlight> {
        self.take_if(|call| call.connection == connection)
    }

    /// Removes the calls whose deadline has passed. Costs nothing while there can be none: after a search, the
    /// next one waits for the earliest deadline that was found.
    pub(super) fn take_expired(&mut self, now: Instant) -> Vec<InFlight> {
        if self.soonest.is_none_or(|soonest| soonest > now) {
            return Vec::new();
        }
        let expired = self.take_if(|call| call.deadline <= now);
        self.soonest = self.slots.iter().filter_map(|(_, call)| Some(call.as_ref()?.deadline)).min();
        expired
    }

    fn take_if(&mut self, wanted: impl Fn(&InFlight) -> bool) -> Vec<InFlight> {
        let mut taken = Vec::new();
        for (slot, (_, call)) in self.slots.iter_mut().enumerate() {
            if let Some(call) = call.take_if(|call| wanted(call)) {
                self.free.push(slot as u32);
                taken.push(call);
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::{QueueKey, Recipient};
    use super::*;
    use crate::codec::ids::GroupId;
    use std::time::Duration;

    const QUEUE: QueueKey = QueueKey { group: GroupId(1), recipient: Recipient::Leader };

    fn call(connection: u64, deadline: Instant) -> InFlight {
        InFlight { queue: QUEUE, connection: ConnectionId(connection), deadline, reply: oneshot::channel().0 }
    }

    #[test]
    fn an_answer_finds_its_call_once_and_by_its_own_connection_only() {
        let (mut calls, now) = (Calls::default(), Instant::now());
        let numbers: Vec<u64> = (0..100).map(|at| calls.insert(call(at % 2, now))).collect();
        assert!(calls.take(ConnectionId(1), numbers[0]).is_none(), "it was sent on the other");
        for (at, number) in numbers.iter().enumerate().rev() {
            assert_eq!(calls.take(ConnectionId(at as u64 % 2), *number).unwrap().connection.0, at as u64 % 2);
            assert!(calls.take(ConnectionId(at as u64 % 2), *number).is_none(), "answered before");
        }
        assert_eq!(calls.len(), 0);
        // A late answer does not end another call in the same slot.
        let again: Vec<u64> = (0..100).map(|_| calls.insert(call(0, now))).collect();
        assert!(numbers.iter().all(|number| calls.take(ConnectionId(0), *number).is_none()));
        assert!(again.iter().all(|number| !numbers.contains(number)));
        assert_eq!((calls.len(), calls.slots.len()), (100, 100), "slots are used again");
        for forged in [0, 99, 100, u64::MAX] {
            assert!(calls.take(ConnectionId(0), forged).is_none());
        }
    }

    #[test]
    fn all_there_may_be_fit_and_no_more() {
        let (mut calls, now) = (Calls::default(), Instant::now());
        let numbers: Vec<u64> = (0..IN_FLIGHT_MAX).map(|_| calls.insert(call(0, now))).collect();
        assert_eq!(calls.len(), IN_FLIGHT_MAX);
        assert!(numbers.iter().all(|number| calls.take(ConnectionId(0), *number).is_some()));
    }

    /// Requests that waited for their route may be sent after others whose deadline is later.
    #[test]
    fn deadlines_need_not_be_in_the_order_of_sending() {
        let (mut calls, start) = (Calls::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut random = fastrand::Rng::with_seed(3);
        let mut left: Vec<u64> = (1..=200).collect();
        random.shuffle(&mut left);
        let numbers: Vec<u64> = left.iter().map(|seconds| calls.insert(call(0, at(*seconds)))).collect();
        for (number, seconds) in numbers.iter().zip(left.clone()).take(100) {
            assert_eq!(calls.take(ConnectionId(0), *number).unwrap().deadline, at(seconds));
            left.retain(|other| *other != seconds);
        }
        for now in 0..=200 {
            let mut expired: Vec<_> = calls.take_expired(at(now)).iter().map(|call| call.deadline).collect();
            let mut due: Vec<_> = left.extract_if(.., |seconds| *seconds <= now).map(at).collect();
            expired.sort();
            due.sort();
            assert_eq!(expired, due, "after {now} s");
        }
        assert_eq!(calls.len(), 0);
    }

    #[test]
    fn a_connection_that_breaks_takes_its_own_calls_with_it() {
        let (mut calls, now) = (Calls::default(), Instant::now());
        let numbers: Vec<u64> = (0..10).map(|at| calls.insert(call(at % 3, now))).collect();
        assert_eq!(calls.take_connection(ConnectionId(1)).len(), 3);
        assert_eq!(calls.take_connection(ConnectionId(1)).len(), 0);
        assert_eq!(calls.len(), 7);
        assert!(calls.take(ConnectionId(0), numbers[0]).is_some());
    }
}
