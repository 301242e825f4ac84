//! Tables of bodies and packets; rows from the Engine.IO protocol, "HTTP long-polling".

use proptest::prelude::*;

use super::*;

/// The texts of the messages of a body, then the error that ends it.
fn read(body: &'static [u8]) -> (Vec<Frame>, Option<PacketError>) {
    let mut frames = Vec::new();
    let mut packets = split(Bytes::from_static(body));
    while let Some(packet) = packets.next() {
        match packet {
            Ok(packet) => frames.push(packet.encode()),
            Err(error) => {
                assert!(packets.next().is_none(), "nothing follows an error");
                return (frames, Some(error));
            }
        }
    }
    assert!(packets.next().is_none(), "fused");
    (frames, None)
}

fn bytes(bytes: &'static [u8]) -> Frame {
    Frame::Binary(Bytes::from_static(bytes))
}

#[test]
fn a_body_is_split_at_its_separators() {
    for (body, frames) in [
        (&b"4hello"[..], vec!["4hello".into()]),
        (b"4", vec!["4".into()]),
        (b"4a\x1e4b", vec!["4a".into(), "4b".into()]),
        (
            "4hello\u{1e}4wörld\u{1e}bAQIDBA==".as_bytes(),
            vec!["4hello".into(), "4wörld".into(), bytes(&[1, 2, 3, 4])],
        ),
        (b"6\x1e1", vec!["6".into(), "1".into()]),
        (b"b\x1e3", vec![bytes(&[]), "3".into()]),
    ] {
        assert_eq!(read(body), (frames, None), "{body:?}");
    }
}

#[test]
fn a_bad_packet_ends_a_body_after_those_before_it() {
    let a = || Frame::from("4a");
    for (body, frames, error) in [
        (&b""[..], vec![], PacketError::Empty),
        (b"\x1e", vec![], PacketError::Empty),
        (b"\x1e4a", vec![], PacketError::Empty),
        (b"4a\x1e", vec![a()], PacketError::Empty),
        (b"4a\x1e\x1e4b", vec![a()], PacketError::Empty),
        (b"abc", vec![], PacketError::UnknownType(b'a')),
        (
            b"4a\x1e4b\x1ex\x1e4c",
            vec![a(), "4b".into()],
            PacketError::UnknownType(b'x'),
        ),
        (b"4a\x1e4\xff", vec![a()], PacketError::NotUtf8),
        (b"4a\x1e4\xc3\x1e\xa9", vec![a()], PacketError::NotUtf8),
        (b"\xff", vec![], PacketError::NotUtf8),
        (b"8:4hello", vec![], PacketError::UnknownType(b'8')),
    ] {
        assert_eq!(read(body), (frames, Some(error)), "{body:?}");
    }
}

#[test]
fn frames_are_joined_in_order_without_a_trailing_separator() {
    for (frames, body) in [
        (vec![], &b""[..]),
        (vec!["4a".into()], b"4a"),
        (vec![bytes(&[1, 2, 3, 4])], b"bAQIDBA=="),
        (vec![bytes(&[])], b"b"),
        (
            vec!["4a".into(), bytes(&[0xfb, 0xef, 0xff]), "2".into()],
            b"4a\x1eb++//\x1e2",
        ),
    ] {
        assert_eq!(&join(frames.iter())[..], body, "{frames:?}");
    }
}

#[test]
fn a_text_alone_is_shared_not_copied() {
    let Frame::Text(text) = Frame::from("4hello") else {
        unreachable!()
    };
    assert_eq!(
        join([Frame::Text(text.clone())].iter()).as_ptr(),
        text.as_ptr()
    );
}

fn any_frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        // A text message cannot hold the separator: JSON escapes it.
        "[0-6][^\u{1e}]*".prop_map(Frame::from),
        any::<Vec<u8>>().prop_map(|bytes| Frame::Binary(bytes.into())),
    ]
}

proptest! {
    #[test]
    fn splitting_a_joined_body_gives_its_packets(
        frames in prop::collection::vec(any_frame(), 1..8),
    ) {
        let packets: Result<Vec<_>, _> = split(join(frames.iter())).collect();
        let expected: Result<Vec<_>, _> = frames.into_iter().map(Packet::decode).collect();
        prop_assert_eq!(packets, expected);
    }

    #[test]
    fn splitting_agrees_with_the_naive_way(
        body in prop::collection::vec(prop::sample::select(&b"4b6xA=\x1e\xc3\xa9"[..]), 0..40),
    ) {
        let mut expected = Vec::new();
        for part in body.split(|&byte| byte == SEPARATOR) {
            let packet = String::from_utf8(part.to_vec())
                .map_err(|_| PacketError::NotUtf8)
                .and_then(|text| Packet::decode(Frame::from(text)));
            expected.push(packet);
            if packet_is_bad(&expected) {
                break;
            }
        }
        prop_assert_eq!(split(body.into()).collect::<Vec<_>>(), expected);
    }
}

fn packet_is_bad(packets: &[Result<Packet, PacketError>]) -> bool {
    packets.last().is_some_and(Result::is_err)
}
