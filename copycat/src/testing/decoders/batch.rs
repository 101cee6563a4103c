//! Fuzzes a batch of the journal: a header, and frames or a checkpoint.

use super::Verdict;
use super::frame::frame;
use super::input::Input;
use crate::codec::checksum::crc32c;
use crate::codec::forge::write_frame_checksums;
use crate::codec::frame::{Frame, Header};
use crate::codec::terms::LogId;
use crate::storage::batch_header::{BATCH_HEADER_LEN, BatchHeader, BatchKind, Record, add_frame};
use crate::storage::checkpoint;
use crate::storage::group_log::GroupLog;
use crate::storage::position::Position;

/// Reads the bytes as a batch, and also the body after their first bytes under a header made to fit.
pub fn batch(bytes: &[u8]) -> Verdict {
    whole(bytes).or(forged(bytes))
}

fn whole(bytes: &[u8]) -> Verdict {
    let Ok((header, checksum)) = BatchHeader::parse(bytes) else { return Verdict::Refused };
    let again = header.encode();
    assert_eq!((&again.0[..], again.1), (&bytes[..BATCH_HEADER_LEN], checksum), "one header, one encoding");
    assert!(
        header.extent() >= BATCH_HEADER_LEN as u64 + u64::from(header.length),
        "the extent holds the body"
    );
    let mut records = Vec::new();
    match bytes[BATCH_HEADER_LEN..].get(..header.length as usize) {
        Some(body) if header.verify(body, &mut records).is_ok() => contents(&header, body, &records),
        _ => Verdict::Refused,
    }
}

/// Handles a verified body as recovery does.
fn contents(header: &BatchHeader, body: &[u8], records: &[Record]) -> Verdict {
    assert_eq!(records.len(), header.count as usize, "as many frames as were counted");
    match header.kind {
        BatchKind::Frames => {
            let mut frames = Frame::all_trusted(body);
            for record in records {
                let Some(Ok(frame)) = frames.next() else { panic!("{record:?} is no frame") };
                let Header { kind, group, index, term, .. } = frame.header;
                let read = (kind, group, LogId { term, index }, frame.bytes.len());
                assert_eq!(read, (record.kind, record.group, record.id, record.len as usize));
            }
            assert!(frames.next().is_none(), "a frame that was not counted");
            frame(body)
        }
        BatchKind::Checkpoint => {
            let Ok(states) = checkpoint::decode(body) else { return Verdict::Refused };
            let logs = states.into_iter().map(|(group, state)| (group, GroupLog::restored(state)));
            let logs: Vec<_> = logs.collect();
            let encoded = checkpoint::encode(&logs.iter().map(|(group, log)| (*group, log)).collect());
            assert_eq!(encoded, body, "one checkpoint, one encoding");
            Verdict::Accepted
        }
    }
}

fn forged(bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let choices = input.u8();
    let kind = if choices & 1 == 0 { BatchKind::Frames } else { BatchKind::Checkpoint };
    let mut body = input.rest().to_vec();
    let (mut count, mut body_checksum) = (0, crc32c(&body));
    if kind == BatchKind::Frames {
        write_frame_checksums(&mut body);
        let frames = Frame::all_trusted(&body).map_while(Result::ok);
        (count, body_checksum) = frames.fold((0, 0), |(count, sum), f| (count + 1, add_frame(sum, f.bytes)));
    }
    // At most one field is forged: a batch that verifies must be right in all respects.
    let lie = (choices >> 1) & 7;
    match lie {
        1 => count += 1,
        2 => body_checksum ^= 1,
        _ => {}
    }
    let length = body.len() as u32 + u32::from(lie == 3);
    let (salt, position, durable, previous) = (7, Position(8_192), Position(4_096), 0);
    let header = BatchHeader { salt, position, durable, length, count, body_checksum, previous, kind };
    let verdict = whole(&[&header.encode().0[..], &body].concat());
    assert!(!(1..=3).contains(&lie) || verdict == Verdict::Refused, "a lie is noticed");
    verdict
}
