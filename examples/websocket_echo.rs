//! The WebSocket codec with nothing around it: sends back what it is sent. `protocol-tests/autobahn`
//! judges it. What it sends is compressed if the client offered that, whatever its size.
//!
//! Run it: `cargo run --example websocket_echo -- --port 9001`. Without a port it takes a free one,
//! and prints which.

use std::io::{IoSlice, Result};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trunkline::Frame;
use trunkline::websocket::{
    Agreement, Decoder, Deflater, Inflater, Outbox, Received, Terms, Violation, accept_key,
};

/// The longest message; the suite sends 16 MiB.
const MAX_MESSAGE: usize = 64 << 20;
/// The longest head of a request.
const MAX_HEAD: usize = 16 << 10;
/// What is agreed to of what clients offer.
const TERMS: Terms = Terms {
    context_takeover: true,
    window_bits: 15,
};
/// How many slices one write takes at most.
const SLICES: usize = 16;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let port = match (args.next().as_deref(), args.next()) {
        (Some("--port"), Some(port)) => port.parse().expect("a port"),
        (None, _) => 0,
        _ => panic!("usage: websocket_echo [--port PORT]"),
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = serve(stream).await {
                eprintln!("{error}");
            }
        });
    }
}

/// One connection, from its request to its end.
async fn serve(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BytesMut::with_capacity(64 << 10);
    let Some(Asked { key, agreement }) = handshake(&mut stream, &mut input).await? else {
        return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    let extensions = agreement.map(|agreed| format!("Sec-WebSocket-Extensions: {agreed}\r\n"));
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         {}Sec-WebSocket-Accept: {}\r\n\r\n",
        extensions.unwrap_or_default(),
        accept_key(key.as_bytes())
    );
    stream.write_all(answer.as_bytes()).await?;

    let mut echo = Echo::new(agreement);
    loop {
        let is_over = echo.answer(&mut input);
        flush(&mut stream, &mut echo.outbox).await?;
        if is_over {
            return leave(stream, input).await;
        }
        // Reading makes room if there is none.
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
}

/// What a request asks for.
struct Asked {
    key: String,
    agreement: Option<Agreement>,
}

/// Reads the request, if it is one for a WebSocket. What follows the head stays in `input`.
async fn handshake(stream: &mut TcpStream, input: &mut BytesMut) -> Result<Option<Asked>> {
    let end = loop {
        if let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if input.len() > MAX_HEAD || stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    };
    let head = input.split_to(end + 4);
    let Ok(head) = std::str::from_utf8(&head) else {
        return Ok(None);
    };
    let values = |wanted: &'static str| {
        let named = head.lines().filter_map(|line| line.split_once(':'));
        let named = named.filter(move |(name, _)| name.eq_ignore_ascii_case(wanted));
        named.map(|(_, value)| value.trim())
    };
    Ok(values("sec-websocket-key").next().map(|key| Asked {
        key: key.to_owned(),
        agreement: TERMS.accept(values("sec-websocket-extensions")),
    }))
}

/// One connection's codec.
struct Echo {
    decoder: Decoder,
    outbox: Outbox,
    /// If the client offered it.
    compression: Option<(Deflater, Inflater)>,
    buffer: Vec<u8>,
}

impl Echo {
    fn new(agreement: Option<Agreement>) -> Echo {
        let decoder = Decoder::new(MAX_MESSAGE);
        Echo {
            decoder: match agreement {
                Some(_) => decoder.with_compression(),
                None => decoder,
            },
            outbox: Outbox::new(),
            compression: agreement.map(|agreed| {
                let (bits, alone) = (
                    agreed.server_window_bits(),
                    agreed.server_no_context_takeover,
                );
                let inflater = Inflater::new(!agreed.client_no_context_takeover);
                (Deflater::new(2, bits, !alone), inflater)
            }),
            buffer: Vec::new(),
        }
    }

    /// Answers all that is in `input`; whether that was the end.
    fn answer(&mut self, input: &mut BytesMut) -> bool {
        loop {
            match self.next(input) {
                Ok(Some(Received::Message(message))) => self.send(message),
                Ok(Some(Received::Ping(payload))) => self.outbox.pong(&payload),
                Ok(Some(Received::Pong(_) | Received::Compressed(_))) => {}
                Ok(None) => return false,
                Ok(Some(Received::Close { payload, .. })) => {
                    self.outbox.close_alike(&payload);
                    return true;
                }
                Err(violation) => {
                    self.outbox.close(Some(violation.close_code()));
                    return true;
                }
            }
        }
    }

    /// What comes next, inflated.
    fn next(&mut self, input: &mut BytesMut) -> std::result::Result<Option<Received>, Violation> {
        match (self.decoder.decode(input)?, &mut self.compression) {
            (Some(Received::Compressed(message)), Some((_, inflater))) => {
                let message = self.decoder.inflate(message, inflater)?;
                Ok(Some(Received::Message(message)))
            }
            (received, _) => Ok(received),
        }
    }

    fn send(&mut self, message: Frame) {
        match &mut self.compression {
            Some((deflater, _)) => {
                let compressed = deflater.deflate(&message, &mut self.buffer);
                self.outbox.compressed(compressed);
            }
            None => self.outbox.message(message),
        }
    }
}

/// Writes all of the outbox.
async fn flush(stream: &mut TcpStream, outbox: &mut Outbox) -> Result<()> {
    while !outbox.is_empty() {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = outbox.chunks(&mut slices);
        let written = stream.write_vectored(&slices[..filled]).await?;
        outbox.advance(written);
    }
    Ok(())
}

/// Ends the connection from this side first (RFC 6455, 7.1.1), and waits for the other.
async fn leave(mut stream: TcpStream, mut input: BytesMut) -> Result<()> {
    stream.shutdown().await?;
    while stream.read_buf(&mut input).await? > 0 {
        input.clear();
    }
    Ok(())
}
