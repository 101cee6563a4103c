//! What the tracer has learned about types so far: shapes with holes, which later runs fill.

use super::names::ALIAS;
use super::{Body, Fields, NamedType, OwnCodec, Primitive, Shape, Types, Variant};
use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};

/// The index of a [`Node`].
pub(super) type NodeId = usize;

/// The index of a [`Container`].
pub(super) type ContainerId = usize;

/// The shapes that were found, as a graph: types may contain themselves.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) containers: Vec<Container>,
}

/// One place in a type where a value is read.
#[derive(Default)]
pub(super) struct Node {
    /// How a value is read here; `None` until one was.
    pub(super) format: Option<Format>,
    /// Index of the sample that is shown next; only of a primitive.
    pub(super) sample: usize,
    /// How many values are given here, of an option, a list or a map; `None` as long as that follows from what is
    /// unknown.
    pub(super) given: Option<usize>,
    /// How many were given here last, before everything was known.
    pub(super) given_last: usize,
    /// How many other numbers of values were refused.
    pub(super) refused: usize,
    /// Whether the value or the number of values here is not to be varied, because the type refuses others.
    pub(super) pinned: bool,
    /// Whether this place was read in two ways. Then its shape is not known.
    pub(super) varies: bool,
}

/// How a value is read, with the places of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Primitive(Primitive),
    Unit,
    Option(NodeId),
    List(NodeId),
    Map(NodeId, NodeId),
    Tuple(Vec<NodeId>),
    Named(ContainerId),
    /// A type with this name and the number of its own codec.
    Own(&'static str, u8),
}

/// A struct or an enum. Two of them are the same if serde's name and the type of the value are.
pub(super) struct Container {
    pub(super) name: &'static str,
    /// The variants of an enum as the type lists them: with their aliases.
    pub(super) listed: &'static [&'static str],
    /// Which of them each name is, found out for an enum that lists aliases.
    pub(super) named: BTreeMap<&'static str, u64>,
    pub(super) value: TypeId,
    pub(super) body: ContainerBody,
    /// Whether it was read in two ways, or reads what its list of variants does not have.
    pub(super) varies: bool,
    /// Whether it was asked for a variant beyond its list.
    pub(super) probed: bool,
}

/// What a [`Container`] consists of.
pub(super) enum ContainerBody {
    Struct(FieldNodes),
    Enum(Vec<VariantNodes>),
}

/// A variant of an enum.
#[derive(Default)]
pub(super) struct VariantNodes {
    /// Its name, or all its names if it has aliases: which of them is the first one is not known.
    pub(super) names: Vec<&'static str>,
    /// What tells it from the other variants.
    pub(super) identity: Option<u64>,
    /// Whether the type does not know its number: the list of variants contains aliases.
    pub(super) numberless: bool,
    /// Its fields; `None` until it was read.
    pub(super) fields: Option<FieldNodes>,
    /// The number of the first read that ended well.
    pub(super) finished: Option<usize>,
    /// Whether it is not to be read again, because all reads fail.
    pub(super) closed: bool,
}

/// The places of the fields of a struct or a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FieldNodes {
    Unit,
    Newtype(NodeId),
    Tuple(Vec<NodeId>),
    Named(Vec<(&'static str, NodeId)>),
    /// Fields with names, in a list that also contains aliases. Those whose names were found out.
    Aliased(Vec<NodeId>, Vec<&'static str>),
}

impl FieldNodes {
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        match self {
            FieldNodes::Unit => Vec::new(),
            FieldNodes::Newtype(node) => vec![*node],
            FieldNodes::Tuple(nodes) | FieldNodes::Aliased(nodes, _) => nodes.clone(),
            FieldNodes::Named(fields) => fields.iter().map(|(_, node)| *node).collect(),
        }
    }
}

impl Container {
    /// Returns the number of variants.
    pub(super) fn variants(&self) -> usize {
        match &self.body {
            ContainerBody::Struct(_) => 0,
            ContainerBody::Enum(variants) => variants.len(),
        }
    }

    /// Returns the place of a variant's fields, or of those of a struct.
    pub(super) fn fields_mut(&mut self, variant: Option<usize>) -> Option<&mut FieldNodes> {
        match (&mut self.body, variant) {
            (ContainerBody::Struct(fields), None) => Some(fields),
            (ContainerBody::Enum(variants), Some(variant)) => variants.get_mut(variant)?.fields.as_mut(),
            _ => None,
        }
    }
}

impl Graph {
    /// Adds a place of which nothing is known.
    pub(super) fn add(&mut self) -> NodeId {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// Adds several places.
    pub(super) fn add_all(&mut self, count: usize) -> Vec<NodeId> {
        (0..count).map(|_| self.add()).collect()
    }

    /// Returns the container of this name and type, if it was met before.
    pub(super) fn find(&self, name: &str, value: TypeId) -> Option<ContainerId> {
        self.containers.iter().position(|known| known.name == name && known.value == value)
    }

    /// Returns whether anything reachable from a place is unknown.
    pub(super) fn has_holes(&self, node: NodeId) -> bool {
        let mut walk = Walk { graph: self, nodes: BTreeSet::new(), containers: BTreeSet::new() };
        !walk.is_known(node)
    }

    /// Returns whether anything reachable from the fields is unknown.
    pub(super) fn have_holes(&self, fields: Option<&FieldNodes>) -> bool {
        fields.is_none_or(|fields| fields.nodes().into_iter().any(|node| self.has_holes(node)))
    }
}

/// A walk over everything that is reachable from a place.
struct Walk<'a> {
    graph: &'a Graph,
    nodes: BTreeSet<NodeId>,
    containers: BTreeSet<ContainerId>,
}

impl Walk<'_> {
    fn is_known(&mut self, node: NodeId) -> bool {
        if !self.nodes.insert(node) {
            return true;
        }
        let place = &self.graph.nodes[node];
        !place.varies
            && match &place.format {
                None => false,
                Some(Format::Primitive(_) | Format::Unit | Format::Own(..)) => true,
                Some(Format::Option(content) | Format::List(content)) => self.is_known(*content),
                Some(Format::Map(key, value)) => self.is_known(*key) && self.is_known(*value),
                Some(Format::Tuple(parts)) => parts.iter().all(|part| self.is_known(*part)),
                Some(Format::Named(container)) => self.is_known_container(*container),
            }
    }

    fn is_known_container(&mut self, container: ContainerId) -> bool {
        if !self.containers.insert(container) {
            return true;
        }
        let container = &self.graph.containers[container];
        !container.varies
            && match &container.body {
                ContainerBody::Struct(fields) => self.are_known(fields),
                ContainerBody::Enum(variants) => variants
                    .iter()
                    .all(|variant| variant.fields.as_ref().is_some_and(|fields| self.are_known(fields))),
            }
    }

    fn are_known(&mut self, fields: &FieldNodes) -> bool {
        fields.nodes().into_iter().all(|node| self.is_known(node))
    }
}

