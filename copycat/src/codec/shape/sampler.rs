//! The deserializer that a type reads from while it is traced. It notes what the type asks for, and answers with
//! samples.

use super::Primitive;
use super::exploration::{Choice, Exploration, Refused};
use super::graph::{Container, ContainerBody, ContainerId, FieldNodes, Format, NodeId, VariantNodes};
use super::samples::{BYTE_LENGTHS, BYTES, CHARS, NUMBERS, TEXTS};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};
use serde::de::{MapAccess, SeqAccess};

impl Primitive {
    /// Returns the number of samples.
    pub(super) fn samples(self) -> usize {
        match self {
            Primitive::Bool => 2,
            Primitive::Char => CHARS.len(),
            Primitive::Str => TEXTS.len(),
            Primitive::Bytes => BYTE_LENGTHS.len(),
            _ => NUMBERS.len(),
        }
    }
}

/// Reads a value at one place.
pub(super) struct Sampler<'t> {
    pub(super) exploration: &'t mut Exploration,
    pub(super) node: NodeId,
}

/// Most parts of a tuple, fields of a struct, or variants of an enum. Each takes memory while a type is traced.
const PARTS_MAX: usize = 4_096;

fn check_len(len: usize) -> Result<(), Refused> {
    if len > PARTS_MAX { Err(Refused(format!("it has {len} parts, more than {PARTS_MAX}"))) } else { Ok(()) }
}

/// The kind of fields that a type asks for.
#[derive(Clone, Copy)]
enum Wanted {
    Unit,
    Newtype,
    Tuple(usize),
    Named(&'static [&'static str]),
}

impl Wanted {
    /// Returns whether fields that were noted before are of this kind.
    fn agrees_with(self, known: &FieldNodes) -> bool {
        match (self, known) {
            (Wanted::Unit, FieldNodes::Unit) | (Wanted::Newtype, FieldNodes::Newtype(_)) => true,
            (Wanted::Tuple(len), FieldNodes::Tuple(known)) => len == known.len(),
            (Wanted::Named(names), FieldNodes::Named(known)) => {
                known.iter().map(|(name, _)| name).eq(names.iter())
            }
            // Some of the names are aliases.
            (Wanted::Named(names), FieldNodes::Tuple(known)) => known.len() < names.len(),
            _ => false,
        }
    }

    /// Refuses more parts than a type that was written by a person has.
    fn check(self) -> Result<(), Refused> {
        match self {
            Wanted::Tuple(len) => check_len(len),
            Wanted::Named(names) => check_len(names.len()),
            Wanted::Unit | Wanted::Newtype => Ok(()),
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

impl<'t> Sampler<'t> {
    /// Notes a primitive, and returns the sample to show.
    fn sample(self, primitive: Primitive) -> Result<usize, Refused> {
        let Sampler { exploration, node } = self;
        exploration.ask()?;
        if exploration.note(node, |_| Format::Primitive(primitive)) != Format::Primitive(primitive) {
            return Err(exploration.varies(node));
        }
        exploration.run.sampled = Some(node);
        let shift = exploration.confirming.unwrap_or(0);
        Ok((exploration.graph.nodes[node].sample + shift) % primitive.samples())
    }

    fn number(self, primitive: Primitive) -> Result<u8, Refused> {
        self.sample(primitive).map(|sample| NUMBERS[sample])
    }

    fn text(self) -> Result<&'static str, Refused> {
        self.sample(Primitive::Str).map(|sample| TEXTS[sample])
    }

    fn bytes(self) -> Result<&'static [u8], Refused> {
        self.sample(Primitive::Bytes).map(|sample| &BYTES[..BYTE_LENGTHS[sample]])
    }

    fn unit(self) -> Result<(), Refused> {
        self.exploration.ask()?;
        match self.exploration.note(self.node, |_| Format::Unit) {
            Format::Unit => Ok(()),
            _ => Err(self.exploration.varies(self.node)),
        }
    }

    /// Notes a struct, and returns it with the places of its fields.
    fn enter_struct<V>(
        self,
        name: &'static str,
        wanted: Wanted,
    ) -> Result<(&'t mut Exploration, ContainerId, FieldNodes), Refused> {
        wanted.check()?;
        let (exploration, container) =
            self.container::<V>(name, |exploration| ContainerBody::Struct(wanted.nodes(exploration)))?;
        let known = match &exploration.graph.containers[container].body {
            ContainerBody::Struct(known) if wanted.agrees_with(known) => Some(known.clone()),
            _ => None,
        };
        match known {
            Some(known) => Ok((exploration, container, known)),
            None => {
                exploration.graph.containers[container].varies = true;
                Err(Refused(format!("two types are called {name}")))
            }
        }
    }

    /// Notes that a struct or an enum is read here, and returns it.
    fn container<V>(
        self,
        name: &'static str,
        body: impl FnOnce(&mut Exploration) -> ContainerBody,
    ) -> Result<(&'t mut Exploration, ContainerId), Refused> {
        let Sampler { exploration, node } = self;
        let value = typeid::of::<V>();
        let container = match exploration.graph.find(name, value) {
            Some(known) => known,
            None => {
                let body = body(exploration);
                exploration.graph.containers.push(Container {
                    name,
                    value,
                    body,
                    varies: false,
                    probed: false,
                });
                exploration.run.learned = true;
                exploration.graph.containers.len() - 1
            }
        };
        match exploration.note(node, |_| Format::Named(container)) {
            Format::Named(known) if known == container => Ok((exploration, container)),
            _ => Err(exploration.varies(node)),
        }
    }

    fn nameless<T>(self) -> Result<T, Refused> {
        let Sampler { exploration, .. } = self;
        let names =
            exploration.run.inside.iter().map(|container| exploration.graph.containers[*container].name);
        exploration.run.nameless = Some(names.collect());
        Err(Refused("it needs a self-describing format".into()))
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $primitive:ident),*) => {$(
        fn $method<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
            visitor.$visit(self.number(Primitive::$primitive)?.into())
        }
    )*};
}

