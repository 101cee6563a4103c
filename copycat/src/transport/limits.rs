//! Bounds on bytes, connections and durations.

use std::time::Duration;

/// Bytes of the envelope with which every message begins.
pub(crate) const ENVELOPE_LEN: usize = 24;
/// Longest message on an open connection in bytes, frames included. An entry of the largest size fits with
/// space to spare.
pub(crate) const MESSAGE_MAX: usize = 8 << 20;
/// Longest message before the handshake is done, in bytes.
pub(crate) const HANDSHAKE_MAX: usize = 4 << 10;
/// Most bytes that a node may add to its `Welcome`: what the handshake's limit leaves.
pub(crate) const BOOTSTRAP_MAX: usize = HANDSHAKE_MAX - ENVELOPE_LEN - 48;
/// Batches beyond this many bytes are sent as several messages, so that one group does not delay the others for
/// long and a receiver can begin to work.
pub(crate) const MESSAGE_SOFT: usize = 1 << 20;

/// Bounds that differ between a test, a small machine and a large one. The defaults are what members use.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Most bytes that may wait on a control connection.
    pub control_bytes_max: usize,
    /// Most bytes that may wait on a bulk connection, of which appends may use half; also on a remote handle's
    /// connection.
    pub bulk_bytes_max: usize,
    /// Most bytes of replies that may wait for one remote handle or member, which is cut off beyond it. Well
    /// above what a client that reads has asked for at once.
    pub client_bytes_max: usize,
    /// Most bytes of replies that may wait while the other end accepts none. With more, it is cut off after
    /// `silence_max`.
    pub client_idle_bytes_max: usize,
    /// Most remote handles that may be connected. Members are always accepted: each has at most two
    /// connections.
    pub clients_max: usize,
    /// Most callers that may be in their handshake.
    pub handshakes_max: usize,
    /// The timeout of a dial with its handshake, and of an accepted caller's handshake.
    pub handshake_timeout: Duration,
    /// The interval at which each side of a connection shows that it is alive.
    pub ping_interval: Duration,
    /// The longest silence of the other side of a connection. A broken network is detected by this, since a
    /// write to a socket says nothing about the other end.
    pub silence_max: Duration,
    /// First pause before a dial is repeated. Doubles up to `redial_max`; each pause is randomized by ±25 %.
    pub redial_min: Duration,
    /// Longest pause before a dial is repeated, without the random part.
    pub redial_max: Duration,
    /// The longest time that an orderly close spends on what is still queued.
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
