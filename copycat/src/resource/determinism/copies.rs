//! Runs the same commands on two copies of a state, in surroundings as different as one process allows.
//!
//! Each copy is created and used on a thread of its own. The first one and its thread stay until the second one is done,
//! so they share no address. The second one begins in a later second of the wall clock than the first one ended. It is
//! written and read back now and then, so it forgets what serde skips, and its hash maps get other hashers.

use super::answers::Answer;
use super::commands::TestCommand;
use super::states;
use crate::codec::command::{Command, Stamp};
use crate::codec::ids::MethodId;
use crate::codec::payload::{self, PayloadError};
use crate::codec::shape::schema::Schema;
use crate::node::machine::{Entry, Machine, Query};
use crate::resource::dispatch::{Dispatch, Replica};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::{Arc, mpsc};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What both copies do.
pub(super) struct Plan {
    /// The schema of the commands.
    pub schema: Arc<Schema>,
    /// The commands. Number 1 is the first one.
    pub commands: Vec<TestCommand>,
    /// The numbers of commands after which states are taken, in addition to the usual ones.
    pub window: Range<usize>,
}

/// What a copy did.
pub(super) struct Step {
    /// The answer to the command.
    pub answer: Answer,
    /// The encoded state behind it, if it was taken.
    pub state: Option<Vec<u8>>,
}

/// A state that cannot be written or not be read back.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// The number of the last command; 0 for a new state.
    pub after: usize,
    /// The reason.
    pub error: PayloadError,
}

/// The steps of a copy. Number 0 is its creation.
pub(super) type Steps = Result<Vec<Step>, Unreadable>;

/// Returns the number of commands between two states that are taken, near the command with this number. Most of the
/// first states are taken; later ones so that their number grows with the logarithm of the commands.
fn distance(number: usize) -> usize {
    (number.next_power_of_two() / 64).max(1)
}

impl Plan {
    fn takes_state(&self, number: usize) -> bool {
        let is_last = number == self.commands.len();
        number.is_multiple_of(distance(number)) || self.window.contains(&number) || is_last
    }

    fn reads_back(number: usize) -> bool {
        number.is_multiple_of(5 * distance(number))
    }
}

/// Runs the plan on both copies.
pub(super) fn both<C, S, F>(init: &F, plan: &Plan) -> (Steps, Steps)
where
    C: Dispatch<S>,
    S: Serialize + DeserializeOwned + Send + 'static,
    F: Fn() -> S + Sync,
{
    thread::scope(|scope| {
        let (done, until_done) = mpsc::channel::<()>();
        let (sender, steps) = mpsc::channel();
        let first = spawn(scope, "first-copy", move || {
            let mut copy = Replica::new::<C>(init(), plan.schema.clone());
            // The other side waits, unless this thread panics.
            let _ = sender.send(run(&mut copy, plan, false));
            drop(sender);
            // Nothing is ever sent: this waits until the sender is dropped.
            let _ = until_done.recv();
        });
        let Ok(one) = steps.recv() else { resume_unwind(first.join().expect_err("it sent no steps")) };
        wait_for_the_next_second();
        let second = spawn(scope, "second-copy", || {
            run(&mut Replica::new::<C>(init(), plan.schema.clone()), plan, true)
        });
        let other = second.join();
        drop(done);
        (one, other.unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    body: impl FnOnce() -> T + Send + 'scope,
) -> ScopedJoinHandle<'scope, T> {
    let thread = thread::Builder::new().name(name.into());
    thread.spawn_scoped(scope, body).expect("a thread for a copy of the state")
}

/// Waits until the second of the wall clock has changed. Then whoever reads it reads another one than before.
fn wait_for_the_next_second() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    thread::sleep(Duration::from_secs(1) - Duration::from_nanos(now.subsec_nanos().into()));
}

/// Runs the plan on one copy.
fn run<S>(copy: &mut Replica<S>, plan: &Plan, reads_back: bool) -> Steps
where
    S: Serialize + DeserializeOwned + Send + 'static,
{
    let mut steps = Vec::with_capacity(plan.commands.len() + 1);
    for number in 0..=plan.commands.len() {
        let answer = match number.checked_sub(1) {
            Some(at) => answer(copy, &plan.commands[at], number, &plan.schema),
            None => Ok(Vec::new()),
        };
        let failed = |error| Unreadable { after: number, error };
        let state = plan.takes_state(number).then(|| states::encode(copy.state())).transpose();
        let state = state.map_err(failed)?;
        if reads_back && Plan::reads_back(number) {
            let bytes = states::encode(copy.state()).map_err(failed)?;
            copy.replace_state(payload::decode(&bytes).map_err(failed)?);
        }
        steps.push(Step { answer, state });
    }
    Ok(steps)
}

fn answer<S: Send + 'static>(
    copy: &mut Replica<S>,
    command: &TestCommand,
    number: usize,
    schema: &Schema,
) -> Answer {
    let TestCommand { method, body, key_len } = command;
    let shape = &schema.methods[*method];
    let method = MethodId(shape.id);
    let command = Command { method, key_len: *key_len as u32, body: &body[..] };
    let (index, time, stamp, mut out) = (number as u64, number as u64, Stamp::NONE, Vec::new());
    let outcome = match shape.read {
        true => copy.read(&Query { index, time, stamp, command }, &mut out),
        false => copy.apply(&Entry { index, time, stamp, command }, &mut out),
    };
    outcome.map(|()| out).map_err(|error| error.answer())
}
