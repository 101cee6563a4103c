//! Answers: their frames, and their encoding in both versions of the protocol.

use bytes::{Bytes, BytesMut};
use redis_protocol::resp2;
use redis_protocol::resp3;

use redis_protocol::resp3::types::VerbatimStringFormat;

pub(crate) use redis_protocol::resp3::types::BytesFrame as Frame;

/// The protocol version of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// The version with which every client begins.
    #[default]
    Two,
    /// The version that `HELLO 3` selects.
    Three,
}

pub(crate) fn okay() -> Frame {
    Frame::SimpleString { data: Bytes::from_static(b"OK"), attributes: None }
}

pub(crate) fn simple(text: &'static str) -> Frame {
    Frame::SimpleString { data: Bytes::from_static(text.as_bytes()), attributes: None }
}

/// Returns an error. Line breaks in the text become spaces.
pub(crate) fn error(text: &(impl ToString + ?Sized)) -> Frame {
    let mut text = text.to_string();
    if text.contains(['\r', '\n']) {
        text = text.replace(['\r', '\n'], " ");
    }
    Frame::SimpleError { data: text.into(), attributes: None }
}

pub(crate) fn bulk(data: impl Into<Bytes>) -> Frame {
    Frame::BlobString { data: data.into(), attributes: None }
}

pub(crate) fn bulk_or_null(data: Option<Bytes>) -> Frame {
    data.map_or(Frame::Null, bulk)
}

pub(crate) fn number(data: i64) -> Frame {
    Frame::Number { data, attributes: None }
}

/// Returns a count. A count that does not fit could not be of anything in memory.
pub(crate) fn count(data: u64) -> Frame {
    number(i64::try_from(data).unwrap_or(i64::MAX))
}

pub(crate) fn array(data: Vec<Frame>) -> Frame {
    Frame::Array { data, attributes: None }
}

pub(crate) fn set(data: Vec<Frame>) -> Frame {
    Frame::Set { data: data.into_iter().collect(), attributes: None }
}

/// Returns a text that is meant to be read by a person as it is.
pub(crate) fn verbatim(text: String) -> Frame {
    Frame::VerbatimString { data: text.into(), format: VerbatimStringFormat::Text, attributes: None }
}

pub(crate) fn map<const N: usize>(pairs: [(&'static str, Frame); N]) -> Frame {
    let pairs = pairs.into_iter().map(|(name, value)| (bulk(name), value));
    Frame::Map { data: pairs.collect(), attributes: None }
}

/// Returns the approximate size of a frame's contents in bytes.
pub(crate) fn weight(frame: &Frame) -> usize {
    match frame {
        Frame::BlobString { data, .. } => data.len(),
        Frame::VerbatimString { data, .. } => data.len(),
        Frame::Array { data, .. } => size_of::<Frame>() * data.len() + data.iter().map(weight).sum::<usize>(),
        Frame::Set { data, .. } => size_of::<Frame>() * data.len() + data.iter().map(weight).sum::<usize>(),
        Frame::Map { data, .. } => {
            data.iter().map(|(key, value)| 2 * size_of::<Frame>() + weight(key) + weight(value)).sum()
        }
        _ => 0,
    }
}

/// Encodes a frame and appends it to `out`.
pub(crate) fn encode(frame: Frame, version: Version, out: &mut BytesMut) {
    let encoded = match version {
        Version::Two => resp2::encode::extend_encode(out, &older(frame), false),
        Version::Three => resp3::encode::complete::extend_encode(out, &frame, false),
    };
    // Encoding fails only if the buffer is full, and the buffer grows by itself.
    encoded.expect("every frame that is made here has its bytes");
}

/// Converts a frame to version 2, which lacks the later types: a map becomes a list of its pairs,
/// and a set a list of its members.
fn older(frame: Frame) -> resp2::types::BytesFrame {
    use resp2::types::BytesFrame as Older;
    match frame {
        Frame::SimpleString { data, .. } => Older::SimpleString(data),
        Frame::SimpleError { data, .. } => Older::Error(data),
        Frame::Number { data, .. } => Older::Integer(data),
        Frame::BlobString { data, .. } => Older::BulkString(data),
        Frame::Array { data, .. } => Older::Array(data.into_iter().map(older).collect()),
        Frame::Map { data, .. } => {
            Older::Array(data.into_iter().flat_map(|(name, value)| [older(name), older(value)]).collect())
        }
        Frame::Set { data, .. } => Older::Array(data.into_iter().map(older).collect()),
        Frame::VerbatimString { data, .. } => Older::BulkString(data),
        Frame::Boolean { data, .. } => Older::Integer(data.into()),
        _ => Older::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(frame: Frame, version: Version) -> String {
        let mut out = BytesMut::new();
        encode(frame, version, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn what_is_kept_for_a_frame_counts_whatever_holds_it() {
        let word = || bulk("x".repeat(1_000));
        let list = weight(&array(vec![word(), word()]));
        assert!(list >= 2_000);
        assert!(weight(&set(vec![word(), bulk("y")])) > 1_000 && weight(&map([("name", word())])) > 1_000);
    }

    #[test]
    fn each_version_has_its_own_nothing_and_its_own_maps() {
        let cases = [
            (Frame::Null, "$-1\r\n", "_\r\n"),
            (map([("proto", number(3))]), "*2\r\n$5\r\nproto\r\n:3\r\n", "%1\r\n$5\r\nproto\r\n:3\r\n"),
            (array(vec![bulk("ab"), Frame::Null]), "*2\r\n$2\r\nab\r\n$-1\r\n", "*2\r\n$2\r\nab\r\n_\r\n"),
            (
                set(vec![simple("b"), simple("a"), simple("c")]),
                "*3\r\n+b\r\n+a\r\n+c\r\n",
                "~3\r\n+b\r\n+a\r\n+c\r\n",
            ),
            (verbatim("# a\r\n".into()), "$5\r\n# a\r\n\r\n", "=9\r\ntxt:# a\r\n\r\n"),
            (
                map([("b", number(1)), ("a", number(2))]),
                "*4\r\n$1\r\nb\r\n:1\r\n$1\r\na\r\n:2\r\n",
                "%2\r\n$1\r\nb\r\n:1\r\n$1\r\na\r\n:2\r\n",
            ),
            (okay(), "+OK\r\n", "+OK\r\n"),
            (count(u64::MAX), ":9223372036854775807\r\n", ":9223372036854775807\r\n"),
        ];
        for (frame, two, three) in cases {
            assert_eq!(encoded(frame.clone(), Version::Two), two);
            assert_eq!(encoded(frame, Version::Three), three);
        }
    }

    #[test]
    fn an_error_cannot_become_two_answers() {
        assert_eq!(encoded(error("ERR a\r\n+OK"), Version::Two), "-ERR a  +OK\r\n");
    }
}
