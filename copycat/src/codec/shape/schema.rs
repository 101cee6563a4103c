//! The commands of a state machine with the shapes of their arguments and results, as data.

use super::contradiction::{Contradiction, contradiction, difference};
use super::{Shape, Types};
use crate::codec::ids::MethodId;
use crate::codec::payload::{self, PayloadError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use thiserror::Error;

/// Most bytes of an encoded schema.
pub(crate) const SCHEMA_MAX: usize = 1 << 20;

/// The commands of one state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Schema {
    /// The name of the trait, or of the type of the `impl` block.
    pub name: String,
    /// The commands, in the order of their declaration.
    pub methods: Vec<MethodShape>,
    /// The structs and enums that their shapes refer to.
    pub types: Types,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MethodShape {
    /// The name.
    pub name: String,
    /// The id in the log.
    pub id: u32,
    /// Whether it changes nothing. Then it is in no log.
    pub read: bool,
    /// The position of the key among the arguments. The key is encoded first.
    pub key: Option<u32>,
    /// The names and shapes of the arguments, in the order of their declaration.
    pub arguments: Vec<(String, Shape)>,
    /// The shape of the result.
    pub result: Shape,
}

/// Why bytes are no schema.
#[derive(Debug, Error)]
pub(crate) enum SchemaError {
    /// They do not decode.
    #[error("{0}")]
    Encoding(#[from] PayloadError),
    /// They refer to a type or an argument that does not exist, or two commands have one id.
    #[error("it refers to what it does not contain, or names a command twice")]
    Dangling,
    /// There are too many of them.
    #[error("{0} bytes; at most {SCHEMA_MAX}")]
    TooLarge(usize),
}

/// A type whose values cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The command.
    pub method: &'static str,
    /// The type, as the author wrote it: its last name.
    pub written: &'static str,
    /// The structs and enums inside of it that lead to the part that cannot be decoded, outermost first.
    pub inside: Vec<&'static str>,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Flaw { method, written, inside } = self;
        write!(f, "`{written}` in `{method}`")?;
        if inside.last().is_some_and(|last| last != written) {
            write!(f, " (inside of `{}`)", inside.join("` › `"))?;
        }
        Ok(())
    }
}

/// A difference between two schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The name of the command; empty if the whole differs.
    pub method: String,
    /// What differs.
    pub what: What,
}

/// What differs between two schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Only the found schema has the command.
    Added,
    /// Only the recorded schema has the command.
    Missing,
    /// The state machines have other names, and each has commands that the other lacks.
    StateMachine {
        /// The recorded name.
        recorded: String,
        /// The found name.
        found: String,
    },
    /// One of them is a read, the other is not.
    Kind {
        /// Whether the recorded one is the read.
        recorded_read: bool,
    },
    /// The keys are different arguments.
    Key {
        /// The recorded key, if there is one.
        recorded: Option<String>,
        /// The found key, if there is one.
        found: Option<String>,
    },
    /// The number of arguments, or the order of those with the same names.
    Arguments {
        /// The recorded names.
        recorded: Vec<String>,
        /// The found names.
        found: Vec<String>,
    },
    /// The shape of an argument, or of the result.
    Shape {
        /// The name of the argument; `None` for the result.
        argument: Option<String>,
        /// Where, and the two shapes.
        contradiction: Contradiction,
    },
}

/// Encodes a value. Fails if it takes more than `bytes_max` bytes.
pub(super) fn encode<T: Serialize>(value: &T, bytes_max: usize) -> Result<Vec<u8>, SchemaError> {
    let mut bytes = Vec::new();
    payload::append(value, &mut bytes)?;
    if bytes.len() > bytes_max { Err(SchemaError::TooLarge(bytes.len())) } else { Ok(bytes) }
}

/// Decodes a value. Fails if there are more than `bytes_max` bytes.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8], bytes_max: usize) -> Result<T, SchemaError> {
    if bytes.len() > bytes_max {
        return Err(SchemaError::TooLarge(bytes.len()));
    }
    Ok(payload::decode(bytes)?)
}

