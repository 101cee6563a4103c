//! What is known of types, and what a run over one of them has chosen and met so far.

use super::graph::{ContainerBody, ContainerId, Format, Graph, NodeId, VariantNodes};
use serde::de;
use std::fmt;
use thiserror::Error;

/// Most levels of nesting. Only types that contain themselves in an unusual way reach it.
const DEPTH_MAX: usize = 100;

/// Most questions of one run.
const RUN_QUESTIONS_MAX: usize = 10_000;

/// Why a read ended: the error of the type, or a bound.
#[derive(Debug, Error)]
#[error("{said}")]
pub(super) struct Refused {
    pub(super) said: String,
    /// The field that the type met for the second time.
    pub(super) twice: Option<&'static str>,
}

impl Refused {
    pub(super) fn because(said: impl Into<String>) -> Refused {
        Refused { said: said.into(), twice: None }
    }
}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Refused {
        Refused::because(message.to_string())
    }

    fn duplicate_field(field: &'static str) -> Refused {
        Refused { said: format!("the field `{field}` is there twice"), twice: Some(field) }
    }
}

/// The shapes that are known so far, and the run that extends them.
#[derive(Default)]
pub(super) struct Exploration {
    pub(super) graph: Graph,
    pub(super) run: Run,
    /// Number of variants that have been read to their end.
    finished: usize,
    /// The number of runs that have ended well and taught nothing, since one taught something.
    pub(super) stalled: usize,
    /// The round in which a known shape is confirmed; `None` while something is unknown.
    pub(super) confirming: Option<usize>,
}

/// What one run has done so far.
#[derive(Default)]
pub(super) struct Run {
    /// Whether something was learned that was unknown before.
    pub(super) learned: bool,
    /// The last primitive that was shown a sample.
    pub(super) sampled: Option<NodeId>,
    /// The choices that were open when a read failed, innermost first.
    pub(super) failed: Vec<Choice>,
    /// The choices that are being read, outermost first.
    pub(super) open: Vec<Choice>,
    /// Structs and enums that are being read, outermost first.
    pub(super) inside: Vec<ContainerId>,
    /// Levels of nesting.
    pub(super) depth: usize,
    /// Number of questions.
    pub(super) questions: usize,
    /// Whether a type was asked for what it should refuse, which ended the run.
    pub(super) probed: bool,
    /// The places where another value was shown than before, or another number of values, in their order.
    pub(super) varied: Vec<NodeId>,
    /// Whether the type asked for what only a self-describing format knows, and the structs and enums around it.
    pub(super) nameless: Option<Vec<&'static str>>,
}

/// A place where a run could go on in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// An option, a list or a map, and the number of values that it was given.
    Given(NodeId, usize),
    /// A variant of an enum.
    Variant(ContainerId, usize),
}

impl Exploration {
    /// Notes how a value is read at a place, and returns what was noted first.
    pub(super) fn note(&mut self, node: NodeId, format: impl FnOnce(&mut Exploration) -> Format) -> Format {
        if let Some(known) = &self.graph.nodes[node].format {
            return known.clone();
        }
        let format = format(self);
        self.graph.nodes[node].format = Some(format.clone());
        self.run.learned = true;
        format
    }

    /// Notes that a place is read in two ways.
    pub(super) fn varies(&mut self, node: NodeId) -> Refused {
        self.run.learned |= !std::mem::replace(&mut self.graph.nodes[node].varies, true);
        Refused::because("it reads one place in two ways")
    }

    /// Notes that a struct or an enum is read in two ways.
    pub(super) fn container_varies(&mut self, container: ContainerId) -> Refused {
        let container = &mut self.graph.containers[container];
        self.run.learned |= !std::mem::replace(&mut container.varies, true);
        Refused::because(format!("{} is read in two ways, or two types are called so", container.name))
    }

    /// Counts a question, and refuses it beyond the bound.
    pub(super) fn ask(&mut self) -> Result<(), Refused> {
        self.run.questions += 1;
        if self.run.questions > RUN_QUESTIONS_MAX {
            return Err(Refused::because("it reads without end"));
        }
        Ok(())
    }

