//! What holds for every API: the laws of the reader, its limits, and streams that go wrong.

use proptest::prelude::*;

use super::*;

/// What a reader made of a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ai::provider) struct Heard {
    /// The words so far.
    pub(in crate::ai::provider) text: String,
    /// In how many deltas they came.
    pub(in crate::ai::provider) deltas: usize,
    /// The end, if there was one.
    pub(in crate::ai::provider) end: Option<Result<Completion, Fault>>,
}

impl Heard {
    /// The failure's code and the retry.
    pub(in crate::ai::provider) fn fault(&self) -> Option<(Code, Retry)> {
        let fault = self.end.as_ref()?.as_ref().err()?;
        Some((fault.failure.code, fault.retry))
    }
}

/// Reads a body in these pieces, to a clean end if `is_clean`.
fn read_pieces<'a>(
    mut reader: Reader,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    is_clean: bool,
) -> Heard {
    let mut heard = Heard {
        text: String::new(),
        deltas: 0,
        end: None,
    };
    let mut drain = |reader: &mut Reader| {
        while let Some(event) = reader.poll_event() {
            assert!(heard.end.is_none(), "nothing comes after the end");
            match event {
                Ok(Event::Delta(delta)) => {
                    assert!(!delta.is_empty());
                    heard.text.push_str(&delta);
                    heard.deltas += 1;
                }
                Ok(Event::Done(completion)) => heard.end = Some(Ok(completion)),
                Err(fault) => heard.end = Some(Err(fault)),
            }
        }
        assert_eq!(reader.is_over(), heard.end.is_some());
    };
    for piece in pieces {
        reader.handle_bytes(piece);
        drain(&mut reader);
    }
    if is_clean {
        reader.handle_end();
        drain(&mut reader);
        reader.handle_bytes(b"data: {}\n\n");
        reader.handle_end();
        drain(&mut reader);
    }
    heard
}

fn reader(api: Api, shape: Shape) -> Reader {
    Reader::new(api, shape, ReadLimits::default())
}

/// Reads a body, whole and byte by byte; both must come to the same.
pub(in crate::ai::provider) fn read(api: Api, shape: Shape, body: &str) -> Heard {
    let heard = read_pieces(reader(api, shape), [body.as_bytes()], true);
    let bytes = read_pieces(reader(api, shape), body.as_bytes().chunks(1), true);
    assert_eq!(heard, bytes, "{body}");
    heard
}

/// A stream of messages that hold these documents.
pub(in crate::ai::provider) fn stream(documents: &[&str]) -> String {
    let message = |json: &&str| format!("data: {json}\r\n\r\n");
    documents.iter().map(message).collect()
}

/// One piece of an answer, and the piece that ends it, in each API's words.
const PIECES: [(Api, &str, &str); 3] = [
    (
        Api::Gemini,
        r#"{"candidates":[{"content":{"parts":[{"text":"He"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"y"}]},"finishReason":"STOP"}]}"#,
    ),
    (
        Api::OpenAi,
        r#"{"choices":[{"delta":{"content":"He"},"finish_reason":null}]}"#,
        r#"{"choices":[{"delta":{"content":"y"},"finish_reason":"stop"}]}"#,
    ),
    (
        Api::Anthropic,
        r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"He"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
    ),
];

const WELL: Completion = Completion {
    cut: false,
    usage: None,
};

#[test]
fn a_stream_that_ends_before_the_answer_does_is_truncated() {
    let truncated = Some((Code::BadResponse, Retry::Backoff));
    for (api, piece, last) in PIECES {
        let table = [
            (String::new(), truncated),
            (": comment\n\n".to_owned(), truncated),
            (stream(&[piece]), truncated),
            (stream(&[piece, last]) + "data: {\"a\":", truncated),
            (
                stream(&[piece]) + "data: " + &last[..last.len() - 1],
                truncated,
            ),
            (stream(&[piece]) + "data: " + last, None),
            (stream(&[piece, last]), None),
            (stream(&[piece, last]) + "data: [DONE]", None),
            (stream(&[piece, "[DONE]"]), None),
            (stream(&[piece, last]) + "strange: lines\n\n", None),
            (stream(&[piece, last]) + "data:\n\n", None),
        ];
        for (body, fault) in table {
            let heard = read(api, Shape::Events, &body);
            assert_eq!(heard.fault(), fault, "{api:?} {body}");
        }
        let unfinished = stream(&[piece, last]);
        let heard = read_pieces(reader(api, Shape::Events), [unfinished.as_bytes()], false);
        assert_eq!(heard.end, None, "an error may follow");
    }
}

