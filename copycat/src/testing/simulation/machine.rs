//! The state machine the simulated groups run: a tape that remembers every command it was given, by
//! number and by hash, so that its state says exactly which commands it has applied, in which order.

use crate::codec::access::Access;
use crate::codec::command::{Call, Command};
use crate::codec::ids::MethodId;
use crate::node::machine::{Checker, Entry, Machine, Query};
use crate::request::failure::Failure;

/// Appends an operation.
pub(super) const APPEND: MethodId = MethodId::of("append");
/// The same, in the newer program only.
pub(super) const EXTEND: MethodId = MethodId::of("extend");
/// The same, but then it panics.
pub(super) const STUMBLE: MethodId = MethodId::of("stumble");
/// Tells what was appended.
pub(super) const LOOK: MethodId = MethodId::of("look");

/// What a tape has taken, and what each answer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// How many commands.
    pub count: u64,
    /// A hash of all of them, in order.
    pub chain: u64,
}

impl Taken {
    /// With one more command.
    pub(super) fn then(self, body: &[u8]) -> Taken {
        let chain = self.chain.rotate_left(7) ^ xxhash_rust::xxh3::xxh3_64(body);
        Taken { count: self.count + 1, chain: chain.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.chain.to_le_bytes());
    }

    /// What an answer says; `None` if it is none of a tape's.
    pub(super) fn decode(answer: &[u8]) -> Option<Taken> {
        let (count, chain) = answer.split_first_chunk::<8>()?;
        Some(Taken { count: u64::from_le_bytes(*count), chain: u64::from_le_bytes(chain.try_into().ok()?) })
    }
}

/// The number of the operation that a command carries.
pub(super) fn operation(body: &[u8]) -> Option<u64> {
    body.first_chunk().map(|number| u64::from_le_bytes(*number))
}

/// The command of an operation, filled up to `len` bytes.
pub(super) fn command(operation: u64, len: usize) -> Vec<u8> {
    let mut body = operation.to_le_bytes().to_vec();
    body.resize(len.max(8), operation as u8);
    body
}

/// Whether a group's log may hold it.
pub(super) fn is_write(method: MethodId, body: &[u8]) -> bool {
    [APPEND, EXTEND, STUMBLE].contains(&method) && operation(body).is_some()
}

/// One replica.
#[derive(Debug)]
pub(super) struct Tape {
    taken: Taken,
    /// It runs the older program.
    old: bool,
}

impl Tape {
    /// An empty one.
    pub(super) fn new(old: bool) -> Tape {
        Tape { taken: Taken::default(), old }
    }
}

impl Machine for Tape {
    fn apply(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
        let Command { method, body, .. } = entry.command;
        if method == EXTEND && self.old || !is_write(method, body) {
            return Err(Failure::UnknownMethod);
        }
        self.taken = self.taken.then(body);
        if method == STUMBLE {
            return Err(Failure::Panicked);
        }
        self.taken.encode(out);
        Ok(())
    }

    fn read(&self, query: &Query<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
        if query.command.method != LOOK {
            return Err(Failure::UnknownMethod);
        }
        self.taken.encode(out);
        Ok(())
    }
}

/// What a tape takes.
#[derive(Debug)]
pub(super) struct TapeChecker {
    /// Of the older program.
    pub old: bool,
}

impl Checker for TapeChecker {
    fn check(&self, call: &Call) -> Result<(), Failure> {
        let Command { method, body, .. } = call.command.borrow();
        match (call.access, method) {
            (_, EXTEND) if self.old => Err(Failure::UnknownMethod),
            (Access::Write, APPEND | EXTEND | STUMBLE) if operation(body).is_none() => {
                Err(Failure::BadArguments)
            }
            (Access::Write, APPEND | EXTEND | STUMBLE) | (Access::Read(..), LOOK) => Ok(()),
            (_, APPEND | EXTEND | STUMBLE | LOOK) => Err(Failure::WrongKind),
            _ => Err(Failure::UnknownMethod),
        }
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
