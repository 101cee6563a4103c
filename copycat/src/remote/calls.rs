//! Requests that were sent and not answered.

use super::links::LinkId;
use super::queue::QueueKey;
use crate::request::sender::Answer;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Requests under way, at most, those in line included; behind them callers wait to hand theirs in.
pub(super) const IN_FLIGHT_MAX: usize = 1 << PLACE_BITS;
/// Bits of a request's number that say where it is kept; the others count.
const PLACE_BITS: u32 = 16;

/// A request that was sent.
#[derive(Debug)]
pub(super) struct InFlight {
    pub queue: QueueKey,
    /// The connection it was sent on, and the only one its answer may come by.
    pub link: LinkId,
    pub deadline: Instant,
    pub reply: oneshot::Sender<Answer>,
}

/// All of them, by their numbers. A number is never used again, its place is: so many calls as were ever under way
/// at once have memory, and finding one takes no search.
#[derive(Debug, Default)]
pub(super) struct Calls {
    places: Vec<(u64, Option<InFlight>)>,
    free: Vec<u32>,
    /// How many were ever made.
    made: u64,
    /// No call's time is up before.
    soonest: Option<Instant>,
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Keeps a call, and returns its number. There is room for it.
    pub(super) fn insert(&mut self, call: InFlight) -> u64 {
        self.made += 1;
        self.soonest = Some(self.soonest.map_or(call.deadline, |soonest| soonest.min(call.deadline)));
        let place = self.free.pop().map_or(self.places.len(), |place| place as usize);
        assert!(place < IN_FLIGHT_MAX, "no more requests are taken in than there are places");
        let number = self.made << PLACE_BITS | place as u64;
        let kept = (number, Some(call));
        if place == self.places.len() {
            self.places.push(kept)
        } else {
            self.places[place] = kept
        }
        number
    }

    /// Takes the call of an answer that came by `link`; `None` if it was given up, or was never made there.
    pub(super) fn take(&mut self, link: LinkId, number: u64) -> Option<InFlight> {
        let place = number % IN_FLIGHT_MAX as u64;
        let (kept, call) = self.places.get_mut(place as usize)?;
        if *kept != number || call.as_ref()?.link != link {
            return None;
        }
        self.free.push(place as u32);
        call.take()
    }

    /// Takes all that were sent on `link`.
    pub(super) fn take_link(&mut self, link: LinkId) -> Vec<InFlight> {
        self.take_if(|call| call.link == link)
    }

    /// Takes those whose time is up. Costs nothing while there can be none: once looked through, they are let
    /// alone until the deadline that was the first then.
    pub(super) fn take_expired(&mut self, now: Instant) -> Vec<InFlight> {
        if self.soonest.is_none_or(|soonest| soonest > now) {
            return Vec::new();
        }
        let expired = self.take_if(|call| call.deadline <= now);
        self.soonest = self.places.iter().filter_map(|(_, call)| Some(call.as_ref()?.deadline)).min();
        expired
    }

    fn take_if(&mut self, wanted: impl Fn(&InFlight) -> bool) -> Vec<InFlight> {
        let mut taken = Vec::new();
        for (place, (_, call)) in self.places.iter_mut().enumerate() {
            if let Some(call) = call.take_if(|call| wanted(call)) {
                self.free.push(place as u32);
                taken.push(call);
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::{QueueKey, Target};
    use super::*;
    use crate::codec::ids::GroupId;
    use std::time::Duration;

    const QUEUE: QueueKey = QueueKey { group: GroupId(1), aim: Target::LeaderHint };

    fn call(link: u64, deadline: Instant) -> InFlight {
        InFlight { queue: QUEUE, link: LinkId(link), deadline, reply: oneshot::channel().0 }
    }

    #[test]
    fn an_answer_finds_its_call_once_and_by_its_own_connection_only() {
        let (mut calls, now) = (Calls::default(), Instant::now());
        let numbers: Vec<u64> = (0..100).map(|at| calls.insert(call(at % 2, now))).collect();
        assert!(calls.take(LinkId(1), numbers[0]).is_none(), "it was sent on the other");
        for (at, number) in numbers.iter().enumerate().rev() {
            assert_eq!(calls.take(LinkId(at as u64 % 2), *number).unwrap().link.0, at as u64 % 2);
            assert!(calls.take(LinkId(at as u64 % 2), *number).is_none(), "answered before");
        }
        assert_eq!(calls.len(), 0);
        // Nobody who answers late gets into the place of another.
        let again: Vec<u64> = (0..100).map(|_| calls.insert(call(0, now))).collect();
        assert!(numbers.iter().all(|number| calls.take(LinkId(0), *number).is_none()));
        assert!(again.iter().all(|number| !numbers.contains(number)));
        assert_eq!((calls.len(), calls.places.len()), (100, 100), "places are used again");
        for forged in [0, 99, 100, u64::MAX] {
            assert!(calls.take(LinkId(0), forged).is_none());
        }
    }

    #[test]
    fn all_there_may_be_fit_and_no_more() {
        let (mut calls, now) = (Calls::default(), Instant::now());
        let numbers: Vec<u64> = (0..IN_FLIGHT_MAX).map(|_| calls.insert(call(0, now))).collect();
        assert_eq!(calls.len(), IN_FLIGHT_MAX);
        assert!(numbers.iter().all(|number| calls.take(LinkId(0), *number).is_some()));
    }

    /// Those that waited for their route are sent behind others whose time is up later.
    #[test]
    fn deadlines_need_not_be_in_the_order_of_sending() {
        let (mut calls, start) = (Calls::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut random = fastrand::Rng::with_seed(3);
        let mut left: Vec<u64> = (1..=200).collect();
        random.shuffle(&mut left);
        let numbers: Vec<u64> = left.iter().map(|seconds| calls.insert(call(0, at(*seconds)))).collect();
        for (number, seconds) in numbers.iter().zip(left.clone()).take(100) {
            assert_eq!(calls.take(LinkId(0), *number).unwrap().deadline, at(seconds));
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
        assert_eq!(calls.take_link(LinkId(1)).len(), 3);
        assert_eq!(calls.take_link(LinkId(1)).len(), 0);
        assert_eq!(calls.len(), 7);
        assert!(calls.take(LinkId(0), numbers[0]).is_some());
    }
}
