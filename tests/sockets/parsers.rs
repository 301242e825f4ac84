//! Servers with another wire format: MessagePack, and one of the application's own.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use trunkline::socketio::parser::{
    Decoder, Limits, MsgpackParser, Packet, PacketKind, PacketRef, Parser, ParserError,
};
use trunkline::{AckError, AnswerError, Args, Binary, Error, Frame, Io, Socket};

use super::client::{Http, Polling, WEBSOCKET, Ws, log, within};
use super::host::serve_io;

/// Every byte is masked with 0x55: a packet is one binary message `kind namespace id json`, followed
/// by one for each attachment and an empty one. No words can be said that begin with "un".
#[derive(Debug)]
struct Masked;

#[derive(Debug, Default)]
struct Unmasking(Option<Packet>);

const KINDS: [PacketKind; 5] = [
    PacketKind::Connect,
    PacketKind::Disconnect,
    PacketKind::Event,
    PacketKind::Ack,
    PacketKind::ConnectError,
];

fn mask(bytes: &[u8]) -> Bytes {
    bytes.iter().map(|byte| byte ^ 0x55).collect()
}

impl Parser for Masked {
    fn encode(&self, packet: PacketRef<'_>) -> Result<Vec<Frame>, ParserError> {
        if packet.json.starts_with("[\"un") {
            return Err(ParserError::new("there is no word for it"));
        }
        let kind = KINDS.iter().position(|kind| *kind == packet.kind).unwrap();
        let id = packet.id.map_or("-".to_owned(), |id| id.to_string());
        let text = format!("{kind} {} {id} {}", packet.namespace, packet.json);
        let mut frames = vec![Frame::Binary(mask(text.as_bytes()))];
        frames.extend(
            packet
                .attachments
                .iter()
                .map(|part| Frame::Binary(mask(part))),
        );
        frames.push(Frame::Binary(Bytes::new()));
        Ok(frames)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Unmasking::default())
    }
}

impl Decoder for Unmasking {
    fn decode(&mut self, frame: Frame, limits: &Limits) -> Result<Option<Packet>, ParserError> {
        let malformed = || ParserError::new("kind namespace id json");
        let Frame::Binary(message) = frame else {
            return Err(malformed());
        };
        match &mut self.0 {
            Some(_) if message.is_empty() => return Ok(self.0.take()),
            Some(packet) => packet.attachments.push(mask(&message)),
            None => {
                let text = String::from_utf8(mask(&message).to_vec()).map_err(|_| malformed())?;
                let words: Vec<_> = text.splitn(4, ' ').collect();
                let [kind, namespace, id, json] = words[..] else {
                    return Err(malformed());
                };
                let kind = kind.parse().ok().and_then(|kind: usize| KINDS.get(kind));
                self.0 = Some(Packet {
                    kind: *kind.ok_or_else(malformed)?,
                    namespace: namespace.into(),
                    id: id.parse().ok(),
                    json: json.into(),
                    attachments: Vec::new(),
                });
            }
        }
        match self.0.as_ref().map(Packet::weight) {
            Some(weight) if weight > limits.max_bytes => Err(ParserError::new("too large")),
            _ => Ok(None),
        }
    }
}

/// Echoes, asks back, and says what cannot be said.
fn io(parser: impl Parser) -> Io {
    let io = Io::builder().parser(parser).build();
    io.of("/")
        .on(
            "echo",
            async |socket: Socket, args: Args| -> Result<(), Error> {
                socket.emit("echo", args)?;
                Ok(())
            },
        )
        .on("size", async |(Binary(bytes),): (Binary,)| {
            Ok::<_, Error>(bytes.len())
        });
    io
}

/// A WebSocket on which binary messages are sent and received.
struct Masking(tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>);

impl Masking {
    async fn join(address: std::net::SocketAddr) -> Masking {
        let mut ws = Http::connect(address).await.upgrade(WEBSOCKET, &[]).await;
        assert!(ws.next().await.starts_with('0'));
        let mut client = Masking(ws.into_inner());
        client.send(&[b"0 / - "]).await;
        let answer = client.receive().await;
        assert!(answer[0].starts_with(b"0 / - {\"sid\":"), "{answer:?}");
        client
    }

    async fn send(&mut self, parts: &[&[u8]]) {
        for part in parts {
            within(self.0.feed(Message::Binary(mask(part))))
                .await
                .unwrap();
        }
        within(self.0.send(Message::Binary(Bytes::new())))
            .await
            .unwrap();
    }

    /// The parts of the next packet.
    async fn receive(&mut self) -> Vec<Bytes> {
        let mut parts = Vec::new();
        loop {
            match within(self.0.next()).await {
                Some(Ok(Message::Binary(part))) if part.is_empty() => return parts,
                Some(Ok(Message::Binary(part))) => parts.push(mask(&part)),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_parser_of_ones_own_carries_everything() {
    let place = r#"{"_placeholder":true,"num":0}"#;
    let address = serve_io(&io(Masked)).await;
    let mut client = Masking::join(address).await;
    let event = format!("2 / - [\"echo\",{place},\"ü\"]");
    client.send(&[event.as_bytes(), b"\x01\x02"]).await;
    assert_eq!(client.receive().await, [event.as_bytes(), b"\x01\x02"]);
    client
        .send(&[format!("2 / 7 [\"size\",{place}]").as_bytes(), &[0; 300]])
        .await;
    assert_eq!(client.receive().await, [&b"3 / 7 [300]"[..]]);
    client.send(&[b"0 /nobody - "]).await;
    assert_eq!(
        client.receive().await,
        [&b"4 /nobody - {\"message\":\"Invalid namespace\"}"[..]]
    );
}

#[tokio::test]
async fn a_packet_without_a_form_is_not_sent_and_its_waiter_is_told() {
    let (teller, mut log) = log();
    let io = io(Masked);
    io.of("/")
        .on("try", async move |socket: Socket| -> Result<(), Error> {
            socket.emit("unspeakable", ())?;
            let asked = socket.emit_with_ack::<()>("unheard-of", ()).await;
            let is_told = matches!(asked, Err(AnswerError::Ack(AckError::Unencodable)));
            teller.tell(format!("told: {is_told}"));
            socket.emit("after", ())?;
            Ok(())
        });
    let mut client = Masking::join(serve_io(&io).await).await;
    client.send(&[b"2 / - [\"try\"]"]).await;
    log.expect("told: true").await;
    assert_eq!(client.receive().await, [&b"2 / - [\"after\"]"[..]]);
}

#[tokio::test]
async fn messagepack_goes_over_long_polling_and_text_ends_the_connection() {
    let address = serve_io(&io(MsgpackParser)).await;
    let mut polling = Polling::open(address).await;
    // `{type: 0, nsp: "/"}`, then `{type: 2, nsp: "/", data: ["echo", 7]}`.
    polling
        .send("bgqR0eXBlAKNuc3ChLw==\x1ebg6R0eXBlAqNuc3ChL6RkYXRhkqRlY2hvBw==")
        .await;
    let mut packets = polling.receive().await;
    if !packets.contains('\x1e') {
        packets = packets + "\x1e" + &polling.receive().await;
    }
    let (welcome, echo) = packets.split_once('\x1e').unwrap();
    assert!(
        welcome.starts_with("bg6R0eXBlAKRkYXRhgaNzaWS0"),
        "{welcome}"
    );
    assert_eq!(echo, "bg6R0eXBlAqRkYXRhkqRlY2hvB6Nuc3ChLw==");

    let mut ws = Ws::open(address).await;
    ws.send("40").await;
    assert_eq!(ws.closed().await, None);
}
