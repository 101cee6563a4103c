//! The pure consensus core of one group: Raft, with pre-vote, check-quorum, pipelined appends, ReadIndex and leases.
//! Time, messages and completed writes go in, [`effect::Effect`]s come out. It never reads a clock, touches a socket or
//! a file, starts a thread, or sees a command: it knows indexes and terms.
//!
//! Begin with [`message`] and [`effect`], then [`step`], where every call of the owner arrives and is given to the
//! role that the member has. Each file uses only files above it in this table.
//!
//! | file | what it holds |
//! |---|---|
//! | [`error`], [`message`], [`options`], [`token`] | what goes in |
//! | [`quorum`], [`conflict`], [`configuration`], [`progress`], [`lease`], [`read`] | one idea each, as a value |
//! | [`effect`] | what comes out |
//! | [`server`] | what a member keeps in every role |
//! | [`election`], [`follower`] | the rules of candidates and followers |
//! | [`leadership`], [`replication`], [`heartbeat`] | the rules of leaders |
//! | [`state`], [`roles`], [`voting`], [`check`] | the member in its role: how it changes, whom it votes for, what it refuses |
//! | [`step`] | what the owner calls |
//!
//! Each rule of the paper or of the thesis is cited once, where it is implemented, in a comment that begins with `Rule:`.
//! `tests/tidy/rules.rs` lists them, also those that are not implemented yet.
//!
//! # Contract with the owner
//!
//! 1. **Order.** The owner carries out the effects of one call in their order, and completely, before the next call.
//!    Everything that is written (votes, entries) goes to one journal in the order of the effects.
//! 2. **Propose.** [`state::Raft::propose`] returns term and indexes of the new entries. The owner encodes and writes them
//!    *before* it carries out the effects of that call, because those already speak of the entries.
//! 3. **Tokens.** After each call that wrote something, the owner notes the journal's end together with
//!    [`state::Raft::token`]. When the journal is durable up to there, it calls [`state::Raft::durable`] with that token.
//!    One completion may stand for many: only the newest need be reported. A completion covers every write before it.
//! 4. **Sends.** A message leaves once its `after` is durable, not before, and is dropped when the member stops. It may
//!    leave, and be answered, before the core is told that `after` is durable. On its way it may be lost, repeated,
//!    delayed and overtaken, but not altered. The owner attaches the entries of an append, splits it where their bytes
//!    exceed a message, and describes them again (`spans`, `configurations`) where it arrives. A message that has to wait
//!    never carries entries. An answer to a heartbeat that is not urgent may be held back for a while
//!    ([`options::Options::answer_delay_max`]).
//! 5. **Failures.** After an error of a write or a flush the owner calls nothing any more: the member stops.
//! 6. **Time.** `now` is the time since any origin, on a clock that never goes back and also runs while the machine
//!    sleeps. It is never the wall clock. [`state::Raft::tick`] is called several times per heartbeat interval.
//! 7. **Connections.** When the owner knows that messages on the way to a peer are lost, it says so with
//!    [`state::Raft::disconnected`]. That only makes recovery faster.

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
#[cfg(test)]
mod fuzz;
mod heartbeat;
mod leadership;
pub(crate) mod lease;
mod progress;
mod quorum;
mod replication;
mod roles;
mod server;
mod step;
mod voting;
