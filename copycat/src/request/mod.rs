//! What is asked of a group, and what is answered: by proxies, by members that pass requests on, and by remote handles.
//!
//! This floor knows neither who leads nor what a command means. It holds what all who ask have in common: the request
//! and the way in, the reasons for which it fails, and the way back for the answer.
//!
//! Begin with [`sender`], the way in; [`reply`] is the way back, [`failure`] says why there is no result, and [`wire`] is
//! what all of it looks like on a connection.

pub(crate) mod failure;
pub(crate) mod reply;
pub(crate) mod sender;
pub(crate) mod status;
pub(crate) mod wire;
