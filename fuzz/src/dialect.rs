//! `dialect`: plain JSON frames.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use trunkline::connection::{Connection, Event as Told, PlainConfig};
use trunkline::dialect::{Incoming, Mistake, decode, encode};
use trunkline::engine::{Gone, Transmit};
use trunkline::socketio::{Args, Event, Namespace, Outgoing};
use trunkline::wire::{Frame, Moment, SocketId};

/// The byte between frames; it never stands in UTF-8.
const BETWEEN: u8 = 0xFF;

/// The most binary values in a frame here.
const MOST: usize = 4;

/// A frame is an event, an answer, a leave-taking or a mistake. What was understood and is said
/// again is understood the same; a mistake is explained in a frame that is JSON; and a connection
/// takes it all, within its limits, whether it is accepted before or after.
pub fn dialect(data: &[u8]) {
    let frames: Vec<_> = data.split(|byte| *byte == BETWEEN).collect();
    for frame in &frames {
        if let Ok(text) = std::str::from_utf8(frame) {
            match decode(&text.into(), MOST) {
                Ok(incoming) => repeat(&incoming),
                Err(mistake) => explain(&mistake),
            }
        }
    }
    let (at_once, ended) = converse(&frames, true);
    let (held, too_early) = converse(&frames, false);
    if !too_early {
        assert!(!ended, "holding forgives nothing");
        assert_eq!(at_once, held, "holding changes nothing");
    }
}

fn repeat(incoming: &Incoming) {
    let namespace = Namespace::from("/");
    let (frame, args) = match incoming {
        Incoming::Event { name, args, ack } => {
            let packet = Outgoing::event(&namespace, name, args).expect("heard, so it can be said");
            (encode::event(&packet, *ack), args)
        }
        Incoming::Ack { id, args } => {
            let packet = Outgoing::ack(&namespace, args).expect("heard, so it can be said");
            (encode::answer(*id, &packet), args)
        }
        Incoming::Disconnect => return,
    };
    assert!(args.attachments().len() <= MOST);
    assert!(args.check().is_ok());
    let Some(Frame::Text(text)) = frame else {
        panic!("{incoming:?} is not said again: {frame:?}");
    };
    let again = decode(&text, MOST).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
    match (incoming, &again) {
        (
            Incoming::Event { name, args, ack },
            Incoming::Event {
                name: called,
                args: with,
                ack: id,
            },
        ) => {
            assert_eq!((name, ack), (called, id));
            same(args, with);
        }
        (Incoming::Ack { id, args }, Incoming::Ack { id: to, args: with }) => {
            assert_eq!(id, to);
            same(args, with);
        }
        _ => panic!("{incoming:?} becomes {again:?}"),
    }
}

/// The same arguments, spelled perhaps otherwise between the values.
fn same(one: &Args, other: &Args) {
    let said = |args: &Args| {
        let packet = Outgoing::ack(&Namespace::from("/"), args).expect("arguments");
        let json: serde_json::Value = serde_json::from_str(packet.json()).expect("checked");
        (json, packet.attachments().to_vec())
    };
    // A number that is too large for `Value`, or nesting too deep, is left to the other laws.
    let is_plain = |args: &Args| {
        args.to::<trunkline::socketio::All<serde_json::Value>>()
            .is_ok()
    };
    if one.attachments().is_empty() && !is_plain(one) {
        return;
    }
    assert_eq!(said(one), said(other));
}

fn explain(mistake: &Mistake) {
    let Frame::Text(text) = encode::error(mistake, "/socket.io/") else {
        panic!("an error is text");
    };
    let frame: serde_json::Value = serde_json::from_str(&text).expect("an error frame is JSON");
    assert_eq!(frame["event"], "error");
    assert!(frame["data"]["message"].is_string() && frame["data"]["hint"].is_string());
    assert!(
        text.len() < 2_000,
        "it does not repeat what it was sent: {}",
        text.len()
    );
}

/// The names and ids of the events that the application hears, and whether this side ended it.
fn converse(frames: &[&[u8]], at_once: bool) -> (Vec<(ByteString, Option<u64>)>, bool) {
    let now = Moment::new(Duration::from_secs(1));
    let config = PlainConfig {
        max_attachments: MOST,
        ..PlainConfig::default()
    };
    let limit = config.max_held_events;
    let mut connection = Connection::plain(Arc::new(config), &[], now);
    let mut heard = Vec::new();
    let socket = SocketId::new("id");
    let (mut is_asked, mut is_left) = (false, false);
    let mut hear = |connection: &mut Connection, accept: bool| {
        let mut released = 0;
        let accepted_late = accept && is_asked;
        if accepted_late {
            connection.accept("/", &socket);
        }
        while let Some(Told::SocketIo(event)) = connection.poll_event(now) {
            match event {
                Event::Connect { .. } => {
                    assert!(!is_asked, "one CONNECT");
                    is_asked = true;
                    if accept {
                        connection.accept("/", &socket);
                    }
                }
                Event::Message { name, ack, .. } => {
                    assert!(!is_left, "nothing comes after the end");
                    released += 1;
                    heard.push((name, ack));
                }
                Event::Disconnect { .. } | Event::Abandoned { .. } => {
                    assert!(!is_left, "one end");
                    is_left = true;
                }
                Event::Ack { .. } => panic!("nobody waits"),
                Event::Unsent { error, .. } => panic!("{error}"),
            }
        }
        assert!(released <= limit.max(1));
        while let Some(transmit) = connection.poll_transmit() {
            let before = connection.queued_bytes();
            assert!(
                matches!(transmit, Transmit::Frame(_) | Transmit::Hangup(_)),
                "{before}"
            );
        }
    };
    hear(&mut connection, at_once);
    for frame in frames {
        let frame = match std::str::from_utf8(frame) {
            Ok(text) => Frame::from(text),
            Err(_) => continue,
        };
        connection.handle_frame(now, frame);
        hear(&mut connection, false);
    }
    if !at_once {
        hear(&mut connection, true);
    }
    let is_over = connection.closed().is_some();
    connection.handle_websocket_gone(Gone::Closed);
    hear(&mut connection, false);
    assert!(connection.closed().is_some());
    assert_eq!(
        (connection.queued_bytes(), connection.poll_timeout()),
        (0, None)
    );
    assert!(is_left, "the application is told of the end");
    (heard, is_over)
}
