//! Tables of streams, and the laws of the decoder against its naive twin.

use proptest::prelude::*;

use super::*;

fn message(name: &str, data: &str) -> Event {
    Event::Message {
        name: name.to_owned(),
        data: data.to_owned(),
    }
}

fn data(data: &str) -> Event {
    message("", data)
}

fn stray(lines: &str) -> Event {
    Event::Stray(lines.to_owned())
}

/// The events of a stream, whether it was too long, and whether it was cut.
#[derive(PartialEq, Eq, Debug)]
struct Heard {
    events: Vec<Event>,
    is_too_long: bool,
    is_cut: bool,
}

/// Decodes the stream in these pieces.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, max_event: usize) -> Heard {
    let mut decoder = Decoder::new(max_event);
    let (mut events, mut is_too_long) = (Vec::new(), false);
    let mut drain = |decoder: &mut Decoder, piece: usize| {
        assert!(decoder.held_bytes() <= max_event.max(BOM.len()) + piece);
        while let Some(event) = decoder.poll() {
            assert!(!is_too_long, "nothing comes after the end");
            match event {
                Ok(event) => events.push(event),
                Err(TooLong) => is_too_long = true,
            }
        }
        assert!(decoder.held_bytes() <= max_event.max(BOM.len()));
    };
    for piece in pieces {
        decoder.push(piece);
        drain(&mut decoder, piece.len());
    }
    decoder.finish();
    drain(&mut decoder, 0);
    decoder.push(b"data: late\n\n");
    drain(&mut decoder, 0);
    let is_cut = decoder.is_cut();
    Heard {
        events,
        is_too_long,
        is_cut,
    }
}

/// The naive twin: looks at the whole stream, line by line.
fn naive(stream: &[u8], max_event: usize) -> Heard {
    let stream = stream.strip_prefix(BOM).unwrap_or(stream);
    let mut lines = vec![Vec::new()];
    let mut last = 0;
    for byte in stream {
        match byte {
            b'\n' if last == b'\r' => {}
            b'\r' | b'\n' => lines.push(Vec::new()),
            _ => lines.last_mut().unwrap().push(*byte),
        }
        last = *byte;
    }
    let unfinished = lines.pop().unwrap();
    lines.extend((!unfinished.is_empty()).then_some(unfinished));
    let mut heard = Heard {
        events: Vec::new(),
        is_too_long: false,
        is_cut: false,
    };
    let mut draft = Draft::default();
    for line in lines {
        if draft.len() + line.len() > max_event {
            heard.is_too_long = true;
            break;
        }
        if line.is_empty() {
            let (message, stray) = mem::take(&mut draft).events();
            heard.events.extend(message.into_iter().chain(stray));
        } else {
            draft.take_line(&line);
        }
    }
    if heard.is_too_long || draft.len() > max_event {
        heard.is_too_long = true;
        heard.is_cut = true;
        return heard;
    }
    let text = draft.data.trim_ascii();
    let json = serde_json::from_slice::<serde_json::Value>(text);
    heard.is_cut = !draft.data.is_empty() && text != b"[DONE]" && json.is_err();
    let (message, stray) = draft.events();
    heard.events.extend(message.filter(|_| !heard.is_cut));
    heard.events.extend(stray);
    heard
}

#[test]
fn streams_are_read_as_the_standard_says() {
    let table: &[(&[u8], &[Event])] = &[
        (b"", &[]),
        (b"data: a\n\n", &[data("a")]),
        (b"data: a\r\n\r\n", &[data("a")]),
        (b"data: a\r\rdata: b\r\r", &[data("a"), data("b")]),
        (b"data:a\n\n", &[data("a")]),
        (b"data:  a \n\n", &[data(" a ")]),
        (b"data: a\ndata: b\r\ndata\n\n", &[data("a\nb\n")]),
        (b"data\n\n", &[data("")]),
        (b"\n\n\r\n", &[]),
        (b": comment\n\n:\n", &[]),
        (b"id: 1\nretry: 5\ndata: a\n\n", &[data("a")]),
        (b"event: ping\n\ndata: a\n\n", &[data("a")]),
        (
            b"event: x\nevent: ping\ndata: {}\n\n",
            &[message("ping", "{}")],
        ),
        (b"\xEF\xBB\xBFdata: a\n\n", &[data("a")]),
        (b"data: \xEF\xBB\xBFa\n\n", &[data("\u{FEFF}a")]),
        ("data: 🦀é\n\n".as_bytes(), &[data("🦀é")]),
        (b"data: \xF0\x9F\n\n", &[data("\u{FFFD}")]),
    ];
    for (stream, events) in table {
        let heard = decode([*stream], 100);
        assert_eq!(heard.events, *events, "{}", stream.escape_ascii());
        assert!(!heard.is_cut && !heard.is_too_long);
    }
}

