//! Fuzz target: the Redis protocol parser.

use bytes::BytesMut;
use copycat::testing::decoders::Verdict;
use copycat_redis::command;
use copycat_redis::limits::{COMMAND_LEN_MAX, VALUE_LEN_MAX, WORDS_MAX};
use copycat_redis::protocol::{ProtocolError, Reader, Received, Words};

/// Reads a connection to its end, at once and in pieces whose lengths the first byte decides, and checks that both
/// give the same. Then parses each command.
pub(super) fn resp(bytes: &[u8]) -> Verdict {
    let Some((seed, sent)) = bytes.split_first() else { return Verdict::Refused };
    let mut lengths = fastrand::Rng::with_seed(u64::from(*seed));
    let whole = read(sent, || usize::MAX);
    let cut = read(sent, || lengths.usize(1..32));
    assert_eq!(cut, whole, "how the network cuts a connection means nothing");
    for received in &whole.0 {
        if let Received::Words(words) = received {
            check(words);
        }
    }
    if whole.0.is_empty() { Verdict::Refused } else { Verdict::Accepted }
}

fn read(mut sent: &[u8], mut piece: impl FnMut() -> usize) -> (Vec<Received>, Option<ProtocolError>) {
    let (mut reader, mut input, mut commands) = (Reader::default(), BytesMut::new(), Vec::new());
    while !sent.is_empty() {
        let (arrived, rest) = sent.split_at(piece().min(sent.len()));
        input.extend_from_slice(arrived);
        sent = rest;
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

fn check(words: &Words) {
    let longest = words.iter().map(|word| word.len()).max();
    assert!((1..=WORDS_MAX).contains(&words.len()), "{} words", words.len());
    assert!(longest.is_some_and(|longest| longest <= VALUE_LEN_MAX), "a word of {longest:?} bytes");
    let mut again = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        again.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        again.extend_from_slice(word);
        again.extend_from_slice(b"\r\n");
    }
    let len: usize = words[1..].iter().map(|word| word.len() + 1).sum();
    assert!(len <= COMMAND_LEN_MAX, "a command of {len} bytes");
    assert_eq!(
        read(&again, || usize::MAX),
        (vec![Received::Words(words.clone())], None),
        "written as an array it is the same"
    );
    // Known or not, well-formed or not, each command gets an answer of bounded length, and the connection continues.
    if let Err(refusal) = command::parse(words) {
        let told = refusal.to_string();
        assert!(told.len() <= 1_024, "a refusal of {} bytes", told.len());
    }
}
