//! Engine.IO protocol, "Upgrade".

use super::*;

#[test]
fn a_probe_and_an_upgrade_packet_move_the_session() {
    let mut play = Play::polling();
    assert_eq!(play.session.handle_websocket(play.now), Ok(()));
    assert_eq!(play.hears("2probe"), ["WS 3probe"]);
    assert_eq!(play.session.transport(), Transport::Polling);
    assert_eq!(play.hears("5"), NOTHING);
    assert_eq!(play.session.transport(), Transport::WebSocket);
    assert_eq!(play.message("4a").as_deref(), Some("a"));
    assert_eq!(play.send("4b"), ["WS 4b"]);
}

#[test]
fn a_parked_get_is_released_by_the_probe() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.session.handle_websocket(play.now), Ok(()));
    assert_eq!(play.drain(), NOTHING);
    assert_eq!(play.hears("2probe"), ["WS 3probe", "GET 6"]);
    play.lives();
}

#[test]
fn each_get_after_the_probe_is_released() {
    let mut play = Play::proven();
    assert_eq!(play.get(), ["GET 6"]);
    assert_eq!(play.get(), ["GET 6"]);
}

#[test]
fn a_get_before_the_probe_waits() {
    let mut play = Play::candidate();
    assert_eq!(play.get(), NOTHING);
    assert_eq!(play.send("4a"), ["GET 4a"]);
}

#[test]
fn what_is_queued_during_the_probe_waits_for_the_websocket() {
    let mut play = Play::proven();
    assert_eq!(play.send("4a"), NOTHING);
    play.session.send(binary(&[1]));
    assert_eq!(play.send("4b"), NOTHING);
    assert_eq!(play.session.queued_bytes(), 5);
    assert_eq!(play.hears("5"), ["WS 4a", "WS [01]", "WS 4b"]);
    assert_eq!(play.session.queued_bytes(), 0);
}

#[test]
fn what_is_queued_during_the_probe_leaves_by_a_get_if_there_is_one() {
    let mut play = Play::proven();
    assert_eq!(play.send("4a"), NOTHING);
    assert_eq!(play.get(), ["GET 4a"]);
    assert_eq!(play.send("4b"), NOTHING);
    assert_eq!(play.hears("5"), ["WS 4b"]);
}

#[test]
fn a_get_that_still_waits_at_the_upgrade_is_released() {
    // Only possible for a caller that has not drained: nothing may be lost even so.
    let mut play = Play::proven();
    assert_eq!(play.session.handle_poll(), Ok(()));
    play.session.send("4a".into());
    assert_eq!(play.session.handle_frame(play.now, "5".into()), None);
    play.session.handle_poll_gone();
    play.lives();
    assert_eq!(play.drain(), ["WS 4a"]);

    let mut play = Play::proven();
    assert_eq!(play.session.handle_poll(), Ok(()));
    assert_eq!(play.hears("5"), ["GET 1"]);
}

#[test]
fn messages_posted_during_the_probe_are_delivered() {
    let mut play = Play::proven();
    assert_eq!(play.post("4a").0, ["a"]);
    assert_eq!(play.hears("5"), NOTHING);
    assert_eq!(play.message("4b").as_deref(), Some("b"));
}

#[test]
fn a_post_under_way_at_the_upgrade_is_given_up() {
    let mut play = Play::proven();
    assert_eq!(play.session.handle_post(), Ok(()));
    assert_eq!(play.hears("5"), NOTHING);
    assert!(!play.session.posting());
    play.session.handle_post_gone();
    play.session.handle_body(Bytes::from_static(b"4a"));
    assert_eq!(play.session.poll_message(play.now), None);
    play.lives();
}

#[test]
fn a_body_received_before_the_upgrade_is_still_delivered() {
    let mut play = Play::proven();
    assert_eq!(play.session.handle_post(), Ok(()));
    play.session.handle_body(Bytes::from_static(b"4a\x1e4b"));
    assert_eq!(play.hears("5"), NOTHING);
    assert!(play.session.posting());
    assert_eq!(play.session.poll_message(play.now), Some("a".into()));
    assert_eq!(play.session.poll_message(play.now), Some("b".into()));
    assert_eq!(play.session.poll_message(play.now), None);
}

#[test]
fn a_failed_probe_leaves_the_polling_client_alive() {
    for frame in [
        "4hi", "2", "2Probe", "3probe", "1", "0", "6", "abc", "", "bAQID",
    ] {
        for mut play in [Play::candidate(), Play::proven()] {
            assert_eq!(play.hears(frame), ["hangup"], "{frame}");
            assert_eq!(play.session.transport(), Transport::Polling);
            assert_eq!(play.hears("4more"), NOTHING);
            assert_eq!(play.get(), NOTHING);
            assert_eq!(play.send("4a"), ["GET 4a"]);
            assert_eq!(play.session.handle_websocket(play.now), Ok(()));
            play.lives();
        }
    }
}

