//! Finds out the shape of a type by letting it read sample values.
//!
//! A type's `Deserialize` asks for what it expects: a number, a struct with these fields, an enum with these variants.
//! A run answers each question with a sample, and notes the question. One run cannot learn everything: it takes one
//! variant of an enum, and ends where a type refuses a sample. So the tracer runs until nothing is unknown, each time
//! with other variants, or with the next sample where the last run failed. It gives up when a run neither learned
//! anything nor left another way to try: such a type is [opaque](Shape::Opaque), which is never wrong.
//!
//! The code of the type is the user's: it may panic, refuse everything, or never end. A run is bounded in depth and in
//! questions, and so is the sum of all runs.

use super::confirmation::ROUNDS;
use super::exploration::{Choice, Exploration, Refused, Run};
use super::graph::{ContainerBody, Export, Format, NodeId};
use super::sampler::Sampler;
use super::{Shape, Types};
use serde::Deserialize;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most questions that a type may ask in all its runs.
const QUESTIONS_MAX: usize = 200_000;

/// Most runs after one another that end well and teach nothing.
const STALLS_MAX: usize = 32;

/// Most runs for a type. A run reads at least one new variant, field or sample.
const RUNS_MAX: usize = 20_000;

/// Most elements of a list, and entries of a map, that are given to a type that refuses fewer.
const GIVEN_MAX: usize = 4;

/// Finds the shapes of types. Types that occur in several of them are traced once.
#[derive(Default)]
pub(crate) struct Tracer {
    exploration: Exploration,
    export: Export,
}

/// What the tracer found out about a type.
#[derive(Debug)]
pub(crate) enum Traced {
    /// Its shape.
    Found(Shape),
    /// Its shape could not be found out; the last error that the type returned.
    Opaque(String),
    /// Its values cannot be decoded, because the encoding does not describe itself. The structs and enums that lead
    /// to the part that asks for it, outermost first.
    SelfDescribing(Vec<&'static str>),
}

impl Tracer {
    /// Finds out the shape of a type.
    pub(crate) fn trace<T: Deserialize<'static>>(&mut self) -> Traced {
        let root = self.exploration.graph.add();
        let mut questions = 0;
        let mut last = String::from("it reads nothing");
        self.exploration.stalled = 0;
        for _ in 0..RUNS_MAX {
            self.exploration.run = Run::default();
            let ended = self.run_once::<T>(root);
            if let Some(inside) = self.exploration.run.nameless.take() {
                return Traced::SelfDescribing(inside);
            }
            if !self.exploration.graph.has_holes(root) {
                return self.confirm::<T>(root);
            }
            questions += self.exploration.run.questions;
            let failed = ended.is_err();
            if let Err(error) = ended {
                last = error;
            }
            let learned = self.exploration.run.learned;
            // Another variant may teach more.
            self.exploration.stalled = if learned { 0 } else { self.exploration.stalled + 1 };
            let stalls = !failed && self.exploration.stalled <= STALLS_MAX;
            let goes_on = learned || stalls || (failed && self.try_another_way());
            if !goes_on || questions > QUESTIONS_MAX {
                break;
            }
        }
        Traced::Opaque(last)
    }

    /// Returns the structs and enums that the shapes refer to.
    pub(crate) fn into_types(self) -> Types {
        self.export.into_types()
    }

    /// Reads more values of a type of which everything is known. A type that decides by one part how it reads another
    /// one has no shape.
    fn confirm<T: Deserialize<'static>>(&mut self, root: NodeId) -> Traced {
        let (mut round, mut questions, mut pins) = (0, 0, Vec::new());
        while round < ROUNDS && questions < QUESTIONS_MAX {
            self.exploration.run = Run::default();
            self.exploration.confirming = Some(round);
            // A value that it refuses shows nothing.
            let refused = self.run_once::<T>(root).is_err();
            self.exploration.confirming = None;
            if self.exploration.graph.has_holes(root) || self.exploration.run.nameless.is_some() {
                return Traced::Opaque("how it reads one part depends on another part".into());
            }
            questions += self.exploration.run.questions;
            // Each enum is asked for a variant beyond its list in a run of its own, which that ends.
            if !self.exploration.run.probed && !self.exploration.pin(refused, &mut pins) {
                round += 1;
            }
        }
        Traced::Found(self.export.shape(&self.exploration.graph, root))
    }

    fn run_once<T: Deserialize<'static>>(&mut self, root: NodeId) -> Result<(), String> {
        let read = || T::deserialize(Sampler { exploration: &mut self.exploration, node: root }).map(drop);
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Refused { said, .. })) => Err(said),
            Err(_) => Err("it panicked".into()),
        }
    }

    /// Changes what the next run does, after one that failed and learned nothing. Returns `false` if there is nothing
    /// left to change.
    fn try_another_way(&mut self) -> bool {
        // The sample that was shown last is the likeliest cause, also if the type complained only later.
        if let Some(node) = self.exploration.run.sampled
            && let Some(Format::Primitive(primitive)) = self.exploration.graph.nodes[node].format
        {
            let sample = &mut self.exploration.graph.nodes[node].sample;
            *sample += 1;
            if *sample < primitive.samples() {
                return true;
            }
        }
        let failed = std::mem::take(&mut self.exploration.run.failed);
        failed.into_iter().any(|choice| self.abandon(choice))
    }

    /// Excludes a choice. Returns `false` if it was excluded before, or the only one.
    fn abandon(&mut self, choice: Choice) -> bool {
        match choice {
            Choice::Given(node, given) => {
                let node = &mut self.exploration.graph.nodes[node];
                let most = if matches!(node.format, Some(Format::Option(_))) { 1 } else { GIVEN_MAX };
                if node.refused == most {
                    return false;
                }
                node.refused += 1;
                // First something instead of nothing, or the reverse; then more.
                node.given = Some(if node.refused > 1 { node.refused } else { usize::from(given == 0) });
                true
            }
            Choice::Variant(container, variant) => {
                let ContainerBody::Enum(variants) = &mut self.exploration.graph.containers[container].body
                else {
                    return false;
                };
                !std::mem::replace(&mut variants[variant].closed, true)
            }
        }
    }
}
