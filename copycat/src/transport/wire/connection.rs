//! The message kinds that belong to the connection itself.
//!
//! Their first ten bytes, and the whole of `Refused`, are the same in every version. So two sides that do not
//! know each other's version can at least say so.

use super::family::{Family, MessageKind, SenderKinds};
use crate::transport::limits::{ENVELOPE_LEN, HANDSHAKE_MAX};

/// Longest body of a handshake message, in bytes.
const LONGEST: usize = HANDSHAKE_MAX - ENVELOPE_LEN;

/// Version of the wire format. A peer of another version is refused.
pub(crate) const VERSION: u16 = 2;

/// Opens a connection. Of a `Hello` of another version, only the first bytes are known.
pub(super) const HELLO: MessageKind =
    MessageKind::new(Family::Connection, 1, SenderKinds::STRANGER, (8, LONGEST));
/// Accepts the caller.
pub(super) const WELCOME: MessageKind =
    MessageKind::new(Family::Connection, 2, SenderKinds::STRANGER, (48, LONGEST));
/// Refuses the caller.
pub(super) const REFUSED: MessageKind =
    MessageKind::new(Family::Connection, 3, SenderKinds::STRANGER, (8, LONGEST));
/// Says only that its sender is alive.
pub(super) const ALIVE: MessageKind = MessageKind::new(Family::Connection, 4, SenderKinds::ALL, (0, 0));

/// The kinds of the family.
pub(super) const KINDS: &[MessageKind] = &[HELLO, WELCOME, REFUSED, ALIVE];
