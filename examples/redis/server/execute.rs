//! Requests to calls of the store, and results to answers.

use crate::command::Request;
use crate::protocol::answer::{self, Frame};
use crate::store::{AsyncStore, Refused, Slice};
use bytes::Bytes;
use copycat::{Error, Outcome};

/// The store as one connection sees it: the calls through it take effect in the order in which their futures
/// are first polled.
pub(super) fn ordered(store: &AsyncStore) -> AsyncStore {
    store.clone()
}

/// Carries a request out. The call is handed in when the future is polled for the first time.
pub(super) async fn run(store: AsyncStore, request: Request) -> Frame {
    call(store, request).await.unwrap_or_else(|error| failure(&error))
}

async fn call(store: AsyncStore, request: Request) -> Result<Frame, Error> {
    Ok(match request {
        Request::Get(key) => answer::bulk_or_null(store.get(Slice(&key)).await?),
        Request::MGet(keys) => {
            let values = store.get_many(slices(&keys)).await?;
            answer::array(values.into_iter().map(answer::bulk_or_null).collect())
        }
        Request::StrLen(key) => answer::count(store.len_of(Slice(&key)).await?),
        Request::Exists(keys) => answer::count(store.count(slices(&keys)).await?),
        Request::DbSize => answer::count(store.size().await?),
        Request::Set { key, value, condition: None, get: false } => {
            store.set(Slice(&key), Slice(&value)).await?;
            answer::okay()
        }
        Request::Set { key, value, condition: None, get: true } | Request::GetSet { key, value } => {
            answer::bulk_or_null(store.exchange(Slice(&key), Slice(&value)).await?)
        }
        Request::Set { key, value, condition: Some(present), get } => {
            let (applied, held) = store.set_if(Slice(&key), Slice(&value), present).await?;
            match (get, applied) {
                (true, _) => answer::bulk_or_null(held),
                (false, true) => answer::okay(),
                (false, false) => Frame::Null,
            }
        }
        Request::MSet(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| (Slice(key), Slice(value)));
            store.set_many(pairs.collect()).await?;
            answer::okay()
        }
        Request::Del(keys) => match keys.as_slice() {
            // Of one key the log knows which it is, and may forget what came before.
            [key] => answer::count(store.remove(Slice(key)).await?.into()),
            _ => answer::count(store.remove_many(slices(&keys)).await?),
        },
        Request::FlushAll => {
            store.clear().await?;
            answer::okay()
        }
        Request::Increment { key, by } => {
            store.increment(Slice(&key), by).await?.map_or_else(refusal, answer::number)
        }
        Request::Append { key, more } => {
            store.append(Slice(&key), Slice(&more)).await?.map_or_else(refusal, answer::count)
        }
        Request::CompareAndSet { key, old, new } => {
            answer::count(store.compare_and_set(Slice(&key), Slice(&old), Slice(&new)).await?.into())
        }
    })
}

fn slices(words: &[Bytes]) -> Vec<Slice<'_>> {
    words.iter().map(|word| Slice(word)).collect()
}

/// The answer of a command that changed nothing, in Redis' words.
fn refusal(refused: Refused) -> Frame {
    answer::error(match refused {
        Refused::NotAnInteger => "ERR value is not an integer or out of range",
        Refused::Overflow => "ERR increment or decrement would overflow",
        Refused::TooLong => "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
    })
}

/// The answer of a command that came to no result. Its first word says whether it may have been carried out.
pub(super) fn failure(error: &Error) -> Frame {
    let word = match error.outcome() {
        Outcome::NotApplied => "NOTAPPLIED",
        Outcome::Unknown => "UNKNOWN",
    };
    answer::error(&format!("{word} {error}"))
}