/// Turns places without holes into shapes, and the containers that these refer to into a table.
#[derive(Default)]
pub(super) struct Export {
    types: Vec<Option<NamedType>>,
    indexes: BTreeMap<ContainerId, u32>,
}

impl Export {
    /// Returns the shape of a place without holes.
    pub(super) fn shape(&mut self, graph: &Graph, node: NodeId) -> Shape {
        let boxed = |export: &mut Export, node: &NodeId| Box::new(export.shape(graph, *node));
        match graph.nodes[node].format.as_ref().expect("a place without holes") {
            Format::Primitive(primitive) => Shape::Primitive(*primitive),
            Format::Unit => Shape::Unit,
            Format::Tuple(parts) if parts.is_empty() => Shape::Unit,
            Format::Option(content) => Shape::Option(boxed(self, content)),
            Format::List(content) => Shape::List(boxed(self, content)),
            Format::Map(key, value) => Shape::Map(boxed(self, key), boxed(self, value)),
            Format::Tuple(parts) => Shape::Tuple(self.shapes(graph, parts)),
            Format::Named(container) => Shape::Named(self.named(graph, *container)),
            Format::Own(name, codec) => Shape::Own(OwnCodec { name: (*name).into(), codec: *codec }),
        }
    }

    /// Returns the table of the structs and enums.
    pub(super) fn into_types(self) -> Types {
        Types(self.types.into_iter().map(|named| named.expect("each index was filled")).collect())
    }

    fn shapes(&mut self, graph: &Graph, nodes: &[NodeId]) -> Vec<Shape> {
        nodes.iter().map(|node| self.shape(graph, *node)).collect()
    }

    fn named(&mut self, graph: &Graph, container: ContainerId) -> u32 {
        if let Some(index) = self.indexes.get(&container) {
            return *index;
        }
        // The index is taken before the body is known, which may refer to it.
        let index = self.types.len() as u32;
        self.indexes.insert(container, index);
        self.types.push(None);
        let Container { name, body, .. } = &graph.containers[container];
        let body = match body {
            ContainerBody::Struct(fields) => Body::Struct(self.fields(graph, fields)),
            ContainerBody::Enum(variants) => {
                let variant = |VariantNodes { names, fields, .. }: &VariantNodes| Variant {
                    name: names.join(ALIAS),
                    fields: self.fields(graph, fields.as_ref().expect("a variant without holes")),
                };
                Body::Enum(variants.iter().map(variant).collect())
            }
        };
        self.types[index as usize] = Some(NamedType { name: (*name).into(), body });
        index
    }

    fn fields(&mut self, graph: &Graph, fields: &FieldNodes) -> Fields {
        match fields {
            FieldNodes::Unit => Fields::Unit,
            FieldNodes::Newtype(node) => Fields::Newtype(self.shape(graph, *node)),
            FieldNodes::Tuple(nodes) | FieldNodes::Aliased(nodes, _) => {
                Fields::Tuple(self.shapes(graph, nodes))
            }
            FieldNodes::Named(fields) => {
                let field = |(name, node): &(&str, NodeId)| ((*name).into(), self.shape(graph, *node));
                Fields::Named(fields.iter().map(field).collect())
            }
        }
    }
}
