//! A Socket.IO client over one WebSocket that writes down all it hears, and checks what every
//! question must get.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::answer::Answer;
use crate::fake::OWN_WORDS;
use crate::journal::MARK;

/// Far more than anything here takes, so that a machine under load fails no test.
const DEADLINE: Duration = Duration::from_secs(60);

/// The result of `future`, or a failed test.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, future).await {
        Ok(result) => result,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// One socket in the namespace `/`.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    /// The ids of the questions whose acknowledgements have these numbers.
    awaited: HashMap<u64, String>,
    /// What was heard about each question, by its id.
    heard: HashMap<String, Answer>,
    /// Replies to those who sent a text: they name no question.
    pub(crate) bare: Vec<Value>,
    issued: u64,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Client {
        let stream = soon("a connection", TcpStream::connect(address)).await;
        Client::join(stream.unwrap(), address).await
    }

    /// With a bounded receive buffer, so that what is not read stays with the server.
    pub(crate) async fn connect_with_small_buffer(address: SocketAddr) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        Client::join(socket.connect(address).await.unwrap(), address).await
    }

    async fn join(stream: TcpStream, address: SocketAddr) -> Client {
        stream.set_nodelay(true).unwrap();
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let shaken = soon("the handshake", client_async(url, stream)).await;
        let mut client = Client {
            socket: shaken.unwrap().0,
            awaited: HashMap::new(),
            heard: HashMap::new(),
            bare: Vec::new(),
            issued: 0,
        };
        assert!(
            soon("the session", client.next_text())
                .await
                .starts_with("0{")
        );
        client.send_text("40").await;
        let joined = soon("the namespace", client.next_text()).await;
        assert!(joined.starts_with("40{\"sid\":"));
        client
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let sent = self.socket.send(Message::text(text));
        soon("a frame to be sent", sent).await.unwrap();
    }

    pub(crate) async fn send_binary(&mut self, bytes: &'static [u8]) {
        let sent = self.socket.send(Message::binary(bytes));
        soon("a frame to be sent", sent).await.unwrap();
    }

    /// Asks for a streamed answer, and for the acknowledgement; returns the question's id.
    pub(crate) async fn begin(&mut self, text: &str) -> String {
        self.begin_as(json!({"content": text, "stream": true}))
            .await
    }

    /// The same, in any form: the id is added.
    pub(crate) async fn begin_as(&mut self, mut question: Value) -> String {
        let (number, id) = self.new_id();
        question["id"] = json!(id);
        self.send_text(&format!(r#"42{number}["ai-message",{question}]"#))
            .await;
        id
    }

    /// An acknowledgement's number, and the id of its question.
    pub(crate) fn new_id(&mut self) -> (u64, String) {
        let number = self.issued;
        let id = format!("q-{number}");
        self.issued += 1;
        self.awaited.insert(number, id.clone());
        (number, id)
    }

    /// Asks, and waits for the end.
    pub(crate) async fn ask(&mut self, text: &str) -> Answer {
        let id = self.begin(text).await;
        self.answer(&id).await
    }

    /// Takes a question back, without waiting for anything.
    pub(crate) async fn cancel(&mut self, id: &str) {
        self.send_text(&format!(r#"42["ai-message-cancel",{{"id":"{id}"}}]"#))
            .await;
    }

    /// Waits until a question has its reply and its acknowledgement and nothing else is on its
    /// way, and checks what every answer must be.
    pub(crate) async fn answer(&mut self, id: &str) -> Answer {
        self.until(id, Answer::is_over).await;
        self.fence().await;
        let answer = self.heard.remove(id).expect("something was heard");
        answer.check();
        answer
    }

    /// Reads until what was heard about a question suffices. The deadline is for all of it, since
    /// the server's pings come in any case.
    pub(crate) async fn until(&mut self, id: &str, enough: impl Fn(&Answer) -> bool) {
        let heard = async {
            while !self.heard.get(id).is_some_and(&enough) {
                self.hear().await;
            }
        };
        soon("an answer", heard).await;
    }

    /// Waits until all that was sent to this socket up to now has come.
    pub(crate) async fn fence(&mut self) {
        let number = self.issued;
        self.issued += 1;
        self.awaited.insert(number, "fence".to_owned());
        self.send_text(&format!(r#"42{number}["ai-message-cancel",{{"id":"-"}}]"#))
            .await;
        self.until("fence", |fence| !fence.acks.is_empty()).await;
        let fence = self.heard.remove("fence");
        assert_eq!(fence.expect("it was heard").acks, [json!({"ok": false})]);
    }

    /// The acknowledgement of a question that named no id of its own, and all else that was heard.
    pub(crate) fn take_unnamed(&mut self, id: &str) -> (Value, Answer) {
        let mut acknowledged = self.heard.remove(id).expect("an acknowledgement");
        let others: Vec<Answer> = self.heard.drain().map(|(_, answer)| answer).collect();
        let [others] = <[Answer; 1]>::try_from(others).expect("one question");
        (acknowledged.acks.remove(0), others)
    }

    /// The next text reply to a text question.
    pub(crate) async fn next_bare(&mut self) -> Value {
        let heard = async {
            while self.bare.is_empty() {
                self.hear().await;
            }
        };
        soon("a reply", heard).await;
        self.bare.remove(0)
    }

    /// Takes one message in.
    pub(crate) async fn hear(&mut self) {
        let text = self.next_text().await;
        assert!(!text.contains(MARK), "the key is in {text}");
        assert!(!text.contains(OWN_WORDS), "{text}");
        assert!(!text.contains('\u{fffd}'), "a character was torn: {text}");
        let at = text.find('[').unwrap_or(text.len());
        let (kind, data) = text.split_at(at);
        if kind == "2" {
            return self.send_text("3").await;
        }
        let data: Value = serde_json::from_str(data).unwrap();
        if let Some(number) = kind.strip_prefix("43") {
            let id = self.awaited.remove(&number.parse().unwrap());
            // Asked for, and not yet given.
            let id = id.unwrap_or_else(|| panic!("a second acknowledgement: {text}"));
            self.heard.entry(id).or_default().acks.push(data[0].clone());
            return;
        }
        assert_eq!(kind, "42", "{text}");
        let (name, payload) = (data[0].as_str().unwrap(), &data[1]);
        if let Some(id) = payload["id"].as_str() {
            let heard = self.heard.entry(id.to_owned()).or_default();
            heard.take(name, payload);
        } else {
            assert_eq!(name, "ai-message-response");
            self.bare.push(payload.clone());
        }
    }

    /// The next text frame.
    async fn next_text(&mut self) -> String {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return text.as_str().to_owned(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("instead of a text frame came {other:?}"),
            }
        }
    }

    /// Waits until the server ends the connection; messages on the way are skipped.
    pub(crate) async fn ended(&mut self) {
        let ended = async { while let Some(Ok(_)) = self.socket.next().await {} };
        soon("the end", ended).await;
    }
}
