//! A floor: bare tokio TCP, WebSocket only, with frames read and written by hand.
//!
//! The least that a server on this runtime can cost: one task per connection, one buffer per thread
//! to read into, one write per wake-up. It trusts its clients: no UTF-8 is checked, no fragment is
//! put together.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use peer_servers::audience::{Audience, Outbox, sid};
use peer_servers::canned::{self, Answer};
use peer_servers::launch::{self, MAX_PAYLOAD, Outcome};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// How much is read at once.
const READ_BUFFER: usize = 64 * 1024;
/// The longest head of a request.
const MAX_HEAD: usize = 8192;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;

thread_local! {
    /// What every connection of this thread reads into.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BUFFER]);
}

fn main() -> Outcome {
    launch::run(serve)
}

async fn serve(port: u16) -> Outcome {
    let audience = Arc::new(Audience::default());
    launch::serve(port, |stream| connection(stream, audience.clone())).await
}

async fn connection(mut stream: TcpStream, audience: Arc<Audience<Bytes>>) {
    let Ok(rest) = shake_hands(&mut stream).await else {
        return;
    };
    let (number, outbox) = audience.join();
    let mut connection = Connection {
        stream,
        audience: &audience,
        number,
        outbox: &outbox,
        partial: Vec::new(),
        out: Vec::new(),
    };
    let open = canned::open_packet(&sid(number), "");
    write_frame(&mut connection.out, TEXT, &[open.as_bytes()]);
    // Whatever the reason, the client is gone.
    if connection.take_in(&mut { rest }).is_ok() {
        let _ = connection.await;
    }
    audience.leave(number);
}

/// Answers the request for a WebSocket. Gives what came behind it.
async fn shake_hands(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(1024);
    let end = loop {
        if stream.read_buf(&mut head).await? == 0 || head.len() > MAX_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if let Some(at) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
    };
    let text = std::str::from_utf8(&head[..end]).map_err(|_| io::ErrorKind::InvalidData)?;
    let key = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_key = name.eq_ignore_ascii_case("sec-websocket-key");
        is_key.then(|| derive_accept_key(value.trim().as_bytes()))
    });
    let Some(key) = key else {
        let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(refusal).await?;
        return Err(io::ErrorKind::InvalidData.into());
    };
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {key}\r\n\r\n"
    );
    stream.write_all(response.as_bytes()).await?;
    Ok(head.split_off(end + 4))
}

/// One connection after its handshake, until it ends.
struct Connection<'a> {
    stream: TcpStream,
    audience: &'a Audience<Bytes>,
    number: u64,
    outbox: &'a Outbox<Bytes>,
    /// The beginning of a frame that has not come to its end.
    partial: Vec<u8>,
    /// What is to be written.
    out: Vec<u8>,
}

