//! `socketio_packet`: what a client says after Engine.IO, attachments included.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use serde_json::value::RawValue;
use trunkline::socketio::{
    Args, Client, Config, DisconnectReason, Event, Namespace, Outgoing, Violation,
};
use trunkline::wire::{Frame, Moment, SocketId};

/// The byte between frames; it never stands in UTF-8.
const BETWEEN: u8 = 0xFF;

/// What was heard of an event: where, its name, its arguments as they would be sent again, its id.
type Heard = (Namespace, ByteString, Vec<Frame>, Option<u64>);

/// The limits hold; an event that was heard and is sent on is heard the same by the next; events
/// that were held until the client was let in are those that it would have been heard saying
/// afterwards; and a client that broke the rules is told of its end and says nothing more.
pub fn socketio_packet(data: &[u8]) {
    let frames: Vec<_> = data.split(|byte| *byte == BETWEEN).map(frame).collect();
    let (direct, violation) = listen(&frames, true);
    let (held, too_early) = listen(&frames, false);
    if too_early.is_none() {
        assert_eq!(violation, None, "holding forgives nothing");
        assert_eq!(direct, held, "holding changes nothing");
    }
    for (namespace, name, frames, ack) in direct {
        hears_the_same(&namespace, &name, &frames, ack);
    }
}

/// A chunk is binary if it begins with 0x01 or is no UTF-8.
fn frame(chunk: &[u8]) -> Frame {
    match (chunk.first(), std::str::from_utf8(chunk)) {
        (Some(1), _) => Frame::Binary(Bytes::copy_from_slice(&chunk[1..])),
        (_, Ok(text)) => Frame::from(text),
        (_, Err(_)) => Frame::Binary(Bytes::copy_from_slice(chunk)),
    }
}

fn config() -> Config {
    Config {
        max_attachments: 4,
        max_attachment_bytes: 4_096,
        max_namespaces: 4,
        max_namespace_length: 64,
        ..Config::default()
    }
}

/// Feeds the frames to a client in `/`: what the application hears of valid events, and what ended
/// it. A client that is not let in at once is let in after the last frame.
fn listen(frames: &[Frame], at_once: bool) -> (Vec<Heard>, Option<Violation>) {
    let now = Moment::new(Duration::from_secs(1));
    let config = config();
    let mut client = Client::new(Arc::new(config.clone()), now);
    let mut ear = Ear {
        at_once,
        asked: Vec::new(),
        joined: Vec::new(),
        heard: Vec::new(),
    };
    let mut violation = None;
    for frame in [Frame::from("0")].iter().chain(frames) {
        match client.handle_frame(frame.clone()) {
            Ok(event) => ear.hear(event, &mut client, &config),
            Err(found) => {
                violation = Some(found);
                break;
            }
        }
        // A client that leaves and comes back while it is not in breaks a rule; one that is in
        // does not. That is the one difference, and it is not looked at.
    }
    for namespace in std::mem::take(&mut ear.asked) {
        client.accept(&namespace, &SocketId::new(format!("{namespace}#1")));
        ear.joined.push(namespace);
        ear.hear(None, &mut client, &config);
    }
    client.handle_close(DisconnectReason::TransportClose);
    ear.hear(None, &mut client, &config);
    assert!(ear.joined.is_empty(), "{:?} were not told", ear.joined);
    assert_eq!(client.poll_send(), None, "nothing is said after the end");
    assert!(matches!(client.handle_frame("2[\"x\"]".into()), Ok(None)));
    ear.heard.sort_by(|one, other| one.0.cmp(&other.0));
    (ear.heard, violation)
}

struct Ear {
    at_once: bool,
    asked: Vec<Namespace>,
    joined: Vec<Namespace>,
    heard: Vec<Heard>,
}

impl Ear {
    fn hear(&mut self, first: Option<Event>, client: &mut Client, config: &Config) {
        let mut next = first.or_else(|| client.poll_event());
        while let Some(event) = next {
            self.take(event, client, config);
            while client.poll_send().is_some() {}
            next = client.poll_event();
        }
    }

