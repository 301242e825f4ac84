//! WebSocket frames (RFC 6455, section 5.2), as far as a client that trusts its server needs them.

use crate::fault::Fault;

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// The key that masks all frames. Not zero, so that servers have to unmask.
pub(crate) const MASK: [u8; 4] = [0x9d, 0x3b, 0xe6, 0x52];

/// Appends a masked frame; returns where its payload begins.
pub(crate) fn put(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) -> usize {
    out.push(0x80 | opcode);
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(b, m)| b ^ m));
    start
}

/// A server's frame and how many bytes it took.
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
    pub(crate) length: usize,
}

/// The first frame of `bytes`, if it is complete.
///
/// # Errors
/// A masked, compressed or fragmented frame: no server of the field sends one unasked.
#[inline]
pub(crate) fn take(bytes: &[u8]) -> Result<Option<Frame<'_>>, Fault> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & 0xf0 != 0x80 || second & 0x80 != 0 {
        return Err(Fault::new(format!(
            "a frame that begins with {first:02x} {second:02x}"
        )));
    }
    let (head, length) = match second {
        127 => match rest.first_chunk::<8>() {
            Some(length) => (10, u64::from_be_bytes(*length) as usize),
            None => return Ok(None),
        },
        126 => match rest.first_chunk::<2>() {
            Some(length) => (4, usize::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        short => (2, usize::from(*short)),
    };
    Ok(bytes.get(head..head + length).map(|payload| Frame {
        opcode: first & 0x0f,
        payload,
        length: head + length,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frame a server would send for what a client sent.
    fn unmasked(client: &[u8], start: usize) -> Vec<u8> {
        let mut frame = client[..start - 4].to_vec();
        frame[1] &= 0x7f;
        frame.extend(
            client[start..]
                .iter()
                .zip(MASK.iter().cycle())
                .map(|(b, m)| b ^ m),
        );
        frame
    }

    #[test]
    fn a_frame_of_every_length_comes_back_as_it_was_sent() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let mut sent = Vec::new();
            let start = put(&mut sent, BINARY, &payload);
            let head = match length {
                ..=125 => 2,
                126..=65_535 => 4,
                _ => 10,
            };
            assert_eq!(start, head + MASK.len(), "the shortest form of {length}");
            let back = unmasked(&sent, start);
            let frame = take(&back).unwrap().unwrap();
            assert_eq!(frame.payload, payload, "{length}");
            assert_eq!((frame.opcode, frame.length), (BINARY, back.len()));
            assert!(take(&back[..back.len() - 1]).unwrap().is_none());
        }
    }

    #[test]
    fn a_fragment_and_a_masked_frame_are_refused() {
        assert!(take(&[0x01, 0x00]).is_err());
        assert!(take(&[0x81, 0x80, 0, 0, 0, 0]).is_err());
    }
}
