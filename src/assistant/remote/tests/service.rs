//! A service on loopback, spoken to by hand.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The head of an answer in pieces.
pub(super) const EVENTS: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// What follows the last piece.
pub(super) const LAST: &str = "0\r\n\r\n";

/// The end of an answer.
pub(super) const DONE: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\
    \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

pub(super) struct Server {
    listener: TcpListener,
    pub(super) address: SocketAddr,
}

impl Server {
    pub(super) async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Server { listener, address }
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(super) async fn accept(&self) -> TcpStream {
        let (connection, _) = self.listener.accept().await.unwrap();
        connection.set_nodelay(true).unwrap();
        connection
    }

    /// Takes a connection and its first request.
    pub(super) async fn request(&self) -> (TcpStream, String) {
        let mut connection = self.accept().await;
        let request = read_request(&mut connection).await;
        (connection, request.expect("a request"))
    }
}

/// Reads one request with its body, if one comes.
pub(super) async fn read_request(connection: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let named = name.eq_ignore_ascii_case("content-length");
                named.then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        if connection.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

/// Waits until the other side has closed the connection.
pub(super) async fn closed(connection: &mut TcpStream) {
    let mut bytes = [0; 1024];
    while connection.read(&mut bytes).await.unwrap_or(0) > 0 {}
}

pub(super) async fn send(connection: &mut (impl AsyncWrite + Unpin), text: &str) {
    connection.write_all(text.as_bytes()).await.unwrap();
    connection.flush().await.unwrap();
}

/// A piece of a body in pieces.
pub(super) fn piece(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// An event that carries a part of the answer.
pub(super) fn delta(text: &str) -> String {
    let delta = serde_json::json!({ "content": text });
    let chunk = serde_json::json!({ "choices": [{ "index": 0, "delta": delta }] });
    format!("data: {chunk}\n\n")
}

/// A whole response with a body of known length.
pub(super) fn response(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// An answer in one piece: "Hello".
pub(super) fn whole_answer() -> String {
    let body = r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}"#;
    response("200 OK", "application/json", body)
}
