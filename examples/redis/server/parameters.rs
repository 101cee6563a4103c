//! The parameters of the server that `CONFIG GET` knows, and its patterns.

use super::Server;
use crate::limits::VALUE_LEN_MAX;
use crate::protocol::answer::{self, Frame};
use bytes::Bytes;
use std::time::Duration;

/// Returns the parameters that these words name. Programs ask for some before they trust a server.
///
/// A word without special characters is a name, and the parameter is returned under it, in the letters of the client;
/// otherwise it is a pattern. No parameter is returned twice. All this is as in Redis.
pub(super) fn get(words: &[Bytes], server: &Server) -> Frame {
    let found = parameters(server).into_iter().filter_map(|(name, value)| {
        let word = words.iter().find(|word| names(word, name))?;
        let name = if is_pattern(word) { answer::bulk(name) } else { answer::bulk(word.clone()) };
        Some((name, answer::bulk(value)))
    });
    Frame::Map { data: found.collect(), attributes: None }
}

fn parameters(server: &Server) -> [(&'static str, String); 9] {
    let seconds = |time: Option<Duration>| time.map_or(0, |time| time.as_secs()).to_string();
    [
        ("save", String::new()),
        // Every write is in a flushed log before it is answered.
        ("appendonly", "yes".to_owned()),
        ("appendfsync", "always".to_owned()),
        ("databases", "1".to_owned()),
        ("maxclients", server.connections_max.to_string()),
        ("maxmemory", "0".to_owned()),
        ("proto-max-bulk-len", VALUE_LEN_MAX.to_string()),
        ("tcp-keepalive", seconds(server.settings.keepalive)),
        ("timeout", seconds(server.settings.idle_max)),
    ]
}

fn is_pattern(word: &[u8]) -> bool {
    word.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// Returns whether a word names a parameter.
fn names(word: &[u8], name: &str) -> bool {
    if is_pattern(word) { matches(word, name.as_bytes()) } else { word.eq_ignore_ascii_case(name.as_bytes()) }
}

/// Returns whether a name matches a pattern, in upper or lower case. `*` stands for anything, `?` for one byte, `[a-c]`
/// and `[^a-c]` for one of these or one other, and a byte behind `\\` for itself.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // The positions at which to continue after the latest star if the text after it does not match.
    let (mut at, mut seen, mut retry) = (0, 0, None);
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => (retry, at) = (Some((at + 1, seen)), at + 1),
            _ => match one(&pattern[at..], name[seen]) {
                Some(len) => (at, seen) = (at + len, seen + 1),
                None => {
                    let Some((behind, from)) = retry else { return false };
                    (at, seen, retry) = (behind, from + 1, Some((behind, from + 1)));
                }
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// Returns the length of the beginning of a pattern that stands for one byte, if it stands for this one.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'[', class @ ..] => within(class, byte).map(|len| len + 1),
        [b'\\', itself, ..] => itself.eq_ignore_ascii_case(&byte).then_some(2),
        [itself, ..] => itself.eq_ignore_ascii_case(&byte).then_some(1),
    }
}

/// Returns the length of a class with its closing bracket, if a byte belongs to it. A class without an end takes the
/// rest of the pattern.
fn within(class: &[u8], byte: u8) -> Option<usize> {
    let (byte, negated) = (byte.to_ascii_lowercase(), class.first() == Some(&b'^'));
    let (mut at, mut found) = (usize::from(negated), false);
    loop {
        let (from, to, len) = match &class[at..] {
            [] => break,
            [b']', ..] => {
                at += 1;
                break;
            }
            [b'\\', itself, ..] => (*itself, *itself, 2),
            [from, b'-', to, ..] => (*from, *to, 3),
            [itself, ..] => (*itself, *itself, 1),
        };
        let (from, to) = (from.to_ascii_lowercase(), to.to_ascii_lowercase());
        found |= (from.min(to)..=from.max(to)).contains(&byte);
        at += len;
    }
    (found != negated).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::{matches, names};

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
            ("s[a-c]ve", "save", true),
            ("s[C-A]VE", "save", true),
            ("s[^a-c]ve", "save", false),
            ("s[^b-z]ve", "save", true),
            ("*[vx]e", "save", true),
            ("*[-v]e", "save", true),
            ("s[b\\a]ve", "save", true),
            ("s[]ve", "save", false),
            ("sav[e", "save", true),
            ("sav[^x", "save", true),
            ("sav[", "save", false),
            ("*sa\\ve", "save", true),
            ("*sa\\*ve", "save", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), fits, "{pattern}");
        }
        assert!(names(b"SAVE", "save") && !names(b"sa\\ve", "save") && names(b"sa\\v*", "save"));
    }

    #[test]
    fn a_pattern_of_stars_costs_little() {
        assert!(!matches(&b"*a".repeat(1 << 16), &b"a".repeat(1 << 10)));
    }
}
