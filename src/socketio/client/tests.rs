//! Histories of one client, in virtual time.

mod foreign;
mod histories;
mod kept;
mod laws;
mod older;

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::socketio::acks::AckRequest;
use crate::socketio::outgoing::Outgoing;
use crate::socketio::{Args, ArgsError, AttachmentError, MARK, Namespace, Waiter};
use crate::wire::SocketId;

/// A client without joined namespaces.
fn fresh() -> Client {
    Client::new(Arc::new(Config::default()), at(0))
}

/// A client in the namespaces given, the replies already sent.
fn joined(namespaces: &[&str]) -> Client {
    let mut client = fresh();
    for namespace in namespaces {
        client
            .handle_frame(format!("0{namespace},").into())
            .unwrap();
        client.accept(namespace, &SocketId::new(format!("id{namespace}")));
    }
    while client.poll_send().is_some() {}
    client
}

fn at(seconds: u64) -> Moment {
    Moment::new(Duration::from_secs(seconds))
}

fn part(bytes: &'static [u8]) -> Frame {
    Frame::Binary(Bytes::from_static(bytes))
}

fn event(namespace: &str, name: &str) -> Outgoing {
    Outgoing::event(&namespace.into(), name, &()).unwrap()
}

/// One line for an event; its arguments are read as far as their bytes.
fn told(event: &Event) -> String {
    match event {
        Event::Connect { namespace, auth } => format!("connect {namespace} {auth:?}"),
        Event::Message {
            namespace,
            name,
            args,
            ack,
        } => {
            format!("message {namespace} {name} {} {ack:?}", shown(args))
        }
        Event::Ack {
            outcome: Ok(args), ..
        } => format!("ack {}", shown(args)),
        Event::Ack {
            outcome: Err(error),
            ..
        } => format!("ack {error:?}"),
        Event::Disconnect {
            namespace,
            socket,
            reason,
        } => {
            format!("disconnect {namespace} {socket} {reason}")
        }
        Event::Unsent { namespace, error } => format!("unsent {namespace} {error}"),
        Event::Abandoned { namespace } => format!("abandoned {namespace}"),
    }
}

fn shown(args: &Args) -> String {
    let json = crate::socketio::Outgoing::ack(&"/".into(), args)
        .unwrap()
        .json()
        .to_string();
    match args.attachments() {
        [] => json,
        attachments => format!("{json} {attachments:?}"),
    }
}

/// Feeds a message and drains all events; the violation, if any, is the last line.
/// A packet as a client hears it: the transport has taken its mark off.
fn arriving(packet: &Outgoing, id: Option<u64>) -> Vec<Frame> {
    let frames: Vec<Frame> = id.map_or_else(
        || packet.frames().collect(),
        |id| packet.frames_with_id(id).collect(),
    );
    let unmarked = |frame| match frame {
        Frame::Text(text) => Frame::from(text.strip_prefix(MARK).unwrap()),
        binary @ Frame::Binary(_) => binary,
    };
    frames.into_iter().map(unmarked).collect()
}

fn feed(client: &mut Client, frame: impl Into<Frame>) -> Vec<String> {
    match client.handle_frame(frame.into()) {
        Ok(event) => event.iter().map(told).chain(events(client)).collect(),
        Err(violation) => vec![format!("{violation:?}")],
    }
}

fn events(client: &mut Client) -> Vec<String> {
    std::iter::from_fn(|| client.poll_event())
        .map(|event| told(&event))
        .collect()
}

fn sends(client: &mut Client) -> Vec<Frame> {
    std::iter::from_fn(|| client.poll_send()).collect()
}

fn nobody(id: u64, timeout: Option<u64>) -> Option<AckRequest> {
    let timeout = timeout.map(Duration::from_secs);
    Some(AckRequest {
        id,
        timeout,
        waiter: Waiter::new(|_| ()),
    })
}

