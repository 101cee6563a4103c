//! Sound journals to start from: the disks that random histories left, closed in order or not.

use super::recovery::{HeaderAt, Images};
use crate::storage::history::model::Operation;
use crate::storage::history::{History, close, small};
use crate::storage::position::Position;
use crate::storage::segment::SegmentHeader;
use crate::storage::{Disk, Fault, Journal, SimulatedDisk};
use std::sync::{Arc, OnceLock};

/// Number of histories.
const COUNT: u64 = 16;

/// The result of one history.
pub(super) struct Past {
    pub(super) images: Images,
    /// The operations, each with the position that must be durable for it.
    pub(super) operations: Vec<(Position, Operation)>,
    /// The durable position at the end.
    pub(super) durable: Position,
    pub(super) headers: Vec<HeaderAt>,
}

/// Returns all histories, and makes them on the first call.
pub(super) fn pasts() -> &'static [Past] {
    static PASTS: OnceLock<Vec<Past>> = OnceLock::new();
    PASTS.get_or_init(|| (0..COUNT).map(Past::new).collect())
}

impl Past {
    /// Even seeds end in order, odd ones with a power cut in the middle of a write. Higher seeds make longer
    /// histories.
    fn new(seed: u64) -> Past {
        let disk = Arc::new(SimulatedDisk::default());
        let journal = match Journal::open(disk.clone(), small(), seed) {
            Ok((journal, _)) => journal,
            Err(error) => panic!("a new journal: {error}"),
        };
        let mut history = History { body_max: 60, ..History::new(journal, seed) };
        for _ in 0..12 + 5 * seed {
            history.step().expect("a sound disk");
        }
        if seed.is_multiple_of(2) {
            close(&mut history.journal).expect("a sound disk");
        } else {
            if let Some(write) = history.journal.next_write() {
                disk.inject(Fault::Power);
                assert!(history.journal.written(write.run()).is_err(), "the power went");
            }
            disk.crash(seed);
        }
        let numbers = disk.list().expect("a sound disk");
        let images: Images =
            numbers.into_iter().filter_map(|number| Some((number, disk.image(number)?))).collect();
        let headers = images.iter().flat_map(|(number, image)| {
            let (header, _) = SegmentHeader::parse(image).expect("segments are made whole");
            HeaderAt::all_in(*number, header.base, header.salt, image)
        });
        let headers = headers.collect();
        Past { images, operations: history.operations, durable: history.journal.durable(), headers }
    }
}
