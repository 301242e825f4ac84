//! Engine.IO protocol, "Handshake".

use super::*;
use crate::engine::Transports;

const OPEN: &str = r#"0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
const OPEN_NO_UPGRADES: &str =
    r#"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

#[test]
fn a_polling_handshake_is_answered_with_the_open_packet_alone() {
    let mut play = Play::open(Transport::Polling, Config::default());
    assert_eq!(play.get(), [format!("GET {OPEN}")]);
    assert_eq!(play.send("4a"), NOTHING);
    assert_eq!(play.send("4b"), NOTHING);
    assert_eq!(play.get(), ["GET 4a|4b"]);
}

#[test]
fn a_websocket_starts_with_the_open_packet() {
    let mut play = Play::open(Transport::WebSocket, Config::default());
    assert_eq!(play.drain(), [format!("WS {OPEN_NO_UPGRADES}")]);
    assert_eq!(play.send("4a"), ["WS 4a"]);
}

#[test]
fn no_upgrade_is_offered_that_would_be_refused() {
    let websocket_off = Transports {
        websocket: false,
        ..Transports::default()
    };
    for config in [
        Config {
            allow_upgrades: false,
            ..Config::default()
        },
        Config {
            transports: websocket_off,
            ..Config::default()
        },
    ] {
        let mut play = Play::open(Transport::Polling, config);
        assert_eq!(play.get(), [format!("GET {OPEN_NO_UPGRADES}")]);
        assert_eq!(
            play.session.handle_websocket(play.now),
            Err(Refused::Disabled)
        );
        assert_eq!(play.drain(), NOTHING);
        play.lives();
    }
}

#[test]
fn the_open_packet_carries_the_configured_numbers() {
    let config = Config {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        max_payload: 100,
        ..Config::default()
    };
    let mut play = Play::open(Transport::WebSocket, config);
    assert_eq!(
        play.drain(),
        [
            r#"WS 0{"sid":"abc","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":100}"#
        ]
    );
}

#[test]
fn the_initial_packet_follows_the_open_packet() {
    let text = || Config {
        initial_packet: Some("hello".into()),
        ..Config::default()
    };
    let bytes = || Config {
        initial_packet: Some(binary(&[1, 2])),
        ..Config::default()
    };
    assert_eq!(
        Play::open(Transport::Polling, text()).get(),
        [format!("GET {OPEN}|4hello")]
    );
    assert_eq!(
        Play::open(Transport::Polling, bytes()).get(),
        [format!("GET {OPEN}|bAQI=")]
    );
    assert_eq!(
        Play::open(Transport::WebSocket, bytes()).drain(),
        [format!("WS {OPEN_NO_UPGRADES}"), "WS [01, 02]".to_owned()]
    );
}

#[test]
fn an_id_of_the_application_is_escaped() {
    let config = Arc::new(Config::default());
    let mut session = Session::open(
        &Sid::new("a\"b"),
        Transport::WebSocket,
        config,
        Moment::default(),
    );
    let Some(Transmit::Frame(Frame::Text(open))) = session.poll_transmit() else {
        panic!("an open packet");
    };
    assert!(open.starts_with(r#"0{"sid":"a\"b","#), "{open}");
}

#[test]
fn a_session_is_small_and_does_not_print_its_id() {
    assert!(size_of::<Session>() <= 256, "{}", size_of::<Session>());
    let play = Play::open(Transport::Polling, Config::default());
    assert!(!format!("{:?}", play.session).contains("abc"));
}
