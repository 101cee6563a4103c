//! The leader's road: requests become entries.

use super::super::failure::Failure;
use super::ground::Ground;
use super::group::{Group, Pending};
use crate::codec::access::{Access, Consistency};
use crate::codec::frame::{Codec, HEADER_LEN, Header, Kind};
use crate::codec::terms::Span;
use crate::storage::StorageError;
use bytes::Bytes;
use std::time::Duration;

/// Bytes of entries proposed in one turn, at most, beyond which the rest waits for the next: what
/// arrives during a flush forms one batch, but no batch shuts the others out.
const TURN_BYTES: usize = 4 << 20;

impl Group {
    /// Takes the queue apart: writes are proposed together, reads go their way.
    pub(super) fn propose(&mut self, now: Duration, ground: &mut Ground) -> Result<(), StorageError> {
        let term = self.core.status().term;
        let (mut writes, mut bytes) = (Vec::new(), 0);
        let mut strict = Vec::new();
        while bytes < TURN_BYTES
            && let Some(pending) = self.queue.pop_front()
        {
            let meant =
                if pending.term == 0 || pending.term == term { Ok(()) } else { Err(Failure::NotLeader) };
            if let Err(failure) = meant.and_then(|()| self.check(&pending)) {
                ground.replies.fail(pending.reply, failure);
                continue;
            }
            match pending.access {
                Access::Write => {
                    bytes += HEADER_LEN + pending.body.len();
                    writes.push(pending);
                }
                Access::Read(Consistency::Eventual) => self.reads.serve_any(pending),
                Access::Read(Consistency::Lease) => match self.core.lease(now) {
                    Some(lease) => self.reads.serve_within(lease, pending),
                    None => strict.push(pending),
                },
                Access::Read(Consistency::Strict) => strict.push(pending),
            }
        }
        self.append(now, writes, bytes, ground)?;
        self.ask(now, strict, ground)
    }

    /// One proposal for all writes of the turn: one encoding, one append, one message per follower.
    fn append(
        &mut self,
        now: Duration,
        writes: Vec<Pending>,
        bytes: usize,
        ground: &mut Ground,
    ) -> Result<(), StorageError> {
        if writes.is_empty() {
            return Ok(());
        }
        let room =
            if ground.is_behind() { Err(StorageError::NotReady) } else { ground.journal.room_for(bytes) };
        match room {
            Ok(()) => {}
            // The disk is about to be ready for more: the writes keep their place in line.
            Err(StorageError::NotReady) => {
                writes.into_iter().rev().for_each(|write| self.queue.push_front(write));
                return Ok(());
            }
            Err(StorageError::Full(_)) => {
                writes.into_iter().for_each(|write| ground.replies.fail(write.reply, Failure::StorageFull));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let mut effects = std::mem::take(&mut ground.effects);
        // Indexes and term are given out in one step: a leader deposed in between stamps nothing.
        let Ok(span) = self.core.propose(writes.len() as u64, &mut effects) else {
            writes.into_iter().for_each(|write| ground.replies.fail(write.reply, Failure::NotLeader));
            ground.effects = effects;
            return Ok(());
        };
        let frames = self.encode(now, span, writes, bytes);
        ground.journal.append(self.id, frames)?;
        ground.await_durable(self.id, self.core.token());
        self.carry_out(now, effects, &[], ground)
    }

    /// The only encoding of these entries: these bytes are stored and sent.
    fn encode(&mut self, now: Duration, span: Span, writes: Vec<Pending>, bytes: usize) -> Bytes {
        assert_eq!(span.last - span.first + 1, writes.len() as u64, "one index for each write");
        let mut frames = Vec::with_capacity(bytes);
        let time = self.clock.stamp(now);
        self.clock.observe(time, now);
        for (index, write) in (span.first..=span.last).zip(writes) {
            let header = Header {
                codec: Codec::Bincode,
                method: write.method,
                key_len: write.key_len,
                ..Header::bare(Kind::Command, self.id, span.term, index, time)
            };
            header.encode(&write.body, &mut frames);
            self.proposed.push(index, span.term, write.deadline, write.reply);
        }
        assert_eq!(frames.len(), bytes, "frames are as long as was counted");
        frames.into()
    }
}
