//! Compressed messages on real sockets, byte by byte: what is agreed on, what is sent, what is
//! refused.

use std::net::SocketAddr;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline::server::{Config, PerMessageDeflate};
use trunkline::{Io, SlowClient, Socket};

use super::client::{Polling, WEBSOCKET, within};
use super::host::serve_config;

const OFFER: &str = "permessage-deflate; client_max_window_bits";
const LEAN: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// A server that sends back what it is sent, up to 100,000 bytes of it.
async fn serve(per_message_deflate: Option<PerMessageDeflate>) -> SocketAddr {
    let io = Io::builder().max_payload(100_000).build();
    io.of("/")
        .on("echo", async |socket: Socket, (text,): (String,)| {
            socket.emit("echo", text).unwrap();
        })
        .on("fill plain", async |socket: Socket, (size,): (usize,)| {
            let plain = socket.when_slow(SlowClient::Close).compress(false);
            plain.emit("filled", "x".repeat(size)).unwrap();
        })
        .on("fill", async |socket: Socket, (size,): (usize,)| {
            socket.emit("filled", "x".repeat(size)).unwrap();
        });
    let config = Config {
        plain_json: Some("/".to_owned()),
        per_message_deflate,
        ..Config::default()
    };
    serve_config(&io, config).await
}

fn on() -> Option<PerMessageDeflate> {
    Some(PerMessageDeflate::default())
}

/// A client that sees the frames.
struct Client {
    stream: TcpStream,
    /// The answer's extensions.
    extensions: Option<String>,
    deflater: Compress,
    inflater: Decompress,
    takes_over: bool,
}

