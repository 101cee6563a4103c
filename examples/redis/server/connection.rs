//! One client: reads commands, begins them in their order, sends the answers in the same order.

use super::Server;
use super::clients::Place;
use super::execute;
use super::limits::{OUTPUT_LEN_MAX, READ_LEN};
use super::memory::Share;
use super::pipeline::Pipeline;
use crate::command::{self, Command, Session};
use crate::protocol::answer;
use crate::protocol::{COMMAND_LEN_MAX, Reader, Version, Words};
use crate::store::AsyncStore;
use bytes::BytesMut;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::unconstrained;
use tokio::time::{Sleep, sleep};

/// Rounds of reading and writing before the other connections have their turn.
const ROUNDS: usize = 4;

/// Why a connection is over; nobody is told.
struct Over;

/// One client's connection.
pub(super) struct Connection {
    pub(super) server: Arc<Server>,
    pub(super) place: Place,
    /// What its commands go through, and what that was made of.
    pub(super) store: AsyncStore,
    pub(super) base: AsyncStore,
    pub(super) version: Version,
    stream: TcpStream,
    reader: Reader,
    input: BytesMut,
    pipeline: Pipeline,
    output: BytesMut,
    share: Share,
    /// Nothing more is read; what is in hand is answered.
    ending: bool,
    /// Runs while the client reads nothing of what waits for it.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    pub(super) fn new(server: Arc<Server>, stream: TcpStream, place: Place) -> Connection {
        let base = execute::ordered(&server.store);
        Connection {
            share: server.memory.share(),
            server,
            place,
            store: base.clone(),
            base,
            version: Version::Two,
            stream,
            reader: Reader::default(),
            input: BytesMut::new(),
            pipeline: Pipeline::default(),
            output: BytesMut::new(),
            ending: false,
            stalled: None,
        }
    }

    /// Serves the client until it goes, is cut off, or the server closes.
    pub(super) async fn serve(mut self, mut closing: watch::Receiver<bool>) {
        // Outside the runtime's budget for one task: a first poll that ran out of it would not hand its command in,
        // and a later one would overtake it. Fairness is kept by `ROUNDS` instead.
        unconstrained(async {
            tokio::select! {
                biased;
                () = poll_fn(|context| self.turn(context)) => return,
                // The sender is kept until all connections are over.
                _ = closing.wait_for(|closing| *closing) => {}
            }
            self.ending = true;
            poll_fn(|context| self.turn(context)).await;
        })
        .await;
    }

    /// Does what can be done now. Ready when the connection is over.
    fn turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        for _ in 0..ROUNDS {
            match self.round(context) {
                Err(Over) => return Poll::Ready(()),
                Ok(false) => return Poll::Pending,
                Ok(true) => {}
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether something was done.
    fn round(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let received = self.receive(context)?;
        let collected = self.pipeline.collect(&mut self.output, context);
        let sent = self.send(context)?;
        let held = self.input.capacity() + self.output.capacity() + self.pipeline.weight();
        let over = self.ending && self.pipeline.is_empty() && self.output.is_empty();
        if over || !self.share.set(held) { Err(Over) } else { Ok(received || collected || sent) }
    }

    /// Begins the commands that are there, and reads more if none is left.
    fn receive(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let mut progress = false;
        while !self.ending && self.has_room() {
            match self.reader.next(&mut self.input) {
                Ok(Some(words)) => self.begin(&words, context),
                Ok(None) if progress => break,
                Ok(None) => match self.read(context)? {
                    Poll::Ready(()) => {}
                    Poll::Pending => break,
                },
                Err(error) => {
                    self.ending = true;
                    self.pipeline.push_ready(answer::error(&error), self.version);
                }
            }
            progress = true;
        }
        Ok(progress)
    }

    fn has_room(&self) -> bool {
        self.pipeline.has_room() && self.output.len() < OUTPUT_LEN_MAX
    }

    /// Reads what is there. Commands that were begun still get their answers after the client's last byte.
    fn read(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, Over> {
        // Who has said nothing yet gets no memory, and who has said much gives it back.
        if self.stream.poll_read_ready(context).is_pending() {
            if self.input.is_empty() && self.input.capacity() > 2 * READ_LEN {
                self.input = BytesMut::new();
            }
            return Ok(Poll::Pending);
        }
        debug_assert!(self.input.len() <= COMMAND_LEN_MAX + READ_LEN, "the reader refuses longer ones");
        if self.input.capacity() - self.input.len() < READ_LEN / 4 {
            // Takes the same memory again once no command holds a part of it any more.
            self.input.reserve(READ_LEN);
        }
        match pin!(self.stream.read_buf(&mut self.input)).poll(context) {
            Poll::Ready(Ok(len)) => {
                self.ending = len == 0;
                Ok(Poll::Ready(()))
            }
            Poll::Ready(Err(_)) => Err(Over),
            Poll::Pending => Ok(Poll::Pending),
        }
    }

    /// Begins one command.
    fn begin(&mut self, words: &Words, context: &mut Context<'_>) {
        self.server.count_command();
        match command::parse(words) {
            Ok(Command::Data(request)) => {
                let requested = words.iter().map(|word| word.len()).sum();
                let call = execute::begin(self.store.clone(), request);
                self.pipeline.push(call, self.version, requested, context);
            }
            Ok(Command::Session(session)) => {
                let quits = session == Session::Quit;
                let frame = self.answer(session);
                self.pipeline.push_ready(frame, self.version);
                self.ending = quits;
            }
            Ok(Command::Report(report)) => {
                let report = self.report(report);
                self.pipeline.push(report, self.version, 0, context);
            }
            Err(refusal) => self.pipeline.push_ready(answer::error(&refusal), self.version),
        }
    }

    /// Sends what is there, as much as the client takes.
    fn send(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        if self.output.is_empty() {
            return Ok(false);
        }
        match Pin::new(&mut self.stream).poll_write(context, &self.output) {
            Poll::Ready(Ok(sent)) => {
                self.stalled = None;
                self.sent(sent);
                Ok(true)
            }
            Poll::Ready(Err(_)) => Err(Over),
            Poll::Pending => {
                let patience = self.server.patience;
                let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
                if stalled.as_mut().poll(context).is_ready() { Err(Over) } else { Ok(false) }
            }
        }
    }

    /// Forgets what was sent, and the room it took once that was all.
    fn sent(&mut self, len: usize) {
        if len == self.output.len() {
            self.output.clear();
            if self.output.capacity() > READ_LEN {
                self.output = BytesMut::new();
            }
        } else {
            let _ = self.output.split_to(len);
        }
    }
}
