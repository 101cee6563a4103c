//! The arguments of a command.

use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::{LogId, Span, Spans};
use std::str::FromStr;
use std::time::Duration;

/// An error in a command, which was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScriptError {
    /// The command does not exist.
    #[error("unknown command {0}")]
    UnknownCommand(String),
    /// The member does not exist, or the cluster was not created yet.
    #[error("no member {0}")]
    NoMember(MemberId),
    /// The member is down.
    #[error("{0} is down")]
    Down(MemberId),
    /// A number was expected.
    #[error("not a number: {0}")]
    NotANumber(String),
    /// A word is missing.
    #[error("missing: {0}")]
    Missing(&'static str),
    /// The message kind does not exist.
    #[error("unknown message {0}")]
    UnknownMessage(String),
}

/// The words of a command: plain words and `key=value` pairs.
pub(super) struct Arguments<'a> {
    words: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    /// Takes the words after the name of the command.
    pub(super) fn new(words: impl Iterator<Item = &'a str>) -> Arguments<'a> {
        Arguments { words: words.collect() }
    }

    /// Returns the plain words in order.
    pub(super) fn plain(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.words.iter().copied().filter(|word| !word.contains('='))
    }

    /// Returns the plain word at a position.
    pub(super) fn word(&self, at: usize, what: &'static str) -> Result<&'a str, ScriptError> {
        self.plain().nth(at).ok_or(ScriptError::Missing(what))
    }

    /// Returns the first plain word as a member.
    pub(super) fn member(&self) -> Result<MemberId, ScriptError> {
        member(self.word(0, "member")?)
    }

    /// Returns all plain words as members.
    pub(super) fn members(&self) -> Result<Vec<MemberId>, ScriptError> {
        self.plain().map(member).collect()
    }

    /// Returns whether a word is present.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// Returns the value of `key=value`.
    pub(super) fn value(&self, key: &str) -> Option<&'a str> {
        self.words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// Returns the value of `key=value` as a number.
    pub(super) fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>, ScriptError> {
        self.value(key).map(number).transpose()
    }

    /// Returns the value of `key=150` as milliseconds.
    pub(super) fn millis(&self, key: &str) -> Result<Option<Duration>, ScriptError> {
        Ok(self.number(key)?.map(Duration::from_millis))
    }

    /// Returns the value of `key=(term,index)`; the id before the log if it is missing.
    pub(super) fn log_id(&self, key: &str) -> Result<LogId, ScriptError> {
        let Some(text) = self.value(key) else { return Ok(LogId::ZERO) };
        let (term, index) =
            text.trim_matches(['(', ')']).split_once(',').ok_or(ScriptError::Missing("(t,i)"))?;
        Ok(LogId::new(number(term)?, number(index)?))
    }

    /// Returns the value of `key=1,2,2,3×8` as the terms of consecutive entries.
    pub(super) fn terms(&self, key: &str) -> Result<Vec<Term>, ScriptError> {
        terms(self.value(key).unwrap_or(""))
    }
}

/// Parses `1` as a member.
pub(super) fn member(text: &str) -> Result<MemberId, ScriptError> {
    number(text).map(MemberId)
}

/// Parses `1->2` as sender and receiver.
pub(super) fn pair(text: &str) -> Result<(MemberId, MemberId), ScriptError> {
    let (from, to) = text.split_once("->").ok_or(ScriptError::Missing("from->to"))?;
    Ok((member(from)?, member(to)?))
}

/// Parses any number.
pub(super) fn number<T: FromStr>(text: &str) -> Result<T, ScriptError> {
    text.parse().map_err(|_| ScriptError::NotANumber(text.to_owned()))
}

/// Parses `1,2,2,3×8` as the terms of consecutive entries.
pub(super) fn terms(text: &str) -> Result<Vec<Term>, ScriptError> {
    let mut list = Vec::new();
    for run in text.trim_matches(['[', ']']).split(',').filter(|run| !run.is_empty()) {
        let (term, count) = run.split_once('×').unwrap_or((run, "1"));
        list.extend(std::iter::repeat_n(number::<Term>(term)?, number(count)?));
    }
    Ok(list)
}

/// Returns the spans of entries of these terms after `prev`.
pub(super) fn spans(prev: Index, terms: &[Term]) -> Spans {
    let mut spans = Spans::default();
    for (at, &term) in terms.iter().enumerate() {
        let index = prev + 1 + at as u64;
        spans.push(Span { term, first: index, last: index });
    }
    spans
}
