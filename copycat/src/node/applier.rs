//! The thread that owns the state machines: committed entries in, answers out.
//!
//! User code runs here and nowhere else, so however long a method takes, elections, heartbeats and
//! flushes go on. Work arrives in log order per group and is done in that order: a read that was
//! handed over behind an entry sees it.

use super::machine::{Entry, Machine, Query};
use crate::codec::command::{Command, Stamp};
use crate::codec::frame::{Frame, Header, Kind};
use crate::codec::ids::{GroupId, Index};
use crate::request::failure::Failure;
use crate::request::reply::{Replies, ReplyTo};
use crate::request::sender::Answer;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
        /// Last entry that the state reflects; 0: none.
        from: Index,
        /// Where the applier tells how far it is.
        progress: Arc<ApplyProgress>,
    },
    /// Committed entries of a group, directly behind those handed over before.
    Apply {
        /// The group.
        group: GroupId,
        /// The entries, packed frames in order.
        frames: Vec<Bytes>,
        /// Who waits for the result of which entry, ascending.
        replies: Vec<(Index, ReplyTo)>,
        /// Reads that see none of the entries behind an index, which is before the last; ascending.
        reads: Vec<(Index, Read)>,
    },
    /// The group's code goes away again: whoever opened it did not wait for it.
    Detach {
        /// The group.
        group: GroupId,
    },
    /// A read that may run against whatever was applied before it in this order.
    Read {
        /// The group.
        group: GroupId,
        /// What is read.
        read: Read,
    },
}

/// What is read, and for whom.
#[derive(Debug)]
pub(crate) struct Read {
    /// Who asks.
    pub stamp: Stamp,
    /// What is asked.
    pub command: Command,
    /// If it rests on a lease: when that ends.
    pub lease_end: Option<Duration>,
    /// Where the result goes.
    pub reply: ReplyTo,
}

/// How far the applier is with one group; written by it, read by the shard.
#[derive(Debug, Default)]
pub(crate) struct ApplyProgress {
    applied: AtomicU64,
    applied_bytes: AtomicU64,
    reads: AtomicU64,
    read_bytes: AtomicU64,
    halted: AtomicBool,
}

impl ApplyProgress {
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

    /// Bytes of the arguments of all reads answered since the start.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Acquire)
    }

    /// Whether the group met an entry that this program does not understand.
    pub(crate) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Acquire)
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
    progress: Arc<ApplyProgress>,
    applied: Index,
    /// Cluster time of the last entry that was applied.
    time: u64,
    /// Last entry that was handed over.
    seen: Index,
    /// An entry that this program does not understand was met: it is never skipped, and nothing behind it is
    /// applied.
    halted: bool,
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
                Work::Attach { group, machine, from, progress } => {
                    self.replicas.insert(group, Replica::new(machine, from, progress));
                }
                Work::Detach { group } => drop(self.replicas.remove(&group)),
                Work::Apply { group, frames, replies, reads } => {
                    let replica = attached(&mut self.replicas, group);
                    replica.apply(&frames, replies, reads, clock, &mut self.replies);
                }
                Work::Read { group, read } => {
                    attached(&mut self.replicas, group).answer(read, clock, &mut self.replies);
                }
            }
        }
        self.replies.flush();
    }
}

fn attached(replicas: &mut BTreeMap<GroupId, Replica>, group: GroupId) -> &mut Replica {
    replicas.get_mut(&group).expect("work is handed over for attached groups only")
}

impl Replica {
    fn new(machine: Box<dyn Machine>, from: Index, progress: Arc<ApplyProgress>) -> Replica {
        progress.applied.store(from, Ordering::Release);
        Replica { machine, progress, applied: from, time: 0, seen: from, halted: false }
    }

    fn apply(
        &mut self,
        frames: &[Bytes],
        owed: Vec<(Index, ReplyTo)>,
        reads: Vec<(Index, Read)>,
        clock: &dyn Fn() -> Duration,
        replies: &mut Replies,
    ) {
        let (mut owed, mut reads) = (owed.into_iter().peekable(), reads.into_iter().peekable());
        for chunk in frames {
            for frame in Frame::all_trusted(chunk) {
                let frame = frame.expect("the log verified what it handed out");
                while let Some((_, read)) = reads.next_if(|(index, _)| *index < frame.header.index) {
                    self.answer(read, clock, replies);
                }
                let answer = self.step(&frame);
                if let Some((_, reply)) = owed.next_if(|(index, _)| *index == frame.header.index) {
                    replies.answer(reply, answer);
                }
            }
            self.progress.advance(self.applied, chunk.len() as u64);
        }
        assert!(owed.next().is_none(), "every waiting reply belongs to an entry that was handed over");
        assert!(reads.next().is_none(), "every read that came with entries runs before the last of them");
    }

    fn answer(&mut self, read: Read, clock: &dyn Fn() -> Duration, replies: &mut Replies) {
        let Read { stamp, command, lease_end, reply } = read;
        let answer = self.read(stamp, command.borrow());
        // The state is of this moment at the latest; only if the lease still holds now was it the newest.
        let stale = lease_end.is_some_and(|end| clock() >= end);
        replies.answer(reply, if stale { Err(Failure::NotLeader) } else { answer });
    }