    /// Goes one level deeper. [`leave`](Exploration::leave) follows, unless this fails.
    pub(super) fn enter(&mut self) -> Result<(), Refused> {
        self.ask()?;
        if self.run.depth == DEPTH_MAX {
            return Err(Refused::because(format!("nested deeper than {DEPTH_MAX}")));
        }
        self.run.depth += 1;
        Ok(())
    }

    /// Returns from the level.
    pub(super) fn leave(&mut self) {
        self.run.depth -= 1;
    }

    /// Makes a choice, and goes one level deeper. [`chosen`](Exploration::chosen) follows, unless this fails.
    pub(super) fn choose(&mut self, choice: Choice) -> Result<(), Refused> {
        let entered = self.enter();
        match entered {
            Ok(()) => self.run.open.push(choice),
            Err(_) => self.run.failed.push(choice),
        }
        entered
    }

    /// Notes how the choice that was made last ended.
    pub(super) fn chosen(&mut self, failed: bool) {
        self.leave();
        let choice = self.run.open.pop().expect("a choice that was made");
        if failed {
            self.run.failed.push(choice);
        }
    }

    /// Returns how many values an option, a list or a map is given: one if that teaches something. While a shape is
    /// confirmed, any number up to `max`.
    pub(super) fn gives(&mut self, node: NodeId, contents: &[NodeId], max: usize) -> usize {
        let inside = |choice: &Choice| matches!(choice, Choice::Given(open, 1..) if *open == node);
        if self.run.open.iter().any(inside) {
            return 0;
        }
        let forced = self.graph.nodes[node].given;
        if self.confirming.is_some() {
            let last = self.graph.nodes[node].given_last;
            return forced.unwrap_or_else(|| self.vary(node, last, max + 1));
        }
        let unknown = || contents.iter().any(|content| self.graph.has_holes(*content));
        let given = forced.unwrap_or_else(|| usize::from(unknown()));
        self.graph.nodes[node].given_last = given;
        given
    }

    /// Returns the variant to read next: one of which something is unknown, otherwise the one that ended well first.
    /// What that one contains ended before it did, so taking it again ends, too.
    pub(super) fn next_variant(&mut self, container: ContainerId) -> Option<usize> {
        let ContainerBody::Enum(variants) = &self.graph.containers[container].body else { return None };
        let open = |at: usize| self.run.open.contains(&Choice::Variant(container, at));
        let usable = |at: &usize| !variants[*at].closed && !variants[*at].numberless && !open(*at);
        let finished = |at: &usize| variants[*at].finished;
        let all = 0..variants.len();
        let first_finished = all.clone().filter_map(|at| Some((finished(&at)?, at))).min().map(|(_, at)| at);
        if self.confirming.is_some() {
            let finished: Vec<usize> = all.filter(|at| finished(at).is_some() && !open(*at)).collect();
            let deep = finished.is_empty() || self.run.depth > DEPTH_MAX / 2;
            let chosen = if deep { None } else { Some(finished[self.any_of(0, finished.len())]) };
            return chosen.or(first_finished);
        }
        let untried = all.clone().find(usable);
        let has_holes = |variant: &VariantNodes| self.graph.have_holes(variant.fields.as_ref());
        // Those that were never read come first: others may only contain what is being read.
        let mut unknown: Vec<usize> = all.filter(|at| usable(at) && has_holes(&variants[*at])).collect();
        unknown.sort_by_key(|at| variants[*at].fields.is_some());
        let next = unknown.get(self.stalled % unknown.len().max(1)).copied();
        // Deep inside, what is known ends sooner. The rest is read in a later run.
        let deep = self.run.depth > DEPTH_MAX / 2;
        next.filter(|_| !deep).or(first_finished).or(next).or(untried)
    }

    pub(super) fn finish_variant(&mut self, container: ContainerId, variant: usize) {
        let number = self.finished;
        self.finished += 1;
        if let ContainerBody::Enum(variants) = &mut self.graph.containers[container].body {
            let first = &mut variants[variant].finished;
            *first = first.or(Some(number));
        }
    }
}
