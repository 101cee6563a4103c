//! A member: its disk and its clock, which outlive its processes, and its process while it is up.

use super::clock::Clock;
use super::disk::{End, WatchedDisk};
use super::image::{Entry, GroupImage, Image};
use super::machine::{Recorder, schema};
use super::network::InFlightMessage;
use super::port::Port;
use super::violation::Violation;
use crate::codec::configuration::Configuration;
use crate::codec::frame::Frame;
use crate::codec::ids::{GroupId, Index, MemberId};
use crate::codec::terms::LogId;
use crate::node::applier::{Applier, Work};
use crate::node::machine::{Checks, Machine};
use crate::node::shard::{self, AttachError, Attachment, FlushTask, Input, OpenResource, Shard};
use crate::raft::effect::Role;
use crate::request::sender::Answer;
use crate::storage::{self, Journal, Position, Preallocation, Recovered, Written};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// A member, up or down.
#[derive(Debug)]
pub(super) struct Member {
    pub id: MemberId,
    pub disk: Arc<WatchedDisk>,
    pub clock: Clock,
    /// Number of processes started so far.
    pub life: u64,
    pub process: Option<Process>,
    /// The process is paused until this time.
    pub paused_until: Duration,
    /// Extra time that each flush takes.
    pub slow: Duration,
    /// The disk has no free space for another segment.
    pub full: bool,
    /// Raft's election timeout in the current process, and (`configured`) in the next one.
    pub timeout: Duration,
    pub configured: Duration,
    /// The longest election timeout under which it may have answered a leader. Recorded like its identity.
    pub longest_election_timeout: Duration,
    /// Messages to this member that are held up.
    pub held_messages: Option<HeldMessages>,
    /// Fuse: the number of effects before the process ends, the way it ends, and the time until the next start.
    pub fuse: Option<(u64, End, Duration)>,
}

/// Messages that are held up: all that are sent until `shut`. Later ones are lost.
#[derive(Debug)]
pub(super) struct HeldMessages {
    /// Each with the time of its arrival, had nothing held it up.
    pub messages: Vec<(Duration, InFlightMessage)>,
    pub shut: Duration,
}

/// State that the checks keep of one group in one process.
#[derive(Debug)]
pub(super) struct View {
    pub role: Role,
    pub term: u64,
    pub quiet: bool,
    pub commit: Index,
    pub log: Vec<Entry>,
    /// Index of the last entry dispatched to the applier.
    pub dispatched: Index,
}

/// A process: a node without threads and sockets.
#[derive(Debug)]
pub(super) struct Process {
    pub shard: Shard,
    pub applier: Applier,
    pub port: Port,
    pub inbox: Vec<Input>,
    /// A turn is scheduled.
    pub turn_due: bool,
    pub flush: Option<FlushTask>,
    /// The result of a write that has ended. The shard does not know it yet.
    pub written: Option<Written>,
    pub preallocation: Option<Preallocation>,
    pub work: VecDeque<Work>,
    /// The applier is scheduled to run.
    pub applying: bool,
    /// Receivers of the results of opening the groups. They stay open while the process runs.
    pub opened: Vec<oneshot::Receiver<Result<(), AttachError>>>,
    /// Clients of this process that wait for an answer.
    pub waiting: Vec<(usize, oneshot::Receiver<Answer>)>,
    pub views: BTreeMap<GroupId, View>,
    /// End of the journal when the logs were last checked.
    pub looked: Position,
    /// When, by the member's clock, all vote blocks of earlier processes are over.
    pub vote_blocks_end: Duration,
    /// The process runs the older program.
    pub old: bool,
}

/// Parameters of a process.
#[derive(Debug)]
pub(super) struct Start {
    pub shard: shard::ShardOptions,
    pub kept: storage::JournalOptions,
    pub voters: Configuration,
    /// Per mille of messages that do not fit the queue of their connection.
    pub crowding: u32,
    /// The process runs the older program.
    pub old: bool,
}

/// Returns the id of the member at a place.
pub(super) fn id(at: usize) -> MemberId {
    MemberId(at as u64 + 1)
}

impl Member {
    /// Creates a member that was never started.
    pub(super) fn new(id: MemberId, clock: Clock, timeout: Duration) -> Member {
        Member {
            id,
            disk: Arc::new(WatchedDisk::new(id)),
            clock,
            life: 0,
            process: None,
            paused_until: Duration::ZERO,
            slow: Duration::ZERO,
            full: false,
            timeout,
            configured: timeout,
            longest_election_timeout: Duration::ZERO,
            held_messages: None,
            fuse: None,
        }
    }

