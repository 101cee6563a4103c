//! Messages of the consensus core, until its own module is merged.

use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, Term};
use crate::codec::terms::{LogId, Spans};

/// See the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// .
    RequestVote { term: Term, last: LogId, pre: bool },
    /// .
    Vote { term: Term, granted: bool, pre: bool },
    /// .
    Append { term: Term, prev: LogId, commit: Index, spans: Spans, configurations: Vec<(Index, Configuration)> },
    /// .
    AppendReply { term: Term, result: AppendResult },
    /// .
    Heartbeat { term: Term, commit: Index, round: u64 },
    /// .
    HeartbeatReply { term: Term, round: u64 },
}

/// .
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AppendResult {
    /// .
    Accepted { last: Index },
    /// .
    Rejected { prev: Index, hint: LogId },
}
