//! Engine.IO protocol, "WebSocket".

use super::*;

#[test]
fn a_frame_is_a_message() {
    let mut play = Play::websocket();
    for (frame, message) in [
        (text("4hello"), "hello"),
        (text("4"), ""),
        (text("bAQIDBA=="), "[01, 02, 03, 04]"),
        (binary(&[4, 3]), "[04, 03]"),
        (binary(&[]), "[]"),
    ] {
        assert_eq!(
            play.message(frame.clone()).as_deref(),
            Some(message),
            "{frame:?}"
        );
    }
    assert_eq!(play.drain(), NOTHING);
    play.lives();
}

#[test]
fn frames_leave_one_by_one_in_order() {
    let mut play = Play::websocket();
    play.session.send("4a".into());
    play.session.send(binary(&[1]));
    play.session.send("4b".into());
    assert_eq!(play.drain(), ["WS 4a", "WS [01]", "WS 4b"]);
}

#[test]
fn a_malformed_frame_ends_the_session() {
    for frame in ["", "abc", "7", "x4"] {
        let mut play = Play::websocket();
        assert_eq!(play.hears(frame), ["hangup"]);
        play.is_over(PROTOCOL_ERROR);
    }
}

#[test]
fn packets_without_a_meaning_are_ignored() {
    let mut play = Play::websocket();
    for frame in ["0", "3", "3probe", "5", "6"] {
        assert_eq!(play.hears(frame), NOTHING);
    }
    play.lives();
}

#[test]
fn a_ping_of_the_client_goes_the_wrong_way() {
    for frame in ["2", "2probe"] {
        let mut play = Play::websocket();
        assert_eq!(play.hears(frame), ["hangup"]);
        play.is_over(error(Fault::HeartbeatDirection));
    }
}

#[test]
fn a_close_packet_ends_the_session_at_once() {
    let mut play = Play::websocket();
    assert_eq!(play.hears("1"), ["hangup"]);
    play.is_over(CloseReason::TransportClose);
}

#[test]
fn the_end_of_the_websocket_ends_the_session() {
    for (gone, said, reason) in [
        (Gone::Closed, vec![], CloseReason::TransportClose),
        (Gone::Failed, vec![], error(Fault::Io)),
        (Gone::TooLarge, vec!["hangup 1009"], error(Fault::TooLarge)),
    ] {
        for mut play in [Play::websocket(), Play::upgraded()] {
            assert_eq!(play.gone(gone), said);
            play.is_over(reason);
        }
    }
}

#[test]
fn polling_requests_are_refused_and_harm_nothing() {
    for mut play in [Play::websocket(), Play::upgraded()] {
        assert_eq!(play.session.handle_poll(), Err(Overlap));
        assert_eq!(play.session.handle_post(), Err(Overlap));
        play.session.handle_poll_gone();
        play.session.handle_post_gone();
        play.session.handle_invalid_content();
        assert_eq!(play.drain(), NOTHING);
        play.lives();
    }
}

#[test]
fn a_second_websocket_is_refused_and_the_first_goes_on() {
    for mut play in [Play::websocket(), Play::upgraded()] {
        assert_eq!(
            play.session.handle_websocket(play.now),
            Err(Refused::Upgraded)
        );
        assert_eq!(play.drain(), NOTHING);
        assert_eq!(play.message("4a").as_deref(), Some("a"));
        play.lives();
    }
}
