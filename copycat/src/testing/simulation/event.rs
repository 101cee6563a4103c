//! The events of a run.

use super::network::InFlightMessage;
use crate::codec::ids::GroupId;
use std::time::Duration;

/// An event. Members are named by their place; an event of a process also names its life.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A process takes a turn with the inputs that have arrived.
    Turn { at: usize, life: u64 },
    /// The timer of a process is due.
    Tick { at: usize, life: u64 },
    /// The flusher ends its write.
    Flush { at: usize, life: u64 },
    /// The shard learns that the write has ended.
    Flushed { at: usize, life: u64 },
    /// The preallocator ends its job.
    Preallocate { at: usize, life: u64 },
    /// The applier starts on its work.
    Apply { at: usize, life: u64 },
    /// The state machine of a group is attached.
    Attach { at: usize, life: u64, group: GroupId },
    /// A process is started.
    Start { at: usize },
    /// A message arrives.
    Arrive(InFlightMessage),
    /// The state of a connection is updated.
    Link { from: usize, to: usize },
    /// A client sends its next operation.
    Ask { client: usize },
    /// The next episode of faults begins.
    Strike,
    /// A flapping partition begins or ends.
    Flap { side: Vec<bool>, cut: bool },
    /// All cuts of the network end.
    Rejoin,
    /// The countdown of a fuse is over, although the process has had too few effects to end.
    Fuse { at: usize },
    /// A disk is fast again and has free space.
    Recover { at: usize },
    /// A leader whose incoming answers are held up is cut off. It may also be paused until `until`.
    Silence { at: usize, stands: bool, until: Duration },
    /// That leader continues and receives the answers that were held up.
    Release { at: usize },
    /// A leader is cut off from all followers except one.
    Isolate { leader: usize, follower: usize },
    /// The leader also loses that follower.
    Usurp { leader: usize, follower: usize, restarts: bool },
    /// An operator restarts a member.
    Restart { at: usize },
    /// All faults end.
    Heal,
    /// The cluster checks whether everything works again.
    Settle,
}

impl Event {
    /// Returns the process that the event concerns, if it concerns one.
    pub(super) fn process(&self) -> Option<(usize, u64)> {
        match *self {
            Event::Turn { at, life }
            | Event::Tick { at, life }
            | Event::Flush { at, life }
            | Event::Flushed { at, life }
            | Event::Preallocate { at, life }
            | Event::Apply { at, life }
            | Event::Attach { at, life, .. } => Some((at, life)),
            _ => None,
        }
    }
}