impl Client {
    async fn open(address: SocketAddr, target: &str, offer: &str) -> Client {
        let mut stream = within(TcpStream::connect(address)).await.unwrap();
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Extensions: {offer}\r\n\r\n"
        );
        within(stream.write_all(head.as_bytes())).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(within(stream.read_u8()).await.unwrap());
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        let mut lines = answer.lines();
        let extensions = lines.find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
        Client {
            stream,
            takes_over: extensions.is_some_and(|agreed| !agreed.contains("no_context_takeover")),
            extensions: extensions.map(str::to_owned),
            deflater: Compress::new(Compression::best(), false),
            inflater: Decompress::new(false),
        }
    }

    /// Opens a session and joins `/`.
    async fn join(address: SocketAddr, offer: &str) -> Client {
        let mut client = Client::open(address, WEBSOCKET, offer).await;
        assert!(client.text().await.starts_with("0{"));
        client.send(0x81, b"40").await;
        assert!(client.text().await.starts_with("40{"));
        client
    }

    /// Sends a frame.
    async fn send(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match u8::try_from(payload.len()) {
            Ok(size @ ..126) => frame.push(0x80 | size),
            _ => {
                frame.push(0xFF);
                frame.extend((payload.len() as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        // The server may have had enough.
        let _ = within(self.stream.write_all(&frame)).await;
    }

    /// The data of a compressed message.
    fn deflate(&mut self, payload: &[u8]) -> Vec<u8> {
        if !self.takes_over {
            self.deflater.reset();
        }
        let mut data = Vec::with_capacity(payload.len() + 100);
        let done = self
            .deflater
            .compress_vec(payload, &mut data, FlushCompress::Sync);
        done.unwrap();
        data.truncate(data.len() - 4);
        data
    }

    /// The next frame: its first byte and its payload.
    async fn frame(&mut self) -> (u8, Vec<u8>) {
        let read = async {
            let first = self.stream.read_u8().await?;
            let size = match self.stream.read_u8().await? {
                126 => self.stream.read_u16().await?.into(),
                127 => self.stream.read_u64().await?,
                size => size.into(),
            };
            let mut payload = vec![0; usize::try_from(size).unwrap()];
            self.stream.read_exact(&mut payload).await?;
            std::io::Result::Ok((first, payload))
        };
        within(read).await.unwrap()
    }

    /// The next message, as text; none of it may be compressed.
    async fn text(&mut self) -> String {
        let (first, payload) = self.frame().await;
        assert_eq!(first, 0x81);
        String::from_utf8(payload).unwrap()
    }

    /// The next message, which must be compressed, and the size of its data.
    async fn compressed_text(&mut self) -> (String, usize) {
        let (first, mut payload) = self.frame().await;
        assert_eq!(first, 0xC1);
        let size = payload.len();
        payload.extend([0, 0, 0xFF, 0xFF]);
        if !self.takes_over {
            self.inflater.reset(false);
        }
        let mut text = Vec::with_capacity(200_000);
        let done = self
            .inflater
            .decompress_vec(&payload, &mut text, FlushDecompress::Sync);
        done.unwrap();
        (String::from_utf8(text).unwrap(), size)
    }

    /// The code with which the server closes.
    async fn closed(&mut self) -> u16 {
        let (first, payload) = self.frame().await;
        assert_eq!(first, 0x88);
        u16::from_be_bytes([payload[0], payload[1]])
    }
}

#[tokio::test]
async fn what_is_long_goes_compressed_both_ways() {
    let address = serve(on()).await;
    let mut client = Client::join(address, OFFER).await;
    assert_eq!(client.extensions.as_deref(), Some(LEAN));
    client.send(0x81, b"42[\"echo\",\"short\"]").await;
    assert_eq!(client.text().await, "42[\"echo\",\"short\"]");

    let long = format!("42[\"echo\",\"{}\"]", "long ".repeat(2_000));
    for _ in 0..2 {
        let data = client.deflate(long.as_bytes());
        assert!(data.len() < 100);
        // In two frames, with something between.
        client.send(0x41, &data[..10]).await;
        client.send(0x8A, b"").await;
        client.send(0x80, &data[10..]).await;
        let (text, size) = client.compressed_text().await;
        assert_eq!(text, long);
        assert!(size < 100, "{size}");
    }
}

#[tokio::test]
async fn a_session_that_upgrades_and_plain_json_are_offered_the_same() {
    let address = serve(on()).await;
    let polling = Polling::open(address).await;
    let target = polling.target.replace("polling", "websocket");
    let mut client = Client::open(address, &target, OFFER).await;
    assert_eq!(client.extensions.as_deref(), Some(LEAN));
    client.send(0x81, b"2probe").await;
    assert_eq!(client.text().await, "3probe");
    client.send(0x81, b"5").await;
    client.send(0x81, b"40").await;
    assert!(client.text().await.starts_with("40{"));
    client.send(0x81, b"42[\"fill\",5000]").await;
    assert_eq!(client.compressed_text().await.0.len(), 5_000 + 15);

    let mut client = Client::open(address, "/", OFFER).await;
    assert_eq!(client.extensions.as_deref(), Some(LEAN));
    assert!(client.text().await.contains("connect"));
    client.send(0x81, br#"{"event":"fill","data":5000}"#).await;
    let (text, size) = client.compressed_text().await;
    assert!(text.contains(&"x".repeat(5_000)) && size < 100);
}

#[tokio::test]
async fn with_takeover_a_message_refers_to_the_ones_before() {
    let settings = PerMessageDeflate {
        context_takeover: true,
        ..PerMessageDeflate::default()
    };
    let address = serve(Some(settings)).await;
    let mut client = Client::join(address, OFFER).await;
    assert_eq!(client.extensions.as_deref(), Some("permessage-deflate"));
    // Hardly compressible by itself.
    let noise: String = (0_u32..2_000)
        .map(|at| char::from(b' ' + 2 + (at.wrapping_mul(2_654_435_761) >> 26) as u8))
        .filter(|letter| *letter != '\\' && *letter != '"')
        .collect();
    let message = format!("42[\"echo\",\"{noise}\"]");
    let mut sizes = Vec::new();
    for _ in 0..3 {
        let data = client.deflate(message.as_bytes());
        client.send(0xC1, &data).await;
        let (text, size) = client.compressed_text().await;
        assert_eq!(text, message);
        sizes.push((data.len(), size));
    }
    let [first, second, third] = sizes[..] else {
        panic!("{sizes:?}");
    };
    assert!(
        second.0 < first.0 / 4 && second.1 < first.1 / 4,
        "{sizes:?}"
    );
    assert!(third.1 < first.1 / 4, "{sizes:?}");
}

#[tokio::test]
async fn nothing_is_agreed_on_unless_it_is_configured() {
    let address = serve(None).await;
    let mut client = Client::join(address, OFFER).await;
    assert_eq!(client.extensions, None);
    client.send(0x81, b"42[\"fill\",5000]").await;
    assert_eq!(client.text().await.len(), 5_000 + 15);
    let data = client.deflate(b"42[\"echo\",\"\"]");
    client.send(0xC1, &data).await;
    assert_eq!(client.closed().await, 1002);
    // Nor if what is offered cannot be done.
    let offer = "permessage-deflate; server_max_window_bits=8";
    let mut client = Client::join(serve(on()).await, offer).await;
    assert_eq!(client.extensions, None);
    client.send(0x81, b"42[\"fill\",5000]").await;
    assert_eq!(client.text().await.len(), 5_000 + 15);
}

#[tokio::test]
async fn what_is_wrong_closes_with_its_code() {
    let address = serve(on()).await;
    let bomb = |client: &mut Client| client.deflate(&vec![b'4'; 5_000_000]);
    let just_too_long = |client: &mut Client| client.deflate(&[b'4'; 100_001]);
    let no_text = |client: &mut Client| client.deflate(b"42[\"\xFF\"]");
    let broken = |_: &mut Client| vec![0x07];
    let rows: [(u8, &dyn Fn(&mut Client) -> Vec<u8>, u16); 7] = [
        (0xC1, &bomb, 1009),
        (0xC2, &bomb, 1009),
        (0xC1, &just_too_long, 1009),
        (0xC1, &no_text, 1007),
        (0xC1, &broken, 1007),
        (0xC9, &broken, 1002),
        (0xC0, &broken, 1002),
    ];
    for (first, make, code) in rows {
        let mut client = Client::join(address, OFFER).await;
        let data = make(&mut client);
        assert!(data.len() < 100_000);
        client.send(first, &data).await;
        // What follows is not looked at.
        client.send(0x81, b"42[\"echo\",\"more\"]").await;
        assert_eq!(client.closed().await, code, "{first:x}");
    }
}

#[tokio::test]
async fn bombs_within_the_limit_keep_nobody_else_waiting() {
    let address = serve(on()).await;
    let mut client = Client::join(address, OFFER).await;
    let mut other = Client::join(address, OFFER).await;
    let text = format!("42[\"no\",\"{}\"]", "a".repeat(90_000));
    let data = client.deflate(text.as_bytes());
    for _ in 0..200 {
        client.send(0xC1, &data).await;
    }
    other.send(0x81, b"42[\"echo\",\"me\"]").await;
    assert_eq!(other.text().await, "42[\"echo\",\"me\"]");
    // All of it was read.
    client.send(0x81, b"42[\"echo\",\"done\"]").await;
    assert_eq!(client.text().await, "42[\"echo\",\"done\"]");
}

#[tokio::test]
async fn an_event_can_be_kept_from_compression() {
    for context_takeover in [false, true] {
        let settings = PerMessageDeflate {
            context_takeover,
            ..PerMessageDeflate::default()
        };
        let mut client = Client::join(serve(Some(settings)).await, OFFER).await;
        for _ in 0..2 {
            client.send(0x81, br#"42["fill plain",5000]"#).await;
            assert_eq!(client.text().await.len(), 5_015);
            client.send(0x81, br#"42["fill",5000]"#).await;
            assert_eq!(client.compressed_text().await.0.len(), 5_015);
        }
    }
}
