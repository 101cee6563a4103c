//! The text form of events, messages and logs in a script.

use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::Spans;
use crate::raft::effect::Role;
use crate::raft::message::{AppendResult, Message};
use crate::raft::state::Raft;
use std::fmt::Write;

/// Formats the state of one member as one line.
pub(super) fn status(member: MemberId, raft: &Raft) -> String {
    let status = raft.status();
    let quiet = if raft.is_quiet() { ", quiet" } else { "" };
    format!(
        "{member} {} term={} commit={} log={}{quiet}",
        role(status.role),
        status.term,
        status.commit,
        log(raft.log())
    )
}

/// Returns the name of a role in the paper's figures.
pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre-candidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    }
}

/// Formats the terms of a log from its first index.
pub(super) fn log(log: &LogShape) -> String {
    let spans = log.spans(log.base().index + 1, log.last().index);
    match log.base().index {
        0 => entries(&spans),
        base => format!("({},{base})+{}", log.base().term, entries(&spans)),
    }
}

/// Formats entries as `[1,2,2,3×8]`.
pub(super) fn entries(spans: &Spans) -> String {
    let run = |term: Term, count: u64| match count {
        0..=4 => vec![term.to_string(); count as usize].join(","),
        _ => format!("{term}×{count}"),
    };
    let runs: Vec<_> = spans.iter().map(|span| run(span.term, span.last - span.first + 1)).collect();
    format!("[{}]", runs.join(","))
}

/// Formats a configuration: its voters, outgoing voters and learners.
pub(super) fn configuration(configuration: &Configuration) -> String {
    let set = |members: &[MemberId]| {
        let names: Vec<_> = members.iter().map(MemberId::to_string).collect();
        format!("{{{}}}", names.join(","))
    };
    let mut shown = set(&configuration.voters);
    if !configuration.outgoing.is_empty() {
        let _ = write!(shown, " leaving {}", set(&configuration.outgoing));
    }
    if !configuration.learners.is_empty() {
        let _ = write!(shown, " learners {}", set(&configuration.learners));
    }
    shown
}

/// Formats one message as one line.
pub(super) fn message(message: &Message) -> String {
    match message {
        Message::RequestVote { term, last, pre, campaign } => {
            let (pre, campaign) = (if *pre { " pre" } else { "" }, numbered(*campaign));
            format!("RequestVote term={term} last=({},{}){pre}{campaign}", last.term, last.index)
        }
        Message::Vote { term, granted, pre, campaign } => {
            let answer = if *granted { "granted" } else { "refused" };
            let (pre, campaign) = (if *pre { " pre" } else { "" }, numbered(*campaign));
            format!("Vote term={term} {answer}{pre}{campaign}")
        }
        Message::Append { term, prev, commit, spans, configurations } => {
            let mut shown = format!(
                "Append term={term} prev=({},{}) entries={} commit={commit}",
                prev.term,
                prev.index,
                entries(spans)
            );
            configurations.iter().for_each(|entry| show_entry(&mut shown, entry));
            shown
        }
        Message::AppendReply { term, result: AppendResult::Accepted { matched } } => {
            format!("AppendReply term={term} accepted through {matched}")
        }
        Message::AppendReply { term, result: AppendResult::Rejected { prev, hint } } => {
            format!("AppendReply term={term} rejected prev={prev} hint=({},{})", hint.term, hint.index)
        }
        Message::Heartbeat { term, commit, round, urgent, quiet } => {
            let urgent = if *urgent { " urgent" } else { "" };
            let quiet = if *quiet { " quiet" } else { "" };
            format!("Heartbeat term={term} commit={commit} round={round}{urgent}{quiet}")
        }
        Message::HeartbeatReply { term, round, verified, durable, last, quiet } => {
            let ends = if *last > *verified { format!(", ends with {last}") } else { String::new() };
            let quiet = if *quiet { " quiet" } else { "" };
            format!(
                "HeartbeatReply term={term} round={round} agrees through {verified}, durable {durable}{ends}{quiet}"
            )
        }
    }
}

/// Formats the number of a campaign; empty if a script made the message up without one.
fn numbered(campaign: u64) -> String {
    if campaign == 0 { String::new() } else { format!(" campaign={campaign}") }
}

fn show_entry(shown: &mut String, (index, entry): &(Index, Configuration)) {
    // Writing to a string cannot fail.
    let _ = write!(shown, " {index}:voters={}", configuration(entry));
}
