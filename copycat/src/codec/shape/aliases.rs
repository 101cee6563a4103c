//! Tells names from aliases.
//!
//! A type lists its fields and variants with all their aliases, in the order of the alphabet, but knows only those
//! without aliases by number. A struct is given a field twice, by its number, and says its name when it complains. An
//! enum does not say which name is the first one; but for each number and each name it makes an identifier, and those
//! of one variant are equal.

use super::exploration::{Exploration, Refused};
use super::graph::{ContainerBody, ContainerId, FieldNodes, NodeId};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What tells the identifier of one variant from those of others.
pub(super) fn identity<T>(identifier: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(identifier).hash(&mut hasher);
    hasher.finish()
}

impl Exploration {
    /// Notes the fields that were read of a struct or a variant that lists more: it lists aliases, too.
    pub(super) fn note_aliased(
        &mut self,
        container: ContainerId,
        variant: Option<usize>,
        nodes: Vec<NodeId>,
    ) {
        self.run.learned = true;
        if let Some(fields) = self.graph.containers[container].fields_mut(variant) {
            *fields = FieldNodes::Aliased(nodes, Vec::new());
        }
    }

    /// Returns the field whose name is to be found out next, of a struct or a variant that lists aliases, too: its number
    /// and its place. Only while the shape is confirmed, when a value of it can be shown.
    pub(super) fn nameless_field(&mut self, fields: &FieldNodes) -> Option<(usize, NodeId)> {
        let FieldNodes::Aliased(nodes, names) = fields else { return None };
        self.confirming?;
        self.run.probed = true;
        Some((names.len(), nodes[names.len()]))
    }

    /// Notes the name of the next nameless field, if the type said one of those that it lists.
    pub(super) fn name_field(
        &mut self,
        container: ContainerId,
        variant: Option<usize>,
        name: Option<&'static str>,
    ) -> Refused {
        if let Some(fields) = self.graph.containers[container].fields_mut(variant)
            && let FieldNodes::Aliased(nodes, names) = fields
        {
            match name.filter(|name| !names.contains(name)) {
                Some(name) if names.len() + 1 == nodes.len() => {
                    names.push(name);
                    *fields = FieldNodes::Named(names.iter().copied().zip(nodes.iter().copied()).collect());
                }
                Some(name) => names.push(name),
                None => *fields = FieldNodes::Tuple(std::mem::take(nodes)),
            }
        }
        Refused::because("a field is there twice")
    }

    /// Notes whether an enum knows a number, and as which identifier.
    pub(super) fn note_identity(&mut self, container: ContainerId, variant: usize, identity: Option<u64>) {
        let ContainerBody::Enum(variants) = &mut self.graph.containers[container].body else { return };
        let Some(variant) = variants.get_mut(variant) else { return };
        if variant.identity.is_none() && !variant.numberless {
            variant.identity = identity;
            variant.numberless = identity.is_none();
            self.run.learned = true;
        }
    }

    /// Returns the name whose variant is to be found out next, of an enum that lists aliases, too.
    pub(super) fn unknown_name(&self, container: ContainerId) -> Option<&'static str> {
        let container = &self.graph.containers[container];
        let ContainerBody::Enum(variants) = &container.body else { return None };
        let aliased = variants.iter().any(|variant| variant.numberless)
            && variants.iter().all(|variant| variant.numberless || variant.identity.is_some());
        container.listed.iter().find(|name| aliased && !container.named.contains_key(*name)).copied()
    }

    /// Notes which variant has a name. After the last name, the variants get all of theirs.
    pub(super) fn name_variant(&mut self, container: ContainerId, name: &'static str, identity: u64) {
        self.run.learned = true;
        let found = &mut self.graph.containers[container];
        found.named.insert(name, identity);
        if found.named.len() < found.listed.len() {
            return;
        }
        let ContainerBody::Enum(variants) = &mut found.body else { return };
        variants.retain(|variant| !variant.numberless);
        let mut left = found.named.clone();
        for variant in variants.iter_mut() {
            let own = |_: &&'static str, found: &mut u64| Some(*found) == variant.identity;
            variant.names = left.extract_if(.., own).map(|(name, _)| name).collect();
        }
        // Otherwise it tells its variants apart in a way of its own.
        found.varies |= !left.is_empty() || variants.iter().any(|variant| variant.names.is_empty());
    }
}
