//! Tests of `connection::plain`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::engine::{Fault, Gone};
use crate::socketio::{AckOutcome, All};

pub(super) const NOTHING: &[&str] = &[];

/// A client in virtual time.
pub(super) struct World {
    pub(super) plain: Plain,
    pub(super) now: Moment,
    outcomes: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub(super) fn new(query: &[(&str, &str)]) -> World {
        World::with(PlainConfig::default(), query)
    }

    pub(super) fn with(config: PlainConfig, query: &[(&str, &str)]) -> World {
        let own = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        let query: Vec<_> = query.iter().map(own).collect();
        let now = Moment::new(Duration::from_secs(1000));
        World {
            plain: Plain::new(Arc::new(config), &query, now),
            now,
            outcomes: Arc::default(),
        }
    }

    /// A client that was accepted, its first frame sent.
    pub(super) fn joined() -> World {
        let mut world = World::new(&[]);
        assert_eq!(world.events(), ["connect / None"]);
        world.plain.accept(&SocketId::new("abc"));
        assert_eq!(
            world.sent(),
            [r#"{"event":"connect","data":{"sid":"abc"}}"#]
        );
        world
    }

    pub(super) fn say(&mut self, frame: &str) {
        self.plain.handle_frame(self.now, frame.into());
    }

    /// Lets time pass, each deadline met when it comes.
    pub(super) fn wait(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(deadline) = self
            .plain
            .poll_timeout()
            .filter(|&deadline| deadline <= end)
        {
            assert_eq!(self.plain.closed(), None);
            self.now = deadline.max(self.now);
            self.plain.handle_timeout(self.now);
            assert!(self.plain.poll_timeout().is_none_or(|next| next > self.now));
        }
        self.now = end;
    }

    pub(super) fn emit(&mut self, name: &str, number: i32) {
        let packet = Outgoing::event(&self.plain.namespace, name, &number).unwrap();
        self.plain.emit(&packet, None, self.now);
    }

    /// Emits an event that is to be answered; the outcome goes to the world's list.
    pub(super) fn ask(&mut self, id: u64, timeout: Option<Duration>) {
        let outcomes = self.outcomes.clone();
        let waiter = Waiter::new(move |outcome: AckOutcome| {
            let outcome = match outcome {
                Ok(args) => Value::from(args.to::<All<Value>>().unwrap().0).to_string(),
                Err(error) => error.to_string(),
            };
            outcomes.lock().unwrap().push(format!("{id}: {outcome}"));
        });
        let request = AckRequest {
            id,
            timeout,
            waiter,
        };
        let packet = Outgoing::event(&"/".into(), "ask", &json!("?")).unwrap();
        self.plain.emit(&packet, Some(request), self.now);
    }

    pub(super) fn events(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.plain.poll_event() {
            events.push(match event {
                Event::Connect { namespace, auth } => {
                    format!("connect {namespace} {:?}", auth.as_deref())
                }
                Event::Message {
                    name, args, ack, ..
                } => {
                    let args = Value::from(args.to::<All<Value>>().unwrap().0);
                    format!("{name} {args} {ack:?}")
                }
                Event::Ack { waiter, outcome } => {
                    waiter.answer(outcome);
                    self.outcomes.lock().unwrap().pop().unwrap()
                }
                Event::Unsent { error, .. } => unreachable!("{error}"),
                Event::Disconnect { socket, reason, .. } => format!("disconnect {socket} {reason}"),
                Event::Abandoned { namespace } => format!("abandoned {namespace}"),
            });
        }
        events
    }

    pub(super) fn sent(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some((transmit, _)) = self.plain.poll_transmit() {
            sent.push(match transmit {
                Transmit::Frame(Frame::Text(text)) => text.to_string(),
                Transmit::Ping => "ping".to_owned(),
                Transmit::Hangup(Some(code)) => format!("hangup {code}"),
                Transmit::Hangup(None) => "hangup".to_owned(),
                other => panic!("not for this client: {other:?}"),
            });
        }
        sent
    }

    /// Asserts that it is all over, and that nothing can change it.
    pub(super) fn assert_closed(mut self, reason: CloseReason) {
        assert_eq!(self.plain.closed(), Some(&reason));
        assert!(!self.plain.is_open());
        assert_eq!(self.plain.poll_timeout(), None);
        self.plain.accept(&SocketId::new("late"));
        self.plain.refuse(&ConnectError::new("late"));
        self.say(r#"{"event":"late"}"#);
        self.say("mistake");
        self.emit("late", 1);
        self.plain.leave();
        self.plain.close();
        self.plain.fail(Fault::SlowConsumer);
        self.plain.shut_down();
        self.plain.handle_pong(self.now);
        self.plain.handle_websocket_gone(Gone::Closed);
        self.wait(1000);
        assert_eq!(self.sent(), NOTHING);
        assert_eq!(self.events(), NOTHING);
        let answer = Outgoing::ack(&self.plain.namespace, &1).unwrap();
        self.plain.acknowledge(1, &answer);
        assert_eq!(self.sent(), NOTHING);
        self.ask(9, None);
        assert_eq!(self.events(), ["9: the client has disconnected"]);
        assert_eq!(self.plain.closed(), Some(&reason));
    }
}

pub(super) fn error_frame(mistake: &Mistake) -> String {
    match encode::error(mistake, "/socket.io/") {
        Frame::Text(text) => text.to_string(),
        Frame::Binary(_) => panic!("an error frame is text"),
    }
}

#[test]
fn the_query_names_the_namespace_and_brings_the_token() {
    let rows: [(&[(&str, &str)], &str); 6] = [
        (&[], "connect / None"),
        (&[("EIO", "4"), ("nsp", "/custom")], "connect /custom None"),
        (&[("nsp", "custom")], "connect /custom None"),
        (&[("nsp", "")], "connect / None"),
        (
            &[("token", "a\"b")],
            r#"connect / Some("{\"token\":\"a\\\"b\"}")"#,
        ),
        (
            &[("token", "1"), ("token", "2")],
            r#"connect / Some("{\"token\":\"2\"}")"#,
        ),
    ];
    for (query, expected) in rows {
        let mut world = World::new(query);
        assert_eq!(world.events(), [expected], "{query:?}");
        assert_eq!(world.sent(), NOTHING);
    }
    let config = PlainConfig {
        namespace: "/main".to_owned(),
        ..PlainConfig::default()
    };
    assert_eq!(World::with(config, &[]).events(), ["connect /main None"]);
}

#[test]
fn a_namespace_with_too_long_a_name_does_not_exist() {
    let name = "/".repeat(513);
    let mut world = World::new(&[("nsp", &name)]);
    assert_eq!(world.events(), NOTHING);
    let refusal = r#"{"event":"connect_error","data":{"message":"Invalid namespace"}}"#;
    assert_eq!(world.sent(), [refusal, "hangup 1008"]);
    world.assert_closed(CloseReason::ForcedClose);
}

#[test]
fn events_and_answers_go_both_ways() {
    let mut world = World::joined();
    world.say(r#"{"event":"ai-message","data":{"prompt":"Hello AI"}}"#);
    world.say(r#"{"event":"two","args":[1,2],"ack":1}"#);
    assert_eq!(
        world.events(),
        [
            r#"ai-message [{"prompt":"Hello AI"}] None"#,
            "two [1,2] Some(1)"
        ]
    );
    world.emit("ai-message-response", 1);
    let answer = Outgoing::ack(&"/".into(), &"yes").unwrap();
    world.plain.acknowledge(1, &answer);
    world.ask(3, None);
    assert_eq!(
        world.sent(),
        [
            r#"{"event":"ai-message-response","data":1}"#,
            r#"{"ack":1,"data":"yes"}"#,
            r#"{"event":"ask","data":"?","ack":3}"#,
        ]
    );
    world.say(r#"{"ack":3,"args":[true,null]}"#);
    // Late, unknown and second answers have no effect.
    world.say(r#"{"ack":3}"#);
    world.say(r#"{"ack":4}"#);
    assert_eq!(world.events(), ["3: [true,null]"]);
    assert_eq!(world.sent(), NOTHING);
}

#[test]
fn an_answer_has_a_deadline() {
    let mut world = World::joined();
    world.ask(1, Some(Duration::from_secs(5)));
    world.ask(2, Some(Duration::from_secs(3)));
    world.ask(3, None);
    world.ask(3, None);
    assert_eq!(world.events(), ["3: the acknowledgement id was used again"]);
    world.wait(2);
    assert_eq!(world.events(), NOTHING);
    world.wait(1);
    assert_eq!(world.events(), ["2: operation has timed out"]);
    world.wait(2);
    assert_eq!(world.events(), ["1: operation has timed out"]);
    world.plain.leave();
    assert_eq!(
        world.events(),
        [
            "3: the client has disconnected",
            "disconnect abc server namespace disconnect"
        ]
    );
}

#[test]
fn a_client_owes_only_so_many_answers() {
    let config = PlainConfig {
        max_pending_acks: 1,
        ..PlainConfig::default()
    };
    let mut world = World::with(config, &[]);
    world.plain.accept(&SocketId::new("abc"));
    world.ask(1, None);
    world.ask(2, None);
    assert_eq!(
        world.events(),
        [
            "connect / None",
            "2: the client owes too many acknowledgements"
        ]
    );
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn packets_for_another_namespace_are_not_sent() {
    let mut world = World::joined();
    let elsewhere = Namespace::from("/custom");
    let event = Outgoing::event(&elsewhere, "a", &1).unwrap();
    world.plain.emit(&event, None, world.now);
    world
        .plain
        .acknowledge(1, &Outgoing::ack(&elsewhere, &1).unwrap());
    assert_eq!(world.sent(), NOTHING);
}

#[test]
fn a_broadcast_is_encoded_once() {
    let packet = Outgoing::event(&"/".into(), "a", &1).unwrap();
    let address = |world: &mut World| {
        world.plain.emit(&packet, None, world.now);
        match world.plain.poll_transmit() {
            Some((Transmit::Frame(Frame::Text(text)), _)) => text.as_bytes().as_ptr(),
            other => panic!("a text frame: {other:?}"),
        }
    };
    assert_eq!(address(&mut World::joined()), address(&mut World::joined()));
}

#[test]
fn what_comes_before_the_decision_is_held_in_order() {
    let mut world = World::new(&[]);
    world.say(r#"{"event":"one"}"#);
    world.emit("early", 1);
    world.say("mistake");
    world.say(r#"{"event":"two","data":2,"ack":0}"#);
    assert_eq!(world.events(), ["connect / None"]);
    assert_eq!(world.sent(), NOTHING);
    world.plain.accept(&SocketId::new("abc"));
    assert_eq!(world.events(), ["one [] None", "two [2] Some(0)"]);
    let sent = world.sent();
    assert_eq!(
        sent[..2],
        [
            r#"{"event":"connect","data":{"sid":"abc"}}"#,
            r#"{"event":"early","data":1}"#
        ]
    );
    assert!(sent[2].contains("bad_frame"), "{sent:?}");
    assert_eq!(sent.len(), 3);
}

#[test]
fn a_client_may_leave_before_the_decision_and_is_heard_first() {
    let mut world = World::new(&[]);
    world.say(r#"{"event":"fire"}"#);
    world.say(r#"{"event":"disconnect"}"#);
    world.say(r#"{"event":"too late"}"#);
    world.plain.accept(&SocketId::new("abc"));
    assert_eq!(
        world.events(),
        [
            "connect / None",
            "fire [] None",
            "disconnect abc client namespace disconnect"
        ]
    );
    let connect = r#"{"event":"connect","data":{"sid":"abc"}}"#;
    assert_eq!(world.sent(), [connect, "hangup 1000"]);
    world.assert_closed(CloseReason::TransportClose);
}

#[test]
fn only_so_much_is_held() {
    let event = r#"{"event":"a","data":"1234567"}"#;
    let by_events = PlainConfig {
        max_held_events: 3,
        ..PlainConfig::default()
    };
    let by_bytes = PlainConfig {
        // The name, and the array around the argument.
        max_held_bytes: 3 * (1 + 11),
        ..PlainConfig::default()
    };
    for (config, limit, unit) in [(by_events, 3, "events"), (by_bytes, 36, "bytes")] {
        let mut world = World::with(config, &[]);
        world.say(event);
        world.say(event);
        world.say(event);
        assert!(world.plain.is_open());
        world.say(event);
        assert_eq!(world.events(), ["connect / None", "abandoned /"]);
        let error = error_frame(&Mistake::TooEarly { limit, unit });
        assert_eq!(world.sent(), [error.as_str(), "hangup 1008"]);
        world.assert_closed(CloseReason::ParseError);
    }
}

#[test]
fn a_refused_client_is_told_why_and_hung_up() {
    let mut world = World::new(&[]);
    world.say(r#"{"event":"held"}"#);
    world.emit("early", 1);
    world.ask(1, None);
    let error =
        ConnectError::new("not authorized").with_data(serde_json::json!({ "content": "retry" }));
    world.plain.refuse(&error);
    assert_eq!(
        world.events(),
        ["connect / None", "1: the client has disconnected"]
    );
    let data = r#"{"message":"not authorized","data":{"content":"retry"}}"#;
    let frame = format!(r#"{{"event":"connect_error","data":{data}}}"#);
    assert_eq!(world.sent(), [frame.as_str(), "hangup 1008"]);
    world.assert_closed(CloseReason::ForcedClose);
}

#[test]
fn a_decision_that_does_not_come_is_a_refusal() {
    let mut world = World::new(&[]);
    world.wait(44);
    world.plain.handle_pong(world.now);
    assert_eq!(world.sent(), ["ping"]);
    assert!(world.plain.is_open());
    world.wait(1);
    assert_eq!(world.events(), ["connect / None", "abandoned /"]);
    let frame =
        r#"{"event":"connect_error","data":{"message":"the server did not decide in time"}}"#;
    assert_eq!(world.sent(), [frame, "hangup 1008"]);
    world.assert_closed(CloseReason::ForcedClose);
}

#[test]
fn a_second_decision_has_no_effect() {
    let mut world = World::joined();
    world.plain.refuse(&ConnectError::new("no"));
    world.plain.accept(&SocketId::new("other"));
    assert_eq!(world.sent(), NOTHING);
    assert_eq!(world.plain.socket(), Some(&SocketId::new("abc")));
    world.wait(10);
    assert!(world.plain.is_open());
}

#[test]
fn queued_bytes_are_those_of_the_frames() {
    let mut world = World::joined();
    world.emit("a", 1);
    world.emit("a", 1);
    assert_eq!(
        world.plain.queued().1,
        2 * r#"{"event":"a","data":1}"#.len()
    );
    world.sent();
    assert_eq!(world.plain.queued().1, 0);
}

#[test]
fn what_is_kept_is_copied_out_of_the_frame() {
    let is_inside = |text: &str, frame: &Frame| match frame {
        Frame::Text(whole) => whole.as_bytes().as_ptr_range().contains(&text.as_ptr()),
        Frame::Binary(_) => false,
    };
    let event = Frame::from(r#"{"event":"early","args":["kept"]}"#);
    let mut plain = Plain::new(Arc::default(), &[], Moment::default());
    plain.handle_frame(Moment::default(), event.clone());
    plain.accept(&SocketId::new("abc"));
    plain.handle_frame(Moment::default(), event.clone());
    let mut found = Vec::new();
    while let Some(told) = plain.poll_event() {
        if let Event::Message { name, args, .. } = told {
            found.push((is_inside(&name, &event), is_inside(args.json(), &event)));
        }
    }
    // The first one was held; the second is passed on at once.
    assert_eq!(found, [(false, false), (true, true)]);

    let request = AckRequest {
        id: 7,
        timeout: None,
        waiter: Waiter::new(drop),
    };
    let packet = Outgoing::event(&"/".into(), "ask", &()).unwrap();
    plain.emit(&packet, Some(request), Moment::default());
    let answer = Frame::from(r#"{"ack":7,"args":["kept"]}"#);
    plain.handle_frame(Moment::default(), answer.clone());
    let Some(Event::Ack {
        outcome: Ok(args), ..
    }) = plain.poll_event()
    else {
        panic!("no answer");
    };
    assert_eq!(args.to(), Ok(("kept".to_owned(),)));
    assert!(!is_inside(args.json(), &answer));
}
