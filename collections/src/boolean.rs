//! A switch.

use crate::Collection;
use copycat::{Consistency, Error, Proxy, state_machine, update, update_sync};

/// A value that is true or false, false at first: a replicated `AtomicBool`.
#[state_machine]
pub trait Boolean {
    /// The value.
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

    /// Sets the value; returns what it was before.
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

    /// Turns the value into the other one; returns what it is then.
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

/// Built from several commands.
impl AsyncBoolean {
    /// Replaces the value by what `change` makes of it, and returns that. If somebody else was faster, `change` is
    /// asked again: it may be called often, and must not do anything else.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get) and of [`compare_and_set`](Self::compare_and_set), after which nothing is repeated.
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

/// Built from several commands.
impl SyncBoolean {
    /// Replaces the value: [`AsyncBoolean::update`] for threads that block.
    ///
    /// # Errors
    ///
    /// As there.
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
