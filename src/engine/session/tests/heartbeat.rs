//! Engine.IO protocol, "Heartbeat": what of it concerns the transports.

use super::*;

#[test]
fn a_ping_leaves_after_the_interval_and_not_earlier() {
    let mut play = Play::websocket();
    assert_eq!(play.wait(24_999), NOTHING);
    assert_eq!(play.wait(1), ["WS 2"]);
    assert_eq!(play.hears("3"), NOTHING);
    assert_eq!(play.wait(24_999), NOTHING);
    assert_eq!(play.wait(1), ["WS 2"]);
}

#[test]
fn a_client_without_a_pong_is_dropped_after_the_timeout() {
    let mut play = Play::websocket();
    assert_eq!(play.wait(44_999), ["WS 2"]);
    assert_eq!(play.wait(1), ["hangup"]);
    play.is_over(CloseReason::PingTimeout);

    let mut play = Play::polling();
    play.get();
    assert_eq!(play.wait(25_000), ["GET 2"]);
    play.get();
    assert_eq!(play.wait(20_000), ["GET 1"]);
    play.is_over(CloseReason::PingTimeout);
}

#[test]
fn a_ping_without_a_get_waits_in_the_queue_while_the_timeout_runs() {
    let mut play = Play::polling();
    assert_eq!(play.wait(30_000), NOTHING);
    assert_eq!(play.session.queued_bytes(), 1);
    assert_eq!(play.get(), ["GET 2"]);
    assert_eq!(play.wait(14_999), NOTHING);
    play.lives();
    assert_eq!(play.wait(1), NOTHING);
    play.is_over(CloseReason::PingTimeout);
}

#[test]
fn a_posted_pong_keeps_the_session_alive() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.wait(25_000), ["GET 2"]);
    assert_eq!(play.post("3").0, NOTHING);
    play.get();
    assert_eq!(play.wait(25_000), ["GET 2"]);
    play.lives();
}

#[test]
fn an_early_pong_moves_the_next_ping() {
    let mut play = Play::websocket();
    play.wait(10_000);
    play.hears("3");
    assert_eq!(play.wait(24_999), NOTHING);
    assert_eq!(play.wait(1), ["WS 2"]);
}

#[test]
fn another_packet_prolongs_the_wait_for_a_pong_once() {
    for frame in ["4a", "bAQID", "0", "5", "6"] {
        let mut play = Play::websocket();
        play.wait(30_000);
        play.message(frame);
        play.wait(10_000);
        play.message(frame);
        play.drain();
        assert_eq!(play.wait(9_999), NOTHING, "{frame}");
        assert_eq!(play.wait(1), ["hangup"], "{frame}");
        play.is_over(CloseReason::PingTimeout);
    }
}

#[test]
fn the_timer_of_a_pong_survives_the_upgrade() {
    let mut play = Play::polling();
    play.get();
    assert_eq!(play.wait(25_000), ["GET 2"]);
    assert_eq!(play.session.handle_websocket(play.now), Ok(()));
    assert_eq!(play.hears("2probe"), ["WS 3probe"]);
    assert_eq!(play.hears("5"), NOTHING);
    assert_eq!(play.wait(19_999), NOTHING);
    assert_eq!(play.wait(1), ["hangup"]);
    play.is_over(CloseReason::PingTimeout);
}

#[test]
fn a_ping_queued_on_polling_leaves_through_the_websocket() {
    let mut play = Play::polling();
    play.wait(25_000);
    assert_eq!(play.session.handle_websocket(play.now), Ok(()));
    assert_eq!(play.hears("2probe"), ["WS 3probe"]);
    assert_eq!(play.hears("5"), ["WS 2"]);
    assert_eq!(play.hears("3"), NOTHING);
    assert_eq!(play.wait(25_000), ["WS 2"]);
}

#[test]
fn packets_of_a_candidate_are_no_sign_of_life() {
    let mut play = Play::polling();
    play.get();
    play.wait(30_000);
    assert_eq!(play.session.handle_websocket(play.now), Ok(()));
    assert_eq!(play.hears("2probe"), ["WS 3probe"]);
    assert_eq!(play.wait(10_000), ["hangup"]);
    assert_eq!(play.wait(5_000), NOTHING);
    play.is_over(CloseReason::PingTimeout);
}

#[test]
fn a_pong_is_not_timed_while_nobody_reads() {
    let mut play = Play::websocket();
    play.wait(30_000);
    play.session.pause(play.now);
    assert_eq!(play.wait(600_000), NOTHING);
    play.session.resume(play.now);
    assert_eq!(play.wait(14_999), NOTHING);
    assert_eq!(play.wait(1), ["hangup"]);
    play.is_over(CloseReason::PingTimeout);
}
