//! The kinds of faults. Their effects are in `fault_episodes.rs`, `timing_faults.rs`, `healing.rs` and `settle.rs`.

use std::fmt;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A message is lost.
    Loss,
    /// A Raft message arrives twice.
    Duplication,
    /// A message is held up for longer than elections take.
    HoldUp,
    /// Messages of one connection overtake each other.
    Reordering,
    /// Two sides of the cluster receive nothing from each other.
    Partition,
    /// One side hears the other, but not the other way round.
    OneWay,
    /// Two sides share only one member.
    Bridge,
    /// A partition that comes and goes.
    Flapping,
    /// Connections break and are opened again at once.
    Reset,
    /// A process is killed at any of its effects; the data it wrote stays in the cache.
    Kill,
    /// The power of one member is cut, at any of its effects.
    PowerCut,
    /// The power of all members is cut.
    Blackout,
    /// Flushes take longer than elections.
    SlowDisk,
    /// A clock runs faster or slower, by a tenth at most.
    Drift,
    /// A process is paused, and continues later.
    Pause,
    /// The disk has no free space for another segment.
    DiskFull,
    /// A write fails.
    WriteError,
    /// A flush fails.
    SyncError,
    /// A process is killed, and a bit flips in the last batch that it flushed. Acknowledged entries are lost, and
    /// recovery cannot tell the damage from a torn tail. It happens only if the other members still hold each entry
    /// on a majority of all members, and if no vote is lost. All promises must be kept then.
    Rot,
    /// No client sends anything, so that groups become quiet.
    Lull,
    /// A message does not fit the queue of its connection, and is refused.
    Crowding,
    /// A request has malformed arguments, or its command is of the wrong kind or unknown.
    Malformed,
    /// A method panics, on every replica.
    Panic,
    /// A member, possibly a leader, runs a program that lacks a command, so its state machines halt. After the
    /// healing all members are restarted, and the others must work before this member gets the newer program.
    OldProgram,
    /// Operators change the election timeout: every member is restarted, the leader last.
    Retiming,
    /// A leader is paused, or cut off from sending, while answers to it are held up. Then it continues, receives
    /// reads at once, and receives those answers.
    Standstill,
    /// A leader keeps one follower, enough for a majority. That follower is restarted, or asked for its vote, while
    /// the leader receives reads.
    Usurpation,
    /// At the end a leader receives nothing, and all others receive its messages. They must work without it.
    Deafness,
}

impl Fault {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Fault; 28] = [
        Fault::Loss,
        Fault::Duplication,
        Fault::HoldUp,
        Fault::Reordering,
        Fault::Partition,
        Fault::OneWay,
        Fault::Bridge,
        Fault::Flapping,
        Fault::Reset,
        Fault::Kill,
        Fault::PowerCut,
        Fault::Blackout,
        Fault::SlowDisk,
        Fault::Drift,
        Fault::Pause,
        Fault::DiskFull,
        Fault::WriteError,
        Fault::SyncError,
        Fault::Rot,
        Fault::Lull,
        Fault::Crowding,
        Fault::Malformed,
        Fault::Panic,
        Fault::OldProgram,
        Fault::Retiming,
        Fault::Standstill,
        Fault::Usurpation,
        Fault::Deafness,
    ];

    /// Returns whether the fault waits for the worst moment of a leader.
    pub(super) fn is_about_time(self) -> bool {
        matches!(self, Fault::Retiming | Fault::Standstill | Fault::Usurpation)
    }

    /// Returns whether the fault comes in episodes. Others concern single messages or requests, or the whole run.
    pub(super) fn is_episode(self) -> bool {
        let single = [Fault::Loss, Fault::Duplication, Fault::HoldUp, Fault::Reordering, Fault::Crowding];
        let requests = [Fault::Malformed, Fault::Panic];
        let run = [Fault::OldProgram, Fault::Deafness];
        ![&single[..], &requests, &run].concat().contains(&self)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Loss => "losses",
            Fault::Duplication => "duplications",
            Fault::HoldUp => "hold-ups",
            Fault::Reordering => "overtakings",
            Fault::Partition => "partitions",
            Fault::OneWay => "one-way partitions",
            Fault::Bridge => "bridges",
            Fault::Flapping => "flappings",
            Fault::Reset => "resets",
            Fault::Kill => "kills",
            Fault::PowerCut => "power cuts",
            Fault::Blackout => "blackouts",
            Fault::SlowDisk => "slow disks",
            Fault::Drift => "drifts",
            Fault::Pause => "pauses",
            Fault::DiskFull => "full disks",
            Fault::WriteError => "write errors",
            Fault::SyncError => "flush errors",
            Fault::Rot => "rotten tails",
            Fault::Lull => "lulls",
            Fault::Crowding => "full connections",
            Fault::Malformed => "malformed requests",
            Fault::Panic => "panics",
            Fault::OldProgram => "old programs",
            Fault::Retiming => "changed timeouts",
            Fault::Standstill => "standstills",
            Fault::Usurpation => "usurpations",
            Fault::Deafness => "deaf leaders",
        })
    }
}
