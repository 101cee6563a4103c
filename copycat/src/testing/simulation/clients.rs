//! Clients: each sends an operation to a member, waits for the answer, pauses, and sends the next one.

use super::chance::{chance, millis};
use super::cluster::Cluster;
use super::event::Event;
use super::faults::Fault;
use super::history::Operation;
use super::machine::{APPEND, EXTEND, LOOK, STUMBLE, Taken, command};
use super::member::id;
use super::violation::Violation;
use crate::codec::access::{Access, Consistency, ReadOrder};
use crate::codec::command::{Call, Command};
use crate::codec::ids::{GroupId, MethodId};
use crate::node::shard::Input;
use crate::request::error::RequestError;
use crate::request::sender::{Answer, Request};
use std::time::Duration;
use tokio::sync::oneshot;

/// The task of a client, which determines its next operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientTask {
    /// Any operation through any member, until the healing.
    Wander,
    /// Calls of a line, concurrently with the other clients that share it, until the healing.
    Line { line: usize },
    /// One operation, at a moment that a fault has chosen.
    Probe { through: usize, group: GroupId, access: Access },
    /// After the healing: a write through this member to this group must succeed, and then a strict read.
    Write { through: usize, group: GroupId },
    /// The strict read after that write.
    Read { through: usize, group: GroupId },
    /// At the very end: this member's own state must be that of all committed commands.
    Compare { through: usize, group: GroupId },
    /// No more operations.
    Done,
}

/// A client.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub task: ClientTask,
    /// The operation that the client waits for.
    pub asked: Option<Operation>,
}

/// The content of a request.
#[derive(Debug)]
struct Drawn {
    method: MethodId,
    body: Vec<u8>,
    /// The request must fail.
    malformed: bool,
}

impl Client {
    pub(super) fn new(task: ClientTask) -> Client {
        Client { task, asked: None }
    }
}

