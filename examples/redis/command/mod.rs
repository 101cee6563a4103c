//! Parses the words of a client into a [`Command`] or a [`Refusal`]. There is no I/O and no state here.
//!
//! `catalogue.rs` lists every command with its arity and its parser; begin there.

mod catalogue;
mod parse;
mod refusal;
mod settings;
mod size;

pub use refusal::Refusal;

pub(crate) use catalogue::{Entry, entries, find};

use crate::protocol::{Version, Words};
use bytes::Bytes;
use copycat::Consistency;

/// One command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A command that reads or changes keys.
    Data(Request),
    /// A command about its connection, which needs no other part to answer.
    Session(Session),
    /// A command about this member and its server.
    Report(Report),
    /// A line of an HTTP request. The sender is a browser that was made to attack the server, so its connection is
    /// closed before the lines of the body are taken for commands.
    CrossProtocol,
}

/// Commands that read or change keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Redis' commands of the same names, with their arguments")]
pub enum Request {
    Get(Bytes),
    MGet(Vec<Bytes>),
    StrLen(Bytes),
    Exists(Vec<Bytes>),
    DbSize,
    /// `condition` requires that the key exists (XX) or does not (NX); `get` asks for its previous value.
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

impl Request {
    /// Returns whether the answer of the store contains values, and may be long.
    pub fn answers_values(&self) -> bool {
        match self {
            Request::Get(_) | Request::MGet(_) | Request::GetSet { .. } => true,
            Request::Set { condition, get, .. } => *get || condition.is_some(),
            _ => false,
        }
    }
}

/// Commands about the connection itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Redis' commands of the same names, with their arguments")]
pub enum Session {
    Ping(Option<Bytes>),
    Echo(Bytes),
    /// The client gave a password. There are none, so that nothing changes.
    Authenticate,
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
    /// The consistency of this connection's reads from now on.
    Consistency(Consistency),
    /// Parameters of the server, by patterns.
    ConfigGet(Vec<Bytes>),
    /// The number of commands.
    CommandCount,
    /// The commands with these names, or all.
    CommandInfo(Option<Vec<Bytes>>),
    /// Documentation of commands, which this server does not have.
    CommandDocs,
}

/// Commands about the member that serves the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Redis' commands of the same names, with their arguments")]
pub enum Report {
    Hello {
        version: Option<Version>,
        name: Option<Bytes>,
    },
    /// The sections with these names, or all.
    Info(Vec<Bytes>),
    Status,
}

/// Parses the words of a client.
///
/// # Errors
///
/// The command does not exist, or does not take such words. The connection continues.
pub fn parse(words: &Words) -> Result<Command, Refusal> {
    let (name, arguments) = words.split_first().ok_or(Refusal::Syntax)?;
    if parse::is(name, "post") || parse::is(name, "host:") {
        return Ok(Command::CrossProtocol);
    }
    let entry = find(name).ok_or_else(|| Refusal::unknown(name, arguments))?;
    if !entry.takes(words.len()) {
        return Err(Refusal::Arity(entry.name));
    }
    let command = (entry.parse)(arguments)?;
    if let Command::Data(request) = &command {
        size::check(request)?;
    }
    Ok(command)
}

#[cfg(test)]
mod tests;
