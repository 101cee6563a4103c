//! The answers of one connection, queued in the order of its commands.

use super::execute::{Answer, failure};
use super::memory::Share;
use crate::limits::{
    ANSWER_LEN_FIRST, BYTES_IN_HAND_MAX, COMMANDS_IN_HAND_MAX, OUTPUT_LEN_MAX, VALUE_LEN_MAX,
};
use crate::protocol::answer::{self, Frame, Version};
use bytes::BytesMut;
use copycat::Error;
use std::collections::VecDeque;
use std::task::{Context, Poll};

/// An answer that is ready, or will be.
enum State {
    Ready(Frame),
    Waiting(Answer),
}

/// One command in flight.
struct Slot {
    state: State,
    version: Version,
    /// Bytes held for it: its request, and its answer once that is ready.
    held: usize,
    /// Bytes that an answer with values may have which is still to come.
    awaited: usize,
    has_values: bool,
}

/// The commands in flight, oldest first.
pub(super) struct Pipeline {
    slots: VecDeque<Slot>,
    /// Bytes held for them.
    held: usize,
    /// Expected bytes of an answer, based on recent ones.
    expected: usize,
    /// Bytes that an answer with values may have, based on recent ones. Before the first, it is the longest value.
    reserved: usize,
    /// Bytes that the answers with values that are still to come may have.
    awaited: usize,
    /// The same, among all connections.
    share: Share,
}

/// A command that was begun, and what it takes.
pub(super) struct Begun {
    pub(super) answer: Answer,
    pub(super) version: Version,
    /// Bytes held for the request.
    pub(super) requested: usize,
    /// The answer contains values, and may be long.
    pub(super) has_values: bool,
}

impl Pipeline {
    /// Creates an empty one, with its share of the answers that all connections wait for.
    pub(super) fn new(share: Share) -> Pipeline {
        let (expected, reserved) = (ANSWER_LEN_FIRST, VALUE_LEN_MAX);
        Pipeline { slots: VecDeque::new(), held: 0, expected, reserved, awaited: 0, share }
    }

    /// Returns whether one more command may be begun.
    pub(super) fn has_room(&self) -> bool {
        let count = self.slots.len();
        count == 0
            || count < COMMANDS_IN_HAND_MAX
                && self.held < BYTES_IN_HAND_MAX
                && (count + 1) * self.expected <= BYTES_IN_HAND_MAX
                && self.share.has_room()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Returns the number of bytes held here.
    pub(super) fn weight(&self) -> usize {
        self.held
    }

    /// Queues an answer that is ready.
    pub(super) fn push_ready(&mut self, frame: Frame, version: Version) {
        // It may repeat what the client sent, and wait after other answers.
        let held = answer::weight(&frame);
        self.held += held;
        self.slots.push_back(Slot {
            state: State::Ready(frame),
            version,
            held,
            awaited: 0,
            has_values: false,
        });
    }

    /// Begins a command. Polls it once, now, which puts it in order after the earlier ones.
    pub(super) fn push(&mut self, begun: Begun, context: &mut Context<'_>) {
        let Begun { answer, version, requested, has_values } = begun;
        let awaited = if has_values { self.reserved } else { 0 };
        self.held += requested;
        self.awaited += awaited;
        self.slots.push_back(Slot {
            state: State::Waiting(answer),
            version,
            held: requested,
            awaited,
            has_values,
        });
        self.poll(self.slots.len() - 1, context);
        self.share.set(self.awaited);
    }

    /// Polls one answer that is still to come. Returns whether it is ready.
    fn poll(&mut self, at: usize, context: &mut Context<'_>) -> bool {
        let slot = &mut self.slots[at];
        if let State::Waiting(answer) = &mut slot.state {
            let Poll::Ready(answer) = answer.as_mut().poll(context) else { return false };
            let frame = settled(answer);
            let weight = answer::weight(&frame);
            self.held += weight;
            slot.held += weight;
            self.awaited -= std::mem::take(&mut slot.awaited);
            slot.state = State::Ready(frame);
        }
        true
    }

    /// Accepts all answers that have come, whether or not they can be sent yet, so that nobody waits for this client.
    pub(super) fn settle(&mut self, context: &mut Context<'_>) {
        for at in 0..self.slots.len() {
            self.poll(at, context);
        }
        self.share.set(self.awaited);
    }

    /// Appends the answers that are ready, up to the first that is not. Returns whether there were any.
    pub(super) fn collect(&mut self, output: &mut BytesMut, context: &mut Context<'_>) -> bool {
        let before = output.len();
        // Only the oldest is polled, because the others cannot be sent before it.
        while output.len() < OUTPUT_LEN_MAX && !self.slots.is_empty() && self.poll(0, context) {
            let Some(slot) = self.slots.pop_front() else { break };
            let Slot { state: State::Ready(frame), version, held, has_values, .. } = slot else { break };
            self.held -= held;
            // An error says nothing about the length of other answers: many come at once when a connection breaks
            // under long ones.
            if !matches!(frame, Frame::SimpleError { .. }) {
                let weight = answer::weight(&frame);
                self.expected = (self.expected - self.expected / 8).max(weight);
                if has_values {
                    self.reserved = (self.reserved - self.reserved / 8).max(weight);
                }
            }
            answer::encode(frame, version, output);
        }
        self.share.set(self.awaited);
        output.len() > before
    }
}

fn settled(answer: Result<Frame, Error>) -> Frame {
    answer.unwrap_or_else(|error| failure(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ANSWERS_MAX;
    use crate::server::memory::Memory;
    use std::task::Waker;
    use tokio::sync::oneshot;

    /// A pipeline that only this test polls.
    struct Bench(Pipeline, BytesMut);

    impl Bench {
        fn push(&mut self, requested: usize) -> oneshot::Sender<Frame> {
            let (sender, answer) = oneshot::channel();
            let answer = Box::pin(async move { Ok(answer.await.unwrap()) });
            let begun = Begun { answer, version: Version::Two, requested, has_values: true };
            self.0.push(begun, &mut Context::from_waker(Waker::noop()));
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
        Bench(Pipeline::new(Memory::new(usize::MAX).share()), BytesMut::new())
    }

    #[test]
    fn many_connections_wait_for_few_long_answers() {
        let memory = Memory::new(ANSWERS_MAX);
        let bench = || Bench(Pipeline::new(memory.share()), BytesMut::new());
        let mut full: Vec<_> = (0..4).map(|_| bench()).collect();
        let senders: Vec<_> = full.iter_mut().map(Bench::fill).collect();
        // The answers may be as long as the longest value. Each connection may wait for one.
        let counts: Vec<_> = senders.iter().map(Vec::len).collect();
        assert_eq!(counts, [ANSWERS_MAX.div_ceil(VALUE_LEN_MAX), 1, 1, 1]);
        let mut other = bench();
        assert_eq!(other.fill().len(), 1, "one each");
        // The answers have come. Their client does not read them, but the others need not wait for that.
        for (bench, senders) in full.iter_mut().zip(senders) {
            let count = senders.len();
            senders.into_iter().for_each(|sender| sender.send(answer::bulk("long")).unwrap());
            bench.0.settle(&mut Context::from_waker(Waker::noop()));
            assert_eq!(bench.0.weight(), count * 5);
        }
        assert!(other.0.has_room());
        drop(other);
        assert_eq!(memory.held(), 0);
        assert_eq!(full[0].collect(), "$4\r\nlong\r\n".repeat(counts[0]));
        // By now it is known that they are short.
        assert!(full[0].fill().len() > counts[0]);
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
