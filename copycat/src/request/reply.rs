//! The return path of an answer to its caller.

use super::failure::Failure;
use super::sender::Answer;
use super::wire::results::Answered;
use std::fmt;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Accepts the answers to requests that came over a connection, many at once.
pub(crate) trait Answers: Send + Sync {
    /// Sends the answers, each with the number of its request. Never blocks. Answers to a peer that is gone are
    /// dropped, and the peer treats their outcome as unknown.
    fn send(&self, answers: Vec<Answered>);
}

/// The connection of requests from another process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Origin(pub Arc<dyn Answers>);

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Origin")
    }
}

/// The destination of an answer.
#[derive(Debug)]
pub(crate) enum ReplyTo {
    /// A proxy in this process that waits for it.
    Proxy(oneshot::Sender<Answer>),
    /// The connection of the request, with the request's number there.
    Origin(Origin, u64),
}

/// Collects answers, so that each origin gets all answers of a turn together. Proxies in this process get
/// theirs at once.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    gathered: Vec<(Origin, Vec<Answered>)>,
}

impl Replies {
    /// Answers one request.
    pub(crate) fn answer(&mut self, to: ReplyTo, answer: Answer) {
        match to {
            // A proxy that no longer waits has dropped its future; its request stands.
            ReplyTo::Proxy(reply) => drop(reply.send(answer)),
            ReplyTo::Origin(origin, number) => self.gather(origin, number, answer),
        }
    }

    /// Answers one request with a failure.
    pub(crate) fn fail(&mut self, to: ReplyTo, failure: Failure) {
        self.answer(to, Err(failure));
    }

    fn gather(&mut self, origin: Origin, number: u64, answer: Answer) {
        let answered = Answered { id: number, result: answer.map_err(Failure::code) };
        // A turn serves few connections, and mostly one after the other: the newest is at the end.
        let known = self.gathered.iter_mut().rev().find(|(known, _)| Arc::ptr_eq(&known.0, &origin.0));
        match known {
            Some((_, answers)) => answers.push(answered),
            None => self.gathered.push((origin, vec![answered])),
        }
    }

    /// Sends what was collected, one message per origin.
    pub(crate) fn flush(&mut self) {
        for (origin, answers) in self.gathered.drain(..) {
            origin.0.send(answers);
        }
    }
}
