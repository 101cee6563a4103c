//! Inline commands: a line of words as a person types them, with the quotations and escapes of Redis.

use super::ProtocolError;
use bytes::Bytes;

/// Returns the words of a line.
///
/// # Errors
///
/// A quotation has no end, or something follows it directly.
pub(super) fn words(mut line: &[u8]) -> Result<Vec<Bytes>, ProtocolError> {
    let mut words = Vec::new();
    loop {
        while let [first, rest @ ..] = line
            && is_space(*first)
        {
            line = rest;
        }
        if line.is_empty() {
            return Ok(words);
        }
        let (word, rest) = word(line)?;
        words.push(word.into());
        line = rest;
    }
}

/// Returns the first word of a line that begins with one, and the rest of the line.
fn word(mut line: &[u8]) -> Result<(Vec<u8>, &[u8]), ProtocolError> {
    let mut word = Vec::new();
    while let [first, rest @ ..] = line {
        match first {
            b'"' | b'\'' => {
                line = quotation(*first, rest, &mut word)?;
                // Words must be separated, including quoted ones.
                return match line.first() {
                    Some(next) if !is_space(*next) => Err(ProtocolError::Quotes),
                    _ => Ok((word, line)),
                };
            }
            b' ' | b'\t' | b'\n' | b'\r' | 0 => return Ok((word, rest)),
            _ => word.push(*first),
        }
        line = rest;
    }
    Ok((word, line))
}

/// Returns whether a byte separates words, as C's `isspace` says.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Appends the quoted text to a word. Returns the rest of the line after the closing quotation mark.
fn quotation<'a>(mark: u8, mut line: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        line = match line {
            [first, rest @ ..] if *first == mark => return Ok(rest),
            [b'\\', b'x', high, low, rest @ ..] if mark == b'"' && hex(*high, *low).is_some() => {
                word.extend(hex(*high, *low));
                rest
            }
            [b'\\', escaped, rest @ ..] if mark == b'"' => {
                word.push(control(*escaped));
                rest
            }
            [b'\\', b'\'', rest @ ..] => {
                word.push(b'\'');
                rest
            }
            [first, rest @ ..] => {
                word.push(*first);
                rest
            }
            [] => return Err(ProtocolError::Quotes),
        };
    }
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// Returns the byte that an escaped character stands for: a control character, or itself.
fn control(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{ProtocolError, words};

    #[test]
    fn lines_are_words() {
        let cases: [(&str, &[&[u8]]); 9] = [
            ("", &[]),
            ("  PING\t", &[b"PING"]),
            ("\x0b\x0cPING \x0b\x0ca\x0bb\x0c", &[b"PING", b"a\x0bb\x0c"]),
            ("PING \"a\"\x0b'b'", &[b"PING", b"a", b"b"]),
            ("set  k v\r", &[b"set", b"k", b"v"]),
            (r#"set "a key" 'a "value"'"#, &[b"set", b"a key", b"a \"value\""]),
            (r#"echo "\x00\xff\n\q\"" "#, &[b"echo", b"\0\xff\nq\""]),
            (r"echo 'it\'s \n'", &[b"echo", b"it's \\n"]),
            (r#"echo """#, &[b"echo", b""]),
        ];
        for (line, expected) in cases {
            assert_eq!(words(line.as_bytes()).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn quotations_end_with_their_word() {
        for line in [r#"echo "a"#, r#"echo "a"b"#, "echo 'a", r#"echo "a\"#, "'a''b'"] {
            assert_eq!(words(line.as_bytes()), Err(ProtocolError::Quotes), "{line}");
        }
    }
}
