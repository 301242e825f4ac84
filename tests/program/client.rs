//! A raw WebSocket client for tests: frames as text, and a deadline for everything.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Far more than anything here takes, so that a machine under load fails no test.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The result of `future`, or a failed test.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, future).await {
        Ok(result) => result,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// One WebSocket.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// Speaks the JSON dialect, and has been let in.
    pub(crate) async fn json(address: SocketAddr) -> Client {
        let mut client = Client::open(address, "/").await;
        assert_eq!(client.next().await["event"], "connect");
        client
    }

    /// The same, with a bounded receive buffer, so that what is not read stays with the server.
    pub(crate) async fn json_with_small_buffer(address: SocketAddr) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let mut client = Client::shake_hands(stream, address, "/").await;
        assert_eq!(client.next().await["event"], "connect");
        client
    }

    /// Any path; nothing has been exchanged.
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Client {
        let stream = soon("a connection", TcpStream::connect(address)).await;
        Client::shake_hands(stream.unwrap(), address, path).await
    }

    async fn shake_hands(stream: TcpStream, address: SocketAddr, path: &str) -> Client {
        let url = format!("ws://{address}{path}");
        let shaken = soon("the handshake", client_async(url, stream)).await;
        Client {
            socket: shaken.unwrap().0,
        }
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let sent = self.socket.send(Message::text(text));
        soon("a frame to be sent", sent).await.unwrap();
    }

    /// The next text frame.
    pub(crate) async fn next_text(&mut self) -> String {
        loop {
            match soon("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return text.as_str().to_owned(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("instead of a text frame came {other:?}"),
            }
        }
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends `ai-message` with one argument.
    pub(crate) async fn ask(&mut self, data: impl Into<Value>) {
        self.send(json!({"event": "ai-message", "data": data.into()}))
            .await;
    }

    /// The next frame of the JSON dialect.
    pub(crate) async fn next(&mut self) -> Value {
        serde_json::from_str(&self.next_text().await).unwrap()
    }

    /// The data of the next frame, which must be this event.
    pub(crate) async fn expect(&mut self, event: &str) -> Value {
        let mut frame = self.next().await;
        assert_eq!(frame["event"], event, "{frame}");
        frame["data"].take()
    }

    /// The data of the next such event; other frames are skipped.
    pub(crate) async fn until(&mut self, event: &str) -> Value {
        loop {
            let mut frame = self.next().await;
            if frame["event"] == event {
                return frame["data"].take();
            }
        }
    }

    /// That nothing waits to be read: a question asked now is answered next.
    pub(crate) async fn expect_nothing_more(&mut self) {
        self.ask(json!({"id": "fence", "chat": "fence", "content": "echo fence"}))
            .await;
        assert_eq!(self.expect("ai-message-response").await["id"], "fence");
    }

    /// That the server ends the connection.
    pub(crate) async fn expect_end(&mut self) {
        loop {
            match soon("the end", self.socket.next()).await {
                None | Some(Err(_)) => return,
                Some(Ok(Message::Text(text))) => panic!("instead of the end came {text}"),
                Some(Ok(_)) => {}
            }
        }
    }
}