impl Cluster<'_> {
    /// Sends the client's next operation, if its task has one.
    pub(super) fn ask(&mut self, client: usize) {
        assert!(self.clients[client].asked.is_none(), "one operation at a time");
        let (at, group, access) = match self.clients[client].task {
            ClientTask::Wander if self.healed_at.is_none() => self.wander(),
            ClientTask::Line { line } if self.healed_at.is_none() => match self.call_in_line(line) {
                Some(call) => call,
                None => return self.ask_later(client),
            },
            ClientTask::Probe { through, group, access } => (through, group, access),
            ClientTask::Write { through, group } => (through, group, Access::Write),
            ClientTask::Read { through, group } => (through, group, Access::read(Consistency::Strict)),
            ClientTask::Compare { through, group } => (through, group, Access::read(Consistency::Eventual)),
            ClientTask::Wander | ClientTask::Line { .. } | ClientTask::Done => return,
        };
        if self.members[at].process.is_none() {
            return self.go_on(client, false);
        }
        let mut asked = self.operation(client, group, access);
        let Drawn { method, body, malformed } = self.draw_call(self.clients[client].task, &asked);
        asked.malformed = malformed;
        self.note(&[30, client as u64, at as u64, asked.number, group.0], || {
            format!("client {client} asks {}: {} {} on group {}", id(at), asked.kind(), asked.number, group.0)
        });
        let (reply, answer) = oneshot::channel();
        self.clients[client].asked = Some(asked);
        let Some(process) = &mut self.members[at].process else { return };
        process.waiting.push((client, answer));
        let call = Call::new(access, Command { method, key_len: 0, body: body.into() });
        process.inbox.push(Input::Request(Request { group, call, reply }));
        self.wake(at);
    }

    /// Draws the content of a request. Requests of tasks that must succeed are well-formed.
    fn draw_call(&mut self, task: ClientTask, asked: &Operation) -> Drawn {
        let free = matches!(task, ClientTask::Wander | ClientTask::Line { .. });
        let number = asked.number;
        let malformed = free && chance(&mut self.random, self.plan.malformed);
        if malformed {
            self.report.faults.count(Fault::Malformed);
            let (method, body) = match (asked.access, self.random.u8(0..3)) {
                (Access::Read(..), _) => (APPEND, command(number, 8)),
                (Access::Write, 0) => (APPEND, vec![1, 2, 3]),
                (Access::Write, 1) => (LOOK, command(number, 8)),
                (Access::Write, _) => (MethodId::of("nothing"), command(number, 8)),
            };
            return Drawn { method, body, malformed };
        }
        if asked.access != Access::Write {
            return Drawn { method: LOOK, body: Vec::new(), malformed };
        }
        let body = command(number, self.random.usize(8..=self.plan.command_max));
        let panics = free && chance(&mut self.random, self.plan.panicking);
        self.report.faults.add(Fault::Panic, u64::from(panics));
        let newer = free && self.plan.old.is_some() && chance(&mut self.random, 100);
        let method = if panics {
            STUMBLE
        } else if newer {
            EXTEND
        } else {
            APPEND
        };
        Drawn { method, body, malformed }
    }

    fn wander(&mut self) -> (usize, GroupId, Access) {
        let access = self.draw_access();
        let at = self.random.usize(0..self.plan.members);
        (at, GroupId(self.random.u64(1..=self.plan.groups)), access)
    }

    pub(super) fn draw_access(&mut self) -> Access {
        let quiet = self.schedule.now() < self.quiet_until;
        match self.random.u8(0..10) {
            0..5 if !quiet => Access::Write,
            0..=6 => Access::read(Consistency::Strict),
            7 | 8 => Access::read(Consistency::Lease),
            _ => Access::read(Consistency::Eventual),
        }
    }

    fn operation(&mut self, client: usize, group: GroupId, access: Access) -> Operation {
        self.operations += 1;
        let known = self.ledgers.get(&group).map_or(0, |ledger| ledger.history.known());
        let line = match self.clients[client].task {
            ClientTask::Line { line } => Some(self.lines[line].number),
            _ => None,
        };
        let operation = Operation { number: self.operations, group, access, known, line, malformed: false };
        if let Some(ledger) = self.ledgers.get_mut(&group) {
            ledger.history.asked(&operation);
        }
        operation
    }

    fn ask_later(&mut self, client: usize) {
        let range = if self.healed_at.is_some() { 1..20 } else { self.options.think_ms.clone() };
        let mut pause = millis(&mut self.random, range);
        if matches!(self.clients[client].task, ClientTask::Line { .. }) && chance(&mut self.random, 800) {
            // At the same time as the client that was answered just now.
            pause = Duration::ZERO;
        }
        if self.healed_at.is_none() && chance(&mut self.random, 10) {
            // Quiet times show faults that a later message would hide.
            pause += Duration::from_millis(300);
        }
        if self.healed_at.is_none() {
            pause += self.lull_until.saturating_sub(self.schedule.now());
        }
        self.schedule.after(pause, Event::Ask { client });
    }

    /// Takes the answers that the member's process has given.
    pub(super) fn take_answers(&mut self, at: usize) -> Result<(), Violation> {
        let Some(process) = &mut self.members[at].process else { return Ok(()) };
        // A process that stops drops its inputs unread. Its clients learn that when it ends.
        let stops = process.shard.failure().is_some();
        let mut answers = Vec::new();
        let mut forgotten = false;
        process.waiting.retain_mut(|(client, receiver)| match receiver.try_recv() {
            Ok(answer) => {
                answers.push((*client, answer));
                false
            }
            Err(oneshot::error::TryRecvError::Closed) if stops => true,
            Err(oneshot::error::TryRecvError::Empty) => true,
            Err(oneshot::error::TryRecvError::Closed) => {
                forgotten = true;
                false
            }
        });
        if forgotten {
            return Err(Violation::Forgotten { member: id(at) });
        }
        answers.into_iter().try_for_each(|(client, answer)| self.answered(client, &answer))
    }

    fn answered(&mut self, client: usize, answer: &Answer) -> Result<(), Violation> {
        let asked = self.clients[client].asked.take().expect("only who asked is answered");
        let words = match answer {
            Ok(bytes) => [31, asked.number, 0, bytes.len() as u64],
            Err(error) => [31, asked.number, u64::from(error.code()), 0],
        };
        self.note(&words, || match answer {
            Ok(_) => format!("client {client} is answered: {} {}", asked.kind(), asked.number),
            Err(error) => format!("client {client} fails: {} {}: {error}", asked.kind(), asked.number),
        });
        if let Some(ledger) = self.ledgers.get_mut(&asked.group) {
            ledger.history.answered(&asked, answer)?;
        }
        if let ClientTask::Line { line } = self.clients[client].task {
            self.answered_in_line(line, &asked);
            let after_writes =
                matches!(asked.access, Access::Read(_, ReadOrder::AfterWrites)) && answer.is_ok();
            self.report.lined_reads += u64::from(after_writes);
        }
        match (asked.access, answer) {
            (Access::Write, Ok(_)) => self.report.writes += 1,
            (Access::Read(Consistency::Eventual, _), Ok(_)) => self.report.eventual_reads += 1,
            (Access::Read(..), Ok(_)) => self.report.reads += 1,
            (_, Err(error)) => {
                self.report.unknown += u64::from(is_unknown(answer));
                self.report.busy += u64::from(*error == RequestError::Busy);
                self.report.halted += u64::from(*error == RequestError::Halted);
            }
        }
        let newest = self.ledgers.get(&asked.group).map(|ledger| ledger.history.newest());
        let complete = answer.as_ref().is_ok_and(|bytes| Taken::decode(bytes) == newest);
        let compares = matches!(self.clients[client].task, ClientTask::Compare { .. });
        self.go_on(client, answer.is_ok() && (complete || !compares));
        Ok(())
    }

    /// Ends the client's operation because its member is gone.
    pub(super) fn lost(&mut self, client: usize) {
        self.report.unknown += 1;
        self.clients[client].asked = None;
        if let ClientTask::Line { line } = self.clients[client].task {
            self.begin_line(line);
        }
        self.go_on(client, false);
    }

    fn go_on(&mut self, client: usize, succeeded: bool) {
        let task = &mut self.clients[client].task;
        if matches!(task, ClientTask::Probe { .. }) {
            *task = ClientTask::Done;
            return;
        }
        if succeeded {
            *task = match *task {
                ClientTask::Write { through, group } => ClientTask::Read { through, group },
                ClientTask::Read { .. } | ClientTask::Compare { .. } => ClientTask::Done,
                other => other,
            };
        }
        self.ask_later(client);
    }
}

fn is_unknown(answer: &Answer) -> bool {
    matches!(answer, Err(RequestError::Timeout | RequestError::Disconnected | RequestError::Stopped))
}
