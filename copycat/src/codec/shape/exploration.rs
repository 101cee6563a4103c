//! What is known of types, and what a run over one of them has chosen and met so far.

use super::graph::{ContainerBody, ContainerId, FieldNodes, Format, Graph, NodeId, VariantNodes};
use serde::de;
use std::fmt;
use thiserror::Error;

/// Most levels of nesting. Only types that contain themselves in an unusual way reach it.
const DEPTH_MAX: usize = 100;

/// Most questions of one run.
const RUN_QUESTIONS_MAX: usize = 10_000;

/// Why a read ended: the error of the type, or a bound.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) String);

impl de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Refused {
        Refused(message.to_string())
    }
}

/// The shapes that are known so far, and the run that extends them.
#[derive(Default)]
pub(super) struct Exploration {
    pub(super) graph: Graph,
    pub(super) run: Run,
    /// Number of variants that have been read to their end.
    finished: usize,
    /// How far samples are moved on, while a known shape is confirmed; `None` while something is unknown.
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
    /// Whether an enum was asked for a variant beyond its list.
    pub(super) probed: bool,
    /// Whether the type asked for what only a self-describing format knows, and the structs and enums around it.
    pub(super) nameless: Option<Vec<&'static str>>,
}

/// A place where a run could go on in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// An option, a list or a map, which was given something or nothing.
    Given(NodeId, bool),
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
        Refused("it reads one place in two ways".into())
    }

    /// Counts a question, and refuses it beyond the bound.
    pub(super) fn ask(&mut self) -> Result<(), Refused> {
        self.run.questions += 1;
        if self.run.questions > RUN_QUESTIONS_MAX {
            return Err(Refused("it reads without end".into()));
        }
        Ok(())
    }

    /// Calls `read` one level deeper.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Exploration) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        self.ask()?;
        if self.run.depth == DEPTH_MAX {
            return Err(Refused(format!("nested deeper than {DEPTH_MAX}")));
        }
        self.run.depth += 1;
        let value = read(self);
        self.run.depth -= 1;
        value
    }

    /// Makes a choice, and notes it while it is being read and if that fails.
    pub(super) fn choose<T>(
        &mut self,
        choice: Choice,
        read: impl FnOnce(&mut Exploration) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        self.run.open.push(choice);
        let value = self.deeper(read);
        self.run.open.pop();
        if value.is_err() {
            self.run.failed.push(choice);
        }
        value
    }

    /// Returns the fields that were read, if fewer were read than the type listed: its list contains aliases, too. Which
    /// names are aliases is not known.
    pub(super) fn fields_without_aliases(&mut self, listed: &FieldNodes) -> Option<FieldNodes> {
        let FieldNodes::Named(fields) = listed else { return None };
        let read = |node: &NodeId| self.graph.nodes[*node].format.is_some();
        let nodes: Vec<NodeId> = fields.iter().map(|(_, node)| *node).take_while(read).collect();
        let all = fields.iter().filter(|(_, node)| read(node)).count();
        if nodes.is_empty() || nodes.len() == fields.len() || nodes.len() != all {
            return None;
        }
        self.run.learned = true;
        Some(FieldNodes::Tuple(nodes))
    }

    /// Returns whether this enum is asked for a variant beyond its list, which it should refuse: once for each enum.
    pub(super) fn probes(&mut self, container: ContainerId) -> bool {
        let probed = &mut self.graph.containers[container].probed;
        let probes = self.confirming.is_some() && !*probed;
        *probed |= probes;
        self.run.probed |= probes;
        probes
    }

    /// Returns how often the content of a list or a map is given: twice in one of the runs that confirm.
    pub(super) fn times(&self) -> usize {
        if self.confirming == Some(2) { 2 } else { 1 }
    }

    /// Returns whether an option, a list or a map is given something: only if that teaches something. While a shape
    /// is confirmed, it is given something in every other run.
    pub(super) fn gives(&self, node: NodeId, contents: &[NodeId]) -> bool {
        let unknown = || contents.iter().any(|content| self.graph.has_holes(*content));
        let nested = self.run.open.contains(&Choice::Given(node, true));
        match self.confirming {
            Some(shift) => shift % 2 == 0 && !nested,
            None => self.graph.nodes[node].given.unwrap_or_else(unknown) && !nested,
        }
    }

    /// Enters a struct or an enum.
    pub(super) fn enter<T>(
        &mut self,
        container: ContainerId,
        read: impl FnOnce(&mut Exploration) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        self.run.inside.push(container);
        let value = self.deeper(read);
        self.run.inside.pop();
        value
    }

    /// Returns the variant to read next: one of which something is unknown, otherwise the one that ended well first.
    /// What that one contains ended before it did, so taking it again ends, too.
    pub(super) fn next_variant(&mut self, container: ContainerId, names: &[&str]) -> Option<usize> {
        let ContainerBody::Enum(variants) = &self.graph.containers[container].body else { return None };
        if !variants.iter().map(|variant| variant.name).eq(names.iter().copied()) {
            self.graph.containers[container].varies = true;
            return None;
        }
        let open = |at: usize| self.run.open.contains(&Choice::Variant(container, at));
        let unknown = |(at, variant): &(usize, &VariantNodes)| {
            !variant.closed && !open(*at) && self.graph.have_holes(variant.fields.as_ref())
        };
        let first_finished = || {
            let finished =
                variants.iter().enumerate().filter_map(|(at, variant)| Some((variant.finished?, at)));
            finished.min().map(|(_, at)| at)
        };
        let untried = || (0..variants.len()).find(|at| !variants[*at].closed && !open(*at));
        if let Some(shift) = self.confirming {
            let finished: Vec<_> =
                (0..variants.len()).filter(|at| variants[*at].finished.is_some() && !open(*at)).collect();
            return finished.get(shift % finished.len().max(1)).copied().or_else(first_finished);
        }
        // Deep inside, what is known ends sooner. The rest is read in a later run.
        let deep = self.run.depth > DEPTH_MAX / 2;
        let next = variants.iter().enumerate().find(unknown).map(|(at, _)| at);
        next.filter(|_| !deep).or_else(first_finished).or(next).or_else(untried)
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
