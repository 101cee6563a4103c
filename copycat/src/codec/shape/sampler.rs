//! The deserializer that a type reads from while it is traced. It notes what the type asks for, and answers with
//! samples.

use super::Primitive;
use super::aliases::identity;
use super::asked::{Wanted, check_len};
use super::exploration::{Choice, Exploration, Refused};
use super::graph::{ContainerId, FieldNodes, Format, NodeId};
use super::samples::{BYTE_LENGTHS, BYTES, CHARS, NUMBERS, TEXTS};
use crate::codec::writable::MARK;
use serde::de::value::BorrowedStrDeserializer;
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

impl<'t> Sampler<'t> {
    /// Notes a primitive, and returns the sample to show.
    fn sample(self, primitive: Primitive) -> Result<usize, Refused> {
        let Sampler { exploration, node } = self;
        exploration.ask()?;
        if exploration.note(node, |_| Format::Primitive(primitive)) != Format::Primitive(primitive) {
            return Err(exploration.varies(node));
        }
        exploration.run.sampled = Some(node);
        let known = exploration.graph.nodes[node].sample % primitive.samples();
        Ok(exploration.vary(node, known, primitive.samples()))
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

    fn nameless<T>(self) -> Result<T, Refused> {
        let Sampler { exploration, .. } = self;
        let names =
            exploration.run.inside.iter().map(|container| exploration.graph.containers[*container].name);
        exploration.run.nameless = Some(names.collect());
        Err(Refused::because("it needs a self-describing format"))
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
        let given = exploration.gives(node, &[content], 1);
        exploration.choose(Choice::Given(node, given))?;
        let value = match given {
            0 => visitor.visit_none(),
            _ => visitor.visit_some(Sampler { exploration: &mut *exploration, node: content }),
        };
        exploration.chosen(value.is_err());
        value
    }

    fn deserialize_seq<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Sampler { exploration, node } = self;
        let Format::List(content) =
            exploration.note(node, |exploration| Format::List(exploration.graph.add()))
        else {
            return Err(exploration.varies(node));
        };
        let given = exploration.gives(node, &[content], GIVEN_MAX);
        exploration.choose(Choice::Given(node, given))?;
        let mut parts = Parts::new(exploration, vec![content; given]);
        let value = visitor.visit_seq(&mut parts).and_then(|value| parts.end(node, value));
        exploration.chosen(value.is_err());
        value
    }

    fn deserialize_map<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Sampler { exploration, node } = self;
        let noted = exploration
            .note(node, |exploration| Format::Map(exploration.graph.add(), exploration.graph.add()));
        let Format::Map(key, value) = noted else { return Err(exploration.varies(node)) };
        let given = exploration.gives(node, &[key, value], GIVEN_MAX);
        exploration.choose(Choice::Given(node, given))?;
        let mut parts = Parts::new(exploration, [key, value].repeat(given));
        let value = visitor.visit_map(&mut parts).and_then(|value| parts.end(node, value));
        exploration.chosen(value.is_err());
        value
    }

    fn deserialize_tuple<V: Visitor<'static>>(self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        let Sampler { exploration, node } = self;
        check_len(len)?;
        match exploration.note(node, |exploration| Format::Tuple(exploration.graph.add_all(len))) {
            Format::Tuple(nodes) if nodes.len() == len => {
                exploration.enter()?;
                let mut parts = Parts::new(exploration, nodes);
                let value = visitor.visit_seq(&mut parts).and_then(|value| parts.end(node, value));
                exploration.leave();
                value
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
        self.exploration.struct_asked::<V::Value>(self.node, name, Wanted::Unit)?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let Sampler { exploration, node } = self;
        let (container, fields) = exploration.struct_asked::<V::Value>(node, name, Wanted::Newtype)?;
        let node = fields.nodes()[0];
        exploration.enter()?;
        exploration.run.inside.push(container);
        let value = visitor.visit_newtype_struct(Sampler { exploration: &mut *exploration, node });
        exploration.run.inside.pop();
        exploration.leave();
        value
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let wanted = Wanted::Tuple(len);
        let (container, fields) = self.exploration.struct_asked::<V::Value>(self.node, name, wanted)?;
        read_struct(self.exploration, Fields { container, variant: None, fields, listed: len }, visitor)
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        listed: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let wanted = Wanted::Named(listed);
        let (container, fields) = self.exploration.struct_asked::<V::Value>(self.node, name, wanted)?;
        let fields = Fields { container, variant: None, fields, listed: listed.len() };
        read_struct(self.exploration, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        name: &'static str,
        listed: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let Sampler { exploration, node } = self;
        if let (MARK, Some((name, _))) = (name, listed.split_last()) {
            return exploration.own_codec_asked(node, name, listed.len() - 1, visitor);
        }
        let container = exploration.enum_asked::<V::Value>(node, name, listed)?;
        if exploration.probes(container) {
            let variant = exploration.graph.containers[container].variants();
            return visitor.visit_enum(AtVariant { exploration, container, variant, name: None });
        }
        let name = exploration.unknown_name(container);
        let Some(variant) = exploration.next_variant(container) else {
            return Err(Refused::because("no variant of it can be read"));
        };
        exploration.enter()?;
        exploration.run.inside.push(container);
        let value = exploration.choose(Choice::Variant(container, variant)).and_then(|()| {
            let value =
                visitor.visit_enum(AtVariant { exploration: &mut *exploration, container, variant, name });
            exploration.chosen(value.is_err());
            value
        });
        exploration.run.inside.pop();
        exploration.leave();
        if value.is_ok() {
            exploration.finish_variant(container, variant);
        }
        value
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Most elements of a list, and entries of a map.
const GIVEN_MAX: usize = 3;

/// The fields of a struct or a variant.
struct Fields {
    container: ContainerId,
    variant: Option<usize>,
    fields: FieldNodes,
    /// The number of names that the type lists, with aliases.
    listed: usize,
}

/// Reads the fields of a struct.
fn read_struct<V: Visitor<'static>>(
    exploration: &mut Exploration,
    fields: Fields,
    visitor: V,
) -> Result<V::Value, Refused> {
    exploration.enter()?;
    exploration.run.inside.push(fields.container);
    let value = read_fields(exploration, fields, visitor);
    exploration.run.inside.pop();
    exploration.leave();
    value
}

/// Reads the fields of a struct or a variant.
fn read_fields<V: Visitor<'static>>(
    exploration: &mut Exploration,
    Fields { container, variant, fields, listed }: Fields,
    visitor: V,
) -> Result<V::Value, Refused> {
    if let Some((field, node)) = exploration.nameless_field(&fields) {
        let value = visitor.visit_map(Twice { exploration: &mut *exploration, field, node });
        let name = value.err().and_then(|error| error.twice);
        return Err(exploration.name_field(container, variant, name));
    }
    let nodes = fields.nodes();
    let more = (nodes.len() < listed).then_some(container);
    let mut parts = Parts { nodes: nodes.into_iter(), more, exploration: &mut *exploration };
    let value = visitor.visit_seq(&mut parts)?;
    let left = parts.nodes.len();
    exploration.fields_read(container, variant, &fields, left)?;
    Ok(value)
}

/// An enum whose variant is about to be read.
struct AtVariant<'t> {
    exploration: &'t mut Exploration,
    container: ContainerId,
    variant: usize,
    /// The name of the variant instead of its number, to find out which one has it.
    name: Option<&'static str>,
}

