//! Compare-and-set by retry: what `update` is, on every proxy that has it.

use copycat::Error;

/// Reads, changes and sets until nobody else was faster; returns what was set.
pub(crate) async fn update<T, Got, Set>(
    get: impl Fn() -> Got,
    mut change: impl FnMut(T) -> T,
    compare_and_set: impl Fn(T, T) -> Set,
) -> Result<T, Error>
where
    T: Clone,
    Got: Future<Output = Result<T, Error>>,
    Set: Future<Output = Result<bool, Error>>,
{
    loop {
        let old = get().await?;
        let new = change(old.clone());
        if compare_and_set(old, new.clone()).await? {
            return Ok(new);
        }
    }
}

/// The same, blocking the thread.
pub(crate) fn update_sync<T: Clone>(
    get: impl Fn() -> Result<T, Error>,
    mut change: impl FnMut(T) -> T,
    compare_and_set: impl Fn(T, T) -> Result<bool, Error>,
) -> Result<T, Error> {
    loop {
        let old = get()?;
        let new = change(old.clone());
        if compare_and_set(old, new.clone())? {
            return Ok(new);
        }
    }
}