macro_rules! nameless {
    ($($method:ident),*) => {$(
        fn $method<V: Visitor<'static>>(self, _: V) -> Result<V::Value, Refused> {
            self.nameless()
        }
    )*};
}

impl Deserializer<'static> for Sampler<'_> {
    type Error = Refused;

    numbers!(deserialize_u8 visit_u8 U8, deserialize_u16 visit_u16 U16, deserialize_u32 visit_u32 U32,
        deserialize_u64 visit_u64 U64, deserialize_u128 visit_u128 U128, deserialize_i16 visit_i16 I16,
        deserialize_i32 visit_i32 I32, deserialize_i64 visit_i64 I64, deserialize_i128 visit_i128 I128,
        deserialize_f32 visit_f32 F32, deserialize_f64 visit_f64 F64);
    nameless!(deserialize_any, deserialize_identifier, deserialize_ignored_any);

    fn deserialize_i8<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_i8(self.number(Primitive::I8)? as i8)
    }

    fn deserialize_bool<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_bool(self.sample(Primitive::Bool)? == 0)
    }

    fn deserialize_char<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_char(CHARS[self.sample(Primitive::Char)?])
    }

    fn deserialize_str<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_string(self.text()?.to_owned())
    }

    fn deserialize_bytes<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_bytes(self.bytes()?)
    }

    fn deserialize_byte_buf<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_byte_buf(self.bytes()?.to_owned())
    }

    fn deserialize_unit<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.unit()?;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Sampler { exploration, node } = self;
        let Format::Option(content) =
            exploration.note(node, |exploration| Format::Option(exploration.graph.add()))
        else {
            return Err(exploration.varies(node));
        };
        let given = exploration.gives(node, &[content]);
        exploration.choose(Choice::Given(node, given), |exploration| {
            if given {
                visitor.visit_some(Sampler { exploration, node: content })
            } else {
                visitor.visit_none()
            }
        })
    }

    fn deserialize_seq<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Sampler { exploration, node } = self;
        let Format::List(content) =
            exploration.note(node, |exploration| Format::List(exploration.graph.add()))
        else {
            return Err(exploration.varies(node));
        };
        let given = exploration.gives(node, &[content]);
        let nodes = if given { vec![content; exploration.times()] } else { Vec::new() };
        exploration.choose(Choice::Given(node, given), |exploration| {
            visitor.visit_seq(Parts::new(exploration, nodes))
        })
    }

    fn deserialize_map<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Sampler { exploration, node } = self;
        let noted = exploration
            .note(node, |exploration| Format::Map(exploration.graph.add(), exploration.graph.add()));
        let Format::Map(key, value) = noted else { return Err(exploration.varies(node)) };
        let given = exploration.gives(node, &[key, value]);
        let nodes = if given { [key, value].repeat(exploration.times()) } else { Vec::new() };
        exploration.choose(Choice::Given(node, given), |exploration| {
            visitor.visit_map(Parts::new(exploration, nodes))
        })
    }

    fn deserialize_tuple<V: Visitor<'static>>(self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        let Sampler { exploration, node } = self;
        check_len(len)?;
        match exploration.note(node, |exploration| Format::Tuple(exploration.graph.add_all(len))) {
            Format::Tuple(nodes) if nodes.len() == len => {
                exploration.deeper(|exploration| visitor.visit_seq(Parts::new(exploration, nodes)))
            }
            _ => Err(exploration.varies(node)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.exploration.ask()?;
        self.enter_struct::<V::Value>(name, Wanted::Unit)?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let (exploration, container, fields) = self.enter_struct::<V::Value>(name, Wanted::Newtype)?;
        let FieldNodes::Newtype(node) = fields else { unreachable!("the fields agree with what is wanted") };
        exploration
            .enter(container, |exploration| visitor.visit_newtype_struct(Sampler { exploration, node }))
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let (exploration, container, fields) = self.enter_struct::<V::Value>(name, Wanted::Tuple(len))?;
        exploration.enter(container, |exploration| visitor.visit_seq(Parts::of(exploration, &fields)))
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let (exploration, container, fields) = self.enter_struct::<V::Value>(name, Wanted::Named(fields))?;
        let value =
            exploration.enter(container, |exploration| visitor.visit_seq(Parts::of(exploration, &fields)))?;
        if let Some(read) = exploration.fields_without_aliases(&fields) {
            exploration.graph.containers[container].body = ContainerBody::Struct(read);
        }
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        check_len(variants.len())?;
        let (exploration, container) = self.container::<V::Value>(name, |_| {
            let variant =
                |name: &&'static str| VariantNodes { name, fields: None, finished: None, closed: false };
            ContainerBody::Enum(variants.iter().map(variant).collect())
        })?;
        if exploration.probes(container) {
            let variant = variants.len();
            return visitor.visit_enum(AtVariant { exploration, container, variant });
        }
        let Some(variant) = exploration.next_variant(container, variants) else {
            return Err(Refused(format!("no variant of {name} can be read")));
        };
        let value = exploration.enter(container, |exploration| {
            exploration.choose(Choice::Variant(container, variant), |exploration| {
                visitor.visit_enum(AtVariant { exploration, container, variant })
            })
        })?;
        exploration.finish_variant(container, variant);
        Ok(value)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// An enum whose variant is about to be read.
struct AtVariant<'t> {
    exploration: &'t mut Exploration,
    container: ContainerId,
    variant: usize,
}

impl<'t> AtVariant<'t> {
    /// Notes the fields of the variant, and returns their places.
    fn fields(self, wanted: Wanted) -> Result<(&'t mut Exploration, FieldNodes), Refused> {
        let AtVariant { exploration, container, variant } = self;
        wanted.check()?;
        let ContainerBody::Enum(variants) = &exploration.graph.containers[container].body else {
            return Err(Refused("a struct has no variants".into()));
        };
        let Some(asked) = variants.get(variant) else {
            // It takes a number beyond its list (`other`), or its list is none. Its names may be others' aliases.
            exploration.graph.containers[container].varies = true;
            return Err(Refused("it reads variants that it does not list".into()));
        };
        if let Some(known) = &asked.fields {
            let known = known.clone();
            if wanted.agrees_with(&known) {
                return Ok((exploration, known));
            }
            let Container { name, varies, .. } = &mut exploration.graph.containers[container];
            *varies = true;
            return Err(Refused(format!("two types are called {name}")));
        }
        let found = wanted.nodes(exploration);
        if let ContainerBody::Enum(variants) = &mut exploration.graph.containers[container].body {
            variants[variant].fields = Some(found.clone());
        }
        exploration.run.learned = true;
        Ok((exploration, found))
    }
}

impl<'t> EnumAccess<'static> for AtVariant<'t> {
    type Error = Refused;
    type Variant = AtVariant<'t>;

    fn variant_seed<V: DeserializeSeed<'static>>(self, seed: V) -> Result<(V::Value, Self), Refused> {
        let index = self.variant as u32;
        Ok((seed.deserialize(index.into_deserializer())?, self))
    }
}

