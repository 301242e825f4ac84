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

/// The packet's text message.
fn text(packet: &Outgoing, id: Option<u64>) -> String {
    let frame = match id {
        Some(id) => packet.frames_with_id(id).next(),
        None => packet.frames().next(),
    };
    match frame {
        Some(Frame::Text(text)) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn packets_look_as_the_protocol_shows_them() {
    let (main, custom) = (namespace("/"), namespace("/custom"));
    let event =
        |namespace, args: &dyn Fn() -> (String,)| Outgoing::event(namespace, "a", &args()).unwrap();
    let one = || ("1".to_owned(),);
    assert_eq!(text(&event(&main, &one), None), r#"42["a","1"]"#);
    assert_eq!(text(&event(&custom, &one), None), r#"42/custom,["a","1"]"#);
    assert_eq!(
        text(&event(&custom, &one), Some(12)),
        r#"42/custom,12["a","1"]"#
    );
    let ack = Outgoing::ack(&custom, &()).unwrap();
    assert_eq!(text(&ack, Some(12)), "43/custom,12[]");
    let ack = Outgoing::ack(&main, &("yes", 2)).unwrap();
    assert_eq!(text(&ack, Some(0)), r#"430["yes",2]"#);
    assert_eq!(ack.json(), r#"["yes",2]"#);
}

#[test]
fn a_packet_with_an_id_fills_its_buffer() {
    for id in [0, 9, 10, 99, 100, u64::MAX] {
        for (name, count) in [("/", 0), ("/", 10), ("/custom", 0), ("/custom", 9)] {
            let args = vec![binary(b"x"); count];
            let event = Outgoing::event(&namespace(name), "a", &args).unwrap();
            let json = event.json();
            let text = message(Kind::Event, count, name, Some(id), json);
            assert_eq!(text.len(), text.capacity(), "{text}");
            assert!(text.ends_with(&format!("{id}{json}")), "{text}");
        }
    }
}

#[test]
fn all_recipients_share_one_buffer() {
    let event = Outgoing::event(&namespace("/"), "a", &("text",)).unwrap();
    let frames: Vec<Frame> = event.frames().chain(event.frames()).collect();
    let [Frame::Text(one), Frame::Text(two)] = &frames[..] else {
        panic!("one text each");
    };
    assert_eq!(one.as_ptr(), two.as_ptr());
    assert!(std::ptr::eq(&one[2..], event.json()));
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
    let frames: Vec<Frame> = event.frames_with_id(3).collect();
    let text = concat!(
        r#"452-3["b","x",{"k":1},[{"_placeholder":true,"num":0},null],"#,
        r#"{"_placeholder":true,"num":1}]"#
    );
    let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
    assert_eq!(
        frames,
        [text.into(), one.clone().into(), two.clone().into()]
    );
    let text = format!("452-{}", event.json());
    let frames: Vec<Frame> = event.frames().collect();
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
fn another_form_is_made_once() {
    let event = Outgoing::event(&namespace("/"), "a", &()).unwrap();
    let mut made = 0;
    for _ in 0..2 {
        let frame = event.plain(|_| {
            made += 1;
            Some(Frame::from_static("plain"))
        });
        assert_eq!(frame, Some(&Frame::from_static("plain")));
    }
    assert_eq!(made, 1);
}

#[test]
fn an_answer_is_the_same_whether_its_id_came_early_or_late() {
    let values = (1, Binary::from(vec![2]));
    for name in ["/", "/custom"] {
        let name = namespace(name);
        for id in [0, 7, u64::MAX] {
            let late = Outgoing::ack(&name, &values).unwrap();
            let early = Outgoing::ack_of(&name, id, &values).unwrap();
            let frames: Vec<Frame> = early.frames_with_id(id).collect();
            assert!(late.frames_with_id(id).eq(frames.clone()), "{name} {id}");
            assert!(early.frames().eq(frames));
            assert!(early.frames_with_id(8).eq(late.frames_with_id(8)));
            assert_eq!(early.json(), late.json());
            let text = Outgoing::ack_of(&name, id, &"text").unwrap();
            let late = Outgoing::ack(&name, &"text").unwrap();
            assert!(text.frames().eq(late.frames_with_id(id)));
        }
    }
}

#[test]
fn an_offset_is_the_last_argument_and_not_the_applications() {
    let namespace = Namespace::from("/");
    let rows: [(Outgoing, &str); 3] = [
        (
            Outgoing::event(&namespace, "a", &()).unwrap(),
            r#"["a","o1"]"#,
        ),
        (
            Outgoing::event(&namespace, "a", &(1, "]")).unwrap(),
            r#"["a",1,"]","o1"]"#,
        ),
        (
            Outgoing::event(&namespace, "a", &Binary::from(vec![1])).unwrap(),
            r#"["a",{"_placeholder":true,"num":0},"o1"]"#,
        ),
    ];
    for (event, json) in rows {
        let (bare, parts) = (event.args().unwrap(), event.attachments().len());
        let event = event.with_offset("o1");
        assert!(event.has_offset());
        assert_eq!((event.json(), event.attachments().len()), (json, parts));
        assert_eq!(event.args().unwrap().json().trim_start(), bare.json());
        assert_eq!(event.name(), Some("a"));
        let again = event.with_offset("another");
        assert_eq!(again.json(), json.replace("o1", "another"), "there is one");
    }
    let answer = Outgoing::ack(&namespace, &1).unwrap().with_offset("o1");
    assert_eq!((answer.json(), answer.has_offset()), ("[1]", false));
}

#[test]
fn a_packet_in_another_namespace_is_as_if_written_there() {
    let (main, custom) = (namespace("/"), namespace("/custom"));
    let args = ("\"", vec![binary(b"x"), binary(b"y")]);
    for (from, to) in [(&main, &custom), (&custom, &main), (&main, &main)] {
        for name in ["a", "\"a\""] {
            let flags = Flags {
                volatile: true,
                uncompressed: true,
            };
            let moved = Outgoing::event(from, name, &args)
                .unwrap()
                .with_flags(flags)
                .with_policy(Some(SlowClient::DropOldest))
                .with_key(Some("k".into()))
                .in_namespace(to);
            let written = Outgoing::event(to, name, &args).unwrap();
            assert!(moved.frames().eq(written.frames()));
            assert!(moved.frames_with_id(7).eq(written.frames_with_id(7)));
            assert_eq!((moved.name(), moved.json()), (Some(name), written.json()));
            assert_eq!(moved.namespace(), to);
            assert_eq!(moved.flags(), flags);
            assert_eq!(moved.policy(), Some(SlowClient::DropOldest));
            assert_eq!(moved.key().map(|key| &**key), Some("k"));
            // What comes later finds the end of the arguments.
            let offset = |packet: Outgoing| text(&packet.with_offset("o"), None);
            let numbered = moved.in_namespace(from).with_offset("before");
            assert!(numbered.in_namespace(to).has_offset());
            assert_eq!(
                offset(numbered.in_namespace(to)),
                offset(moved.in_namespace(to))
            );
            assert_eq!(
                offset(moved.in_namespace(from).in_namespace(to)),
                offset(written)
            );
        }
        let ack = Outgoing::ack_of(from, 12, &(1,)).unwrap().in_namespace(to);
        let written = Outgoing::ack_of(to, 12, &(1,)).unwrap();
        assert!(ack.frames().eq(written.frames()));
    }
}
