//! Reads a collection page by page: as a stream, and as an iterator that blocks.

use super::page::Page;
use crate::error::{Cause, Error};
use futures_core::Stream;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

/// A page that is being fetched.
type Fetching<T> = Pin<Box<dyn Future<Output = Result<Fetched<T>, Error>> + Send>>;

/// A page, and the function that begins to fetch the next one.
struct Fetched<T> {
    page: Page<T>,
    next: Box<dyn FnOnce() -> Fetching<T> + Send>,
}

/// A stream of all items of a collection. It fetches pages while items are taken.
///
/// Each page is a read of its own, so the items are not those of one moment: a write is seen if it lies after the page
/// that was fetched last. As long as items keep their order, no item comes twice, and no item is left out that was
/// there all the time. An error ends the stream. The items after the last one that came can then be read page by page.
///
/// It is a [`Stream`] for callers that use the combinators; [`next`](PageStream::next) works without them. A proxy
/// of your own makes one like this:
///
/// ```
/// # use copycat::{Error, Page, PageStream, state_machine};
/// # #[state_machine]
/// # pub trait Scores {
/// #     #[read(merge = Page::merge_by_key)]
/// #     fn scores(&self, after: Option<String>, limit: u64) -> Page<(String, u64)>;
/// # }
/// impl AsyncScores {
///     /// All names and their scores.
///     pub fn iter(&self) -> PageStream<(String, u64)> {
///         PageStream::new(self, |scores, after| async move {
///             let page = scores.scores(after, 1_000).await?;
///             let last = page.items.last().map(|(name, _)| name.clone());
///             Ok((page, last))
///         })
///     }
/// }
///
/// async fn print(scores: &AsyncScores) -> Result<(), Error> {
///     let mut all = scores.iter();
///     while let Some((name, score)) = all.next().await.transpose()? {
///         println!("{name}: {score}");
///     }
///     Ok(())
/// }
/// ```
pub struct PageStream<T> {
    items: vec::IntoIter<T>,
    /// The page after `items`; `None` if there is none.
    ahead: Option<Fetching<T>>,
}

impl<T: 'static> PageStream<T> {
    /// Reads pages of `source`, a proxy, with `fetch`. It is given a clone of the proxy and the position to
    /// continue after, which is `None` at first. It returns a page and the position to continue after next, and
    /// must ask for at least one item.
    pub fn new<S, P, F>(
        source: &S,
        fetch: impl Fn(S, Option<P>) -> F + Send + Sync + 'static,
    ) -> PageStream<T>
    where
        S: Clone + Send + Sync + 'static,
        P: Send + 'static,
        F: Future<Output = Result<(Page<T>, Option<P>), Error>> + Send + 'static,
    {
        let source = source.clone();
        let fetch = Arc::new(move |after| fetch(source.clone(), after));
        PageStream { items: Vec::new().into_iter(), ahead: Some(fetching(fetch, None)) }
    }

    /// Returns the next item, or `None` after the last.
    ///
    /// # Errors
    ///
    /// The errors of the read that fetches a page, or an error if a page is empty although more items follow. The
    /// stream ends with it.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(item) = self.items.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(ahead) = &mut self.ahead else { return Poll::Ready(None) };
            let Poll::Ready(page) = ahead.as_mut().poll(context) else { return Poll::Pending };
            self.ahead = None;
            match page {
                Ok(Fetched { page, next }) => {
                    self.ahead = page.more.then(next);
                    self.items = page.items.into_iter();
                }
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

/// Items are moved out and never pinned.
impl<T> Unpin for PageStream<T> {}

impl<T: 'static> Stream for PageStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl<T> fmt::Debug for PageStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream").field("fetched", &self.items.len()).finish_non_exhaustive()
    }
}

fn fetching<T: 'static, P: Send + 'static, F>(
    fetch: Arc<impl Fn(Option<P>) -> F + Send + Sync + 'static>,
    after: Option<P>,
) -> Fetching<T>
where
    F: Future<Output = Result<(Page<T>, Option<P>), Error>> + Send + 'static,
{
    let page = fetch(after);
    Box::pin(async move {
        let (page, after) = page.await?;
        Ok(Fetched { page: checked(page)?, next: Box::new(move || fetching(fetch, after)) })
    })
}

