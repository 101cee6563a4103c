//! The kinds of faults. What they do is in `strikes`, `ambush` and `settle`.

use std::fmt;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A message is lost.
    Loss,
    /// A message of the consensus arrives twice.
    Duplication,
    /// A message is held up for longer than elections take.
    HoldUp,
    /// Messages of one lane overtake each other.
    Reordering,
    /// Two sides hear nothing of each other.
    Partition,
    /// One side hears the other, but not the other way round.
    OneWay,
    /// Two sides that share just one member.
    Bridge,
    /// A partition that comes and goes.
    Flapping,
    /// Connections break and are opened again at once.
    Reset,
    /// A process is killed, at any of its effects; what it wrote stays in the cache.
    Kill,
    /// The power of one member is cut, at any of its effects.
    PowerCut,
    /// The power of all members is cut.
    Blackout,
    /// Flushes take longer than elections.
    SlowDisk,
    /// A clock goes faster or slower, by a tenth at most.
    Drift,
    /// A process is stopped, and goes on later.
    Pause,
    /// There is no room for another segment.
    DiskFull,
    /// A write fails.
    WriteError,
    /// A flush fails.
    SyncError,
    /// A process is killed, and a bit flips in the last batch that it had flushed: acknowledged entries are gone,
    /// and nothing tells it from a torn tail. Only where a majority of the others holds all of them, and no vote
    /// goes with them: what is promised then must still be kept.
    Rot,
    /// A lane has no room, and the message is refused.
    Crowding,
    /// A request whose arguments are none, or whose command is of another kind or unknown.
    Malformed,
    /// A method panics, on every replica.
    Panic,
    /// A member runs a program that lacks a command, so that its state machines halt. That of a leader, too: at the
    /// end everybody is restarted, and the others have to go on before it gets the newer program.
    OldProgram,
    /// Operators change the election timeout: every member is restarted, the leader last.
    Retiming,
    /// A leader stands still, or is not heard, while answers to it are held up. Then it goes on, is read from at once,
    /// and gets those answers.
    Standstill,
    /// A leader keeps one follower of its majority. That one is restarted, or asked for its vote, while the leader is
    /// read from.
    Usurpation,
    /// At the end a leader hears nobody, and all others hear it. They have to go on without it.
    Deafness,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 27] = [
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
        Fault::Crowding,
        Fault::Malformed,
        Fault::Panic,
        Fault::OldProgram,
        Fault::Retiming,
        Fault::Standstill,
        Fault::Usurpation,
        Fault::Deafness,
    ];

    /// Those that wait for the worst moment, at a leader.
    pub(super) fn is_about_time(self) -> bool {
        matches!(self, Fault::Retiming | Fault::Standstill | Fault::Usurpation)
    }

    /// Those that come in episodes; the others concern single messages or requests, or the whole run.
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
            Fault::Crowding => "full lanes",
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
