//! The commands of a script.
//!
//! | command | meaning |
//! |---|---|
//! | `cluster 1 2 3 [learners=4] [election=100] [heartbeat=20] [inflight=4] [entries=64]` | members with empty disks; times in ms |
//! | `disk 1 log=1,1,2 [term=3] [vote=2]` | replaces the contents of the disk of 1, and restarts it |
//! | `campaign 2` | time passes to the election timeout of 2, and only 2 gets a tick |
//! | `elect 2` | `campaign 2`, then `settle` |
//! | `tick 1` | time passes to the next deadline of 1, and only 1 gets a tick |
//! | `wait 50` | 50 ms pass for all members; messages stay in flight, and flushes do not end |
//! | `run 50` | 50 ms pass for all members, messages and flushes take no time; prints changes only |
//! | `settle` | messages and flushes until nothing moves; prints changes only |
//! | `propose 1 [3]` | proposes 1 or 3 commands at 1 |
//! | `read 1`, `lease 1` | sends a strict read; prints whether a lease read may be answered |
//! | `flush 1`, `flush all` | all that is written becomes durable |
//! | `begin-flush 1`, `end-flush 1` | `flush` in two steps; the flush does not cover writes in between |
//! | `rot 1 [3]` | the last 3 writes on the disk of 1 are lost although they were flushed; then it restarts |
//! | `fail 1` | a flush of 1 fails |
//! | `crash 1`, `restart 1 [election=100]` | stops 1; restarts it from what was flushed, with another timeout |
//! | `deliver 1->2 [Heartbeat]`, `deliver all` | delivers the oldest message in flight, or all |
//! | `drop 1->2`, `drop all` | loses the oldest message in flight, or all |
//! | `disconnect 1->2` | 1 learns that its connection to 2 broke |
//! | `isolate 1`, `heal 1` | messages from and to 1 are lost when delivered |
//! | `send 2->1 Append term=3 prev=(1,1) entries=2,2 commit=1` | a message made up by the script |
//! | `status [1]`, `voters 1` | prints the state of a member; prints the configuration in force |
//!
//! Campaigns are numbered so that a reader can tell them apart: `campaign=2103` is the third of member 2 since its
//! first restart. In production the first number is drawn at random.

use super::arguments::{self, Arguments, ScriptError};
use super::member::Disk;
use super::show;
use super::world::World;
use crate::codec::configuration::Configuration;
use crate::codec::ids::MemberId;
use crate::raft::message::{AppendResult, Message};
use crate::raft::options::RaftOptions;
use std::time::Duration;

/// Most messages that one command delivers. More would be an endless exchange.
const DELIVERIES_MAX: usize = 10_000;

/// Carries out commands, one after the other.
#[derive(Default)]
pub(super) struct Player {
    world: World,
}

impl Player {
    /// Carries out one command and returns its output.
    pub(super) fn play(&mut self, command: &str) -> Vec<String> {
        let mut words = command.split_whitespace();
        let name = words.next().unwrap_or("");
        self.world.brief = matches!(name, "settle" | "elect" | "run");
        if let Err(error) = self.carry_out(name, &Arguments::new(words)) {
            self.world.tell(format!("script error: {error}"));
        }
        std::mem::take(&mut self.world.events)
    }

    fn carry_out(&mut self, name: &str, words: &Arguments<'_>) -> Result<(), ScriptError> {
        match name {
            "cluster" => self.cluster(words),
            "disk" => self.disk(words),
            "rot" => self.rot(words),
            "campaign" | "tick" => self.tick(words.member()?),
            "elect" => self.tick(words.member()?).and_then(|()| self.settle()),
            "wait" => self.pass(words, false),
            "run" => self.pass(words, true),
            "settle" => self.settle(),
            "wake" => self.wake(words),
            "propose" => self.propose(words),
            "read" => self.read(words.member()?),
            "lease" => self.lease(words.member()?),
            "status" => self.status(words),
            "voters" => self.voters(words.member()?),
            "deliver" => self.deliver(words),
            "drop" => self.lose(words),
            "send" => self.send(words),
            "isolate" | "heal" => self.isolate(words.member()?, name == "isolate"),
            "disconnect" => self.disconnect(words),
            _ => self.disk_command(name, words),
        }
    }

    fn disk_command(&mut self, name: &str, words: &Arguments<'_>) -> Result<(), ScriptError> {
        let members = if words.has("all") { self.world.ids() } else { words.members()? };
        for id in members {
            let now = self.world.now;
            match name {
                "flush" | "end-flush" => self.world.flushed(id)?,
                "begin-flush" => self.world.member(id)?.disk.begin_flush(),
                "crash" => self.world.member(id)?.crash(),
                "restart" => {
                    let election = words.millis("election")?;
                    let member = self.world.member(id)?;
                    member.crash();
                    member.set_election_timeout(election);
                    member.start(now);
                }
                "fail" => {
                    // The contract: after an error of a flush, the core is not called any more.
                    self.world.member(id)?.crash();
                    self.world.tell(format!("{id} stops"));
                }
                _ => return Err(ScriptError::UnknownCommand(name.to_owned())),
            }
        }
        Ok(())
    }

