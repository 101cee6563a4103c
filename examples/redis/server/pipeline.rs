//! The answers of one connection, in the order of its commands, before they are there.

use super::execute::{Answer, failure};
use super::limits::{BYTES_IN_HAND_MAX, COMMANDS_IN_HAND_MAX, OUTPUT_LEN_MAX};
use crate::protocol::answer::{self, Frame, Version};
use bytes::BytesMut;
use copycat::Error;
use std::collections::VecDeque;
use std::task::{Context, Poll};

/// An answer that is there, or will be.
enum Slot {
    Ready(Frame),
    Waiting(Answer),
}

/// Commands that are under way, oldest first.
#[derive(Default)]
pub(super) struct Pipeline {
    slots: VecDeque<(Slot, Version, usize)>,
    /// Bytes of their requests.
    requested: usize,
    /// Bytes that an answer may have, by those that came lately.
    expected: usize,
}

impl Pipeline {
    /// Whether one more command may be begun.
    pub(super) fn has_room(&self) -> bool {
        let count = self.slots.len();
        count == 0
            || count < COMMANDS_IN_HAND_MAX
                && self.requested < BYTES_IN_HAND_MAX
                && (count + 1) * self.expected < BYTES_IN_HAND_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Bytes that are held here.
    pub(super) fn weight(&self) -> usize {
        self.requested + self.slots.len() * self.expected
    }

    /// An answer that is there already, in its turn.
    pub(super) fn push_ready(&mut self, frame: Frame, version: Version) {
        self.slots.push_back((Slot::Ready(frame), version, 0));
    }

    /// Begins a command of so many bytes: polls it once, now, which is what puts it behind those before it.
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

    /// Appends the answers that are there, up to the first that is not; whether there was any.
    pub(super) fn collect(&mut self, output: &mut BytesMut, context: &mut Context<'_>) -> bool {
        let before = output.len();
        while output.len() < OUTPUT_LEN_MAX {
            let Some((slot, _, _)) = self.slots.front_mut() else { break };
            // Only the oldest is asked: the others cannot be sent before it.
            if let Slot::Waiting(command) = slot {
                let Poll::Ready(answer) = command.as_mut().poll(context) else { break };
                *slot = Slot::Ready(settled(answer));
            }
            let Some((Slot::Ready(frame), version, requested)) = self.slots.pop_front() else { break };
            self.requested -= requested;
            self.expected = (self.expected - self.expected / 8).max(answer::weight(&frame));
            answer::encode(frame, version, output);
        }
        output.len() > before
    }
}

fn settled(answer: Result<Frame, Error>) -> Frame {
    answer.unwrap_or_else(|error| failure(&error))
}