#[test]
fn every_invalid_input_is_a_violation() {
    // Reference: socket.io 4.8 and socket.io-parser 4.2.7 close the connection for all of these.
    for text in [
        "",
        "7",
        "9",
        "a",
        "2{}",
        "2\"a\"",
        "2[\"a\"",
        "2[]",
        "2[null]",
        "2[true]",
        "2[{}]",
        "2[\"connect\"]",
        "2[\"disconnecting\"]",
        "30{}",
        "1{}",
        "1[]",
        "0/x,[]",
        "0/x,\"a\"",
        "0/x,null",
        "2abc[\"x\"]",
        "2-1[\"a\"]",
        "0admin",
        "5-[\"a\"]",
        "50-[\"a\"]",
        "51[\"a\"]",
        "51.5-[\"a\"]",
        "5-1-[\"a\"]",
        "511-[\"a\"]",
        "2 1[\"a\"]",
        "2",
        "3",
        "2[\"a\",]",
        "2[\"a\"] x",
        "2[\"a\",1}",
        "30[1",
        "51-[\"a\",}",
        "0/x,{\"a\"",
    ] {
        let mut client = joined(&["/"]);
        let violation = match client.handle_frame(text.into()) {
            Err(violation) => violation,
            Ok(Some(Event::Message { args, .. })) => match args.check() {
                Err(ArgsError::Syntax(error)) => Violation::Syntax(error),
                other => panic!("{text}: {other:?}"),
            },
            Ok(other) => panic!("{text}: {other:?}"),
        };
        assert!(!violation.is_state(), "{text}: {violation:?}");
    }
}

#[test]
fn a_valid_packet_at_the_wrong_time_is_a_violation_of_state() {
    for text in [
        "2/x,[\"a\"]",
        "3/x,0[]",
        "1/x,",
        "51-/x,[\"a\"]",
        "61-/x,0[]",
        "0",
        "0/,",
        "0{}",
        "4{\"message\":\"a\"}",
        "4\"a\"",
        "2/X,[\"a\"]",
        "2//,[\"a\"]",
    ] {
        let violation = joined(&["/"]).handle_frame(text.into()).unwrap_err();
        assert!(violation.is_state(), "{text}: {violation:?}");
    }
    assert!(
        fresh()
            .handle_frame("2[\"a\"]".into())
            .unwrap_err()
            .is_state()
    );
}

