//! Laws of the codec, for any bytes, any splitting and any order of calls.

use std::io::IoSlice;

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::client::{decode_all, masked};
use super::{Decoder, Deflater, Inflater, Outbox, Received, Violation};
use crate::wire::Frame;

/// The limit of the laws about any bytes; small, so that it is often met.
const MAX: usize = 300;

/// Pieces of text that are awkward to cut, some of them no UTF-8.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 9] = [
        b"a",
        "é".as_bytes(),
        "€".as_bytes(),
        "😀".as_bytes(),
        b"\xE2\x82",
        b"\xF0\x9F",
        b"\x98\x80",
        b"\xFF",
        &[b'x'; 100],
    ];
    let good = select(pieces[..4].to_vec());
    let any = select(pieces.to_vec());
    prop_oneof![
        4 => vec(good, 0..8).prop_map(|all| all.concat()),
        1 => vec(any, 0..8).prop_map(|all| all.concat()),
    ]
}

/// Bytes that are mostly frames, and mostly good ones.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        20 => select(vec![0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A]),
        2 => select(vec![0xC1, 0xC2, 0x41, 0x42]),
        2 => Just(0x88),
        1 => any::<u8>(),
    ];
    let frame = (first, payload(), any::<[u8; 4]>())
        .prop_map(|(first, payload, mask)| masked(first, &payload, mask));
    let piece = prop_oneof![20 => frame, 1 => vec(any::<u8>(), 0..20)];
    vec(piece, 0..12).prop_map(|all| all.concat())
}

/// What comes of the bytes, cut into chunks of these lengths over and over.
fn in_chunks(
    mut decoder: Decoder,
    bytes: &[u8],
    lengths: &[usize],
) -> (Vec<Received>, Option<Violation>) {
    let (mut all, mut rest) = (Vec::new(), bytes);
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let chunk = rest
            .split_off(..(*length).min(rest.len()))
            .unwrap_or_default();
        let (more, violation) = decode_all(&mut decoder, chunk);
        all.extend(more);
        assert!(decoder.held() <= 200 + 2 * MAX, "{}", decoder.held());
        assert!(!decoder.is_idle() || decoder.held() == 0);
        if violation.is_some() {
            return (all, violation);
        }
    }
    (all, None)
}

/// What a client may say.
#[derive(Clone, Debug)]
enum Said {
    /// A message, where it is cut into fragments, and pings between them.
    Message(Frame, Vec<usize>, Vec<Vec<u8>>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn said() -> impl Strategy<Value = Said> {
    let text = "\\PC{0,40}".prop_map(|text| Frame::from(text.as_str()));
    let length = prop_oneof![8 => 0..300usize, 1 => 65_530..65_540usize];
    let binary = (any::<u8>(), length).prop_map(|(byte, length)| {
        let bytes: Vec<u8> = (0..length).map(|at| byte ^ at as u8).collect();
        Frame::from(Bytes::from(bytes))
    });
    let control = || vec(any::<u8>(), 0..=125);
    let cuts = prop_oneof![2 => Just(vec![]), 1 => vec(0..400usize, 0..5)];
    let message = (prop_oneof![text, binary], cuts, vec(control(), 0..3));
    prop_oneof![
        4 => message.prop_map(|(frame, cuts, pings)| Said::Message(frame, cuts, pings)),
        1 => control().prop_map(Said::Ping),
        1 => control().prop_map(Said::Pong),
    ]
}

/// What is said as a client writes it, and what is to be received.
fn write(said: &Said, mask: [u8; 4], bytes: &mut Vec<u8>, expected: &mut Vec<Received>) {
    let mut ping = |payload: &[u8], bytes: &mut Vec<u8>| {
        bytes.extend(masked(0x89, payload, mask));
        expected.push(Received::Ping(Bytes::copy_from_slice(payload)));
    };
    match said {
        Said::Ping(payload) => ping(payload, bytes),
        Said::Pong(payload) => {
            bytes.extend(masked(0x8A, payload, mask));
            expected.push(Received::Pong(Bytes::copy_from_slice(payload)));
        }
        Said::Message(frame, cuts, pings) => {
            let (mut opcode, mut rest) = match frame {
                Frame::Text(text) => (1, text.as_bytes().as_ref()),
                Frame::Binary(bytes) => (2, bytes.as_ref()),
            };
            for (at, cut) in cuts.iter().enumerate() {
                let piece = rest.split_off(..(*cut).min(rest.len())).unwrap_or_default();
                bytes.extend(masked(opcode, piece, mask));
                opcode = 0;
                if let Some(payload) = pings.get(at) {
                    ping(payload, bytes);
                }
            }
            bytes.extend(masked(0x80 | opcode, rest, mask));
            expected.push(Received::Message(frame.clone()));
        }
    }
}

fn len(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) => bytes.len(),
    }
}

