//! Splits arriving bytes into words.

use super::{ProtocolError, inline};
use crate::limits::{COMMAND_LEN_MAX, DROPPED_LEN_MAX, LINE_LEN_MAX, Oversized, VALUE_LEN_MAX, WORDS_MAX};
use bytes::{Buf, Bytes, BytesMut};
use std::ops::Range;

/// The words of one command, its name first; never empty.
pub type Words = Vec<Bytes>;

/// One command that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Its words.
    Words(Words),
    /// It was dropped while it arrived, because a word or the whole is too long.
    Oversized(Oversized),
}

/// Splits the bytes of one connection into commands.
///
/// It uses memory only for bytes that have arrived, whatever lengths they announce, and little for what is too long. It
/// parses each header once, however small the pieces are in which a command arrives.
#[derive(Debug, Default)]
pub struct Reader {
    /// Number of words of the array that are still missing; 0 between commands.
    missing: usize,
    /// Bytes of the next word that are still missing, with its end, once they are known.
    word_len: Option<usize>,
    /// Positions of the command's words that have arrived.
    found: Vec<Range<usize>>,
    /// Least number of bytes that the command's arguments take in the log.
    content: usize,
    /// The command is too long, and is dropped.
    oversized: Option<Oversized>,
    /// Position up to which the input was parsed. Everything before it belongs to the unfinished command.
    at: usize,
    /// Position up to which the end of the current line was searched.
    searched: usize,
}

/// Bytes after each word. Which ones they are is not checked, as in Redis.
const WORD_END_LEN: usize = 2;

impl Reader {
    /// Takes the next command off the input; `None` if it is incomplete. The words share the memory of the input.
    ///
    /// # Errors
    ///
    /// The input is no command. Nothing after it can be parsed.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Received>, ProtocolError> {
        loop {
            if self.missing > 0 {
                return self.array(input);
            }
            match input.first() {
                None => return Ok(None),
                Some(b'*') => {
                    let Some(line) = self.header(input, ProtocolError::LongCount)? else { return Ok(None) };
                    self.missing = count(&input[line.start + 1..line.end])?;
                    if self.missing == 0 {
                        // An empty array asks for nothing.
                        self.take(input);
                    }
                }
                Some(_) => {
                    let Some(line) = self.line(input)? else { return Ok(None) };
                    let words = inline::words(&input[line])?;
                    self.take(input);
                    if !words.is_empty() {
                        return Ok(Some(Received::Words(words)));
                    }
                }
            }
        }
    }

    /// Continues an array, to its end if that has arrived.
    fn array(&mut self, input: &mut BytesMut) -> Result<Option<Received>, ProtocolError> {
        while self.missing > 0 {
            if !self.word(input)? {
                return Ok(None);
            }
            self.missing -= 1;
        }
        let (mut found, command) = (std::mem::take(&mut self.found), self.take(input));
        self.content = 0;
        if let Some(oversized) = self.oversized.take() {
            return Ok(Some(Received::Oversized(oversized)));
        }
        let words = found.drain(..).map(|word| command.slice(word)).collect();
        // The list is reused, unless it has become unusually large.
        if found.capacity() <= 64 {
            self.found = found;
        }
        Ok(Some(Received::Words(words)))
    }

    /// Notes the position of the next word, or drops what has arrived of it. Returns whether it has arrived completely.
    fn word(&mut self, input: &mut BytesMut) -> Result<bool, ProtocolError> {
        let len = match self.word_len {
            Some(len) => len,
            None => match self.length(input)? {
                Some(len) => *self.word_len.insert(len + WORD_END_LEN),
                None => return Ok(false),
            },
        };
        if self.oversized.is_some() {
            return Ok(self.drop_arrived(input, len));
        }
        let end = self.at + len;
        if input.len() < end {
            return Ok(false);
        }
        self.found.push(self.at..end - WORD_END_LEN);
        (self.at, self.searched, self.word_len) = (end, end, None);
        Ok(true)
    }

    /// Parses the length of the next word, if it has arrived, and counts it.
    fn length(&mut self, input: &[u8]) -> Result<Option<usize>, ProtocolError> {
        // Bytes that cannot be a header are refused at once, before the end of the line arrives.
        if let Some(first) = input.get(self.at).filter(|first| **first != b'$') {
            return Err(ProtocolError::NoLength(*first));
        }
        let Some(line) = self.header(input, ProtocolError::LongLength)? else { return Ok(None) };
        let len = length(&input[line.start + 1..line.end])?;
        // The name of the command is not in the log.
        if !self.found.is_empty() {
            self.content += len + 1;
        }
        if self.oversized.is_none() {
            self.oversized = match () {
                () if len > VALUE_LEN_MAX => Some(Oversized::Value),
                () if self.content > COMMAND_LEN_MAX => Some(Oversized::Command),
                () => None,
            };
        }
        Ok(Some(len))
    }

    /// Drops what has arrived of a command, up to the end of its current word, of which `len` bytes are missing. Returns
    /// whether they have arrived.
    fn drop_arrived(&mut self, input: &mut BytesMut, len: usize) -> bool {
        self.found = Vec::new();
        input.advance(std::mem::take(&mut self.at));
        self.searched = 0;
        let arrived = len.min(input.len());
        input.advance(arrived);
        self.word_len = (arrived < len).then_some(len - arrived);
        arrived == len
    }

    /// Returns the position of the header that begins here, if it has arrived completely. A carriage return ends it, and
    /// one more byte belongs to it, which is not checked, as in Redis. A line feed alone does not end it.
    fn header(&mut self, input: &[u8], long: ProtocolError) -> Result<Option<Range<usize>>, ProtocolError> {
        match self.end_of_line(input, b'\r', long)? {
            Some(end) if end + 1 < input.len() => Ok(Some(self.pass(end, end + 2))),
            _ => Ok(None),
        }
    }

    /// Returns the position of the line that begins here, without its end, if it has arrived completely.
    fn line(&mut self, input: &[u8]) -> Result<Option<Range<usize>>, ProtocolError> {
        let Some(end) = self.end_of_line(input, b'\n', ProtocolError::LongLine)? else { return Ok(None) };
        let line = self.pass(end, end + 1);
        let end = if line.end > line.start && input[end - 1] == b'\r' { end - 1 } else { end };
        Ok(Some(line.start..end))
    }

    /// Returns the position of the byte that ends the current line, if it has arrived.
    fn end_of_line(
        &mut self,
        input: &[u8],
        mark: u8,
        long: ProtocolError,
    ) -> Result<Option<usize>, ProtocolError> {
        let unseen = input.get(self.searched..).unwrap_or_default();
        let found = unseen.iter().position(|byte| *byte == mark);
        let end = self.searched + found.unwrap_or(unseen.len());
        self.searched = end;
        if end.saturating_sub(self.at) > LINE_LEN_MAX { Err(long) } else { Ok(found.map(|_| end)) }
    }

    /// Continues at a position behind the current line. Returns the line, which ends before `end`.
    fn pass(&mut self, end: usize, next: usize) -> Range<usize> {
        let start = std::mem::replace(&mut self.at, next);
        self.searched = next;
        start..end
    }

    /// Takes the parsed bytes off the input.
    fn take(&mut self, input: &mut BytesMut) -> Bytes {
        self.searched = 0;
        input.split_to(std::mem::take(&mut self.at)).freeze()
    }
}

