//! The WebSocket codec with nothing around it: sends back what it is sent. `protocol-tests/autobahn`
//! judges it.
//!
//! Run it: `cargo run --example websocket_echo -- --port 9001`. Without a port it takes a free one,
//! and prints which.

use std::io::{IoSlice, Result};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trunkline::websocket::{Decoder, Outbox, Received, accept_key};

/// The longest message; the suite sends 16 MiB.
const MAX_MESSAGE: usize = 64 << 20;
/// The longest head of a request.
const MAX_HEAD: usize = 16 << 10;
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
    let Some(key) = handshake(&mut stream, &mut input).await? else {
        return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept_key(key.as_bytes())
    );
    stream.write_all(answer.as_bytes()).await?;

    let mut decoder = Decoder::new(MAX_MESSAGE);
    let mut outbox = Outbox::new();
    loop {
        let is_over = echo(&mut decoder, &mut input, &mut outbox);
        flush(&mut stream, &mut outbox).await?;
        if is_over {
            return leave(stream, input).await;
        }
        // Reading makes room if there is none.
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
}

/// Reads the request; its key, if it is one for a WebSocket. What follows the head stays in `input`.
async fn handshake(stream: &mut TcpStream, input: &mut BytesMut) -> Result<Option<String>> {
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
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim().to_owned())
    });
    Ok(key)
}

/// Answers all that is in `input`; whether that was the end.
fn echo(decoder: &mut Decoder, input: &mut BytesMut, outbox: &mut Outbox) -> bool {
    loop {
        match decoder.decode(input) {
            Ok(Some(Received::Message(message))) => outbox.message(message),
            Ok(Some(Received::Ping(payload))) => outbox.pong(&payload),
            Ok(Some(Received::Pong(_))) => {}
            Ok(None) => return false,
            Ok(Some(Received::Close(code))) => {
                outbox.close(code);
                return true;
            }
            Err(violation) => {
                outbox.close(Some(violation.close_code()));
                return true;
            }
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
