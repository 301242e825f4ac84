//! Tests of `connection::plain::ending`.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::connection::PlainConfig;
use crate::connection::plain::tests::{NOTHING, World, error_frame};
use crate::dialect;
use crate::wire::{Frame, SocketId};

#[test]
fn a_client_leaves() {
    let mut world = World::joined();
    world.emit("last", 1);
    world.ask(1, None);
    world.say(r#"{"event":"disconnect"}"#);
    world.say(r#"{"event":"more"}"#);
    assert_eq!(
        world.events(),
        [
            "1: the client has disconnected",
            "disconnect abc client namespace disconnect"
        ]
    );
    assert_eq!(world.plain.closed(), None);
    let sent = world.sent();
    assert_eq!(sent[0], r#"{"event":"last","data":1}"#);
    assert_eq!(sent[2..], ["hangup 1000"]);
    world.assert_closed(CloseReason::TransportClose);
}

#[test]
fn a_kicked_client_is_told_so() {
    let mut world = World::joined();
    world.emit("last", 1);
    world.plain.leave();
    world.plain.leave();
    world.emit("too late", 1);
    assert_eq!(
        world.events(),
        ["disconnect abc server namespace disconnect"]
    );
    assert_eq!(
        world.sent(),
        [
            r#"{"event":"last","data":1}"#,
            r#"{"event":"disconnect","data":{"reason":"server namespace disconnect"}}"#,
            "hangup 1000",
        ]
    );
    world.assert_closed(CloseReason::ForcedClose);
}

#[test]
fn a_closing_client_that_takes_nothing_is_given_up() {
    let mut world = World::joined();
    world.wait(30);
    world.emit("last", 1);
    world.plain.close();
    assert_eq!(world.events(), ["disconnect abc forced close"]);
    world.wait(14);
    world.plain.handle_pong(world.now);
    world.say(r#"{"event":"alive"}"#);
    assert_eq!(world.plain.closed(), None);
    world.wait(1);
    assert_eq!(world.sent(), ["hangup"]);
    world.assert_closed(CloseReason::ForcedClose);
}

#[test]
fn the_other_ends_have_their_codes_and_reasons() {
    type End = fn(&mut Plain);
    let io = CloseReason::TransportError(Fault::Io);
    let slow = CloseReason::TransportError(Fault::SlowConsumer);
    let large = CloseReason::TransportError(Fault::TooLarge);
    let rows: [(End, &[&str], &str, CloseReason); 6] = [
        (
            Plain::close,
            &["x", "hangup 1000"],
            "forced close",
            CloseReason::ForcedClose,
        ),
        (
            Plain::shut_down,
            &["hangup 1001"],
            "server shutting down",
            CloseReason::ForcedClose,
        ),
        (
            |plain| plain.fail(Fault::SlowConsumer),
            &["hangup"],
            "transport error",
            slow,
        ),
        (
            |plain| plain.handle_websocket_gone(Gone::Closed),
            &[],
            "transport close",
            CloseReason::TransportClose,
        ),
        (
            |plain| plain.handle_websocket_gone(Gone::Failed),
            &[],
            "transport error",
            io,
        ),
        (
            |plain| plain.handle_websocket_gone(Gone::TooLarge),
            &["hangup 1009"],
            "transport error",
            large,
        ),
    ];
    for (end, sent, disconnect, reason) in rows {
        let mut world = World::joined();
        world.emit("x", 1);
        end(&mut world.plain);
        assert_eq!(world.events(), [format!("disconnect abc {disconnect}")]);
        let last = r#"{"event":"x","data":1}"#;
        let sent: Vec<_> = sent
            .iter()
            .map(|&s| if s == "x" { last } else { s })
            .collect();
        assert_eq!(world.sent(), sent, "{disconnect}");
        world.assert_closed(reason);
    }
    for (end, .., reason) in rows {
        let mut world = World::new(&[]);
        world.emit("never told", 1);
        end(&mut world.plain);
        assert_eq!(world.events(), ["connect / None", "abandoned /"]);
        assert!(world.sent().iter().all(|sent| sent.starts_with("hangup")));
        world.assert_closed(reason);
    }
}

#[test]
fn twenty_mistakes_in_a_row_are_too_many() {
    let mut world = World::joined();
    let told = error_frame(&dialect::decode(&"mistake".into(), 0).unwrap_err());
    for _ in 0..19 {
        world.say("mistake");
    }
    assert_eq!(world.sent(), vec![told.clone(); 19]);
    world.say(r#"{"ack":5}"#);
    for _ in 0..19 {
        world.say("mistake");
    }
    assert_eq!(world.sent().len(), 19);
    assert!(world.plain.is_open());
    let binary = Frame::from(bytes::Bytes::from_static(&[1]));
    world.plain.handle_frame(world.now, binary);
    assert_eq!(world.events(), ["disconnect abc parse error"]);
    let binary = error_frame(&Mistake::Binary);
    assert_eq!(world.sent(), [binary.as_str(), "hangup 1008"]);
    world.assert_closed(CloseReason::ParseError);
}

#[test]
fn a_pong_or_any_frame_keeps_a_client_alive() {
    let mut world = World::joined();
    for sign in ["pong", r#"{"event":"a"}"#, "mistake"] {
        world.wait(25);
        assert_eq!(world.sent(), ["ping"]);
        // Even at the last moment.
        world.now = world.plain.poll_timeout().unwrap();
        match sign {
            "pong" => world.plain.handle_pong(world.now),
            frame => world.say(frame),
        }
        world.plain.handle_timeout(world.now);
        assert!(world.plain.is_open());
        world.sent();
        world.events();
    }
}

#[test]
fn silence_ends_a_client() {
    let mut world = World::joined();
    world.wait(24);
    // Unasked for, it does not delay the ping.
    world.say(r#"{"event":"a"}"#);
    world.plain.handle_pong(world.now);
    world.events();
    assert_eq!(world.sent(), NOTHING);
    world.wait(1);
    assert_eq!(world.sent(), ["ping"]);
    world.wait(19);
    assert!(world.plain.is_open());
    world.wait(1);
    assert_eq!(world.events(), ["disconnect abc ping timeout"]);
    assert_eq!(world.sent(), ["hangup"]);
    world.assert_closed(CloseReason::PingTimeout);
}

#[test]
fn silence_is_not_held_against_a_client_that_is_not_read() {
    let mut world = World::joined();
    world.wait(30);
    world.plain.pause(world.now);
    world.wait(500);
    assert_eq!(world.sent(), ["ping"]);
    world.plain.resume(world.now);
    world.wait(14);
    assert!(world.plain.is_open());
    world.wait(1);
    assert_eq!(world.events(), ["disconnect abc ping timeout"]);
}

/// One thing that may happen to a client.
fn happen(world: &mut World, what: u8) {
    match what {
        0 => world.plain.accept(&SocketId::new("abc")),
        1 => world.plain.refuse(&ConnectError::new("no")),
        2 => world.say(r#"{"event":"a","data":1,"ack":2}"#),
        3 => world.say(r#"{"event":"disconnect"}"#),
        4 => world.say("mistake"),
        5 => world.say(r#"{"ack":1}"#),
        6 => world.ask(1, Some(Duration::from_secs(7))),
        7 => world.emit("b", 1),
        8 => world.plain.handle_pong(world.now),
        9 => world.wait(10),
        10 => world.plain.pause(world.now),
        11 => world.plain.resume(world.now),
        12 => world.plain.leave(),
        13 => world.plain.close(),
        14 => world.plain.fail(Fault::Stalled),
        15 => world.plain.shut_down(),
        16 => world.plain.handle_websocket_gone(Gone::TooLarge),
        _ => world.plain.handle_websocket_gone(Gone::Closed),
    }
}

proptest! {
    /// Any history: what is said first, asked and left is said, answered and left once.
    #[test]
    fn every_history_ends_once(
        history in prop::collection::vec((prop_oneof![6 => 0_u8..12, 1 => 12_u8..18], any::<bool>()), 0..60),
    ) {
        let config = PlainConfig { max_mistakes: 4, ..PlainConfig::default() };
        let mut world = World::with(config, &[]);
        let (mut sent, mut events, mut asked) = (Vec::new(), Vec::new(), 0);
        for (what, takes_frames) in history {
            asked += usize::from(what == 6);
            happen(&mut world, what);
            events.extend(world.events());
            if takes_frames {
                sent.extend(world.sent());
            }
        }
        world.plain.resume(world.now);
        // Silence ends everything.
        world.wait(45);
        world.plain.handle_timeout(world.now);
        events.extend(world.events());
        sent.extend(world.sent());
        prop_assert!(world.plain.closed().is_some());
        prop_assert_eq!(world.plain.queued().1, 0);
        let count = |prefix: &str| events.iter().filter(|event| event.starts_with(prefix)).count();
        prop_assert_eq!(count("1: "), asked);
        let accepted = sent.iter().filter(|sent| sent.contains("\"sid\"")).count();
        prop_assert!(accepted <= 1 && count("connect /") == 1);
        prop_assert!(count("disconnect ") + count("abandoned ") <= 1);
        prop_assert!(accepted <= count("disconnect "));
        if let Some(hangup) = sent.iter().position(|sent| sent.starts_with("hangup")) {
            prop_assert_eq!(hangup + 1, sent.len());
        }
        let is_frame = |sent: &&String| sent.starts_with('{');
        if let Some(first) = sent.iter().find(is_frame) {
            let is_reply = first.contains(r#""event":"connect"#);
            prop_assert!(is_reply || first.contains("bad_frame"), "{}", first);
        }
    }
}