    /// Starts a process on the contents of the disk, and checks that they are what was flushed.
    pub(super) fn start(&mut self, now: Duration, start: Start) -> Result<(), Violation> {
        let Start { shard: options, kept, voters, crowding, old } = start;
        assert!(self.process.is_none(), "one process at a time");
        self.disk.heal();
        let (flushed, more) = self.disk.candidates()?;
        let opened = Journal::open(self.disk.clone(), kept, options.raft.seed);
        let (journal, recovered) = opened.map_err(|error| Violation::NotOpened { member: self.id, error })?;
        let image = found(&journal, &recovered).map_err(|error| {
            // Entries that were just verified cannot be read. That is as bad as a failed opening.
            Violation::NotOpened { member: self.id, error }
        })?;
        check_recovered(self.id, &image, &flushed, &more)?;
        self.disk.set_image(image.clone());
        self.life += 1;
        let port = Port::new(self.life, crowding, options.raft.seed);
        let vote_blocks_end = self.clock.read(now) + options.longest_election_timeout;
        let shard = Shard::new(options, journal, recovered, Box::new(port.clone()));
        let mut process = Process { vote_blocks_end, old, ..Process::new(shard, port) };
        process.shard.bootstrap(self.clock.read(now), voters);
        for status in process.shard.status().groups {
            let GroupImage { term, entries, .. } = image.group(status.group).clone();
            let view =
                View { role: Role::Follower, term, quiet: false, commit: 0, log: entries, dispatched: 0 };
            process.views.insert(status.group, view);
        }
        self.process = Some(process);
        Ok(())
    }
}

impl Process {
    fn new(mut shard: Shard, port: Port) -> Process {
        let looked = shard.journal_mut().end();
        Process {
            shard,
            applier: Applier::default(),
            port,
            inbox: Vec::new(),
            turn_due: false,
            flush: None,
            written: None,
            preallocation: None,
            work: VecDeque::new(),
            applying: false,
            opened: Vec::new(),
            waiting: Vec::new(),
            views: BTreeMap::new(),
            looked,
            vote_blocks_end: Duration::ZERO,
            old: false,
        }
    }

    /// Attaches the state machine of a group in the shard's next turn.
    pub(super) fn attach(&mut self, group: GroupId) {
        let (done, opened) = oneshot::channel();
        self.opened.push(opened);
        let checks = Checks::new(Arc::new(schema(self.old)));
        let encoded = checks.schema().encode().expect("a short schema").into();
        let resource =
            Arc::new(OpenResource { name: group.to_string(), groups: vec![group], checks, encoded });
        let machines = vec![Box::new(Recorder::new(self.old)) as Box<dyn Machine>];
        self.inbox.push(Input::Attach(Attachment { resource, machines, done }));
    }
}

/// Reads every frame of a journal into an image.
fn found(journal: &Journal, recovered: &Recovered) -> Result<Image, storage::StorageError> {
    let mut image = Image::default();
    for (group, state) in &recovered.groups {
        let mut entries = Vec::new();
        let LogId { index: last, .. } = state.log.last();
        if last > 0 {
            for chunk in journal.read(*group, 1, last, usize::MAX)?.frames {
                let frames = Frame::all_trusted(&chunk).map(|frame| frame.expect("the journal verified it"));
                entries.extend(frames.map(|frame| Entry::of(&frame)));
            }
        }
        image.put(*group, GroupImage { term: state.term, vote: state.vote, commit: state.commit, entries });
    }
    Ok(image)
}

/// Checks that recovery found what was flushed, or that and the write that was in flight, and nothing else.
fn check_recovered(member: MemberId, found: &Image, flushed: &Image, more: &Image) -> Result<(), Violation> {
    if found.continues(flushed) || found.continues(more) {
        return Ok(());
    }
    let groups = found.groups().chain(more.groups());
    let wrong = groups.into_iter().find(|group| found.group(*group) != flushed.group(*group));
    let group = wrong.unwrap_or(GroupId(0));
    Err(Violation::Recovered {
        group,
        member,
        found: format!("{:?}", found.group(group)),
        flushed: format!("{:?}", flushed.group(group)),
    })
}
