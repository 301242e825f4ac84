//! Engine.IO protocol, "HTTP long-polling", and the reference's rules for requests at one time.

use super::*;

#[test]
fn a_get_waits_until_there_is_something_to_say() {
    let mut play = Play::polling();
    assert_eq!(play.get(), NOTHING);
    assert!(play.session.is_polling_parked());
    assert_eq!(play.send("4a"), ["GET 4a"]);
    assert!(!play.session.is_polling_parked());
}

#[test]
fn everything_queued_leaves_in_one_body_in_order() {
    let mut play = Play::polling();
    play.send("4a");
    play.session.send(binary(&[1, 2, 3, 4]));
    play.send("4");
    assert_eq!(play.get(), ["GET 4a|bAQIDBA==|4"]);
    assert_eq!(play.get(), NOTHING);
}

#[test]
fn queued_bytes_count_what_is_queued_in_wire_form() {
    let mut play = Play::polling();
    play.send("4é");
    play.session.send(binary(&[1, 2, 3, 4]));
    assert_eq!(play.session.queued_bytes(), 7);
    play.get();
    assert_eq!(play.session.queued_bytes(), 0);

    let mut play = Play::websocket();
    play.session.send("4abc".into());
    play.session.send(binary(&[]));
    assert_eq!(play.session.queued_bytes(), 4);
    assert!(play.session.poll_transmit().is_some());
    assert_eq!(play.session.queued_bytes(), 0);
    assert!(!play.session.writable());
    assert!(play.session.poll_transmit().is_some());
    assert!(play.session.writable());
}

#[test]
fn polling_is_writable_while_a_get_is_parked_and_nothing_is_queued() {
    let mut play = Play::polling();
    assert!(!play.session.writable());
    play.get();
    assert!(play.session.writable());
    play.session.send("4a".into());
    assert!(!play.session.writable());
}

#[test]
fn the_messages_of_a_post_come_in_order() {
    let mut play = Play::polling();
    let (messages, said) = play.post("4a\x1e4\x1ebAQIDBA==\x1e4😀");
    assert_eq!(messages, ["a", "", "[01, 02, 03, 04]", "😀"]);
    assert_eq!(said, NOTHING);
    play.lives();
}

#[test]
fn a_post_is_under_way_until_its_body_is_used_up() {
    let mut play = Play::polling();
    assert_eq!(play.session.handle_post(), Ok(()));
    assert!(play.session.posting());
    play.session.handle_body(Bytes::from_static(b"4a"));
    assert!(play.session.poll_message(play.now).is_some());
    assert!(play.session.posting());
    assert_eq!(play.session.poll_message(play.now), None);
    assert!(!play.session.posting());
}

#[test]
fn a_get_and_a_post_may_be_under_way_together() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.post("4a").0, ["a"]);
    assert!(play.session.is_polling_parked());
    play.lives();
}

#[test]
fn a_second_get_ends_the_session_and_releases_the_first() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.session.handle_poll(), Err(Overlap));
    assert_eq!(play.drain(), ["GET 1"]);
    play.is_over(error(Fault::PollOverlap));
}

#[test]
fn a_second_post_ends_the_session() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.session.handle_post(), Ok(()));
    assert_eq!(play.session.handle_post(), Err(Overlap));
    assert!(!play.session.posting());
    assert_eq!(play.drain(), ["GET 1"]);
    play.session.handle_body(Bytes::from_static(b"4a"));
    assert_eq!(play.session.poll_message(play.now), None);
    play.is_over(error(Fault::PostOverlap));
}

#[test]
fn a_post_behind_one_whose_messages_wait_is_an_overlap() {
    let mut play = Play::polling();
    assert_eq!(play.session.handle_post(), Ok(()));
    play.session.handle_body(Bytes::from_static(b"4a"));
    assert_eq!(play.session.handle_post(), Err(Overlap));
    play.is_over(error(Fault::PostOverlap));
}

#[test]
fn a_dropped_get_ends_the_session() {
    let mut play = Play::polling();
    play.get();
    play.session.handle_poll_gone();
    assert_eq!(play.drain(), NOTHING);
    play.is_over(error(Fault::PollGone));
}

