//! What holds for all packets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use serde::{Serialize, Serializer};

use super::MsgpackParser;
use crate::socketio::parser::{Limits, Packet, PacketRef, Parser, ParserError};
use crate::socketio::{Binary, Client, Config, Event, Namespace, Outgoing};
use crate::wire::{Frame, Moment, SocketId};

/// A value that an application may send.
#[derive(Clone, Debug)]
enum Tree {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Tree::Null => serializer.serialize_unit(),
            Tree::Bool(value) => value.serialize(serializer),
            Tree::Unsigned(number) => number.serialize(serializer),
            Tree::Signed(number) => number.serialize(serializer),
            Tree::Float(number) => number.serialize(serializer),
            Tree::Text(text) => text.serialize(serializer),
            Tree::Bytes(bytes) => Binary::from(bytes.clone()).serialize(serializer),
            Tree::List(list) => list.serialize(serializer),
            Tree::Map(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}

/// Trees with at most 10 binary values are made often enough; the others are passed over.
fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        // Numbers around the powers of two, where forms change.
        (any::<u64>(), 0..64_u32).prop_map(|(number, shift)| Tree::Unsigned(number >> shift)),
        (any::<i64>(), 0..64_u32).prop_map(|(number, shift)| Tree::Signed(number >> shift)),
        any::<f64>().prop_map(Tree::Float),
        any::<String>().prop_map(Tree::Text),
        "[ -~]{28,36}".prop_map(Tree::Text),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Tree::Bytes),
    ];
    leaf.prop_recursive(5, 60, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Tree::List),
            prop::collection::vec((any::<String>(), inner), 0..20).prop_map(Tree::Map),
        ]
    })
}

fn decode(message: Bytes) -> Result<Packet, ParserError> {
    let packet = MsgpackParser
        .decoder()
        .decode(Frame::Binary(message), &Limits::default());
    packet.map(|packet| packet.expect("a message is a packet"))
}

fn encode(packet: &Packet) -> Result<Bytes, ParserError> {
    let frames = MsgpackParser.encode(PacketRef {
        kind: packet.kind,
        namespace: &packet.namespace,
        id: packet.id,
        json: &packet.json,
        attachments: &packet.attachments,
    })?;
    match frames.as_slice() {
        [Frame::Binary(message)] => Ok(message.clone()),
        other => panic!("{other:?}"),
    }
}

/// A client in `/`.
fn client(config: Config) -> Client {
    let connect = match &config.parser {
        Some(_) => Frame::Binary(Bytes::from_static(b"\x82\xa4type\x00\xa3nsp\xa1/")),
        None => Frame::from("0"),
    };
    let mut client = Client::new(Arc::new(config), Moment::new(Duration::ZERO));
    client.handle_frame(connect).unwrap();
    client.accept("/", &SocketId::new("id"));
    client
}

/// What a client's application hears: name, JSON text, attachments and ack id.
fn heard(client: &mut Client, frames: Vec<Frame>) -> (String, String, Vec<Bytes>, Option<u64>) {
    let mut event = None;
    for frame in frames {
        event = client.handle_frame(frame).unwrap();
    }
    let Some(Event::Message {
        name, args, ack, ..
    }) = event
    else {
        panic!("{event:?}");
    };
    (
        name.to_string(),
        args.json().to_owned(),
        args.attachments().to_vec(),
        ack,
    )
}

fn unmarked(frame: Frame) -> Frame {
    match frame {
        Frame::Text(text) => Frame::from(&text[1..]),
        binary @ Frame::Binary(_) => binary,
    }
}

proptest! {
    #[test]
    fn an_event_is_the_same_in_both_formats(
        name in "[a-z\"é]{1,40}",
        arguments in prop::collection::vec(tree(), 0..4),
        id: Option<u64>,
    ) {
        let main = Namespace::from("/");
        let values: Vec<_> = arguments.iter().collect();
        let Ok(packet) = Outgoing::event(&main, &name, &(values,)) else {
            return Ok(());
        };
        let config = Config { parser: Some(MsgpackParser.into()), ..Config::default() };
        let parser = config.parser.clone().unwrap();
        let json = match id {
            Some(id) => packet.frames_with_id(id).map(unmarked).collect(),
            None => packet.frames().map(unmarked).collect(),
        };
        let msgpack = packet.foreign_frames(&parser, id).unwrap().into_owned();
        prop_assert_eq!(msgpack.len(), 1);
        let by_json = heard(&mut client(Config::default()), json);
        let by_msgpack = heard(&mut client(config), msgpack);
        prop_assert_eq!(by_json, by_msgpack);
    }

    #[test]
    fn what_was_read_is_written_and_read_the_same(mut message in prop::collection::vec(any::<u8>(), 0..60), is_data: bool) {
        if is_data {
            message = [&b"\x83\xa4type\x04\xa3nsp\xa1/\xa4data\x81\xa1x"[..], &message].concat();
        }
        if let Ok(first) = decode(message.into()) && let Ok(again) = encode(&first) {
            let second = decode(again).unwrap();
            let third = decode(encode(&second).unwrap()).unwrap();
            prop_assert_eq!(&second, &third);
            if !first.json.contains("_placeholder") {
                prop_assert_eq!(first, second);
            }
        }
    }
}
