//! Fingerprints of commands: a few bits of each request, by which the member that takes it notices that its caller
//! encoded the arguments as other types.
//!
//! Handles and members compare whole shapes when they open a resource. What was not on record then was not compared: two
//! programs may bring the same new command with other types. Two bytes in each request find that out.
//!
//! Shapes that do not [contradict](super::contradiction) each other have fingerprints that agree. What cannot keep this
//! promise has a fingerprint that agrees with everything: opaque parts, and types that contain themselves, whose shapes
//! can be written down in several ways.

use super::names::ALIAS;
use super::schema::MethodShape;
use super::{Body, Fields, OwnCodec, Primitive, Shape, Types, Variant};
use xxhash_rust::xxh3::Xxh3;

/// Most parts inside of each other. A schema that leads deeper was made to overflow the stack. All programs must agree on
/// it, and on [`PARTS_MAX`].
const DEPTH_MAX: usize = 100;

/// Most parts of a command, of which one that occurs twice counts twice. A schema that has more was made to take time.
const PARTS_MAX: usize = 10_000;

/// The fingerprint of one command's arguments and result.
///
/// The low byte stands for everything but the names of fields and variants, the high byte for these names. What has
/// aliases has several names, of which some may agree with those of others, so its high byte is not known. Zero in a
/// byte: not known, which agrees with everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) u16);

impl Fingerprint {
    /// The fingerprint of a caller that does not know its own types.
    pub(crate) const UNKNOWN: Fingerprint = Fingerprint(0);

    /// Computes the fingerprint of a command.
    pub(crate) fn of(method: &MethodShape, types: &Types) -> Fingerprint {
        let (shapes, names) = (Xxh3::new(), Some(Xxh3::new()));
        let mut digest = Digest { types, shapes, names, depth: 0, parts: 0 };
        digest.number(method.key.map_or(u64::MAX, u64::from));
        digest.number(method.arguments.len() as u64);
        let arguments = method.arguments.iter().map(|(_, shape)| shape);
        match arguments.chain([&method.result]).try_for_each(|shape| digest.shape(shape)) {
            Some(()) => digest.finish(),
            None => Fingerprint::UNKNOWN,
        }
    }

    /// Returns whether two programs have other types for the command, as far as their fingerprints tell.
    pub(crate) fn contradicts(self, other: Fingerprint) -> bool {
        let differ = |one: u8, other: u8| one != 0 && other != 0 && one != other;
        let ([shapes, names], [others, other_names]) = (self.0.to_le_bytes(), other.0.to_le_bytes());
        differ(shapes, others) || differ(names, other_names)
    }
}

/// The hashes of what was walked through so far.
struct Digest<'a> {
    types: &'a Types,
    shapes: Xxh3,
    /// `None` behind an alias, or a tuple, which may be a struct with aliases.
    names: Option<Xxh3>,
    depth: usize,
    /// The parts so far.
    parts: usize,
}

