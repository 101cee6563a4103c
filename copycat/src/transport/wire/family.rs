//! Families of messages, and what the transport knows of their kinds.
//!
//! The transport understands only the handshake and pings. The layer that owns a family declares its kinds
//! as data. The transport checks length, flags, checksum and sender of a message by these data before the body
//! is read; length and sender even before memory is allocated for the body.

use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};

/// The families of messages, by the layer that owns their bodies. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(dead_code, reason = "some are reserved: their numbers are known, and no kind of theirs")]
pub(crate) enum Family {
    /// The handshake and pings, which belong to the transport.
    Connection = 0,
    /// Messages between the members of a group, and the cluster's bootstrap.
    Consensus = 1,
    /// Requests to groups, and replies.
    Requests = 2,
    /// Items that arrive one after another, as fast as the reader takes them.
    Streams = 3,
    /// Members of the cluster, and which of them are alive. Reserved.
    Membership = 4,
    /// Messages between members by topic. Reserved.
    Messages = 5,
    /// Requests of operators. Reserved.
    Administration = 6,
}

/// The number of families.
pub(super) const FAMILIES: usize = 7;

/// The sender at the other end of a connection, or, in a declaration, a set of senders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderKinds(u8);

impl SenderKinds {
    /// Either side, before the handshake is done.
    pub(crate) const STRANGER: SenderKinds = SenderKinds(1);
    /// A member, on the control connection that it dialed.
    pub(crate) const CONTROL: SenderKinds = SenderKinds(2);
    /// A member, on the bulk connection that it dialed.
    pub(crate) const BULK: SenderKinds = SenderKinds(4);
    /// A remote handle.
    pub(crate) const HANDLE: SenderKinds = SenderKinds(8);
    /// A member that was dialed, on a bulk connection or by a remote handle: it replies there.
    pub(crate) const SERVER: SenderKinds = SenderKinds(16);
    /// A member that was dialed on a control connection, where there are no replies.
    pub(crate) const LISTENER: SenderKinds = SenderKinds(32);
    /// Every sender, once the handshake is done.
    pub(crate) const ALL: SenderKinds = SenderKinds(2 | 4 | 8 | 16 | 32);

    /// Any sender. For tests, which read messages without a connection.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) const UNCHECKED: SenderKinds = SenderKinds(0);

    /// Returns the union of both sets.
    pub(crate) const fn or(self, other: SenderKinds) -> SenderKinds {
        SenderKinds(self.0 | other.0)
    }

    /// Returns whether `one` is in the set.
    pub(crate) const fn contain(self, one: SenderKinds) -> bool {
        self.0 & one.0 == one.0
    }
}

/// The priority of a connection. A member dials each other member once for each priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Priority {
    /// Votes, heartbeats and their replies, which keep leaders in place; also the bootstrap record.
    Control = 1,
    /// Everything else.
    Bulk = 2,
}

/// A kind of message, as the transport knows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MessageKind {
    /// The family that it belongs to.
    pub family: Family,
    /// The number in the family: never 0, never reused.
    pub number: u8,
    pub(super) senders: SenderKinds,
    /// Least and most bytes after the envelope.
    shortest: usize,
    longest: usize,
    flags: u8,
    summed: usize,
    yields: bool,
}

impl MessageKind {
    /// Creates a kind that `senders` may send, with this range of bytes after the envelope. Its checksum covers
    /// all of it.
    pub(crate) const fn new(
        family: Family,
        number: u8,
        senders: SenderKinds,
        (shortest, longest): (usize, usize),
    ) -> MessageKind {
        assert!(number != 0 && shortest <= longest && longest <= MESSAGE_MAX - ENVELOPE_LEN);
        let both = senders.contain(SenderKinds::CONTROL) && senders.contain(SenderKinds::BULK);
        assert!(matches!(family, Family::Connection) || !both, "a kind has one priority");
        MessageKind {
            family,
            number,
            senders,
            shortest,
            longest,
            flags: 0,
            summed: usize::MAX,
            yields: false,
        }
    }

    /// Sets the flags that have a meaning.
    pub(crate) const fn with_flags(self, flags: u8) -> MessageKind {
        MessageKind { flags, ..self }
    }

    /// Limits the checksum to the first bytes of the body: what follows has checksums of its own.
    pub(crate) const fn summed_to(self, length: usize) -> MessageKind {
        MessageKind { summed: length, ..self }
    }

    /// Leaves half of a queue to other kinds: this kind is many bytes, and is sent again when it is refused.
    pub(crate) const fn yielding(self) -> MessageKind {
        MessageKind { yields: true, ..self }
    }

    /// Returns the priority of the connection that it takes between members.
    pub(crate) const fn priority(&self) -> Priority {
        if self.senders.contain(SenderKinds::CONTROL) { Priority::Control } else { Priority::Bulk }
    }

    pub(in crate::transport) const fn yields(&self) -> bool {
        self.yields
    }

    pub(super) const fn flags(&self) -> u8 {
        self.flags
    }

    /// Returns whether a message of this kind may have this length, the envelope included.
    pub(super) const fn fits(&self, length: usize) -> bool {
        length >= ENVELOPE_LEN + self.shortest && length <= ENVELOPE_LEN + self.longest
    }

    /// Returns how many bytes of a message of `length` the checksum covers.
    pub(super) const fn covered(&self, length: usize) -> usize {
        let summed = ENVELOPE_LEN.saturating_add(self.summed);
        if summed < length { summed } else { length }
    }
}
