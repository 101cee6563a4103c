//! The events of a run in order: as a hash in every run, and as text where it is needed.

use std::collections::VecDeque;
use std::time::Duration;

/// All events of one run. Two runs of one seed have equal traces, byte for byte.
#[derive(Debug)]
pub(super) struct Trace {
    hash: u64,
    /// The newest lines, oldest first. No lines are made if `lines_max` is 0.
    tail: VecDeque<String>,
    lines_max: usize,
}

impl Trace {
    /// Creates a trace that keeps the last `lines_max` lines as text, and a hash of all events.
    pub(super) fn new(lines_max: usize) -> Trace {
        Trace { hash: 0xcbf2_9ce4_8422_2325, tail: VecDeque::new(), lines_max }
    }

    /// Records an event: `what` goes into the hash, `line` is the text.
    pub(super) fn note(&mut self, now: Duration, what: &[u64], line: impl FnOnce() -> String) {
        self.mix(now.as_nanos() as u64);
        what.iter().for_each(|word| self.mix(*word));
        if self.lines_max == 0 {
            return;
        }
        if self.tail.len() == self.lines_max {
            self.tail.pop_front();
        }
        self.tail.push_back(format!("{:>12.6} {}", now.as_secs_f64(), line()));
    }

    /// Returns whether lines are kept.
    pub(super) fn is_read(&self) -> bool {
        self.lines_max > 0
    }

    /// Returns the hash. Two traces with the same hash count as equal.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// Returns the newest lines, oldest first.
    pub(super) fn into_tail(self) -> Vec<String> {
        self.tail.into()
    }

    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_counts_and_only_the_newest_lines_are_kept() {
        let (mut one, mut other) = (Trace::new(1), Trace::new(1));
        for (trace, words) in [(&mut one, [1, 2]), (&mut other, [2, 1])] {
            for word in words {
                trace.note(Duration::ZERO, &[word], || format!("word {word}"));
            }
        }
        assert_ne!(one.hash(), other.hash());
        assert_eq!(one.into_tail(), ["    0.000000 word 2"]);
    }
}
