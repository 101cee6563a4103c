//! What a client asks of a group: one value from the proxy that encodes it to the state machine that runs it.

use super::access::Access;
use super::ids::MethodId;
use bytes::Bytes;

/// One call of a method, encoded. It is passed on unread.
///
/// It owns its bytes on the way to the log (`Command`), and points into a frame on the way out of it
/// (`Command<&[u8]>`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command<B = Bytes> {
    /// Which method.
    pub method: MethodId,
    /// How many bytes of `body` are the key; at most `KEY_MAX`, and not more than there are.
    pub key_len: u32,
    /// The encoded key, then the other arguments; at most `BODY_MAX` bytes.
    pub body: B,
}

impl<B: AsRef<[u8]>> Command<B> {
    /// Bytes of key and arguments.
    pub(crate) fn len(&self) -> usize {
        self.body.as_ref().len()
    }

    /// The same command, its bytes borrowed.
    pub(crate) fn borrow(&self) -> Command<&[u8]> {
        Command { method: self.method, key_len: self.key_len, body: self.body.as_ref() }
    }
}

/// How far the number of a write may lie above the settled number: a frame has 16 bits for the distance. A client
/// with so many unsettled writes in one line has to wait.
pub(crate) const UNSETTLED_MAX: u64 = u16::MAX as u64;

/// Who sent a write, and which of its writes it is (thesis §6.3). All zero where there is no session.
///
/// Nothing reads it yet: sessions come with a table of results, and need no other format then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Stamp {
    /// The session; 0: none.
    pub session: u64,
    /// The line of calls within the session that keep their order; 0: none.
    pub line: u32,
    /// The number of the write within its line, from 1 on.
    pub sequence: u64,
    /// The client has the results of all numbers up to this one, which is not above `sequence`, and at most
    /// [`UNSETTLED_MAX`] below it.
    pub settled: u64,
}

impl Stamp {
    /// Of a command without a session.
    pub(crate) const NONE: Stamp = Stamp { session: 0, line: 0, sequence: 0, settled: 0 };
}

/// A command on its way to a group, with how it is to be run and who sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Through the log or beside it.
    pub access: Access,
    /// Who sent it.
    pub stamp: Stamp,
    /// What is called.
    pub command: Command,
}

impl Call {
    /// A call without a session.
    pub(crate) fn new(access: Access, command: Command) -> Call {
        Call { access, stamp: Stamp::NONE, command }
    }

    /// Bytes of key and arguments.
    pub(crate) fn len(&self) -> usize {
        self.command.len()
    }
}
