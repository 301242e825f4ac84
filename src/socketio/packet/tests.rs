//! Tests of `socketio::packet`.

use std::borrow::Cow;

use super::*;

const LIMITS: Limits = Limits {
    attachments: 10,
    namespace_length: 512,
};

fn decode(text: &str) -> Result<Packet<'_>, PacketError> {
    Packet::decode(text, LIMITS)
}

fn event<'a>(
    namespace: &'a str,
    id: Option<u64>,
    attachments: usize,
    name: &'a str,
    end: usize,
    json: &'a str,
) -> Packet<'a> {
    let name = EventName {
        text: Cow::Borrowed(name),
        end,
    };
    Packet {
        namespace,
        body: Body::Event {
            name,
            id,
            attachments,
            json,
        },
    }
}

fn ack<'a>(namespace: &'a str, id: u64, attachments: usize, json: &'a str) -> Packet<'a> {
    Packet {
        namespace,
        body: Body::Ack {
            id: Some(id),
            attachments,
            json,
        },
    }
}

fn connect<'a>(namespace: &'a str, auth: Option<&'a str>) -> Packet<'a> {
    Packet {
        namespace,
        body: Body::Connect { auth },
    }
}

#[test]
fn joining_and_leaving_are_decoded_as_the_protocol_shows_them() {
    let disconnect = |namespace| Packet {
        namespace,
        body: Body::Disconnect,
    };
    let rows = [
        ("0", connect("/", None)),
        (
            r#"0{"token":"123"}"#,
            connect("/", Some(r#"{"token":"123"}"#)),
        ),
        ("0/custom,", connect("/custom", None)),
        ("0/custom", connect("/custom", None)),
        ("0/custom?a=b,", connect("/custom?a=b", None)),
        // Without a comma all the rest is the name (reference: socket.io-parser).
        (r#"0/custom{"t":1}"#, connect("/custom{\"t\":1}", None)),
        (
            r#"0/custom,{"t":1}"#,
            connect("/custom", Some(r#"{"t":1}"#)),
        ),
        ("0/,", connect("/", None)),
        ("012{}", connect("/", Some("{}"))),
        ("0{} \r\n", connect("/", Some("{}"))),
        ("1", disconnect("/")),
        ("1/custom,", disconnect("/custom")),
        ("1/custom", disconnect("/custom")),
        (
            r#"4{"message":"x"}"#,
            Packet {
                namespace: "/",
                body: Body::ConnectError,
            },
        ),
    ];
    for (text, packet) in rows {
        assert_eq!(decode(text), Ok(packet), "{text}");
    }
}

#[test]
fn events_and_answers_are_decoded_as_the_protocol_shows_them() {
    let placeholder = r#"["b",{"_placeholder":true,"num":0}]"#;
    let rows = [
        (
            r#"2["a",1,"2"]"#,
            event("/", None, 0, "a", 4, r#"["a",1,"2"]"#),
        ),
        (
            r#"2/custom,["a"]"#,
            event("/custom", None, 0, "a", 4, r#"["a"]"#),
        ),
        (
            r#"212["q",1]"#,
            event("/", Some(12), 0, "q", 4, r#"["q",1]"#),
        ),
        (r#"20["q"]"#, event("/", Some(0), 0, "q", 4, r#"["q"]"#)),
        (r#"2007["q"]"#, event("/", Some(7), 0, "q", 4, r#"["q"]"#)),
        (
            r#"218446744073709551615["q"]"#,
            event("/", Some(u64::MAX), 0, "q", 4, r#"["q"]"#),
        ),
        (
            r#"2/custom,12["q"]"#,
            event("/custom", Some(12), 0, "q", 4, r#"["q"]"#),
        ),
        ("2[1,2]", event("/", None, 0, "1", 2, "[1,2]")),
        (r#"2["a"] "#, event("/", None, 0, "a", 4, r#"["a"] "#)),
        ("2[ \"a\"\t]", event("/", None, 0, "a", 5, "[ \"a\"\t]")),
        // The rest of a text event is left to the handler's parse.
        (r#"2["a",oops"#, event("/", None, 0, "a", 4, r#"["a",oops"#)),
        (r#"312["yes"]"#, ack("/", 12, 0, r#"["yes"]"#)),
        ("3/custom,12[]", ack("/custom", 12, 0, "[]")),
        (
            r#"51-["b",{"_placeholder":true,"num":0}]"#,
            event("/", None, 1, "b", 4, placeholder),
        ),
        (
            r#"51-/custom,0["b",{"_placeholder":true,"num":0}]"#,
            event("/custom", Some(0), 1, "b", 4, placeholder),
        ),
        (r#"510-["b"]"#, event("/", None, 10, "b", 4, r#"["b"]"#)),
        (r#"502-["b"]"#, event("/", None, 2, "b", 4, r#"["b"]"#)),
        ("61-/custom,0[7]", ack("/custom", 0, 1, "[7]")),
    ];
    for (text, packet) in rows {
        assert_eq!(decode(text), Ok(packet), "{text}");
    }
    let no_id = Packet {
        namespace: "/",
        body: Body::Ack {
            id: None,
            attachments: 0,
            json: "[]",
        },
    };
    assert_eq!(decode("3[]"), Ok(no_id));
}

#[test]
fn what_is_no_packet_is_refused_for_its_own_reason() {
    use PacketError as E;
    let missing = || E::Name(NameError::Missing);
    let reserved = |name: &str| E::Name(NameError::Reserved(name.to_owned()));
    let rows = [
        ("", E::UnknownType),
        ("7", E::UnknownType),
        ("9", E::UnknownType),
        ("a", E::UnknownType),
        ("é", E::UnknownType),
        (" 2[\"a\"]", E::UnknownType),
        ("0[]", E::Payload("a JSON object or absent")),
        ("0\"a\"", E::Payload("a JSON object or absent")),
        ("0null", E::Payload("a JSON object or absent")),
        ("0admin", E::Payload("a JSON object or absent")),
        ("1{}", E::Payload("absent")),
        ("1[]", E::Payload("absent")),
        ("1 ", E::Payload("absent")),
        ("1/custom,{}", E::Payload("absent")),
        ("2", missing()),
        ("2/custom", missing()),
        ("2/custom,", missing()),
        ("2{}", missing()),
        ("2\"a\"", missing()),
        ("2[", missing()),
        ("2[\"a", missing()),
        ("2[\"a\\", missing()),
        ("2[\"a\"", missing()),
        ("2[\"a\"1]", missing()),
        ("2[]", missing()),
        ("2[null]", missing()),
        ("2[true]", missing()),
        ("2[{}]", missing()),
        ("2[[\"a\"]]", missing()),
        ("2[1", missing()),
        ("2abc[\"x\"]", missing()),
        ("2-1[\"a\"]", missing()),
        ("2 1[\"a\"]", missing()),
        ("2 [\"a\"]", missing()),
        ("21 [\"a\"]", missing()),
        ("2[\"connect\"]", reserved("connect")),
        ("2[\"connect_error\"]", reserved("connect_error")),
        ("2[\"disconnect\"]", reserved("disconnect")),
        ("2[\"disconnecting\"]", reserved("disconnecting")),
        ("2[\"newListener\"]", reserved("newListener")),
        ("2[\"removeListener\"]", reserved("removeListener")),
        ("2[\"\\u0063onnect\"]", reserved("connect")),
        ("51-[\"disconnect\"]", reserved("disconnect")),
        ("218446744073709551616[\"q\"]", E::AckId),
        ("318446744073709551616[]", E::AckId),
        ("3", E::Payload("a JSON array")),
        ("30", E::Payload("a JSON array")),
        ("30{}", E::Payload("a JSON array")),
        ("3/custom,0", E::Payload("a JSON array")),
    ];
    for (text, error) in rows {
        assert_eq!(decode(text), Err(error), "{text}");
    }
}

#[test]
fn a_bad_attachment_count_is_refused() {
    use PacketError as E;
    let (count, many) = (
        || E::AttachmentCount,
        || E::TooManyAttachments { limit: 10 },
    );
    let rows = [
        ("5", count()),
        ("51", count()),
        ("5-[\"a\"]", count()),
        ("50-[\"a\"]", count()),
        ("500-[\"a\"]", count()),
        ("51[\"a\"]", count()),
        ("51.5-[\"a\"]", count()),
        ("5-1-[\"a\"]", count()),
        ("5a-[\"a\"]", count()),
        ("5 1-[\"a\"]", count()),
        ("60-[]", count()),
        ("511-[\"a\"]", many()),
        ("599999999999999999999999-[\"a\"]", many()),
        ("611-[]", many()),
    ];
    for (text, error) in rows {
        assert_eq!(decode(text), Err(error), "{text}");
    }
}

#[test]
fn broken_json_is_refused_where_nobody_else_would_notice() {
    for text in [
        r#"0{"a""#,
        "0{} x",
        "0{a:1}",
        "30[",
        "30[1,]",
        "30[1] x",
        r#"51-["a","#,
        r#"51-["a"]]"#,
        "61-[nul]",
        "2[01]",
        "2[1e]",
        "2[\"a\\x\"]",
        "2[\"a\nb\"]",
        "2[1e400]",
    ] {
        let error = decode(text).unwrap_err();
        let syntax = matches!(
            error,
            PacketError::Syntax(_) | PacketError::Name(NameError::Syntax(_))
        );
        assert!(syntax, "{text}: {error:?}");
    }
}

#[test]
fn the_length_of_a_namespace_is_limited() {
    let longest = format!("/{}", "n".repeat(511));
    assert_eq!(decode(&format!("0{longest},")), Ok(connect(&longest, None)));
    let error = PacketError::NamespaceTooLong {
        length: 513,
        limit: 512,
    };
    assert_eq!(decode(&format!("0{longest}x,")), Err(error));
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(decode(&format!("30{deep}")).is_ok());
    assert!(decode(&format!("51-[\"a\",{deep}]")).is_ok());
    assert!(decode(&format!("0{{\"a\":{deep}}}")).is_ok());
}

#[test]
fn event_names_are_read_as_javascript_would() {
    let rows = [
        (r#"["a b"]"#, "a b"),
        (r#"[""]"#, ""),
        (r#"["a\"b\\"]"#, "a\"b\\"),
        (r#"["\u00e9\ud83d\ude00"]"#, "é😀"),
        ("[\"é\"]", "é"),
        (r#"["error"]"#, "error"),
        (r#"["connection"]"#, "connection"),
        // A surrogate without its half is no violation; three bytes, three replacements.
        (r#"["a\ud800"]"#, "a\u{fffd}\u{fffd}\u{fffd}"),
        ("[1]", "1"),
        ("[1.0,2]", "1"),
        ("[-1]", "-1"),
        ("[-0]", "0"),
        ("[-0.0]", "0"),
        ("[1.5 ]", "1.5"),
        ("[1e3]", "1000"),
        ("[9007199254740993]", "9007199254740993"),
    ];
    for (array, name) in rows {
        assert_eq!(EventName::read(array).unwrap().text, name, "{array}");
    }
}

#[test]
fn headers_are_written_as_the_protocol_shows_them() {
    let rows = [
        (Kind::Connect, 0, "/", None, "0"),
        (Kind::Connect, 0, "/custom", None, "0/custom,"),
        (Kind::Disconnect, 0, "/", None, "1"),
        (Kind::Disconnect, 0, "/custom", None, "1/custom,"),
        (Kind::Event, 0, "/", None, "2"),
        (Kind::Event, 0, "/custom", Some(12), "2/custom,12"),
        (Kind::Ack, 0, "/", Some(0), "30"),
        (Kind::ConnectError, 0, "/custom", None, "4/custom,"),
        (Kind::Event, 1, "/", None, "51-"),
        (Kind::Ack, 10, "/custom", Some(3), "610-/custom,3"),
    ];
    for (kind, attachments, namespace, id, header) in rows {
        let mut text = String::new();
        write_header(&mut text, kind, attachments, namespace, id);
        assert_eq!(text, header);
    }
}
