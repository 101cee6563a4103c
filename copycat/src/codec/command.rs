//! The commands that clients send to groups: one type from the proxy that encodes a call to the state machine that runs
//! it.

use super::access::Access;
use super::ids::MethodId;
use super::shape::fingerprint::Fingerprint;
use bytes::Bytes;

/// One encoded call of a method. The layers in between do not decode it.
///
/// A command on the way to the log owns its bytes (`Command`). A command read from the log borrows them from a frame
/// (`Command<&[u8]>`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command<B = Bytes> {
    /// The id of the method.
    pub method: MethodId,
    /// Bytes of the key at the front of `body`; at most `KEY_MAX`, and not more than `body` has.
    pub key_len: u32,
    /// The encoded key, then the other arguments; at most `BODY_MAX` bytes.
    pub body: B,
}

impl<B: AsRef<[u8]>> Command<B> {
    /// Returns the length of key and arguments together, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.body.as_ref().len()
    }

    /// Returns the same command with its bytes borrowed.
    pub(crate) fn borrow(&self) -> Command<&[u8]> {
        Command { method: self.method, key_len: self.key_len, body: self.body.as_ref() }
    }
}

/// The limit for `sequence - settled` of a [`Stamp`]: a frame stores the difference in 16 bits. A client with
/// sessions, which do not exist yet, will have to wait once it has this many unsettled writes in one line.
pub(crate) const UNSETTLED_MAX: u64 = u16::MAX as u64;

/// The session that sent a write, and the write's number within it (thesis §6.3). All fields are zero if there is no
/// session.
///
/// No code sets one yet; the formats carry and check it. Sessions will come with a table of results, and the format has
/// the fields for them already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Stamp {
    /// The session; 0: none.
    pub session: u64,
    /// The line within the session; 0: none.
    pub line: u32,
    /// The number of the write within its line, starting with 1.
    pub sequence: u64,
    /// The client has the results of all writes up to this number. It is at most `sequence`, and at least `sequence`
    /// - [`UNSETTLED_MAX`].
    pub settled: u64,
}

impl Stamp {
    /// The stamp of a command without a session.
    pub(crate) const NONE: Stamp = Stamp { session: 0, line: 0, sequence: 0, settled: 0 };
}

/// A command to be sent to a group, with its access and its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Whether the command is a write or a read, and what a read must reflect.
    pub access: Access,
    /// The session and number of the command.
    pub stamp: Stamp,
    /// The types by which the caller encoded the arguments and will decode the result.
    pub fingerprint: Fingerprint,
    /// The encoded command.
    pub command: Command,
}

impl Call {
    /// Returns a call without a session, by a caller that does not say its types.
    pub(crate) fn new(access: Access, command: Command) -> Call {
        Call { access, stamp: Stamp::NONE, fingerprint: Fingerprint::UNKNOWN, command }
    }

    /// Returns the length of key and arguments together, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.command.len()
    }
}
