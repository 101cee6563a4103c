//! What all groups of a shard share: the journal, the links, and what a turn leaves to be done.

use super::super::applier::Work;
use super::super::wire::Message;
use super::forwarding::Forwarded;
use super::handover::TURN_BYTES;
use super::saving::Save;
use crate::codec::frame::Frame;
use crate::codec::ids::{GroupId, MemberId};
use crate::raft::effect::Effects;
use crate::raft::token::Token;
use crate::request::reply::Replies;
use crate::storage::{GroupState, Journal, Position, Preparation, Recovered, StorageError};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

/// Most bytes of entries that wait for the disk: 64 MiB.
const BACKLOG_MAX: u64 = 64 << 20;
/// Pause between two attempts to prepare a segment on a full disk.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// The connections to the other members, as the shard sees them. Never blocks.
pub(crate) trait Links: fmt::Debug + Send {
    /// Hands a message over for sending. `false`: there is no connection or no room, and the message is
    /// gone; cores are made for that, forwarded requests are answered.
    fn send(&mut self, to: MemberId, message: Message) -> bool;

    /// The turn is over: what was handed over leaves now, all that is for one member together.
    fn flush(&mut self);
}

/// What a turn leaves for others to do.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// For the applier, in this order.
    pub work: Vec<Work>,
    /// For the flusher.
    pub save: Option<Save>,
    /// For the preparer.
    pub preparation: Option<Preparation>,
}

/// The shared part of a shard.
#[derive(Debug)]
pub(super) struct Ground {
    pub me: MemberId,
    pub journal: Journal,
    pub links: Box<dyn Links>,
    pub out: Outbox,
    pub replies: Replies,
    pub effects: Effects,
    pub forwarded: BTreeMap<u64, Forwarded>,
    /// Requests that were ever sent to other members.
    pub forwarded_total: u64,
    /// Number of the next forwarded request. Never given twice, so that an answer of a connection that has broken
    /// is not taken for one of the next.
    pub next_number: u64,
    /// When to look again for forwarded requests whose time is up.
    pub next_expiry: Duration,
    /// Bytes that may still be handed to the applier in this turn.
    pub handover_left: usize,
    /// Members that requests can be sent to.
    open: BTreeSet<MemberId>,
    /// When to try again to prepare a segment, on a full disk.
    next_retry: Duration,
    recovered: BTreeMap<GroupId, GroupState>,
    /// What the journal was asked to write, oldest first, and what its durability means to which core.
    unflushed: VecDeque<(Position, GroupId, Token)>,
}

impl Ground {
    pub(super) fn new(me: MemberId, journal: Journal, recovered: Recovered, links: Box<dyn Links>) -> Ground {
        Ground {
            me,
            journal,
            links,
            out: Outbox::default(),
            replies: Replies::default(),
            effects: Effects::default(),
            forwarded: BTreeMap::new(),
            forwarded_total: 0,
            next_number: 1,
            next_expiry: Duration::ZERO,
            handover_left: TURN_BYTES,
            open: BTreeSet::new(),
            next_retry: Duration::ZERO,
            recovered: recovered.groups,
            unflushed: VecDeque::new(),
        }
    }

    /// Looks again, now and then, whether there is space for a segment that could not be prepared.
    pub(super) fn retry_preparation(&mut self, now: Duration) {
        if self.journal.is_full() && now >= self.next_retry {
            self.next_retry = now + RETRY_INTERVAL;
            self.journal.retry_preparation();
        }
    }

    /// Whether the journal takes so many bytes of entries now: there is a segment for them, and the disk is not
    /// so far behind that memory would fill up.
    pub(super) fn takes(&mut self, bytes: usize) -> bool {
        !self.is_behind() && self.journal.room_for(bytes).is_ok()
    }

    /// Whether the disk is so far behind that entries have to wait.
    pub(super) fn is_behind(&self) -> bool {
        self.journal.backlog() > BACKLOG_MAX
    }

    pub(super) fn opened(&mut self, peer: MemberId) {
        self.open.insert(peer);
    }

    pub(super) fn closed(&mut self, peer: MemberId) {
        self.open.remove(&peer);
        self.fail_forwarded_to(peer);
    }

    pub(super) fn is_open(&self, peer: MemberId) -> bool {
        self.open.contains(&peer)
    }

    pub(super) fn recovered_groups(&self) -> Vec<GroupId> {
        self.recovered.keys().copied().collect()
    }

    pub(super) fn take_recovered(&mut self, group: GroupId) -> Option<GroupState> {
        self.recovered.remove(&group)
    }

    /// What the last entry of a group's log says the time was.
    /// `None` if the log has no entry. An entry that cannot be read is no such case: a leader without its
    /// stamp would let the cluster's time go backwards.
    pub(super) fn newest_stamp(&self, group: GroupId) -> Result<Option<u64>, StorageError> {
        let Some(terms) = self.journal.terms(group).filter(|terms| terms.first() <= terms.last().index)
        else {
            return Ok(None);
        };
        let last = terms.last().index;
        let newest = self.journal.read(group, last, last, 0)?;
        let frame = newest.frames.first().and_then(|frame| Frame::trusted(frame).ok());
        Ok(frame.map(|frame| frame.header.time))
    }

    /// Remembers that `token` of `group` is durable once everything appended so far is.
    pub(super) fn await_durable(&mut self, group: GroupId, token: Token) {
        let position = self.journal.end();
        debug_assert!(
            self.unflushed.back().is_none_or(|(newest, ..)| *newest <= position),
            "positions only grow"
        );
        self.unflushed.push_back((position, group, token));
    }

    /// The next write that the journal being durable up to `durable` completes.
    pub(super) fn next_durable(&mut self, durable: Position) -> Option<(GroupId, Token)> {
        let (_, group, token) = self.unflushed.pop_front_if(|(position, ..)| *position <= durable)?;
        Some((group, token))
    }

    /// What the journal being durable up to `end` means to which core.
    pub(super) fn tokens_within(&self, end: Position) -> impl Iterator<Item = (GroupId, Token)> + '_ {
        let within = self.unflushed.iter().take_while(move |(position, ..)| *position <= end);
        within.map(|(_, group, token)| (*group, *token))
    }

    /// Sends what the turn has gathered.
    pub(super) fn finish_turn(&mut self) {
        self.links.flush();
        self.replies.flush();
        self.handover_left = TURN_BYTES;
    }
}
