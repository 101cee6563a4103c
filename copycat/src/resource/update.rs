//! Compare-and-set by retry, for proxies that can compare and set.

use crate::error::{Cause, Error};
use std::future::Future;

/// Updates a value by compare-and-set: reads it, changes it, sets it, and retries if another client changed it
/// meanwhile. Returns the value that was set.
///
/// `change` is called for each attempt, and must have no side effects. The read should be strict: otherwise
/// attempts may fail needlessly.
///
/// ```
/// # use copycat::{Error, state_machine, update};
/// # #[state_machine]
/// # pub trait Motto {
/// #     #[read]
/// #     fn get(&self) -> String;
/// #     #[write]
/// #     fn compare_and_set(&mut self, expected: String, new: String) -> bool;
/// # }
/// impl AsyncMotto {
///     /// Replaces the motto by what `change` makes of it.
///     pub async fn update(&self, change: impl FnMut(String) -> String) -> Result<String, Error> {
///         update(|| self.get(), change, |old, new| self.compare_and_set(old, new)).await
///     }
/// }
/// ```
///
/// # Errors
///
/// The errors of both calls, after which nothing is retried. Also an error if the value is not equal to itself (for
/// example NaN), because compare-and-set could never succeed.
pub async fn update<T, Read, Set>(
    read: impl Fn() -> Read,
    mut change: impl FnMut(T) -> T,
    compare_and_set: impl Fn(T, T) -> Set,
) -> Result<T, Error>
where
    T: Clone + PartialEq,
    Read: Future<Output = Result<T, Error>>,
    Set: Future<Output = Result<bool, Error>>,
{
    loop {
        let old = comparable(read().await?)?;
        let new = change(old.clone());
        if compare_and_set(old, new.clone()).await? {
            return Ok(new);
        }
    }
}

/// Updates a value as [`update`] does, through calls that block the thread.
///
/// # Errors
///
/// The errors of [`update`].
pub fn update_sync<T: Clone + PartialEq>(
    read: impl Fn() -> Result<T, Error>,
    mut change: impl FnMut(T) -> T,
    compare_and_set: impl Fn(T, T) -> Result<bool, Error>,
) -> Result<T, Error> {
    loop {
        let old = comparable(read()?)?;
        let new = change(old.clone());
        if compare_and_set(old, new.clone())? {
            return Ok(new);
        }
    }
}

/// Refuses a value that is not equal to itself: compare-and-set would be retried forever.
fn comparable<T: PartialEq>(value: T) -> Result<T, Error> {
    let equal = |one: &T, other: &T| one == other;
    if equal(&value, &value) { Ok(value) } else { Err(Cause::NeverEqual.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::block_on::block_on;
    use std::cell::Cell;

    #[test]
    fn is_repeated_until_nobody_else_was_faster() {
        let (value, faster) = (Cell::new(1.0), Cell::new(3));
        let compare_and_set = |old: f64, new: f64| {
            if faster.get() > 0 {
                faster.set(faster.get() - 1);
                value.set(value.get() + 1.0);
            }
            let equal = value.get() == old;
            if equal {
                value.set(new);
            }
            Ok(equal)
        };
        assert_eq!(update_sync(|| Ok(value.get()), |old| old * 10.0, compare_and_set).unwrap(), 40.0);
        faster.set(2);
        let read = || async { Ok(value.get()) };
        let set = |old, new| async move { compare_and_set(old, new) };
        assert_eq!(block_on(update(read, |old| old * 10.0, set)).unwrap(), 420.0);
    }

    #[test]
    fn what_is_not_equal_to_itself_is_refused_and_not_tried_for_ever() {
        let error = update_sync(|| Ok(f64::NAN), |_| 1.0, |_, _| Ok(false)).unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (105, false));
    }
}