#[test]
fn a_get_that_was_answered_may_go() {
    let mut play = Play::polling();
    play.session.handle_poll_gone();
    play.lives();
}

#[test]
fn a_dropped_post_ends_the_session() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.session.handle_post(), Ok(()));
    play.session.handle_post_gone();
    assert_eq!(play.drain(), ["GET 1"]);
    play.is_over(error(Fault::PostGone));
}

#[test]
fn a_post_that_was_received_may_go() {
    let mut play = Play::polling();
    assert_eq!(play.session.handle_post(), Ok(()));
    play.session.handle_body(Bytes::from_static(b"4a\x1e4b"));
    play.session.handle_post_gone();
    assert_eq!(play.session.poll_message(play.now), Some("a".into()));
    assert_eq!(play.session.poll_message(play.now), Some("b".into()));
    play.lives();
}

#[test]
fn a_post_that_was_refused_leaves_the_session_alive() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.session.handle_post(), Ok(()));
    play.session.handle_post_refused();
    assert!(!play.session.posting());
    assert_eq!(play.drain(), NOTHING);
    assert_eq!(play.post("4a").0, ["a"]);
    play.lives();
}

#[test]
fn a_body_without_a_post_is_ignored() {
    let mut play = Play::polling();
    play.session.handle_body(Bytes::from_static(b"4a"));
    assert_eq!(play.session.poll_message(play.now), None);
    play.lives();
}

#[test]
fn content_of_an_older_protocol_ends_the_session() {
    for begun in [false, true] {
        let mut play = Play::polling();
        play.get();
        if begun {
            assert_eq!(play.session.handle_post(), Ok(()));
        }
        play.session.handle_invalid_content();
        assert_eq!(play.drain(), ["GET 1"]);
        play.is_over(error(Fault::InvalidContent));
    }
}

#[test]
fn messages_before_a_malformed_packet_are_delivered_and_none_after_it() {
    let mut play = Play::polling();
    play.get();
    let (messages, said) = play.post("4a\x1e4b\x1ex\x1e4c");
    assert_eq!(
        (messages, said),
        (vec!["a".into(), "b".into()], vec!["GET 1".to_owned()])
    );
    play.is_over(PROTOCOL_ERROR);
}

#[test]
fn malformed_bodies_end_the_session() {
    for body in ["", "abc", "\x1e", "4a\x1e", "7"] {
        let mut play = Play::polling();
        play.post(body);
        play.is_over(PROTOCOL_ERROR);
    }
}

#[test]
fn a_body_is_decoded_lazily() {
    let mut play = Play::polling();
    assert_eq!(play.session.handle_post(), Ok(()));
    play.session.handle_body(Bytes::from_static(b"4a\x1ex"));
    assert_eq!(play.session.poll_message(play.now), Some("a".into()));
    play.lives();
    assert_eq!(play.session.poll_message(play.now), None);
    play.is_over(PROTOCOL_ERROR);
}

#[test]
fn a_ping_of_the_client_goes_the_wrong_way() {
    for body in ["2", "2probe", "2\x1e4a"] {
        let mut play = Play::polling();
        play.get();
        assert_eq!(play.post(body), (vec![], vec!["GET 1".to_owned()]));
        play.is_over(error(Fault::HeartbeatDirection));
    }
}

#[test]
fn packets_without_a_meaning_are_ignored() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(
        play.post("0\x1e3\x1e5\x1e6\x1e4a"),
        (vec!["a".into()], vec![])
    );
    play.lives();
}

#[test]
fn a_binary_body_is_one_mistake_also_when_the_session_is_closing() {
    let mut play = Play::polling();
    play.session.send("4a".into());
    play.session.close(play.now);
    assert!(play.session.is_closing());
    assert_eq!(play.session.handle_post(), Ok(()));
    let body = Body::Binary(Bytes::from_static(b"4a"));
    play.session.handle_body(body);
    // Reading it comes to an end.
    let (said, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let message = play.session.poll_message(play.now);
        said.send((message, play.session.posting()))
    });
    let told = told.recv_timeout(Duration::from_secs(10));
    assert_eq!(told, Ok((None, false)));
}
