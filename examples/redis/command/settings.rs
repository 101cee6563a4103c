//! Commands with subcommands: about clients, commands and parameters.

use super::parse::is;
use super::{Command, Refusal, Session};
use crate::limits::{ASKED_MAX, NAME_LEN_MAX, Oversized};
use bytes::Bytes;

/// Returns a subcommand in lower case, cut to 64 bytes. No subcommand is that long.
fn lower(word: &[u8]) -> Vec<u8> {
    word[..word.len().min(64)].to_ascii_lowercase()
}

pub(super) fn client(words: &[Bytes]) -> Result<Command, Refusal> {
    let (part, rest) = (lower(&words[0]), &words[1..]);
    match part.as_slice() {
        b"setname" => match rest {
            [name] => Ok(Command::Session(Session::SetName(client_name(name)?))),
            _ => Err(Refusal::Arity("client|setname")),
        },
        b"setinfo" => client_library(rest),
        b"getname" => alone(rest, "client|getname", Session::GetName),
        b"id" => alone(rest, "client|id", Session::Id),
        b"info" => alone(rest, "client|info", Session::List { own: true }),
        b"list" if rest.is_empty() => Ok(Command::Session(Session::List { own: false })),
        b"list" => Err(Refusal::Syntax),
        _ => Err(Refusal::unknown_part("client", &words[0])),
    }
}

pub(super) fn command(words: &[Bytes]) -> Result<Command, Refusal> {
    let Some((part, rest)) = words.split_first() else {
        return Ok(Command::Session(Session::CommandInfo(None)));
    };
    match lower(part).as_slice() {
        b"count" => alone(rest, "command|count", Session::CommandCount),
        b"docs" => Ok(Command::Session(Session::CommandDocs)),
        b"info" if rest.len() > ASKED_MAX => Err(Refusal::Arity("command|info")),
        b"info" => {
            let named = (!rest.is_empty()).then(|| rest.to_vec());
            Ok(Command::Session(Session::CommandInfo(named)))
        }
        _ => Err(Refusal::unknown_part("command", part)),
    }
}

pub(super) fn config(words: &[Bytes]) -> Result<Command, Refusal> {
    match (lower(&words[0]).as_slice(), &words[1..]) {
        (b"get", patterns) if patterns.is_empty() || patterns.len() > ASKED_MAX => {
            Err(Refusal::Arity("config|get"))
        }
        (b"get", patterns) => Ok(Command::Session(Session::ConfigGet(patterns.to_vec()))),
        _ => Err(Refusal::unknown_part("config", &words[0])),
    }
}

/// Checks that a word can stand in a line of `CLIENT LIST`.
fn printable(word: &Bytes, what: &'static str) -> Result<Bytes, Refusal> {
    match word.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        true => Ok(word.clone()),
        false => Err(Refusal::Name(what)),
    }
}

/// Returns the command of a subcommand that takes no further words.
fn alone(words: &[Bytes], name: &'static str, session: Session) -> Result<Command, Refusal> {
    if words.is_empty() { Ok(Command::Session(session)) } else { Err(Refusal::Arity(name)) }
}

/// Checks the name that a client gives itself.
pub(super) fn client_name(name: &Bytes) -> Result<Bytes, Refusal> {
    if name.len() > NAME_LEN_MAX { Err(Oversized::Name.into()) } else { printable(name, "Client names") }
}

/// Parses the client's library. It is accepted, but not stored.
fn client_library(words: &[Bytes]) -> Result<Command, Refusal> {
    let [attribute, value] = words else { return Err(Refusal::Arity("client|setinfo")) };
    if !is(attribute, "lib-name") && !is(attribute, "lib-ver") {
        return Err(Refusal::Syntax);
    }
    printable(value, "Libraries' names and versions")?;
    Ok(Command::Session(Session::SetInfo))
}
