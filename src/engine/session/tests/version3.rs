//! Sessions of version 3: what differs is who pings, and what bodies and frames look like.

use super::*;
use crate::engine::encoding::{BinaryForm, Callback};

pub(super) const BYTES: Encoding = Encoding::V3 {
    binary: BinaryForm::Bytes,
    jsonp: None,
};
const BASE64: Encoding = Encoding::V3 {
    binary: BinaryForm::Base64,
    jsonp: None,
};
pub(super) const JSONP: Encoding = Encoding::V3 {
    binary: BinaryForm::Base64,
    jsonp: Some(Callback(3)),
};

fn open(transport: Transport, encoding: Encoding) -> Play {
    let now = Moment::new(Duration::from_secs(100));
    let config = Arc::new(Config::default());
    let session = Session::open_in(&Sid::new("abc"), transport, encoding, config, now);
    Play { session, now }
}

/// A session on polling whose open packet has been fetched.
pub(super) fn polling(encoding: Encoding) -> Play {
    let mut play = open(Transport::Polling, encoding);
    assert_eq!(play.get().len(), 1);
    play
}

pub(super) fn websocket(encoding: Encoding) -> Play {
    let mut play = open(Transport::WebSocket, encoding);
    assert_eq!(play.drain().len(), 1);
    play
}

const BINARY: &[u8] = &[1, 2, 3, 4];

fn queue(play: &mut Play, frames: &[Frame]) {
    for frame in frames {
        play.session.send(frame.clone());
    }
}

