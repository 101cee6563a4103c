//! Encodes the arguments of commands by their shapes.

use super::arguments::{Arguments, CAPACITY, check_key_len};
use crate::codec::ids::MethodId;
use crate::codec::shape::encode_error::EncodeError;
use crate::codec::shape::encoded::Encoded;
use crate::codec::shape::encoder;
use crate::codec::shape::fingerprint::Fingerprint;
use crate::codec::shape::schema::{MethodShape, Schema};
use crate::codec::shape::{Shape, Types};
use crate::error::{Cause, Error};
use serde::Serialize;
use std::sync::Arc;

/// The shapes of the arguments of all commands of a resource.
#[derive(Debug)]
pub(crate) struct Encoders {
    /// The name of the resource.
    resource: Arc<str>,
    schema: Arc<Schema>,
    /// The commands, in the order of their ids.
    commands: Vec<(MethodId, CommandShapes)>,
}

/// The shapes of one command's arguments.
#[derive(Debug)]
pub(crate) struct CommandShapes {
    /// The position of the command in the schema.
    at: usize,
    /// The arguments that are not the key, as one tuple.
    others: Shape,
    fingerprint: Fingerprint,
}

impl Encoders {
    /// Takes the shapes from a schema.
    pub(crate) fn new(resource: Arc<str>, schema: Arc<Schema>) -> Encoders {
        let command = |(at, method): (usize, &MethodShape)| {
            (MethodId(method.id), CommandShapes::new(at, method, &schema.types))
        };
        let mut commands: Vec<_> = schema.methods.iter().enumerate().map(command).collect();
        commands.sort_by_key(|(id, _)| *id);
        Encoders { resource, schema, commands }
    }

    /// Returns the schema.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the encoder of a command's arguments. It refuses all arguments of a command that is not in the schema.
    pub(crate) fn of(&self, id: MethodId, method: &'static str) -> ArgumentEncoder<'_> {
        let found = self.commands.binary_search_by_key(&id, |(id, _)| *id);
        let shapes = found.ok().map(|at| {
            let shapes = &self.commands[at].1;
            (&self.schema.methods[shapes.at], shapes)
        });
        ArgumentEncoder { shapes, types: &self.schema.types, method, resource: &self.resource }
    }
}

impl CommandShapes {
    fn new(at: usize, method: &MethodShape, types: &Types) -> CommandShapes {
        let others: Vec<_> = others(method).map(|(_, shape)| shape.clone()).collect();
        let others = if others.is_empty() { Shape::Unit } else { Shape::Tuple(others) };
        CommandShapes { at, others, fingerprint: Fingerprint::of(method, types) }
    }
}

/// Returns the arguments that are not the key.
fn others(method: &MethodShape) -> impl Iterator<Item = &(String, Shape)> {
    let key = method.key.map(|key| key as usize);
    method.arguments.iter().enumerate().filter(move |(at, _)| Some(*at) != key).map(|(_, other)| other)
}

/// Encodes the arguments of one command.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentEncoder<'a> {
    /// The command; `None` if the resource has no such one.
    shapes: Option<(&'a MethodShape, &'a CommandShapes)>,
    types: &'a Types,
    method: &'static str,
    resource: &'a Arc<str>,
}

impl<'a> ArgumentEncoder<'a> {
    /// Encodes a key and the tuple of the other arguments. If this fails, nothing was sent.
    pub fn keyed<K: Serialize + ?Sized, A: Serialize>(self, key: &K, others: &A) -> Result<Arguments, Error> {
        let mut body = Encoded::after(Vec::with_capacity(CAPACITY));
        let at = self.shapes()?.0.key.expect("the command has a key");
        self.argument(at as usize, key, &mut body)?;
        let key_len = body.bytes.len();
        check_key_len(key_len)?;
        self.others(others, &mut body)?;
        Arguments::within_limits(body.bytes, key_len, self.fingerprint()?)
    }

    /// Encodes the tuple of the arguments of a command that has no key. If this fails, nothing was sent.
    pub fn keyless<A: Serialize>(self, arguments: &A) -> Result<Arguments, Error> {
        let mut body = Encoded::after(Vec::with_capacity(CAPACITY));
        self.others(arguments, &mut body)?;
        Arguments::within_limits(body.bytes, 0, self.fingerprint()?)
    }

    /// Returns the fingerprint of the command's types.
    pub(super) fn fingerprint(self) -> Result<Fingerprint, Error> {
        Ok(self.shapes()?.1.fingerprint)
    }

    fn shapes(self) -> Result<(&'a MethodShape, &'a CommandShapes), Error> {
        let (name, resource) = (self.method, self.resource);
        self.shapes
            .ok_or_else(|| Cause::UnknownMethod { name: name.into(), resource: Arc::clone(resource) }.into())
    }

    /// Returns the number of arguments.
    pub(super) fn len(self) -> Result<usize, Error> {
        Ok(self.shapes()?.0.arguments.len())
    }

    /// Appends one argument, by its position in the declaration.
    pub(super) fn argument<T: Serialize + ?Sized>(
        self,
        at: usize,
        value: &T,
        out: &mut Encoded,
    ) -> Result<(), Error> {
        let (name, shape) = &self.shapes()?.0.arguments[at];
        let encoded = encoder::encode(value, shape, self.types, out);
        encoded.map_err(|error| self.refused(name, error))
    }

    fn others<A: Serialize>(self, others: &A, out: &mut Encoded) -> Result<(), Error> {
        let (method, shapes) = self.shapes()?;
        let encoded = encoder::encode(others, &shapes.others, self.types, out);
        encoded.map_err(|mut error| {
            let at = error.take_first_part().unwrap_or_default();
            let name = self::others(method).nth(at).map_or("", |(name, _)| name);
            self.refused(name, error)
        })
    }

    fn refused(self, argument: &str, error: EncodeError) -> Error {
        Cause::Arguments { argument: argument.into(), error }.into()
    }
}

#[cfg(test)]
use std::sync::LazyLock;

#[cfg(test)]
impl ArgumentEncoder<'static> {
    /// Returns an encoder for tests that encode otherwise.
    pub(super) fn unused() -> ArgumentEncoder<'static> {
        static TYPES: Types = Types(Vec::new());
        static RESOURCE: LazyLock<Arc<str>> = LazyLock::new(|| "unused".into());
        ArgumentEncoder { shapes: None, types: &TYPES, method: "unused", resource: &RESOURCE }
    }
}