impl<'t> EnumAccess<'static> for AtVariant<'t> {
    type Error = Refused;
    type Variant = AtVariant<'t>;

    fn variant_seed<V: DeserializeSeed<'static>>(self, seed: V) -> Result<(V::Value, Self), Refused> {
        let AtVariant { exploration, container, variant, name } = self;
        if let Some(name) = name {
            let identifier = seed.deserialize(BorrowedStrDeserializer::<Refused>::new(name));
            let identity = identifier.as_ref().map_or(u64::MAX, identity);
            exploration.name_variant(container, name, identity);
            return Err(Refused::because("its variants are named"));
        }
        let identifier = seed.deserialize((variant as u32).into_deserializer());
        exploration.note_identity(container, variant, identifier.as_ref().ok().map(identity));
        Ok((identifier?, AtVariant { exploration, container, variant, name }))
    }
}

impl VariantAccess<'static> for AtVariant<'_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        self.exploration.variant_asked(self.container, self.variant, Wanted::Unit).map(drop)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'static>>(self, seed: T) -> Result<T::Value, Refused> {
        let fields = self.exploration.variant_asked(self.container, self.variant, Wanted::Newtype)?;
        seed.deserialize(Sampler { exploration: self.exploration, node: fields.nodes()[0] })
    }

    fn tuple_variant<V: Visitor<'static>>(self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        let AtVariant { exploration, container, variant, .. } = self;
        let fields = exploration.variant_asked(container, variant, Wanted::Tuple(len))?;
        read_fields(exploration, Fields { container, variant: Some(variant), fields, listed: len }, visitor)
    }

    fn struct_variant<V: Visitor<'static>>(
        self,
        listed: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let AtVariant { exploration, container, variant, .. } = self;
        let fields = exploration.variant_asked(container, variant, Wanted::Named(listed))?;
        let listed = listed.len();
        read_fields(exploration, Fields { container, variant: Some(variant), fields, listed }, visitor)
    }
}

/// One field twice, by its number: the type complains, and says its name.
struct Twice<'t> {
    exploration: &'t mut Exploration,
    field: usize,
    node: NodeId,
}

impl MapAccess<'static> for Twice<'_> {
    type Error = Refused;

    fn next_key_seed<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        self.exploration.ask()?;
        seed.deserialize((self.field as u64).into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(Sampler { exploration: &mut *self.exploration, node: self.node })
    }
}

/// The parts of a value, in order; in a map each key is followed by its value.
struct Parts<'t> {
    exploration: &'t mut Exploration,
    nodes: std::vec::IntoIter<NodeId>,
    /// The struct or enum that lists more fields than were read so far. To read more of them now has no shape.
    more: Option<ContainerId>,
}

impl<'t> Parts<'t> {
    fn new(exploration: &'t mut Exploration, nodes: Vec<NodeId>) -> Parts<'t> {
        Parts { exploration, nodes: nodes.into_iter(), more: None }
    }

    fn next<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        match (self.nodes.next(), self.more) {
            (Some(node), _) => seed.deserialize(Sampler { exploration: self.exploration, node }).map(Some),
            (None, Some(container)) => Err(self.exploration.container_varies(container)),
            (None, None) => Ok(None),
        }
    }

    /// Checks that all parts were read. `node` is the place of the value.
    fn end<T>(self, node: NodeId, value: T) -> Result<T, Refused> {
        if self.nodes.len() == 0 { Ok(value) } else { Err(self.exploration.varies(node)) }
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
        self.next(seed)?.ok_or_else(|| Refused::because("a value without a key"))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.nodes.len() / 2)
    }
}
