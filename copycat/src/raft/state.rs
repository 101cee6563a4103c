//! The core itself: its state (figure 2) and the calls of its owner.

use super::effect::{Effects, Role};
use super::error::{NotLeader, Refused};
use super::message::Message;
use super::options::{Options, Restored};
use super::read::ReadTicket;
use super::token::Token;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::{LogId, Span};
use std::time::Duration;

/// What a member knows about itself and its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// What it is.
    pub role: Role,
    /// Its current term.
    pub term: Term,
    /// The leader of that term, if known.
    pub leader: Option<MemberId>,
    /// Highest index known to be committed.
    pub commit: Index,
    /// Its last entry, durable or not.
    pub last: LogId,
}

/// One member's core of one group.
pub(crate) struct Raft;

impl Raft {
    /// A follower that continues from `restored`. Votes for nobody during one election timeout,
    /// because it may have promised a leader just that before it stopped.
    pub(crate) fn new(_options: Options, _restored: Restored, _now: Duration) -> Raft {
        todo!()
    }
    /// Lets time pass.
    pub(crate) fn tick(&mut self, _now: Duration, _fx: &mut Effects) {
        todo!()
    }
    /// When `tick` has something to do next.
    pub(crate) fn deadline(&self) -> Duration {
        todo!()
    }
    /// Takes a message.
    pub(crate) fn receive(
        &mut self,
        _now: Duration,
        _from: MemberId,
        _message: Message,
        _fx: &mut Effects,
    ) -> Result<(), Refused> {
        todo!()
    }
    /// Appends `count` entries of the current term, which the caller encodes at the returned place.
    pub(crate) fn propose(&mut self, _count: u64, _fx: &mut Effects) -> Result<Span, NotLeader> {
        todo!()
    }
    /// Registers a strict read.
    pub(crate) fn read(&mut self, _now: Duration, _fx: &mut Effects) -> Result<ReadTicket, NotLeader> {
        todo!()
    }
    /// The index a lease read must reflect, while a lease holds.
    pub(crate) fn lease(&self, _now: Duration) -> Option<Index> {
        todo!()
    }
    /// Everything asked to be written up to `token` is durable.
    pub(crate) fn durable(&mut self, _token: Token, _fx: &mut Effects) {
        todo!()
    }
    /// The place of everything asked to be written so far.
    pub(crate) fn token(&self) -> Token {
        todo!()
    }
    /// What was on its way to `peer` is lost.
    pub(crate) fn disconnected(&mut self, _peer: MemberId, _fx: &mut Effects) {
        todo!()
    }
    /// What this member knows.
    pub(crate) fn status(&self) -> Status {
        todo!()
    }
    /// The configuration in force.
    pub(crate) fn configuration(&self) -> &Configuration {
        todo!()
    }
}
