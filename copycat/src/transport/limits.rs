//! How much of everything, and how long.

use std::time::Duration;

/// Bytes of the envelope, which every message begins with.
pub(crate) const ENVELOPE_LEN: usize = 24;
/// Longest message on an open connection, frames included: one entry of the largest size with room to spare.
pub(crate) const MESSAGE_MAX: usize = 8 << 20;
/// Longest message before the handshake is done.
pub(crate) const HANDSHAKE_MAX: usize = 4 << 10;
/// Most bytes that a member's node may add to its answer to a greeting: what is left of that.
pub(crate) const BOOTSTRAP_MAX: usize = HANDSHAKE_MAX - ENVELOPE_LEN - 48;
/// Batches beyond this many bytes leave as several messages, so that one group cannot hold up the others
/// for long and a receiver can begin to work.
pub(crate) const MESSAGE_SOFT: usize = 1 << 20;

/// Bounds that differ between a test, a small machine and a large one. The defaults are what members use.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Bytes that may wait on a control lane.
    pub control_bytes_max: usize,
    /// Bytes that may wait on a bulk lane, half of them before an append; or at a remote handle.
    pub bulk_bytes_max: usize,
    /// Bytes of answers that may wait for one remote handle, or member, which is cut off beyond it: well above what
    /// one that reads has asked for at once.
    pub client_bytes_max: usize,
    /// Bytes of answers that may wait for one that takes none of them: with more, it is cut off after `silence_max`.
    pub client_idle_bytes_max: usize,
    /// Remote handles that may be connected. Members are always let in: each has two connections at most.
    pub clients_max: usize,
    /// Callers that may be in their handshake.
    pub handshakes_max: usize,
    /// How long a dial, and a handshake, may take.
    pub handshake_timeout: Duration,
    /// How often each side of a connection shows that it is alive.
    pub ping_interval: Duration,
    /// How long the other side of a connection may be silent. A broken network is noticed by this, since
    /// what is written into a socket says nothing about the other end.
    pub silence_max: Duration,
    /// First pause before a dial is repeated; doubles up to `redial_max`, each spread by half.
    pub redial_min: Duration,
    /// Longest pause before a dial is repeated.
    pub redial_max: Duration,
    /// How long an orderly close may spend on what is still queued.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            control_bytes_max: 1 << 20,
            bulk_bytes_max: 32 << 20,
            client_bytes_max: 64 << 20,
            client_idle_bytes_max: 16 << 20,
            clients_max: 1_024,
            handshakes_max: 64,
            handshake_timeout: Duration::from_secs(2),
            ping_interval: Duration::from_millis(500),
            silence_max: Duration::from_secs(3),
            redial_min: Duration::from_millis(10),
            redial_max: Duration::from_millis(500),
            linger: Duration::from_millis(500),
        }
    }
}
