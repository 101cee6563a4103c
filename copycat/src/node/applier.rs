//! The applier: the thread that owns the state machines. Committed entries go in, answers come out.
//!
//! The methods of your state machines run only here (serde's code for their values also runs elsewhere). So elections,
//! heartbeats and flushes continue however long a method takes. The work of a group arrives in log order and is done in
//! that order: a read that was dispatched after an entry sees it.

use super::machine::{Entry, Machine, MachineError, Query};
use crate::codec::command::{Command, Stamp};
use crate::codec::frame::{Frame, Header, Kind};
use crate::codec::group_map::GroupMap;
use crate::codec::ids::{GroupId, Index, MethodId};
use crate::request::error::RequestError;
use crate::request::reply::{Replies, ReplyTo};
use crate::request::sender::Answer;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tracing::error;

/// An item of work for the applier.
#[derive(Debug)]
pub(crate) enum Work {
    /// Attaches a group's state machine.
    Attach {
        /// The group.
        group: GroupId,
        /// The state machine.
        machine: Box<dyn Machine>,
        /// The last entry that the state reflects; 0: none.
        from: Index,
        /// Where the applier reports its progress.
        progress: Arc<ApplyProgress>,
    },
    /// Applies committed entries of a group, which directly follow those of the previous dispatch.
    Apply {
        /// The group.
        group: GroupId,
        /// The entries, as packed frames in order.
        frames: Vec<Bytes>,
        /// The callers that wait for results, by the index of their entry; ascending.
        replies: Vec<(Index, ReplyTo)>,
        /// Reads that must run before any entry after their index, which is less than the last index; ascending.
        reads: Vec<(Index, Read)>,
    },
    /// Detaches a group's state machine, because the caller that opened it did not wait for it.
    Detach {
        /// The group.
        group: GroupId,
    },
    /// Answers a read from the state that the work before it has produced.
    Read {
        /// The group.
        group: GroupId,
        /// The read.
        read: Read,
    },
}

/// A read, and the caller that waits for it.
#[derive(Debug)]
pub(crate) struct Read {
    /// The session and sequence of the call.
    pub stamp: Stamp,
    /// The method and its arguments.
    pub command: Command,
    /// The end of the lease, if the read rests on one.
    pub lease_end: Option<Duration>,
    /// The caller that gets the result.
    pub reply: ReplyTo,
}

/// The applier's progress with one group. The applier writes it, the shard reads it.
#[derive(Debug, Default)]
pub(crate) struct ApplyProgress {
    applied: AtomicU64,
    applied_bytes: AtomicU64,
    reads: AtomicU64,
    read_bytes: AtomicU64,
    halted: AtomicBool,
}

impl ApplyProgress {
    /// Returns the index of the last applied entry.
    pub(crate) fn applied(&self) -> Index {
        self.applied.load(Ordering::Acquire)
    }

    /// Returns the bytes of all entries applied since the start.
    pub(crate) fn applied_bytes(&self) -> u64 {
        self.applied_bytes.load(Ordering::Acquire)
    }

    /// Returns the number of reads answered since the start.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Acquire)
    }

    /// Returns the bytes of the arguments of all reads answered since the start.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Acquire)
    }

    /// Returns whether the state machine is halted: before an entry that this program does not understand, or where two
    /// copies of the state differ.
    pub(crate) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Acquire)
    }

    fn advance(&self, index: Index, bytes: u64) {
        self.applied_bytes.fetch_add(bytes, Ordering::Release);
        self.applied.store(index, Ordering::Release);
    }
}

/// One group's state machine.
#[derive(Debug)]
struct AppliedGroup {
    group: GroupId,
    machine: Box<dyn Machine>,
    progress: Arc<ApplyProgress>,
    applied: Index,
    /// The cluster time of the last applied entry, in microseconds.
    time: u64,
    /// The last entry that was dispatched.
    seen: Index,
    /// Whether an entry was found that this program does not understand, or two copies of the state differ. The entry is
    /// never skipped, and no later one is applied.
    halted: bool,
}

/// The state machines of all groups of a shard.
#[derive(Debug, Default)]
pub(crate) struct Applier {
    replicas: GroupMap<AppliedGroup>,
    replies: Replies,
}

