//! A replicated value of any type.

use crate::{Collection, Value};
use copycat::{Consistency, Error, Proxy, state_machine, update, update_sync};

/// A value, or no value, which is the initial state: a replicated `AtomicReference`.
#[state_machine]
pub trait Reference<T> {
    /// Returns the value, if there is one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::reference(async |reference| {
    /// assert_eq!(reference.get().await?, None);
    /// # Ok(()) });
    /// ```
    #[read]
    fn get(&self) -> Option<T>;

    /// Returns whether there is a value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::reference(async |reference| {
    /// reference.set("Onward".into()).await?;
    /// assert!(reference.is_set().await?);
    /// # Ok(()) });
    /// ```
    #[read]
    fn is_set(&self) -> bool {
        self.get().is_some()
    }

    /// Sets the value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::reference(async |reference| {
    /// reference.set("Onward".into()).await?;
    /// assert_eq!(reference.get().await?, Some("Onward".into()));
    /// # Ok(()) });
    /// ```
    #[write]
    fn set(&mut self, value: T) {
        self.get_and_set(value);
    }

    /// Sets the value; returns the previous one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::reference(async |reference| {
    /// assert_eq!(reference.get_and_set("Onward".into()).await?, None);
    /// # Ok(()) });
    /// ```
    #[write]
    fn get_and_set(&mut self, value: T) -> Option<T>;

    /// Sets the value to `new` if it is `expected`; returns whether it was. For both, `None` means that there is no
    /// value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::reference(async |reference| {
    /// assert!(reference.compare_and_set(None, Some("Onward".into())).await?);
    /// assert!(!reference.compare_and_set(None, Some("Home".into())).await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn compare_and_set(&mut self, expected: Option<T>, new: Option<T>) -> bool;

    /// Removes the value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::reference(async |reference| {
    /// reference.set("Onward".into()).await?;
    /// reference.clear().await?;
    /// assert!(!reference.is_set().await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn clear(&mut self);
}

impl<T: PartialEq + Clone> Reference<T> for Option<T> {
    fn get(&self) -> Option<T> {
        self.clone()
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn get_and_set(&mut self, value: T) -> Option<T> {
        self.replace(value)
    }

    fn compare_and_set(&mut self, expected: Option<T>, new: Option<T>) -> bool {
        let equal = *self == expected;
        if equal {
            *self = new;
        }
        equal
    }

    fn clear(&mut self) {
        *self = None;
    }
}

impl<T: Value> Collection for AsyncReference<T> {
    type State = Option<T>;
}

/// Methods that use several commands.
impl<T: Value> AsyncReference<T> {
    /// Replaces the value by the result of `change`, and returns it. `None` means that there is no value. If
    /// another client changed the value meanwhile, `change` is called again. So it may be called often, and must
    /// have no side effects.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get) and of [`compare_and_set`](Self::compare_and_set), after which nothing is
    /// retried. Also an error if the value is not equal to itself.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::reference(async |reference| {
    /// let louder = |motto: Option<String>| motto.map(|motto| motto + "!");
    /// assert_eq!(reference.update(louder).await?, None);
    /// reference.set("Onward".into()).await?;
    /// assert_eq!(reference.update(louder).await?, Some("Onward!".into()));
    /// # Ok(()) });
    /// ```
    pub async fn update(&self, change: impl FnMut(Option<T>) -> Option<T>) -> Result<Option<T>, Error> {
        let reference = self.with_consistency(Consistency::Strict);
        update(|| reference.get(), change, |old, new| reference.compare_and_set(old, new)).await
    }
}

/// Methods that use several commands.
impl<T: Value> SyncReference<T> {
    /// Replaces the value: [`AsyncReference::update`] for threads that block.
    ///
    /// # Errors
    ///
    /// The errors of [`AsyncReference::update`].
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::reference(async |reference| {
    /// use copycat::AsyncProxy;
    ///
    /// let reference = reference.to_sync();
    /// reference.set("Onward".into())?;
    /// assert_eq!(reference.update(|motto| motto.map(|motto| motto + "!"))?, Some("Onward!".into()));
    /// # Ok(()) });
    /// ```
    pub fn update(&self, change: impl FnMut(Option<T>) -> Option<T>) -> Result<Option<T>, Error> {
        let reference = self.with_consistency(Consistency::Strict);
        update_sync(|| reference.get(), change, |old, new| reference.compare_and_set(old, new))
    }
}