#[test]
fn attachments_and_texts_keep_their_order_or_the_connection_ends() {
    let mut client = joined(&["/"]);
    let violation = client.handle_frame(part(b"x")).unwrap_err();
    assert_eq!(violation, AttachmentError::Unannounced.into());

    let mut client = joined(&["/"]);
    assert!(feed(&mut client, r#"52-["a"]"#).is_empty());
    assert!(feed(&mut client, part(b"x")).is_empty());
    let violation = client.handle_frame("2[\"b\"]".into()).unwrap_err();
    assert_eq!(
        violation,
        AttachmentError::Interrupted { missing: 1 }.into()
    );

    for num in ["1", "-1", "\"0\"", "0.5", "null"] {
        let mut client = joined(&["/"]);
        let header = format!(r#"51-["a",[{{"_placeholder":true,"num":{num}}}]]"#);
        assert!(feed(&mut client, header).is_empty());
        let violation = client.handle_frame(part(b"x")).unwrap_err();
        assert!(
            matches!(violation, Violation::Placeholder(_)),
            "{num}: {violation:?}"
        );
    }
}

#[test]
fn binary_packets_become_plain_events_and_answers() {
    let mut client = joined(&["/", "/custom"]);
    assert!(
        feed(
            &mut client,
            r#"52-/custom,3["a",{"_placeholder":true,"num":1}]"#
        )
        .is_empty()
    );
    assert!(feed(&mut client, part(b"x")).is_empty());
    // Passed on, the only attachment in use is the first.
    let message = r#"message /custom a [{"_placeholder":true,"num":0}] [b"x", b"y"] Some(3)"#;
    assert_eq!(feed(&mut client, part(b"y")), [message]);

    client
        .emit(&event("/", "q"), nobody(7, None), at(0))
        .unwrap();
    assert!(feed(&mut client, r#"61-7[{"_placeholder":true,"num":0}]"#).is_empty());
    let ack = r#"ack [{"_placeholder":true,"num":0}] [b"z"]"#;
    assert_eq!(feed(&mut client, part(b"z")), [ack]);
}

#[test]
fn the_bytes_of_a_half_received_packet_are_limited() {
    let config = Config {
        max_attachment_bytes: 10,
        ..Config::default()
    };
    let mut client = Client::new(Arc::new(config), at(0));
    feed(&mut client, "0");
    client.accept("/", &SocketId::new("id"));
    let violation = client.handle_frame(r#"51-["abcdefg"]"#.into()).unwrap_err();
    assert_eq!(violation, AttachmentError::TooLarge { limit: 10 }.into());
    assert!(feed(&mut client, r#"52-["a"]"#).is_empty());
    assert!(feed(&mut client, part(b"123")).is_empty());
    let violation = client.handle_frame(part(b"123")).unwrap_err();
    assert_eq!(violation, AttachmentError::TooLarge { limit: 10 }.into());
}

#[test]
fn namespaces_and_owed_answers_are_limited() {
    let config = Config {
        max_namespaces: 2,
        max_pending_acks: 2,
        ..Config::default()
    };
    let mut client = Client::new(Arc::new(config), at(0));
    feed(&mut client, "0");
    feed(&mut client, "0/a,");
    let violation = client.handle_frame("0/b,".into()).unwrap_err();
    assert_eq!(violation, Violation::TooManyNamespaces { limit: 2 });

    assert_eq!(
        client.emit(&event("/", "a"), nobody(0, None), at(0)),
        Ok(())
    );
    assert_eq!(
        client.emit(&event("/a", "a"), nobody(0, None), at(0)),
        Ok(())
    );
    sends(&mut client);
    let refused = client.emit(&event("/", "a"), nobody(1, None), at(0));
    assert_eq!(refused, Err(EmitError::TooManyAcks));
    assert_eq!(events(&mut client), ["ack TooMany"]);
    assert!(sends(&mut client).is_empty());
}

#[test]
fn nobody_waits_for_an_answer_that_is_forgotten() {
    let mut client = joined(&["/", "/a"]);
    for namespace in ["/", "/a"] {
        let packet = event(namespace, "e");
        client.emit(&packet, nobody(7, Some(1)), at(0)).unwrap();
    }
    client.forget("/a", 7);
    client.forget("/a", 8);
    client.forget("/b", 7);
    assert_eq!(client.pending_acks(), 1);
    assert!(feed(&mut client, "3/a,7[1]").is_empty());
    client.handle_timeout(at(1));
    assert_eq!(events(&mut client), ["ack TimedOut"], "the other one's");
    assert_eq!(client.poll_timeout(), None);
}

#[test]
fn what_is_held_is_limited_over_all_namespaces() {
    let config = Config {
        max_held_events: 2,
        max_held_bytes: 20,
        ..Config::default()
    };
    let mut client = Client::new(Arc::new(config), at(0));
    feed(&mut client, "0");
    feed(&mut client, "0/a,");
    assert!(feed(&mut client, "2[\"a\"]").is_empty());
    let violation = client
        .handle_frame("2[\"a\",1234567890]".into())
        .unwrap_err();
    assert_eq!(violation, Violation::TooManyHeldBytes { limit: 20 });
    assert!(feed(&mut client, "2/a,[\"a\"]").is_empty());
    let violation = client.handle_frame("1".into()).unwrap_err();
    assert_eq!(violation, Violation::TooManyHeldEvents { limit: 2 });
}

#[test]
fn reasons_and_refusals_are_spelled_as_in_the_reference() {
    use DisconnectReason as R;
    let rows = [
        (R::ClientNamespaceDisconnect, "client namespace disconnect"),
        (R::ServerNamespaceDisconnect, "server namespace disconnect"),
        (R::ServerShuttingDown, "server shutting down"),
        (R::PingTimeout, "ping timeout"),
        (R::TransportClose, "transport close"),
        (R::TransportError, "transport error"),
        (R::ParseError, "parse error"),
        (R::ForcedClose, "forced close"),
        (R::ForcedServerClose, "forced server close"),
    ];
    for (reason, text) in rows {
        assert_eq!(reason.to_string(), text);
    }
    assert_eq!(
        ConnectError::new("no \"x\"").to_json(),
        r#"{"message":"no \"x\""}"#
    );
    let error = ConnectError::new("not authorized")
        .with_data(serde_json::json!({ "content": "retry" }))
        .with_cause("the token has expired");
    let json = r#"{"message":"not authorized","data":{"content":"retry"}}"#;
    assert_eq!(error.to_json(), json);
}
