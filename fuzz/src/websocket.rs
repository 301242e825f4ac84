//! `websocket_differential`: the WebSocket codec beside tungstenite.
//!
//! Where the two differ on purpose:
//!
//! - Ours refuses a frame once a byte of it is wrong, and a message once it is announced to become
//!   too long; tungstenite wants the whole frame first. So the rest of the frame is given to it.
//! - A frame with several faults may be refused for another one of them.
//! - The close code 1014, registered after the specification, is accepted; tungstenite does not
//!   know it. It gives a close with a forbidden code as one with 1002 that it words itself.
//! - A control frame whose length is not written in one byte is refused, whatever the length;
//!   tungstenite looks at the length. Such frames are not made here if they are short.
//! - tungstenite counts control frames towards the limit of a frame, so no limit here is below the
//!   125 bytes that a control frame may have.

use std::io::{self, Read, Write};

use bytes::{Bytes, BytesMut};
use trunkline::websocket::{Decoder, Outbox, Received, Violation};
use trunkline::wire::Frame;
use tungstenite::error::Error;
use tungstenite::protocol::{Message, Role, WebSocket, WebSocketConfig};

/// What tungstenite says of a close whose code is forbidden.
const FORBIDDEN: &str = "Protocol violation";

/// The bytes decide a limit, how the stream is cut, and frames: good, bad, too long, and the last
/// one perhaps not whole. Both decoders hear the same messages in order, and refuse or accept alike;
/// what is sent is what tungstenite receives.
pub fn websocket_differential(data: &[u8]) {
    let mut source = Source(data);
    let limit = [125, 126, 300, 70_000][usize::from(source.byte() & 3)];
    let chunk = match source.byte() {
        255 => usize::MAX,
        byte => usize::from(byte) + 1,
    };
    let missing = usize::from(source.byte() & 0x1F);
    let mut stream = Vec::new();
    while !source.0.is_empty() && stream.len() < 300_000 {
        source.frame(&mut stream);
    }
    let (arrived, rest) = stream.split_at(stream.len().saturating_sub(missing));

    let (heard, end) = ours(arrived, chunk, limit);
    let (twin_heard, twin_end) = tungstenite(Role::Server, arrived, chunk, limit);
    match (&end, &twin_end) {
        (End::Refused(_), End::Waiting) => {
            let (twin_heard, twin_end) = tungstenite(Role::Server, &stream, chunk, limit);
            agree(&heard, &end, &twin_heard, &twin_end);
            assert!(!rest.is_empty());
        }
        _ => agree(&heard, &end, &twin_heard, &twin_end),
    }
    echo(&heard);
}

/// How hearing ended.
#[derive(PartialEq, Debug)]
enum End {
    /// More may come.
    Waiting,
    /// The peer has closed.
    Closed(Option<u16>),
    /// The peer has closed with a code that tungstenite does not accept.
    ClosedForbidden,
    Refused(Violation),
}

fn agree(heard: &[Received], end: &End, twin_heard: &[Received], twin_end: &End) {
    assert_eq!(heard, twin_heard, "{end:?} {twin_end:?}");
    match (end, twin_end) {
        (End::Refused(Violation::Protocol(_)), End::Refused(_) | End::ClosedForbidden) => {}
        (End::Closed(Some(1014 | 1002)), End::ClosedForbidden) => {}
        (end, twin_end) => assert_eq!(end, twin_end),
    }
}

/// Frames from bytes.
struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let length = length.min(self.0.len());
        self.0.split_off(..length).unwrap_or_default()
    }

    /// The first byte, how the length is written, the length, the payload before it is masked.
    fn frame(&mut self, stream: &mut Vec<u8>) {
        let (first, form, length) = (self.byte(), self.byte(), self.byte());
        let length = match form & 0x0C {
            0x00 | 0x04 => usize::from(length & 0x1F),
            0x08 => usize::from(length),
            _ => usize::from(length) << 8 | usize::from(self.byte()),
        };
        let mut payload = self.take(length).to_vec();
        // What the input does not have of a long payload is the same letter over and over.
        payload.resize(length, b'x');
        let is_control = first & 0x08 != 0;
        let masked = if form & 0xF0 == 0xF0 { 0 } else { 0x80 };
        stream.push(first);
        match (form & 3, length) {
            (0 | 1, ..126) => stream.push(masked | length as u8),
            (_, ..126) if is_control => stream.push(masked | length as u8),
            (0..=2, ..65_536) => {
                stream.push(masked | 126);
                stream.extend((length as u16).to_be_bytes());
            }
            _ => {
                stream.push(masked | 127);
                // Some of the lengths are far too long; no payload follows those.
                let high = u64::from(form & 0x40) << 50 | u64::from(form & 0x80) << 56;
                let high = if form & 0x30 == 0x30 { high } else { 0 };
                stream.extend((length as u64 | high).to_be_bytes());
            }
        }
        if masked != 0 {
            let mask = [form, !form, first, 0x55];
            stream.extend(mask);
            for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
                *byte ^= mask;
            }
        }
        stream.extend(payload);
    }
}