impl Schema {
    /// Encodes the schema.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, SchemaError> {
        encode(self, SCHEMA_MAX)
    }

    /// Decodes a schema. What it refers to exists.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Schema, SchemaError> {
        let schema: Schema = decode(bytes, SCHEMA_MAX)?;
        if schema.is_closed() { Ok(schema) } else { Err(SchemaError::Dangling) }
    }

    /// Returns whether everything that the schema refers to exists, and each command has an id of its own.
    pub(super) fn is_closed(&self) -> bool {
        let methods = self.methods.iter().all(|method| {
            let MethodShape { id, key, arguments, result, .. } = method;
            let mut shapes = arguments.iter().map(|(_, shape)| shape).chain([result]);
            *id != 0
                && key.is_none_or(|key| (key as usize) < arguments.len())
                && shapes.all(|shape| self.types.contain(shape))
        });
        let ids: BTreeSet<u32> = self.methods.iter().map(|method| method.id).collect();
        methods && ids.len() == self.methods.len() && self.types.are_closed()
    }

    /// Returns the command with this id.
    pub(crate) fn method(&self, id: MethodId) -> Option<&MethodShape> {
        self.methods.iter().find(|method| method.id == id.0)
    }

    /// Returns the ids of the commands that `other` has as well, alike in everything that is encoded.
    pub(crate) fn shared_with(&self, other: &Schema) -> BTreeSet<MethodId> {
        let alike = self.methods.iter().filter(|own| {
            let found = other.method(MethodId(own.id));
            found.is_some_and(|found| self.method_differences(own, other, found).is_empty())
        });
        alike.map(|method| MethodId(method.id)).collect()
    }

    /// Returns everything in which `found` differs from this schema. Commands are the same if their ids are.
    pub(crate) fn differences(&self, found: &Schema) -> Vec<Difference> {
        let known = self.methods.iter().flat_map(|recorded| {
            let missing = || vec![What::Missing];
            let other = found.method(MethodId(recorded.id));
            let what = other.map_or_else(missing, |other| self.method_differences(recorded, found, other));
            what.into_iter().map(|what| Difference { method: recorded.name.clone(), what })
        });
        let added = found.methods.iter().filter(|method| self.method(MethodId(method.id)).is_none());
        let added = added.map(|method| Difference { method: method.name.clone(), what: What::Added });
        let mut differences: Vec<_> = known.chain(added).collect();
        let has = |what| differences.iter().any(|difference| difference.what == what);
        if self.name != found.name && has(What::Added) && has(What::Missing) {
            let what = What::StateMachine { recorded: self.name.clone(), found: found.name.clone() };
            differences.insert(0, Difference { method: String::new(), what });
        }
        differences
    }

    /// Returns the names of the commands of which another part is opaque than in this schema. They must not contradict
    /// each other.
    pub(crate) fn otherwise_known(&self, found: &Schema) -> Vec<&str> {
        let otherwise = |recorded: &&MethodShape| {
            found.method(MethodId(recorded.id)).is_some_and(|other| {
                recorded
                    .shapes()
                    .zip(other.shapes())
                    .any(|(left, right)| difference((left, &self.types), (right, &found.types)).is_some())
            })
        };
        self.methods.iter().filter(otherwise).map(|method| &method.name[..]).collect()
    }

    fn method_differences(&self, recorded: &MethodShape, other: &Schema, found: &MethodShape) -> Vec<What> {
        let mut differences = Vec::new();
        if recorded.read != found.read {
            differences.push(What::Kind { recorded_read: recorded.read });
        }
        if recorded.arguments.len() != found.arguments.len() || recorded.is_reordered(found) {
            let (recorded, found) = (recorded.argument_names(), found.argument_names());
            differences.push(What::Arguments { recorded, found });
            return differences;
        }
        if recorded.key != found.key {
            differences.push(What::Key { recorded: recorded.key_name(), found: found.key_name() });
        }
        let arguments = recorded.arguments.iter().zip(&found.arguments);
        let results = (None, &recorded.result, &found.result);
        let shapes = arguments.map(|((name, left), (_, right))| (Some(name.clone()), left, right));
        differences.extend(shapes.chain([results]).filter_map(|(argument, left, right)| {
            let contradiction = contradiction((left, &self.types), (right, &other.types))?;
            Some(What::Shape { argument, contradiction })
        }));
        differences
    }
}

impl MethodShape {
    /// Returns the shapes of the arguments and the result.
    fn shapes(&self) -> impl Iterator<Item = &Shape> {
        self.arguments.iter().map(|(_, shape)| shape).chain([&self.result])
    }

    /// Returns whether an argument of the same name is at another position. A mere renaming is no difference.
    fn is_reordered(&self, found: &MethodShape) -> bool {
        let position = |name: &str| found.arguments.iter().position(|(other, _)| other == name);
        let mut names = self.arguments.iter().enumerate();
        names.any(|(at, (name, _))| position(name).is_some_and(|other| other != at))
    }

    fn argument_names(&self) -> Vec<String> {
        self.arguments.iter().map(|(name, _)| name.clone()).collect()
    }

    fn key_name(&self) -> Option<String> {
        self.key.map(|key| self.arguments[key as usize].0.clone())
    }
}

impl Difference {
    /// Returns whether bytes that one of the schemas describes mean something else, or nothing, to the other.
    pub(crate) fn is_contradiction(&self) -> bool {
        !matches!(self.what, What::Added | What::Missing)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let What::StateMachine { recorded, found } = &self.what {
            return write!(f, "the state machine was `{recorded}`, and is `{found}`");
        }
        write!(f, "`{}`: ", self.method.escape_debug())?;
        let kind = |read: bool| if read { "a read" } else { "a write" };
        let key = |name: &Option<String>| match name {
            Some(name) => format!("`{name}`"),
            None => "none".into(),
        };
        match &self.what {
            What::StateMachine { .. } => Ok(()),
            What::Added => f.write_str("is new"),
            What::Missing => f.write_str("is gone"),
            What::Kind { recorded_read } => {
                write!(f, "was {}, and is {}", kind(*recorded_read), kind(!recorded_read))
            }
            What::Key { recorded, found } => {
                write!(f, "its key was {}, and is {}", key(recorded), key(found))
            }
            What::Arguments { recorded, found } => {
                write!(f, "its arguments were ({}), and are ({})", recorded.join(", "), found.join(", "))
            }
            What::Shape { argument, contradiction } => {
                let Contradiction { path, recorded, found } = contradiction;
                match argument {
                    Some(name) => write!(f, "its argument `{name}{path}`")?,
                    None if path.is_empty() => f.write_str("its result")?,
                    None => write!(f, "`{path}` of its result")?,
                }
                write!(f, " was {recorded}, and is {found}")
            }
        }
    }
}
