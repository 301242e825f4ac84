//! Tests of `dialect::encode`.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::dialect::tests::{MAX, PATH, arguments, main, meaning, read};
use crate::dialect::{Incoming, encode};
use crate::socketio::{Args, Binary, is_reserved};

/// The frame's text.
pub(crate) fn text(frame: Option<Frame>) -> String {
    match frame {
        Some(Frame::Text(text)) => text.to_string(),
        other => panic!("not a text frame: {other:?}"),
    }
}

#[test]
fn numbers_keep_their_spelling_through_the_server() {
    let numbers = "[1.0,1e400,123456789012345678901234567890,-0,0.10]";
    let frame = format!(r#"{{"event":"a","args":{numbers}}}"#);
    let Incoming::Event { args, .. } = read(&frame).unwrap() else {
        panic!("an event");
    };
    let packet = Outgoing::event(&main(), "a", &args).unwrap();
    assert_eq!(text(encode::event(&packet, None)), frame);
}

#[test]
fn events_and_answers_are_written_in_their_shortest_form() {
    let outgoing = |args: Value| Outgoing::event(&main(), "na\"me", &arguments(&args)).unwrap();
    let rows = [
        (json!([]), None, r#"{"event":"na\"me"}"#),
        (json!([null]), None, r#"{"event":"na\"me","data":null}"#),
        (
            json!([[1, 2]]),
            Some(7),
            r#"{"event":"na\"me","data":[1,2],"ack":7}"#,
        ),
        (
            json!([1, "x"]),
            Some(0),
            r#"{"event":"na\"me","args":[1,"x"],"ack":0}"#,
        ),
        (json!([]), Some(1), r#"{"event":"na\"me","ack":1}"#),
    ];
    for (args, ack, expected) in rows {
        assert_eq!(text(encode::event(&outgoing(args), ack)), expected);
    }
    let rows = [
        (json!([]), r#"{"ack":7}"#),
        (json!(["x"]), r#"{"ack":7,"data":"x"}"#),
        (json!(["x", {"y": 1}]), r#"{"ack":7,"args":["x",{"y":1}]}"#),
    ];
    for (args, expected) in rows {
        let answer = Outgoing::ack(&main(), &arguments(&args)).unwrap();
        assert_eq!(text(encode::answer(7, &answer)), expected);
    }
}

#[test]
fn attachments_are_written_in_their_places() {
    let bytes = |bytes: &'static [u8]| Binary(Bytes::from_static(bytes));
    let packet =
        Outgoing::event(&main(), "a", &(bytes(&[255]), "x", vec![bytes(&[1, 2, 3])])).unwrap();
    let expected = r#"{"event":"a","args":[{"$binary":"/w=="},"x",[{"$binary":"AQID"}]]}"#;
    assert_eq!(text(encode::event(&packet, None)), expected);
    let answer = Outgoing::ack(&main(), &bytes(&[1])).unwrap();
    assert_eq!(
        text(encode::answer(1, &answer)),
        r#"{"ack":1,"data":{"$binary":"AQ=="}}"#
    );
}

#[test]
fn arguments_that_are_not_json_cannot_forge_members() {
    // Arguments of a text packet reach an application unread, and it may pass them on so.
    let args = Args::new(r#"[[1],"ack":7,"x":[2]]"#.into(), 1, Vec::new()).unwrap();
    let packet = Outgoing::event(&main(), "a", &args).unwrap();
    assert_eq!(encode::event(&packet, None), None);
    let packet = Outgoing::ack(&main(), &args).unwrap();
    assert_eq!(encode::answer(1, &packet), None);
}

#[test]
fn the_servers_own_frames_are_those_of_the_table() {
    let sid = SocketId::new("a\"b");
    assert_eq!(
        encode::connect(&sid),
        r#"{"event":"connect","data":{"sid":"a\"b"}}"#.into()
    );
    let mut error = ConnectError::new("not \"you\"");
    assert_eq!(
        encode::connect_error(&error),
        r#"{"event":"connect_error","data":{"message":"not \"you\""}}"#.into()
    );
    error.data = Some(r#"{"retry":1.0}"#.into());
    assert_eq!(
        encode::connect_error(&error),
        r#"{"event":"connect_error","data":{"message":"not \"you\"","data":{"retry":1.0}}}"#.into()
    );
    assert_eq!(
        encode::disconnect(DisconnectReason::ServerNamespaceDisconnect),
        r#"{"event":"disconnect","data":{"reason":"server namespace disconnect"}}"#.into()
    );
    let mistake = Mistake::UnknownKey {
        key: "a\"\u{1}".to_owned(),
    };
    let frame: Value = serde_json::from_str(&text(Some(encode::error(&mistake, PATH)))).unwrap();
    let hint = mistake.hint(PATH);
    let data = json!({"code": "bad_frame", "message": mistake.to_string(), "hint": hint});
    assert_eq!(frame, json!({"event": "error", "data": data}));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(json!({"_placeholder": true, "num": 0})),
        Just(json!("$binary")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(".*", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(
        name in ".*".prop_filter("not reserved", |name| !is_reserved(name)),
        args in prop::collection::vec(any_json(), 0..4),
        id in any::<Option<u64>>(),
    ) {
        let given = arguments(&Value::from(args.clone()));
        let packet = Outgoing::event(&main(), &name, &given).unwrap();
        let expected = json!({"event": name, "args": args, "ack": id});
        prop_assert_eq!(meaning(&text(encode::event(&packet, id))), expected);
        let packet = Outgoing::ack(&main(), &given).unwrap();
        let expected = json!({"answer": 7, "args": args});
        prop_assert_eq!(meaning(&text(encode::answer(7, &packet))), expected);
    }

    #[test]
    fn bytes_come_back_as_they_went(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..=MAX),
    ) {
        let parts: Vec<Binary> = parts.into_iter().map(Binary::from).collect();
        let packet = Outgoing::event(&main(), "a", &("first", &parts)).unwrap();
        let frame = read(&text(encode::event(&packet, None))).unwrap();
        let Incoming::Event { args, .. } = frame else { panic!("an event") };
        prop_assert_eq!(args.to::<(String, Vec<Binary>)>().unwrap(), ("first".to_owned(), parts));
    }
}
