//! Every way out: Engine.IO protocol, "Disconnection", and the reference's graceful close.

use super::*;

#[test]
fn a_client_that_posts_a_close_packet_leaves() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.post("1"), (vec![], vec!["GET 6".to_owned()]));
    play.is_over(CloseReason::TransportClose);
}

#[test]
fn a_close_packet_drops_the_rest_of_its_body() {
    let mut play = Play::polling();
    assert_eq!(play.post("4a\x1e1\x1e4b\x1ex").0, ["a"]);
    play.is_over(CloseReason::TransportClose);
}

#[test]
fn a_close_from_within_a_body_drops_its_rest() {
    let mut play = Play::polling();
    assert_eq!(play.session.handle_post(), Ok(()));
    play.session
        .handle_body(Bytes::from_static(b"4a\x1e4b\x1ex"));
    assert_eq!(play.session.poll_message(play.now), Some("a".into()));
    play.session.close(play.now);
    assert_eq!(play.session.poll_message(play.now), None);
    assert!(!play.session.posting());
    assert!(play.session.is_closing());
    assert_eq!(play.get(), ["GET 6|1"]);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn a_close_answers_the_parked_get() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.close(), ["GET 1"]);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn a_close_without_a_get_waits_for_the_next_one() {
    let mut play = Play::polling();
    assert_eq!(play.close(), NOTHING);
    assert_eq!(play.session.closed(), None);
    assert!(play.session.is_closing() && !play.session.is_open());
    assert_eq!(play.wait(29_999), NOTHING);
    assert_eq!(play.get(), ["GET 6|1"]);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn a_close_gives_up_after_its_wait() {
    for queued in [false, true] {
        let mut play = Play::polling();
        if queued {
            play.send("4a");
        }
        play.close();
        assert_eq!(play.wait(29_999), NOTHING);
        assert_eq!(play.session.closed(), None);
        assert_eq!(play.wait(1), NOTHING);
        play.is_over(CloseReason::ForcedClose);
    }
}

#[test]
fn a_close_lets_queued_packets_leave_first() {
    let mut play = Play::polling();
    play.send("4a");
    play.send("4b");
    assert_eq!(play.close(), NOTHING);
    assert_eq!(play.get(), ["GET 4a|4b"]);
    assert!(play.session.is_closing());
    assert_eq!(play.get(), ["GET 6|1"]);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn a_close_right_behind_a_send_lets_the_parked_get_take_the_packet() {
    let mut play = Play::polling();
    play.get();
    play.session.send("4a".into());
    assert_eq!(play.close(), ["GET 4a"]);
    assert_eq!(play.get(), ["GET 6|1"]);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn a_close_on_a_websocket_sends_what_is_queued_and_hangs_up() {
    for mut play in [Play::websocket(), Play::upgraded()] {
        play.session.send("4a".into());
        play.session.send("4b".into());
        assert_eq!(play.close(), ["WS 4a", "WS 4b", "hangup"]);
        play.is_over(CloseReason::ForcedClose);
    }
    let mut play = Play::websocket();
    assert_eq!(play.close(), ["hangup"]);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn a_websocket_that_takes_no_more_frames_is_hung_up_after_the_close_wait() {
    let mut play = Play::websocket();
    play.session.send("4a".into());
    play.session.close(play.now);
    let by = play.session.poll_timeout().unwrap();
    assert_eq!(by, play.now + Duration::from_secs(30));
    play.session.handle_timeout(by);
    assert_eq!(play.drain(), ["hangup"]);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn while_closing_nothing_is_sent_and_nothing_is_delivered() {
    let mut play = Play::polling();
    play.close();
    assert_eq!(play.send("4a"), NOTHING);
    assert_eq!(play.session.queued_bytes(), 0);
    assert_eq!(play.post("4a\x1e2\x1ex"), (vec![], vec![]));
    assert!(play.session.is_closing());
    assert_eq!(play.wait(26_000), NOTHING);
    assert_eq!(play.get(), ["GET 6|1"]);
}

#[test]
fn while_closing_the_client_may_still_leave() {
    let mut play = Play::polling();
    play.close();
    assert_eq!(play.post("1"), (vec![], vec![]));
    play.is_over(CloseReason::TransportClose);
}

#[test]
fn a_second_close_changes_nothing() {
    let mut play = Play::polling();
    play.close();
    play.wait(10_000);
    play.close();
    assert_eq!(play.wait(20_000), NOTHING);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn a_close_while_probing_goes_to_the_polling_side() {
    for mut play in [Play::candidate(), Play::proven()] {
        play.send("4a");
        assert_eq!(play.close(), NOTHING);
        assert_eq!(play.get(), ["GET 4a"]);
        assert_eq!(play.get(), ["GET 6|1", "hangup"]);
        play.is_over(CloseReason::ForcedClose);
    }
    let mut play = Play::candidate();
    play.get();
    assert_eq!(play.close(), ["GET 1", "hangup"]);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn an_upgrade_while_closing_completes_and_is_hung_up() {
    let mut play = Play::proven();
    play.send("4a");
    play.close();
    assert_eq!(play.hears("5"), ["WS 4a", "hangup"]);
    play.is_over(CloseReason::ForcedClose);

    let mut play = Play::candidate();
    play.close();
    assert_eq!(play.hears("2probe"), ["WS 3probe"]);
    assert_eq!(play.hears("5"), ["hangup"]);
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn a_candidate_that_takes_too_long_is_hung_up_while_closing() {
    let mut play = Play::candidate();
    play.close();
    assert_eq!(play.wait(10_000), ["hangup"]);
    assert_eq!(play.get(), ["GET 6|1"]);
}

#[test]
fn a_closing_session_takes_no_candidate() {
    let mut play = Play::polling();
    play.close();
    assert_eq!(
        play.session.handle_websocket(play.now),
        Err(Refused::NotOpen)
    );
    assert_eq!(play.get(), ["GET 6|1"]);
}

#[test]
fn a_shutdown_ends_everything_at_once() {
    let mut play = Play::polling();
    play.get();
    play.session.shut_down();
    assert_eq!(play.drain(), ["GET 1"]);
    play.is_over(CloseReason::ForcedClose);

    for mut play in [Play::websocket(), Play::upgraded(), Play::proven()] {
        play.session.send("4a".into());
        play.session.shut_down();
        assert_eq!(play.drain(), ["hangup"]);
        play.is_over(CloseReason::ForcedClose);
    }

    let mut play = Play::polling();
    play.send("4a");
    play.close();
    play.session.shut_down();
    play.is_over(CloseReason::ForcedClose);
}

#[test]
fn a_failure_is_told_on_the_wire() {
    let reason = error(Fault::SlowConsumer);
    let mut play = Play::polling();
    play.get();
    play.session.fail(reason);
    assert_eq!(play.drain(), ["GET 1"]);
    play.is_over(reason);

    let mut play = Play::websocket();
    play.session.send("4a".into());
    play.session.fail(reason);
    assert_eq!(play.drain(), ["hangup"]);
    play.is_over(reason);
}

#[test]
fn an_overlap_while_closing_is_an_error_too() {
    let mut play = Play::polling();
    play.close();
    assert_eq!(play.session.handle_post(), Ok(()));
    assert_eq!(play.session.handle_post(), Err(Overlap));
    play.is_over(error(Fault::PostOverlap));
}

#[test]
fn reasons_have_the_names_of_the_reference() {
    for (reason, name, description) in [
        (CloseReason::TransportClose, "transport close", None),
        (CloseReason::PingTimeout, "ping timeout", None),
        (CloseReason::ParseError, "parse error", None),
        (CloseReason::ForcedClose, "forced close", None),
        (
            error(Fault::PollOverlap),
            "transport error",
            Some("overlap from client"),
        ),
        (
            error(Fault::PostOverlap),
            "transport error",
            Some("data request overlap from client"),
        ),
        (
            error(Fault::PollGone),
            "transport error",
            Some("poll connection closed prematurely"),
        ),
        (
            error(Fault::PostGone),
            "transport error",
            Some("data request connection closed prematurely"),
        ),
        (
            error(Fault::InvalidContent),
            "transport error",
            Some("invalid content"),
        ),
        (
            error(Fault::HeartbeatDirection),
            "transport error",
            Some("invalid heartbeat direction"),
        ),
    ] {
        assert_eq!((reason.as_str(), reason.description()), (name, description));
    }
}
