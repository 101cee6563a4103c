//! The owner of one core in a script: a disk that keeps what was flushed, and messages that wait for a flush.

use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::{Span, Spans};
use crate::raft::effect::Effects;
use crate::raft::message::Message;
use crate::raft::options::{RaftOptions, Restored};
use crate::raft::state::Raft;
use crate::raft::token::Token;
use std::collections::VecDeque;
use std::time::Duration;

/// One write, in the order of the journal.
#[derive(Clone, Debug)]
pub(super) enum Write {
    /// Term and vote.
    Vote(Term, Option<MemberId>),
    /// Entries, and the configurations among them.
    Entries(Spans, Vec<(Index, Configuration)>),
}

/// A journal in memory. The first `durable` writes survive a crash.
#[derive(Debug, Default)]
pub(super) struct Disk {
    writes: Vec<Write>,
    /// The commit index that the journal holds.
    commit: Index,
    durable: usize,
    /// Numbers of writes, each with the core's token for that position.
    tokens: VecDeque<(usize, Token)>,
    /// The flush in flight: the number of writes that it covers.
    flushing: Option<usize>,
}

impl Disk {
    /// Creates a disk that holds a log of these terms from index 1, a term and vote, and a commit index.
    pub(super) fn holding(spans: Spans, term: Term, vote: Option<MemberId>, commit: Index) -> Disk {
        let mut disk = Disk { commit, ..Disk::default() };
        if term > 0 {
            disk.write(Write::Vote(term, vote));
        }
        if !spans.is_empty() {
            disk.write(Write::Entries(spans, Vec::new()));
        }
        disk.durable = disk.writes.len();
        disk
    }

    /// Adds a write, which is not durable yet.
    pub(super) fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Records the core's token for the end of the journal.
    pub(super) fn note(&mut self, token: Token) {
        if self.tokens.back().is_none_or(|(_, newest)| *newest != token) {
            self.tokens.push_back((self.writes.len(), token));
        }
    }

    /// Begins a flush of everything written so far, unless one is in flight.
    pub(super) fn begin_flush(&mut self) {
        self.flushing.get_or_insert(self.writes.len());
    }

    /// Ends the flush in flight, or a new one, with success. Returns the last token that became durable.
    pub(super) fn end_flush(&mut self) -> Option<Token> {
        self.durable = self.flushing.take().unwrap_or(self.writes.len());
        let mut reached = None;
        while self.tokens.front().is_some_and(|(writes, _)| *writes <= self.durable) {
            reached = self.tokens.pop_front().map(|(_, token)| token);
        }
        reached
    }

    /// Cuts the power: writes that were not flushed are lost.
    fn cut(&mut self) {
        self.writes.truncate(self.durable);
        self.tokens.clear();
        self.flushing = None;
    }

    /// Loses the last writes although they were durable.
    pub(super) fn rot(&mut self, count: usize) {
        self.durable = self.durable.saturating_sub(count);
        self.cut();
    }

    /// Returns the state that a restart finds.
    fn restore(&self, id: MemberId, initial: Configuration, longest_election_timeout: Duration) -> Restored {
        let (mut term, mut vote, mut log) = (0, None, LogShape::default());
        let mut configurations: Vec<(Index, Configuration)> = Vec::new();
        for write in &self.writes[..self.durable] {
            match write {
                Write::Vote(saved, cast) => (term, vote) = (*saved, *cast),
                Write::Entries(spans, logged) => {
                    for Span { term, first, last } in spans.iter() {
                        log.truncate(first);
                        configurations.retain(|(index, _)| *index < first);
                        log.append(term, last - first + 1);
                    }
                    configurations.extend(logged.iter().cloned());
                }
            }
        }
        // The commit index does not cover entries that are lost.
        let commit = self.commit.min(log.last().index);
        Restored { id, initial, longest_election_timeout, term, vote, log, commit, configurations }
    }
}

/// One member: its disk, and while it is up its core and the messages that it holds back.
pub(super) struct Member {
    pub(super) id: MemberId,
    pub(super) disk: Disk,
    pub(super) raft: Option<Raft>,
    pub(super) fx: Effects,
    /// Messages that wait for a flush.
    pub(super) held: Vec<(Token, MemberId, Message)>,
    /// The last durable token that the core does not know yet.
    pub(super) untold: Option<Token>,
    initial: Configuration,
    options: RaftOptions,
    /// The longest election timeout of all its starts.
    longest_election_timeout: Duration,
    /// Number of starts.
    starts: u64,
}

impl Member {
    /// Creates a member that is down.
    pub(super) fn new(id: MemberId, initial: Configuration, options: &RaftOptions) -> Member {
        Member {
            id,
            disk: Disk::default(),
            raft: None,
            fx: Effects::default(),
            held: Vec::new(),
            untold: None,
            initial,
            longest_election_timeout: options.election_timeout,
            options: options.clone(),
            starts: 0,
        }
    }

    /// Sets the election timeout for the next start, or keeps it if `timeout` is `None`.
    pub(super) fn set_election_timeout(&mut self, timeout: Option<Duration>) {
        self.options.election_timeout = timeout.unwrap_or(self.options.election_timeout);
    }

    /// Starts the member from the contents of its disk.
    pub(super) fn start(&mut self, now: Duration) {
        self.longest_election_timeout = self.longest_election_timeout.max(self.options.election_timeout);
        let restored = self.disk.restore(self.id, self.initial.clone(), self.longest_election_timeout);
        // Campaigns are numbered from here: 1001, 1002, and after a restart 1101, 1102.
        let options = RaftOptions { seed: 1_000 * self.id.0 + 100 * self.starts + 1, ..self.options.clone() };
        self.starts += 1;
        self.raft = Some(Raft::new(options, restored, now));
    }

    /// Crashes the member. Its core, its memory, and everything that was not flushed are lost.
    pub(super) fn crash(&mut self) {
        self.raft = None;
        self.held.clear();
        self.untold = None;
        self.disk.cut();
    }
}
