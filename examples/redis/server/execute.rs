//! Turns requests into calls of the store, and results into answers.

use super::order::Turn;
use super::values::{self, slices};
use crate::command::Request;
use crate::limits::Oversized;
use crate::protocol::answer::{self, Frame};
use crate::store::{AsyncStore, Refused, Slice};
use bytes::Bytes;
use copycat::{Error, Outcome, Proxy};
use std::future::Future;
use std::pin::Pin;

/// A future answer, or the error of its call.
pub(super) type Answer = Pin<Box<dyn Future<Output = Result<Frame, Error>> + Send>>;

/// Returns the store for one connection. Calls through it take effect in the order in which their futures are first
/// polled.
pub(super) fn ordered(store: &AsyncStore) -> AsyncStore {
    store.in_order()
}

/// Begins a request. It is sent when the future is polled for the first time.
///
/// Each kind of request has its own future, because one future for all would be as large as the largest of them.
pub(super) fn begin(store: AsyncStore, request: Request, turn: Turn) -> Answer {
    match request {
        Request::Get(key) => Box::pin(async move { Ok(answer::bulk_or_null(store.get(Slice(&key)).await?)) }),
        Request::MGet(keys) => Box::pin(values::get_many(store, keys, turn)),
        Request::StrLen(key) => Box::pin(async move { Ok(answer::count(store.len_of(Slice(&key)).await?)) }),
        Request::Exists(keys) => {
            Box::pin(async move { Ok(answer::count(store.count(slices(&keys)).await?)) })
        }
        Request::DbSize => Box::pin(async move { Ok(answer::count(store.size().await?)) }),
        Request::Set { key, value, condition, get } => set(store, key, value, condition, get),
        Request::GetSet { key, value } => set(store, key, value, None, true),
        Request::MSet(pairs) => Box::pin(async move {
            let pairs = pairs.iter().map(|(key, value)| (Slice(key), Slice(value)));
            store.set_many(pairs.collect()).await?;
            Ok(answer::okay())
        }),
        Request::Del(keys) => Box::pin(async move {
            Ok(match keys.as_slice() {
                // With one key, the log knows which key it is, and may drop earlier commands on it.
                [key] => answer::count(store.remove(Slice(key)).await?.into()),
                _ => answer::count(store.remove_many(slices(&keys)).await?),
            })
        }),
        Request::FlushAll => Box::pin(async move {
            store.clear().await?;
            Ok(answer::okay())
        }),
        Request::Increment { key, by } => Box::pin(async move {
            Ok(store.increment(Slice(&key), by).await?.map_or_else(refusal, answer::number))
        }),
        Request::Append { key, more } => Box::pin(async move {
            Ok(store.append(Slice(&key), Slice(&more)).await?.map_or_else(refusal, answer::count))
        }),
        Request::CompareAndSet { key, old, new } => Box::pin(async move {
            Ok(answer::count(store.compare_and_set(Slice(&key), Slice(&old), Slice(&new)).await?.into()))
        }),
    }
}

/// Begins a SET. `condition` requires that the key exists or does not; `get` asks for its previous value.
fn set(store: AsyncStore, key: Bytes, value: Bytes, condition: Option<bool>, get: bool) -> Answer {
    match (condition, get) {
        (None, false) => Box::pin(async move {
            store.set(Slice(&key), Slice(&value)).await?;
            Ok(answer::okay())
        }),
        (None, true) => {
            Box::pin(
                async move { Ok(answer::bulk_or_null(store.exchange(Slice(&key), Slice(&value)).await?)) },
            )
        }
        (Some(present), _) => Box::pin(async move {
            let (applied, held) = store.set_if(Slice(&key), Slice(&value), present).await?;
            Ok(match (get, applied) {
                (true, _) => answer::bulk_or_null(held),
                (false, true) => answer::okay(),
                (false, false) => Frame::Null,
            })
        }),
    }
}

/// Returns the answer of a command that changed nothing, in Redis' words.
fn refusal(refused: Refused) -> Frame {
    answer::error(match refused {
        Refused::NotAnInteger => "ERR value is not an integer or out of range",
        Refused::Overflow => "ERR increment or decrement would overflow",
        Refused::TooLong => return answer::error(&Oversized::Value),
    })
}

/// Returns the answer of a command without a result. Its first word says whether the command may have been applied.
pub(super) fn failure(error: &Error) -> Frame {
    let word = match error.outcome() {
        Outcome::NotApplied => "NOTAPPLIED",
        Outcome::Unknown => "UNKNOWN",
    };
    answer::error(&format!("{word} {error}"))
}
