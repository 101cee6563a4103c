//! Parsers of the commands whose words need a closer look.

use super::settings::client_name;
use super::{Command, Refusal, Report, Request, Session};
use crate::protocol::Version;
use bytes::Bytes;
use copycat::Consistency;

/// Returns whether a word is a name, in upper or lower case.
pub(super) fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

/// Parses `key value [NX | XX] [GET]`. An unknown option is refused: if it were ignored, the client would rely on an
/// effect that does not happen.
pub(super) fn set(words: &[Bytes]) -> Result<Command, Refusal> {
    let (mut condition, mut get) = (None, false);
    for option in &words[2..] {
        match condition {
            None if is(option, "nx") => condition = Some(false),
            None if is(option, "xx") => condition = Some(true),
            Some(false) if is(option, "nx") => {}
            Some(true) if is(option, "xx") => {}
            _ if is(option, "get") => get = true,
            _ => return Err(Refusal::Syntax),
        }
    }
    Ok(Command::Data(Request::Set { key: words[0].clone(), value: words[1].clone(), condition, get }))
}

pub(super) fn set_many(words: &[Bytes]) -> Result<Command, Refusal> {
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Refusal::Arity("mset"));
    }
    let pairs = pairs.iter().map(|[key, value]| (key.clone(), value.clone())).collect();
    Ok(Command::Data(Request::MSet(pairs)))
}

pub(super) fn increment(key: &Bytes, by: i64) -> Result<Command, Refusal> {
    Ok(Command::Data(Request::Increment { key: key.clone(), by }))
}

pub(super) fn increment_by(words: &[Bytes]) -> Result<Command, Refusal> {
    increment(&words[0], crate::integer(&words[1]).ok_or(Refusal::NotAnInteger)?)
}

/// Parses the command that redis-py sends for DECR.
pub(super) fn decrement_by(words: &[Bytes]) -> Result<Command, Refusal> {
    let number = crate::integer(&words[1]).ok_or(Refusal::NotAnInteger)?;
    increment(&words[0], number.checked_neg().ok_or(Refusal::Decrement)?)
}

/// Parses `[ASYNC | SYNC]`. Both mean the same here, because the command is one step.
pub(super) fn flush_all(words: &[Bytes]) -> Result<Command, Refusal> {
    match words {
        [] => Ok(Command::Data(Request::FlushAll)),
        [how] if is(how, "async") || is(how, "sync") => Ok(Command::Data(Request::FlushAll)),
        _ => Err(Refusal::Syntax),
    }
}

pub(super) fn consistency(words: &[Bytes]) -> Result<Command, Refusal> {
    let known =
        [("strict", Consistency::Strict), ("lease", Consistency::Lease), ("eventual", Consistency::Eventual)];
    let chosen = known.into_iter().find(|(name, _)| is(&words[0], name)).ok_or(Refusal::Consistency)?;
    Ok(Command::Session(Session::Consistency(chosen.1)))
}

pub(super) fn ping(words: &[Bytes]) -> Result<Command, Refusal> {
    match words {
        [] => Ok(Command::Session(Session::Ping(None))),
        [text] => Ok(Command::Session(Session::Ping(Some(text.clone())))),
        _ => Err(Refusal::Arity("ping")),
    }
}

pub(super) fn select(words: &[Bytes]) -> Result<Command, Refusal> {
    match crate::integer(&words[0]) {
        None => Err(Refusal::NotAnInteger),
        Some(0) => Ok(Command::Session(Session::Select)),
        Some(_) => Err(Refusal::Database),
    }
}

/// Parses `[version [AUTH name password] [SETNAME name]]`.
pub(super) fn hello(words: &[Bytes]) -> Result<Command, Refusal> {
    let Some((version, mut options)) = words.split_first() else {
        return Ok(Command::Report(Report::Hello { version: None, name: None }));
    };
    let version = match crate::integer(version) {
        Some(2) => Version::Two,
        Some(3) => Version::Three,
        Some(_) => return Err(Refusal::Version),
        None => return Err(Refusal::VersionNumber),
    };
    let mut name = None;
    while let Some((option, rest)) = options.split_first() {
        options = match rest {
            [given, rest @ ..] if is(option, "setname") => {
                name = Some(client_name(given)?);
                rest
            }
            [user, _, rest @ ..] if is(option, "auth") => {
                check_user(user)?;
                rest
            }
            _ => return Err(Refusal::greeting(option)),
        };
    }
    Ok(Command::Report(Report::Hello { version: Some(version), name }))
}

/// Parses `[user] password`. As in a Redis server without passwords, the user `default` may give any.
pub(super) fn authenticate(words: &[Bytes]) -> Result<Command, Refusal> {
    match words {
        [_] => Err(Refusal::Password),
        [user, _] => check_user(user).map(|()| Command::Session(Session::Authenticate)),
        _ => Err(Refusal::Syntax),
    }
}

/// Checks that a user exists. Their names have upper and lower case.
fn check_user(user: &[u8]) -> Result<(), Refusal> {
    if user == b"default" { Ok(()) } else { Err(Refusal::User) }
}
