//! Captured packets in both directions, values, and what is refused.

mod captured;
mod refused;

use bytes::Bytes;

use super::*;
use crate::socketio::parser::PacketKind;

/// The bytes of hexadecimal digits, between which may be spaces.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let byte = |pair: &[u32]| (pair[0] * 16 + pair[1]) as u8;
    digits.chunks(2).map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(message: Vec<u8>) -> Result<Packet, String> {
    let frame = Frame::Binary(message.into());
    let packet = MsgpackParser.decoder().decode(frame, &Limits::default());
    packet
        .map(|packet| packet.expect("a message is a packet"))
        .map_err(|error| error.to_string())
}

fn encode(packet: &Packet) -> Vec<u8> {
    let packet = PacketRef {
        kind: packet.kind,
        namespace: &packet.namespace,
        id: packet.id,
        json: &packet.json,
        attachments: &packet.attachments,
    };
    match MsgpackParser.encode(packet).unwrap().as_slice() {
        [Frame::Binary(message)] => message.to_vec(),
        other => panic!("{other:?}"),
    }
}

fn packet(
    kind: PacketKind,
    namespace: &'static str,
    id: Option<u64>,
    json: &str,
    parts: &[&'static [u8]],
) -> Packet {
    Packet {
        kind,
        namespace: namespace.into(),
        id,
        json: json.into(),
        attachments: parts.iter().map(|part| Bytes::from_static(part)).collect(),
    }
}

/// The message of an event whose arguments are this MessagePack, an array.
fn event(data: &str) -> Vec<u8> {
    bytes(&format!("83 a474797065 02 a464617461 {data} a36e7370 a12f"))
}

/// The one value of an event `e` with this value.
fn value(data: &str) -> Result<String, String> {
    let packet = decode(event(&format!("92 a165 {data}")))?;
    let value = packet
        .json
        .strip_prefix(r#"["e","#)
        .and_then(|json| json.strip_suffix(']'));
    Ok(value.expect("an event with one argument").to_owned())
}

/// MessagePack, and the JSON that comes of it.
const VALUES: &[(&str, &str)] = &[
    ("c0", "null"),
    ("c2", "false"),
    ("c3", "true"),
    ("00", "0"),
    ("7f", "127"),
    ("e0", "-32"),
    ("ff", "-1"),
    ("cc ff", "255"),
    ("cd ffff", "65535"),
    ("ce ffffffff", "4294967295"),
    ("cf ffffffffffffffff", "18446744073709551615"),
    ("d0 80", "-128"),
    ("d1 8000", "-32768"),
    ("d2 80000000", "-2147483648"),
    ("d3 8000000000000000", "-9223372036854775808"),
    ("d3 0020000000000001", "9007199254740993"),
    ("ca 3fc00000", "1.5"),
    ("ca 3dcccccd", "0.10000000149011612"),
    ("cb 3fb999999999999a", "0.1"),
    ("cb 4000000000000000", "2.0"),
    ("cb 7e37e43c8800759c", "1e+300"),
    ("cb 8000000000000000", "-0.0"),
    ("cb 7ff8000000000000", "null"),
    ("cb fff0000000000000", "null"),
    ("ca 7f800000", "null"),
    ("a0", r#""""#),
    ("a6 22 5c 0a 01 c3a4", r#""\"\\\n\u0001ä""#),
    ("d9 01 61", r#""a""#),
    ("da 0001 61", r#""a""#),
    ("db 00000001 61", r#""a""#),
    ("a3 61 ff 62", "\"a\u{fffd}b\""),
    ("dc 0002 01 90", "[1,[]]"),
    ("dd 00000001 c0", "[null]"),
    ("de 0001 a161 80", r#"{"a":{}}"#),
    ("df 00000001 a161 01", r#"{"a":1}"#),
    ("d40000", "null"),
    ("93 d40000 01 d40000", "[null,1,null]"),
    ("83 a161 d40000 a162 01 a163 d40000", r#"{"b":1}"#),
    ("82 a162 01 a163 d40000", r#"{"b":1}"#),
    ("81 a163 d40000", "{}"),
    (
        "85 01 01 ff 02 c0 03 c3 04 cb 3ff8000000000000 05",
        r#"{"1":1,"-1":2,"null":3,"true":4,"1.5":5}"#,
    ),
    ("d7 00 0000000000000000", r#""1970-01-01T00:00:00.000Z""#),
    ("d7 00 ffffffffffffffff", r#""1969-12-31T23:59:59.999Z""#),
    ("d7 00 7fffffffffffffff", "null"),
    ("c403 010203", r#"{"_placeholder":true,"num":0}"#),
    ("c5 0001 07", r#"{"_placeholder":true,"num":0}"#),
    ("c6 00000001 07", r#"{"_placeholder":true,"num":0}"#),
    ("c7 01 00 07", r#"{"_placeholder":true,"num":0}"#),
    ("c8 0001 00 07", r#"{"_placeholder":true,"num":0}"#),
    ("c9 00000001 00 07", r#"{"_placeholder":true,"num":0}"#),
    (
        "92 c400 91 c400",
        r#"[{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]"#,
    ),
    ("d405 07", r#"[5,{"_placeholder":true,"num":0}]"#),
    ("d6ff 01020304", r#"[-1,{"_placeholder":true,"num":0}]"#),
    ("d500 0102", r#"[0,{"_placeholder":true,"num":0}]"#),
    (
        "d8 07 000102030405060708090a0b0c0d0e0f",
        r#"[7,{"_placeholder":true,"num":0}]"#,
    ),
    ("c7 02 81 0102", r#"[-127,{"_placeholder":true,"num":0}]"#),
];

#[test]
fn values_become_the_arguments_that_json_would_have_brought() {
    for &(row, json) in VALUES {
        assert_eq!(value(row).as_deref(), Ok(json), "{row}");
    }
    let bins = decode(event("94 a165 c402 0102 c703000304 05 d407 08"))
        .unwrap()
        .attachments;
    assert_eq!(bins, [&[1, 2][..], &[3, 4, 5], &[8]]);
}

#[test]
fn json_is_written_in_the_shortest_forms() {
    let long_text = "x".repeat(300);
    let long_list = format!("[{}]", vec!["[0]"; 20].join(","));
    let members: Vec<_> = (0..16).map(|n| format!(r#""{n}":[]"#)).collect();
    let rows = [
        ("null", "c0".to_owned()),
        ("false", "c2".to_owned()),
        ("true", "c3".to_owned()),
        ("127", "7f".to_owned()),
        ("128", "cc80".to_owned()),
        ("256", "cd0100".to_owned()),
        ("65536", "ce00010000".to_owned()),
        ("4294967296", "cf0000000100000000".to_owned()),
        ("18446744073709551615", "cfffffffffffffffff".to_owned()),
        ("18446744073709551616", "cb43f0000000000000".to_owned()),
        ("-1", "ff".to_owned()),
        ("-32", "e0".to_owned()),
        ("-33", "d0df".to_owned()),
        ("-129", "d1ff7f".to_owned()),
        ("-32769", "d2ffff7fff".to_owned()),
        ("-2147483649", "d3ffffffff7fffffff".to_owned()),
        ("-9223372036854775809", "cbc3e0000000000000".to_owned()),
        ("-0", "cb8000000000000000".to_owned()),
        ("1.5", "cb3ff8000000000000".to_owned()),
        ("1e2", "cb4059000000000000".to_owned()),
        (r#""é\n\"""#, "a4c3a90a22".to_owned()),
        (
            r#""\ud83d\ude00\ud800""#,
            "adf09f9880efbfbdefbfbdefbfbd".to_owned(),
        ),
        (
            &long_text_token(&long_text),
            format!("da012c{}", "78".repeat(300)),
        ),
        (" [ 1 , { \"a\" : [ ] } ] ", "920181a16190".to_owned()),
        (&long_list, format!("dc0014{}", "9100".repeat(20))),
        (
            &format!("[{{{}}},[1]]", members.join(",")),
            format!("92de0010{}9101", (0..16).map(member).collect::<String>()),
        ),
    ];
    for (json, expected) in rows {
        let written = encode(&packet(PacketKind::ConnectError, "/", None, json, &[]));
        let data = hex(&written);
        let data = data
            .strip_prefix("83a47479706504a464617461")
            .and_then(|data| data.strip_suffix("a36e7370a12f"));
        assert_eq!(data, Some(&*expected), "{json}");
    }
}

fn long_text_token(text: &str) -> String {
    format!("\"{text}\"")
}

/// `"n":[]` for a number below 100.
fn member(number: u8) -> String {
    let digits = number.to_string();
    format!("{:02x}{}90", 0xa0 + digits.len(), hex(digits.as_bytes()))
}

#[test]
fn binary_values_stand_where_their_placeholders_stood() {
    let json = r#"["e",{"num":1,"_placeholder":true},[{"_placeholder":true,"num":0}],{"_placeholder":true,"num":1}]"#;
    let written = encode(&packet(
        PacketKind::Event,
        "/",
        None,
        json,
        &[&[1], &[2, 3]],
    ));
    assert_eq!(
        hex(&written),
        hex(&event("94 a165 c4020203 91 c40101 c4020203"))
    );
    // Without attachments it is an object like any other.
    let json = r#"["e",{"_placeholder":true,"num":0}]"#;
    let written = encode(&packet(PacketKind::Event, "/", None, json, &[]));
    assert_eq!(decode(written).unwrap().json, json);
}

#[test]
fn credentials_have_no_attachments() {
    let row = "83 a474797065 00 a464617461 82 a16b c4030001ff a16c c7010005 a36e7370 a12f";
    let connect = decode(bytes(row)).unwrap();
    assert_eq!(connect.json, r#"{"k":[0,1,255],"l":[5]}"#);
    assert!(connect.attachments.is_empty());
}

#[test]
fn text_that_is_no_json_is_not_written() {
    for json in [
        "",
        "[",
        "]",
        "[1",
        "[1]]",
        "[1][2]",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"["a":1]"#,
        r#"{1}"#,
        "[x]",
        r#""a"#,
        r#"["\x"]"#,
    ] {
        let packet = PacketRef {
            kind: PacketKind::Event,
            namespace: "/",
            id: None,
            json,
            attachments: &[],
        };
        assert_eq!(
            MsgpackParser.encode(packet).is_err(),
            !json.is_empty(),
            "{json}"
        );
    }
}
