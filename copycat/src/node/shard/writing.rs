//! How entries of one group get into the log: a leader encodes them, a follower stores them as received.

use super::super::clock::ClusterClock;
use super::queue::QueuedRequest;
use super::shard_journal::ShardJournal;
use super::tail_checksums::TailChecksums;
use crate::codec::command::Call;
use crate::codec::entries::{Entries, Packer};
use crate::codec::frame::{Codec, HEADER_LEN, Header, Kind};
use crate::codec::ids::{GroupId, Index};
use crate::codec::terms::{LogId, Span};
use crate::raft::effect::InternalEntry;
use crate::storage::StorageError;
use std::time::Duration;

/// Adds the cluster time to the entries of one group, encodes and stores them.
#[derive(Debug)]
pub(super) struct Writer {
    group: GroupId,
    clock: ClusterClock,
    /// Checksums of the newest entries that this member appended as a leader.
    tail_checksums: TailChecksums,
}

/// Returns the bytes of the entry that a call becomes.
pub(super) fn entry_len(call: &Call) -> usize {
    HEADER_LEN + call.len()
}

impl Writer {
    /// Creates a writer. `last_time` is the cluster time of the last entry of the log, if it has one.
    pub(super) fn new(group: GroupId, last_time: Option<u64>, now: Duration) -> Writer {
        let mut clock = ClusterClock::default();
        last_time.into_iter().for_each(|stamp| clock.observe(stamp, now));
        Writer { group, clock, tail_checksums: TailChecksums::default() }
    }

    /// Returns the checksum of an entry's frame; 0: not known.
    pub(super) fn checksum(&self, entry: LogId) -> u32 {
        self.tail_checksums.checksum(entry)
    }

    /// Returns the cluster time for an entry that is made now, in microseconds.
    fn timestamp(&mut self, now: Duration) -> u64 {
        let time = self.clock.timestamp(now);
        self.clock.observe(time, now);
        assert_eq!(time, self.clock.timestamp(now), "what a leader says of the time holds from then on");
        time
    }

    /// Encodes the writes as the entries of `span`. This is their only encoding: the same bytes are stored and sent.
    pub(super) fn encode(
        &mut self,
        now: Duration,
        span: Span,
        writes: &[QueuedRequest],
        bytes: usize,
    ) -> Entries {
        assert_eq!(span.last - span.first + 1, writes.len() as u64, "one index for each write");
        let mut packer = Packer::with_capacity(writes.len(), bytes);
        let time = self.timestamp(now);
        for (index, write) in (span.first..=span.last).zip(writes) {
            let Call { stamp, command, .. } = &write.call;
            let header = Header {
                codec: Codec::Bincode,
                stamp: *stamp,
                method: command.method,
                key_len: command.key_len,
                ..Header::bare(Kind::Command, self.group, span.term, index, time)
            };
            packer.push(&header, &command.body);
        }
        let entries = packer.finish();
        assert_eq!(entries.len(), bytes, "frames are as long as was counted");
        self.tail_checksums.note(&entries);
        entries
    }

    /// Encodes the record of the group's commands as the one entry of `span`.
    pub(super) fn encode_record(&mut self, now: Duration, span: Span, record: &[u8]) -> Entries {
        assert_eq!(span.first, span.last, "one entry");
        let time = self.timestamp(now);
        let mut packer = Packer::with_capacity(1, HEADER_LEN + record.len());
        let header = Header::bare(Kind::Schema, self.group, span.term, span.first, time);
        packer.push(&Header { codec: Codec::Bincode, ..header }, record);
        let entries = packer.finish();
        self.tail_checksums.note(&entries);
        entries
    }

    /// Stores the entries of a leader's message from `first` on, unchanged.
    pub(super) fn store(
        &mut self,
        now: Duration,
        first: Index,
        entries: &Entries,
        shard_journal: &mut ShardJournal,
    ) -> Result<(), StorageError> {
        let last = entries.spans().last().map(|last| last.index);
        assert!(Some(first) <= last, "{first} is stored, and the message ends with {last:?}");
        self.clock.observe(entries.time(), now);
        if entries.first() == Some(first) {
            return shard_journal.journal.append(self.group, entries).map(drop);
        }
        shard_journal.journal.append(self.group, &entries.suffix(first)).map(drop)
    }

    /// Encodes and stores an entry that the core makes itself.
    pub(super) fn store_internal(
        &mut self,
        now: Duration,
        LogId { term, index }: LogId,
        entry: InternalEntry,
        shard_journal: &mut ShardJournal,
    ) -> Result<(), StorageError> {
        let time = self.timestamp(now);
        let header = |kind| Header::bare(kind, self.group, term, index, time);
        let mut packer = Packer::with_capacity(1, 0);
        match entry {
            InternalEntry::Noop => packer.push(&header(Kind::Noop), &[]),
            InternalEntry::Configuration(configuration) => {
                packer.push_configuration(&header(Kind::Configuration), configuration);
            }
        }
        let entry = packer.finish();
        self.tail_checksums.note(&entry);
        shard_journal.journal.append_own(self.group, &entry).map(drop)
    }
}
