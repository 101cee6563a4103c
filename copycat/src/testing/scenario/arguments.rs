//! The words of a command.

use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::{LogId, Span, Spans};
use std::str::FromStr;
use std::time::Duration;

/// What is wrong with a command. It was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScriptError {
    /// No such command.
    #[error("unknown command {0}")]
    UnknownCommand(String),
    /// No such member, or the cluster was not formed yet.
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
    /// A message kind that does not exist.
    #[error("unknown message {0}")]
    UnknownMessage(String),
}

/// Plain words, and `key=value` pairs among them.
pub(super) struct Arguments<'a> {
    words: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    /// The words behind the name of the command.
    pub(super) fn new(words: impl Iterator<Item = &'a str>) -> Arguments<'a> {
        Arguments { words: words.collect() }
    }

    /// The plain words in order.
    pub(super) fn plain(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.words.iter().copied().filter(|word| !word.contains('='))
    }

    /// The plain word at a place.
    pub(super) fn word(&self, at: usize, what: &'static str) -> Result<&'a str, ScriptError> {
        self.plain().nth(at).ok_or(ScriptError::Missing(what))
    }

    /// The first plain word as a member.
    pub(super) fn member(&self) -> Result<MemberId, ScriptError> {
        member(self.word(0, "member")?)
    }

    /// All plain words as members.
    pub(super) fn members(&self) -> Result<Vec<MemberId>, ScriptError> {
        self.plain().map(member).collect()
    }

    /// Whether a plain word is there.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// The value of `key=value`.
    pub(super) fn value(&self, key: &str) -> Option<&'a str> {
        self.words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// The same as a number.
    pub(super) fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>, ScriptError> {
        self.value(key).map(number).transpose()
    }

    /// `key=150` as milliseconds.
    pub(super) fn millis(&self, key: &str) -> Result<Option<Duration>, ScriptError> {
        Ok(self.number(key)?.map(Duration::from_millis))
    }

    /// `key=(term,index)`; before the log if it is not there.
    pub(super) fn place(&self, key: &str) -> Result<LogId, ScriptError> {
        let Some(text) = self.value(key) else { return Ok(LogId::ZERO) };
        let (term, index) =
            text.trim_matches(['(', ')']).split_once(',').ok_or(ScriptError::Missing("(t,i)"))?;
        Ok(LogId::new(number(term)?, number(index)?))
    }

    /// `key=1,2,2,3×8` as the terms of consecutive entries.
    pub(super) fn terms(&self, key: &str) -> Result<Vec<Term>, ScriptError> {
        terms(self.value(key).unwrap_or(""))
    }
}

/// `1` as a member.
pub(super) fn member(text: &str) -> Result<MemberId, ScriptError> {
    number(text).map(MemberId)
}

/// `1->2` as sender and receiver.
pub(super) fn pair(text: &str) -> Result<(MemberId, MemberId), ScriptError> {
    let (from, to) = text.split_once("->").ok_or(ScriptError::Missing("from->to"))?;
    Ok((member(from)?, member(to)?))
}

/// Any number.
pub(super) fn number<T: FromStr>(text: &str) -> Result<T, ScriptError> {
    text.parse().map_err(|_| ScriptError::NotANumber(text.to_owned()))
}

/// `1,2,2,3×8` as the terms of consecutive entries.
pub(super) fn terms(text: &str) -> Result<Vec<Term>, ScriptError> {
    let mut list = Vec::new();
    for run in text.trim_matches(['[', ']']).split(',').filter(|run| !run.is_empty()) {
        let (term, count) = run.split_once('×').unwrap_or((run, "1"));
        list.extend(std::iter::repeat_n(number::<Term>(term)?, number(count)?));
    }
    Ok(list)
}

/// Entries of these terms behind `prev`.
pub(super) fn spans(prev: Index, terms: &[Term]) -> Spans {
    let mut spans = Spans::default();
    for (at, &term) in terms.iter().enumerate() {
        let index = prev + 1 + at as u64;
        spans.push(Span { term, first: index, last: index });
    }
    spans
}