/// Messages with repetitions near and far and without, and whether to compress them.
fn compressible() -> impl Strategy<Value = (Frame, bool)> {
    let text = vec("[a-c]{1,4}|\\PC", 0..60).prop_map(|all| Frame::from(all.concat().as_str()));
    let binary = (vec(any::<u8>(), 0..500), 0..20usize)
        .prop_map(|(bytes, times)| Frame::from(Bytes::from(bytes.repeat(times))));
    (
        prop_oneof![2 => text, 1 => binary],
        prop_oneof![4 => Just(true), 1 => Just(false)],
    )
}

/// DEFLATE data of a few hundred bytes, most of it spoiled.
fn broken() -> impl Strategy<Value = Vec<u8>> {
    let whole = (compressible(), any::<bool>()).prop_map(|((frame, _), twice)| {
        let mut deflater = Deflater::new(2, 15, true);
        let mut outbox = Outbox::new();
        for _ in 0..=usize::from(twice) {
            outbox.compressed(deflater.deflate(&frame, &mut Vec::new()));
        }
        write_out(&mut outbox, 100, usize::MAX)[2..].to_vec()
    });
    let spoiled = (
        whole,
        vec((any::<usize>(), any::<u8>()), 0..4),
        any::<usize>(),
    );
    spoiled.prop_map(|(mut data, changes, end)| {
        for (at, byte) in changes {
            let at = at % data.len().max(1);
            data.get_mut(at).into_iter().for_each(|old| *old = byte);
        }
        data.truncate(end % (data.len() + 1));
        data
    })
}

/// A server's frame as a client might have sent it: masked, and cut into fragments.
fn from_client(frame: &[u8], cuts: &[usize]) -> Vec<u8> {
    let head = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let (mut first, mut rest) = (frame[0] & 0x7F, &frame[head..]);
    let mut bytes = Vec::new();
    for cut in cuts {
        let piece = rest.split_off(..(*cut).min(rest.len())).unwrap_or_default();
        bytes.extend(masked(first, piece, [5, 6, 7, 8]));
        first = 0;
    }
    bytes.extend(masked(first | 0x80, rest, [5, 6, 7, 8]));
    bytes
}

/// What is done with an outbox.
#[derive(Clone, Debug)]
enum Done {
    Message(Frame),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>),
    /// Writes up to so many bytes of the first slices.
    Write(usize, usize),
    Lend(usize),
    Reclaim,
    Settle,
}

fn done() -> impl Strategy<Value = Done> {
    let length = prop_oneof![
        6 => 0..300usize,
        3 => 2040..2060usize,
        1 => 65_530..65_540usize,
    ];
    let binary = (any::<u8>(), length).prop_map(|(byte, length)| vec![byte; length].into());
    let control = || vec(any::<u8>(), 0..=125);
    prop_oneof![
        6 => binary.prop_map(|bytes: Bytes| Done::Message(bytes.into())),
        2 => "\\PC{0,40}".prop_map(|text| Done::Message(text.into())),
        1 => control().prop_map(Done::Ping),
        1 => control().prop_map(Done::Pong),
        1 => any::<Option<u16>>().prop_map(Done::Close),
        8 => (1..6usize, 0..5000usize).prop_map(|(slices, most)| Done::Write(slices, most)),
        1 => Just(Done::Write(100, usize::MAX)),
        1 => (0..5000usize).prop_map(Done::Lend),
        1 => Just(Done::Reclaim),
        1 => Just(Done::Settle),
    ]
}

/// A frame of a server, written naively.
fn naive(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = masked(first, payload, [0; 4]);
    frame[1] &= 0x7F;
    let head = frame.len() - payload.len();
    frame.drain(head - 4..head);
    frame
}

/// What is written by one write; none of it is empty.
fn write_out(outbox: &mut Outbox, slices: usize, most: usize) -> Vec<u8> {
    let mut into = vec![IoSlice::new(&[]); slices];
    let filled = outbox.chunks(&mut into);
    assert!(into[..filled].iter().all(|slice| !slice.is_empty()));
    assert_eq!(filled == 0, outbox.is_empty());
    let mut written: Vec<u8> = into[..filled]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect();
    assert!(written.starts_with(outbox.first()));
    written.truncate(most);
    outbox.advance(written.len());
    written
}

