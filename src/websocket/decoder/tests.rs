//! Tests of `decoder`.

mod compressed;

use super::super::client::{MASK, decode_all, frame, masked};
use super::*;

/// The limit of the tables.
const MAX: usize = 1000;

const NONE: [Received; 0] = [];

/// What comes of these bytes at once, which is also what comes of them byte by byte.
fn decode(bytes: &[u8]) -> (Vec<Received>, Option<Violation>) {
    decode_by(|| Decoder::new(MAX), bytes)
}

fn decode_by(make: fn() -> Decoder, bytes: &[u8]) -> (Vec<Received>, Option<Violation>) {
    let at_once = decode_all(&mut make(), bytes);
    let mut decoder = make();
    let mut all = Vec::new();
    for byte in bytes {
        let (more, violation) = decode_all(&mut decoder, &[*byte]);
        all.extend(more);
        if violation.is_some() {
            assert_eq!(at_once, (all, violation));
            return at_once;
        }
    }
    assert_eq!(at_once, (all, None));
    at_once
}

fn text(text: &str) -> Received {
    Received::Message(text.into())
}

fn binary(bytes: &[u8]) -> Received {
    Received::Message(Bytes::copy_from_slice(bytes).into())
}

fn protocol(why: &'static str) -> Option<Violation> {
    Some(Violation::Protocol(why))
}

/// A head that announces `length` in eight bytes.
fn announcing(first: u8, length: u64) -> Vec<u8> {
    let mut head = vec![first, 0x80 | 127];
    head.extend(length.to_be_bytes());
    head.extend(MASK);
    head
}

#[test]
fn the_examples_of_the_specification() {
    // RFC 6455, 5.7; where those are a server's, masked.
    let hello = [0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58];
    let rows = [
        ([&[0x81, 0x85], &hello[..]].concat(), text("Hello")),
        (
            [frame(0x01, b"Hel"), frame(0x80, b"lo")].concat(),
            text("Hello"),
        ),
        (
            [&[0x89, 0x85], &hello[..]].concat(),
            Received::Ping(Bytes::from_static(b"Hello")),
        ),
        (
            [&[0x8A, 0x85], &hello[..]].concat(),
            Received::Pong(Bytes::from_static(b"Hello")),
        ),
        (frame(0x82, &[1; 256]), binary(&[1; 256])),
    ];
    for (bytes, expected) in rows {
        assert_eq!(decode(&bytes), (vec![expected], None), "{bytes:x?}");
    }
    let mut large = Decoder::new(65_536);
    let (all, _) = decode_all(&mut large, &frame(0x82, &[1; 65_536]));
    assert_eq!(all, [binary(&[1; 65_536])]);
}

#[test]
fn what_the_first_byte_may_be() {
    let refused = [
        (0xC1, "a reserved bit is set"),
        (0xA1, "a reserved bit is set"),
        (0x91, "a reserved bit is set"),
        (0xC9, "a reserved bit is set"),
        (0x83, "an unknown opcode"),
        (0x87, "an unknown opcode"),
        (0x8B, "an unknown opcode"),
        (0x8F, "an unknown opcode"),
        (0x80, "a continuation of no message"),
        (0x00, "a continuation of no message"),
        (0x08, "a fragmented control frame"),
        (0x09, "a fragmented control frame"),
        (0x0A, "a fragmented control frame"),
    ];
    for (first, why) in refused {
        let expected = (NONE.to_vec(), protocol(why));
        assert_eq!(decode(&[first]), expected, "{first:x}, at once");
        assert_eq!(decode(&frame(first, b"")), expected, "{first:x}");
    }
    for first in [0x01, 0x81, 0x88] {
        assert_eq!(decode(&[first]), (vec![], None), "{first:x}");
    }
}

#[test]
fn what_may_come_within_a_message() {
    let begun = frame(0x01, b"a");
    for first in [0x01, 0x02, 0x81, 0x82] {
        let bytes = [&begun[..], &[first]].concat();
        let expected = (vec![], protocol("a message within a message"));
        assert_eq!(decode(&bytes), expected, "{first:x}");
    }
    let bytes = [
        begun,
        frame(0x89, b"ping"),
        frame(0x00, b""),
        frame(0x8A, b""),
        frame(0x80, b"b"),
        frame(0x82, b"c"),
    ]
    .concat();
    let expected = vec![
        Received::Ping(Bytes::from_static(b"ping")),
        Received::Pong(Bytes::new()),
        text("ab"),
        binary(b"c"),
    ];
    assert_eq!(decode(&bytes), (expected, None));
    // The message is over.
    let bytes = [frame(0x02, b"a"), frame(0x80, b"b"), frame(0x80, b"c")].concat();
    let violation = protocol("a continuation of no message");
    assert_eq!(decode(&bytes), (vec![binary(b"ab")], violation));
}

#[test]
fn frames_without_a_mask_are_refused() {
    for bytes in [&[0x81, 0x05][..], &[0x81, 0x00], &[0x88, 0x00]] {
        let expected = (vec![], protocol("a frame without a mask"));
        assert_eq!(decode(bytes), expected, "{bytes:x?}");
    }
}

