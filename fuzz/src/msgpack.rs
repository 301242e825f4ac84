//! `msgpack`: messages of a client that speaks MessagePack.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;
use trunkline::socketio::parser::{
    Limits, MsgpackParser, Packet, PacketKind, PacketRef, Parser, ParserError,
};
use trunkline::socketio::{Client, Config, Event};
use trunkline::wire::{Frame, Moment, SocketId};

/// What is read is JSON within the limits, which is written and read the same; and the client that
/// it is fed to neither panics nor takes what the parser does not.
pub fn msgpack(data: &[u8]) {
    let limits = Limits {
        max_bytes: 2_048,
        max_depth: 16,
    };
    let read = decode(data, &limits);
    if let Ok(packet) = &read {
        is_sound(packet, &limits);
        is_stable(packet, &limits);
    }
    is_heard(data, &read);
}

fn decode(message: &[u8], limits: &Limits) -> Result<Packet, ParserError> {
    let frame = Frame::Binary(Bytes::copy_from_slice(message));
    let packet = MsgpackParser.decoder().decode(frame, limits);
    packet.map(|packet| packet.expect("a message is a packet"))
}

fn is_sound(packet: &Packet, limits: &Limits) {
    let json = &*packet.json;
    if !json.is_empty() {
        serde_json::from_str::<&RawValue>(json).expect("JSON");
    }
    let open = json
        .bytes()
        .filter(|byte| matches!(byte, b'[' | b'{'))
        .count();
    assert!(
        open <= limits.max_depth || depth(json) <= limits.max_depth + 2,
        "{json}"
    );
    let begins = json.bytes().next();
    match packet.kind {
        PacketKind::Connect => {
            assert!(matches!(begins, None | Some(b'{')));
            assert!(packet.attachments.is_empty());
        }
        PacketKind::Disconnect => assert!(begins.is_none()),
        PacketKind::Event | PacketKind::Ack => assert_eq!(begins, Some(b'[')),
        PacketKind::ConnectError => assert!(matches!(begins, Some(b'{' | b'"'))),
    }
    if !packet.attachments.is_empty() {
        // What follows the last binary value is bounded by the message alone.
        let bytes: usize = packet.attachments.iter().map(Bytes::len).sum();
        assert!(bytes + 128 * packet.attachments.len() <= limits.max_bytes);
    }
}

/// How deeply brackets are nested outside of texts; a placeholder is one level, `[type, bytes]`
/// another.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth -= 1,
            _ => {}
        }
    }
    deepest
}

/// Objects that look like placeholders are taken for such; after once, nothing changes any more.
fn is_stable(packet: &Packet, limits: &Limits) {
    let unlimited = Limits {
        max_bytes: usize::MAX,
        max_depth: limits.max_depth + 2,
    };
    let Ok(message) = encode(packet) else {
        assert!(
            !packet.attachments.is_empty(),
            "without attachments there is no such object"
        );
        assert!(packet.json.contains("placeholder"));
        return;
    };
    let second = decode(&message, &unlimited).expect("what we write is what we read");
    if !packet.json.contains("placeholder\":true") || packet.attachments.is_empty() {
        assert_eq!(*packet, second);
    }
    let message = encode(&second).expect("again");
    let third = decode(&message, &unlimited).expect("again");
    if !second.attachments.is_empty() {
        assert_eq!(second, third);
    }
}

fn encode(packet: &Packet) -> Result<Vec<u8>, ParserError> {
    let frames = MsgpackParser.encode(PacketRef {
        kind: packet.kind,
        namespace: &packet.namespace,
        id: packet.id,
        json: &packet.json,
        attachments: &packet.attachments,
    })?;
    match frames.as_slice() {
        [Frame::Binary(message)] => Ok(message.to_vec()),
        other => panic!("{other:?}"),
    }
}

fn is_heard(data: &[u8], read: &Result<Packet, ParserError>) {
    let config = Config {
        parser: Some(MsgpackParser.into()),
        max_attachment_bytes: 2_048,
        ..Config::default()
    };
    let mut client = Client::new(Arc::new(config), Moment::new(Duration::ZERO));
    let connect = Bytes::from_static(b"\x82\xa4type\x00\xa3nsp\xa1/");
    let asked = client.handle_frame(Frame::Binary(connect));
    assert!(
        matches!(asked, Ok(Some(Event::Connect { .. }))),
        "{asked:?}"
    );
    client.accept("/", &SocketId::new("id"));
    while client.poll_send().is_some() {}
    let heard = client.handle_frame(Frame::Binary(Bytes::copy_from_slice(data)));
    // The client allows more depth than this target.
    let too_deep = matches!(read, Err(error) if error.to_string().contains("deep"));
    match heard {
        Ok(event) => {
            assert!(read.is_ok() || too_deep);
            if let Some(Event::Message { args, .. }) = event {
                args.check().expect("JSON");
            }
        }
        Err(violation) => assert!(!violation.to_string().is_empty()),
    }
}