/// An iterator over all items of a collection: [`PageStream`] for threads that block.
pub struct PageIter<T> {
    items: vec::IntoIter<T>,
    /// Whether there is a page after `items`.
    more: bool,
    fetch: Box<dyn FnMut() -> Result<Page<T>, Error> + Send>,
}

impl<T: 'static> PageIter<T> {
    /// Reads pages of `source` with `fetch`, as [`PageStream::new`] does.
    pub fn new<S: Clone + Send + 'static, P: Send + 'static>(
        source: &S,
        mut fetch: impl FnMut(&S, Option<P>) -> Result<(Page<T>, Option<P>), Error> + Send + 'static,
    ) -> PageIter<T> {
        let (source, mut after) = (source.clone(), None);
        let fetch = Box::new(move || {
            let page;
            (page, after) = fetch(&source, after.take())?;
            Ok(page)
        });
        PageIter { items: Vec::new().into_iter(), more: true, fetch }
    }
}

impl<T> Iterator for PageIter<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Result<T, Error>> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(Ok(item));
            }
            if !std::mem::take(&mut self.more) {
                return None;
            }
            match (self.fetch)().and_then(checked) {
                Ok(page) => (self.more, self.items) = (page.more, page.items.into_iter()),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<T> fmt::Debug for PageIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageIter").field("fetched", &self.items.len()).finish_non_exhaustive()
    }
}

/// Refuses a page that is empty although more items follow: it would be requested again and again.
fn checked<T>(page: Page<T>) -> Result<Page<T>, Error> {
    if page.more && page.items.is_empty() { Err(Cause::EmptyPage.into()) } else { Ok(page) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::error::RequestError;
    use crate::resource::block_on::block_on;

    /// Returns the numbers after `after` up to 10, at most three a page. The page after 6 fails if `fails` is set.
    fn numbers(after: Option<u8>, fails: bool) -> Result<(Page<u8>, Option<u8>), Error> {
        let after = after.unwrap_or(0);
        if after == 6 && fails {
            return Err(RequestError::Busy.into());
        }
        let page = Page::take(after + 1..=10, 3);
        let last = page.items.last().copied();
        Ok((page, last))
    }

    /// Collects the items with an iterator and with a stream, errors as their codes, and compares the two.
    fn both(
        fetch: impl Fn(Option<u8>) -> Result<(Page<u8>, Option<u8>), Error> + Copy + Send + Sync + 'static,
    ) -> Vec<Result<u8, u16>> {
        let code = |error: Error| error.code();
        let iterated: Vec<_> =
            PageIter::new(&(), move |(), after| fetch(after)).map(|item| item.map_err(code)).collect();
        let mut stream = PageStream::new(&(), move |(), after| async move { fetch(after) });
        let mut streamed = Vec::new();
        // Polls through the `Stream` trait only.
        let mut next = || block_on(poll_fn(|context| Pin::new(&mut stream).poll_next(context)));
        while let Some(item) = next() {
            streamed.push(item.map_err(code));
        }
        assert!(next().is_none() && block_on(stream.next()).is_none(), "it stays at its end");
        assert_eq!(iterated, streamed);
        streamed
    }

    #[test]
    fn every_item_comes_once_and_in_order() {
        assert_eq!(both(|after| numbers(after, false)), (1..=10).map(Ok).collect::<Vec<_>>());
        assert_eq!(both(|_| Ok((Page::take([], 3), None))), []);
    }

    #[test]
    fn an_error_is_the_end() {
        let expected: Vec<_> = (1..=6).map(Ok).chain([Err(RequestError::Busy.code())]).collect();
        assert_eq!(both(|after| numbers(after, true)), expected);
    }

    #[test]
    fn a_page_that_cannot_go_on_is_an_error() {
        assert_eq!(both(|_| Ok((Page::take([1, 2], 0), None))), [Err(104)]);
    }

    #[test]
    fn a_stream_crosses_threads() {
        fn crosses<T: Send>(_: &T) {}
        crosses(&PageStream::new(&(), |(), after| async move { numbers(after, false) }));
        crosses(&PageIter::new(&(), |(), after| numbers(after, false)));
    }
}