#[test]
fn the_handshake_is_written_in_the_sessions_form() {
    let json = r#"0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    for (encoding, body) in [
        (BYTES, format!("GET {}:{json}", json.len())),
        (
            JSONP,
            format!(
                r#"GET ___eio[3]("{}:{}");"#,
                json.len(),
                json.replace('"', r#"\""#)
            ),
        ),
    ] {
        let mut play = open(Transport::Polling, encoding);
        assert_eq!(play.get(), [body]);
    }
    let mut play = open(Transport::WebSocket, BYTES);
    let json = json.replace(r#""websocket""#, "");
    assert_eq!(play.drain(), [format!("WS {json}")]);
}

#[test]
fn binary_goes_out_as_the_client_takes_it() {
    let frames = [Frame::Binary(Bytes::from_static(BINARY)), "4hello".into()];
    let mut play = polling(BYTES);
    queue(&mut play, &frames);
    assert_eq!(play.session.handle_poll(), Ok(()));
    let expected = Bytes::from_static(b"\x01\x05\xff\x04\x01\x02\x03\x04\x00\x06\xff4hello");
    let given = play.session.poll_transmit();
    assert_eq!(given, Some(Transmit::Poll(Body::Binary(expected))));
    for (encoding, body) in [
        (BASE64, "GET 10:b4AQIDBA==6:4hello"),
        (JSONP, r#"GET ___eio[3]("10:b4AQIDBA==6:4hello");"#),
    ] {
        let mut play = polling(encoding);
        queue(&mut play, &frames);
        assert_eq!(play.get(), [body]);
    }
    for (encoding, first) in [
        (BYTES, "WS [04, 01, 02, 03, 04]"),
        (BASE64, "WS b4AQIDBA=="),
    ] {
        let mut play = websocket(encoding);
        queue(&mut play, &frames);
        assert_eq!(play.drain(), [first, "WS 4hello"]);
    }
}

#[test]
fn bodies_are_read_in_the_sessions_form() {
    for (encoding, body, messages) in [
        (
            BYTES,
            Body::Text("6:4hello10:b4AQIDBA==".into()),
            ["hello", "[01, 02, 03, 04]"],
        ),
        (
            BYTES,
            Body::Binary(Bytes::from_static(
                b"\x00\x06\xff4hello\x01\x05\xff\x04\x01\x02\x03\x04",
            )),
            ["hello", "[01, 02, 03, 04]"],
        ),
        (
            JSONP,
            Body::Text("d=6%3A4hello10%3Ab4AQIDBA%3D%3D".into()),
            ["hello", "[01, 02, 03, 04]"],
        ),
    ] {
        let mut play = polling(encoding);
        assert_eq!(play.session.handle_post(), Ok(()));
        play.session.handle_body(body);
        for message in messages {
            let given = play.session.poll_message(play.now).map(in_words);
            assert_eq!(given.as_deref(), Some(message));
        }
        assert_eq!(play.session.poll_message(play.now), None);
        assert!(play.session.is_open());
    }
}

#[test]
fn a_malformed_body_ends_the_session_after_its_good_packets() {
    let mut play = polling(BYTES);
    let (messages, _) = play.post("2:4a9:4b");
    assert_eq!(messages, ["a"]);
    assert_eq!(play.session.closed(), Some(&PROTOCOL_ERROR));

    let mut play = Play::polling();
    assert_eq!(play.session.handle_post(), Ok(()));
    play.session
        .handle_body(Body::Binary(Bytes::from_static(b"4a")));
    assert_eq!(play.session.poll_message(play.now), None);
    assert_eq!(
        play.session.closed(),
        Some(&PROTOCOL_ERROR),
        "version 4 has no such body"
    );
}

#[test]
fn the_client_pings_and_gets_no_data_back() {
    let mut play = websocket(BYTES);
    for ping in ["2", "2x", "2probe"] {
        assert_eq!(play.hears(ping), ["WS 3"], "{ping}");
    }
    let mut play = polling(BYTES);
    play.post("1:2");
    assert_eq!(play.get(), ["GET 1:3"]);
    play.post("1:21:21:2");
    assert_eq!(
        play.get(),
        ["GET 1:3"],
        "one pong answers all that came before it left"
    );
    let mut play = polling(JSONP);
    play.post("d=1:2");
    assert_eq!(play.get(), [r#"GET ___eio[3]("1:3");"#]);
}

#[test]
fn a_pong_from_the_client_is_the_wrong_way_round() {
    let mut play = websocket(BYTES);
    assert_eq!(play.hears("3"), ["hangup"]);
    let direction = CloseReason::TransportError(Fault::HeartbeatDirection);
    assert_eq!(play.session.closed(), Some(&direction));
}

#[test]
fn only_pings_keep_a_session_alive() {
    let seconds = Duration::from_secs;
    let mut play = websocket(BYTES);
    assert_eq!(play.session.poll_timeout(), Some(play.now + seconds(45)));
    play.now = play.now + seconds(40);
    play.hears("2");
    assert_eq!(play.session.poll_timeout(), Some(play.now + seconds(45)));
    let ping = play.now;
    play.now = play.now + seconds(44);
    let message = play.session.handle_frame(play.now, "4x".into());
    assert_eq!(message, Some("x".into()));
    assert_eq!(play.session.poll_timeout(), Some(ping + seconds(45)));
    play.now = ping + seconds(45);
    play.session.handle_timeout(play.now);
    assert_eq!(play.session.closed(), Some(&CloseReason::PingTimeout));
    assert_eq!(play.drain(), ["hangup"]);
}

#[test]
fn nobody_is_late_who_is_not_read() {
    let seconds = Duration::from_secs;
    let mut play = websocket(BYTES);
    play.now = play.now + seconds(5);
    play.session.pause(play.now);
    assert_eq!(play.session.poll_timeout(), None);
    play.now = play.now + seconds(100);
    play.session.handle_timeout(play.now);
    assert!(play.session.is_open());
    play.session.resume(play.now);
    assert_eq!(play.session.poll_timeout(), Some(play.now + seconds(40)));
}

#[test]
fn endings_are_written_in_the_sessions_form() {
    for (encoding, noop, close, both) in [
        (BYTES, "GET 1:6", "GET 1:1", "GET 1:61:1"),
        (
            JSONP,
            r#"GET ___eio[3]("1:6");"#,
            r#"GET ___eio[3]("1:1");"#,
            r#"GET ___eio[3]("1:61:1");"#,
        ),
    ] {
        let mut play = polling(encoding);
        assert_eq!(play.get(), NOTHING);
        play.session.close(play.now);
        assert_eq!(play.drain(), [close]);

        let mut play = polling(encoding);
        play.session.close(play.now);
        assert_eq!(play.get(), [both]);

        let mut play = polling(encoding);
        assert_eq!(play.get(), NOTHING);
        let leave = if encoding == JSONP { "d=1:1" } else { "1:1" };
        assert_eq!(play.post(leave).1, [noop]);
        assert_eq!(play.session.closed(), Some(&CloseReason::TransportClose));
    }
}

#[test]
fn a_websocket_brings_its_own_form_of_binary() {
    for (encoding, candidate, sent) in [
        (BASE64, BYTES, "WS [04, 01]"),
        (JSONP, BYTES, "WS [04, 01]"),
        (BYTES, BASE64, "WS b4AQ=="),
    ] {
        let mut play = polling(encoding);
        assert_eq!(
            play.session.handle_websocket_in(play.now, candidate),
            Ok(())
        );
        assert_eq!(play.get(), NOTHING);
        let noop = if encoding == JSONP {
            r#"GET ___eio[3]("1:6");"#
        } else {
            "GET 1:6"
        };
        assert_eq!(play.hears("2probe"), ["WS 3probe", noop]);
        queue(&mut play, &[Frame::Binary(Bytes::from_static(&[1]))]);
        assert_eq!(play.hears("5"), [sent]);
        assert_eq!(play.session.transport(), Transport::WebSocket);
    }
}

#[test]
fn a_candidate_that_fails_leaves_the_form_as_it_was() {
    let mut play = polling(BASE64);
    assert_eq!(play.session.handle_websocket_in(play.now, BYTES), Ok(()));
    assert_eq!(play.hears("4x"), ["hangup"]);
    queue(&mut play, &[Frame::Binary(Bytes::from_static(&[1]))]);
    assert_eq!(play.get(), ["GET 6:b4AQ=="]);
}
