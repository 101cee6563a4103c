//! One client's connection: reads commands, begins them in their order, and sends the answers in the same order.

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

/// Number of rounds of reading and writing before other connections get their turn.
const ROUNDS: usize = 4;

/// The end of a connection. The client gets no error.
struct Over;

/// One client's connection.
pub(super) struct Connection {
    pub(super) server: Arc<Server>,
    pub(super) place: Place,
    /// The store with this connection's consistency for its commands, and the store from which that is made.
    pub(super) store: AsyncStore,
    pub(super) base: AsyncStore,
    pub(super) version: Version,
    stream: TcpStream,
    reader: Reader,
    input: BytesMut,
    pipeline: Pipeline,
    output: BytesMut,
    share: Share,
    /// The connection reads nothing more, and only answers the commands that it has begun.
    ending: bool,
    /// A timer that runs while the client leaves its answers unread.
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

    /// Serves the client until it leaves, its connection is closed, or the server closes.
    pub(super) async fn serve(mut self, mut closing: watch::Receiver<bool>) {
        // This runs outside the runtime's budget for one task. If a first poll ran out of budget, it would not send
        // its command, and a later command would overtake it. `ROUNDS` keeps the connections fair instead.
        unconstrained(async {
            tokio::select! {
                biased;
                () = poll_fn(|context| self.turn(context)) => return,
                // The sender is kept until all connections have ended.
                _ = closing.wait_for(|closing| *closing) => {}
            }
            self.ending = true;
            poll_fn(|context| self.turn(context)).await;
        })
        .await;
    }

    /// Does everything that is possible now. It is ready when the connection has ended.
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

    /// Runs one round. Returns whether anything was done.
    fn round(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let received = self.receive(context)?;
        let collected = self.pipeline.collect(&mut self.output, context);
        let sent = self.send(context)?;
        let held = self.input.capacity() + self.output.capacity() + self.pipeline.weight();
        let over = self.ending && self.pipeline.is_empty() && self.output.is_empty();
        if over || !self.share.set(held) { Err(Over) } else { Ok(received || collected || sent) }
    }

    /// Begins the commands that have arrived, and reads more if none is left.
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

    /// Reads the available bytes. Commands that were begun are still answered after the client's last byte.
    fn read(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, Over> {
        // A client that has sent nothing gets no buffer, and one that has sent much gives its buffer back.
        if self.stream.poll_read_ready(context).is_pending() {
            if self.input.is_empty() && self.input.capacity() > 2 * READ_LEN {
                self.input = BytesMut::new();
            }
            return Ok(Poll::Pending);
        }
        debug_assert!(self.input.len() <= COMMAND_LEN_MAX + READ_LEN, "the reader refuses longer ones");
        if self.input.capacity() - self.input.len() < READ_LEN / 4 {
            // This reuses the same memory if no command holds a part of it any more.
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

    /// Sends as many bytes as the client accepts.
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

    /// Removes the bytes that were sent. Frees a large buffer once all of it was sent.
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