#[test]
fn a_binary_frame_is_no_probe() {
    let mut play = Play::candidate();
    assert_eq!(play.message(binary(b"2probe")), None);
    assert_eq!(play.drain(), ["hangup"]);
    play.lives();
}

#[test]
fn an_upgrade_without_a_probe_is_refused() {
    let mut play = Play::candidate();
    assert_eq!(play.hears("5"), ["hangup"]);
    assert_eq!(play.session.transport(), Transport::Polling);
    play.lives();
}

#[test]
fn a_repeated_probe_is_answered_again() {
    let mut play = Play::proven();
    assert_eq!(play.hears("2probe"), ["WS 3probe"]);
    assert_eq!(play.hears("5"), NOTHING);
    assert_eq!(play.session.transport(), Transport::WebSocket);
}

#[test]
fn a_candidate_that_ends_leaves_the_polling_client_alive() {
    for (gone, said) in [
        (Gone::Closed, vec![]),
        (Gone::Failed, vec![]),
        (Gone::TooLarge, vec!["hangup 1009"]),
    ] {
        for mut play in [Play::candidate(), Play::proven()] {
            play.send("4a");
            assert_eq!(play.gone(gone), said);
            assert_eq!(play.get(), ["GET 4a"]);
            assert_eq!(play.session.handle_websocket(play.now), Ok(()));
            assert_eq!(play.hears("2probe"), ["WS 3probe"]);
            assert_eq!(play.hears("5"), NOTHING);
            assert_eq!(play.session.transport(), Transport::WebSocket);
        }
    }
}

#[test]
fn a_candidate_that_takes_too_long_is_hung_up() {
    for mut play in [Play::candidate(), Play::proven()] {
        assert_eq!(play.wait(9_999), NOTHING);
        assert_eq!(play.wait(1), ["hangup"]);
        assert_eq!(play.session.transport(), Transport::Polling);
        play.lives();
    }
}

#[test]
fn a_probe_does_not_prolong_the_time_to_upgrade() {
    let mut play = Play::candidate();
    play.wait(9_000);
    assert_eq!(play.hears("2probe"), ["WS 3probe"]);
    assert_eq!(play.wait(1_000), ["hangup"]);
}

#[test]
fn a_candidate_is_not_timed_while_nobody_reads() {
    let mut play = Play::proven();
    play.wait(9_999);
    play.session.pause(play.now);
    // Its `5` may be there, unread.
    assert_eq!(play.wait(5_000), NOTHING);
    play.session.resume(play.now);
    assert_eq!(play.wait(9_999), NOTHING);
    assert_eq!(play.hears("5"), NOTHING);
    assert_eq!(play.session.transport(), Transport::WebSocket);
}

#[test]
fn no_get_is_released_while_nobody_reads_the_upgrade_packet() {
    let mut play = Play::proven();
    play.session.pause(play.now);
    assert_eq!(play.get(), NOTHING);
    play.session.resume(play.now);
    assert_eq!(play.drain(), ["GET 6"]);
}

#[test]
fn a_candidate_is_timed_anew_when_reading_goes_on() {
    let mut play = Play::candidate();
    play.session.pause(play.now);
    assert_eq!(play.wait(10_000), NOTHING);
    play.session.resume(play.now);
    assert_eq!(play.wait(9_999), NOTHING);
    assert_eq!(play.wait(1), ["hangup"]);
    play.lives();
}

#[test]
fn an_upgrade_has_no_deadline_once_it_is_complete() {
    let mut play = Play::upgraded();
    assert_eq!(play.wait(24_999), NOTHING);
    play.lives();
}

#[test]
fn a_second_candidate_is_refused_and_the_first_goes_on() {
    for mut play in [Play::candidate(), Play::proven()] {
        assert_eq!(
            play.session.handle_websocket(play.now),
            Err(Refused::Probing)
        );
        assert_eq!(play.hears("2probe"), ["WS 3probe"]);
        assert_eq!(play.hears("5"), NOTHING);
        assert_eq!(play.session.transport(), Transport::WebSocket);
    }
}

#[test]
fn a_candidate_is_refused_until_the_last_one_is_hung_up() {
    let mut play = Play::candidate();
    assert_eq!(play.message("4hi"), None);
    assert_eq!(
        play.session.handle_websocket(play.now),
        Err(Refused::Probing)
    );
    assert_eq!(play.drain(), ["hangup"]);
    assert_eq!(play.session.handle_websocket(play.now), Ok(()));
}

#[test]
fn the_end_of_the_session_ends_its_candidate() {
    for mut play in [Play::candidate(), Play::proven()] {
        assert_eq!(play.post("1"), (vec![], vec!["hangup".to_owned()]));
        play.is_over(CloseReason::TransportClose);
    }
    let mut play = Play::candidate();
    play.get();
    assert_eq!(play.session.handle_poll(), Err(Overlap));
    assert_eq!(play.drain(), ["GET 1", "hangup"]);
    play.is_over(error(Fault::PollOverlap));
}