    fn take(&mut self, event: Event, client: &mut Client, config: &Config) {
        match event {
            Event::Connect { namespace, auth } => {
                if let Some(auth) = auth {
                    // A number may be too large for a `Value`.
                    serde_json::from_str::<&RawValue>(&auth).expect("checked");
                    assert!(auth.starts_with('{'));
                }
                assert!(namespace.len() <= config.max_namespace_length);
                if self.at_once {
                    let socket = SocketId::new(format!("{namespace}#1"));
                    client.accept(&namespace, &socket);
                    self.joined.push(namespace);
                } else {
                    self.asked.push(namespace);
                }
                assert!(self.joined.len() + self.asked.len() <= config.max_namespaces);
            }
            Event::Message {
                namespace,
                name,
                args,
                ack,
            } => self.message(namespace, name, &args, ack, config),
            Event::Disconnect { namespace, .. } => {
                let at = self.joined.iter().position(|joined| *joined == namespace);
                self.joined.remove(at.expect("it was in"));
            }
            Event::Abandoned { namespace } => self.asked.retain(|asked| *asked != namespace),
            Event::Ack { .. } => panic!("nobody waits"),
            Event::Unsent { error, .. } => panic!("{error}"),
        }
    }

    fn message(
        &mut self,
        namespace: Namespace,
        name: ByteString,
        args: &Args,
        ack: Option<u64>,
        config: &Config,
    ) {
        assert!(self.joined.contains(&namespace));
        assert!(args.attachments().len() <= config.max_attachments);
        let bytes: usize = args.attachments().iter().map(Bytes::len).sum();
        assert!(bytes <= config.max_attachment_bytes);
        assert_eq!(args.check().is_ok(), args.detach().check().is_ok());
        if args.check().is_ok() {
            let packet =
                Outgoing::event(&namespace, &name, args).expect("heard, so it can be said");
            assert_eq!(packet.name(), Some(&*name));
            let frames = frames_of(&packet, ack);
            self.heard.push((namespace, name, frames, ack));
        } else {
            assert!(
                args.attachments().is_empty(),
                "text with attachments is checked before"
            );
        }
    }
}

/// The packet's frames without the transport's mark.
fn frames_of(packet: &Outgoing, id: Option<u64>) -> Vec<Frame> {
    let frames: Vec<Frame> = match id {
        Some(id) => packet.frames_with_id(id).collect(),
        None => packet.frames().collect(),
    };
    let unmarked = |frame| match frame {
        Frame::Text(text) => Frame::from(text.strip_prefix('4').expect("a message")),
        binary @ Frame::Binary(_) => binary,
    };
    frames.into_iter().map(unmarked).collect()
}

/// The event is sent on to a server like this one.
fn hears_the_same(namespace: &Namespace, name: &str, frames: &[Frame], ack: Option<u64>) {
    let connect = match &**namespace {
        "/" => Frame::from("0"),
        other => Frame::from(format!("0{other},")),
    };
    let now = Moment::new(Duration::from_secs(1));
    let mut client = Client::new(Arc::new(config()), now);
    let connected = client.handle_frame(connect);
    assert!(
        matches!(connected, Ok(Some(Event::Connect { .. }))),
        "{connected:?}"
    );
    client.accept(namespace, &SocketId::new("id"));
    let mut heard = None;
    for frame in frames {
        let event = client
            .handle_frame(frame.clone())
            .expect("what we say is what we hear");
        assert!(heard.is_none(), "one event");
        heard = event;
    }
    let Some(Event::Message {
        namespace: there,
        name: called,
        args,
        ack: id,
    }) = heard
    else {
        panic!("{heard:?}");
    };
    assert_eq!((&there, &*called, id), (namespace, name, ack));
    let packet = Outgoing::event(&there, &called, &args).expect("heard, so it can be said");
    let again: Vec<_> = frames_of(&packet, id);
    assert_eq!(again, frames);
}
