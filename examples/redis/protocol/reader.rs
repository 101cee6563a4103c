//! Splits arriving bytes into words.

use super::{COMMAND_LEN_MAX, LINE_LEN_MAX, ProtocolError, WORD_LEN_MAX, WORDS_MAX, inline};
use bytes::{Bytes, BytesMut};
use std::ops::Range;

/// The words of one command, its name first; never empty.
pub type Words = Vec<Bytes>;

/// Splits the bytes of one connection into commands.
///
/// It uses memory only for bytes that have arrived, whatever lengths they announce. It parses each header once,
/// however small the pieces are in which a command arrives.
#[derive(Debug, Default)]
pub struct Reader {
    /// Number of words of the array that are still missing; 0 between commands.
    missing: usize,
    /// Length of the next word, once it is known.
    word_len: Option<usize>,
    /// Positions of the command's words that have arrived.
    found: Vec<Range<usize>>,
    /// Position up to which the input was parsed. Everything before it belongs to the unfinished command.
    at: usize,
    /// Position up to which the end of the current line was searched.
    searched: usize,
}

impl Reader {
    /// Takes the next command off the input; `None` if it is incomplete. The words share the memory of the input.
    ///
    /// # Errors
    ///
    /// The input is no command. Nothing after it can be parsed.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Words>, ProtocolError> {
        loop {
            if self.missing > 0 {
                return self.array(input);
            }
            match input.first() {
                None => return Ok(None),
                Some(b'*') => {
                    let Some(line) = self.line(input, ProtocolError::LongCount)? else { return Ok(None) };
                    self.missing = count(&input[line.start + 1..line.end])?;
                    if self.missing == 0 {
                        // An empty array asks for nothing.
                        self.take(input);
                    }
                }
                Some(_) => {
                    let Some(line) = self.line(input, ProtocolError::LongLine)? else { return Ok(None) };
                    let words = inline::words(&input[line])?;
                    self.take(input);
                    if !words.is_empty() {
                        return Ok(Some(words));
                    }
                }
            }
        }
    }

    /// Continues an array, to its end if that has arrived.
    fn array(&mut self, input: &mut BytesMut) -> Result<Option<Words>, ProtocolError> {
        while self.missing > 0 {
            let Some(word) = self.word(input)? else { return Ok(None) };
            self.found.push(word);
            self.missing -= 1;
        }
        let mut found = std::mem::take(&mut self.found);
        let command = self.take(input);
        let words = found.drain(..).map(|word| command.slice(word)).collect();
        // The list is reused, unless it has become unusually large.
        if found.capacity() <= 64 {
            self.found = found;
        }
        Ok(Some(words))
    }

    /// Returns the position of the next word, if it has arrived.
    fn word(&mut self, input: &[u8]) -> Result<Option<Range<usize>>, ProtocolError> {
        let len = match self.word_len {
            Some(len) => len,
            None => {
                let Some(line) = self.line(input, ProtocolError::LongLength)? else { return Ok(None) };
                let len = length(&input[line])?;
                if self.at + len > COMMAND_LEN_MAX {
                    return Err(ProtocolError::LongCommand);
                }
                *self.word_len.insert(len)
            }
        };
        let word = self.at..self.at + len;
        // Two bytes end the word. Redis does not check them either.
        if input.len() < word.end + 2 {
            return Ok(None);
        }
        (self.at, self.searched, self.word_len) = (word.end + 2, word.end + 2, None);
        Ok(Some(word))
    }

    /// Returns the position of the line that begins here, without its end, if it has arrived completely.
    fn line(&mut self, input: &[u8], long: ProtocolError) -> Result<Option<Range<usize>>, ProtocolError> {
        let unseen = input.get(self.searched..).unwrap_or_default();
        let Some(end) = unseen.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.searched.max(input.len());
            // Bytes that cannot be a header are refused at once, before the end of the line arrives.
            if let (ProtocolError::LongLength, Some(first)) =
                (long, input.get(self.at).filter(|b| **b != b'$'))
            {
                return Err(ProtocolError::NoLength(*first));
            }
            return if input.len().saturating_sub(self.at) > LINE_LEN_MAX { Err(long) } else { Ok(None) };
        };
        let (start, end) = (self.at, self.searched + end);
        if end - start > LINE_LEN_MAX {
            return Err(long);
        }
        (self.at, self.searched) = (end + 1, end + 1);
        let end = if end > start && input[end - 1] == b'\r' { end - 1 } else { end };
        Ok(Some(start..end))
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

/// Returns the length of a word from the line before it.
fn length(line: &[u8]) -> Result<usize, ProtocolError> {
    let digits = match line {
        [b'$', digits @ ..] => digits,
        [first, ..] => return Err(ProtocolError::NoLength(*first)),
        [] => return Err(ProtocolError::NoLength(b'\r')),
    };
    let number = crate::integer(digits).ok_or(ProtocolError::Length)?;
    usize::try_from(number).ok().filter(|len| *len <= WORD_LEN_MAX).ok_or(ProtocolError::Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what a reader makes of bytes that arrive in pieces of one length.
    fn read(bytes: &[u8], piece: usize) -> (Vec<Words>, Option<ProtocolError>) {
        let (mut reader, mut input, mut commands) = (Reader::default(), BytesMut::new(), Vec::new());
        for piece in bytes.chunks(piece) {
            input.extend_from_slice(piece);
            loop {
                match reader.next(&mut input) {
                    Ok(Some(words)) => commands.push(words),
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
        let expected: [&[&[u8]]; 4] = [&[b"ECHO", b"\r\n"], &[b"set", b"k", b"a b"], &[b""], &[b"ping"]];
        for piece in 1..bytes.len() {
            let (commands, error) = read(bytes, piece);
            assert_eq!((commands.len(), error), (expected.len(), None), "pieces of {piece}");
            commands.iter().zip(expected).for_each(|(words, expected)| assert_eq!(words, expected));
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
        let words = format!("*3\r\n${WORD_LEN_MAX}\r\n{}\r\n${WORD_LEN_MAX}\r\n", "x".repeat(WORD_LEN_MAX));
        let cases: Vec<(Vec<u8>, ProtocolError)> = vec![
            (b"*x\r\n".into(), ProtocolError::Count),
            (b"*\r\n".into(), ProtocolError::Count),
            (b"*1048577\r\n".into(), ProtocolError::Count),
            (b"*99999999999999999999\r\n".into(), ProtocolError::Count),
            (b"*1\r\n$-1\r\n".into(), ProtocolError::Length),
            (b"*1\r\n$x\r\n".into(), ProtocolError::Length),
            (b"*1\r\n$536870912\r\n".into(), ProtocolError::Length),
            (b"*1\r\n$4194305\r\n".into(), ProtocolError::Length),
            (b"*1\r\n*1\r\n".into(), ProtocolError::NoLength(b'*')),
            (b"*1\r\n*".into(), ProtocolError::NoLength(b'*')),
            (b"*1\r\n\r\n".into(), ProtocolError::NoLength(b'\r')),
            (b"*1\r\n:1\r\n".into(), ProtocolError::NoLength(b':')),
            (b"get \"a\r\n".into(), ProtocolError::Quotes),
            (long("get "), ProtocolError::LongLine),
            (long("*"), ProtocolError::LongCount),
            (long("*1\r\n$"), ProtocolError::LongLength),
            (words.into_bytes(), ProtocolError::LongCommand),
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
}
