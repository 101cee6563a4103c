//! A replicated number.

use crate::Collection;
use copycat::{Consistency, Error, Proxy, state_machine, update, update_sync};

/// A number, initially 0: a replicated `AtomicI64`, which wraps around on overflow like that one.
#[state_machine]
pub trait Long {
    /// Returns the number.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.get().await?, 0);
    /// # Ok(()) });
    /// ```
    #[read]
    fn get(&self) -> i64;

    /// Sets the number.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// long.set(7).await?;
    /// assert_eq!(long.get().await?, 7);
    /// # Ok(()) });
    /// ```
    #[write]
    fn set(&mut self, value: i64) {
        self.get_and_set(value);
    }

    /// Sets the number; returns the previous one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.get_and_set(7).await?, 0);
    /// # Ok(()) });
    /// ```
    #[write]
    fn get_and_set(&mut self, value: i64) -> i64;

    /// Adds to the number; returns the previous one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.get_and_add(7).await?, 0);
    /// # Ok(()) });
    /// ```
    #[write]
    fn get_and_add(&mut self, by: i64) -> i64 {
        self.get_and_set(self.get().wrapping_add(by))
    }

    /// Adds to the number; returns the new one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.add_and_get(-7).await?, -7);
    /// # Ok(()) });
    /// ```
    #[write]
    fn add_and_get(&mut self, by: i64) -> i64 {
        self.get_and_add(by);
        self.get()
    }

    /// Adds 1 to the number; returns the new one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.increment_and_get().await?, 1);
    /// # Ok(()) });
    /// ```
    #[write]
    fn increment_and_get(&mut self) -> i64 {
        self.add_and_get(1)
    }

    /// Subtracts 1 from the number; returns the new one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.decrement_and_get().await?, -1);
    /// # Ok(()) });
    /// ```
    #[write]
    fn decrement_and_get(&mut self) -> i64 {
        self.add_and_get(-1)
    }

    /// Adds 1 to the number; returns the previous one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.get_and_increment().await?, 0);
    /// # Ok(()) });
    /// ```
    #[write]
    fn get_and_increment(&mut self) -> i64 {
        self.get_and_add(1)
    }

    /// Subtracts 1 from the number; returns the previous one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.get_and_decrement().await?, 0);
    /// # Ok(()) });
    /// ```
    #[write]
    fn get_and_decrement(&mut self) -> i64 {
        self.get_and_add(-1)
    }

    /// Adds to the number and returns the new one. If it would wrap around, returns `None` and changes nothing.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.checked_add(i64::MAX).await?, Some(i64::MAX));
    /// assert_eq!(long.checked_add(1).await?, None);
    /// assert_eq!(long.get().await?, i64::MAX);
    /// # Ok(()) });
    /// ```
    #[write]
    fn checked_add(&mut self, by: i64) -> Option<i64> {
        let sum = self.get().checked_add(by)?;
        self.set(sum);
        Some(sum)
    }

    /// Sets the number to `new` if it is `expected`; returns whether it was.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert!(long.compare_and_set(0, 7).await?);
    /// assert!(!long.compare_and_set(0, 8).await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn compare_and_set(&mut self, expected: i64, new: i64) -> bool {
        let equal = self.get() == expected;
        if equal {
            self.set(new);
        }
        equal
    }

    /// Raises the number to `value` if it is smaller; returns the resulting number.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.max_with(7).await?, 7);
    /// assert_eq!(long.max_with(5).await?, 7);
    /// # Ok(()) });
    /// ```
    #[write]
    fn max_with(&mut self, value: i64) -> i64 {
        self.set(self.get().max(value));
        self.get()
    }

    /// Lowers the number to `value` if it is larger; returns the resulting number.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// assert_eq!(long.min_with(-7).await?, -7);
    /// assert_eq!(long.min_with(-5).await?, -7);
    /// # Ok(()) });
    /// ```
    #[write]
    fn min_with(&mut self, value: i64) -> i64 {
        self.set(self.get().min(value));
        self.get()
    }
}

impl Long for i64 {
    fn get(&self) -> i64 {
        *self
    }

    fn get_and_set(&mut self, value: i64) -> i64 {
        std::mem::replace(self, value)
    }
}

impl Collection for AsyncLong {
    type State = i64;
}

/// Methods that use several commands.
impl AsyncLong {
    /// Replaces the number by the result of `change`, and returns the new number. If another client changed it
    /// meanwhile, `change` is called again. So it may be called often, and must have no side effects.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get) and of [`compare_and_set`](Self::compare_and_set), after which nothing is
    /// retried.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// long.set(7).await?;
    /// assert_eq!(long.update(|old| old * 2).await?, 14);
    /// # Ok(()) });
    /// ```
    pub async fn update(&self, change: impl FnMut(i64) -> i64) -> Result<i64, Error> {
        let long = self.with_consistency(Consistency::Strict);
        update(|| long.get(), change, |old, new| long.compare_and_set(old, new)).await
    }
}

/// Methods that use several commands.
impl SyncLong {
    /// Replaces the number: [`AsyncLong::update`] for threads that block.
    ///
    /// # Errors
    ///
    /// The errors of [`AsyncLong::update`].
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::long(async |long| {
    /// use copycat::AsyncProxy;
    ///
    /// let long = long.to_sync();
    /// assert_eq!(long.update(|old| old + 7)?, 7);
    /// # Ok(()) });
    /// ```
    pub fn update(&self, change: impl FnMut(i64) -> i64) -> Result<i64, Error> {
        let long = self.with_consistency(Consistency::Strict);
        update_sync(|| long.get(), change, |old, new| long.compare_and_set(old, new))
    }
}
