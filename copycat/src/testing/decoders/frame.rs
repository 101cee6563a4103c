//! Fuzzes packed frames, as appends and batches carry them.

use super::Verdict;
use crate::codec::configuration::Configuration;
use crate::codec::forge::write_frame_checksums;
use crate::codec::frame::{BODY_MAX, FRAME_MAX, Frame, KEY_MAX, Kind};

/// Reads packed frames.
pub fn frame(bytes: &[u8]) -> Verdict {
    let mut intact = bytes.to_vec();
    write_frame_checksums(&mut intact);
    packed(bytes).or(packed(&intact))
}

fn packed(bytes: &[u8]) -> Verdict {
    let (mut read, mut refused) = (0, false);
    for frame in Frame::all(bytes) {
        assert!(!refused, "nothing follows the first error");
        let Ok(frame) = frame else {
            refused = true;
            continue;
        };
        assert_eq!(frame.bytes, &bytes[read..read + frame.bytes.len()], "a frame is where it was found");
        read += frame.bytes.len();
        check(&frame);
    }
    assert!(refused || read == bytes.len(), "what is no frame is refused");
    Verdict::of(read > 0)
}

fn check(frame: &Frame<'_>) {
    assert!(frame.bytes.len() <= FRAME_MAX && frame.body.len() <= BODY_MAX, "no longer than a frame may be");
    assert!(frame.header.key_len as usize <= KEY_MAX.min(frame.body.len()), "the key is part of the body");
    let mut again = Vec::new();
    frame.header.encode(frame.body, &mut again);
    assert_eq!(again, frame.bytes, "one frame, one encoding");
    match Frame::trusted(frame.bytes) {
        Ok(trusted) => assert_eq!(trusted.header, frame.header, "trust changes nothing"),
        Err(error) => panic!("a verified frame is refused unverified: {error}"),
    }
    if frame.header.kind == Kind::Configuration
        && let Ok(configuration) = Configuration::decode(frame.body)
    {
        let mut again = Vec::new();
        configuration.encode(&mut again);
        assert_eq!(again, frame.body, "one configuration, one encoding");
    }
}
