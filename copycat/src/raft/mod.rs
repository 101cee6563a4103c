//! The pure consensus core of one group: Raft, with pre-vote, check-quorum, pipelined appends, ReadIndex and leases.
//! Time, messages and completed writes go in, and [`effect::Effect`]s come out. The core never reads a clock, touches a
//! socket or a file, starts a thread, or sees a command: it knows indexes and terms.
//!
//! The *owner* is the code that drives a core: the shard, or a test. Begin with [`message`] and [`effect`], then read
//! [`step`], where every call of the owner arrives and is passed to the code of the member's role. Each file uses only
//! files above it in this table, or in its own row.
//!
//! | file | content |
//! |---|---|
//! | [`error`], [`message`], [`options`], [`token`] | the input, and the errors with which it is refused |
//! | [`quorum`], [`conflict`], [`configuration`], [`progress`], [`lease`], [`idle`], [`read_queue`] | one idea each, as a value |
//! | [`effect`] | the output |
//! | [`server`] | the state that a member has in every role |
//! | [`campaign`], [`follower`] | the rules of candidates and followers |
//! | [`leadership`] | the state of leaders |
//! | [`read_index`], [`replication`], [`heartbeat`], [`term_start`] | the rules of leaders |
//! | [`state`], [`roles`], [`voting`], [`validation`] | the member in its role: role changes, votes, and refused messages |
//! | [`quiet`] | groups in which nothing happens: no heartbeats, no timers; the roles above call its rules |
//! | [`step`] | the calls of the owner |
//!
//! # Where the rules of the paper are
//!
//! | rule | file | function |
//! |---|---|---|
//! | election restriction | [`server`] | [`is_up_to_date`](server::Server::is_up_to_date), asked by `Raft::vote` |
//! | one vote per term | [`voting`] | `Raft::vote`; asserted by [`save_vote`](server::Server::save_vote) |
//! | vote durable before the answer | [`voting`] | [`request_vote`](state::Raft::request_vote), by the token `after` |
//! | randomized timeouts | [`server`] | [`restart_election_timer`](server::Server::restart_election_timer) |
//! | step down on a higher term | [`roles`] | [`adopt_term`](state::Raft::adopt_term), or `Raft::vote` |
//! | log matching check | [`follower`] | [`append`](follower::append) |
//! | conflict truncation | [`follower`] | `store`, where [`find_conflict`](conflict::find_conflict) says |
//! | commit only own-term entries by counting | [`leadership`] | [`leadership::Leadership::committable`] |
//! | no-op at the start of a term | [`term_start`] | `append_term_start`, for [`begin`](leadership::Leader::begin) |
//! | joint consensus quorum | [`quorum`] | [`reached`](quorum::reached), [`outcome`](quorum::outcome) |
//! | ReadIndex, 1 and 2: own-term commit, index | [`read_index`] | [`register_read`](leadership::Leader::register_read) |
//! | ReadIndex, 3: a later round confirms | [`read_queue`] | [`confirm`](read_queue::ReadIndexQueue::confirm) |
//! | ReadIndex, 4: answer once applied | [`read_index`] | `push_ready`; the owner waits |
//! | lease | [`lease`] | [`lease_end`](lease::Rounds::lease_end), for [`Raft::lease`](state::Raft::lease) |
//! | vote block after hearing a leader | [`server`] | [`record_leader_contact`](server::Server::record_leader_contact) sets it |
//! | | [`voting`] | `Raft::is_vote_blocked` obeys it |
//! | pre-vote | [`roles`] | [`become_pre_candidate`](state::Raft::become_pre_candidate) asks |
//! | | [`voting`] | `Raft::would_grant` answers |
//! | check-quorum | [`leadership`] | [`must_step_down`](leadership::Leadership::must_step_down) |
//! | heartbeat rounds are counted per leadership | [`lease`] | [`Rounds`](lease::Rounds) |
//! | | [`follower`] | [`answer_stale`](follower::answer_stale) names no round |
//!
//! Each rule of the paper or of the thesis is cited once, in a comment that begins with `Rule:`, at the code that
//! implements or asserts it. `tests/tidy/rules.rs` lists the rules, and those that are not implemented yet.
//!
//! # Contract with the owner
//!
//! 1. **Order.** The owner carries out the effects of one call in their order, and completely, before the next call.
//!    All writes (votes, entries) go to one journal, in the order of the effects.
//! 2. **Propose.** [`state::Raft::propose`] returns term and indexes of the new entries. The owner encodes and writes
//!    them *before* it carries out the effects of that call, because those effects already refer to the entries.
//! 3. **Tokens.** After each call that wrote something, the owner records the journal's end together with
//!    [`state::Raft::token`]. When the journal is durable up to there, it calls [`state::Raft::durable`] with that
//!    token. A completion covers every write before it, so only the newest one need be reported.
//! 4. **Sends.** A message leaves once its token `after` is durable, not before, and is dropped when the member stops.
//!    It may leave, and be answered, before the core is told that `after` is durable. In flight it may be lost,
//!    repeated, delayed and overtaken, but not altered. The owner attaches the entries of an append, splits the append
//!    if their bytes exceed a message, and describes them again (`spans`, `configurations`) on arrival. A message that
//!    waits for a token never carries entries. The owner may delay the answer to a heartbeat that is not urgent
//!    ([`options::RaftOptions::answer_delay_max`]).
//! 5. **Failures.** After an error of a write or a flush the owner makes no further call: the member stops.
//! 6. **Time.** `now` is the time since any origin, on a clock that never goes back and also runs while the machine
//!    sleeps. It is never the wall clock. [`state::Raft::tick`] is called at
//!    [`state::Raft::deadline`]. A core that is not to lead gets no ticks: it neither campaigns nor sends heartbeats.
//! 7. **Connections.** When the owner knows that messages in flight to a peer are lost, it calls
//!    [`state::Raft::disconnected`]. This only makes recovery faster.
//! 8. **Quiet.** A core may become [quiet](state::Raft::is_quiet). Its owner [wakes](state::Raft::wake) it
//!    - before any other input, except messages that [do not wake](state::Raft::is_woken_by) it;
//!    - if the owner of a [counterpart](state::Raft::counterparts) has not been heard for nearly an election timeout;
//!    - if that owner tells that the counterpart has woken, and no message of this member was the reason.
//!
//!    If a leader has [proposed](state::Raft::has_proposed_quiet) the quiet, and then loses the leadership or gets no
//!    more ticks, its owner tells the others.

pub(crate) mod effect;
pub(crate) mod error;
pub(crate) mod message;
pub(crate) mod options;
pub(crate) mod read_queue;
pub(crate) mod state;
pub(crate) mod token;

mod campaign;
mod configuration;
mod conflict;
mod follower;
#[cfg(test)]
mod fuzz;
mod heartbeat;
mod idle;
mod leadership;
pub(crate) mod lease;
mod progress;
mod quiet;
mod quorum;
mod read_index;
mod replication;
mod roles;
mod server;
mod step;
mod term_start;
mod validation;
mod voting;
