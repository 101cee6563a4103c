//! The handshake: two processes check that they belong together.

use super::closed::Closed;
use super::limits::HANDSHAKE_MAX;
use super::network::Stream;
use super::wire::envelope::{self, Envelope};
use super::wire::hello::{self, HANDSHAKE, Reply, VERSION};
use super::wire::{Hello, Refusal, Welcome};
use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A stream whose handshake is done, and the bytes that were read after it.
pub(crate) struct Opened {
    pub(super) stream: Box<dyn Stream>,
    pub(crate) received: BytesMut,
}

/// Performs the caller's part: sends `hello` and waits for the answer.
pub(crate) async fn call(
    mut stream: Box<dyn Stream>,
    hello: &Hello,
) -> Result<Result<(Opened, Welcome), Refusal>, Closed> {
    let mut bytes = BytesMut::with_capacity(HANDSHAKE_MAX);
    hello.encode(&mut bytes);
    stream.write_all(&bytes).await?;
    bytes.clear();
    let envelope = first(&mut stream, &mut bytes).await?;
    let reply = hello::decode_reply(&envelope)?;
    Ok(reply.map(|identity| (Opened { stream, received: bytes }, identity)))
}

/// Performs the first half of the other part: reads who is calling. A caller of another version yields a
/// refusal.
pub(crate) async fn listen(mut stream: Box<dyn Stream>) -> Result<(Opened, Result<Hello, Refusal>), Closed> {
    let mut received = BytesMut::with_capacity(HANDSHAKE_MAX);
    let envelope = first(&mut stream, &mut received).await?;
    let hello = Hello::decode(&envelope)?.map_err(|caller| Refusal::WrongVersion { caller, called: VERSION });
    Ok((Opened { stream, received }, hello))
}

/// Performs the second half: accepts the caller, or says why not.
pub(super) async fn reply(opened: &mut Opened, reply: &Reply) -> Result<(), Closed> {
    let mut bytes = BytesMut::new();
    match reply {
        Ok(identity) => identity.encode(&mut bytes),
        Err(refusal) => refusal.encode(&mut bytes),
    }
    Ok(opened.stream.write_all(&bytes).await?)
}

/// Reads the first message of the other side. The buffer does not grow for it.
async fn first(stream: &mut Box<dyn Stream>, received: &mut BytesMut) -> Result<Envelope, Closed> {
    loop {
        if let Some(envelope) = envelope::take(received, &HANDSHAKE)? {
            return Ok(envelope);
        }
        match stream.read_buf(received).await? {
            0 if received.is_empty() => return Err(Closed::Ended),
            0 => return Err(Closed::Truncated),
            _ => {}
        }
    }
}
