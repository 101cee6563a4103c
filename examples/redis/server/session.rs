//! Answers about the connection itself.

use super::connection::Connection;
use crate::command::{Entry, Session, entries, find};
use crate::protocol::WORD_LEN_MAX;
use crate::protocol::answer::{self, Frame};
use bytes::Bytes;
use copycat::Proxy;

impl Connection {
    pub(super) fn answer(&mut self, session: Session) -> Frame {
        match session {
            Session::Ping(None) => answer::simple("PONG"),
            Session::Ping(Some(text)) | Session::Echo(text) => answer::bulk(text),
            Session::Quit | Session::Select | Session::SetInfo => answer::okay(),
            Session::SetName(name) => {
                self.place.set_name(&name);
                answer::okay()
            }
            Session::GetName => answer::bulk_or_null(Some(self.place.name()).filter(|name| !name.is_empty())),
            Session::Id => answer::count(self.place.id),
            Session::List { own } => answer::bulk(self.place.list(own)),
            Session::Consistency(consistency) => {
                self.store = self.base.with_consistency(consistency);
                answer::okay()
            }
            Session::ConfigGet(patterns) => parameters(&patterns, self.server.connections_max),
            Session::CommandCount => answer::count(entries().len() as u64),
            Session::CommandInfo(None) => answer::array(entries().iter().map(described).collect()),
            Session::CommandInfo(Some(names)) => {
                let entry = |name: &Bytes| find(name).map_or(Frame::Null, described);
                answer::array(names.iter().map(entry).collect())
            }
            Session::CommandDocs => answer::map([]),
        }
    }
}

/// Returns the description of one command, as `COMMAND INFO` has it.
fn described(entry: &Entry) -> Frame {
    let flags = entry.flags.iter().map(|flag| answer::simple(flag)).collect();
    let nothing = || answer::array(Vec::new());
    let head = [answer::bulk(entry.name), answer::number(entry.arity), answer::array(flags)];
    let keys = entry.keys.map(answer::number);
    // Categories, hints, key specifications and subcommands are empty: no client needs them.
    answer::array(head.into_iter().chain(keys).chain([nothing(), nothing(), nothing(), nothing()]).collect())
}

/// Returns the parameters that a pattern matches. Programs ask for these before they trust a server.
fn parameters(patterns: &[Bytes], connections_max: usize) -> Frame {
    let parameters = [
        ("save", String::new()),
        // Every write is in a flushed log before it is answered.
        ("appendonly", "yes".to_owned()),
        ("appendfsync", "always".to_owned()),
        ("databases", "1".to_owned()),
        ("maxclients", connections_max.to_string()),
        ("proto-max-bulk-len", WORD_LEN_MAX.to_string()),
    ];
    let named = |name: &str| patterns.iter().any(|pattern| matches(pattern, name.as_bytes()));
    let found = parameters.into_iter().filter(|(name, _)| named(name));
    let data = found.map(|(name, value)| (answer::bulk(name), answer::bulk(value))).collect();
    Frame::Map { data, attributes: None }
}

/// Returns whether a name matches a pattern, in upper or lower case. `*` stands for anything and `?` for one byte.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // The positions at which to continue after the latest star if the text after it does not match.
    let (mut at, mut seen, mut retry) = (0, 0, None);
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                (retry, at) = (Some((at + 1, seen)), at + 1);
            }
            Some(byte) if *byte == b'?' || byte.eq_ignore_ascii_case(&name[seen]) => {
                (at, seen) = (at + 1, seen + 1);
            }
            _ => {
                let Some((behind, from)) = retry else { return false };
                (at, seen, retry) = (behind, from + 1, Some((behind, from + 1)));
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_fit_names() {
        for (pattern, name, fits) in [
            ("save", "save", true),
            ("SAVE", "save", true),
            ("*", "save", true),
            ("append*", "appendfsync", true),
            ("*only", "appendonly", true),
            ("a*n?l*y", "appendonly", false),
            ("a*do?ly", "appendonly", true),
            ("append", "appendonly", false),
            ("", "save", false),
            ("sa?e*", "save", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), fits, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_of_stars_costs_little() {
        assert!(!matches(&b"*a".repeat(1 << 16), &b"a".repeat(1 << 10)));
    }
}