    fn cluster(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        let learners = words.terms("learners")?.into_iter().map(MemberId).collect();
        let configuration = Configuration { learners, ..Configuration::of_voters(words.members()?) };
        let options = RaftOptions {
            election_timeout: words.millis("election")?.unwrap_or(Duration::from_millis(100)),
            heartbeat_interval: words.millis("heartbeat")?.unwrap_or(Duration::from_millis(20)),
            quiet_after: words.number("quiet-after")?.unwrap_or(u64::MAX),
            inflight_max: words.number("inflight")?.unwrap_or(4),
            entries_max: words.number("entries")?.unwrap_or(64),
            seed: 0,
        };
        self.world.form(&configuration, &options);
        Ok(())
    }

    fn disk(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        let id = words.member()?;
        let terms = words.terms("log")?;
        let term = words.number("term")?.or(terms.last().copied()).unwrap_or(0);
        let vote = words.number("vote")?.map(MemberId);
        let commit = words.number("commit")?.unwrap_or(0);
        let now = self.world.now;
        let member = self.world.member(id)?;
        member.crash();
        member.disk = Disk::holding(arguments::spans(0, &terms), term, vote, commit);
        member.start(now);
        Ok(())
    }

    fn rot(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        let count = words.plain().nth(1).map_or(Ok(1), arguments::number)?;
        let now = self.world.now;
        let member = self.world.member(words.member()?)?;
        member.crash();
        member.disk.rot(count);
        member.start(now);
        Ok(())
    }

    /// Wakes a member that last heard its counterparts at the time `heard`; now, if the script does not say.
    fn wake(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        let heard = words.millis("heard")?.unwrap_or(self.world.now);
        let quiet = self.world.raft(words.member()?)?.is_quiet();
        self.world.wake(words.member()?, heard)?;
        if !quiet {
            self.world.tell(format!("{} was not quiet", words.member()?));
        }
        Ok(())
    }

    fn tick(&mut self, id: MemberId) -> Result<(), ScriptError> {
        self.world.wake(id, self.world.now)?;
        self.world.now = self.world.now.max(self.world.raft(id)?.deadline());
        self.world.call(id, |raft, now, fx| raft.tick(now, fx))
    }

    fn pass(&mut self, words: &Arguments<'_>, settling: bool) -> Result<(), ScriptError> {
        let span: u64 = arguments::number(words.word(0, "milliseconds")?)?;
        let end = self.world.now + Duration::from_millis(span);
        while let Some((due, id)) = self.world.next_deadline().filter(|(due, _)| *due <= end) {
            self.world.now = self.world.now.max(due);
            self.world.call(id, |raft, now, fx| raft.tick(now, fx))?;
            if settling {
                self.settle()?;
            }
        }
        self.world.now = end;
        Ok(())
    }

    fn settle(&mut self) -> Result<(), ScriptError> {
        for _ in 0..DELIVERIES_MAX {
            for id in self.world.ids() {
                self.world.flushed(id)?;
            }
            if !self.deliver_one(|_, _, _| true)? {
                return Ok(());
            }
        }
        self.world.tell("never settles".to_owned());
        Ok(())
    }

    /// Delivers the oldest message that `wanted` allows. Returns whether there was one.
    fn deliver_one(
        &mut self,
        wanted: impl Fn(MemberId, MemberId, &Message) -> bool,
    ) -> Result<bool, ScriptError> {
        let Some((from, to, message)) = self.world.take(wanted) else { return Ok(false) };
        if self.world.connected(from, to) {
            self.world.receive(from, to, message)?;
        }
        Ok(true)
    }

    fn deliver(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        if words.has("all") {
            for _ in 0..DELIVERIES_MAX {
                if !self.deliver_one(|_, _, _| true)? {
                    return Ok(());
                }
            }
        }
        let (from, to) = arguments::pair(words.word(0, "from->to")?)?;
        let kind = words.plain().nth(1);
        if !self.deliver_one(|a, b, message| (a, b) == (from, to) && is_kind(message, kind))? {
            self.world.tell("nothing is on its way".to_owned());
        }
        Ok(())
    }

    fn lose(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        if words.has("all") {
            while self.world.take(|_, _, _| true).is_some() {}
            return Ok(());
        }
        let (from, to) = arguments::pair(words.word(0, "from->to")?)?;
        let kind = words.plain().nth(1);
        if self.world.take(|a, b, message| (a, b) == (from, to) && is_kind(message, kind)).is_none() {
            self.world.tell("nothing is on its way".to_owned());
        }
        Ok(())
    }

