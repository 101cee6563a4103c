//! The return path of an answer to its caller.

use super::error::RequestError;
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

    /// Returns a number that tells the connection from all others that exist. Answers of one connection leave together.
    fn connection_key(&self) -> usize;
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

/// Collects answers, so that each connection gets all answers of a turn together. Proxies in this process get
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

    /// Answers one request with an error.
    pub(crate) fn fail(&mut self, to: ReplyTo, error: RequestError) {
        self.answer(to, Err(error));
    }

    fn gather(&mut self, origin: Origin, number: u64, answer: Answer) {
        let answered = Answered { id: number, result: answer.map_err(Into::into) };
        // A turn serves few connections, and mostly one after the other: the newest is at the end.
        // Each message that came by it has an origin of its own.
        let connection = origin.0.connection_key();
        let known = self.gathered.iter_mut().rev().find(|(known, _)| known.0.connection_key() == connection);
        match known {
            Some((_, answers)) => answers.push(answered),
            None => self.gathered.push((origin, vec![answered])),
        }
    }

    /// Sends what was collected, one message per connection.
    pub(crate) fn flush(&mut self) {
        for (origin, answers) in self.gathered.drain(..) {
            origin.0.send(answers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::sync::Mutex;

    /// A connection, and how many answers each message over it carried.
    struct Connection(usize, Arc<Mutex<Vec<usize>>>);

    impl Answers for Connection {
        fn send(&self, answers: Vec<Answered>) {
            self.1.lock().unwrap().push(answers.len());
        }

        fn connection_key(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn answers_to_several_messages_of_one_connection_leave_together() {
        let [one, other]: [Arc<Mutex<Vec<usize>>>; 2] = Default::default();
        let mut replies = Replies::default();
        for number in 0..3 {
            let origin = |connection, sent: &Arc<_>| {
                ReplyTo::Origin(Origin(Arc::new(Connection(connection, Arc::clone(sent)))), number)
            };
            replies.answer(origin(1, &one), Ok(Bytes::new()));
            replies.answer(origin(2, &other), Ok(Bytes::new()));
        }
        replies.flush();
        assert_eq!((one.lock().unwrap().as_slice(), other.lock().unwrap().as_slice()), (&[3][..], &[3][..]));
    }
}
