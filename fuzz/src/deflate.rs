//! `websocket_deflate`: compressed messages of any bytes, and any offers of compression.

use bytes::BytesMut;
use trunkline::websocket::{Decoder, Deflater, Inflater, Outbox, Received, Terms, Violation};
use trunkline::wire::Frame;

/// The bytes decide a limit, whether messages refer to each other, how they are cut, and what is in
/// them. What comes of one is within the limit and survives being compressed again; nothing comes
/// after one that is refused. Read as text, they are offers.
pub fn websocket_deflate(data: &[u8]) {
    let Some((&[settings, chunk, count], rest)) = data.split_first_chunk() else {
        return;
    };
    let limit = [0, 125, 300, 70_000][usize::from(settings & 3)];
    let takes_over = settings & 4 != 0;
    let pieces = usize::from(count & 3) + 1;
    let mut stream = Vec::new();
    for message in rest.chunks(rest.len().div_ceil(pieces).max(1)) {
        write(message, usize::from(settings >> 3), &mut stream);
    }
    hear(&stream, usize::from(chunk) + 1, limit, takes_over);
    if let Ok(offers) = std::str::from_utf8(rest) {
        negotiate(offers, takes_over, count >> 4);
    }
}

/// A binary message in so many frames and one more, masked with nothing.
fn write(mut message: &[u8], fragments: usize, stream: &mut Vec<u8>) {
    let mut first = 0x42;
    for left in (0..=fragments).rev() {
        let size = match left {
            0 => message.len(),
            left => message.len() / (left + 1),
        };
        let piece = message.split_off(..size).unwrap_or_default();
        stream.push(if left == 0 { first | 0x80 } else { first });
        stream.push(0xFF);
        stream.extend((piece.len() as u64).to_be_bytes());
        stream.extend([0; 4]);
        stream.extend(piece);
        first = 0;
    }
}

fn hear(stream: &[u8], chunk: usize, limit: usize, takes_over: bool) {
    let mut decoder = Decoder::new(limit).with_compression();
    let mut inflater = Inflater::new(takes_over);
    let mut input = BytesMut::new();
    let mut is_over = false;
    for chunk in stream.chunks(chunk) {
        input.extend_from_slice(chunk);
        loop {
            let received = decoder.decode(&mut input);
            assert!(
                !is_over || received == Ok(None),
                "nothing comes after the end"
            );
            match received {
                Ok(None) => break,
                Ok(Some(Received::Compressed(message))) => {
                    assert!(message.len() <= limit);
                    match decoder.inflate(message, &mut inflater) {
                        Ok(Frame::Binary(bytes)) => {
                            assert!(bytes.len() <= limit);
                            again(&Frame::Binary(bytes));
                        }
                        Ok(text) => panic!("{text:?}"),
                        Err(Violation::NotDeflate | Violation::TooBig) => is_over = true,
                        Err(violation) => panic!("{violation}"),
                    }
                }
                Err(Violation::TooBig) => is_over = true,
                other => panic!("{other:?}"),
            }
        }
        assert!(input.is_empty());
        assert!(decoder.held() <= 2 * limit + 300, "{}", decoder.held());
    }
}

/// What was inflated is what comes of compressing it.
fn again(frame: &Frame) {
    let compressed = Deflater::new(2, 9, false).deflate(frame, &mut Vec::new());
    let mut outbox = Outbox::new();
    outbox.compressed(compressed.clone());
    assert!(outbox.len() >= compressed.len() + 2);
    let inflated = Decoder::new(70_000).inflate(compressed, &mut Inflater::new(false));
    assert_eq!(inflated.as_ref(), Ok(frame));
}

/// An answer is one that a client who offered it reads, and grants what was asked for.
fn negotiate(offers: &str, context_takeover: bool, window_bits: u8) {
    let terms = Terms {
        context_takeover,
        window_bits,
    };
    let Some(agreement) = terms.accept([offers]) else {
        return;
    };
    assert!(offers.contains("permessage-deflate"));
    assert!((9..=15).contains(&agreement.server_window_bits()));
    assert!(context_takeover || agreement.server_no_context_takeover);
    let answer = agreement.to_string();
    // As an offer it would be granted as it is.
    let all = Terms {
        context_takeover: true,
        window_bits: 15,
    };
    assert_eq!(all.accept([answer.as_str()]), Some(agreement));
}
