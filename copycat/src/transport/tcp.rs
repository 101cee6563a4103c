//! TCP, as the operating system offers it. Addresses are `host:port`.

use super::seam::{Attempt, Listener, Stream, Transport};
use std::io;
use tokio::net::{TcpListener, TcpStream};

/// TCP of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tcp;

impl Transport for Tcp {
    /// Names are resolved; the first address that can be bound is. A port that a stopped process has left
    /// can be bound at once (`SO_REUSEADDR`), one that is listened on can not.
    fn bind<'a>(&'a self, address: &'a str) -> Attempt<'a, Box<dyn Listener>> {
        Box::pin(async move {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?.to_string();
            Ok(Box::new(Port { listener, address }) as Box<dyn Listener>)
        })
    }

    /// Names are resolved anew each time; their addresses are tried in order.
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

/// What is written leaves at once: batching is done above, where it is known what belongs together.
fn prompt(stream: TcpStream) -> io::Result<Box<dyn Stream>> {
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}
