//! Tests of `deflate`.

use super::super::Decoder;
use super::*;

/// RFC 7692, 7.2.3.1: "Hello" by itself.
const HELLO: &[u8] = &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
const MAX: usize = 10_000;

fn text(data: &[u8]) -> Compressed {
    Compressed::new([&[Opcode::Text as u8], data].concat().into())
}

fn binary(data: &[u8]) -> Compressed {
    Compressed::new([&[Opcode::Binary as u8], data].concat().into())
}

fn deflate(deflater: &mut Deflater, message: impl Into<Frame>) -> Vec<u8> {
    let compressed = deflater.deflate(&message.into(), &mut Vec::new());
    compressed.into_data().to_vec()
}

#[test]
fn the_examples_of_the_specification_are_read() {
    // RFC 7692, 7.2.3; each is "Hello".
    let rows: [&[u8]; 4] = [
        HELLO,
        // 7.2.3.3: a block without compression.
        &[
            0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00,
        ],
        // 7.2.3.4: a block that is the last one, and an empty one behind it.
        &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
        // 7.2.3.5: two blocks.
        &[
            0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00,
        ],
    ];
    for takes_over in [false, true] {
        let mut inflater = Inflater::new(takes_over);
        for row in rows {
            let inflated = inflater.inflate(text(row), MAX);
            assert_eq!(inflated, Ok("Hello".into()), "{row:x?}");
            let inflated = inflater.inflate(binary(row), 5);
            assert_eq!(inflated, Ok(Bytes::from("Hello").into()), "{row:x?}");
        }
        // 7.2.3.6: an empty one.
        assert_eq!(inflater.inflate(text(&[0x00]), 0), Ok("".into()));
        assert_eq!(inflater.inflate(text(&[]), 0), Ok("".into()));
    }
    // 7.2.3.2: the second says that it is the first again.
    let again = [0xF2, 0x00, 0x11, 0x00, 0x00];
    let mut inflater = Inflater::new(true);
    assert_eq!(inflater.inflate(text(HELLO), MAX), Ok("Hello".into()));
    assert_eq!(inflater.inflate(text(&again), MAX), Ok("Hello".into()));
    let mut inflater = Inflater::new(false);
    assert_eq!(inflater.inflate(text(HELLO), MAX), Ok("Hello".into()));
    let refused = inflater.inflate(text(&again), MAX);
    assert_eq!(refused, Err(Violation::NotDeflate));
}

#[test]
fn the_examples_of_the_specification_are_written() {
    let mut alone = Deflater::new(2, 15, false);
    assert_eq!(deflate(&mut alone, "Hello"), HELLO);
    assert_eq!(deflate(&mut alone, "Hello"), HELLO);
    assert!(deflate(&mut alone, "").is_empty());
    let mut together = Deflater::new(6, 15, true);
    assert_eq!(deflate(&mut together, "Hello"), HELLO);
    assert!(deflate(&mut together, "").is_empty());
    // RFC 7692, 7.2.3.2.
    let again = [0xF2, 0x00, 0x11, 0x00, 0x00];
    assert_eq!(deflate(&mut together, "Hello"), again);
}

/// The same random bytes every time.
fn noise() -> impl Iterator<Item = u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
}

#[test]
fn no_distance_is_longer_than_the_window() {
    // Random bytes that come again after 3000: only a window of 12 bits or more can see that.
    let random: Vec<u8> = noise().take(3000).collect();
    let twice = Bytes::from([&random[..], &random].concat());
    for (bits, sees) in [
        (0, false),
        (9, false),
        (11, false),
        (12, true),
        (15, true),
        (99, true),
    ] {
        for takes_over in [false, true] {
            let mut deflater = Deflater::new(6, bits, takes_over);
            let compressed = deflate(&mut deflater, twice.clone());
            assert_eq!(compressed.len() < 4000, sees, "{bits}");
            let inflated = Inflater::new(takes_over).inflate(binary(&compressed), MAX);
            assert_eq!(inflated, Ok(twice.clone().into()), "{bits}");
        }
    }
}

#[test]
fn what_is_no_deflate_is_refused() {
    let rows: [&[u8]; 9] = [
        // A block of a kind that is not.
        &[0x07],
        &[0x06, 0x00],
        // A length that is not its complement's.
        &[0x00, 0x05, 0x00, 0xFA, 0xFE, 0x48],
        // A reference to what was never there.
        &[0x02, 0x13, 0x00, 0x00],
        // Cut within a block: without compression, with fixed codes, with its own.
        &[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48],
        &[0x00, 0x06, 0x00, 0xF9, 0xFF, 0x48],
        &HELLO[..4],
        &[0x04, 0x00],
        // Behind an end.
        &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x07],
    ];
    for row in rows {
        let mut inflater = Inflater::new(false);
        let refused = inflater.inflate(binary(row), MAX);
        assert_eq!(refused, Err(Violation::NotDeflate), "{row:x?}");
        // It can be used again: the next message may be another client's.
        assert_eq!(inflater.inflate(text(HELLO), MAX), Ok("Hello".into()));
    }
}