impl VariantAccess<'static> for AtVariant<'_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        self.fields(Wanted::Unit).map(drop)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'static>>(self, seed: T) -> Result<T::Value, Refused> {
        let (exploration, fields) = self.fields(Wanted::Newtype)?;
        let FieldNodes::Newtype(node) = fields else { unreachable!("the fields agree with what is wanted") };
        seed.deserialize(Sampler { exploration, node })
    }

    fn tuple_variant<V: Visitor<'static>>(self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        let (exploration, fields) = self.fields(Wanted::Tuple(len))?;
        visitor.visit_seq(Parts::of(exploration, &fields))
    }

    fn struct_variant<V: Visitor<'static>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let (container, variant) = (self.container, self.variant);
        let (exploration, fields) = self.fields(Wanted::Named(fields))?;
        let value = visitor.visit_seq(Parts::of(exploration, &fields))?;
        if let Some(read) = exploration.fields_without_aliases(&fields)
            && let ContainerBody::Enum(variants) = &mut exploration.graph.containers[container].body
        {
            variants[variant].fields = Some(read);
        }
        Ok(value)
    }
}

/// The parts of a value, in order; in a map each key is followed by its value.
struct Parts<'t> {
    exploration: &'t mut Exploration,
    nodes: std::vec::IntoIter<NodeId>,
}

impl<'t> Parts<'t> {
    fn new(exploration: &'t mut Exploration, nodes: Vec<NodeId>) -> Parts<'t> {
        Parts { exploration, nodes: nodes.into_iter() }
    }

    fn of(exploration: &'t mut Exploration, fields: &FieldNodes) -> Parts<'t> {
        Parts::new(exploration, fields.nodes())
    }

    fn next<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        let Some(node) = self.nodes.next() else { return Ok(None) };
        seed.deserialize(Sampler { exploration: self.exploration, node }).map(Some)
    }
}

impl SeqAccess<'static> for Parts<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'static>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        self.next(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.nodes.len())
    }
}

impl MapAccess<'static> for Parts<'_> {
    type Error = Refused;

    fn next_key_seed<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        self.next(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<T::Value, Refused> {
        self.next(seed)?.ok_or_else(|| Refused("a value without a key".into()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.nodes.len() / 2)
    }
}