/// Returns the number of words that an array announces; zero if the number is negative, as in Redis.
fn count(digits: &[u8]) -> Result<usize, ProtocolError> {
    let number = crate::integer(digits).ok_or(ProtocolError::Count)?;
    match usize::try_from(number) {
        Ok(count) if count > WORDS_MAX => Err(ProtocolError::Count),
        Ok(count) => Ok(count),
        Err(_) => Ok(0),
    }
}

/// Returns the length of a word.
fn length(digits: &[u8]) -> Result<usize, ProtocolError> {
    let number = crate::integer(digits).ok_or(ProtocolError::Length)?;
    usize::try_from(number).ok().filter(|len| *len <= DROPPED_LEN_MAX).ok_or(ProtocolError::Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what a reader makes of bytes that arrive in pieces of one length.
    fn read(bytes: &[u8], piece: usize) -> (Vec<Received>, Option<ProtocolError>) {
        let (mut reader, mut input, mut commands) = (Reader::default(), BytesMut::new(), Vec::new());
        for piece in bytes.chunks(piece) {
            input.extend_from_slice(piece);
            loop {
                match reader.next(&mut input) {
                    Ok(Some(received)) => commands.push(received),
                    Ok(None) => break,
                    Err(error) => return (commands, Some(error)),
                }
            }
        }
        (commands, None)
    }

    #[test]
    fn commands_are_the_same_in_whatever_pieces_they_come() {
        let bytes =
            b"*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n*0\r\n*-1\r\n\r\nset k \"a b\"\n*1\r\n$0\r\n\r\nping\r\n";
        let expected: [&[&'static [u8]]; 4] =
            [&[b"ECHO", b"\r\n"], &[b"set", b"k", b"a b"], &[b""], &[b"ping"]];
        for piece in 1..bytes.len() {
            let (commands, error) = read(bytes, piece);
            assert_eq!((commands.len(), error), (expected.len(), None), "pieces of {piece}");
            commands.into_iter().zip(expected).for_each(|(received, expected)| {
                assert_eq!(
                    received,
                    Received::Words(expected.iter().map(|word| Bytes::from_static(word)).collect())
                );
            });
        }
    }

    #[test]
    fn half_a_command_is_none_yet() {
        let whole = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nab\r\n";
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end], 7), (vec![], None), "{end} bytes");
        }
        assert_eq!(read(whole, 7).0.len(), 1);
    }

    #[test]
    fn what_is_no_command_is_refused_as_soon_as_it_is_seen() {
        let long = |first: &str| format!("{first}{}", "1".repeat(LINE_LEN_MAX + 1)).into_bytes();
        let cases: Vec<(Vec<u8>, ProtocolError)> = vec![
            (b"*x\r\n".into(), ProtocolError::Count),
            (b"*\r\n".into(), ProtocolError::Count),
            (b"*1048577\r\n".into(), ProtocolError::Count),
            (b"*99999999999999999999\r\n".into(), ProtocolError::Count),
            (b"*1\r\n$-1\r\n".into(), ProtocolError::Length),
            (b"*1\r\n$x\r\n".into(), ProtocolError::Length),
            (b"*1\r\n$536870912\r\n".into(), ProtocolError::Length),
            (b"*1\r\n$67108865\r\n".into(), ProtocolError::Length),
            (b"*1\n$4\r\nPING\r\n".into(), ProtocolError::Count),
            (b"*1\n\r\n".into(), ProtocolError::Count),
            (b"*01\r\n".into(), ProtocolError::Count),
            (b"*+1\r\n".into(), ProtocolError::Count),
            (b"*-0\r\n".into(), ProtocolError::Count),
            (b"* 1\r\n".into(), ProtocolError::Count),
            (b"*1\r\n$4\nPING\r\n".into(), ProtocolError::Length),
            (b"*1\r\n$04\r\n".into(), ProtocolError::Length),
            (b"*1\r\n$+4\r\n".into(), ProtocolError::Length),
            (b"*1\r\n$4 \r\n".into(), ProtocolError::Length),
            (b"*1\r\n$\r\n".into(), ProtocolError::Length),
            (b"*1\r\n\n\r\n".into(), ProtocolError::NoLength(b'\n')),
            (b"*1\r\n*1\r\n".into(), ProtocolError::NoLength(b'*')),
            (b"*1\r\n*".into(), ProtocolError::NoLength(b'*')),
            (b"*1\r\n\r\n".into(), ProtocolError::NoLength(b'\r')),
            (b"*1\r\n:1\r\n".into(), ProtocolError::NoLength(b':')),
            (b"get \"a\r\n".into(), ProtocolError::Quotes),
            (long("get "), ProtocolError::LongLine),
            (long("*"), ProtocolError::LongCount),
            (long("*1\r\n$"), ProtocolError::LongLength),
        ];
        for (bytes, error) in cases {
            for piece in [bytes.len(), 16 << 10] {
                let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
                assert_eq!(read(&bytes, piece), (vec![], Some(error)), "{begin:?}");
            }
        }
    }

    #[test]
    fn what_is_announced_takes_no_memory() {
        let mut input = BytesMut::from(&b"*1048576\r\n$4194304\r\n"[..]);
        let mut reader = Reader::default();
        assert_eq!(reader.next(&mut input), Ok(None));
        assert!(input.capacity() < 1024 && reader.found.capacity() == 0);
    }

    /// Returns an array with one word of each length.
    fn array(lengths: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let words: Vec<_> =
            lengths.into_iter().map(|len| format!("${len}\r\n{}\r\n", "x".repeat(len))).collect();
        format!("*{}\r\n{}", words.len(), words.concat()).into_bytes()
    }

    #[test]
    fn what_is_too_long_is_dropped_and_what_follows_it_is_read() {
        let many = COMMAND_LEN_MAX / 5;
        let cases = [
            (array([1, VALUE_LEN_MAX + 1, 1]), Oversized::Value),
            (array([VALUE_LEN_MAX + 1]), Oversized::Value),
            (array([1, VALUE_LEN_MAX, 1 << 20, 0, 7]), Oversized::Command),
            (array(std::iter::repeat_n(4, many + 2)), Oversized::Command),
        ];
        for (mut bytes, oversized) in cases {
            bytes.extend_from_slice(b"*1\r\n$4\r\nPING\r\n");
            let expected = vec![Received::Oversized(oversized), Received::Words(vec!["PING".into()])];
            for piece in [bytes.len(), 16 << 10, 4_093] {
                assert_eq!(read(&bytes, piece), (expected.clone(), None), "pieces of {piece}");
            }
        }
    }

    #[test]
    fn the_framing_of_a_command_does_not_count() {
        for bytes in [array([3, VALUE_LEN_MAX]), array(std::iter::repeat_n(4, COMMAND_LEN_MAX / 5 + 1))] {
            let (commands, error) = read(&bytes, 16 << 10);
            assert!(matches!(&commands[..], [Received::Words(_)]) && error.is_none());
        }
    }

    #[test]
    fn what_is_dropped_takes_no_memory() {
        let (mut reader, mut input) = (Reader::default(), BytesMut::new());
        input.extend_from_slice(format!("*1\r\n${DROPPED_LEN_MAX}\r\n").as_bytes());
        for _ in 0..DROPPED_LEN_MAX >> 14 {
            input.extend_from_slice(&[0; 1 << 14]);
            assert_eq!(reader.next(&mut input), Ok(None));
            assert!(input.is_empty() && input.capacity() < 1 << 16);
        }
        input.extend_from_slice(b"\r\n");
        assert_eq!(reader.next(&mut input), Ok(Some(Received::Oversized(Oversized::Value))));
    }
}