#[test]
fn an_error_in_a_stream_ends_it_wherever_it_stands() {
    let error = r#"{"error":{"code":503,"message":"high demand"}}"#;
    let pretty = "{\r\n  \"error\": {\r\n    \"code\": 503\r\n  }\r\n}\r\n";
    let forms = [
        format!("data: {error}\n\n"),
        format!("event: error\ndata: {error}\n\n"),
        "event: error\ndata: {\"code\":503}\n\n".to_owned(),
        format!("error: {error}\n\n"),
        "error: {\"code\":503,\"message\":\"x\"}\n\n".to_owned(),
        format!("{error}\n\n"),
        format!("[{error}]"),
        pretty.to_owned(),
        format!("{pretty}\r\n"),
        format!("strange: line\n{pretty}"),
    ];
    for (api, piece, last) in PIECES {
        for form in &forms {
            let befores = [
                (String::new(), ""),
                (stream(&[piece]), "He"),
                (
                    stream(&[piece, last]),
                    if api == Api::Anthropic { "He" } else { "Hey" },
                ),
            ];
            for (before, text) in befores {
                let body = before + form;
                let heard = read(api, Shape::Events, &body);
                let expected = Some((Code::Overloaded, Retry::Backoff));
                assert_eq!(
                    (heard.fault(), &*heard.text),
                    (expected, text),
                    "{api:?} {body}"
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_a_bad_response() {
    let bad = Some((Code::BadResponse, Retry::Backoff));
    for (api, piece, last) in PIECES {
        let table = [
            (Shape::Events, "data: {\"a\":\n\n".to_owned()),
            (Shape::Events, "data: hello\n\n".to_owned()),
            (Shape::Events, "data: 5\n\n".to_owned()),
            (Shape::Events, "data: [5]\n\n".to_owned()),
            (Shape::Events, stream(&[piece]) + "data: [DONE\n\n"),
            (Shape::Events, stream(&[piece, last]) + "{ \"error\": {\n"),
            (
                Shape::Events,
                "<html>\n<body>no</body>\n\n</html>".to_owned(),
            ),
            (Shape::Events, "event: error\ndata: what\n\n".to_owned()),
            (Shape::Whole, String::new()),
            (Shape::Whole, "{\"a\":".to_owned()),
            (Shape::Whole, "<html></html>".to_owned()),
            (Shape::Whole, "null".to_owned()),
            (Shape::Whole, "[[]]".to_owned()),
            (Shape::Whole, format!("[{piece},{last}")),
            (Shape::Whole, format!("{last} {last}")),
            (Shape::Whole, stream(&[piece, last])),
        ];
        for (shape, body) in table {
            let heard = read(api, shape, &body);
            assert_eq!(heard.fault(), bad, "{api:?} {shape:?} {body}");
        }
    }
}

#[test]
fn a_whole_answer_without_words_is_left_to_the_answer() {
    for api in Api::ALL {
        for body in ["{}", "[]", r#"{"candidates":[],"choices":[],"content":[]}"#] {
            let heard = read(api, Shape::Whole, body);
            assert_eq!((heard.deltas, heard.end), (0, Some(Ok(WELL))));
        }
    }
}

#[test]
fn a_list_of_pieces_is_an_answer_too() {
    for (api, piece, last) in PIECES {
        let body = format!("[{piece}\n,\r\n{last}\n]");
        let expected = if api == Api::Anthropic { "He" } else { "Hey" };
        for shape in [Shape::Whole, Shape::Events] {
            let heard = read(api, shape, &body);
            assert_eq!(
                (&*heard.text, &heard.end),
                (expected, &Some(Ok(WELL))),
                "{api:?} {shape:?}"
            );
        }
        let error = format!("[{piece}\n,\r\n{{\"error\":{{\"code\":503}}}}]");
        let heard = read(api, Shape::Whole, &error);
        assert_eq!(heard.fault(), Some((Code::Overloaded, Retry::Backoff)));
        assert_eq!(heard.deltas, 0, "so another attempt can be made");
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    for (api, piece, last) in PIECES {
        for (shape, body) in [
            (Shape::Whole, last.to_owned()),
            (Shape::Events, stream(&[piece, last])),
        ] {
            let marked = read(api, shape, &format!("\u{FEFF}{body}"));
            assert_eq!(marked, read(api, shape, &body));
            assert_eq!(marked.end, Some(Ok(WELL)));
        }
    }
}

#[test]
fn what_is_too_long_is_not_held_and_not_tried_again() {
    let limits = ReadLimits {
        max_event: 1000,
        max_body: 2000,
    };
    let piece = [b'x'; 100];
    for (shape, accepted) in [(Shape::Events, 10), (Shape::Whole, 20)] {
        for api in Api::ALL {
            let pieces = |count| std::iter::repeat_n(&piece[..], count);
            let short = read_pieces(Reader::new(api, shape, limits), pieces(accepted), false);
            assert_eq!(short.end, None);
            let reader = Reader::new(api, shape, limits);
            let long = read_pieces(reader, pieces(accepted + 1), false);
            assert_eq!(long.fault(), Some((Code::BadResponse, Retry::Never)));
        }
    }
}

#[test]
fn the_words_before_an_event_that_is_too_long_are_given() {
    let (api, piece, _) = PIECES[0];
    let body = stream(&[piece]) + &"x".repeat(2 << 20);
    let heard = read_pieces(
        reader(api, Shape::Events),
        body.as_bytes().chunks(4096),
        false,
    );
    assert_eq!(heard.text, "He");
    assert_eq!(heard.fault(), Some((Code::BadResponse, Retry::Never)));
}

/// Bodies of lines and documents that are likely to interact.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let documents = PIECES.iter().flat_map(|(_, piece, last)| [*piece, *last]);
    let others = [
        r#"{"type":"message_stop"}"#,
        r#"{"candidates":[{"finishReason":"SAFETY"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
        r#"{"error":{"code":503}}"#,
        r#"{"choices":[{"delta":{"content":"\ud83e\udd80é🦀"}}]}"#,
        "[DONE]",
    ];
    let framing = [
        "data: ",
        "data:",
        "event: error\n",
        "error: ",
        ": c",
        "\n",
        "\r",
        "\r\n\r\n",
        "\n\n",
        "[",
        ",",
        "]",
    ];
    let documents: Vec<&str> = documents.chain(others).collect();
    let document = prop::sample::select(documents);
    let message = document
        .clone()
        .prop_map(|json| format!("data: {json}\r\n\r\n").into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 0..5);
    let piece = prop_oneof![
        8 => message,
        2 => document.prop_map(|json| json.as_bytes().to_vec()),
        3 => prop::sample::select(framing.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => bytes,
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events_and_one_end(
        body in bodies(),
        sizes in prop::collection::vec(0usize..40, 1..20),
        max_event in 10usize..400,
    ) {
        let limits = ReadLimits { max_event, max_body: 2 * max_event };
        for api in Api::ALL {
            for shape in [Shape::Events, Shape::Whole] {
                let reader = || Reader::new(api, shape, limits);
                let whole = read_pieces(reader(), [&*body], true);
                prop_assert!(whole.end.is_some(), "a body that ended has an end");
                let bytes = read_pieces(reader(), body.chunks(1), true);
                prop_assert_eq!(&whole, &bytes);
                let mut rest = &*body;
                let mut pieces = Vec::new();
                for size in &sizes {
                    let (piece, after) = rest.split_at((*size).min(rest.len()));
                    pieces.push(piece);
                    rest = after;
                }
                pieces.push(rest);
                prop_assert_eq!(&whole, &read_pieces(reader(), pieces, true));
            }
        }
    }
}
