//! Encodes the arguments of commands by their shapes.

use super::arguments::{Arguments, CAPACITY, check_key_len};
use crate::codec::ids::MethodId;
use crate::codec::shape::encode_error::EncodeError;
use crate::codec::shape::encoded::Encoded;
use crate::codec::shape::encoder;
use crate::codec::shape::schema::{MethodShape, Schema};
use crate::codec::shape::{Shape, Types};
use crate::error::{Error, ErrorKind};
use serde::Serialize;
use std::sync::Arc;

/// The shapes of the arguments of all commands of a resource.
#[derive(Debug)]
pub(crate) struct Encoders {
    /// The name of the resource.
    resource: Arc<str>,
    types: Types,
    /// The commands, in the order of their ids.
    commands: Vec<(MethodId, CommandShapes)>,
}

/// The shapes of one command's arguments.
#[derive(Debug)]
pub(crate) struct CommandShapes {
    /// The arguments in the order of their declaration, with their names.
    pub declared: Vec<(String, Shape)>,
    /// The position of the key.
    pub key: Option<usize>,
    /// The other arguments, as one tuple.
    others: Shape,
}

impl Encoders {
    /// Takes the shapes from a schema.
    pub(crate) fn new(resource: Arc<str>, schema: &Schema) -> Encoders {
        let command = |method: &MethodShape| (MethodId(method.id), CommandShapes::new(method));
        let mut commands: Vec<_> = schema.methods.iter().map(command).collect();
        commands.sort_by_key(|(id, _)| *id);
        Encoders { resource, types: schema.types.clone(), commands }
    }

    /// Returns the encoder of a command's arguments. It refuses all arguments of a command that is not in the schema.
    pub(crate) fn of(&self, id: MethodId, method: &'static str) -> ArgumentEncoder<'_> {
        let found = self.commands.binary_search_by_key(&id, |(id, _)| *id);
        let shapes = found.ok().map(|at| &self.commands[at].1);
        ArgumentEncoder { shapes, types: &self.types, method, resource: &self.resource }
    }
}

impl CommandShapes {
    fn new(method: &MethodShape) -> CommandShapes {
        let key = method.key.map(|key| key as usize);
        let others = method.arguments.iter().enumerate().filter(|(at, _)| Some(*at) != key);
        let others: Vec<_> = others.map(|(_, (_, shape))| shape.clone()).collect();
        let others = if others.is_empty() { Shape::Unit } else { Shape::Tuple(others) };
        CommandShapes { declared: method.arguments.clone(), key, others }
    }

    /// Returns the name of the argument at this position among those that are not the key.
    fn other_name(&self, at: usize) -> &str {
        let others = self.declared.iter().enumerate().filter(|(at, _)| Some(*at) != self.key);
        others.map(|(_, (name, _))| name.as_str()).nth(at).unwrap_or_default()
    }
}

/// Encodes the arguments of one command.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentEncoder<'a> {
    /// The shapes; `None` if the resource has no such command.
    shapes: Option<&'a CommandShapes>,
    types: &'a Types,
    method: &'static str,
    resource: &'a Arc<str>,
}

impl<'a> ArgumentEncoder<'a> {
    /// Encodes a key and the tuple of the other arguments. If this fails, nothing was sent.
    pub fn keyed<K: Serialize + ?Sized, A: Serialize>(self, key: &K, others: &A) -> Result<Arguments, Error> {
        let mut body = Encoded::after(Vec::with_capacity(CAPACITY));
        let at = self.shapes()?.key.expect("the command has a key");
        self.argument(at, key, &mut body)?;
        let key_len = body.bytes.len();
        check_key_len(key_len)?;
        self.others(others, &mut body)?;
        Arguments::within_limits(body.bytes, key_len)
    }

    /// Encodes the tuple of the arguments of a command that has no key. If this fails, nothing was sent.
    pub fn keyless<A: Serialize>(self, arguments: &A) -> Result<Arguments, Error> {
        let mut body = Encoded::after(Vec::with_capacity(CAPACITY));
        self.others(arguments, &mut body)?;
        Arguments::within_limits(body.bytes, 0)
    }

    fn shapes(self) -> Result<&'a CommandShapes, Error> {
        let (name, resource) = (self.method, self.resource);
        self.shapes.ok_or_else(|| {
            ErrorKind::UnknownMethod { name: name.into(), resource: Arc::clone(resource) }.into()
        })
    }

    /// Returns the number of arguments.
    pub(super) fn len(self) -> Result<usize, Error> {
        Ok(self.shapes()?.declared.len())
    }

    /// Appends one argument, by its position in the declaration.
    pub(super) fn argument<T: Serialize + ?Sized>(
        self,
        at: usize,
        value: &T,
        out: &mut Encoded,
    ) -> Result<(), Error> {
        let (name, shape) = &self.shapes()?.declared[at];
        let encoded = encoder::encode(value, shape, self.types, out);
        encoded.map_err(|error| self.refused(name, error))
    }

    fn others<A: Serialize>(self, others: &A, out: &mut Encoded) -> Result<(), Error> {
        let shapes = self.shapes()?;
        let encoded = encoder::encode(others, &shapes.others, self.types, out);
        encoded.map_err(|mut error| {
            let at = error.take_first_part().unwrap_or_default();
            self.refused(shapes.other_name(at), error)
        })
    }

    fn refused(self, argument: &str, error: EncodeError) -> Error {
        ErrorKind::Arguments { argument: argument.into(), error }.into()
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
