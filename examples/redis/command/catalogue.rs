//! All commands: each with its name, its number of words, the positions of its keys, and its parser.

use super::{Command, Refusal, Report, Request, Session, parse, settings};
use bytes::Bytes;

/// Builds a command from the words after its name. Their number has been checked.
type Parse = fn(&[Bytes]) -> Result<Command, Refusal>;

/// One command, described as `COMMAND INFO` does.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The name in lower case.
    pub name: &'static str,
    /// Number of words, including the name. If negative, the least number.
    pub arity: i64,
    /// The flags that Redis' clients ask for.
    pub flags: &'static [&'static str],
    /// Positions of the first and of the last key (from the end if negative), and the step between keys; all 0 for no
    /// keys.
    pub keys: [i64; 3],
    pub(super) parse: Parse,
}

impl Entry {
    pub(super) fn takes(&self, words: usize) -> bool {
        let words = i64::try_from(words).unwrap_or(i64::MAX);
        if self.arity < 0 { words >= -self.arity } else { words == self.arity }
    }
}

const NO_KEYS: [i64; 3] = [0, 0, 0];
const ONE_KEY: [i64; 3] = [1, 1, 1];
const ALL_KEYS: [i64; 3] = [1, -1, 1];
const EVERY_OTHER: [i64; 3] = [1, -1, 2];
// The flags of Redis 7.0 for the same commands.
const READ: &[&str] = &["readonly", "fast"];
const WRITE: &[&str] = &["write", "denyoom", "fast"];
const LONG_WRITE: &[&str] = &["write", "denyoom"];
const DELETE: &[&str] = &["write"];
const FAST: &[&str] = &["fast"];
const SESSION: &[&str] = &["loading", "stale", "fast"];
const REPORT: &[&str] = &["loading", "stale"];
const GREETING: &[&str] = &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"];
const PLAIN: &[&str] = &[];

const fn entry(
    name: &'static str,
    arity: i64,
    flags: &'static [&'static str],
    keys: [i64; 3],
    parse: Parse,
) -> Entry {
    Entry { name, arity, flags, keys, parse }
}

fn data(request: Request) -> Result<Command, Refusal> {
    Ok(Command::Data(request))
}

fn session(session: Session) -> Result<Command, Refusal> {
    Ok(Command::Session(session))
}

/// The most frequent commands come first, because the search is in this order.
static ENTRIES: &[Entry] = &[
    entry("get", 2, READ, ONE_KEY, |words| data(Request::Get(words[0].clone()))),
    entry("set", -3, LONG_WRITE, ONE_KEY, parse::set),
    entry("incr", 2, WRITE, ONE_KEY, |words| parse::increment(&words[0], 1)),
    entry("mget", -2, READ, ALL_KEYS, |words| data(Request::MGet(words.to_vec()))),
    entry("mset", -3, LONG_WRITE, EVERY_OTHER, parse::set_many),
    entry("del", -2, DELETE, ALL_KEYS, |words| data(Request::Del(words.to_vec()))),
    entry("exists", -2, READ, ALL_KEYS, |words| data(Request::Exists(words.to_vec()))),
    entry("decr", 2, WRITE, ONE_KEY, |words| parse::increment(&words[0], -1)),
    entry("incrby", 3, WRITE, ONE_KEY, parse::increment_by),
    entry("decrby", 3, WRITE, ONE_KEY, parse::decrement_by),
    entry("getset", 3, WRITE, ONE_KEY, |words| {
        data(Request::GetSet { key: words[0].clone(), value: words[1].clone() })
    }),
    entry("append", 3, WRITE, ONE_KEY, |words| {
        data(Request::Append { key: words[0].clone(), more: words[1].clone() })
    }),
    entry("strlen", 2, READ, ONE_KEY, |words| data(Request::StrLen(words[0].clone()))),
    entry("dbsize", 1, READ, NO_KEYS, |_| data(Request::DbSize)),
    entry("flushall", -1, DELETE, NO_KEYS, parse::flush_all),
    entry("copycat.cas", 4, WRITE, ONE_KEY, |words| {
        data(Request::CompareAndSet { key: words[0].clone(), old: words[1].clone(), new: words[2].clone() })
    }),
    entry("copycat.consistency", 2, SESSION, NO_KEYS, parse::consistency),
    entry("copycat.status", 1, SESSION, NO_KEYS, |_| Ok(Command::Report(Report::Status))),
    entry("ping", -1, FAST, NO_KEYS, parse::ping),
    entry("echo", 2, SESSION, NO_KEYS, |words| session(Session::Echo(words[0].clone()))),
    entry("auth", -2, GREETING, NO_KEYS, parse::authenticate),
    entry("hello", -1, GREETING, NO_KEYS, parse::hello),
    entry("client", -2, PLAIN, NO_KEYS, settings::client),
    entry("command", -1, REPORT, NO_KEYS, settings::command),
    entry("config", -2, PLAIN, NO_KEYS, settings::config),
    entry("info", -1, REPORT, NO_KEYS, |words| Ok(Command::Report(Report::Info(words.to_vec())))),
    entry("select", 2, SESSION, NO_KEYS, parse::select),
    entry("quit", -1, GREETING, NO_KEYS, |_| session(Session::Quit)),
];

/// Returns all commands.
pub(crate) fn entries() -> &'static [Entry] {
    ENTRIES
}

/// Returns the command with this name, in upper or lower case.
pub(crate) fn find(name: &[u8]) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name.as_bytes().eq_ignore_ascii_case(name))
}