impl Applier {
    /// Does the work and sends its answers. `clock` is the clock that the cores use.
    pub(crate) fn run(&mut self, work: impl IntoIterator<Item = Work>, clock: &dyn Fn() -> Duration) {
        for item in work {
            match item {
                Work::Attach { group, machine, from, progress } => {
                    self.replicas.insert(group, AppliedGroup::new(group, machine, from, progress));
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

fn attached(replicas: &mut GroupMap<AppliedGroup>, group: GroupId) -> &mut AppliedGroup {
    replicas.get_mut(&group).expect("work is dispatched for attached groups only")
}

impl AppliedGroup {
    fn new(
        group: GroupId,
        machine: Box<dyn Machine>,
        from: Index,
        progress: Arc<ApplyProgress>,
    ) -> AppliedGroup {
        progress.applied.store(from, Ordering::Release);
        AppliedGroup { group, machine, progress, applied: from, time: 0, seen: from, halted: false }
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
        assert!(owed.next().is_none(), "every waiting reply belongs to an entry that was dispatched");
        assert!(reads.next().is_none(), "every read that came with entries runs before the last of them");
    }

    fn answer(&mut self, read: Read, clock: &dyn Fn() -> Duration, replies: &mut Replies) {
        let Read { stamp, command, lease_end, reply } = read;
        let answer = self.read(stamp, command.borrow());
        // The state is no newer than this moment. It was the newest one only if the lease still holds now.
        let stale = lease_end.is_some_and(|end| clock() >= end);
        replies.answer(reply, if stale { Err(RequestError::NotLeader) } else { answer });
    }

    fn read(&mut self, stamp: Stamp, command: Command<&[u8]>) -> Answer {
        self.progress.reads.fetch_add(1, Ordering::Release);
        self.progress.read_bytes.fetch_add(command.len() as u64, Ordering::Release);
        if self.halted {
            return Err(RequestError::Halted);
        }
        let mut out = Vec::new();
        let query = Query { index: self.applied, time: self.time, stamp, command };
        let outcome = self.machine.read(&query, &mut out);
        self.answered(outcome, out, self.applied, command.method)
    }

    fn step(&mut self, frame: &Frame<'_>) -> Answer {
        assert_eq!(frame.header.index, self.seen + 1, "entries come one behind the other");
        self.seen = frame.header.index;
        if self.halted {
            return Err(RequestError::Halted);
        }
        let answer = match frame.header.kind {
            Kind::Command => self.command(frame),
            // The shard has compared a schema with this program before it dispatched the entry.
            Kind::Noop | Kind::Configuration | Kind::Schema => Ok(Bytes::new()),
            Kind::OpenSession | Kind::CloseSession | Kind::Tick | Kind::Answer | Kind::Lifecycle => {
                let (index, method) = (frame.header.index, frame.header.method);
                self.halt(index, method, "this version knows no entries of this kind")
            }
            Kind::Vote | Kind::Commit => unreachable!("no entries of a group's log"),
        };
        if !self.halted {
            (self.applied, self.time) = (frame.header.index, frame.header.time);
        }
        answer
    }

    fn command(&mut self, frame: &Frame<'_>) -> Answer {
        let mut out = Vec::new();
        let Header { index, time, stamp, method, .. } = frame.header;
        let outcome = self.machine.apply(&Entry { index, time, stamp, command: frame.command() }, &mut out);
        self.answered(outcome, out, index, method)
    }

    fn answered(
        &mut self,
        outcome: Result<(), MachineError>,
        out: Vec<u8>,
        index: Index,
        method: MethodId,
    ) -> Answer {
        match outcome {
            Ok(()) => Ok(Bytes::from(out)),
            Err(MachineError::Answer(error)) => Err(error),
            Err(MachineError::Halt(why)) => self.halt(index, method, why),
        }
    }

    /// Stops the group. Other members may have applied the entry.
    fn halt(&mut self, index: Index, method: MethodId, why: impl fmt::Display) -> Answer {
        error!(group = %self.group, index, %method, %why, "the group's state stops here on this member");
        self.halted = true;
        self.progress.halted.store(true, Ordering::Release);
        Err(RequestError::Halted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::machine::Halt;
    use crate::request::error::Outcome;
    use tokio::sync::oneshot;

    /// A state machine that knows one method.
    struct Old;

    const KNOWN: MethodId = MethodId::of("known");

    impl Machine for Old {
        fn apply(&mut self, entry: &Entry<'_>, _: &mut Vec<u8>) -> Result<(), MachineError> {
            if entry.command.method == KNOWN { Ok(()) } else { Err(Halt::UnknownMethod.into()) }
        }

        fn read(&self, _: &Query<'_>, _: &mut Vec<u8>) -> Result<(), MachineError> {
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
            let error = answer(at).unwrap_err();
            assert_eq!((error, error.outcome()), (RequestError::Halted, Outcome::Unknown));
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
        assert_eq!(read(5), Err(RequestError::NotLeader));
    }
}
