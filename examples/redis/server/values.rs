//! Many values at once, which may be too long for one result of the store.

use super::order::Turn;
use crate::limits::{Oversized, VALUES_LEN_MAX};
use crate::protocol::answer::{self, Frame};
use crate::store::{AsyncStore, Digest, Slice};
use bytes::Bytes;
use copycat::Error;
use tokio::sync::Semaphore;

/// Most answers that are collected in parts at one time, each of which takes up to [`VALUES_LEN_MAX`] of memory.
const COLLECTED_MAX: usize = 4;
/// How often values are read again because others have changed them meanwhile.
const ATTEMPTS: usize = 16;

const FOLLOWED: &str = "ERR answer exceeds 4 MiB, which is read only if no command is sent before it has come; send the \
                        command again, nothing was changed";
const CHANGED: &str = "ERR answer exceeds 4 MiB, and the values changed each time they were read; nothing was changed by \
                       this command";

static COLLECTED: Semaphore = Semaphore::const_new(COLLECTED_MAX);

/// Returns the values of several keys as of one moment.
///
/// If they do not fit one result, they are read in parts, and then a digest of all of them is read. If it is that of the
/// parts, these are the values of that moment. No later command of the connection may take effect before that, so none
/// may have begun.
pub(super) async fn get_many(store: AsyncStore, keys: Vec<Bytes>, turn: Turn) -> Result<Frame, Error> {
    let mut values = store.get_many(slices(&keys)).await?;
    if values.len() == keys.len() {
        return Ok(frame(values));
    }
    let Some(_held) = turn.hold() else { return Ok(answer::error(FOLLOWED)) };
    let _permit = COLLECTED.acquire().await;
    for _ in 0..ATTEMPTS {
        while values.len() < keys.len() {
            if values.iter().flatten().map(Bytes::len).sum::<usize>() > VALUES_LEN_MAX {
                return Ok(answer::error(&Oversized::Values));
            }
            values.extend(store.get_many(slices(&keys[values.len()..])).await?);
        }
        let salt = fastrand::u64(..);
        let digest = Digest::of(salt, values.iter().map(Option::as_deref));
        if store.digest(slices(&keys), salt).await? == digest {
            return Ok(frame(values));
        }
        values.clear();
    }
    Ok(answer::error(CHANGED))
}

fn frame(values: Vec<Option<Bytes>>) -> Frame {
    answer::array(values.into_iter().map(answer::bulk_or_null).collect())
}

pub(super) fn slices(words: &[Bytes]) -> Vec<Slice<'_>> {
    words.iter().map(|word| Slice(word)).collect()
}
