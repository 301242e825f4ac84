//! `sse` and `provider_events`: what AI providers answer.

use std::time::Duration;

use trunkline::ai::provider::api::Refusal;
use trunkline::ai::provider::reader::{ReadLimits, Reader, Shape};
use trunkline::ai::provider::{Api, Completion, Event};
use trunkline::ai::retry::Policy;
use trunkline::ai::{Fault, Retry, sse};

/// Cuts `bytes` into pieces of 0 to 31 bytes, as `seed` will have it.
fn pieces(bytes: &[u8], seed: u8) -> impl Iterator<Item = &[u8]> {
    let (mut rest, mut dice) = (bytes, u32::from(seed));
    std::iter::from_fn(move || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let size = (dice >> 27) as usize;
        let (piece, after) = rest.split_at(size.min(rest.len()));
        (!std::mem::replace(&mut rest, after).is_empty()).then_some(piece)
    })
}

/// Two bytes choose the limit and the split, the others are a stream. It gives the same events in
/// any split, nothing after its end, and no more is held than the limit allows.
pub fn sse(data: &[u8]) {
    let [limit, seed, stream @ ..] = data else {
        return;
    };
    let max_event = usize::from(*limit) * 8;
    let whole = decode([stream].into_iter(), max_event);
    assert_eq!(whole, decode(stream.chunks(1), max_event));
    assert_eq!(whole, decode(pieces(stream, *seed), max_event));
}

/// The events, whether the stream was too long, and whether it was cut.
fn decode<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    max_event: usize,
) -> (Vec<sse::Event>, bool, bool) {
    // The beginning of a byte order mark is held whatever the limit is.
    let most = max_event.max(2);
    let mut decoder = sse::Decoder::new(max_event);
    let (mut events, mut is_too_long) = (Vec::new(), false);
    let mut drain = |decoder: &mut sse::Decoder| {
        while let Some(event) = decoder.poll() {
            assert!(!is_too_long, "nothing comes after the end");
            match event {
                Ok(event) => events.push(event),
                Err(sse::TooLong) => is_too_long = true,
            }
        }
        assert!(decoder.held_bytes() <= most);
    };
    for piece in pieces {
        decoder.push(piece);
        assert!(decoder.held_bytes() <= most + piece.len());
        drain(&mut decoder);
    }
    decoder.finish();
    drain(&mut decoder);
    assert_eq!(decoder.held_bytes(), 0);
    let is_cut = decoder.is_cut();
    for event in &events {
        let text = match event {
            sse::Event::Message { data, .. } => data,
            sse::Event::Stray(lines) => lines,
        };
        assert!(text.len() <= 3 * max_event, "each bad byte becomes three");
    }
    (events, is_too_long, is_cut)
}

/// Two bytes choose API, shape, limits and split, the others are the body of a 200: it gives the
/// same words and the same single end in any split. As the body of a refusal, with its first line
/// in every header, it is judged soundly.
pub fn provider_events(data: &[u8]) {
    let [choice, seed, body @ ..] = data else {
        return;
    };
    let api = Api::ALL[usize::from(*choice) % 3];
    let shape = match choice / 3 % 2 {
        0 => Shape::Events,
        _ => Shape::Whole,
    };
    let limits = match seed % 2 {
        0 => ReadLimits::default(),
        _ => ReadLimits {
            max_event: 200,
            max_body: 400,
        },
    };
    let reader = || Reader::new(api, shape, limits);
    let whole = read(reader(), [body].into_iter());
    assert_eq!(whole, read(reader(), body.chunks(1)));
    assert_eq!(whole, read(reader(), pieces(body, *seed)));
    assert!(whole.0.len() <= 3 * body.len());
    if let Err(fault) = &whole.1 {
        judge(fault);
    }
    refuse(api, u16::from(*seed) * 3, body);
}

/// The words of an answer, and its end.
fn read<'a>(
    mut reader: Reader,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (String, Result<Completion, Fault>) {
    let (mut text, mut end) = (String::new(), None);
    let mut drain = |reader: &mut Reader| {
        while let Some(event) = reader.poll_event() {
            assert!(end.is_none(), "nothing comes after the end");
            match event {
                Ok(Event::Delta(delta)) => {
                    assert!(!delta.is_empty());
                    text.push_str(&delta);
                }
                Ok(Event::Done(completion)) => end = Some(Ok(completion)),
                Err(fault) => end = Some(Err(fault)),
            }
        }
        assert_eq!(reader.is_over(), end.is_some());
    };
    for piece in pieces {
        reader.handle_bytes(piece);
        drain(&mut reader);
    }
    reader.handle_end();
    drain(&mut reader);
    reader.handle_bytes(b"data: [DONE]\n\n");
    drain(&mut reader);
    (text, end.expect("what is over has an end"))
}

fn refuse(api: Api, status: u16, body: &[u8]) {
    let first = body.split(|byte| *byte == b'\n').next();
    let header = first.and_then(|line| std::str::from_utf8(line).ok());
    let refusal = Refusal {
        status,
        retry_after: None,
        retry_after_ms: None,
        should_retry: None,
        unix_now: 1_800_000_000,
        body,
    };
    let fault = api.refusal(&refusal);
    judge(&fault);
    let with_headers = api.refusal(&Refusal {
        retry_after: header,
        retry_after_ms: header,
        should_retry: header,
        ..refusal
    });
    judge(&with_headers);
    assert_eq!(fault.failure.code, with_headers.failure.code);
    assert_eq!(fault.detail, with_headers.detail);
    if (300..400).contains(&status) {
        assert_eq!(with_headers.retry, Retry::Never);
    }
}

/// What holds for every fault, and for what the policy makes of it.
fn judge(fault: &Fault) {
    assert!(fault.detail.len() <= 500 && !fault.detail.contains(char::is_control));
    assert!(fault.failure.message.len() < 60);
    assert!(fault.failure.retryable || fault.failure.retry_after.is_none());
    let (policy, left) = (Policy::default(), Duration::from_secs(15));
    match policy.next(fault, 1, left, 0.5) {
        Ok(wait) => assert!(wait < left && fault.retry != Retry::Never),
        Err(failure) => assert_eq!(failure, fault.failure),
    }
}