    fn read(&self, stamp: Stamp, command: Command<&[u8]>) -> Answer {
        self.progress.reads.fetch_add(1, Ordering::Release);
        self.progress.read_bytes.fetch_add(command.len() as u64, Ordering::Release);
        if self.halted {
            return Err(Failure::Halted);
        }
        let mut out = Vec::new();
        let query = Query { index: self.applied, time: self.time, stamp, command };
        self.machine.read(&query, &mut out).map(|()| Bytes::from(out))
    }

    fn step(&mut self, frame: &Frame<'_>) -> Answer {
        assert_eq!(frame.header.index, self.seen + 1, "entries come one behind the other");
        self.seen = frame.header.index;
        if self.halted {
            return Err(Failure::Halted);
        }
        let answer = match frame.header.kind {
            Kind::Command => self.command(frame),
            Kind::Noop | Kind::Configuration => Ok(Bytes::new()),
            Kind::Schema
            | Kind::OpenSession
            | Kind::CloseSession
            | Kind::Tick
            | Kind::Answer
            | Kind::Lifecycle => self.halt(frame, "this version knows no such entries"),
            Kind::Vote | Kind::Commit => unreachable!("no entries of a group's log"),
        };
        if !self.halted {
            (self.applied, self.time) = (frame.header.index, frame.header.time);
        }
        answer
    }

    /// Stops before an entry that is not understood. Members that understand it may have applied it.
    fn halt(&mut self, frame: &Frame<'_>, why: impl fmt::Display) -> Answer {
        let Header { group, index, kind, method, .. } = frame.header;
        error!(%group, index, ?kind, %method, %why, "an entry this program does not understand: the group's state stops here");
        self.halted = true;
        self.progress.halted.store(true, Ordering::Release);
        Err(Failure::Halted)
    }

    fn command(&mut self, frame: &Frame<'_>) -> Answer {
        let mut out = Vec::new();
        let Header { index, time, stamp, .. } = frame.header;
        match self.machine.apply(&Entry { index, time, stamp, command: frame.command() }, &mut out) {
            // Checked before it was proposed, so a program with other commands proposed it.
            Err(failure @ (Failure::UnknownMethod | Failure::WrongKind | Failure::BadArguments)) => {
                self.halt(frame, failure)
            }
            outcome => outcome.map(|()| Bytes::from(out)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::ids::MethodId;
    use crate::request::failure::Outcome;
    use tokio::sync::oneshot;

    /// Knows one method.
    struct Old;

    const KNOWN: MethodId = MethodId::of("known");

    impl Machine for Old {
        fn apply(&mut self, entry: &Entry<'_>, _: &mut Vec<u8>) -> Result<(), Failure> {
            if entry.command.method == KNOWN { Ok(()) } else { Err(Failure::UnknownMethod) }
        }

        fn read(&self, _: &Query<'_>, _: &mut Vec<u8>) -> Result<(), Failure> {
            Ok(())
        }
    }

    fn command(index: Index, method: MethodId) -> Bytes {
        let mut frame = Vec::new();
        let header = Header { method, ..Header::bare(Kind::Command, GroupId(1), 1, index, 0) };
        header.encode(&[], &mut frame);
        frame.into()
    }

    #[test]
    fn nothing_behind_an_unknown_entry_is_applied_or_said_not_to_have_happened() {
        let (progress, mut applier) = (Arc::<ApplyProgress>::default(), Applier::default());
        let attach =
            Work::Attach { group: GroupId(1), machine: Box::new(Old), from: 0, progress: progress.clone() };
        let (replies, mut answers): (Vec<_>, Vec<_>) = (1..=3)
            .map(|index| {
                let (reply, answer) = oneshot::channel();
                ((index, ReplyTo::Proxy(reply)), answer)
            })
            .unzip();
        let frames = vec![command(1, KNOWN), command(2, MethodId::of("new")), command(3, KNOWN)];
        applier.run([attach, Work::Apply { group: GroupId(1), frames, replies, reads: Vec::new() }], &|| {
            Duration::ZERO
        });
        let mut answer = |at: usize| answers[at].try_recv().unwrap();
        assert_eq!(answer(0), Ok(Bytes::new()));
        for at in [1, 2] {
            let failure = answer(at).unwrap_err();
            assert_eq!((failure, failure.outcome()), (Failure::Halted, Outcome::Unknown));
        }
        assert_eq!(progress.applied(), 1, "what is not applied is not counted as applied");
        assert!(progress.is_halted());
    }

    #[test]
    fn a_lease_that_ended_before_the_read_was_done_answers_nothing() {
        let (progress, mut applier) = (Arc::<ApplyProgress>::default(), Applier::default());
        let mut read = |clock: u64| {
            let (reply, mut answer) = oneshot::channel();
            let lease_end = Some(Duration::from_secs(5));
            let (command, reply) =
                (Command { method: KNOWN, key_len: 0, body: Bytes::new() }, ReplyTo::Proxy(reply));
            let attach = Work::Attach {
                group: GroupId(1),
                machine: Box::new(Old),
                from: 0,
                progress: progress.clone(),
            };
            let read = Work::Read {
                group: GroupId(1),
                read: Read { stamp: Stamp::NONE, command, lease_end, reply },
            };
            applier.run([attach, read], &|| Duration::from_secs(clock));
            answer.try_recv().unwrap()
        };
        assert_eq!(read(4), Ok(Bytes::new()));
        assert_eq!(read(5), Err(Failure::NotLeader));
    }
}
