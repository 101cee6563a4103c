//! Checks for the messages of every layer: golden bytes stay readable, and damaged bytes are never read.

use super::envelope::{Expected, write_checksum};
use super::family::SenderKinds;
use super::unreadable::Unreadable;
use super::{Incoming, hello};
use crate::codec::cursor::Malformed;
use crate::transport::limits::MESSAGE_MAX;
use bytes::BytesMut;
use std::fmt::Debug;

/// A message and its name in a file of golden bytes.
pub(crate) type Named = (&'static str, BytesMut);

/// One or more messages of each kind, with their names in such a file.
pub(crate) type Samples<M> = Vec<(&'static str, M)>;

/// A function that reads one message; `None` if it is not complete.
pub(crate) type Read<'a, T> = &'a dyn Fn(&[u8]) -> Result<Option<T>, Unreadable>;

/// Reads the messages of a file: each line has a name and the bytes.
pub(crate) fn parse(file: &'static str) -> Vec<(&'static str, Vec<u8>)> {
    let byte = |hex: &[u8]| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap();
    let line = |line: &'static str| {
        let (name, hex) = line.split_once(' ').unwrap();
        (name, hex.as_bytes().chunks(2).map(byte).collect())
    };
    file.lines().filter(|line| !line.starts_with('#')).map(line).collect()
}

/// Writes every sample, with its name.
pub(crate) fn written<M>(samples: Samples<M>, write: fn(M) -> BytesMut) -> Vec<Named> {
    samples.into_iter().map(|(name, message)| (name, write(message))).collect()
}

/// Checks that every message is written as the file says, and is read back unchanged.
pub(crate) fn check<M: Clone + PartialEq + Debug>(
    file: &'static str,
    samples: Samples<M>,
    write: fn(M) -> BytesMut,
    read: Read<'_, M>,
) {
    check_written(file, &written(samples.clone(), write));
    check_read(file, samples.into_iter().map(|(_, message)| message).collect(), read);
}

/// Checks that every message is written as the file says.
pub(super) fn check_written(file: &str, now: &[Named]) {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let now: Vec<_> = now.iter().map(|(name, bytes)| format!("{name} {}", hex(bytes))).collect();
    let then: Vec<_> = file.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(now.join("\n"), then.join("\n"));
}

/// Checks that every message of a file is read as the expected one.
pub(super) fn check_read<T: PartialEq + Debug>(file: &'static str, expected: Vec<T>, read: Read<'_, T>) {
    let golden = parse(file);
    assert_eq!(golden.len(), expected.len());
    for ((name, bytes), expected) in golden.into_iter().zip(expected) {
        assert_eq!(read(&bytes).unwrap(), Some(expected), "{name}");
    }
}

/// Reads one message as a side of a connection that understands `I`, from any sender.
pub(crate) fn read_one<I: Incoming>(bytes: &[u8]) -> Result<Option<I>, Unreadable> {
    let mut received = BytesMut::from(bytes);
    let Some(envelope) = super::envelope::take(&mut received, &expected::<I>())? else { return Ok(None) };
    if !received.is_empty() {
        return Err(Malformed::Trailing(received.len()).into());
    }
    super::read(&envelope)
}

/// Returns what such a side expects.
pub(crate) fn expected<I: Incoming>() -> Expected {
    Expected { kinds: I::KINDS, sender: SenderKinds::UNCHECKED, longest: MESSAGE_MAX }
}

/// Rewrites length and checksum, as an attacker would.
pub(crate) fn with_checksum(mut message: Vec<u8>, expected: &Expected) -> Vec<u8> {
    write_checksum(&mut message, expected);
    message
}

/// Checks what must hold for all messages alike, under any damage and any forgery.
pub(crate) fn try_hard<T>(all: &[Named], expected: &Expected, read: Read<'_, T>) {
    for (name, bytes) in all {
        cut_and_damaged(name, bytes, read);
        resized_and_recounted(name, bytes, expected, read);
    }
    forged(all, expected, read);
}

fn cut_and_damaged<T>(name: &str, bytes: &[u8], read: Read<'_, T>) {
    for end in 0..bytes.len() {
        assert!(matches!(read(&bytes[..end]), Ok(None)), "{name}, cut at {end}");
    }
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(!matches!(read(&damaged), Ok(Some(_))), "{name}, bit {bit}");
        // A longer length makes the message incomplete, until more bytes arrive or the connection ends.
        damaged.resize(bytes.len() + 4_096, 0);
        assert!(!matches!(read(&damaged), Ok(Some(_))), "{name}, bit {bit}, and more behind it");
    }
}

/// Checks that lengths, counts, groups and reserved bytes that do not fit are refused.
fn resized_and_recounted<T>(name: &str, bytes: &[u8], expected: &Expected, read: Read<'_, T>) {
    for length in [bytes.len() - 1, bytes.len() + 1, bytes.len() + 24] {
        let mut other = bytes.to_vec();
        other.resize(length, 0);
        assert!(!matches!(read(&with_checksum(other, expected)), Ok(Some(_))), "{name} in {length} bytes");
    }
    for count in [0x40, 0x7fff_ffff, u32::MAX] {
        let mut counted = bytes.to_vec();
        let was = u32::from_le_bytes(*counted[12..].first_chunk().unwrap());
        counted[12..16].copy_from_slice(&(was ^ count).to_le_bytes());
        assert!(read(&with_checksum(counted, expected)).is_err(), "{name} with another count");
    }
    let mut grouped = bytes.to_vec();
    if grouped[16..24] == [0; 8] {
        grouped[16] = 1;
        assert!(read(&with_checksum(grouped, expected)).is_err(), "{name} with a group");
    } else {
        grouped[16..24].fill(0);
        assert!(read(&with_checksum(grouped, expected)).is_err(), "{name} without a group");
    }
    let mut reserved = bytes.to_vec();
    reserved[11] = 1;
    assert!(read(&with_checksum(reserved, expected)).is_err(), "{name} with something reserved");
}

/// Checks that no bytes under a right checksum make a reader panic.
fn forged<T>(all: &[Named], expected: &Expected, read: Read<'_, T>) {
    let mut random = fastrand::Rng::with_seed(11);
    for (_, bytes) in all {
        for at in 8..bytes.len() {
            for value in [0, 1, 2, 127, 128, 255, random.u8(..)] {
                let mut forged = bytes.to_vec();
                forged[at] = value;
                let _outcome = read(&with_checksum(forged, expected));
            }
        }
        for _ in 0..2_000 {
            let mut forged = bytes.to_vec();
            for _ in 0..random.usize(1..12) {
                let at = random.usize(8..forged.len().max(9));
                forged[at.min(bytes.len() - 1)] = random.u8(..);
            }
            let _outcome = read(&with_checksum(forged, expected));
        }
        // The kind, followed by random bytes.
        for _ in 0..2_000 {
            let mut random_body = bytes[..24].to_vec();
            random_body[10..24].fill_with(|| if random.bool() { 0 } else { random.u8(..) });
            random_body.extend((0..random.usize(..200)).map(|_| random.u8(..)));
            let _outcome = read(&random_body);
            let _outcome = read(&with_checksum(random_body, expected));
        }
    }
}

/// Returns what is expected of a handshake and of pings.
pub(super) fn handshake() -> Expected {
    Expected { sender: SenderKinds::UNCHECKED, ..hello::HANDSHAKE }
}
