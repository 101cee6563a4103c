//! What the words of a client mean: words to a [`Command`], or why they are none. No I/O, no state.
//!
//! `catalogue.rs` lists every command with its arity and what builds it from its words; begin there.

mod catalogue;
mod parse;
mod refusal;
mod settings;

pub use refusal::Refusal;

pub(crate) use catalogue::{Entry, entries, find};

use crate::protocol::{Version, Words};
use bytes::Bytes;
use copycat::Consistency;

/// One command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// One that reads or changes keys.
    Data(Request),
    /// One about its connection, answered without asking anybody.
    Session(Session),
    /// One about this member and its server.
    Report(Report),
}

/// What reads or changes keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Redis' commands of the same names, with their arguments")]
pub enum Request {
    Get(Bytes),
    MGet(Vec<Bytes>),
    StrLen(Bytes),
    Exists(Vec<Bytes>),
    DbSize,
    /// `condition` is whether the key must be there (XX) or must not (NX); `get` asks for what it held.
    Set {
        key: Bytes,
        value: Bytes,
        condition: Option<bool>,
        get: bool,
    },
    GetSet {
        key: Bytes,
        value: Bytes,
    },
    MSet(Vec<(Bytes, Bytes)>),
    Del(Vec<Bytes>),
    FlushAll,
    Increment {
        key: Bytes,
        by: i64,
    },
    Append {
        key: Bytes,
        more: Bytes,
    },
    CompareAndSet {
        key: Bytes,
        old: Bytes,
        new: Bytes,
    },
}

/// What is about a connection itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Redis' commands of the same names, with their arguments")]
pub enum Session {
    Ping(Option<Bytes>),
    Echo(Bytes),
    Quit,
    Select,
    SetName(Bytes),
    /// The name or the version of the client's library.
    SetInfo,
    GetName,
    Id,
    /// This connection, or all.
    List {
        own: bool,
    },
    /// How this connection reads from now on.
    Consistency(Consistency),
    /// Parameters of the server, by patterns.
    ConfigGet(Vec<Bytes>),
    /// How many commands there are.
    CommandCount,
    /// These commands, or all.
    CommandInfo(Option<Vec<Bytes>>),
    /// Documentation of commands, of which there is none here.
    CommandDocs,
}

/// What is about the member behind the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Redis' commands of the same names, with their arguments")]
pub enum Report {
    Hello {
        version: Option<Version>,
        name: Option<Bytes>,
    },
    /// These sections, or all.
    Info(Vec<Bytes>),
    Status,
}

/// What the words of a client ask for.
///
/// # Errors
///
/// No such command, or not with such words. The connection goes on.
pub fn parse(words: &Words) -> Result<Command, Refusal> {
    let (name, arguments) = words.split_first().ok_or(Refusal::Syntax)?;
    let entry = find(name).ok_or_else(|| Refusal::unknown(name, arguments))?;
    if !entry.takes(words.len()) {
        return Err(Refusal::Arity(entry.name));
    }
    (entry.parse)(arguments)
}

#[cfg(test)]
mod tests;
