//! That messages survive being written and read, and that nothing else is read as one.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::adapter::{HandshakeRecord, Outcome, Packet, RequestId, SocketRecord};
use crate::rooms::{Room, Selection};
use crate::socketio::SlowClient;
use crate::wire::SocketId;

fn room() -> impl Strategy<Value = Room> {
    ".{0,8}".prop_map(Room::from)
}

fn rooms() -> impl Strategy<Value = Vec<Room>> {
    prop::collection::vec(room(), 0..4)
}

fn selection() -> impl Strategy<Value = Selection> {
    (rooms(), rooms()).prop_map(|(rooms, except)| Selection { rooms, except })
}

fn request() -> impl Strategy<Value = RequestId> {
    ".{0,12}".prop_map(RequestId::new)
}

fn socket() -> impl Strategy<Value = SocketId> {
    "[a-zA-Z0-9_-]{1,20}".prop_map(SocketId::new)
}

fn packet() -> impl Strategy<Value = Packet> {
    let key = prop::option::of(".*".prop_map(Arc::from));
    let policy = prop::option::of(Just(SlowClient::DropOldest));
    let treatment = (any::<[bool; 2]>(), policy, key);
    (".*", ".*", selection(), treatment).prop_map(
        |(event, args, selection, ([volatile, uncompressed], policy, key))| Packet {
            event,
            args,
            selection,
            volatile,
            uncompressed,
            policy,
            key,
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        ".*".prop_map(Outcome::Values),
        Just(Outcome::Disconnected),
        Just(Outcome::TooMany),
        Just(Outcome::Unencodable),
        Just(Outcome::Dropped)
    ]
}

fn record() -> impl Strategy<Value = SocketRecord> {
    (socket(), rooms(), ".*", any::<(bool, u64)>()).prop_map(
        |(id, rooms, text, (secure, issued))| {
            let handshake = HandshakeRecord {
                url: text.clone(),
                address: secure.then(|| text.clone()),
                secure,
                issued,
                auth: json!({ "token": text }),
                ..HandshakeRecord::default()
            };
            SocketRecord {
                id,
                handshake,
                rooms,
                data: json!([text, issued, null]),
            }
        },
    )
}

fn request_or_command() -> impl Strategy<Value = Content> {
    let timeout = prop::option::of(any::<u32>().prop_map(|ms| Duration::from_millis(ms.into())));
    prop_oneof![
        packet().prop_map(Content::Emit),
        (request(), timeout, packet()).prop_map(|(request, timeout, packet)| {
            Content::EmitWithAck {
                request,
                timeout,
                packet,
            }
        }),
        (selection(), rooms()).prop_map(|(selection, rooms)| Content::Join { selection, rooms }),
        (selection(), rooms()).prop_map(|(selection, rooms)| Content::Leave { selection, rooms }),
        (selection(), any::<bool>())
            .prop_map(|(selection, close)| Content::Disconnect { selection, close }),
        (request(), selection())
            .prop_map(|(request, selection)| Content::Fetch { request, selection }),
        (prop::option::of(request()), ".*", ".*").prop_map(|(request, event, args)| {
            Content::ServerSideEmit {
                request,
                event,
                args,
            }
        }),
    ]
}

fn answer() -> impl Strategy<Value = Content> {
    let sockets = prop::collection::vec(socket(), 0..4);
    let records = prop::collection::vec(record(), 0..3);
    prop_oneof![
        (request(), sockets).prop_map(|(request, sockets)| Content::Asked { request, sockets }),
        (request(), socket(), outcome()).prop_map(|(request, socket, outcome)| {
            Content::Acknowledged {
                request,
                socket,
                outcome,
            }
        }),
        (request(), records, any::<bool>()).prop_map(|(request, sockets, more)| {
            Content::Sockets {
                request,
                sockets,
                more,
            }
        }),
        (request(), prop::option::of(".*"))
            .prop_map(|(request, args)| Content::ServerSideAnswer { request, args }),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let part = prop::collection::vec(any::<u8>(), 0..40).prop_map(Binary::from);
    let attachments = prop::collection::vec(part, 0..=MAX_ATTACHMENTS);
    let content = prop_oneof![request_or_command(), answer()];
    (".*", content, attachments).prop_map(|(namespace, content, attachments)| Message {
        namespace: namespace.into(),
        content,
        attachments,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(message in message(), from in ".{1,20}") {
        let from = NodeId::new(from);
        let bytes = message.encode(&from).unwrap();
        prop_assert_eq!(Message::decode(&bytes), Ok((from, message.clone())));
        // Other forms that serde knows do as well.
        let value = serde_json::to_value(&message).unwrap();
        prop_assert_eq!(serde_json::from_value::<Message>(value).unwrap(), message);
    }

    #[test]
    fn half_a_message_is_none(message in message(), cut in any::<prop::sample::Index>()) {
        let bytes = message.encode(&NodeId::new("a")).unwrap();
        let cut = cut.index(bytes.len());
        match Message::decode(&bytes[..cut]) {
            Err(_) => {}
            // Whole attachments may be missing; the head never.
            Ok((_, read)) => {
                prop_assert_eq!(read.content, message.content);
                prop_assert!(read.attachments.len() < message.attachments.len());
            }
        }
    }

    #[test]
    fn anything_may_be_read(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Message::decode(&bytes);
        if let Some(version) = bytes.first_mut() {
            *version = VERSION;
        }
        let _ = Message::decode(&bytes);
    }
}

fn emit(args: &str, attachments: usize, length: usize) -> Message {
    Message {
        namespace: "/".into(),
        content: Content::Emit(Packet {
            event: "e".to_owned(),
            args: args.to_owned(),
            selection: Selection::default(),
            volatile: false,
            uncompressed: false,
            policy: None,
            key: None,
        }),
        attachments: vec![vec![0; length].into(); attachments],
    }
}

#[test]
fn sizes_are_bounded() {
    let from = NodeId::new("a");
    let most = emit("[]", MAX_ATTACHMENTS, 1).encode(&from);
    assert!(most.is_ok());
    let many = emit("[]", MAX_ATTACHMENTS + 1, 1).encode(&from);
    assert_eq!(many, Err(MessageError::TooManyAttachments(11)));
    let large = emit("[]", 2, MAX_MESSAGE_BYTES / 2).encode(&from);
    assert!(matches!(large, Err(MessageError::TooLong(_))));
    let written = most.unwrap();
    let another = [&written[..], &[0; 4][..]].concat();
    let another = Message::decode(&another);
    assert_eq!(another, Err(MessageError::TooManyAttachments(11)));
    let endless = Message::decode(&vec![VERSION; MAX_MESSAGE_BYTES + 1]);
    assert!(matches!(endless, Err(MessageError::TooLong(_))));
    assert_eq!(Message::decode(&[]), Err(MessageError::Truncated));
    assert_eq!(Message::decode(b"{}"), Err(MessageError::Version(b'{')));
}

#[test]
fn arguments_are_an_array_whose_attachments_are_there() {
    let placeholder = r#"[{"_placeholder":true,"num":0}]"#;
    let rows = [
        ("[]", 0, true),
        (r#"[1,{"a":[]}]"#, 0, true),
        (placeholder, 1, true),
        ("", 0, false),
        ("{}", 0, false),
        ("[1", 0, false),
        ("[1]]", 0, false),
        (r#"[{"_placeholder":true,"num":1}]"#, 1, false),
    ];
    for (text, attachments, is_good) in rows {
        let read = emit(text, attachments, 1).args(text);
        assert_eq!(read.is_ok(), is_good, "{text}: {read:?}");
    }
}
