//! Packets as they were captured, in both directions.

use super::*;
use PacketKind::{Ack, Connect, ConnectError, Disconnect, Event};

/// What the reference client or server sent, the packet that it is (kind, namespace, id, payload,
/// binary values), and whether we write the very same.
type Captured = (
    &'static str,
    PacketKind,
    &'static str,
    Option<u64>,
    &'static str,
    &'static [&'static [u8]],
    bool,
);

const CAPTURED: &[Captured] = &[
    (
        "83 a474797065 00 a464617461 81 a174 a161 a36e7370 a12f",
        Connect,
        "/",
        None,
        r#"{"t":"a"}"#,
        &[],
        true,
    ),
    (
        "83 a474797065 00 a464617461 d40000 a36e7370 a12f",
        Connect,
        "/",
        None,
        "",
        &[],
        false,
    ),
    (
        "83 a474797065 00 a464617461 82 a3736964 b4 4142434445464748494a4b4c4d4e4f5051525354 a3706964 d40000 a36e7370 a12f",
        Connect,
        "/",
        None,
        r#"{"sid":"ABCDEFGHIJKLMNOPQRST"}"#,
        &[],
        false,
    ),
    (
        "83 a474797065 00 a464617461 81 a3736964 b4 4142434445464748494a4b4c4d4e4f5051525354 a36e7370 a12f",
        Connect,
        "/",
        None,
        r#"{"sid":"ABCDEFGHIJKLMNOPQRST"}"#,
        &[],
        true,
    ),
    (
        "83 a474797065 02 a464617461 92 a173 01 a36e7370 a12f",
        Event,
        "/",
        None,
        r#"["s",1]"#,
        &[],
        true,
    ),
    (
        "84 a474797065 02 a464617461 94 a568656c6c6f 01 a132 81 a178 c403 010203 a76f7074696f6e73 81 a8636f6d7072657373 c3 a36e7370 a12f",
        Event,
        "/",
        None,
        r#"["hello",1,"2",{"x":{"_placeholder":true,"num":0}}]"#,
        &[&[1, 2, 3]],
        false,
    ),
    (
        "83 a474797065 02 a464617461 94 a568656c6c6f 01 a132 81 a178 c403 010203 a36e7370 a12f",
        Event,
        "/",
        None,
        r#"["hello",1,"2",{"x":{"_placeholder":true,"num":0}}]"#,
        &[&[1, 2, 3]],
        true,
    ),
    (
        "84 a474797065 02 a464617461 92 a47361636b 02 a26964 00 a36e7370 a12f",
        Event,
        "/",
        Some(0),
        r#"["sack",2]"#,
        &[],
        true,
    ),
    (
        "84 a474797065 03 a26964 00 a464617461 92 a26f6b c401 01 a36e7370 a12f",
        Ack,
        "/",
        Some(0),
        r#"["ok",{"_placeholder":true,"num":0}]"#,
        &[&[1]],
        true,
    ),
    (
        "83 a474797065 04 a464617461 82 a76d657373616765 a178 a464617461 81 a163 01 a36e7370 a7 2f637573746f6d",
        ConnectError,
        "/custom",
        None,
        r#"{"message":"x","data":{"c":1}}"#,
        &[],
        true,
    ),
    (
        "82 a474797065 01 a36e7370 a12f",
        Disconnect,
        "/",
        None,
        "",
        &[],
        true,
    ),
];

#[test]
fn captured_packets_are_read_and_written() {
    for &(row, kind, namespace, id, json, parts, is_written) in CAPTURED {
        let expected = packet(kind, namespace, id, json, parts);
        assert_eq!(decode(bytes(row)).as_ref(), Ok(&expected), "{row}");
        let written = encode(&expected);
        let is_same = hex(&written) == hex(&bytes(row));
        assert_eq!(is_same, is_written, "{row}: {}", hex(&written));
        assert_eq!(decode(written), Ok(expected));
    }
}

#[test]
fn the_order_of_the_members_is_free_and_the_last_of_equal_ones_counts() {
    let rows = [
        "83 a36e7370 a12f a464617461 91 a165 a474797065 02",
        "84 a474797065 02 a464617461 91 c403010203 a36e7370 a12f a464617461 91 a165",
        "86 a474797065 cb4000000000000000 a36e7370 a12f a26964 d40000 a464617461 91 a165 07 c0 a178 94 90 81 01 92 c0 c0 c7 03 05 010203 c3",
    ];
    for row in rows {
        let expected = packet(PacketKind::Event, "/", None, r#"["e"]"#, &[]);
        assert_eq!(decode(bytes(row)), Ok(expected), "{row}");
    }
    let id = |id: &str| {
        decode(bytes(&format!(
            "84 a474797065 02 a464617461 91 a165 a36e7370 a12f a26964 {id}"
        )))
        .map(|packet| packet.id)
    };
    for (form, expected) in [
        ("07", Some(7)),
        ("cc07", Some(7)),
        ("cf ffffffffffffffff", Some(u64::MAX)),
        ("d2 00000007", Some(7)),
        ("cb 401c000000000000", Some(7)),
        ("d40000", None),
    ] {
        assert_eq!(id(form), Ok(expected), "{form}");
    }
    for form in [
        "c0",
        "ff",
        "a137",
        "cb 401e000000000000",
        "cb c01c000000000000",
        "cb 7ff8000000000000",
        "c2",
    ] {
        assert!(id(form).unwrap_err().contains("id"), "{form}");
    }
}