fn ours(bytes: &[u8], chunk: usize, limit: usize) -> (Vec<Received>, End) {
    let mut decoder = Decoder::new(limit);
    let mut input = BytesMut::new();
    let mut heard = Vec::new();
    for chunk in bytes.chunks(chunk) {
        input.extend_from_slice(chunk);
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(Received::Close { code, .. })) => return (heard, End::Closed(code)),
                Ok(Some(received)) => heard.push(received),
                Ok(None) => break,
                Err(violation) => return (heard, End::Refused(violation)),
            }
        }
        assert!(input.is_empty());
        assert!(decoder.held() <= 2 * limit + 300, "{}", decoder.held());
        assert!(!decoder.is_idle() || decoder.held() == 0);
    }
    (heard, End::Waiting)
}

/// A stream whose other end has written these bytes and reads whatever comes.
struct Memory<'a> {
    bytes: &'a [u8],
    chunk: usize,
}

impl Read for Memory<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let size = self.chunk.min(into.len());
        self.bytes.read(&mut into[..size])
    }
}

impl Write for Memory<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn tungstenite(role: Role, bytes: &[u8], chunk: usize, limit: usize) -> (Vec<Received>, End) {
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit));
    let mut socket = WebSocket::from_raw_socket(Memory { bytes, chunk }, role, Some(config));
    let mut heard = Vec::new();
    loop {
        heard.push(match socket.read() {
            Ok(Message::Text(text)) => Received::Message(Frame::from(text.as_str())),
            Ok(Message::Binary(bytes)) => Received::Message(Frame::Binary(bytes)),
            Ok(Message::Ping(payload)) => Received::Ping(payload),
            Ok(Message::Pong(payload)) => Received::Pong(payload),
            Ok(Message::Close(None)) => return (heard, End::Closed(None)),
            Ok(Message::Close(Some(close))) => {
                let code = u16::from(close.code);
                let is_forbidden = code == 1002 && close.reason.as_str() == FORBIDDEN;
                let end = match is_forbidden {
                    true => End::ClosedForbidden,
                    false => End::Closed(Some(code)),
                };
                return (heard, end);
            }
            Ok(Message::Frame(frame)) => panic!("never read: {frame:?}"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (heard, End::Waiting);
            }
            Err(Error::Protocol(_)) => return (heard, End::Refused(Violation::Protocol(""))),
            Err(Error::Utf8(_)) => return (heard, End::Refused(Violation::NotUtf8)),
            Err(Error::Capacity(_)) => return (heard, End::Refused(Violation::TooBig)),
            Err(error) => panic!("{error}"),
        });
    }
}

/// What was heard is sent back, and tungstenite as the client hears it.
fn echo(heard: &[Received]) {
    let mut outbox = Outbox::new();
    for received in heard {
        match received {
            Received::Message(frame) => outbox.message(frame.clone()),
            Received::Ping(payload) => outbox.ping(payload),
            Received::Pong(payload) => outbox.pong(payload),
            Received::Compressed(_) => panic!("compression was not agreed on"),
            Received::Close { .. } => panic!("a close is the end"),
        }
    }
    outbox.close(Some(1000));
    let mut written = Vec::new();
    while !outbox.is_empty() {
        let first = outbox.first();
        let size = first.len().min(written.len() + 1);
        written.extend_from_slice(&first[..size]);
        outbox.advance(size);
    }
    let (again, end) = tungstenite(Role::Client, &Bytes::from(written), usize::MAX, 70_000);
    assert_eq!(again, heard);
    assert_eq!(end, End::Closed(Some(1000)));
}