impl Digest<'_> {
    fn number(&mut self, number: u64) {
        self.shapes.update(&number.to_le_bytes());
    }

    fn name(&mut self, name: &str) {
        if name.contains(ALIAS) {
            self.names = None;
        }
        if let Some(names) = &mut self.names {
            names.update(&(name.len() as u64).to_le_bytes());
            names.update(name.as_bytes());
        }
    }

    /// Adds a shape. Returns `None` for one that has no fingerprint.
    fn shape(&mut self, shape: &Shape) -> Option<()> {
        self.depth += 1;
        self.parts += 1;
        if self.depth > DEPTH_MAX || self.parts > PARTS_MAX {
            return None;
        }
        match self.types.unwrapped(shape) {
            Shape::Opaque(_) => return None,
            Shape::Own(OwnCodec { name, codec }) => {
                self.number(11);
                self.number(name.len() as u64);
                self.shapes.update(name.as_bytes());
                self.number((*codec).into());
            }
            Shape::List(element) if self.types.unwrapped(element).is_byte() => {
                self.primitive(Primitive::Bytes)
            }
            Shape::Primitive(primitive) => self.primitive(*primitive),
            Shape::Unit => self.number(1),
            Shape::Option(content) => {
                self.number(2);
                self.shape(content)?;
            }
            Shape::List(element) => {
                self.number(3);
                self.shape(element)?;
            }
            Shape::Map(key, value) => {
                self.number(4);
                self.shape(key)?;
                self.shape(value)?;
            }
            Shape::Tuple(parts) => self.tuple(parts)?,
            Shape::Named(index) => match &self.types.get(*index).body {
                Body::Struct(Fields::Unit) => self.number(1),
                Body::Struct(Fields::Tuple(parts)) => self.tuple(parts)?,
                Body::Struct(Fields::Named(fields)) => self.fields(fields)?,
                Body::Struct(Fields::Newtype(_)) => return None,
                Body::Enum(variants) => self.variants(variants)?,
            },
        }
        self.depth -= 1;
        Some(())
    }

    fn primitive(&mut self, primitive: Primitive) {
        self.number(16 + primitive as u64);
    }

    fn tuple(&mut self, parts: &[Shape]) -> Option<()> {
        self.names = None;
        self.parts(parts.iter(), parts.len())
    }

    fn fields(&mut self, fields: &[(String, Shape)]) -> Option<()> {
        fields.iter().for_each(|(name, _)| self.name(name));
        self.parts(fields.iter().map(|(_, shape)| shape), fields.len())
    }

    fn parts<'s>(&mut self, mut parts: impl Iterator<Item = &'s Shape>, count: usize) -> Option<()> {
        self.number(5);
        self.number(count as u64);
        parts.try_for_each(|part| self.shape(part))
    }

    fn variants(&mut self, variants: &[Variant]) -> Option<()> {
        self.number(6);
        self.number(variants.len() as u64);
        for Variant { name, fields } in variants {
            self.name(name);
            self.number(fields.len() as u64);
            match fields {
                Fields::Unit => self.number(7),
                Fields::Newtype(content) => {
                    self.number(8);
                    self.shape(content)?;
                }
                Fields::Tuple(parts) => {
                    self.number(9);
                    parts.iter().try_for_each(|part| self.shape(part))?;
                }
                Fields::Named(fields) => {
                    self.number(10);
                    for (name, shape) in fields {
                        self.name(name);
                        self.shape(shape)?;
                    }
                }
            }
        }
        Some(())
    }

    fn finish(self) -> Fingerprint {
        let byte = |hash: Xxh3| (hash.digest() % 255 + 1) as u8;
        let (shapes, names) = (byte(self.shapes), self.names.map_or(0, byte));
        Fingerprint(u16::from_le_bytes([shapes, names]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::contradiction::contradiction;
    use super::*;

    fn named(name: &str, body: Body) -> (Types, Shape) {
        (Types(vec![super::super::NamedType { name: name.into(), body }]), Shape::Named(0))
    }

    fn primitive(primitive: Primitive) -> Shape {
        Shape::Primitive(primitive)
    }

    fn fingerprint(shape: &Shape, types: &Types) -> Fingerprint {
        let method = MethodShape {
            name: "m".into(),
            id: 1,
            read: false,
            key: None,
            arguments: vec![("it".into(), shape.clone())],
            result: Shape::Unit,
        };
        Fingerprint::of(&method, types)
    }

    /// Shapes of all kinds, of which some agree.
    fn all() -> Vec<(Types, Shape)> {
        let (text, number) = (primitive(Primitive::Str), primitive(Primitive::U64));
        let fields = |names: [&str; 2]| {
            Fields::Named(names.map(|name| (name.into(), number.clone())).into_iter().collect())
        };
        let variant = |name: &str, fields| Variant { name: name.into(), fields };
        let bare = [
            text.clone(),
            number.clone(),
            primitive(Primitive::I64),
            primitive(Primitive::Bytes),
            Shape::List(Box::new(primitive(Primitive::U8))),
            Shape::List(Box::new(primitive(Primitive::I8))),
            Shape::Unit,
            Shape::Option(Box::new(number.clone())),
            Shape::Option(Box::new(text.clone())),
            Shape::List(Box::new(number.clone())),
            Shape::Map(Box::new(text.clone()), Box::new(number.clone())),
            Shape::Map(Box::new(number.clone()), Box::new(text.clone())),
            Shape::Tuple(vec![number.clone(), number.clone()]),
            Shape::Tuple(vec![number.clone(), text]),
            Shape::Tuple(vec![]),
            Shape::Opaque("Thing".into()),
        ];
        let types = [
            Body::Struct(Fields::Unit),
            Body::Struct(Fields::Newtype(number.clone())),
            Body::Struct(Fields::Newtype(Shape::Named(0))),
            Body::Struct(Fields::Tuple(vec![number.clone(), number.clone()])),
            Body::Struct(fields(["a", "b"])),
            Body::Struct(fields(["b", "a"])),
            Body::Struct(Fields::Named(vec![("next".into(), Shape::Option(Box::new(Shape::Named(0))))])),
            Body::Enum(vec![variant("A", Fields::Unit), variant("B", Fields::Unit)]),
            Body::Enum(vec![variant("B", Fields::Unit), variant("A", Fields::Unit)]),
            Body::Enum(vec![variant("A", Fields::Newtype(number.clone())), variant("B", Fields::Unit)]),
            Body::Enum(vec![variant("A", Fields::Tuple(vec![number.clone()])), variant("B", Fields::Unit)]),
            Body::Enum(vec![variant("A", fields(["a", "b"])), variant("B", Fields::Unit)]),
            Body::Enum(vec![variant("A", fields(["b", "a"])), variant("B", Fields::Unit)]),
        ];
        let bare = bare.into_iter().map(|shape| (Types::default(), shape));
        bare.chain(types.into_iter().map(|body| named("T", body))).collect()
    }

    #[test]
    fn shapes_that_agree_have_fingerprints_that_agree() {
        let all = all();
        let mut found = 0;
        for (types, shape) in &all {
            for (others, other) in &all {
                let (one, two) = (fingerprint(shape, types), fingerprint(other, others));
                let differ = contradiction((shape, types), (other, others)).is_some();
                let known = one != Fingerprint::UNKNOWN && two != Fingerprint::UNKNOWN;
                // A fingerprint is short. Of these shapes no two have the same by chance.
                assert_eq!(
                    one.contradicts(two),
                    differ && known,
                    "{shape:?} of {types:?}, {other:?} of {others:?}"
                );
                found += usize::from(differ && known);
            }
        }
        assert!(found > 400, "{found}");
    }

    #[test]
    fn what_has_no_fingerprint_agrees_with_everything() {
        let opaque = fingerprint(&Shape::Opaque("T".into()), &Types::default());
        assert_eq!(opaque, Fingerprint::UNKNOWN);
        for (types, shape) in all() {
            let other = fingerprint(&shape, &types);
            assert!(!opaque.contradicts(other) && !other.contradicts(opaque) && !other.contradicts(other));
        }
        // A chain of structs that was made to overflow the stack.
        let link =
            |next: u32| Body::Struct(Fields::Named(vec![(String::from("next"), Shape::Named(next + 1))]));
        let chain = (0..50_000).map(|at| super::super::NamedType { name: "Link".into(), body: link(at) });
        let end = super::super::NamedType { name: "End".into(), body: Body::Struct(Fields::Unit) };
        let types = Types(chain.chain([end]).collect());
        assert_eq!(fingerprint(&Shape::Named(0), &types), Fingerprint::UNKNOWN);
        // Structs that have the next one twice: the last one occurs 2^90 times.
        let fork = |at: u32| Fields::Tuple(vec![Shape::Named(at + 1), Shape::Named(at + 1)]);
        let forks =
            (0..90).map(|at| super::super::NamedType { name: "Fork".into(), body: Body::Struct(fork(at)) });
        let end = super::super::NamedType { name: "End".into(), body: Body::Struct(Fields::Unit) };
        assert_eq!(fingerprint(&Shape::Named(0), &Types(forks.chain([end]).collect())), Fingerprint::UNKNOWN);
    }
}
