//! The kinds that belong to a connection itself.
//!
//! Their first ten bytes, and the whole of `Refused`, are the same in every version: whoever does not know the other's
//! version can at least say so.

use super::family::{Family, Kind, SenderKinds};
use crate::transport::limits::{ENVELOPE_LEN, HANDSHAKE_MAX};

/// Longest body of a handshake.
const LONGEST: usize = HANDSHAKE_MAX - ENVELOPE_LEN;

/// Version of everything that travels. A peer of another version is refused.
pub(crate) const VERSION: u16 = 2;

/// Opens a connection. Of another version's only the first bytes are known.
pub(super) const HELLO: Kind = Kind::new(Family::Connection, 1, SenderKinds::STRANGER, (8, LONGEST));
/// Lets the caller in.
pub(super) const WELCOME: Kind = Kind::new(Family::Connection, 2, SenderKinds::STRANGER, (48, LONGEST));
/// Does not.
pub(super) const REFUSED: Kind = Kind::new(Family::Connection, 3, SenderKinds::STRANGER, (8, LONGEST));
/// Says nothing but that its sender lives.
pub(super) const ALIVE: Kind = Kind::new(Family::Connection, 4, SenderKinds::ALL, (0, 0));

/// All of them.
pub(super) const KINDS: &[Kind] = &[HELLO, WELCOME, REFUSED, ALIVE];