#[test]
fn control_frames_are_short() {
    let rows: [fn(Bytes) -> Received; 2] = [Received::Ping, Received::Pong];
    for (first, make) in [0x89, 0x8A].into_iter().zip(rows) {
        let long = frame(first, &[1; 125]);
        let expected = make(Bytes::from(vec![1; 125]));
        assert_eq!(decode(&long), (vec![expected], None));
        let expected = (vec![], protocol("a control frame of over 125 bytes"));
        assert_eq!(decode(&frame(first, &[1; 126])), expected);
        // Also one that says so of a length that would be allowed.
        assert_eq!(decode(&[first, 0x80 | 126]), expected);
        assert_eq!(decode(&[first, 0x80 | 127]), expected);
    }
}

#[test]
fn closes_say_a_code_or_none() {
    let close = |payload: &[u8]| decode(&frame(0x88, payload));
    let payload = |code: u16, reason: &[u8]| [&code.to_be_bytes(), reason].concat();
    let code = |code: u16, reason: &[u8]| close(&payload(code, reason));
    let closed = |code, payload: &[u8]| Received::Close {
        code,
        payload: Bytes::copy_from_slice(payload),
    };
    assert_eq!(close(b""), (vec![closed(None, b"")], None));
    let violation = protocol("a close code of one byte");
    assert_eq!(close(b"\x03"), (vec![], violation));
    for allowed in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
        4999,
    ] {
        for reason in ["", "schön"] {
            let reason = reason.as_bytes();
            let expected = vec![closed(Some(allowed), &payload(allowed, reason))];
            assert_eq!(code(allowed, reason), (expected, None), "{allowed}");
        }
    }
    for refused in [
        0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535,
    ] {
        let violation = protocol("a close code that must not be sent");
        assert_eq!(code(refused, b""), (vec![], violation), "{refused}");
    }
    assert_eq!(code(1000, &[b'a'; 123]).1, None);
    assert_eq!(code(1000, b"\xC3"), (vec![], Some(Violation::NotUtf8)));
    assert_eq!(code(1000, b"\xFFa"), (vec![], Some(Violation::NotUtf8)));
}

#[test]
fn nothing_comes_after_the_end() {
    let ends = [frame(0x88, b""), frame(0x83, b""), frame(0x81, b"\xFF")];
    for end in ends {
        let mut decoder = Decoder::new(MAX);
        let bytes = [&frame(0x01, b"a")[..], &end, &frame(0x81, b"more")].concat();
        let (all, violation) = decode_all(&mut decoder, &bytes);
        assert_eq!(all.len() + usize::from(violation.is_some()), 1);
        let after = decode_all(&mut decoder, &frame(0x81, b"more"));
        assert_eq!(after, (vec![], None));
        assert!(decoder.is_idle());
        assert_eq!(decoder.held(), 0);
    }
}

#[test]
fn lengths_may_be_written_in_more_bytes_than_needed_but_not_in_64_bits() {
    let rows = [
        [&[0x82, 0x80 | 126, 0, 1][..], &MASK, &[1 ^ MASK[0]]].concat(),
        [announcing(0x82, 1), vec![1 ^ MASK[0]]].concat(),
    ];
    for bytes in rows {
        assert_eq!(decode(&bytes), (vec![binary(&[1])], None), "{bytes:x?}");
    }
    let violation = protocol("a length of more than 63 bits");
    assert_eq!(decode(&announcing(0x82, 1 << 63)), (vec![], violation));
    assert_eq!(decode(&[0x82, 0xFF, 0x80]), (vec![], violation));
    let almost = announcing(0x82, (1 << 63) - 1);
    assert_eq!(decode(&almost), (vec![], Some(Violation::TooBig)));
}

#[test]
fn a_message_over_the_limit_is_refused_when_it_is_announced() {
    let full = frame(0x82, &[1; MAX]);
    assert_eq!(decode(&full), (vec![binary(&[1; MAX])], None));
    let too_big = (vec![], Some(Violation::TooBig));
    assert_eq!(decode(&announcing(0x82, MAX as u64 + 1)), too_big);
    assert_eq!(decode(&announcing(0x01, MAX as u64 + 1)), too_big);

    let begun = [frame(0x01, "é".as_bytes()), frame(0x00, &[b'a'; MAX - 3])].concat();
    let one_more = [&begun[..], &frame(0x80, b"b")].concat();
    assert_eq!(decode(&one_more).1, None);
    assert_eq!(
        decode(&[&begun[..], &announcing(0x80, 2)].concat()),
        too_big
    );
    // A control frame is no part of the message, nor is a character that is not whole forgotten.
    let mut tiny = Decoder::new(2);
    let (all, violation) = decode_all(&mut tiny, &frame(0x89, b"ping"));
    assert_eq!((all.len(), violation), (1, None));
    let (_, violation) = decode_all(&mut tiny, &frame(0x01, b"\xF0\x9F"));
    assert_eq!(violation, None);
    let (_, violation) = decode_all(&mut tiny, &announcing(0x80, 1));
    assert_eq!(violation, Some(Violation::TooBig));
    let mut none = Decoder::new(0);
    assert_eq!(decode_all(&mut none, &frame(0x81, b"")).0, [text("")]);
}