    fn propose(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        let count = words.plain().nth(1).map_or(Ok(1), arguments::number)?;
        self.world.propose(words.member()?, count)
    }

    fn read(&mut self, id: MemberId) -> Result<(), ScriptError> {
        self.world.wake(id, self.world.now)?;
        match self.world.call(id, |raft, now, fx| raft.read(now, fx))? {
            Ok(ticket) => self.world.tell(format!("{id} takes read {}", ticket.0)),
            Err(error) => self.world.tell(format!("{id} refuses: {error}")),
        }
        Ok(())
    }

    fn lease(&mut self, id: MemberId) -> Result<(), ScriptError> {
        let shown = match self.world.raft(id)?.lease(self.world.now) {
            Some(lease) => format!("{id} may answer at {}", lease.index),
            None => format!("{id} has no lease"),
        };
        self.world.tell(shown);
        Ok(())
    }

    fn status(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        let mut members = words.members()?;
        if members.is_empty() {
            members = self.world.ids();
        }
        for id in members {
            let shown = match self.world.is_up(id) {
                true => show::status(id, self.world.raft(id)?),
                false => format!("{id} is down"),
            };
            self.world.tell(shown);
        }
        Ok(())
    }

    fn voters(&mut self, id: MemberId) -> Result<(), ScriptError> {
        let shown = show::configuration(self.world.raft(id)?.configuration());
        self.world.tell(format!("{id} knows {shown}"));
        Ok(())
    }

    fn isolate(&mut self, id: MemberId, isolated: bool) -> Result<(), ScriptError> {
        self.world.member(id)?;
        self.world.isolate(id, isolated);
        Ok(())
    }

    fn disconnect(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        let (from, to) = arguments::pair(words.word(0, "from->to")?)?;
        while self.world.take(|a, b, _| (a, b) == (from, to)).is_some() {}
        self.world.wake(from, self.world.now)?;
        self.world.call(from, |raft, _, _| raft.disconnected(to))
    }

    fn send(&mut self, words: &Arguments<'_>) -> Result<(), ScriptError> {
        let (from, to) = arguments::pair(words.word(0, "from->to")?)?;
        let message = parse_message(words, self.world.raft(to)?.latest_campaign())?;
        self.world.receive(from, to, message)
    }
}

fn is_kind(message: &Message, kind: Option<&str>) -> bool {
    kind.is_none_or(|kind| show::message(message).split(' ').next() == Some(kind))
}

/// Parses a message. A made-up vote answers the `latest` campaign of its receiver, unless it names another.
fn parse_message(words: &Arguments<'_>, latest: u64) -> Result<Message, ScriptError> {
    let term = words.number("term")?.unwrap_or(1);
    let number = |key| words.number::<u64>(key).map(|value| value.unwrap_or(0));
    Ok(match words.word(1, "message")? {
        "RequestVote" => {
            let (last, pre, campaign) = (words.log_id("last")?, words.has("pre"), number("campaign")?);
            Message::RequestVote { term, last, pre, campaign }
        }
        "Vote" => {
            let campaign = words.number("campaign")?.unwrap_or(latest);
            Message::Vote { term, granted: words.has("granted"), pre: words.has("pre"), campaign }
        }
        "Append" => {
            let prev = words.log_id("prev")?;
            let spans = arguments::spans(prev.index, &words.terms("entries")?);
            Message::Append {
                term,
                prev,
                commit: number("commit")?,
                spans,
                configurations: voters(words, prev.index)?,
            }
        }
        "Accepted" => {
            Message::AppendReply { term, result: AppendResult::Accepted { matched: number("matched")? } }
        }
        "Rejected" => Message::AppendReply {
            term,
            result: AppendResult::Rejected { prev: number("prev")?, hint: words.log_id("hint")? },
        },
        "Heartbeat" => Message::Heartbeat {
            term,
            commit: number("commit")?,
            round: number("round")?,
            urgent: words.has("urgent"),
            quiet: words.has("quiet"),
        },
        "HeartbeatReply" => Message::HeartbeatReply {
            term,
            round: number("round")?,
            verified: number("verified")?,
            durable: number("durable")?,
            last: number("last")?.max(number("verified")?),
            quiet: words.has("quiet"),
        },
        other => return Err(ScriptError::UnknownMessage(other.to_owned())),
    })
}

/// Parses `voters=1,2,3`, which makes the first entry of an append a configuration.
fn voters(words: &Arguments<'_>, prev: u64) -> Result<Vec<(u64, Configuration)>, ScriptError> {
    let voters = words.terms("voters")?;
    if voters.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![(prev + 1, Configuration::of_voters(voters.into_iter().map(MemberId)))])
}
