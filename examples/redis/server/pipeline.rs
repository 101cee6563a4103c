//! The answers of one connection, queued in the order of its commands.

use super::execute::{Answer, failure};
use super::limits::{ANSWER_LEN_FIRST, BYTES_IN_HAND_MAX, COMMANDS_IN_HAND_MAX, OUTPUT_LEN_MAX};
use crate::protocol::answer::{self, Frame, Version};
use bytes::BytesMut;
use copycat::Error;
use std::collections::VecDeque;
use std::task::{Context, Poll};

/// An answer that is ready, or will be.
enum Slot {
    Ready(Frame),
    Waiting(Answer),
}

/// The commands in flight, oldest first.
pub(super) struct Pipeline {
    slots: VecDeque<(Slot, Version, usize)>,
    /// Bytes of their requests, or of their answers if those were ready at once.
    requested: usize,
    /// Expected bytes of an answer, based on recent ones.
    expected: usize,
}

impl Default for Pipeline {
    fn default() -> Pipeline {
        Pipeline { slots: VecDeque::new(), requested: 0, expected: ANSWER_LEN_FIRST }
    }
}

impl Pipeline {
    /// Returns whether one more command may be begun.
    pub(super) fn has_room(&self) -> bool {
        let count = self.slots.len();
        count == 0
            || count < COMMANDS_IN_HAND_MAX
                && self.requested < BYTES_IN_HAND_MAX
                && (count + 1) * self.expected <= BYTES_IN_HAND_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Returns the number of bytes held here.
    pub(super) fn weight(&self) -> usize {
        self.requested
    }

    /// Queues an answer that is ready.
    pub(super) fn push_ready(&mut self, frame: Frame, version: Version) {
        // It may repeat what the client sent, and wait after other answers.
        let weight = answer::weight(&frame);
        self.requested += weight;
        self.slots.push_back((Slot::Ready(frame), version, weight));
    }

    /// Begins a command of `requested` bytes. Polls it once, now, which puts it in order after the earlier ones.
    pub(super) fn push(
        &mut self,
        mut command: Answer,
        version: Version,
        requested: usize,
        context: &mut Context<'_>,
    ) {
        let slot = match command.as_mut().poll(context) {
            Poll::Ready(answer) => Slot::Ready(settled(answer)),
            Poll::Pending => Slot::Waiting(command),
        };
        self.requested += requested;
        self.slots.push_back((slot, version, requested));
    }

    /// Appends the answers that are ready, up to the first that is not. Returns whether there were any.
    pub(super) fn collect(&mut self, output: &mut BytesMut, context: &mut Context<'_>) -> bool {
        let before = output.len();
        while output.len() < OUTPUT_LEN_MAX {
            let Some((slot, _, _)) = self.slots.front_mut() else { break };
            // Only the oldest is polled, because the others cannot be sent before it.
            if let Slot::Waiting(command) = slot {
                let Poll::Ready(answer) = command.as_mut().poll(context) else { break };
                *slot = Slot::Ready(settled(answer));
            }
            let Some((Slot::Ready(frame), version, requested)) = self.slots.pop_front() else { break };
            self.requested -= requested;
            // An error says nothing about the length of other answers: many come at once when a connection breaks
            // under long ones.
            if !matches!(frame, Frame::SimpleError { .. }) {
                self.expected = (self.expected - self.expected / 8).max(answer::weight(&frame));
            }
            answer::encode(frame, version, output);
        }
        output.len() > before
    }
}

fn settled(answer: Result<Frame, Error>) -> Frame {
    answer.unwrap_or_else(|error| failure(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;
    use tokio::sync::oneshot;

    /// A pipeline that only this test polls.
    struct Bench(Pipeline, BytesMut);

    impl Bench {
        fn push(&mut self, requested: usize) -> oneshot::Sender<Frame> {
            let (sender, answer) = oneshot::channel();
            let answer = Box::pin(async move { Ok(answer.await.unwrap()) });
            self.0.push(answer, Version::Two, requested, &mut Context::from_waker(Waker::noop()));
            sender
        }

        /// Returns everything that can be sent now.
        fn collect(&mut self) -> String {
            self.0.collect(&mut self.1, &mut Context::from_waker(Waker::noop()));
            String::from_utf8(self.1.split().to_vec()).unwrap()
        }

        /// Begins commands until the pipeline is full.
        fn fill(&mut self) -> Vec<oneshot::Sender<Frame>> {
            std::iter::from_fn(|| self.0.has_room().then(|| self.push(1))).collect()
        }
    }

    fn bench() -> Bench {
        Bench(Pipeline::default(), BytesMut::new())
    }

    #[test]
    fn answers_keep_the_order_of_their_commands() {
        let mut bench = bench();
        let (first, second) = (bench.push(1), bench.push(1));
        bench.0.push_ready(answer::okay(), Version::Three);
        second.send(answer::number(2)).unwrap();
        assert_eq!(bench.collect(), "");
        first.send(answer::number(1)).unwrap();
        assert_eq!(bench.collect(), ":1\r\n:2\r\n+OK\r\n");
        assert!(bench.0.is_empty() && bench.0.weight() == 0);
    }

    #[test]
    fn windows_are_short_until_it_is_known_how_long_answers_are() {
        let mut bench = bench();
        for window in [16, 64] {
            let waiting = bench.fill();
            assert_eq!(waiting.len(), window);
            waiting.into_iter().for_each(|sender| sender.send(answer::okay()).unwrap());
            bench.collect();
        }
        bench.push(1).send(answer::bulk(vec![b'x'; 4 << 20])).unwrap();
        bench.collect();
        assert_eq!(bench.fill().len(), 2);
    }

    #[test]
    fn errors_do_not_make_windows_longer() {
        let mut bench = bench();
        bench.push(1).send(answer::bulk(vec![b'x'; 4 << 20])).unwrap();
        bench.collect();
        for _ in 0..20 {
            let waiting = bench.fill();
            assert_eq!(waiting.len(), 2);
            waiting.into_iter().for_each(|sender| sender.send(answer::error("NOTAPPLIED")).unwrap());
            bench.collect();
        }
    }

    #[test]
    fn long_requests_and_their_echoes_leave_no_room() {
        let mut bench = bench();
        let _waiting = bench.push(BYTES_IN_HAND_MAX - 1);
        assert!(bench.0.has_room());
        bench.0.push_ready(answer::bulk("x"), Version::Two);
        assert!(!bench.0.has_room());
        assert_eq!(bench.0.weight(), BYTES_IN_HAND_MAX);
    }
}
