//! Compressed frames.

use super::*;

/// RFC 7692, 7.2.3.1.
const HELLO: &[u8] = &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

fn compressed(bytes: &[u8]) -> (Vec<Received>, Option<Violation>) {
    decode_by(|| Decoder::new(MAX).with_compression(), bytes)
}

fn message(opcode: Opcode, data: &'static [u8]) -> Received {
    Received::Compressed(Compressed::new([&[opcode as u8], data].concat().into()))
}

#[test]
fn compressed_messages_are_given_as_they_are() {
    // RFC 7692, 6.2: of several frames only the first is marked.
    let fragments = [frame(0x41, &HELLO[..3]), frame(0x80, &HELLO[3..])].concat();
    let with_ping = [
        frame(0x42, &HELLO[..3]),
        frame(0x89, b"ping"),
        frame(0x00, b""),
        frame(0x80, &HELLO[3..]),
    ]
    .concat();
    let ping = Received::Ping(Bytes::from_static(b"ping"));
    let rows = [
        (frame(0xC1, HELLO), vec![message(Opcode::Text, HELLO)]),
        (frame(0xC2, b"any"), vec![message(Opcode::Binary, b"any")]),
        (fragments, vec![message(Opcode::Text, HELLO)]),
        (with_ping, vec![ping, message(Opcode::Binary, HELLO)]),
        (frame(0xC1, b""), vec![message(Opcode::Text, b"")]),
        // What is not marked is not compressed, whatever was agreed on.
        (frame(0x81, b"a"), vec![text("a")]),
        (
            [frame(0x01, b"a"), frame(0x80, b"b")].concat(),
            vec![text("ab")],
        ),
    ];
    for (bytes, expected) in rows {
        assert_eq!(compressed(&bytes), (expected, None), "{bytes:x?}");
    }
}

#[test]
fn only_the_beginning_of_a_message_may_be_marked() {
    let begins_none = protocol("a compressed frame that begins no message");
    let reserved = protocol("a reserved bit is set");
    let refused = [
        (vec![], 0xC8, begins_none),
        (vec![], 0xC9, begins_none),
        (vec![], 0xCA, begins_none),
        (vec![], 0xC0, begins_none),
        (vec![], 0xC3, protocol("an unknown opcode")),
        (frame(0x41, b"a"), 0xC0, begins_none),
        (frame(0x01, b"a"), 0x40, begins_none),
        (
            frame(0x41, b"a"),
            0xC1,
            protocol("a message within a message"),
        ),
        (vec![], 0xA1, reserved),
        (vec![], 0x91, reserved),
        (vec![], 0xE1, reserved),
        (vec![], 0xD2, reserved),
    ];
    for (begun, first, why) in refused {
        let bytes = [&begun[..], &[first]].concat();
        assert_eq!(compressed(&bytes), (vec![], why), "{bytes:x?}");
    }
}

#[test]
fn what_arrives_compressed_is_limited_too() {
    let too_big = (vec![], Some(Violation::TooBig));
    assert_eq!(compressed(&announcing(0xC2, MAX as u64 + 1)), too_big);
    let begun = frame(0x42, &[0; MAX]);
    let one_more = [&begun[..], &frame(0x80, &[0])].concat();
    assert_eq!(compressed(&one_more), too_big);
}
