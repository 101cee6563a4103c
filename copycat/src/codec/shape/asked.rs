//! Notes what a type asks for: structs, enums and their fields. What was noted first holds; a type that asks for
//! something else at the same place has no shape.

use super::exploration::{Exploration, Refused};
use super::graph::{Container, ContainerBody, ContainerId, FieldNodes, Format, NodeId, VariantNodes};
use super::names::ALIAS;
use super::own_codec::SampleValue;
use serde::de::Visitor;
use std::collections::BTreeMap;

/// Most parts of a tuple, fields of a struct, or variants of an enum. Each takes memory while a type is traced.
const PARTS_MAX: usize = 4_096;

/// Refuses more parts than a type that was written by a person has.
pub(super) fn check_len(len: usize) -> Result<(), Refused> {
    if len > PARTS_MAX {
        return Err(Refused::because(format!("it has {len} parts, more than {PARTS_MAX}")));
    }
    Ok(())
}

/// The kind of fields that a type asks for.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Unit,
    Newtype,
    Tuple(usize),
    Named(&'static [&'static str]),
}

impl Wanted {
    /// Returns the number of fields; with their aliases, if they have names.
    pub(super) fn len(self) -> usize {
        match self {
            Wanted::Unit => 0,
            Wanted::Newtype => 1,
            Wanted::Tuple(len) => len,
            Wanted::Named(names) => names.len(),
        }
    }

    /// Returns whether fields that were noted before are of this kind.
    fn agrees_with(self, known: &FieldNodes) -> bool {
        match (self, known) {
            (Wanted::Unit, FieldNodes::Unit) | (Wanted::Newtype, FieldNodes::Newtype(_)) => true,
            (Wanted::Tuple(len), FieldNodes::Tuple(known)) => len == known.len(),
            (Wanted::Named(names), FieldNodes::Named(known)) if names.len() == known.len() => {
                known.iter().map(|(name, _)| name).eq(names.iter())
            }
            // Some of the names are aliases.
            (Wanted::Named(names), FieldNodes::Named(known)) => {
                known.iter().all(|(name, _)| names.contains(name))
            }
            (Wanted::Named(names), FieldNodes::Tuple(known) | FieldNodes::Aliased(known, _)) => {
                known.len() < names.len()
            }
            _ => false,
        }
    }

    fn nodes(self, exploration: &mut Exploration) -> FieldNodes {
        match self {
            Wanted::Unit => FieldNodes::Unit,
            Wanted::Newtype => FieldNodes::Newtype(exploration.graph.add()),
            Wanted::Tuple(len) => FieldNodes::Tuple(exploration.graph.add_all(len)),
            Wanted::Named(names) => {
                let nodes = exploration.graph.add_all(names.len());
                FieldNodes::Named(names.iter().copied().zip(nodes).collect())
            }
        }
    }
}

impl Exploration {
    /// Notes that a struct is read at a place, and returns it with the places of its fields.
    pub(super) fn struct_asked<V>(
        &mut self,
        node: NodeId,
        name: &'static str,
        wanted: Wanted,
    ) -> Result<(ContainerId, FieldNodes), Refused> {
        check_len(wanted.len())?;
        let body = |exploration: &mut Exploration| ContainerBody::Struct(wanted.nodes(exploration));
        let container = self.container_asked(node, name, typeid::of::<V>(), &[], body)?;
        match &self.graph.containers[container].body {
            ContainerBody::Struct(known) if wanted.agrees_with(known) => Ok((container, known.clone())),
            _ => Err(self.container_varies(container)),
        }
    }

    /// Notes that a type with its own codec is read at a place, and lets it read a sample.
    pub(super) fn own_codec_asked<V: Visitor<'static>>(
        &mut self,
        node: NodeId,
        name: &'static str,
        codec: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.ask()?;
        let number = u8::try_from(codec).map_err(|_| Refused::because("no codec has this number"))?;
        let own = Format::Own(name, number);
        if self.note(node, |_| own.clone()) == own {
            visitor.visit_enum(SampleValue { codec: number.into() })
        } else {
            Err(self.varies(node))
        }
    }

    /// Notes that an enum is read at a place, and returns it.
    pub(super) fn enum_asked<V>(
        &mut self,
        node: NodeId,
        name: &'static str,
        listed: &'static [&'static str],
    ) -> Result<ContainerId, Refused> {
        check_len(listed.len())?;
        let variant = |name: &&'static str| VariantNodes { names: vec![*name], ..VariantNodes::default() };
        let body = |_: &mut Exploration| ContainerBody::Enum(listed.iter().map(variant).collect());
        let container = self.container_asked(node, name, typeid::of::<V>(), listed, body)?;
        let found = &self.graph.containers[container];
        let separable = listed.iter().all(|name| !name.contains(ALIAS));
        if found.listed == listed && matches!(found.body, ContainerBody::Enum(_)) && separable {
            Ok(container)
        } else {
            Err(self.container_varies(container))
        }
    }

    fn container_asked(
        &mut self,
        node: NodeId,
        name: &'static str,
        value: std::any::TypeId,
        listed: &'static [&'static str],
        body: impl FnOnce(&mut Exploration) -> ContainerBody,
    ) -> Result<ContainerId, Refused> {
        let known = self.graph.find(name, value);
        let container = known.unwrap_or_else(|| {
            let (body, named) = (body(self), BTreeMap::new());
            let new = Container { name, listed, named, value, body, varies: false, probed: false };
            self.graph.containers.push(new);
            self.run.learned = true;
            self.graph.containers.len() - 1
        });
        match self.note(node, |_| Format::Named(container)) {
            Format::Named(known) if known == container => Ok(container),
            _ => Err(self.varies(node)),
        }
    }

    /// Notes the fields that a variant is read with, and returns their places.
    pub(super) fn variant_asked(
        &mut self,
        container: ContainerId,
        variant: usize,
        wanted: Wanted,
    ) -> Result<FieldNodes, Refused> {
        check_len(wanted.len())?;
        let ContainerBody::Enum(variants) = &self.graph.containers[container].body else {
            return Err(Refused::because("a struct has no variants"));
        };
        match variants.get(variant).map(|variant| &variant.fields) {
            Some(Some(known)) if wanted.agrees_with(known) => return Ok(known.clone()),
            Some(None) => {}
            // It takes a number beyond its list (`other`), or its list is none. Its names may be others' aliases.
            Some(Some(_)) | None => return Err(self.container_varies(container)),
        }
        let found = wanted.nodes(self);
        if let ContainerBody::Enum(variants) = &mut self.graph.containers[container].body {
            variants[variant].fields = Some(found.clone());
        }
        self.run.learned = true;
        Ok(found)
    }

    /// Notes how many of the places of a struct's or a variant's fields were read. `wanted` may contain aliases, which
    /// are never read.
    pub(super) fn fields_read(
        &mut self,
        container: ContainerId,
        variant: Option<usize>,
        fields: &FieldNodes,
        left: usize,
    ) -> Result<(), Refused> {
        let nodes = fields.nodes();
        let read = nodes.len() - left;
        let unread = nodes[read..].iter().all(|node| self.graph.nodes[*node].format.is_none());
        if left == 0 {
            Ok(())
        } else if matches!(fields, FieldNodes::Named(_)) && read > 0 && unread {
            self.note_aliased(container, variant, nodes[..read].to_vec());
            Ok(())
        } else {
            Err(self.container_varies(container))
        }
    }
}