#[test]
fn lines_that_are_no_field_are_kept() {
    let table: &[(&[u8], &[Event])] = &[
        (
            b"{\r\n  \"a\": 1\r\n}\r\n\r\n",
            &[stray("{\n  \"a\": 1\n}")],
        ),
        (b"{\"a\":\n1}", &[stray("{\"a\":\n1}")]),
        (
            b"error: {\"code\":503}\n\n",
            &[stray("error: {\"code\":503}")],
        ),
        (b"oops\n\ndata: a\n\n", &[stray("oops"), data("a")]),
        (
            b"oops\ndata: a\nwell\n\n",
            &[data("a"), stray("oops\nwell")],
        ),
        (b"<html>\n: x\n</html>", &[stray("<html>\n</html>")]),
        (
            b"data: 1\n\xEF\xBB\xBFdata: 2\n\n",
            &[data("1"), stray("\u{FEFF}data: 2")],
        ),
    ];
    for (stream, events) in table {
        assert_eq!(
            decode([*stream], 100).events,
            *events,
            "{}",
            stream.escape_ascii()
        );
    }
}

#[test]
fn an_event_without_its_blank_line_counts_if_its_data_is_complete() {
    let table: &[(&[u8], &[Event], bool)] = &[
        (b"data: {\"a\":1}", &[data("{\"a\":1}")], false),
        (b"data: {\"a\":1}\r", &[data("{\"a\":1}")], false),
        (b"data: {\ndata: }\n", &[data("{\n}")], false),
        (b"data: [DONE]", &[data("[DONE]")], false),
        (b"data: 1\n\ndata: {\"a\":1", &[data("1")], true),
        (b"data: [DON", &[], true),
        (b"data:", &[], true),
        (b"data: 1\n\nevent: x\n", &[data("1")], false),
        (b"data: 1\n\ndat", &[data("1"), stray("dat")], false),
    ];
    for (stream, events, is_cut) in table {
        let heard = decode([*stream], 100);
        assert_eq!(
            (&*heard.events, heard.is_cut),
            (*events, *is_cut),
            "{}",
            stream.escape_ascii()
        );
    }
}

#[test]
fn what_is_too_long_ends_the_stream() {
    let table: &[(&[u8], &[Event], bool)] = &[
        (b"data: 1234\n\n", &[data("1234")], false),
        (b"data: 12345\n\n", &[], true),
        (
            b"data: 1\n\n: 4567890\n: 4567890\ndata: 2\n\n",
            &[data("1"), data("2")],
            false,
        ),
        (b"data: 1\n\n: 456789012\n\ndata: 2\n\n", &[data("1")], true),
        (b"data:123\ndata:123\ndata:1\n\n", &[], true),
        (b"event:123\ndata:123\ndata:1\n\n", &[], true),
        (b"{\n{\n{\n{\n{\n{\n{\n{\n{\n{\n", &[], true),
        (b"12345678901", &[], true),
    ];
    for (stream, events, is_too_long) in table {
        let heard = decode([*stream], 10);
        let expected = (*events, *is_too_long);
        assert_eq!(
            (&*heard.events, heard.is_too_long),
            expected,
            "{}",
            stream.escape_ascii()
        );
    }
}

/// A decoder that looked at the whole line again for each piece would take many minutes for this one.
#[test]
fn a_long_line_in_small_pieces_takes_linear_time() {
    let mut decoder = Decoder::new(8 << 20);
    for _ in 0..(4 << 20) / 16 {
        decoder.push(b"data:6789abcdef0");
        assert_eq!(decoder.poll(), None);
    }
    decoder.push(b"\n\n");
    let Some(Ok(Event::Message { data, .. })) = decoder.poll() else {
        panic!("one event");
    };
    assert_eq!(data.len(), (4 << 20) - 5);
}

/// Streams of lines that are likely to interact.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"data: ".to_vec()),
        Just(b"data:".to_vec()),
        Just(b"event: e".to_vec()),
        Just(b": c".to_vec()),
        Just(b"{\"a\":".to_vec()),
        Just(b"1}".to_vec()),
        Just(b"[DONE]".to_vec()),
        Just(BOM.to_vec()),
        Just("🦀".as_bytes().to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n\n".to_vec()),
        Just(b"\r\n\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_split_gives_what_the_naive_twin_gives(
        stream in streams(),
        sizes in prop::collection::vec(0usize..9, 1..20),
        max_event in 0usize..60,
    ) {
        let expected = naive(&stream, max_event);
        prop_assert_eq!(&decode([&*stream], max_event), &expected);
        prop_assert_eq!(&decode(stream.chunks(1), max_event), &expected);
        let mut rest = &*stream;
        let mut pieces = Vec::new();
        for size in sizes {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        prop_assert_eq!(&decode(pieces, max_event), &expected);
    }
}
