//! Families of messages, and what the transport has to know of their kinds.
//!
//! The transport understands no body but those of the handshake. The floor that owns the bodies of a family declares
//! its kinds here as data; length, flags, checksum and sender of a message are judged by that before anybody reads
//! the body, and before memory is taken for it.

use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};

/// Whom the bodies belong to. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(dead_code, reason = "some are reserved: their numbers are known, and no kind of theirs")]
pub(crate) enum Family {
    /// The handshake and signs of life: the transport's own.
    Connection = 0,
    /// What the members of a group say to each other, and how a cluster begins.
    Consensus = 1,
    /// What is asked of groups, and answered.
    Requests = 2,
    /// Items that arrive one after the other, as fast as they are taken.
    Streams = 3,
    /// Who belongs to the cluster, and who lives. Reserved.
    Membership = 4,
    /// Messages between members by topic. Reserved.
    Messages = 5,
    /// What operators ask. Reserved.
    Administration = 6,
}

/// How many families there are.
pub(super) const FAMILIES: usize = 7;

/// Who is at the other end of a connection: one of them, or, in a declaration, some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderKinds(u8);

impl SenderKinds {
    /// Either side, before both know whom they talk to.
    pub(crate) const STRANGER: SenderKinds = SenderKinds(1);
    /// A member, on the control lane that it dialed.
    pub(crate) const CONTROL: SenderKinds = SenderKinds(2);
    /// A member, on the bulk lane that it dialed.
    pub(crate) const BULK: SenderKinds = SenderKinds(4);
    /// A remote handle.
    pub(crate) const HANDLE: SenderKinds = SenderKinds(8);
    /// A member that was dialed, on a bulk lane or by a remote handle: it answers there.
    pub(crate) const SERVER: SenderKinds = SenderKinds(16);
    /// A member that was dialed on a control lane, where nothing is answered.
    pub(crate) const LISTENER: SenderKinds = SenderKinds(32);
    /// Everybody, once the handshake is over.
    pub(crate) const ALL: SenderKinds = SenderKinds(2 | 4 | 8 | 16 | 32);

    /// Whoever it may be: for tests, which read messages without a connection.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) const ANYONE: SenderKinds = SenderKinds(0);

    /// These and those.
    pub(crate) const fn or(self, other: SenderKinds) -> SenderKinds {
        SenderKinds(self.0 | other.0)
    }

    /// Whether `one` is among them.
    pub(crate) const fn contain(self, one: SenderKinds) -> bool {
        self.0 & one.0 == one.0
    }
}

/// Which of the two connections between a pair of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Priority {
    /// What keeps leaders in place: votes, heartbeats and their replies.
    Control = 1,
    /// Everything else.
    Bulk = 2,
}

/// What the transport knows of one kind of message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Whose body it has.
    pub family: Family,
    /// Its number in the family: never 0, never reused.
    pub number: u8,
    pub(super) senders: SenderKinds,
    /// Least and most bytes behind the envelope.
    shortest: usize,
    longest: usize,
    flags: u8,
    summed: usize,
    yields: bool,
}

impl Kind {
    /// A kind that `senders` may send, with so many bytes behind the envelope; its checksum covers all of it.
    pub(crate) const fn new(
        family: Family,
        number: u8,
        senders: SenderKinds,
        (shortest, longest): (usize, usize),
    ) -> Kind {
        assert!(number != 0 && shortest <= longest && longest <= MESSAGE_MAX - ENVELOPE_LEN);
        let both = senders.contain(SenderKinds::CONTROL) && senders.contain(SenderKinds::BULK);
        assert!(matches!(family, Family::Connection) || !both, "a kind has one lane");
        Kind { family, number, senders, shortest, longest, flags: 0, summed: usize::MAX, yields: false }
    }

    /// The flags that mean something.
    pub(crate) const fn with_flags(self, flags: u8) -> Kind {
        Kind { flags, ..self }
    }

    /// The checksum covers only the first bytes of the body: what follows has checksums of its own.
    pub(crate) const fn summed_to(self, length: usize) -> Kind {
        Kind { summed: length, ..self }
    }

    /// It leaves half of a queue to everything else: it is many bytes, and sent again when it is refused.
    pub(crate) const fn yielding(self) -> Kind {
        Kind { yields: true, ..self }
    }

    /// The lane it takes between members.
    pub(crate) const fn priority(&self) -> Priority {
        if self.senders.contain(SenderKinds::CONTROL) { Priority::Control } else { Priority::Bulk }
    }

    pub(in crate::transport) const fn yields(&self) -> bool {
        self.yields
    }

    pub(super) const fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether a message of it may be so long, the envelope included.
    pub(super) const fn fits(&self, length: usize) -> bool {
        length >= ENVELOPE_LEN + self.shortest && length <= ENVELOPE_LEN + self.longest
    }

    /// How many bytes of a message of `length` the checksum covers.
    pub(super) const fn covered(&self, length: usize) -> usize {
        let summed = ENVELOPE_LEN.saturating_add(self.summed);
        if summed < length { summed } else { length }
    }
}
