//! A replicated list.

use crate::{Collection, PAGE_LIMIT, Value};
use copycat::{Page, PageIter, PageStream, state_machine};
use serde::Serialize;

/// Elements at positions from 0 on: a replicated `Vec`. The whole list is in one partition.
#[state_machine]
pub trait List<T> {
    /// Returns the element at a position, or `None` after the end.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// assert_eq!(list.get(0).await?, Some("write".into()));
    /// assert_eq!(list.get(1).await?, None);
    /// # Ok(()) });
    /// ```
    #[read]
    fn get(&self, index: u64) -> Option<T>;

    /// Returns the number of elements.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// assert_eq!(list.len().await?, 1);
    /// # Ok(()) });
    /// ```
    #[read]
    fn len(&self) -> u64;

    /// Returns whether the list is empty.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// assert!(list.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[read]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the first position of an element, or `None` if it is not in the list. Compares every element before it.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// assert_eq!(list.index_of(&"write".into()).await?, Some(0));
    /// # Ok(()) });
    /// ```
    #[read]
    fn index_of(&self, element: &T) -> Option<u64>;

    /// Returns whether an element is at any position.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// assert!(list.contains(&"write".into()).await?);
    /// # Ok(()) });
    /// ```
    #[read]
    fn contains(&self, element: &T) -> bool {
        self.index_of(element).is_some()
    }

    /// Returns at most `limit` elements at the positions from `from` up to, but not including, `to`. The next page
    /// begins at `from` plus the number of elements returned. Positions after the end, and reversed ones, give no
    /// elements.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// list.push("read".into()).await?;
    /// assert_eq!(list.range(1, 2, 100).await?.items, ["read"]);
    /// assert!(list.range(2, 0, 100).await?.items.is_empty());
    /// # Ok(()) });
    /// ```
    #[read]
    fn range(&self, from: u64, to: u64, limit: u64) -> Page<T>;

    /// Adds an element at the end; returns its position.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// assert_eq!(list.push("write".into()).await?, 0);
    /// assert_eq!(list.push("read".into()).await?, 1);
    /// # Ok(()) });
    /// ```
    #[write]
    fn push(&mut self, element: T) -> u64;

    /// Inserts an element at a position, and moves the elements from there on by one. Returns whether it did: the
    /// position may be the end, but not after it.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("read".into()).await?;
    /// assert!(list.insert(0, "write".into()).await?);
    /// assert!(!list.insert(9, "rest".into()).await?);
    /// assert_eq!(list.range(0, 9, 100).await?.items, ["write", "read"]);
    /// # Ok(()) });
    /// ```
    #[write]
    fn insert(&mut self, index: u64, element: T) -> bool;

    /// Replaces the element at a position, and returns the previous one. Returns `None`, and changes nothing, if
    /// there is no such position.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// assert_eq!(list.set(0, "read".into()).await?, Some("write".into()));
    /// assert_eq!(list.set(1, "rest".into()).await?, None);
    /// # Ok(()) });
    /// ```
    #[write]
    fn set(&mut self, index: u64, element: T) -> Option<T>;

    /// Removes and returns the element at a position, and moves the elements after it by one; `None` after the end.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// assert_eq!(list.remove(0).await?, Some("write".into()));
    /// assert_eq!(list.remove(0).await?, None);
    /// # Ok(()) });
    /// ```
    #[write]
    fn remove(&mut self, index: u64) -> Option<T>;

    /// Removes and returns the last element, or `None` if the list is empty.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// assert_eq!(list.pop().await?, Some("write".into()));
    /// assert_eq!(list.pop().await?, None);
    /// # Ok(()) });
    /// ```
    #[write]
    fn pop(&mut self) -> Option<T>;

    /// Removes the elements from position `len` on, so that `len` are left, or all if there are fewer.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// list.truncate(0).await?;
    /// assert!(list.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn truncate(&mut self, len: u64);

    /// Removes all elements.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// list.clear().await?;
    /// assert!(list.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn clear(&mut self);
}

impl<T: PartialEq + Clone + Serialize> List<T> for Vec<T> {
    fn get(&self, index: u64) -> Option<T> {
        self.as_slice().get(to_index(index)).cloned()
    }

    fn len(&self) -> u64 {
        self.len() as u64
    }

    fn index_of(&self, element: &T) -> Option<u64> {
        self.iter().position(|there| there == element).map(|index| index as u64)
    }

    fn range(&self, from: u64, to: u64, limit: u64) -> Page<T> {
        let to = to_index(to).min(self.len());
        let from = to_index(from).min(to);
        Page::take(self[from..to].iter().cloned(), limit)
    }

    fn push(&mut self, element: T) -> u64 {
        self.push(element);
        self.len() as u64 - 1
    }

    fn insert(&mut self, index: u64, element: T) -> bool {
        let fits = to_index(index) <= self.len();
        if fits {
            self.insert(to_index(index), element);
        }
        fits
    }

    fn set(&mut self, index: u64, element: T) -> Option<T> {
        self.get_mut(to_index(index)).map(|there| std::mem::replace(there, element))
    }

    fn remove(&mut self, index: u64) -> Option<T> {
        (to_index(index) < self.len()).then(|| self.remove(to_index(index)))
    }

    fn pop(&mut self) -> Option<T> {
        self.pop()
    }

    fn truncate(&mut self, len: u64) {
        self.truncate(to_index(len));
    }

    fn clear(&mut self) {
        self.clear();
    }
}

/// Converts a position. One that is too large for this machine is after every end.
fn to_index(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl<T: Value> Collection for AsyncList<T> {
    type State = Vec<T>;
}

/// Returns a page and the position after it.
fn behind<T>(from: u64, page: Page<T>) -> (Page<T>, Option<u64>) {
    let position = from + page.items.len() as u64;
    (page, Some(position))
}

/// Methods that use several commands.
impl<T: Value> AsyncList<T> {
    /// Streams every element from position 0 on, read page by page: see [`PageStream`]. Elements that move to other
    /// positions meanwhile may come twice, or not at all.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// list.push("write".into()).await?;
    /// let mut elements = list.iter();
    /// while let Some(element) = elements.next().await.transpose()? {
    ///     println!("to do: {element}");
    /// }
    /// # Ok(()) });
    /// ```
    pub fn iter(&self) -> PageStream<T> {
        PageStream::new(self, |list, from| async move {
            let from = from.unwrap_or(0);
            list.range(from, u64::MAX, PAGE_LIMIT).await.map(|page| behind(from, page))
        })
    }
}

/// Methods that use several commands.
impl<T: Value> SyncList<T> {
    /// Iterates over every element: [`AsyncList::iter`] for threads that block.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::list(async |list| {
    /// use copycat::AsyncProxy;
    ///
    /// let list = list.to_sync();
    /// list.push("write".into())?;
    /// for element in list.iter() {
    ///     println!("to do: {}", element?);
    /// }
    /// # Ok(()) });
    /// ```
    pub fn iter(&self) -> PageIter<T> {
        PageIter::new(self, |list, from| {
            let from = from.unwrap_or(0);
            list.range(from, u64::MAX, PAGE_LIMIT).map(|page| behind(from, page))
        })
    }
}
