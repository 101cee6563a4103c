//! The pure consensus core of one group: Raft as in Ongaro's thesis, with pre-vote, check-quorum,
//! pipelined appends, ReadIndex and leases. Time, messages and completions go in, [`effect::Effect`]s come out.
//! It never reads a clock, touches a socket or a file, starts a thread, or sees a payload.
//!
//! Begin with [`message`] and [`effect`], then [`state`]; each rule of the paper has its file:
//! [`election`], [`replication`] (the leader's side), [`follower`], [`quorum`], [`conflict`], [`read`],
//! [`lease`], [`configuration`], and what is refused outright in [`check`].
//!
//! # Contract with the owner
//!
//! 1. **Order.** The effects of one call are carried out in order, completely, before the next call.
//!    Everything written (votes, entries) goes to one journal in the order of the effects.
//! 2. **Propose.** [`state::Raft::propose`] returns term and indexes of the new entries. They are encoded and
//!    written *before* the effects of that call, whose appends already speak of them.
//! 3. **Tokens.** After each call that wrote something, note the journal's end together with
//!    [`state::Raft::token`]; when the journal is durable up to there, call [`state::Raft::durable`] with it. One
//!    completion may stand for many: only the newest need be reported. A completion must cover every
//!    write before it, in order.
//! 4. **Sends.** A message leaves once its `after` is durable, not before, and is dropped when the
//!    member stops. It may leave, and be answered, before the core is told that `after` is durable.
//!    It may be lost, repeated, delayed and overtaken on the way; it must not be altered.
//!    The owner attaches an append's entries, splits it where their bytes exceed a message, and
//!    describes them again (`spans`, `configurations`) where it arrives. What waits brings no entries.
//! 5. **Failures.** After an error of a write or a flush nothing is called any more: the member stops.
//! 6. **Time.** `now` is the time since any origin, on a clock that never goes back and also runs while
//!    the machine sleeps; never the wall clock. [`state::Raft::tick`] is called several times per
//!    heartbeat interval.
//! 7. **Connections.** When messages on the way to a peer are known to be lost, say so with
//!    [`state::Raft::disconnected`]; it is only an acceleration.

pub(crate) mod effect;
pub(crate) mod error;
pub(crate) mod message;
pub(crate) mod options;
pub(crate) mod read;
pub(crate) mod state;
pub(crate) mod token;

mod check;
mod configuration;
mod conflict;
mod election;
mod follower;
mod heartbeat;
#[cfg(test)]
mod hostile;
mod inputs;
mod leadership;
pub(crate) mod lease;
mod progress;
mod quorum;
mod replication;
mod server;
mod transitions;
mod voting;
