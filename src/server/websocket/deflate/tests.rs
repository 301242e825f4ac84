//! Tests of `deflate`.

use std::io::IoSlice;

use super::*;

fn agreed(settings: PerMessageDeflate, offer: &str) -> Agreed {
    settings.agree([offer].into_iter()).unwrap()
}

/// What is written for the frame.
fn written(deflate: &mut Deflate, frame: impl Into<Frame>) -> Vec<u8> {
    let mut outbox = Outbox::new();
    deflate.feed(frame.into(), &mut outbox);
    let mut chunks = [IoSlice::new(&[]); 4];
    let count = outbox.chunks(&mut chunks);
    let chunks = chunks[..count].iter().flat_map(|chunk| chunk.to_vec());
    chunks.collect()
}

fn is_compressed(written: &[u8]) -> bool {
    written[0] & 0x40 != 0
}

/// Forgets what the thread remembers of other tests.
fn forget() {
    SHARED.take();
}

fn remembered() -> usize {
    SHARED.with_borrow(|shared| shared.remembered.len())
}

#[test]
fn what_is_worth_it_is_compressed() {
    let mut deflate = Deflate::new(agreed(PerMessageDeflate::default(), "permessage-deflate"));
    assert!(!is_compressed(&written(&mut deflate, "")));
    assert!(!is_compressed(&written(&mut deflate, &*"a".repeat(1023))));
    let compressed = written(&mut deflate, &*"a".repeat(1024));
    assert_eq!(compressed[0], 0xC1);
    assert!(compressed.len() < 50, "{}", compressed.len());
    let compressed = written(&mut deflate, Bytes::from(vec![7; 5000]));
    assert_eq!(compressed[0], 0xC2);
    // What is not made shorter is left as it is.
    let mut random = 1_u64;
    let all: Vec<u8> = std::iter::repeat_with(|| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) as u8
    })
    .take(1500)
    .collect();
    let left = written(&mut deflate, Bytes::from(all.clone()));
    assert_eq!((left[0], &left[4..]), (0x82, &all[..]));
    // And so is what would take too long.
    assert!(is_compressed(&written(&mut deflate, &*"a".repeat(LONGEST))));
    assert!(!is_compressed(&written(
        &mut deflate,
        &*"a".repeat(LONGEST + 1)
    )));

    let all = PerMessageDeflate {
        threshold: 0,
        ..PerMessageDeflate::default()
    };
    let mut deflate = Deflate::new(agreed(all, "permessage-deflate"));
    assert_eq!(written(&mut deflate, ""), [0x81, 0]);
    assert!(is_compressed(&written(&mut deflate, "aaaaaaaaaa")));
}

#[test]
fn both_ends_read_each_other() {
    for context_takeover in [false, true] {
        let settings = PerMessageDeflate {
            context_takeover,
            threshold: 0,
            ..PerMessageDeflate::default()
        };
        let agreed = agreed(settings, "permessage-deflate; server_max_window_bits=10");
        let mut server = Deflate::new(agreed);
        let mut client = Inflater::new(context_takeover);
        let mut of_client = Decoder::new(1 << 20);
        let mut sizes = Vec::new();
        for _ in 0..3 {
            let frame = Frame::from("a rose is a rose is a rose is a rose, says she, is a rose");
            let mut outbox = Outbox::new();
            server.feed(frame.clone(), &mut outbox);
            sizes.push(outbox.len());
            let message = received(outbox.first());
            let read = of_client.inflate(message.clone(), &mut client);
            assert_eq!(read, Ok(frame.clone()));
            // The same serves as what a client sends.
            let mut decoder = Decoder::new(1 << 20);
            assert_eq!(server.inflate(message, &mut decoder), Ok(frame));
        }
        assert_eq!(sizes[1] < sizes[0] / 2, context_takeover, "{sizes:?}");
        // Nothing is kept for a client whose messages stand alone.
        let keeps = server.deflater.is_some() || server.inflater.is_some();
        assert_eq!(keeps, context_takeover);
    }
}

