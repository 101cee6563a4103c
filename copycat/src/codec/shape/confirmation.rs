//! How the values that are shown vary while a shape that is known is confirmed.
//!
//! A type may decide by one part how it reads another one: by a number, or by whether two flags are equal. So each
//! round shows other values than those that taught the shape. The first rounds go through all samples, each part in
//! step with the others; the later ones show them at random. A value that the type refuses would hide what comes behind
//! it: the place is pinned to the value that was accepted, and the round is repeated.

use super::exploration::Exploration;
use super::graph::{ContainerId, NodeId};
use super::samples::NUMBERS;

/// The rounds that go through the samples.
const IN_STEP: usize = NUMBERS.len();

/// All rounds.
pub(super) const ROUNDS: usize = IN_STEP + 20;

/// Questions of one run after which nothing varies any more: a run that is asked so much has varied enough.
const VARIED_MAX: usize = 2_000;

impl Exploration {
    /// Returns which of several values is shown at a place, where `known` was accepted before.
    pub(super) fn vary(&mut self, node: NodeId, known: usize, count: usize) -> usize {
        if self.graph.nodes[node].pinned || self.run.questions > VARIED_MAX {
            return known;
        }
        let shown = self.any_of(known, count);
        if shown != known {
            self.run.varied.push(node);
        }
        shown
    }

    /// Returns one of several possibilities, `first` in the first round.
    pub(super) fn any_of(&self, first: usize, count: usize) -> usize {
        match self.confirming {
            None | Some(0) => first,
            Some(round) if round < IN_STEP => (first + round) % count,
            Some(round) => {
                fastrand::Rng::with_seed((self.run.questions * ROUNDS + round) as u64).usize(..count)
            }
        }
    }

    /// Returns whether this enum is asked for a variant beyond its list, which it should refuse: once for each enum.
    pub(super) fn probes(&mut self, container: ContainerId) -> bool {
        let probed = &mut self.graph.containers[container].probed;
        let probes = self.confirming.is_some() && !*probed;
        *probed |= probes;
        self.run.probed |= probes;
        probes
    }

    /// Prepares the next run after one that was refused, or not. Returns whether the round is to be repeated. `pins` are
    /// the places that were pinned in this round.
    pub(super) fn pin(&mut self, refused: bool, pins: &mut Vec<NodeId>) -> bool {
        if refused && let Some(node) = self.run.varied.pop() {
            self.graph.nodes[node].pinned = true;
            pins.push(node);
            return true;
        }
        // The last one made the difference. If none did, it was another cause.
        if !refused {
            pins.pop();
        }
        for node in pins.drain(..) {
            self.graph.nodes[node].pinned = false;
        }
        false
    }
}