#[test]
fn text_is_checked_when_it_is_inflated() {
    let mut deflater = Deflater::new(2, 15, false);
    let bad = deflate(&mut deflater, Bytes::from_static(b"caf\xC3"));
    let mut inflater = Inflater::new(false);
    assert_eq!(inflater.inflate(text(&bad), MAX), Err(Violation::NotUtf8));
    let inflated = inflater.inflate(binary(&bad), MAX);
    assert_eq!(inflated, Ok(Bytes::from_static(b"caf\xC3").into()));
}

#[test]
fn inflating_stops_at_the_limit() {
    let zeros = Bytes::from(vec![0; 8 << 20]);
    let bomb = deflate(&mut Deflater::new(9, 15, false), zeros);
    assert!(bomb.len() < 10_000);
    for takes_over in [false, true] {
        for limit in [0, 1, 63, 64, 65, 1_000_000, (8 << 20) - 1] {
            let mut out = Inflater::new(takes_over);
            let refused = out.inflate(binary(&bomb), limit);
            assert_eq!(refused, Err(Violation::TooBig), "{limit}");
        }
        let whole = Inflater::new(takes_over).inflate(binary(&bomb), 8 << 20);
        assert!(whole.is_ok());
        let whole = Inflater::new(takes_over).inflate(binary(&bomb), usize::MAX);
        assert!(whole.is_ok());
    }
    // At its exact size a message is not too big.
    for size in [1, 63, 64, 65, 1000] {
        let message = Bytes::from(vec![7; size]);
        let compressed = deflate(&mut Deflater::new(1, 15, false), message.clone());
        let mut inflater = Inflater::new(false);
        let inflated = inflater.inflate(binary(&compressed), size);
        assert_eq!(inflated, Ok(message.into()));
        let refused = inflater.inflate(binary(&compressed), size - 1);
        assert_eq!(refused, Err(Violation::TooBig));
    }
}

#[test]
fn a_bomb_takes_no_more_memory_than_the_limit() {
    let zeros = Bytes::from(vec![0; 4 << 20]);
    let bomb = binary(&deflate(&mut Deflater::new(9, 15, false), zeros));
    let mut inflater = Inflater::new(false);
    let taken = allocation_counter::measure(|| {
        let refused = inflater.inflate(bomb, 70_000);
        assert_eq!(refused, Err(Violation::TooBig));
    });
    // Growing holds the old and the new for a moment.
    assert!(taken.bytes_max <= 140_000, "{}", taken.bytes_max);
}

#[test]
fn any_number_of_blocks_is_read() {
    // Streams that end at once, empty blocks, blocks that say little.
    let rows: [&[u8]; 3] = [
        &[0x03, 0x00],
        &[0x00, 0x00, 0x00, 0xFF, 0xFF],
        &[&HELLO[..6], &[0x00, 0x00, 0x00, 0xFF, 0xFF]].concat(),
    ];
    for row in rows {
        let mut data = row.repeat(200_000 / row.len());
        data.push(0x00);
        let inflated = Inflater::new(false).inflate(binary(&data), 1_000_000);
        assert!(inflated.is_ok(), "{row:x?}");
    }
}

#[test]
fn what_cannot_be_compressed_grows_little() {
    let worst: Vec<u8> = noise().map(|byte| 0x90 | byte).take(100_000).collect();
    for level in [0, 1, 2, 6, 9, 99] {
        let message = Bytes::from(worst.clone());
        let compressed = deflate(&mut Deflater::new(level, 15, false), message.clone());
        assert!(compressed.len() <= 112_600, "{level}: {}", compressed.len());
        let inflated = Inflater::new(false).inflate(binary(&compressed), 100_000);
        assert_eq!(inflated, Ok(message.into()));
    }
}

#[test]
fn a_decoder_gives_nothing_after_what_it_could_not_inflate() {
    use super::super::client::{decode_all, frame};
    let mut decoder = Decoder::new(MAX).with_compression();
    let (all, _) = decode_all(&mut decoder, &frame(0xC1, &[0x07]));
    let [super::super::Received::Compressed(message)] = &all[..] else {
        panic!("{all:?}");
    };
    let refused = decoder.inflate(message.clone(), &mut Inflater::new(false));
    assert_eq!(refused, Err(Violation::NotDeflate));
    let after = decode_all(&mut decoder, &frame(0x81, b"more"));
    assert_eq!(after, (vec![], None));
}
