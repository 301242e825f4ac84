//! `engine_packet` and `engine_payload`: Engine.IO's encodings, those of version 3 included.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use trunkline::engine::payload::{Body, join, split};
use trunkline::engine::{
    BinaryForm, CloseReason, Config, Packet, PacketError, Session, Transport, v3,
};
use trunkline::wire::{Frame, Moment, Sid};

/// What decodes encodes to a frame that decodes to the same; where a packet has one spelling, to
/// the very frame. Base64 is read as its naive twin reads it.
pub fn engine_packet(data: &[u8]) {
    let binary = Frame::Binary(Bytes::copy_from_slice(data));
    let packet = Packet::decode(binary.clone());
    assert_eq!(packet, Ok(Packet::Message(binary.clone())));
    assert_eq!(packet.map(Packet::encode), Ok(binary));
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let frame = Frame::from(text);
    let packet = match (Packet::decode(frame.clone()), data.first()) {
        (Ok(packet), _) => packet,
        (Err(PacketError::Empty), None) => return,
        (Err(PacketError::UnknownType(kind)), Some(&first)) => {
            assert!(kind == first && !matches!(kind, b'0'..=b'6' | b'b'));
            return;
        }
        (other, _) => panic!("{text:?} is {other:?}"),
    };
    let encoded = packet.clone().encode();
    assert_eq!(Packet::decode(encoded.clone()), Ok(packet.clone()));
    match (data[0], &packet) {
        (b'0' | b'2'..=b'4', _) => assert_eq!(encoded, frame),
        (kind @ (b'1' | b'5' | b'6'), _) => {
            assert_eq!(encoded, Frame::from(char::from(kind).to_string()));
        }
        (_, Packet::Message(Frame::Binary(bytes))) => assert_eq!(bytes, &naive_base64(&data[1..])),
        (_, packet) => panic!("{text:?} is {packet:?}"),
    }
}

/// One bit after the other: either alphabet, up to the first `=`, anything else skipped.
fn naive_base64(text: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = Vec::new();
    for letter in text.iter().take_while(|letter| **letter != b'=') {
        let letter = match letter {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        };
        if let Some(value) = LETTERS.iter().position(|known| *known == letter) {
            bits.extend((0..6).rev().map(|bit| value >> bit & 1));
        }
    }
    let byte = |bits: &[usize]| bits.iter().fold(0, |byte, bit| byte << 1 | *bit as u8);
    bits.chunks_exact(8).map(byte).collect()
}

/// A body is what its pieces are, up to the first mistake; what decodes, encodes and decodes to the
/// same; and a session hears the same whether the packets come in one POST or in one each.
pub fn engine_payload(data: &[u8]) {
    let body = Bytes::copy_from_slice(data);
    let mut packets = split(body.clone());
    let read: Vec<_> = packets.by_ref().collect();
    assert!(packets.next().is_none());
    let pieces: Vec<_> = data.split(|byte| *byte == 0x1E).collect();
    for (at, packet) in read.iter().enumerate() {
        let alone = match std::str::from_utf8(pieces[at]) {
            Ok(text) => Packet::decode(text.into()),
            Err(_) => Err(PacketError::NotUtf8),
        };
        assert_eq!(*packet, alone);
        assert!(
            packet.is_ok() || at + 1 == read.len(),
            "nothing follows a mistake"
        );
    }
    if read.iter().all(Result::is_ok) {
        assert_eq!(read.len(), pieces.len());
        let frames: Vec<_> = read.iter().flatten().cloned().map(Packet::encode).collect();
        let joined = join(frames.iter());
        assert!(split(joined).eq(read));
    }
    let pieces = pieces.into_iter().map(Bytes::copy_from_slice);
    assert_eq!(heard([body.clone()].into_iter()), heard(pieces));
    old_payload(&body);
}

/// The same for the three forms of a body of version 3: it ends with its first mistake, and what
/// is read from it is read again from what it is written to.
fn old_payload(body: &Bytes) {
    let bodies = [Body::Text(body.clone()), Body::Binary(body.clone())];
    let forms = bodies.map(v3::split).into_iter();
    for mut packets in forms.chain([v3::split_form(body)]) {
        let read: Vec<_> = packets.by_ref().collect();
        assert!(packets.next().is_none());
        let mistakes = read.iter().filter(|packet| packet.is_err());
        assert!(mistakes.count() == usize::from(read.last().is_some_and(Result::is_err)));
        let frames: Vec<_> = read.iter().flatten().cloned().map(Packet::encode).collect();
        if frames.is_empty() {
            continue;
        }
        for binary in [BinaryForm::Bytes, BinaryForm::Base64] {
            let again: Vec<_> = v3::split(v3::join(frames.iter(), binary)).collect();
            assert!(again.iter().eq(read.iter().filter(|packet| packet.is_ok())));
        }
    }
}

/// The messages that a session hears in these POSTs, and how it ends.
fn heard(bodies: impl Iterator<Item = Bytes>) -> (Vec<Frame>, Option<CloseReason>) {
    let now = Moment::new(Duration::from_secs(1));
    let config = Arc::new(Config::default());
    let mut session = Session::open(&Sid::new("sid"), Transport::Polling, config, now);
    let mut messages = Vec::new();
    for body in bodies {
        if session.handle_post().is_ok() {
            session.handle_body(body);
        }
        while let Some(message) = session.poll_message(now) {
            messages.push(message);
        }
        assert!(!session.posting());
    }
    (messages, session.closed().copied())
}