/// What was written, by way of a decoder.
fn received(written: &[u8]) -> Compressed {
    let head = if written[1] < 126 { 2 } else { 4 };
    let data = &written[head..];
    let size = u16::try_from(data.len()).unwrap().to_be_bytes();
    let mut frame = vec![written[0], 0xFE, size[0], size[1], 0, 0, 0, 0];
    frame.extend(data);
    let mut input = bytes::BytesMut::from(&frame[..]);
    match Decoder::new(1000).with_compression().decode(&mut input) {
        Ok(Some(crate::websocket::Received::Compressed(message))) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_goes_to_many_is_compressed_once() {
    forget();
    let offer = "permessage-deflate";
    let mut deflates: Vec<Deflate> = (0..3)
        .map(|_| Deflate::new(agreed(PerMessageDeflate::default(), offer)))
        .collect();
    let broadcasts: Vec<Frame> = (0..3)
        .map(|at| Frame::from(&*format!("{at}").repeat(2000)))
        .collect();
    for deflate in &mut deflates {
        for broadcast in &broadcasts {
            assert!(is_compressed(&written(deflate, broadcast.clone())));
        }
    }
    assert_eq!(remembered(), 3);
    // What only looks the same is not, nor is what is compressed otherwise or of another kind.
    written(&mut deflates[0], Frame::from(&*"0".repeat(2000)));
    assert_eq!(remembered(), 3, "it went to one alone");
    let small = agreed(
        PerMessageDeflate::default(),
        "permessage-deflate; server_max_window_bits=9",
    );
    written(&mut Deflate::new(small), broadcasts[0].clone());
    assert_eq!(remembered(), 4);
    let Frame::Text(text) = &broadcasts[0] else {
        panic!("a text");
    };
    let binary = written(&mut deflates[0], text.as_bytes().clone());
    assert_eq!((binary[0], remembered()), (0xC2, 5));
}

#[test]
fn little_is_remembered() {
    forget();
    let mut deflate = Deflate::new(agreed(PerMessageDeflate::default(), "permessage-deflate"));
    let mut kept = Vec::new();
    for at in 0..2 * REMEMBERED {
        kept.push(Frame::from(&*"a".repeat(2000 + at)));
        written(&mut deflate, kept[at].clone());
        assert!(remembered() <= REMEMBERED);
    }
    assert_eq!(remembered(), REMEMBERED);
    for size in [LONGEST, LONGEST / 2, LONGEST / 3, LONGEST / 4] {
        kept.push(Frame::from(Bytes::from(vec![7; size])));
        written(&mut deflate, kept[kept.len() - 1].clone());
        let bytes = SHARED.with_borrow(|shared| {
            let bytes: usize = shared.remembered.iter().map(Remembered::len).sum();
            assert_eq!(shared.remembered_bytes, bytes);
            bytes
        });
        assert!(bytes <= REMEMBERED_BYTES || remembered() == 1, "{bytes}");
    }
    assert_eq!(remembered(), 2);
}

#[test]
fn after_much_work_it_is_the_turn_of_others() {
    let mut deflate = Deflate::new(agreed(PerMessageDeflate::default(), "permessage-deflate"));
    let bomb = written(&mut deflate, &*"a".repeat(100_000));
    let mut decoder = Decoder::new(100_000);
    let message = received(&bomb);
    let mut messages = 0;
    while !deflate.is_spent() {
        deflate.inflate(message.clone(), &mut decoder).unwrap();
        messages += 1;
    }
    assert_eq!(messages, TURN.div_ceil(100_000 + message.len()));
    deflate.rest();
    assert!(!deflate.is_spent());
}

#[test]
fn a_client_without_messages_takes_little() {
    assert!(size_of::<Deflate>() <= 64, "{}", size_of::<Deflate>());
}