proptest! {
    #[test]
    fn it_makes_no_difference_how_the_bytes_are_cut(
        bytes in bytes(),
        lengths in vec(1..40usize, 1..10),
    ) {
        for make in [|| Decoder::new(MAX), || Decoder::new(MAX).with_compression()] {
            let at_once = in_chunks(make(), &bytes, &[usize::MAX]);
            prop_assert_eq!(&in_chunks(make(), &bytes, &lengths), &at_once);
            prop_assert_eq!(&in_chunks(make(), &bytes, &[1]), &at_once);
        }
    }

    #[test]
    fn what_is_compressed_is_what_is_inflated(
        messages in vec(compressible(), 0..4),
        (level, window_bits, takes_over) in (1..=9u8, 9..=15u8, any::<bool>()),
        cuts in vec(0..400usize, 0..5),
        chunk in prop_oneof![1..200usize, Just(usize::MAX)],
    ) {
        let mut deflater = Deflater::new(level, window_bits, takes_over);
        let (mut bytes, mut buffer) = (Vec::new(), Vec::new());
        for (frame, is_compressed) in &messages {
            let mut outbox = Outbox::new();
            match is_compressed {
                true => outbox.compressed(deflater.deflate(frame, &mut buffer)),
                false => outbox.message(frame.clone()),
            }
            bytes.extend(from_client(&write_out(&mut outbox, 100, usize::MAX), &cuts));
            prop_assert!(outbox.is_empty());
        }
        let longest = messages.iter().map(|(frame, _)| len(frame)).max();
        // What cannot be compressed grows.
        let limit = longest.unwrap_or(0) * 9 / 8 + 100;
        let mut decoder = Decoder::new(limit).with_compression();
        let mut inflater = Inflater::new(takes_over);
        let mut all = Vec::new();
        for chunk in bytes.chunks(chunk) {
            let (more, violation) = decode_all(&mut decoder, chunk);
            prop_assert_eq!(violation, None);
            for received in more {
                all.push(match received {
                    Received::Compressed(message) => decoder.inflate(message, &mut inflater),
                    Received::Message(frame) => Ok(frame),
                    other => panic!("{other:?}"),
                });
            }
        }
        prop_assert!(decoder.is_idle());
        let expected: Vec<_> = messages.into_iter().map(|(frame, _)| Ok(frame)).collect();
        prop_assert!(all == expected);
    }

    #[test]
    fn whatever_is_inflated_stays_within_the_limit(
        rows in vec((broken(), any::<bool>()), 1..4),
        takes_over in any::<bool>(),
    ) {
        let mut decoder = Decoder::new(MAX).with_compression();
        let mut inflater = Inflater::new(takes_over);
        for (data, is_text) in rows {
            let first = if is_text { 0xC1 } else { 0xC2 };
            let (all, violation) = decode_all(&mut decoder, &masked(first, &data, [1, 2, 3, 4]));
            let [Received::Compressed(message)] = &all[..] else {
                prop_assert!(data.len() > MAX && violation == Some(Violation::TooBig));
                break;
            };
            match decoder.inflate(message.clone(), &mut inflater) {
                Ok(frame) => prop_assert!(len(&frame) <= MAX),
                Err(violation) => {
                    prop_assert!(matches!(violation.close_code(), 1007 | 1009));
                    break;
                }
            }
        }
    }

    #[test]
    fn what_a_client_writes_is_what_is_received(
        said in vec((said(), any::<[u8; 4]>()), 0..8),
        chunk in prop_oneof![1..200usize, Just(usize::MAX)],
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for (said, mask) in &said {
            write(said, *mask, &mut bytes, &mut expected);
        }
        let mut decoder = Decoder::new(1 << 20);
        let mut all = Vec::new();
        for chunk in bytes.chunks(chunk) {
            let (more, violation) = decode_all(&mut decoder, chunk);
            prop_assert_eq!(violation, None);
            all.extend(more);
        }
        prop_assert_eq!(all, expected);
        prop_assert!(decoder.is_idle());
    }

    #[test]
    fn what_is_put_in_comes_out_in_order(history in vec(done(), 0..40)) {
        let mut outbox = Outbox::new();
        let (mut expected, mut written) = (Vec::new(), Vec::new());
        for done in history {
            match done {
                Done::Message(frame) => {
                    let (first, payload) = match frame.clone() {
                        Frame::Text(text) => (0x81, text.into_bytes()),
                        Frame::Binary(bytes) => (0x82, bytes),
                    };
                    expected.extend(naive(first, &payload));
                    outbox.message(frame);
                }
                Done::Ping(payload) => {
                    expected.extend(naive(0x89, &payload));
                    outbox.ping(&payload);
                }
                Done::Pong(payload) => {
                    expected.extend(naive(0x8A, &payload));
                    outbox.pong(&payload);
                }
                Done::Close(code) => {
                    let payload = code.map_or(vec![], |code| code.to_be_bytes().to_vec());
                    expected.extend(naive(0x88, &payload));
                    outbox.close(code);
                }
                Done::Write(slices, most) => written.extend(write_out(&mut outbox, slices, most)),
                Done::Lend(size) => outbox.lend(BytesMut::zeroed(size)),
                Done::Settle => {
                    let given = outbox.settle();
                    prop_assert!(given.is_none_or(|buffer| buffer.is_empty()));
                }
                Done::Reclaim => {
                    let given = outbox.reclaim();
                    prop_assert!(given.is_none_or(|buffer| buffer.is_empty() && outbox.is_empty()));
                }
            }
            prop_assert_eq!(outbox.len(), expected.len() - written.len());
        }
        while !outbox.is_empty() {
            written.extend(write_out(&mut outbox, 100, usize::MAX));
        }
        prop_assert!(written == expected);
    }
}
