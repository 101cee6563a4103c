//! TCP, as the operating system offers it. Addresses are `host:port`.

use super::network::{Attempt, Direct, Listener, Stream, Transport};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// The TCP network of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tcp;

impl Transport for Tcp {
    /// Resolves names, and binds the first address that can be bound. A port that a stopped process has left
    /// can be bound at once (`SO_REUSEADDR`), one that is listened on cannot.
    fn bind<'a>(&'a self, address: &'a str) -> Attempt<'a, Box<dyn Listener>> {
        Box::pin(async move {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?.to_string();
            Ok(Box::new(Port { listener, address }) as Box<dyn Listener>)
        })
    }

    /// Resolves names anew each time, and tries their addresses in order.
    fn connect<'a>(&'a self, address: &'a str) -> Attempt<'a, Box<dyn Stream>> {
        Box::pin(async move { prompt(TcpStream::connect(address).await?) })
    }
}

struct Port {
    listener: TcpListener,
    address: String,
}

impl Listener for Port {
    fn accept(&mut self) -> Attempt<'_, (Box<dyn Stream>, String)> {
        Box::pin(async move {
            let (stream, from) = self.listener.accept().await?;
            Ok((prompt(stream)?, from.to_string()))
        })
    }

    fn address(&self) -> &str {
        &self.address
    }
}

/// Makes writes leave at once: the layer above batches, since it knows what belongs together.
fn prompt(stream: TcpStream) -> io::Result<Box<dyn Stream>> {
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    Ok(Box::new(Socket { reader, writer: Arc::new(writer) }))
}

/// A socket whose write half is shared by its task and direct writers.
struct Socket {
    reader: OwnedReadHalf,
    writer: Arc<OwnedWriteHalf>,
}

impl Stream for Socket {
    fn direct(&self) -> Option<Arc<dyn Direct>> {
        Some(self.writer.clone())
    }
}

impl Direct for OwnedWriteHalf {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write_vectored(pieces)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(context, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!((*self.writer).as_ref().poll_write_ready(context))?;
            match self.writer.try_write_vectored(pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Does nothing: sockets buffer nothing here.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = rustix::net::shutdown((*self.writer).as_ref(), rustix::net::Shutdown::Write);
        Poll::Ready(closed.map_err(io::Error::from))
    }
}
