//! Tables of frames and packets; rows from the Engine.IO protocol, version 4.

use proptest::prelude::*;

use super::*;

fn text(text: &str) -> Packet {
    Packet::Message(Frame::from(text))
}

fn binary(bytes: &'static [u8]) -> Packet {
    Packet::Message(Frame::Binary(Bytes::from_static(bytes)))
}

/// Frames that are the one form of their packet.
fn canonical() -> Vec<(Frame, Packet)> {
    vec![
        (
            r#"0{"sid":"x"}"#.into(),
            Packet::Open(r#"{"sid":"x"}"#.into()),
        ),
        ("1".into(), Packet::Close),
        ("2".into(), Packet::Ping("".into())),
        ("2probe".into(), Packet::Ping("probe".into())),
        ("3".into(), Packet::Pong("".into())),
        ("3probe".into(), Packet::Pong("probe".into())),
        ("4hello".into(), text("hello")),
        ("4".into(), text("")),
        ("4€ 😀".into(), text("€ 😀")),
        ("4\u{1e}".into(), text("\u{1e}")),
        ("5".into(), Packet::Upgrade),
        ("6".into(), Packet::Noop),
        (
            Frame::Binary(Bytes::from_static(&[1, 2, 3, 4])),
            binary(&[1, 2, 3, 4]),
        ),
        (Frame::Binary(Bytes::new()), binary(&[])),
        (Frame::Binary(Bytes::from_static(b"4x")), binary(b"4x")),
    ]
}

#[test]
fn each_packet_has_one_wire_form() {
    for (frame, packet) in canonical() {
        assert_eq!(
            Packet::decode(frame.clone()),
            Ok(packet.clone()),
            "{frame:?}"
        );
        assert_eq!(packet.clone().encode(), frame, "{packet:?}");
    }
}

#[test]
fn data_of_packets_without_data_is_ignored() {
    for (frame, packet) in [
        ("1x", Packet::Close),
        ("5probe", Packet::Upgrade),
        ("6 6", Packet::Noop),
    ] {
        assert_eq!(Packet::decode(frame.into()), Ok(packet), "{frame}");
    }
}

#[test]
fn what_is_no_packet_is_refused() {
    for (frame, error) in [
        ("", PacketError::Empty),
        ("7", PacketError::UnknownType(b'7')),
        ("9x", PacketError::UnknownType(b'9')),
        ("abc", PacketError::UnknownType(b'a')),
        ("B4", PacketError::UnknownType(b'B')),
        (" 4", PacketError::UnknownType(b' ')),
        ("é", PacketError::UnknownType(0xc3)),
        ("\u{1e}4a", PacketError::UnknownType(0x1e)),
    ] {
        assert_eq!(Packet::decode(frame.into()), Err(error), "{frame:?}");
    }
}

#[test]
fn base64_is_read_leniently() {
    for (frame, bytes) in [
        ("bAQIDBA==", &[1, 2, 3, 4][..]),
        ("bAQIDBA", &[1, 2, 3, 4]),
        ("bAQIDBA=", &[1, 2, 3, 4]),
        ("bAQID_-", &[1, 2, 3, 0xff]),
        ("b--__", &[0xfb, 0xef, 0xff]),
        ("b++//", &[0xfb, 0xef, 0xff]),
        ("bAQ ID\nBA==", &[1, 2, 3, 4]),
        ("bAQIDBB==", &[1, 2, 3, 4]),
        ("bAQIDBA==AQID", &[1, 2, 3, 4]),
        ("b=AQID", &[]),
        ("bA", &[]),
        ("b!!", &[]),
        ("b", &[]),
        ("bé", &[]),
    ] {
        let expected = Packet::Message(Frame::Binary(Bytes::copy_from_slice(bytes)));
        assert_eq!(Packet::decode(frame.into()), Ok(expected), "{frame}");
    }
}

#[test]
fn a_decoded_text_is_a_slice_of_its_frame() {
    let text = ByteString::from("4hello");
    let start = text.as_ptr();
    let Ok(Packet::Message(Frame::Text(data))) = Packet::decode(Frame::Text(text.clone())) else {
        panic!("a text message");
    };
    assert_eq!(data.as_ptr(), start.wrapping_add(1));
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let data = || any::<String>().prop_map(ByteString::from);
    prop_oneof![
        data().prop_map(Packet::Open),
        Just(Packet::Close),
        data().prop_map(Packet::Ping),
        data().prop_map(Packet::Pong),
        data().prop_map(|text| Packet::Message(Frame::Text(text))),
        any::<Vec<u8>>().prop_map(|bytes| Packet::Message(Frame::Binary(bytes.into()))),
        Just(Packet::Upgrade),
        Just(Packet::Noop),
    ]
}

proptest! {
    #[test]
    fn decoding_an_encoded_packet_gives_it_back(packet in any_packet()) {
        prop_assert_eq!(Packet::decode(packet.clone().encode()), Ok(packet));
    }

    #[test]
    fn no_text_makes_the_decoder_panic(text in ".*|[0-6b].*") {
        if let Ok(packet) = Packet::decode(Frame::from(text)) {
            prop_assert_eq!(Packet::decode(packet.clone().encode()), Ok(packet));
        }
    }

    #[test]
    fn the_quick_and_the_lenient_base64_agree(text in "[A-Za-z0-9+/_=-]{0,40}") {
        prop_assert_eq!(&decode_base64(&text)[..], &decode_leniently(text.as_bytes())[..]);
    }
}
