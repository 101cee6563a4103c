//! One client's connection: reads commands, begins them in their order, and sends the answers in the same order.

use super::Server;
use super::backlog::Backlog;
use super::clients::Place;
use super::execute;
use super::memory::Share;
use super::order::Order;
use super::pipeline::{Begun, Pipeline};
use crate::command::{self, Command, Request, Session};
use crate::limits::{AHEAD_LEN_MAX, OUTPUT_LEN_MAX, READ_LEN};
use crate::protocol::answer;
use crate::protocol::{Reader, Received, Version, Words};
use crate::store::AsyncStore;
use bytes::{Bytes, BytesMut};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep};

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
    backlog: Backlog,
    pipeline: Pipeline,
    order: Arc<Order>,
    output: BytesMut,
    /// The connection's part of the memory of all, and of what is read ahead for all.
    share: Share,
    ahead: Share,
    /// The client has sent its last byte.
    finished: bool,
    /// The connection reads nothing more, and only answers the commands that it has begun.
    ending: bool,
    /// A timer that runs while the client leaves its answers unread.
    stalled: Option<Pin<Box<Sleep>>>,
    /// A timer that runs while there is nothing to do, if the server limits that.
    idle: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    pub(super) fn new(server: Arc<Server>, stream: TcpStream, place: Place) -> Connection {
        let base = execute::ordered(&server.store);
        Connection {
            share: server.memory.share(),
            ahead: server.ahead.share(),
            pipeline: Pipeline::new(server.answers.share()),
            server,
            place,
            store: base.clone(),
            base,
            version: Version::Two,
            stream,
            reader: Reader::default(),
            input: BytesMut::new(),
            backlog: Backlog::default(),
            order: Arc::default(),
            output: BytesMut::new(),
            finished: false,
            ending: false,
            stalled: None,
            idle: None,
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
        let read_ahead = self.read_ahead(context)?;
        if received || read_ahead {
            self.be_patient();
        }
        let done = received || collected || sent || read_ahead;
        self.check_idle(done, context)?;
        self.ahead.set(self.backlog.held());
        let buffers = self.input.capacity() + self.output.capacity() + self.backlog.held();
        let over = self.ending && self.pipeline.is_empty() && self.output.is_empty();
        if over || !self.share.set(buffers + self.pipeline.weight()) { Err(Over) } else { Ok(done) }
    }

    /// Begins the commands that have arrived, and reads more if none is left.
    fn receive(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let mut progress = false;
        while !self.ending && self.has_room() {
            match self.reader.next(&mut self.input) {
                Ok(Some(Received::Words(words))) => self.begin(&words, context)?,
                Ok(Some(Received::Oversized(oversized))) => {
                    self.server.count_command();
                    self.pipeline.push_ready(answer::error(&oversized), self.version);
                }
                Ok(None) if progress => break,
                Ok(None) if self.backlog.refill(&mut self.input) => {}
                Ok(None) if self.finished => self.ending = true,
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
        !self.order.is_held() && self.pipeline.has_room() && self.output.len() < OUTPUT_LEN_MAX
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
        if self.input.capacity() - self.input.len() < READ_LEN / 4 {
            // This reuses the same memory if no command holds a part of it any more.
            self.input.reserve(READ_LEN);
        }
        match pin!(self.stream.read_buf(&mut self.input)).poll(context) {
            Poll::Ready(Ok(len)) => {
                self.finished = len == 0;
                Ok(Poll::Ready(()))
            }
            Poll::Ready(Err(_)) => Err(Over),
            Poll::Pending => Ok(Poll::Pending),
        }
    }

    /// Reads ahead while the client leaves its answers unread, because it may want to finish writing first. Returns
    /// whether there is more to do.
    fn read_ahead(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        if self.stalled.is_none() || self.has_room() {
            return Ok(false);
        }
        // Also for a client that sends nothing more: what it waits for holds what others wait for.
        self.pipeline.settle(context);
        if self.finished || self.ending {
            return Ok(self.has_room());
        }
        if self.has_room() {
            // A command that held the others has ended.
            return Ok(true);
        }
        let may = self.backlog.held() < AHEAD_LEN_MAX && self.ahead.poll_room(context);
        if !may || self.stream.poll_read_ready(context).is_pending() {
            return Ok(false);
        }
        match pin!(self.stream.read_buf(self.backlog.room())).poll(context) {
            Poll::Ready(Ok(len)) => {
                self.finished = len == 0;
                Ok(true)
            }
            Poll::Ready(Err(_)) => Err(Over),
            Poll::Pending => Ok(false),
        }
    }

    /// Begins one command.
    fn begin(&mut self, words: &Words, context: &mut Context<'_>) -> Result<(), Over> {
        self.server.count_command();
        match command::parse(words) {
            Ok(Command::Data(request)) => {
                let requested = words.iter().map(|word| word.len() + size_of::<Bytes>()).sum();
                let has_values = request.answers_values();
                let turn = self.order.begin(matches!(request, Request::MGet(_)));
                let answer = execute::begin(self.store.clone(), request, turn);
                let begun = Begun { answer, version: self.version, requested, has_values };
                self.pipeline.push(begun, context);
            }
            Ok(Command::Session(session)) => {
                let quits = session == Session::Quit;
                let frame = self.answer(session);
                self.pipeline.push_ready(frame, self.version);
                self.ending = quits;
            }
            Ok(Command::Report(report)) => {
                let answer = self.report(report);
                let begun = Begun { answer, version: self.version, requested: 0, has_values: false };
                self.pipeline.push(begun, context);
            }
            Ok(Command::CrossProtocol) => {
                self.server.warn_of_attack(self.place.address);
                return Err(Over);
            }
            Err(refusal) => self.pipeline.push_ready(answer::error(&refusal), self.version),
        }
        Ok(())
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
                let patience = self.server.settings.patience;
                let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
                if stalled.as_mut().poll(context).is_ready() { Err(Over) } else { Ok(false) }
            }
        }
    }

    /// Gives the client its whole time again to read its answers: it has sent something.
    fn be_patient(&mut self) {
        if let Some(stalled) = &mut self.stalled {
            stalled.as_mut().reset(Instant::now() + self.server.settings.patience);
        }
    }

    /// Ends the connection if there was nothing to do for longer than the server allows.
    fn check_idle(&mut self, done: bool, context: &mut Context<'_>) -> Result<(), Over> {
        let Some(idle_max) = self.server.settings.idle_max.filter(|_| !done && self.pipeline.is_empty())
        else {
            self.idle = None;
            return Ok(());
        };
        let idle = self.idle.get_or_insert_with(|| Box::pin(sleep(idle_max)));
        if idle.as_mut().poll(context).is_ready() { Err(Over) } else { Ok(()) }
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