impl Connection<'_> {
    /// Answers the frames in what was read; keeps what is not complete.
    fn take_in(&mut self, read: &mut [u8]) -> io::Result<()> {
        if self.partial.is_empty() {
            let used = self.answer_all(read)?;
            self.partial.extend_from_slice(&read[used..]);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(read);
        let used = self.answer_all(&mut joined)?;
        joined.drain(..used);
        self.partial = joined;
        Ok(())
    }

    /// Says how many bytes were used.
    fn answer_all(&mut self, mut read: &mut [u8]) -> io::Result<usize> {
        let length = read.len();
        while let Some(frame) = Frame::read(read)? {
            let (taken, rest) = std::mem::take(&mut read).split_at_mut(frame.end);
            read = rest;
            let payload = &mut taken[frame.start..];
            unmask(payload, frame.mask);
            self.answer(frame.opcode, payload)?;
        }
        Ok(length - read.len())
    }

    fn answer(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        match opcode {
            TEXT => {}
            BINARY => {
                write_frame(&mut self.out, BINARY, &[payload]);
                return Ok(());
            }
            CLOSE => return Err(io::ErrorKind::ConnectionAborted.into()),
            _ => return Ok(()),
        }
        let text = std::str::from_utf8(payload).map_err(|_| io::ErrorKind::InvalidData)?;
        match canned::answer(text) {
            Answer::Echo => write_frame(&mut self.out, TEXT, &[payload]),
            Answer::Ack(id, rest) => {
                let parts = [b"43", id.as_bytes(), b"[", rest.as_bytes()];
                write_frame(&mut self.out, TEXT, &parts);
            }
            Answer::Broadcast => {
                let mut frame = Vec::new();
                write_frame(&mut frame, TEXT, &[payload]);
                self.audience.broadcast(&frame.into());
            }
            Answer::Welcome => {
                let welcome = canned::welcome(&sid(self.number));
                write_frame(&mut self.out, TEXT, &[welcome.as_bytes()]);
            }
            Answer::Goodbye => return Err(io::ErrorKind::ConnectionAborted.into()),
            Answer::Probe | Answer::Upgraded | Answer::Nothing => {}
        }
        Ok(())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        SCRATCH.with_borrow_mut(|scratch| {
            loop {
                let mut into = ReadBuf::new(scratch);
                match Pin::new(&mut self.stream).poll_read(cx, &mut into) {
                    Poll::Ready(outcome) => outcome?,
                    Poll::Pending => return Ok(()),
                }
                match into.filled_mut() {
                    [] => return Err(io::ErrorKind::UnexpectedEof.into()),
                    read => self.take_in(read)?,
                }
            }
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut written = 0;
        while written < self.out.len() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.out[written..]) {
                Poll::Ready(outcome) => written += outcome?,
                Poll::Pending => {
                    self.out.drain(..written);
                    return Poll::Pending;
                }
            }
        }
        self.out.clear();
        Poll::Ready(Ok(()))
    }
}

impl Future for Connection<'_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // Nobody who reads too slowly is read from.
        ready!(this.poll_write(cx))?;
        this.poll_read(cx)?;
        let mut waiting = Vec::new();
        while this.outbox.poll_take(cx, &mut waiting).is_ready() {
            for frame in waiting.drain(..) {
                this.out.extend_from_slice(&frame);
            }
        }
        ready!(this.poll_write(cx))?;
        Poll::Pending
    }
}

/// Where a client's frame is (RFC 6455, 5.2).
struct Frame {
    opcode: u8,
    mask: [u8; 4],
    start: usize,
    end: usize,
}

impl Frame {
    /// The first frame; none when it is not complete.
    fn read(bytes: &[u8]) -> io::Result<Option<Frame>> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        let (length, extended) = match (second & 0x7f, rest) {
            (126, &[a, b, ..]) => (u64::from(u16::from_be_bytes([a, b])), 2),
            (127, &[a, b, c, d, e, f, g, h, ..]) => {
                (u64::from_be_bytes([a, b, c, d, e, f, g, h]), 8)
            }
            (126 | 127, _) => return Ok(None),
            (short, _) => (u64::from(short), 0),
        };
        if length > u64::from(MAX_PAYLOAD) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let Some(mask) = rest.get(extended..).and_then(<[u8]>::first_chunk::<4>) else {
            return Ok(None);
        };
        let start = 2 + extended + 4;
        // The limit above lets it fit.
        let end = start + length as usize;
        Ok((bytes.len() >= end).then_some(Frame {
            opcode: first & 0x0f,
            mask: *mask,
            start,
            end,
        }))
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let mut words = payload.chunks_exact_mut(4);
    for word in &mut words {
        for (byte, key) in word.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(mask) {
        *byte ^= key;
    }
}

/// Appends a server's frame with these parts as its payload.
fn write_frame(out: &mut Vec<u8>, opcode: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(10 + length);
    out.push(0x80 | opcode);
    match length {
        0..126 => out.push(length as u8),
        126..65_536 => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
}
