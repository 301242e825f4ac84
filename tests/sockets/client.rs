//! The client: HTTP/1.1 on one connection, long-polling and WebSocket on top of it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// How long a test waits for what it expects. Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that must happen.
pub(super) async fn within<T>(what: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, what).await;
    done.expect("what the test waits for does not happen")
}

/// What handlers tell the test.
pub(super) struct Log(mpsc::UnboundedReceiver<String>);

/// The handlers' end of a [`Log`].
#[derive(Clone)]
pub(super) struct Teller(mpsc::UnboundedSender<String>);

pub(super) fn log() -> (Teller, Log) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Teller(sender), Log(receiver))
}

impl Teller {
    pub(super) fn tell(&self, what: impl Into<String>) {
        // A test that is over listens no more.
        let _ = self.0.send(what.into());
    }
}

impl Log {
    pub(super) async fn next(&mut self) -> String {
        within(self.0.recv())
            .await
            .expect("somebody may still tell")
    }

    pub(super) async fn expect(&mut self, what: &str) {
        assert_eq!(self.next().await, what);
    }

    /// What was told already, without waiting.
    pub(super) fn told(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// One TCP connection that speaks HTTP/1.1 and is kept alive.
pub(super) struct Http {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Http {
    pub(super) async fn connect(address: SocketAddr) -> Http {
        let stream = within(TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = BufReader::new(stream);
        Http { stream, address }
    }

    pub(super) async fn get(&mut self, target: &str) -> Reply {
        self.request("GET", target, &[], b"").await
    }

    pub(super) async fn post(&mut self, target: &str, body: impl AsRef<[u8]>) -> Reply {
        self.request("POST", target, &[], body.as_ref()).await
    }

    pub(super) async fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.send(&[head.as_bytes(), body].concat()).await;
        self.receive().await
    }

    /// Sends bytes as they are. The server may have ended the connection.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        let _ = within(self.stream.get_mut().write_all(bytes)).await;
    }

    /// The next response.
    pub(super) async fn receive(&mut self) -> Reply {
        let first = self.line().await;
        let status = first.split(' ').nth(1).expect("a status line");
        let status = status.parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut reply = Reply {
            status,
            headers,
            body: Bytes::new(),
        };
        let length = reply.header("content-length").map_or("0", |length| length);
        let mut body = vec![0; length.parse().unwrap()];
        within(self.stream.read_exact(&mut body)).await.unwrap();
        reply.body = body.into();
        reply
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        within(self.stream.read_line(&mut line)).await.unwrap();
        assert!(line.ends_with("\r\n"), "the connection ended: {line:?}");
        line.truncate(line.len() - 2);
        line
    }

    /// Waits until the server ends the connection.
    pub(super) async fn end(mut self) {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = within(self.stream.read_to_end(&mut rest)).await;
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    }

    /// The bare connection, after an upgrade.
    pub(super) fn into_stream(self) -> TcpStream {
        assert!(self.stream.buffer().is_empty());
        self.stream.into_inner()
    }

    /// Makes this connection a WebSocket.
    pub(super) async fn upgrade(self, target: &str, headers: &[(&'static str, &str)]) -> Ws {
        let url = format!("ws://{}{target}", self.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let opened = within(tokio_tungstenite::client_async(request, self.into_stream())).await;
        Ws(opened.unwrap().0)
    }
}

/// A long-polling session on a connection of its own.
pub(super) struct Polling {
    pub(super) http: Http,
    pub(super) target: String,
}

pub(super) const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
pub(super) const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

impl Polling {
    pub(super) async fn open(address: SocketAddr) -> Polling {
        Polling::open_on(Http::connect(address).await, &[]).await
    }

    pub(super) async fn open_on(mut http: Http, headers: &[(&str, &str)]) -> Polling {
        let reply = http.request("GET", POLLING, headers, b"").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let open: serde_json::Value = serde_json::from_str(&reply.text()[1..]).unwrap();
        let target = format!("{POLLING}&sid={}", open["sid"].as_str().unwrap());
        Polling { http, target }
    }

    pub(super) async fn send(&mut self, packets: &str) {
        let reply = self.http.post(&self.target, packets).await;
        assert_eq!((reply.status, reply.text()), (200, "ok"));
    }

    /// The packets of the next GET.
    pub(super) async fn receive(&mut self) -> String {
        let reply = self.http.get(&self.target).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.text().to_owned()
    }

    /// Joins `/`.
    pub(super) async fn join(mut self) -> Polling {
        self.send("40").await;
        assert!(self.receive().await.starts_with("40{\"sid\":"));
        self
    }
}

/// A WebSocket.
pub(super) struct Ws(WebSocketStream<TcpStream>);

impl Ws {
    /// Opens an Engine.IO session.
    pub(super) async fn open(address: SocketAddr) -> Ws {
        Ws::open_with(address, &[]).await
    }

    pub(super) async fn open_with(address: SocketAddr, headers: &[(&'static str, &str)]) -> Ws {
        let http = Http::connect(address).await;
        let mut ws = http.upgrade(WEBSOCKET, headers).await;
        assert!(ws.next().await.starts_with("0{\"sid\":"));
        ws
    }

    /// Opens a session and joins `/`.
    pub(super) async fn join(address: SocketAddr) -> Ws {
        let mut ws = Ws::open(address).await;
        ws.send("40").await;
        assert!(ws.next().await.starts_with("40{\"sid\":"));
        ws
    }

    /// What is under it, for tests with their own way of reading.
    pub(super) fn into_inner(self) -> WebSocketStream<TcpStream> {
        self.0
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.send_all(&[text]).await;
    }

    /// Sends several messages in one go.
    pub(super) async fn send_all(&mut self, texts: &[&str]) {
        for text in texts {
            let message = Message::text(*text);
            within(self.0.feed(message)).await.unwrap();
        }
        within(self.0.flush()).await.unwrap();
    }

    /// The next message of any kind.
    pub(super) async fn message(&mut self) -> Message {
        let message = within(self.0.next()).await;
        message.expect("there is more").unwrap()
    }

    /// The next text message.
    pub(super) async fn next(&mut self) -> String {
        match within(self.0.next()).await {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("not a text message: {other:?}"),
        }
    }

    /// The next binary message.
    pub(super) async fn next_binary(&mut self) -> Vec<u8> {
        match within(self.0.next()).await {
            Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
            other => panic!("not a binary message: {other:?}"),
        }
    }

    pub(super) async fn expect(&mut self, text: &str) {
        assert_eq!(self.next().await, text);
    }

    /// Waits for the close frame, if there is one, and tells its code. Messages on the way are
    /// skipped.
    pub(super) async fn closed(&mut self) -> Option<u16> {
        loop {
            match within(self.0.next()).await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}
