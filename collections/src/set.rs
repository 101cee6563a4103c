//! A set whose elements are ordered.

use crate::{Collection, Key, PAGE_LIMIT, with_last};
use copycat::{Page, PageIter, PageStream, state_machine};
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::Bound;

/// A set of elements, in ascending order: a replicated `BTreeSet`.
#[state_machine]
pub trait Set<T: Ord> {
    /// Returns whether the set contains an element.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert(7).await?;
    /// assert!(set.contains(&7).await?);
    /// # Ok(()) });
    /// ```
    #[read]
    fn contains(&self, #[key] element: &T) -> bool;

    /// Returns the number of elements.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert(7).await?;
    /// assert_eq!(set.len().await?, 1);
    /// # Ok(()) });
    /// ```
    #[read(merge = sum)]
    fn len(&self) -> u64;

    /// Returns whether the set is empty.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// assert!(set.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[read(merge = and)]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the smallest element, or `None` if the set is empty.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert_all(vec![8, 7]).await?;
    /// assert_eq!(set.first().await?, Some(7));
    /// # Ok(()) });
    /// ```
    #[read(merge = min)]
    fn first(&self) -> Option<T>;

    /// Returns the largest element, or `None` if the set is empty.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert_all(vec![8, 7]).await?;
    /// assert_eq!(set.last().await?, Some(8));
    /// # Ok(()) });
    /// ```
    #[read(merge = max)]
    fn last(&self) -> Option<T>;

    /// Returns at most `limit` elements after `after`, which need not be in the set; without it, from the first
    /// element on.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert_all(vec![8, 7, 9]).await?;
    /// let page = set.elements(Some(7), 1).await?;
    /// assert_eq!((page.items, page.more), (vec![8], true));
    /// # Ok(()) });
    /// ```
    #[read(merge = Page::merge)]
    fn elements(&self, after: Option<T>, limit: u64) -> Page<T>;

    /// Adds an element; returns whether it is new.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// assert!(set.insert(7).await?);
    /// assert!(!set.insert(7).await?);
    /// # Ok(()) });
    /// ```
    // The element is there now, whatever earlier commands did about it.
    #[write(supersedes(insert, remove))]
    fn insert(&mut self, #[key] element: T) -> bool;

    /// Adds several elements; returns how many are new. Each partition that some of them belong to gets one
    /// command. It is atomic in each partition, but not across partitions: if one of several fails, the outcome of
    /// the error is [`Unknown`](copycat::Outcome::Unknown).
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert(7).await?;
    /// assert_eq!(set.insert_all(vec![7, 8, 9]).await?, 2);
    /// # Ok(()) });
    /// ```
    #[write(merge = sum)]
    fn insert_all(&mut self, #[key(each)] elements: Vec<T>) -> u64;

    /// Removes an element; returns whether it was there.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert(7).await?;
    /// assert!(set.remove(&7).await?);
    /// # Ok(()) });
    /// ```
    // As for `insert`, no effect of earlier commands on the element remains.
    #[delete(supersedes(insert, remove))]
    fn remove(&mut self, #[key] element: &T) -> bool;

    /// Removes all elements but these; returns how many were removed. Every partition gets one command. It is
    /// atomic in each partition, but not across partitions.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert_all(vec![7, 8, 9]).await?;
    /// assert_eq!(set.retain_all(vec![8, 10]).await?, 2);
    /// assert_eq!(set.elements(None, 100).await?.items, [8]);
    /// # Ok(()) });
    /// ```
    #[write(all, merge = sum)]
    fn retain_all(&mut self, #[key(each)] elements: Vec<T>) -> u64;

    /// Removes all elements, partition by partition.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert(7).await?;
    /// set.clear().await?;
    /// assert!(set.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[delete(all)]
    fn clear(&mut self);
}

impl<T: Ord + Clone + Serialize> Set<T> for BTreeSet<T> {
    fn contains(&self, element: &T) -> bool {
        self.contains(element)
    }

    fn len(&self) -> u64 {
        self.len() as u64
    }

    fn first(&self) -> Option<T> {
        self.first().cloned()
    }

    fn last(&self) -> Option<T> {
        self.last().cloned()
    }

    fn elements(&self, after: Option<T>, limit: u64) -> Page<T> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Page::take(self.range((from, Bound::Unbounded)).cloned(), limit)
    }

    fn insert(&mut self, element: T) -> bool {
        self.insert(element)
    }

    fn insert_all(&mut self, elements: Vec<T>) -> u64 {
        let before = self.len();
        self.extend(elements);
        (self.len() - before) as u64
    }

    fn remove(&mut self, element: &T) -> bool {
        self.remove(element)
    }

    fn retain_all(&mut self, elements: Vec<T>) -> u64 {
        let (before, kept) = (self.len(), BTreeSet::from_iter(elements));
        self.retain(|element| kept.contains(element));
        (before - self.len()) as u64
    }

    fn clear(&mut self) {
        self.clear();
    }
}

impl<T: Key> Collection for AsyncSet<T> {
    type State = BTreeSet<T>;
}

/// Methods that use several commands.
impl<T: Key> AsyncSet<T> {
    /// Streams every element, in order, read page by page: see [`PageStream`].
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// set.insert_all(vec![8, 7]).await?;
    /// let mut elements = set.iter();
    /// while let Some(element) = elements.next().await.transpose()? {
    ///     println!("{element} is there");
    /// }
    /// # Ok(()) });
    /// ```
    pub fn iter(&self) -> PageStream<T> {
        PageStream::new(
            self,
            |set, after| async move { set.elements(after, PAGE_LIMIT).await.map(with_last) },
        )
    }
}

/// Methods that use several commands.
impl<T: Key> SyncSet<T> {
    /// Iterates over every element: [`AsyncSet::iter`] for threads that block.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::set(async |set| {
    /// use copycat::AsyncProxy;
    ///
    /// let set = set.to_sync();
    /// set.insert_all(vec![8, 7])?;
    /// assert_eq!(set.iter().collect::<Result<Vec<_>, _>>()?, [7, 8]);
    /// # Ok(()) });
    /// ```
    pub fn iter(&self) -> PageIter<T> {
        PageIter::new(self, |set, after| set.elements(after, PAGE_LIMIT).map(with_last))
    }
}
