//! Requests to groups and their answers, as proxies, forwarding members and remote handles use them.
//!
//! This layer knows neither who leads nor what a command means. It holds what all callers have in common: the
//! request and its queue, the reasons for which it fails, and the return path of the answer.
//!
//! Begin with [`sender`], the queue of requests. [`reply`] is the return path, [`error`] says why there is no
//! result, [`status`] tells how partitions are doing, and [`wire`] is the format on a connection.

pub(crate) mod error;
pub(crate) mod reply;
pub(crate) mod sender;
pub(crate) mod status;
pub(crate) mod wire;
