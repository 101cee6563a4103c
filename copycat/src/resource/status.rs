//! Subscriptions to the status of a resource's partitions.

use super::block_on::block_on;
use super::client::ResourceClient;
use crate::error::{Cause, Error};
use crate::request::error::RequestError;
use crate::request::status::PartitionStatus;
use crate::threads::is_node_thread;
use futures_core::Stream;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The subscription while it is being opened.
type Opening = Pin<Box<dyn Future<Output = Option<mpsc::Receiver<PartitionStatus>>> + Send>>;

/// A stream of the status of a resource's partitions: the current status of each first, and then its changes, in
/// order. The member looks for changes every 20 ms, so what changed and changed back in between is not reported.
///
/// It reports what one member sees: the proxy's own member, or the one that a remote handle is connected to. When that
/// connection ends, the handle continues at another member, and leaves out what that member reports of older terms. For
/// a slow subscriber a bounded number of changes waits, in order; of those that do not fit it gets only the newest of
/// each partition. The stream ends, with an error, when the member or the handle is closed, or if the resource is not
/// open on the proxy's own member.
///
/// It is a [`Stream`] for callers that use the combinators; [`next`](StatusStream::next) works without them. Get
/// one by [`AsyncProxy::status_changes`](crate::AsyncProxy::status_changes).
#[must_use = "nobody listens until it is polled"]
pub struct StatusStream {
    state: State,
}

enum State {
    Opening(Opening),
    Open(mpsc::Receiver<PartitionStatus>),
    Over,
}

impl StatusStream {
    pub(crate) fn new(client: &ResourceClient) -> StatusStream {
        let opening = client.status_sender().watch(client.name().to_owned());
        StatusStream { state: State::Opening(Box::pin(opening)) }
    }

    /// Returns the next change, or `None` after the end.
    ///
    /// # Errors
    ///
    /// An error if the member or the remote handle is closed. The stream ends with it.
    pub async fn next(&mut self) -> Option<Result<PartitionStatus, Error>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<PartitionStatus, Error>>> {
        loop {
            let told = match &mut self.state {
                State::Over => return Poll::Ready(None),
                State::Open(changes) => match changes.poll_recv(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(told) => told,
                },
                State::Opening(opening) => match opening.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(changes)) => {
                        self.state = State::Open(changes);
                        continue;
                    }
                    Poll::Ready(None) => None,
                },
            };
            return Poll::Ready(Some(told.ok_or_else(|| {
                self.state = State::Over;
                RequestError::Closed.into()
            })));
        }
    }
}

impl Stream for StatusStream {
    type Item = Result<PartitionStatus, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl fmt::Debug for StatusStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Opening(_) => "opening",
            State::Open(_) => "open",
            State::Over => "over",
        };
        f.debug_struct("StatusStream").field("state", &state).finish()
    }
}

/// An iterator over the status of a resource's partitions: [`StatusStream`] for threads that block. Get one by
/// [`SyncProxy::status_changes`](crate::SyncProxy::status_changes).
#[derive(Debug)]
#[must_use = "nobody listens until it is iterated"]
pub struct StatusIter {
    stream: StatusStream,
}

impl StatusIter {
    pub(crate) fn new(client: &ResourceClient) -> StatusIter {
        StatusIter { stream: StatusStream::new(client) }
    }
}

impl Iterator for StatusIter {
    type Item = Result<PartitionStatus, Error>;

    /// Blocks until there is a change. Returns an error on a thread of a member, because the change would have to
    /// come from there.
    fn next(&mut self) -> Option<Result<PartitionStatus, Error>> {
        if is_node_thread() {
            return Some(Err(Cause::NodeThread.into()));
        }
        block_on(self.stream.next())
    }
}
