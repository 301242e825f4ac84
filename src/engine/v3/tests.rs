//! Tables of frames, bodies and forms of version 3; the bytes are those of the reference server.

use proptest::prelude::*;

use super::super::encoding::Callback;
use super::super::payload::Body;
use super::*;

fn bytes(bytes: &'static [u8]) -> Frame {
    Frame::Binary(Bytes::from_static(bytes))
}

fn message(frame: impl Into<Frame>) -> Packet {
    Packet::Message(frame.into())
}

#[test]
fn frames_become_packets() {
    for (frame, packet) in [
        ("4hello".into(), Ok(message("hello"))),
        ("2".into(), Ok(Packet::Ping("".into()))),
        ("2probe".into(), Ok(Packet::Ping("probe".into()))),
        ("3".into(), Ok(Packet::Pong("".into()))),
        ("5".into(), Ok(Packet::Upgrade)),
        ("b4AQIDBA==".into(), Ok(message(bytes(&[1, 2, 3, 4])))),
        ("b4".into(), Ok(message(bytes(&[])))),
        ("b4!!".into(), Ok(message(bytes(&[])))),
        ("b2AQID".into(), Ok(Packet::Ping("".into()))),
        ("b".into(), Ok(Packet::Noop)),
        ("bé".into(), Ok(Packet::Noop)),
        ("b9AQID".into(), Ok(Packet::Noop)),
        (bytes(&[4, 1, 2, 3, 4]), Ok(message(bytes(&[1, 2, 3, 4])))),
        (bytes(&[4]), Ok(message(bytes(&[])))),
        (bytes(&[0, 1]), Ok(Packet::Open("".into()))),
        (bytes(&[1]), Ok(Packet::Close)),
        (bytes(&[2, 9]), Ok(Packet::Ping("".into()))),
        (bytes(&[3]), Ok(Packet::Pong("".into()))),
        (bytes(&[5]), Ok(Packet::Upgrade)),
        (bytes(&[6]), Ok(Packet::Noop)),
        // Unknown binary types are ignored, unknown text types are not.
        (bytes(&[7, 1]), Ok(Packet::Noop)),
        (bytes(&[0x34, 1]), Ok(Packet::Noop)),
        (bytes(&[]), Ok(Packet::Noop)),
        ("".into(), Err(PacketError::Empty)),
        ("7".into(), Err(PacketError::UnknownType(b'7'))),
        ("x".into(), Err(PacketError::UnknownType(b'x'))),
    ] {
        let frame: Frame = frame;
        assert_eq!(decode(frame.clone()), packet, "{frame:?}");
    }
}

#[test]
fn binary_leaves_with_its_type() {
    for (queued, form, written) in [
        ("4x".into(), BinaryForm::Bytes, "4x".into()),
        ("4x".into(), BinaryForm::Base64, "4x".into()),
        (bytes(&[1, 2, 3]), BinaryForm::Bytes, bytes(&[4, 1, 2, 3])),
        (bytes(&[]), BinaryForm::Bytes, bytes(&[4])),
        (bytes(&[1, 2, 3]), BinaryForm::Base64, "b4AQID".into()),
    ] {
        assert_eq!(frame(queued, form), written);
    }
}

