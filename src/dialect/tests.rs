//! Tests of `dialect`.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::encode::tests::text;
use super::*;
use crate::socketio::{All, Binary, Namespace, Outgoing};
use crate::wire::Frame;

pub(super) const MAX: usize = 2;
pub(super) const PATH: &str = "/socket.io/";

pub(super) fn read(frame: &str) -> Result<Incoming, Mistake> {
    decode(&frame.into(), MAX)
}

pub(super) fn main() -> Namespace {
    "/".into()
}

/// An array as arguments.
pub(super) fn arguments(array: &Value) -> Args {
    match read(&format!(r#"{{"ack":0,"args":{array}}}"#)).unwrap() {
        Incoming::Ack { args, .. } => args,
        other => panic!("an answer: {other:?}"),
    }
}

/// A frame's meaning, with the arguments as JSON.
pub(super) fn meaning(frame: &str) -> Value {
    match read(frame).unwrap() {
        Incoming::Event { name, args, ack } => {
            let All(args) = args.to::<All<Value>>().unwrap();
            json!({"event": *name, "args": args, "ack": ack})
        }
        Incoming::Ack { id, args } => {
            let All(args) = args.to::<All<Value>>().unwrap();
            json!({"answer": id, "args": args})
        }
        Incoming::Disconnect => json!("disconnect"),
    }
}

#[test]
fn frames_mean_what_the_table_says() {
    let rows = [
        (
            r#"{"event":"a"}"#,
            json!({"event":"a","args":[],"ack":null}),
        ),
        (
            r#"{"event":"a","data":{"prompt":"Hello AI"}}"#,
            json!({"event":"a","args":[{"prompt":"Hello AI"}],"ack":null}),
        ),
        (
            r#"{"event":"a","data":null}"#,
            json!({"event":"a","args":[null],"ack":null}),
        ),
        (
            r#"{"event":"a","data":[1,2]}"#,
            json!({"event":"a","args":[[1,2]],"ack":null}),
        ),
        (
            r#"{"event":"a","args":[1,"2"]}"#,
            json!({"event":"a","args":[1,"2"],"ack":null}),
        ),
        (
            r#"{"event":"a","args":[]}"#,
            json!({"event":"a","args":[],"ack":null}),
        ),
        (
            r#"{"event":"a","ack":0}"#,
            json!({"event":"a","args":[],"ack":0}),
        ),
        (
            r#"{"ack":18446744073709551615,"data":"x","event":"a"}"#,
            json!({"event":"a","args":["x"],"ack":u64::MAX}),
        ),
        (r#"{"ack":7,"data":1}"#, json!({"answer":7,"args":[1]})),
        (
            r#"{"ack":7,"args":[1,2]}"#,
            json!({"answer":7,"args":[1,2]}),
        ),
        (r#"{"ack":7}"#, json!({"answer":7,"args":[]})),
        (r#"{"event":"disconnect"}"#, json!("disconnect")),
        (
            " \r\n\t{ \"event\" : \"a\" , \"args\" : [ 1 , 2 ] } ",
            json!({"event":"a","args":[1,2],"ack":null}),
        ),
        (
            r#"{"\u0065vent":"\u00e9\"","data":1}"#,
            json!({"event":"é\"","args":[1],"ack":null}),
        ),
        (r#"{"event":""}"#, json!({"event":"","args":[],"ack":null})),
        // Socket.IO keeps these for nobody.
        (
            r#"{"event":"error"}"#,
            json!({"event":"error","args":[],"ack":null}),
        ),
        (
            r#"{"event":"message"}"#,
            json!({"event":"message","args":[],"ack":null}),
        ),
    ];
    for (frame, expected) in rows {
        assert_eq!(meaning(frame), expected, "{frame}");
    }
}

fn assert_mistakes<const N: usize>(rows: [(&str, Mistake); N]) {
    for (frame, expected) in rows {
        assert_eq!(read(frame).unwrap_err(), expected, "{frame}");
    }
}

#[test]
fn text_that_is_no_object_is_a_mistake() {
    let not_json = |problem: &str| Mistake::NotJson {
        problem: problem.to_owned(),
    };
    assert_mistakes([
        ("", not_json("EOF while parsing a value at line 1 column 0")),
        ("hello", not_json("expected value at line 1 column 1")),
        (
            r#"{"event":"a""#,
            not_json("EOF while parsing an object at line 1 column 12"),
        ),
        (
            r#"{"event":"a",}"#,
            not_json("trailing comma at line 1 column 14"),
        ),
        (
            r#"{"event":"a"}{}"#,
            not_json("trailing characters at line 1 column 14"),
        ),
        (
            r#"{"x":1,"event":nope}"#,
            not_json("expected ident at line 1 column 17"),
        ),
        (
            "{'event':'a'}",
            not_json("key must be a string at line 1 column 2"),
        ),
        (r#"["a"]"#, Mistake::NotObject),
        (r#""a""#, Mistake::NotObject),
        ("null", Mistake::NotObject),
        ("17", Mistake::NotObject),
    ]);
}

#[test]
fn wrong_members_are_mistakes() {
    let unknown = |key: &str| Mistake::UnknownKey {
        key: key.to_owned(),
    };
    assert_mistakes([
        ("{}", Mistake::NeitherEventNorAck),
        (r#"{"data":1}"#, Mistake::NeitherEventNorAck),
        (r#"{"type":"a","data":1}"#, unknown("type")),
        (r#"{"event":"a","message":"x"}"#, unknown("message")),
        (r#"{"Event":"a"}"#, unknown("Event")),
        (
            r#"{"event":"a","event":"b"}"#,
            Mistake::DuplicateKey { key: "event" },
        ),
        (
            r#"{"event":"a","data":1,"data":1}"#,
            Mistake::DuplicateKey { key: "data" },
        ),
        (
            r#"{"event":"a","args":[],"args":[]}"#,
            Mistake::DuplicateKey { key: "args" },
        ),
        (
            r#"{"ack":1,"\u0061ck":1}"#,
            Mistake::DuplicateKey { key: "ack" },
        ),
        (r#"{"event":"a","data":1,"args":[1]}"#, Mistake::DataAndArgs),
        (
            r#"{"event":"a","data":null,"args":[]}"#,
            Mistake::DataAndArgs,
        ),
    ]);
}

#[test]
fn wrong_values_are_mistakes() {
    let reserved = |name: &str| Mistake::ReservedEvent {
        name: name.to_owned(),
    };
    assert_mistakes([
        (r#"{"event":"a","args":{}}"#, Mistake::ArgsNotArray),
        (r#"{"ack":1,"args":null}"#, Mistake::ArgsNotArray),
        (r#"{"event":1}"#, Mistake::EventNotText),
        (r#"{"event":null,"ack":1}"#, Mistake::EventNotText),
        (r#"{"event":["a"]}"#, Mistake::EventNotText),
        (r#"{"event":"connect"}"#, reserved("connect")),
        (r#"{"event":"connect_error"}"#, reserved("connect_error")),
        (r#"{"event":"disconnecting"}"#, reserved("disconnecting")),
        (r#"{"event":"newListener"}"#, reserved("newListener")),
        (
            r#"{"event":"remove\u004cistener"}"#,
            reserved("removeListener"),
        ),
        (
            r#"{"event":"disconnect","data":1}"#,
            Mistake::DisconnectWithMore,
        ),
        (
            r#"{"event":"disconnect","args":[]}"#,
            Mistake::DisconnectWithMore,
        ),
        (
            r#"{"event":"disconnect","ack":1}"#,
            Mistake::DisconnectWithMore,
        ),
        (r#"{"event":"a","ack":-1}"#, Mistake::AckNotWholeNumber),
        (r#"{"event":"a","ack":-0}"#, Mistake::AckNotWholeNumber),
        (r#"{"event":"a","ack":1.0}"#, Mistake::AckNotWholeNumber),
        (r#"{"event":"a","ack":"1"}"#, Mistake::AckNotWholeNumber),
        (r#"{"event":"a","ack":null}"#, Mistake::AckNotWholeNumber),
        (
            r#"{"ack":18446744073709551616}"#,
            Mistake::AckNotWholeNumber,
        ),
    ]);
}

#[test]
fn wrong_binary_values_are_mistakes() {
    assert_mistakes([
        (
            r#"{"event":"a","data":{"$binary":"§"}}"#,
            Mistake::BinaryNotBase64,
        ),
        (
            r#"{"event":"a","data":{"$binary":"A"}}"#,
            Mistake::BinaryNotBase64,
        ),
        (
            r#"{"ack":1,"args":[{"$binary":""},{"$binary":""},[{"$binary":""}]]}"#,
            Mistake::TooManyBinaries { limit: MAX },
        ),
        (
            r#"{"event":"a","args":[{"$binary":""},{"_placeholder":true,"num":0}]}"#,
            Mistake::PlaceholderBesideBinary,
        ),
        // The real one inside would vanish in the forged one.
        (
            r#"{"event":"a","data":{"_placeholder":true,"num":0,"x":{"$binary":""}}}"#,
            Mistake::PlaceholderBesideBinary,
        ),
        (
            r#"{"event":"a","args":[{"\u005fplaceholder":true,"num":9},{"$binary":""}]}"#,
            Mistake::PlaceholderBesideBinary,
        ),
    ]);
}

#[test]
fn what_looks_like_socket_io_is_sent_to_its_own_path() {
    let packets = [
        "40",
        "40/admin,",
        r#"40{"token":"x"}"#,
        r#"42["x"]"#,
        r#"42/a,7["x"]"#,
        "430[]",
        "41",
        r#"451-["x",{"_placeholder":true,"num":0}]"#,
        "2probe",
        "3probe",
        "2",
        "3",
        "5",
        "1",
        "6",
        r#"0{"token":"x"}"#,
        r#"2["x"]"#,
        r#"212["x"]"#,
        r#"51-["x"]"#,
        r#"51-/a,["x"]"#,
        "0/admin,",
        " 40 ",
    ];
    for packet in packets {
        assert_eq!(read(packet).unwrap_err(), Mistake::SocketIo, "{packet}");
    }
    for number in ["7", "10", "3.14", "-1", "1e5", "48"] {
        assert_eq!(read(number).unwrap_err(), Mistake::NotObject, "{number}");
    }
    let hint = Mistake::SocketIo.hint("/live/");
    assert!(hint.contains("/live/?EIO=4&transport=websocket"), "{hint}");
}

#[test]
fn every_hint_shows_a_frame_that_is_understood() {
    let (key, name, problem) = ("k".to_owned(), "n".to_owned(), "p".to_owned());
    let mistakes = [
        Mistake::SocketIo,
        Mistake::Binary,
        Mistake::NotJson { problem },
        Mistake::NotObject,
        Mistake::NeitherEventNorAck,
        Mistake::UnknownKey { key },
        Mistake::DuplicateKey { key: "data" },
        Mistake::DataAndArgs,
        Mistake::ArgsNotArray,
        Mistake::EventNotText,
        Mistake::ReservedEvent { name },
        Mistake::DisconnectWithMore,
        Mistake::AckNotWholeNumber,
        Mistake::BinaryNotBase64,
        Mistake::TooManyBinaries { limit: 1 },
        Mistake::BinaryTooDeep,
        Mistake::PlaceholderBesideBinary,
        Mistake::TooEarly {
            limit: 1,
            unit: "events",
        },
    ];
    for mistake in mistakes {
        let hint = mistake.hint(PATH);
        let mut shown = 0;
        for (start, _) in hint
            .match_indices(r#"{"event""#)
            .chain(hint.match_indices(r#"{"ack""#))
        {
            let mut values =
                serde_json::Deserializer::from_str(&hint[start..]).into_iter::<Value>();
            let frame = values.next().unwrap().unwrap();
            // One hint also shows the frame to wait for.
            if frame["event"] != "connect" {
                read(&frame.to_string()).unwrap_or_else(|e| panic!("{mistake:?}: {frame}: {e}"));
                shown += 1;
            }
        }
        assert!(shown > 0, "{mistake:?}: {hint}");
        assert!(!mistake.to_string().is_empty());
    }
}

#[test]
fn a_long_unknown_key_is_shown_in_part() {
    let frame = format!(r#"{{"{}":1}}"#, "ü".repeat(10_000));
    let Err(Mistake::UnknownKey { key }) = read(&frame) else {
        panic!("the key is unknown");
    };
    assert_eq!(key, format!("{}…", "ü".repeat(64)));
}

#[test]
fn bytes_become_attachments_wherever_they_stand() {
    let frame = r#"{"event":"a","args":[{"x":[{"$binary":"AQID"}]}, 1.50, { "$binary" : "\/w" }]}"#;
    let Incoming::Event { args, .. } = read(frame).unwrap() else {
        panic!("an event");
    };
    assert_eq!(args.attachments(), [&[1, 2, 3][..], &[255]]);
    #[derive(serde::Deserialize)]
    struct Outer {
        x: Vec<Binary>,
    }
    let (outer, number, last) = args.to::<(Outer, f64, Binary)>().unwrap();
    assert_eq!(outer.x, [Binary(Bytes::from_static(&[1, 2, 3]))]);
    assert_eq!(number, 1.5);
    assert_eq!(last, Binary(Bytes::from_static(&[255])));
    let Incoming::Ack { args, .. } = read(r#"{"ack":1,"data":{"$binary":"AQ=="}}"#).unwrap() else {
        panic!("an answer");
    };
    assert_eq!(
        args.to::<(Binary,)>().unwrap().0,
        Binary(Bytes::from_static(&[1]))
    );
}

#[test]
fn other_objects_with_dollar_binary_stay_objects() {
    let rows = [
        r#"{"$binary":"AQ","more":1}"#,
        r#"{"more":1,"$binary":"AQ"}"#,
        r#"{"$binary":"AQ","$binary":"AQ"}"#,
        r#"{"$binary":{"base64":"AQ","subType":"00"}}"#,
        r#"{"$binary":5}"#,
        r#"{"\u0024binary":"AQ"}"#,
        r#"["$binary"]"#,
    ];
    for row in rows {
        let frame = format!(r#"{{"event":"a","data":{row}}}"#);
        let Incoming::Event { args, .. } = read(&frame).unwrap() else {
            panic!("an event");
        };
        assert!(args.attachments().is_empty(), "{row}");
        let expected: Value = serde_json::from_str(row).unwrap();
        assert_eq!(args.to::<(Value,)>().unwrap().0, expected, "{row}");
    }
}

#[test]
fn a_forged_placeholder_without_bytes_is_an_ordinary_object() {
    for data in [
        r#"{"_placeholder":true,"num":0}"#,
        r#"{"_placeholder":true,"num":0,"note":"\"$binary\""}"#,
        r#"[{"_placeholder":true,"num":0},"$binary"]"#,
    ] {
        let frame = format!(r#"{{"event":"a","data":{data}}}"#);
        let expected: Value = serde_json::from_str(data).unwrap();
        assert_eq!(meaning(&frame)["args"], json!([expected]));
        let Incoming::Event { args, .. } = read(&frame).unwrap() else {
            panic!("an event");
        };
        // Nor does it become one on the way to others.
        let packet = Outgoing::event(&main(), "a", &args).unwrap();
        assert!(packet.attachments().is_empty());
        let sent: Value = serde_json::from_str(&text(encode::event(&packet, None))).unwrap();
        assert_eq!(sent["data"], expected);
    }
}

#[test]
fn bytes_nested_too_deeply_are_a_mistake_and_other_nesting_is_not() {
    let nested = |inner: &str| {
        let (open, close) = ("[".repeat(1000), "]".repeat(1000));
        read(&format!(r#"{{"event":"a","data":{open}{inner}{close}}}"#))
    };
    assert_eq!(
        nested(r#"{"$binary":"AQ"}"#).unwrap_err(),
        Mistake::BinaryTooDeep
    );
    assert!(nested("1").is_ok());
}

#[test]
fn the_name_and_args_are_slices_of_the_frame() {
    let frame = ByteString::from(r#"{"event":"name","args":[1,2]}"#);
    let Incoming::Event { name, args, .. } = decode(&frame, MAX).unwrap() else {
        panic!("an event");
    };
    let bytes = frame.as_bytes().as_ptr_range();
    assert!(bytes.contains(&name.as_bytes().as_ptr()));
    assert_eq!(args.weight(), "[1,2]".len());
}

/// Text that comes near to frames.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"event\"",
        "\"data\"",
        "\"args\"",
        "\"ack\"",
        "\"a\"",
        "\"connect\"",
        "7",
        "-1",
        "null",
        "true",
        "{\"$binary\":\"AQID\"}",
        "\"$binary\"",
        "\"",
        "\\",
        "\"_placeholder\"",
        "\"num\"",
        "{\"_placeholder\":true,\"num\":0}",
        " ",
        "4",
        "0",
        "é",
    ]);
    prop_oneof![
        ".*",
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat()),
    ]
}

proptest! {
    #[test]
    fn any_text_is_a_frame_or_a_mistake(text in any_text()) {
        match read(&text) {
            Ok(Incoming::Event { args, name, .. }) => {
                prop_assert!(args.check().is_ok());
                prop_assert!(!is_reserved(&name));
                prop_assert!(args.attachments().len() <= MAX);
            }
            Ok(Incoming::Ack { args, .. }) => prop_assert!(args.check().is_ok()),
            Ok(Incoming::Disconnect) => {}
            Err(mistake) => {
                let frame = encode::error(&mistake, PATH);
                let Frame::Text(frame) = frame else { panic!("text") };
                prop_assert!(serde_json::from_str::<Value>(&frame).is_ok());
                prop_assert!(frame.len() < 1000);
            }
        }
    }
}
