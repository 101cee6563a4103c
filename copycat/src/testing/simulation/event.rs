//! What can happen in a run.

use super::network::Parcel;
use crate::codec::ids::GroupId;
use std::time::Duration;

/// Something that happens. Members are named by their place; what concerns a process names its life too.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A process takes what has arrived.
    Turn { at: usize, life: u64 },
    /// Its timer is due.
    Tick { at: usize, life: u64 },
    /// The flusher is done.
    Flush { at: usize, life: u64 },
    /// And its shard is told.
    Flushed { at: usize, life: u64 },
    /// The preparer is done.
    Prepare { at: usize, life: u64 },
    /// The applier takes up work.
    Apply { at: usize, life: u64 },
    /// The code of a group is opened.
    Attach { at: usize, life: u64, group: GroupId },
    /// A process is started.
    Start { at: usize },
    /// Messages arrive.
    Arrive(Parcel),
    /// What a connection is and what it could be are compared.
    Link { from: usize, to: usize },
    /// A client asks.
    Ask { client: usize },
    /// The next episode of faults begins.
    Strike,
    /// A flapping partition comes or goes.
    Flap { side: Vec<bool>, cut: bool },
    /// Cuts end.
    Rejoin,
    /// A fuse that no effect has burnt yet ends now.
    Fuse { at: usize },
    /// A disk is well again.
    Recover { at: usize },
    /// A leader to which answers are held up is cut off, and may stand still until then.
    Silence { at: usize, stands: bool, until: Duration },
    /// It goes on, and gets them.
    Release { at: usize },
    /// A leader keeps one follower.
    Isolate { leader: usize, follower: usize },
    /// And loses that one.
    Usurp { leader: usize, follower: usize, restarts: bool },
    /// An operator restarts a member.
    Restart { at: usize },
    /// Everything is well again.
    Heal,
    /// It is looked whether everything works again.
    Settle,
}

impl Event {
    /// The process it happens to, if it happens to one.
    pub(super) fn process(&self) -> Option<(usize, u64)> {
        match *self {
            Event::Turn { at, life }
            | Event::Tick { at, life }
            | Event::Flush { at, life }
            | Event::Flushed { at, life }
            | Event::Prepare { at, life }
            | Event::Apply { at, life }
            | Event::Attach { at, life, .. } => Some((at, life)),
            _ => None,
        }
    }
}