#[test]
fn text_fails_as_soon_as_it_is_certainly_wrong() {
    let not_utf8 = (vec![], Some(Violation::NotUtf8));
    // Autobahn 6.4: the rest of the frame, and of the message, has not arrived.
    let bad = b"\xCE\xBA\xF4\x90";
    let whole = frame(0x01, &[&bad[..], &[b'a'; 100]].concat());
    assert_eq!(decode(&whole[..6 + bad.len()]), not_utf8);
    assert_eq!(decode(&whole[..6 + bad.len() - 1]), (vec![], None));
    let begun = frame(0x01, &bad[..3]);
    assert_eq!(
        decode(&[&begun[..], &frame(0x00, b"\x90")].concat()),
        not_utf8
    );
    // A character over two fragments is none over the end.
    let ended = [&frame(0x01, b"\xE2\x82")[..], &frame(0x80, b"")].concat();
    assert_eq!(decode(&ended), not_utf8);
    let whole = [&frame(0x01, b"\xE2\x82")[..], &frame(0x80, b"\xAC")].concat();
    assert_eq!(decode(&whole), (vec![text("€")], None));
    assert_eq!(decode(&frame(0x81, b"\xE2\x82")), not_utf8);
    // Binary is anything.
    assert_eq!(decode(&frame(0x82, bad)), (vec![binary(bad)], None));
}

#[test]
fn a_whole_frame_is_a_slice_of_the_input() {
    for (first, payload) in [(0x81, &b"Hello"[..]), (0x82, b"Hello"), (0x89, b"Hello")] {
        let mut input = BytesMut::from(&masked(first, payload, [9, 8, 7, 6])[..]);
        let place = input[6..].as_ptr();
        let mut decoder = Decoder::new(MAX);
        let given = match decoder.decode(&mut input) {
            Ok(Some(Received::Message(Frame::Text(text)))) => text.into_bytes(),
            Ok(Some(Received::Message(Frame::Binary(bytes)) | Received::Ping(bytes))) => bytes,
            other => panic!("{other:?}"),
        };
        assert_eq!(given, payload);
        assert!(std::ptr::eq(given.as_ptr(), place));
        assert!(decoder.pending.is_none());
    }
}

#[test]
fn the_input_is_free_once_it_was_taken() {
    let bytes = [frame(0x01, b"Hel"), frame(0x89, b""), frame(0x80, b"lo")].concat();
    let mut input = BytesMut::with_capacity(64);
    let mut decoder = Decoder::new(MAX);
    let mut all = Vec::new();
    for chunk in bytes.chunks(4) {
        input.extend_from_slice(chunk);
        while let Some(received) = decoder.decode(&mut input).unwrap() {
            all.push(received);
        }
        assert!(input.try_reclaim(64), "nobody else holds it");
    }
    assert_eq!(all, [Received::Ping(Bytes::new()), text("Hello")]);
}

#[test]
fn what_is_held_is_what_has_arrived() {
    assert!(size_of::<Decoder>() <= 64, "{}", size_of::<Decoder>());
    let fixed = size_of::<Pending>();
    let mut decoder = Decoder::new(1 << 30);
    assert_eq!((decoder.is_idle(), decoder.held()), (true, 0));
    decode_all(&mut decoder, &[0x82]);
    assert_eq!((decoder.is_idle(), decoder.held()), (false, 0));
    decode_all(&mut decoder, &announcing(0x82, 1 << 30)[1..]);
    assert!(decoder.held() <= fixed + 16, "{}", decoder.held());
    for arrived in 1..=1000 {
        decode_all(&mut decoder, &[7; 64]);
        let held = decoder.held();
        assert!(held >= fixed + arrived * 64 && held <= fixed + arrived * 128);
    }

    // Empty fragments are held nowhere, however many.
    let mut decoder = Decoder::new(MAX);
    decode_all(&mut decoder, &frame(0x01, b""));
    for _ in 0..10_000 {
        assert_eq!(decode_all(&mut decoder, &frame(0x00, b"")), (vec![], None));
    }
    assert!(!decoder.is_idle());
    assert_eq!(decoder.held(), fixed);
    // Nor does a short one cost more than its bytes.
    for arrived in 1..=MAX {
        assert_eq!(decode_all(&mut decoder, &frame(0x00, b"a")), (vec![], None));
        assert!(decoder.held() <= fixed + 8 + 2 * arrived);
    }
    let (all, _) = decode_all(&mut decoder, &frame(0x80, b""));
    assert_eq!(all, [text(&"a".repeat(MAX))]);
    assert_eq!((decoder.is_idle(), decoder.held()), (true, 0));
}
