//! Clients whose server has a parser: the rules are those of JSON packets.

use super::*;
use crate::socketio::parser::{
    Decoder, Limits, MsgpackParser, Packet, PacketKind, PacketRef, Parser, ParserError,
};

/// Hands over packets that a test makes, and writes the kind and the payload as text.
#[derive(Debug)]
struct Scripted(fn(&str) -> Result<Option<Packet>, ParserError>);

impl Parser for Scripted {
    fn encode(&self, packet: PacketRef<'_>) -> Result<Vec<Frame>, ParserError> {
        if packet.json.contains("unspeakable") {
            return Err(ParserError::new("no word for it"));
        }
        let id = packet.id.map(|id| id.to_string()).unwrap_or_default();
        if packet.json.contains("secret") {
            return Ok(Vec::new());
        }
        let text = format!("{:?} {}{id} {}", packet.kind, packet.namespace, packet.json);
        let parts = packet.attachments.iter().cloned().map(Frame::Binary);
        Ok(std::iter::once(Frame::from(text)).chain(parts).collect())
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Scripted(self.0))
    }
}

impl Decoder for Scripted {
    fn decode(&mut self, frame: Frame, _: &Limits) -> Result<Option<Packet>, ParserError> {
        match frame {
            Frame::Text(text) => (self.0)(&text),
            Frame::Binary(_) => Ok(None),
        }
    }
}

/// `kind namespace attachments json`, of which each attachment is one byte.
fn packet(text: &str) -> Result<Option<Packet>, ParserError> {
    let words: Vec<_> = text.splitn(4, ' ').collect();
    let kind = match words[0] {
        "connect" => PacketKind::Connect,
        "disconnect" => PacketKind::Disconnect,
        "event" => PacketKind::Event,
        "ack" => PacketKind::Ack,
        "error" => PacketKind::ConnectError,
        _ => return Err(ParserError::new("an unknown kind")),
    };
    Ok(Some(Packet {
        kind,
        namespace: words[1].into(),
        id: Some(7),
        json: words[3].into(),
        attachments: vec![Bytes::from_static(b"x"); words[2].parse().unwrap()],
    }))
}

fn config() -> Config {
    Config {
        parser: Some(Scripted(packet).into()),
        max_attachment_bytes: 1_000,
        max_namespace_length: 10,
        max_held_events: 1,
        max_event_length: 12,
        max_depth: 3,
        ..Config::default()
    }
}

/// A client that has joined `/`.
fn here() -> Client {
    let mut client = Client::new(Arc::new(config()), at(0));
    client.handle_frame("connect / 0 ".into()).unwrap();
    client.accept("/", &SocketId::new("id"));
    assert_eq!(
        client.poll_send(),
        Some("4Connect / {\"sid\":\"id\"}".into())
    );
    client
}

#[test]
fn packets_become_the_events_that_they_would_be_in_json() {
    let place = r#"{"_placeholder":true,"num":0}"#;
    let rows = [
        (
            "event / 0 [\"e\",1]".to_owned(),
            "message / e [1] Some(7)".to_owned(),
        ),
        (
            "event / 0 [1.0]".to_owned(),
            "message / 1 [] Some(7)".to_owned(),
        ),
        (
            format!("event / 1 [\"e\",{place}]"),
            format!("message / e [{place}] [b\"x\"] Some(7)"),
        ),
        (
            format!("event / 0 [\"e\",{place}]"),
            format!("message / e [{place}] Some(7)"),
        ),
        (
            "connect /b 0 {\"a\":1}".to_owned(),
            "connect /b Some(\"{\\\"a\\\":1}\")".to_owned(),
        ),
    ];
    for (frame, expected) in rows {
        let event = here().handle_frame(frame.as_str().into()).unwrap().unwrap();
        assert_eq!(told(&event), expected, "{frame}");
    }
}

#[test]
fn what_breaks_the_rules_of_json_packets_breaks_them_in_every_format() {
    let long = format!("event / 1 [\"e\",\"{}\"]", "x".repeat(900));
    let rows = [
        ("nonsense / 0 ", "an unknown kind"),
        ("event / 0 []", "begins with its name"),
        ("event / 0 ", "begins with its name"),
        ("event / 0 [null]", "begins with its name"),
        ("event / 0 [\"disconnect\"]", "reserved"),
        ("event /b 0 [\"e\"]", "not joined"),
        ("event /0123456789 0 [\"e\"]", "11 bytes"),
        ("event / 1 [\"e\",]", "not valid JSON"),
        (
            "event / 1 [\"e\",{\"_placeholder\":true,\"num\":1}]",
            "below 1",
        ),
        (&long, "larger than 1000"),
        ("event / 0 [\"0123456789abc\"]", "longer than 12 bytes"),
        ("event / 0 [\"e\",[[[1]]]]", "deeper than 3"),
        ("ack / 0 [[[[1]]]]", "deeper than 3"),
        ("connect /b 0 {\"a\":{\"b\":{\"c\":{}}}}", "deeper than 3"),
        ("ack / 0 {}", "a JSON array"),
        ("ack / 0 [", "not valid JSON"),
        ("connect / 0 ", "already asked for"),
        ("connect /b 0 []", "a JSON object"),
        ("connect /b 0 {", "not valid JSON"),
        ("disconnect / 0 {}", "absent"),
        ("error / 0 {}", "a CONNECT_ERROR"),
    ];
    for (frame, reason) in rows {
        let violation = here().handle_frame(frame.into()).unwrap_err();
        assert!(
            violation.to_string().contains(reason),
            "{frame}: {violation}"
        );
    }
    // Text that turns out not to be JSON is noticed by whoever reads it.
    let event = here()
        .handle_frame("event / 0 [\"e\",".into())
        .unwrap()
        .unwrap();
    let Event::Message { args, .. } = event else {
        panic!("{event:?}");
    };
    assert!(matches!(args.check(), Err(ArgsError::Syntax(_))));
}

