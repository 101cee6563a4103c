//! The thread that owns the state machines: committed entries in, answers out.
//!
//! User code runs here and nowhere else, so however long a method takes, elections, heartbeats and
//! flushes go on. Work arrives in log order per group and is done in that order: a read that was
//! handed over behind an entry sees it.

use super::failure::Failure;
use super::machine::Machine;
use super::reply::{Replies, ReplyTo};
use super::request::Answer;
use crate::codec::frame::{Frame, Kind};
use crate::codec::ids::{GroupId, Index, MethodId};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tracing::error;

/// Something for the applier to do.
#[derive(Debug)]
pub(crate) enum Work {
    /// A group's state machine, before its first entry.
    Attach {
        /// The group.
        group: GroupId,
        /// Its state.
        machine: Box<dyn Machine>,
        /// Where the applier tells how far it is.
        progress: Arc<Progress>,
    },
    /// Committed entries of a group, directly behind those handed over before.
    Apply {
        /// The group.
        group: GroupId,
        /// The entries, packed frames in order.
        frames: Vec<Bytes>,
        /// Who waits for the result of which entry, ascending.
        replies: Vec<(Index, ReplyTo)>,
    },
    /// A read that may run against whatever was applied before it in this order.
    Read {
        /// The group.
        group: GroupId,
        /// The method.
        method: MethodId,
        /// Its arguments.
        body: Bytes,
        /// If it rests on a lease: when that ends.
        lease_end: Option<Duration>,
        /// Where the result goes.
        reply: ReplyTo,
    },
}

/// How far the applier is with one group; written by it, read by the shard.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    applied: AtomicU64,
    applied_bytes: AtomicU64,
    reads: AtomicU64,
}

impl Progress {
    /// Index of the last entry that was applied.
    pub(crate) fn applied(&self) -> Index {
        self.applied.load(Ordering::Acquire)
    }

    /// Bytes of all entries applied since the start.
    pub(crate) fn applied_bytes(&self) -> u64 {
        self.applied_bytes.load(Ordering::Acquire)
    }

    /// How many reads were answered since the start.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Acquire)
    }

    fn advance(&self, index: Index, bytes: u64) {
        self.applied_bytes.fetch_add(bytes, Ordering::Release);
        self.applied.store(index, Ordering::Release);
    }
}

/// One group's state.
#[derive(Debug)]
struct Replica {
    machine: Box<dyn Machine>,
    progress: Arc<Progress>,
    applied: Index,
    /// Why nothing more is applied: an entry that this program does not understand. It is never skipped.
    halted: Option<Failure>,
}

/// All state machines of a shard.
#[derive(Debug, Default)]
pub(crate) struct Applier {
    replicas: BTreeMap<GroupId, Replica>,
    replies: Replies,
}

impl Applier {
    /// Does some work and sends the answers it led to. `clock` is the one the cores are given.
    pub(crate) fn run(&mut self, work: impl IntoIterator<Item = Work>, clock: &dyn Fn() -> Duration) {
        for item in work {
            match item {
                Work::Attach { group, machine, progress } => {
                    self.replicas.insert(group, Replica { machine, progress, applied: 0, halted: None });
                }
                Work::Apply { group, frames, replies } => self.apply(group, &frames, replies),
                Work::Read { group, method, body, lease_end, reply } => {
                    let answer = self.read(group, method, &body);
                    // The state is of this moment at the latest; only if the lease still holds now was it the newest.
                    let stale = lease_end.is_some_and(|end| clock() >= end);
                    self.replies.answer(reply, if stale { Err(Failure::NotLeader) } else { answer });
                }
            }
        }
        self.replies.flush();
    }

    fn apply(&mut self, group: GroupId, frames: &[Bytes], replies: Vec<(Index, ReplyTo)>) {
        let replica =
            self.replicas.get_mut(&group).expect("entries are handed over for attached groups only");
        let mut waiting = replies.into_iter().peekable();
        for chunk in frames {
            for frame in Frame::all_trusted(chunk) {
                let frame = frame.expect("the log verified what it handed out");
                let answer = replica.step(&frame);
                if let Some((_, reply)) = waiting.next_if(|(index, _)| *index == frame.header.index) {
                    self.replies.answer(reply, answer);
                }
            }
            replica.progress.advance(replica.applied, chunk.len() as u64);
        }
        assert!(waiting.next().is_none(), "every waiting reply belongs to an entry that was handed over");
    }

    fn read(&mut self, group: GroupId, method: MethodId, body: &[u8]) -> Answer {
        let replica = self.replicas.get(&group).expect("reads are handed over for attached groups only");
        let answer = match replica.halted {
            Some(failure) => Err(failure),
            None => {
                let mut out = Vec::new();
                replica.machine.read(method, body, &mut out).map(|()| Bytes::from(out))
            }
        };
        replica.progress.reads.fetch_add(1, Ordering::Release);
        answer
    }
}

impl Replica {
    fn step(&mut self, frame: &Frame<'_>) -> Answer {
        assert_eq!(frame.header.index, self.applied + 1, "entries are applied one behind the other");
        if let Some(failure) = self.halted {
            self.applied = frame.header.index;
            return Err(failure);
        }
        let answer = match frame.header.kind {
            Kind::Command => self.command(frame),
            Kind::Noop | Kind::Configuration | Kind::Schema => Ok(Bytes::new()),
            Kind::Vote => unreachable!("votes are not entries of a group's log"),
        };
        self.applied = frame.header.index;
        answer
    }

    fn command(&mut self, frame: &Frame<'_>) -> Answer {
        let mut out = Vec::new();
        let outcome = self.machine.apply(frame.header.method, frame.body, &mut out);
        if let Err(failure @ (Failure::UnknownMethod | Failure::WrongKind | Failure::BadArguments)) = outcome
        {
            // Checked before it was proposed, so a program with other commands proposed it.
            let (group, index, method) = (frame.header.group, frame.header.index, frame.header.method);
            error!(%group, index, %method, %failure, "an entry this program does not understand: the group's state stops here");
            self.halted = Some(failure);
        }
        outcome.map(|()| Bytes::from(out))
    }
}
