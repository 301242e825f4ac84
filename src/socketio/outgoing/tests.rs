//! Tests of `socketio::outgoing`.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::socketio::Binary;

fn namespace(name: &str) -> Namespace {
    Namespace::from(name)
}

fn binary(bytes: &'static [u8]) -> Binary {
    Binary(Bytes::from_static(bytes))
}

#[test]
fn packets_look_as_the_protocol_shows_them() {
    let (main, custom) = (namespace("/"), namespace("/custom"));
    let event =
        |namespace, args: &dyn Fn() -> (String,)| Outgoing::event(namespace, "a", &args()).unwrap();
    let one = || ("1".to_owned(),);
    assert_eq!(event(&main, &one).text(None, "4"), r#"42["a","1"]"#);
    assert_eq!(
        event(&custom, &one).text(None, "4"),
        r#"42/custom,["a","1"]"#
    );
    assert_eq!(
        event(&custom, &one).text(Some(12), ""),
        r#"2/custom,12["a","1"]"#
    );
    let ack = Outgoing::ack(&custom, &()).unwrap();
    assert_eq!(ack.text(Some(12), "4"), "43/custom,12[]");
    let ack = Outgoing::ack(&main, &("yes", 2)).unwrap();
    assert_eq!(ack.text(Some(0), "4"), r#"430["yes",2]"#);
}

#[test]
fn bytes_become_attachments_numbered_in_order() {
    let args = (
        "x",
        json!({"k": 1}),
        [Some(binary(b"one")), None],
        binary(b"two"),
    );
    let event = Outgoing::event(&namespace("/"), "b", &args).unwrap();
    let frames: Vec<Frame> = event.frames(Some(3), "4").collect();
    let text = concat!(
        r#"452-3["b","x",{"k":1},[{"_placeholder":true,"num":0},null],"#,
        r#"{"_placeholder":true,"num":1}]"#
    );
    let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
    assert_eq!(frames, [text.into(), one.into(), two.into()]);
    assert_eq!(event.weight(), event.json().len() + 6);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let main = namespace("/");
    for name in ["connect", "disconnecting", "newListener"] {
        let error = EncodeError::ReservedName(name.to_owned());
        assert_eq!(Outgoing::event(&main, name, &()).unwrap_err(), error);
    }
    let many = vec![binary(b"x"); 11];
    let error = EncodeError::TooManyAttachments {
        count: 11,
        limit: 10,
    };
    assert_eq!(Outgoing::event(&main, "a", &many).unwrap_err(), error);
    assert!(Outgoing::event(&main, "a", &many[..10]).is_ok());
    let keys = BTreeMap::from([(vec![1], 2)]);
    let error = Outgoing::event(&main, "a", &keys).unwrap_err();
    assert!(matches!(error, EncodeError::Serialize(_)), "{error:?}");
}

#[test]
fn names_come_back_as_they_were_given() {
    for name in ["a", "", "ä\"\\\n", "\u{1f600}", "1"] {
        let event = Outgoing::event(&namespace("/"), name, &(1, 2)).unwrap();
        assert_eq!(event.name(), Some(name));
        assert_eq!(
            event.args().unwrap().to::<(i32, i32)>(),
            Ok((1, 2)),
            "{name:?}"
        );
    }
    assert_eq!(Outgoing::ack(&namespace("/"), &()).unwrap().name(), None);
}

#[test]
fn every_encoding_is_made_once() {
    let event = Outgoing::event(&namespace("/"), "a", &()).unwrap();
    let mut made = 0;
    for encoding in [
        Encoding::Packet,
        Encoding::Plain,
        Encoding::Packet,
        Encoding::Plain,
    ] {
        let frames = event.encoded(encoding, |_| {
            made += 1;
            vec![Frame::from(format!("{encoding:?}"))]
        });
        assert_eq!(frames, [Frame::from(format!("{encoding:?}"))]);
    }
    assert_eq!(made, 2);
}
