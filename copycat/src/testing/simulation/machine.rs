//! The state machine of the simulated groups: a tape that counts and hashes its commands. Its state shows exactly
//! which commands it has applied, and in which order.

use crate::codec::command::Command;
use crate::codec::ids::MethodId;
use crate::codec::shape::schema::{MethodShape, Schema};
use crate::codec::shape::{Shape, Types};
use crate::node::machine::{Entry, Halt, Machine, MachineError, Query};
use crate::request::error::RequestError;

/// Appends an operation.
pub(super) const APPEND: MethodId = MethodId::of("append");
/// Appends an operation, like `APPEND`. Only the newer program knows it.
pub(super) const EXTEND: MethodId = MethodId::of("extend");
/// Appends an operation and then panics.
pub(super) const STUMBLE: MethodId = MethodId::of("stumble");
/// Returns what was appended.
pub(super) const LOOK: MethodId = MethodId::of("look");

/// The state of a tape, and the content of each answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Number of commands.
    pub count: u64,
    /// Hash of all commands, in order.
    pub chain: u64,
}

impl Taken {
    /// Returns the state after one more command.
    pub(super) fn then(self, body: &[u8]) -> Taken {
        let chain = self.chain.rotate_left(7) ^ xxhash_rust::xxh3::xxh3_64(body);
        Taken { count: self.count + 1, chain: chain.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.chain.to_le_bytes());
    }

    /// Decodes an answer; `None` if no tape made it.
    pub(super) fn decode(answer: &[u8]) -> Option<Taken> {
        let (count, chain) = answer.split_first_chunk::<8>()?;
        Some(Taken { count: u64::from_le_bytes(*count), chain: u64::from_le_bytes(chain.try_into().ok()?) })
    }
}

/// Returns the number of the operation that a command carries.
pub(super) fn operation(body: &[u8]) -> Option<u64> {
    body.first_chunk().map(|number| u64::from_le_bytes(*number))
}

/// Returns the command of an operation, padded to `len` bytes (at least 8).
pub(super) fn command(operation: u64, len: usize) -> Vec<u8> {
    let mut body = operation.to_le_bytes().to_vec();
    body.resize(len.max(8), operation as u8);
    body
}

/// Returns whether commands of this method may be in a group's log.
pub(super) fn is_write(method: MethodId) -> bool {
    [APPEND, EXTEND, STUMBLE].contains(&method)
}

/// Returns the schema of a tape's commands, as the older or the newer program has it.
pub(super) fn schema(old: bool) -> Schema {
    let method = |name: &str, read| MethodShape {
        name: name.into(),
        id: MethodId::of(name).0,
        read,
        key: None,
        // A record is much longer than a command, so there may be space for one and not for the other.
        arguments: vec![("x".repeat(1_000), Shape::Opaque("Tape".into()))],
        result: Shape::Opaque("Taken".into()),
    };
    let mut methods = vec![method("append", false), method("stumble", false), method("look", true)];
    if !old {
        methods.push(method("extend", false));
    }
    Schema { name: "Tape".into(), methods, types: Types::default() }
}

/// One replica.
#[derive(Debug)]
pub(super) struct Recorder {
    taken: Taken,
    /// The replica runs the older program.
    old: bool,
}

impl Recorder {
    /// Creates an empty tape.
    pub(super) fn new(old: bool) -> Recorder {
        Recorder { taken: Taken::default(), old }
    }
}

impl Machine for Recorder {
    fn apply(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<(), MachineError> {
        let Command { method, body, .. } = entry.command;
        if method == EXTEND && self.old || !is_write(method) {
            return Err(Halt::UnknownMethod.into());
        }
        if operation(body).is_none() {
            return Err(RequestError::BadArguments.into());
        }
        self.taken = self.taken.then(body);
        if method == STUMBLE {
            return Err(RequestError::Panicked.into());
        }
        self.taken.encode(out);
        Ok(())
    }

    fn read(&self, query: &Query<'_>, out: &mut Vec<u8>) -> Result<(), MachineError> {
        if query.command.method != LOOK {
            return Err(RequestError::UnknownMethod.into());
        }
        self.taken.encode(out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_commands_shows_in_the_state() {
        let (a, b) = (command(1, 8), command(2, 40));
        assert_eq!(operation(&b), Some(2));
        let one = Taken::default().then(&a).then(&b);
        let other = Taken::default().then(&b).then(&a);
        assert_eq!(one.count, other.count);
        assert_ne!(one.chain, other.chain);
        let mut bytes = Vec::new();
        one.encode(&mut bytes);
        assert_eq!(Taken::decode(&bytes), Some(one));
        assert_eq!(Taken::decode(&bytes[1..]), None);
    }
}