/// The packets of a body as queued frames, then the error that ends it.
fn read(packets: &mut Packets) -> (Vec<Frame>, Option<PacketError>) {
    let mut frames = Vec::new();
    for packet in packets.by_ref() {
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

fn read_text(body: &str) -> (Vec<Frame>, Option<PacketError>) {
    let body = Bytes::copy_from_slice(body.as_bytes());
    read(&mut split(Body::Text(body)))
}

#[test]
fn text_is_counted_in_utf_16() {
    for (body, frames) in [
        ("6:4hello2:4€", vec!["4hello".into(), "4€".into()]),
        ("3:4😀", vec!["4😀".into()]),
        ("5:4😀é€1:2", vec!["4😀é€".into(), "2".into()]),
        ("1:21:3", vec!["2".into(), "3".into()]),
        ("10:b4AQIDBA==", vec![bytes(&[1, 2, 3, 4])]),
        ("6:2probe", vec!["2probe".into()]),
        ("02:4a", vec!["4a".into()]),
        // Skipped without a word.
        ("0:2:4a0:", vec!["4a".into()]),
        ("0:", vec![]),
        ("4:4:1:", vec!["4:1:".into()]),
    ] {
        assert_eq!(read_text(body), (frames, None), "{body:?}");
    }
}

#[test]
fn a_mistake_ends_a_text_after_what_was_before_it() {
    let a = || vec![Frame::from("4a")];
    let long = format!("2:4a{}:4", "9".repeat(400));
    for (body, frames, error) in [
        ("", vec![], PacketError::Empty),
        (":", vec![], PacketError::Length),
        ("4hello", vec![], PacketError::Length),
        ("x:4a", vec![], PacketError::Length),
        ("-2:4a", vec![], PacketError::Length),
        ("+2:4a", vec![], PacketError::Length),
        // JavaScript would read it as 2; no client writes it.
        ("2.0:4a", vec![], PacketError::Length),
        ("2:4a3:4b", a(), PacketError::Length),
        ("2:4a12", a(), PacketError::Length),
        ("2:4a:", a(), PacketError::Length),
        ("2:4a2:x!2:4b", a(), PacketError::UnknownType(b'x')),
        ("2:4a2:4😀", a(), PacketError::Length),
        ("2:4a18446744073709551617:4", a(), PacketError::Length),
        (&long, a(), PacketError::Length),
    ] {
        assert_eq!(read_text(body), (frames, Some(error)), "{body:?}");
    }
    let broken = Bytes::from_static(b"2:4a\xff2:4b");
    let given = read(&mut split(Body::Text(broken)));
    assert_eq!(given, (a(), Some(PacketError::NotUtf8)));
    let cut = Bytes::from_static(b"2:4a2:4\xe2");
    let given = read(&mut split(Body::Text(cut)));
    assert_eq!(given, (a(), Some(PacketError::Length)));
}

/// Text `hello`, bytes 01020304, text `€é😀x`, as the reference writes them.
const CAPTURED: &[u8] = b"\x00\x06\xff4hello\x01\x05\xff\x04\x01\x02\x03\x04\
    \x00\x01\x01\xff4\xe2\x82\xac\xc3\xa9\xf0\x9f\x98\x80x";

fn captured() -> Vec<Frame> {
    vec!["4hello".into(), bytes(&[1, 2, 3, 4]), "4€é😀x".into()]
}

#[test]
fn bytes_are_counted_in_digits_that_are_bytes() {
    for (body, frames) in [
        (CAPTURED, captured()),
        (b"", vec![]),
        (b"\x00\x01\xff2", vec!["2".into()]),
        (b"\x01\x01\xff\x04", vec![bytes(&[])]),
        (b"\x00\x00\x02\xff4a", vec!["4a".into()]),
        // Ignored, as in a frame.
        (b"\x01\x00\xff", vec!["6".into()]),
        (b"\x01\x02\xff\x09\x01", vec!["6".into()]),
        // A kind that does not exist is binary in the reference.
        (b"\x07\x02\xff\x04\x01", vec![bytes(&[1])]),
        (b"\x00\x07\xffb4AQID=", vec![bytes(&[1, 2, 3])]),
    ] {
        let body = Body::Binary(Bytes::from_static(body));
        assert_eq!(read(&mut split(body.clone())), (frames, None), "{body:?}");
    }
}

#[test]
fn a_mistake_ends_bytes_after_what_was_before_it() {
    let endless = [b"\x00".as_slice(), &[0; 311], b"\xff"].concat();
    let huge = [b"\x00".as_slice(), &[9; 300], b"\xff4"].concat();
    for (body, error) in [
        (&b"\x00"[..], PacketError::Length),
        (b"\x00\xff4", PacketError::Length),
        (b"\x00\x02\xff4", PacketError::Length),
        (b"\x00\x02", PacketError::Length),
        (b"\x002\xff4a", PacketError::Length),
        (b"\x00\x0a\xff4a", PacketError::Length),
        (b"\x00\x00\xff", PacketError::Empty),
        (b"\x00\x02\xff4\xff", PacketError::NotUtf8),
        (b"\x00\x01\xffx", PacketError::UnknownType(b'x')),
        (b"4hello", PacketError::Length),
        (&endless, PacketError::Length),
        (&huge, PacketError::Length),
    ] {
        let body = [b"\x00\x02\xff4a", body].concat();
        let expected = (vec!["4a".into()], Some(error));
        let given = read(&mut split(Body::Binary(body.clone().into())));
        assert_eq!(given, expected, "{body:?}");
    }
}

#[test]
fn frames_are_joined_as_the_reference_joins_them() {
    let binary = [bytes(&[1, 2, 3, 4]), "4hello".into()];
    let text: [Frame; 3] = ["4hello".into(), "4€".into(), "4😀".into()];
    for (frames, form, body) in [
        (
            &captured()[..],
            BinaryForm::Bytes,
            Body::Binary(Bytes::from_static(CAPTURED)),
        ),
        (
            &binary,
            BinaryForm::Base64,
            Body::Text("10:b4AQIDBA==6:4hello".into()),
        ),
        (
            &text,
            BinaryForm::Bytes,
            Body::Text("6:4hello2:4€3:4😀".into()),
        ),
        (
            &["6".into(), "1".into()],
            BinaryForm::Bytes,
            Body::Text("1:61:1".into()),
        ),
    ] {
        assert_eq!(join(frames.iter(), form), body);
    }
}

#[test]
fn a_script_calls_the_clients_function() {
    for (payload, number, script) in [
        (
            r#"23:0{"sid":"x"}"#,
            3,
            r#"___eio[3]("23:0{\"sid\":\"x\"}");"#,
        ),
        ("2:4\n", 0, r#"___eio[0]("2:4\n");"#),
        (
            "2:4\u{2028}2:4\u{2029}",
            u32::MAX,
            r#"___eio[4294967295]("2:4\u20282:4\u2029");"#,
        ),
        (r"3:4\n", 1, r#"___eio[1]("3:4\\n");"#),
    ] {
        let payload = Bytes::copy_from_slice(payload.as_bytes());
        assert_eq!(super::script(&payload, Callback(number)), script.as_bytes());
    }
}

#[test]
fn a_form_gives_its_payload_back() {
    for (form, frames) in [
        ("d=6%3A4hello", vec![Frame::from("4hello")]),
        ("d=2:4%E2%82%AC", vec!["4€".into()]),
        ("a=b&d=3:4+x&c", vec!["4 x".into()]),
        // Five units: the line end is one.
        (r"d=5:4he\nl", vec!["4he\nl".into()]),
        // And what only looks like one is two.
        (r"d=5:4a\\nb", vec![r"4a\nb".into()]),
        (r"d=4:4\\\n", vec!["4\\\\n".into()]),
        (r"d=3:4\x", vec![r"4\x".into()]),
        (r"d=2:4\", vec![r"4\".into()]),
        // No payload, nothing to deliver.
        ("", vec![]),
        ("x=2:4a", vec![]),
        ("d=2:4a&d=2:4b", vec![]),
    ] {
        assert_eq!(
            read(&mut split_form(form.as_bytes())),
            (frames, None),
            "{form}"
        );
    }
    let empty = read(&mut split_form(b"d="));
    assert_eq!(empty, (vec![], Some(PacketError::Empty)));
    let wrong = read(&mut split_form(b"d=2:4a9:4b"));
    assert_eq!(wrong, (vec!["4a".into()], Some(PacketError::Length)));
}

fn any_frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        "[0-6][a\u{e9}\u{20ac}\u{1f600}:0-9\\n\\\\]{0,300}".prop_map(|text| {
            match text.as_bytes()[0] {
                b'1' | b'5' | b'6' => Frame::from(&text[..1]),
                _ => Frame::from(text),
            }
        }),
        proptest::collection::vec(any::<u8>(), 0..300)
            .prop_map(|bytes| Frame::Binary(bytes.into())),
    ]
}

proptest! {
    #[test]
    fn what_is_joined_is_split_again(
        frames in proptest::collection::vec(any_frame(), 1..8),
        base64 in any::<bool>(),
    ) {
        let form = if base64 { BinaryForm::Base64 } else { BinaryForm::Bytes };
        let body = join(frames.iter(), form);
        prop_assert_eq!(read(&mut split(body)), (frames, None));
    }

    #[test]
    fn no_body_does_harm(body in proptest::collection::vec(any::<u8>(), 0..64)) {
        let body = Bytes::from(body);
        read(&mut split(Body::Binary(body.clone())));
        read(&mut split_form(&body));
        read(&mut split(Body::Text(body)));
    }
}
