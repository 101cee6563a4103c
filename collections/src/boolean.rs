//! A replicated boolean.

use crate::Collection;
use copycat::{Consistency, Error, Proxy, state_machine, update, update_sync};

/// A value that is true or false, initially false: a replicated `AtomicBool`.
#[state_machine]
pub trait Boolean {
    /// Returns the value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::boolean(async |boolean| {
    /// assert!(!boolean.get().await?);
    /// # Ok(()) });
    /// ```
    #[read]
    fn get(&self) -> bool;

    /// Sets the value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::boolean(async |boolean| {
    /// boolean.set(true).await?;
    /// assert!(boolean.get().await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn set(&mut self, value: bool) {
        self.get_and_set(value);
    }

    /// Sets the value; returns the previous one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::boolean(async |boolean| {
    /// assert!(!boolean.get_and_set(true).await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn get_and_set(&mut self, value: bool) -> bool;

    /// Sets the value to `new` if it is `expected`; returns whether it was.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::boolean(async |boolean| {
    /// assert!(boolean.compare_and_set(false, true).await?);
    /// assert!(!boolean.compare_and_set(false, true).await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn compare_and_set(&mut self, expected: bool, new: bool) -> bool {
        let equal = self.get() == expected;
        if equal {
            self.set(new);
        }
        equal
    }

    /// Negates the value; returns the new one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::boolean(async |boolean| {
    /// assert!(boolean.toggle().await?);
    /// assert!(!boolean.toggle().await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn toggle(&mut self) -> bool {
        self.set(!self.get());
        self.get()
    }
}

impl Boolean for bool {
    fn get(&self) -> bool {
        *self
    }

    fn get_and_set(&mut self, value: bool) -> bool {
        std::mem::replace(self, value)
    }
}

impl Collection for AsyncBoolean {
    type State = bool;
}

/// Methods that use several commands.
impl AsyncBoolean {
    /// Replaces the value by the result of `change`, and returns the new value. If another client changed it
    /// meanwhile, `change` is called again. So it may be called often, and must have no side effects.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get) and of [`compare_and_set`](Self::compare_and_set), after which nothing is
    /// retried.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::boolean(async |boolean| {
    /// assert!(boolean.update(|open| !open).await?);
    /// # Ok(()) });
    /// ```
    pub async fn update(&self, change: impl FnMut(bool) -> bool) -> Result<bool, Error> {
        let boolean = self.with_consistency(Consistency::Strict);
        update(|| boolean.get(), change, |old, new| boolean.compare_and_set(old, new)).await
    }
}

/// Methods that use several commands.
impl SyncBoolean {
    /// Replaces the value: [`AsyncBoolean::update`] for threads that block.
    ///
    /// # Errors
    ///
    /// The errors of [`AsyncBoolean::update`].
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::boolean(async |boolean| {
    /// use copycat::AsyncProxy;
    ///
    /// let boolean = boolean.to_sync();
    /// assert!(boolean.update(|open| !open)?);
    /// # Ok(()) });
    /// ```
    pub fn update(&self, change: impl FnMut(bool) -> bool) -> Result<bool, Error> {
        let boolean = self.with_consistency(Consistency::Strict);
        update_sync(|| boolean.get(), change, |old, new| boolean.compare_and_set(old, new))
    }
}
