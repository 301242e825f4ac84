//! The client's half, for tests: frames with a mask, and all that a decoder makes of them.

use bytes::BytesMut;

use super::{Decoder, Received, Violation};

/// The mask of [`frame`].
pub(super) const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// A frame with this first byte and this payload, masked, its length in the fewest bytes.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    masked(first, payload, MASK)
}

/// A frame with this mask.
pub(super) fn masked(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ ..126 => frame.push(0x80 | length as u8),
        length @ ..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}

/// What a decoder gives for these bytes, and how it ends.
pub(super) fn decode_all(
    decoder: &mut Decoder,
    bytes: &[u8],
) -> (Vec<Received>, Option<Violation>) {
    let mut input = BytesMut::from(bytes);
    let mut all = Vec::new();
    loop {
        match decoder.decode(&mut input) {
            Ok(Some(received)) => all.push(received),
            Ok(None) => {
                assert!(input.is_empty(), "all is taken");
                return (all, None);
            }
            Err(violation) => {
                assert!(input.is_empty(), "all is dropped");
                return (all, Some(violation));
            }
        }
    }
}