#[test]
fn packets_are_held_until_the_client_is_in() {
    let mut client = Client::new(Arc::new(config()), at(0));
    client.handle_frame("connect / 0 ".into()).unwrap();
    assert!(
        client
            .handle_frame("event / 0 [\"e\",1]".into())
            .unwrap()
            .is_none()
    );
    assert_eq!(
        client
            .handle_frame("event / 0 [\"e\",2]".into())
            .unwrap_err(),
        Violation::TooManyHeldEvents { limit: 1 }
    );
    client.accept("/", &SocketId::new("id"));
    assert_eq!(
        told(&client.poll_event().unwrap()),
        "message / e [1] Some(7)"
    );
}

#[test]
fn everything_is_sent_through_the_parser() {
    let mut client = here();
    client.handle_frame("connect /b 0 ".into()).unwrap();
    client.refuse("/b", &ConnectError::new("no"));
    client.emit(&event("/", "e"), None, at(0)).unwrap();
    let request = AckRequest {
        id: 3,
        timeout: None,
        waiter: Waiter::new(|_| {}),
    };
    client.emit(&event("/", "e"), Some(request), at(0)).unwrap();
    let answer = Outgoing::ack_of(&"/".into(), 4, &()).unwrap();
    client.acknowledge(4, &answer).unwrap();
    client.leave("/");
    let sent: Vec<_> = std::iter::from_fn(|| client.poll_send()).collect();
    let expected = [
        "4ConnectError /b {\"message\":\"no\"}",
        "4Event / [\"e\"]",
        "4Event /3 [\"e\"]",
        "4Ack /4 []",
        "4Disconnect / ",
    ];
    assert_eq!(sent, expected.map(Frame::from));
}

#[test]
fn what_has_no_form_is_told_and_not_sent() {
    let mut client = here();
    let word = event("/", "unspeakable");
    assert_eq!(client.emit(&word, None, at(0)), Err(EmitError::Unencodable));
    let (sender, outcome) = std::sync::mpsc::channel();
    let request = AckRequest {
        id: 3,
        timeout: None,
        waiter: Waiter::new(move |outcome| sender.send(outcome.map(|_| ())).unwrap()),
    };
    assert_eq!(
        client.emit(&word, Some(request), at(0)),
        Err(EmitError::Unencodable)
    );
    let mut told_all = Vec::new();
    while let Some(event) = client.poll_event() {
        match event {
            Event::Ack { waiter, outcome } => waiter.answer(outcome),
            other => told_all.push(told(&other)),
        }
    }
    assert_eq!(told_all, ["unsent / no word for it"; 2]);
    assert_eq!(outcome.try_recv(), Ok(Err(AckError::Unencodable)));
    assert_eq!(client.poll_send(), None);
    assert_eq!(client.poll_timeout(), None);
}

#[test]
fn an_event_is_written_once_for_all_who_have_the_same_parser() {
    let (ours, theirs) = (
        Arc::new(config()),
        Arc::new(Config {
            parser: Some(MsgpackParser.into()),
            ..Config::default()
        }),
    );
    let word = event("/", "e");
    let sent = |config: &Arc<Config>| {
        let parser = config.parser.as_ref().unwrap();
        word.foreign_frames(parser, None).unwrap().into_owned()
    };
    let address = |frames: &[Frame]| match &frames[0] {
        Frame::Text(text) => text.as_ptr(),
        Frame::Binary(bytes) => bytes.as_ptr(),
    };
    assert_eq!(address(&sent(&ours)), address(&sent(&ours)));
    // Another parser's bytes are never given out.
    assert!(matches!(&sent(&theirs)[..], [Frame::Binary(_)]));
    assert_eq!(sent(&ours), [Frame::from("4Event / [\"e\"]")]);
}

#[test]
fn a_packet_without_frames_takes_no_place() {
    let mut client = here();
    let event = |name: &str, key: Option<&str>| {
        let packet = Outgoing::event(&"/".into(), name, &()).unwrap();
        packet.with_key(key.map(Into::into))
    };
    for packet in [
        event("secret", Some("key")),
        event("said", None),
        event("secret", Some("key")),
    ] {
        client.emit(&packet, None, at(0)).unwrap();
    }
    assert_eq!(client.poll_send(), Some("4Event / [\"said\"]".into()));
    assert_eq!(client.poll_send(), None);
}
