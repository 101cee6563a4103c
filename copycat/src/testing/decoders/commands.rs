//! Fuzzes commands of a user's state machine: the check before they are proposed, and their execution.

use super::Verdict;
use super::input::Input;
use crate::codec::access::{Access, Consistency};
use crate::codec::command::{Call, Command};
use crate::codec::frame::KEY_MAX;
use crate::codec::ids::MethodId;
use crate::node::machine::{Checks, Entry, Machine, MachineError, Query};
use crate::request::error::RequestError;
use crate::resource::commands::Commands;
use crate::resource::dispatch::{Dispatch, Replica};
use crate::resource::schema::schema_of;
use bytes::Bytes;
use std::sync::Arc;

/// Sends commands to a state whose methods never panic. Each command is two bytes of choices, two of the key's
/// length, two of the body's length, and the body. The last command takes all the rest.
pub fn commands<C: Dispatch<S>, S: Send + 'static>(state: S, bytes: &[u8]) -> Verdict {
    let schema = Arc::new(schema_of::<C>().schema);
    let (checks, mut replica) = (Checks::new(schema.clone()), Replica::new::<C>(state, schema));
    let (mut input, mut verdict) = (Input::new(bytes), Verdict::Refused);
    while !input.is_empty() {
        let command = Given::take::<C>(&mut input);
        verdict = verdict.or(command.run(&checks, &mut replica));
    }
    verdict
}

struct Given(Call);

impl Given {
    fn take<C: Commands>(input: &mut Input<'_>) -> Given {
        let (choice, access, key_len) = (input.u8(), input.u8(), input.u16());
        // Some commands name a method that does not exist.
        let known = C::METHODS.get(usize::from(choice) % (C::METHODS.len() + 1));
        let method = known.map_or_else(|| MethodId(input.u32()), |method| method.id);
        let access = match access & 7 {
            0..4 => known.filter(|method| method.is_read()).map_or(Access::Write, |_| strict()),
            4..6 => Access::Write,
            _ => strict(),
        };
        let (len, key_len) = (usize::from(input.u16()), u32::from(key_len));
        let key_len = if key_len == u32::from(u16::MAX) { KEY_MAX as u32 + 1 } else { key_len };
        let body = Bytes::copy_from_slice(input.take(if len == 0 { usize::MAX } else { len }));
        Given(Call::new(access, Command { method, key_len, body }))
    }

    fn run<S: Send + 'static>(&self, checks: &Checks, replica: &mut Replica<S>) -> Verdict {
        let Call { access, stamp, .. } = self.0;
        let (checked, command, mut out) = (checks.check(&self.0), self.0.command.borrow(), Vec::new());
        let answered = match access {
            Access::Write => replica.apply(&Entry { index: 1, time: 0, stamp, command }, &mut out),
            Access::Read(..) => replica.read(&Query { index: 0, time: 0, stamp, command }, &mut out),
        };
        assert!(answered.is_ok() || out.is_empty(), "an error has no result");
        match (access, checked, answered) {
            (_, _, Err(MachineError::Answer(RequestError::Panicked))) => {
                panic!("bytes made a method panic that never does")
            }
            (_, Ok(_), Err(MachineError::Halt(_) | MachineError::Answer(RequestError::UnknownMethod))) => {
                panic!("a command that was let in is none")
            }
            (_, Err(RequestError::UnknownMethod | RequestError::WrongKind), Ok(())) => {
                panic!("a command that is none ran")
            }
            (_, Ok(_), Ok(()) | Err(MachineError::Answer(RequestError::BadResult))) => Verdict::Accepted,
            (_, Ok(_), Err(MachineError::Answer(RequestError::BadArguments))) => Verdict::Refused,
            (_, Ok(_), Err(error)) => panic!("let in, and cannot be run: {}", error.answer()),
            // A command that the check refuses is never logged, even if it would have succeeded.
            (_, Err(_), _) => Verdict::Refused,
        }
    }
}

fn strict() -> Access {
    Access::read(Consistency::Strict)
}
