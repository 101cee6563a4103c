//! What enters the node from a proxy, and how the answer finds its way back.

use super::failure::Failure;
use crate::codec::command::Call;
use crate::codec::ids::GroupId;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

/// The result of a method, encoded, or why there is none.
pub(crate) type Answer = Result<Bytes, Failure>;

/// One command on its way from a proxy to a group.
#[derive(Debug)]
pub(crate) struct Request {
    /// The partition it is for.
    pub group: GroupId,
    /// What is asked.
    pub call: Call,
    /// Where the answer goes. Always answered, unless the node itself is gone.
    pub reply: oneshot::Sender<Answer>,
}

/// The way into a shard, or into the connection of a remote handle. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct RequestSender {
    inbox: mpsc::Sender<Request>,
}

impl RequestSender {
    /// The two ends of a queue that holds at most `depth` requests.
    pub(crate) fn new(depth: usize) -> (RequestSender, mpsc::Receiver<Request>) {
        let (inbox, requests) = mpsc::channel(depth);
        (RequestSender { inbox }, requests)
    }

    /// Hands a request in and waits for its answer. While the queue is full the caller waits in line:
    /// that is the back-pressure.
    ///
    /// Needs no runtime: the future may be polled on any thread and executor.
    pub(crate) async fn call(&self, group: GroupId, call: Call) -> Answer {
        let answer = self.hand_in(group, call).await?;
        // A request that never got into the queue certainly did nothing; one whose answer was dropped may have.
        answer.await.unwrap_or(Err(Failure::Stopped))
    }

    /// The first half of a call: over when the request is in the queue. `Closed`: it never will be.
    pub(crate) async fn hand_in(
        &self,
        group: GroupId,
        call: Call,
    ) -> Result<oneshot::Receiver<Answer>, Failure> {
        let (reply, answer) = oneshot::channel();
        let request = Request { group, call, reply };
        self.inbox.send(request).await.map_err(|_| Failure::Closed)?;
        Ok(answer)
    }
}
