//! Rows 1 to 5: answers that come as they should, cut into bytes in every way.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use trunkline::ai::Api;

use crate::answer::Answer;
use crate::fake::{Event, Finish, Script, Speech};
use crate::house::{House, usage};

/// Five pieces with everything in them that may be torn.
pub(crate) const DELTAS: [&str; 5] = ["Hello", ", wörld ", "🦀 \"said\"\n", "🦊", " and the end."];

/// The stream that says [`DELTAS`]. The fox is spelt as two escapes.
pub(crate) fn wire(api: Api, end: &str) -> String {
    spelt(&api.stream(&DELTAS), end)
}

fn spelt(events: &[Event], end: &str) -> String {
    let events: String = events.iter().map(|event| event.spelt(end)).collect();
    events.replace('🦊', r"\ud83e\udd8a")
}

/// Asks for what `script` says, which must be [`DELTAS`].
async fn expect_deltas(api: Api, script: Script) -> Answer {
    let house = House::playing(api, [script]).await;
    let answer = house.ask("say it").await;
    answer.expect_stop(&DELTAS.concat());
    assert_eq!(answer.reply()["usage"], usage());
    assert_eq!(answer.typing, [true, false]);
    assert!(!answer.chunks.is_empty());
    house.expect_attempts(1);
    answer
}

mod row_01_normal {
    use super::*;
    use crate::fake::MODEL;

    cases!(all: object_request, text_request, second_turn);

    async fn object_request(api: Api) {
        let script = Script::json(200, api.document("A word. 🦀", Finish::Stop));
        let house = House::tuned(api, [script], |settings| {
            settings.remote.stream = false;
            settings.assistant.system = Some("Be brief.".into());
            settings.assistant.max_output_tokens = Some(99);
        })
        .await;
        let mut client = house.client().await;
        let id = client
            .begin_as(json!({"prompt": "Say a word.", "chatId": "c"}))
            .await;
        let answer = client.answer(&id).await;
        answer.expect_stop("A word. 🦀");
        let reply = answer.reply();
        assert_eq!(
            (&reply["chatId"], &reply["model"]),
            (&json!("c"), &json!(MODEL))
        );
        assert_eq!(reply["usage"], usage());
        assert!(answer.chunks.is_empty() && answer.typing.is_empty());
        let request = house.expect_attempts(1).remove(0).request;
        assert_eq!(request.said(), ["Say a word."]);
        assert_eq!(request.system.as_deref(), Some("Be brief."));
        let longest = match api {
            Api::Gemini => &request.body["generationConfig"]["maxOutputTokens"],
            Api::OpenAi | Api::Anthropic => &request.body["max_tokens"],
        };
        assert_eq!(longest, 99);
        assert!(!request.line.contains("stream"));
    }

    async fn text_request(api: Api) {
        let script = Script::json(200, api.document("A word.", Finish::Stop));
        let house = House::tuned(api, [script], |s| s.remote.stream = false).await;
        let mut client = house.client().await;
        client.send_text(r#"42["ai-message","Say a word."]"#).await;
        assert_eq!(client.next_bare().await, "A word.");
        let (number, id) = client.new_id();
        client
            .send_text(&format!(r#"42{number}["ai-message","Again."]"#))
            .await;
        client.until(&id, |answer| !answer.acks.is_empty()).await;
        assert_eq!(client.next_bare().await, "A word.");
        client.fence().await;
        assert!(client.bare.is_empty());
    }

    async fn second_turn(api: Api) {
        let scripts = [api.answers("first answer"), api.answers("second answer")];
        let house = House::playing(api, scripts).await;
        let mut client = house.client().await;
        client.ask("first").await.expect_stop("first answer");
        client.ask("second").await.expect_stop("second answer");
        let attempts = house.expect_attempts(2);
        assert_eq!(
            attempts[1].request.said(),
            ["first", "first answer", "second"]
        );
    }
}

mod row_02_normal_stream {
    use super::*;

    cases!(all: crlf, lf, cr, document_instead_of_a_stream);

    /// Some servers know no streams.
    async fn document_instead_of_a_stream(api: Api) {
        let document = api.document(&DELTAS.concat(), Finish::Stop);
        expect_deltas(api, Script::json(200, document)).await;
    }

    async fn crlf(api: Api) {
        five_deltas(api, "\r\n").await;
    }

    async fn lf(api: Api) {
        five_deltas(api, "\n").await;
    }

    async fn cr(api: Api) {
        five_deltas(api, "\r").await;
    }

    async fn five_deltas(api: Api, end: &str) {
        let events = api.stream(&DELTAS);
        let events = events.chunks(1).map(|event| spelt(event, end));
        expect_deltas(api, Script::events().all(events)).await;
    }
}

mod row_03_slow {
    use super::*;

    cases!(all: gaps_below_the_idle_limit);

    /// The pauses together are longer than the limit, each by itself is not.
    async fn gaps_below_the_idle_limit(api: Api) {
        let gap = Duration::from_millis(280);
        let events = api.stream(&DELTAS[..4]);
        let last = events.len() - 1;
        let mut script = Script::events();
        for (at, event) in events.into_iter().enumerate() {
            script = script.bytes(event);
            if at % last.div_ceil(4) == 0 {
                script = script.pause(gap);
            }
        }
        let house = House::tuned(api, [script], |settings| {
            settings.remote.limits.idle = Duration::from_millis(1000);
        })
        .await;
        let answer = house.ask("slowly").await;
        answer.expect_stop(&DELTAS[..4].concat());
        assert_eq!(answer.typing, [true, false]);
        house.expect_attempts(1);
    }
}

mod row_04_byte_split {
    use super::*;

    cases!(all: every_byte, inside_the_crab, inside_crlf, inside_data, inside_an_escape);

    async fn every_byte(api: Api) {
        split(api, |wire| (1..wire.len()).collect()).await;
    }

    async fn inside_the_crab(api: Api) {
        split(api, |wire| offsets(wire, "🦀", &[1, 2, 3])).await;
        split(api, |wire| offsets(wire, "ö", &[1])).await;
    }

    async fn inside_crlf(api: Api) {
        split(api, |wire| offsets(wire, "\r\n", &[1])).await;
        let events = api.stream(&DELTAS);
        let wire: String = events.iter().map(|event| event.spread("\r\n")).collect();
        let pieces = cut(&wire, &offsets(&wire, "\r\n", &[1]));
        expect_deltas(api, Script::events().all(pieces)).await;
    }

    async fn inside_data(api: Api) {
        split(api, |wire| offsets(wire, "data:", &[2, 4, 5])).await;
    }

    async fn inside_an_escape(api: Api) {
        split(api, |wire| offsets(wire, r"\ud83e\udd8a", &[1, 4, 6, 7, 9])).await;
        split(api, |wire| offsets(wire, "\\\"", &[1])).await;
        split(api, |wire| offsets(wire, "\\n", &[1])).await;
    }

    async fn split(api: Api, borders: impl Fn(&str) -> Vec<usize>) {
        let wire = wire(api, "\r\n");
        let borders = borders(&wire);
        assert!(!borders.is_empty());
        expect_deltas(api, Script::events().all(cut(&wire, &borders))).await;
    }

    /// So many bytes into every occurrence of `what`.
    fn offsets(wire: &str, what: &str, within: &[usize]) -> Vec<usize> {
        let found = wire.match_indices(what);
        let offsets = found.flat_map(|(at, _)| within.iter().map(move |offset| at + offset));
        offsets.collect()
    }
}

/// The pieces between the borders, which are in order.
pub(crate) fn cut(wire: &str, borders: &[usize]) -> Vec<Bytes> {
    let wire = Bytes::from(wire.to_owned());
    let starts = [0].into_iter().chain(borders.iter().copied());
    let ends = borders.iter().copied().chain([wire.len()]);
    let pieces = starts.zip(ends).map(|(from, to)| wire.slice(from..to));
    pieces.filter(|piece| !piece.is_empty()).collect()
}

mod row_05_glued {
    use super::*;

    cases!(all: one_write, usage_only, comments, byte_order_mark, no_space, several_data_lines);
    cases!(gemini openai: content_with_the_finish);

    async fn one_write(api: Api) {
        expect_deltas(api, Script::events().bytes(wire(api, "\r\n"))).await;
    }

    async fn usage_only(api: Api) {
        let mut events = api.opening();
        events.extend(DELTAS.map(|delta| api.delta(delta)));
        let usage = match api {
            Api::Gemini => {
                json!({"usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 4}})
            }
            Api::OpenAi => json!({
                "object": "chat.completion.chunk", "choices": [],
                "usage": {"prompt_tokens": 7, "completion_tokens": 4, "total_tokens": 11},
            }),
            Api::Anthropic => json!({
                "type": "message_delta", "delta": {}, "usage": {"output_tokens": 4},
            }),
        };
        let usage = match api {
            Api::Gemini | Api::OpenAi => Event::data(&usage),
            Api::Anthropic => Event::named(usage),
        };
        events.push(usage);
        events.extend(api.ending(Finish::Stop));
        expect_deltas(api, Script::events().bytes(spelt(&events, "\n"))).await;
    }

    async fn comments(api: Api) {
        let events = api.stream(&DELTAS);
        let mut wire = String::from(": hello\n\n:\n");
        for event in events.chunks(1) {
            wire += &format!(": keep-alive\n{}:x\r\n\r\n", spelt(event, "\n"));
        }
        expect_deltas(api, Script::events().bytes(wire)).await;
    }

    async fn byte_order_mark(api: Api) {
        let wire = format!("\u{feff}{}", wire(api, "\n"));
        expect_deltas(api, Script::events().bytes(wire.clone())).await;
        // Torn.
        expect_deltas(api, Script::events().all(cut(&wire, &[1, 2]))).await;
    }

    async fn no_space(api: Api) {
        let wire = wire(api, "\n").replace("data: ", "data:");
        expect_deltas(api, Script::events().bytes(wire)).await;
    }

    async fn several_data_lines(api: Api) {
        for end in ["\n", "\r\n", "\r"] {
            let events = api.stream(&DELTAS);
            let wire: String = events.iter().map(|event| event.spread(end)).collect();
            expect_deltas(api, Script::events().bytes(wire)).await;
        }
    }

    async fn content_with_the_finish(api: Api) {
        let (last, before) = DELTAS.split_last().unwrap();
        let mut events = api.opening();
        events.extend(before.iter().map(|delta| api.delta(delta)));
        events.push(Event::data(&match api {
            Api::Gemini => json!({
                "candidates": [{
                    "content": {"role": "model", "parts": [{"text": last}]}, "finishReason": "STOP",
                }],
                "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 5},
            }),
            Api::OpenAi | Api::Anthropic => json!({
                "choices": [{"index": 0, "delta": {"content": last}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
            }),
        }));
        if api == Api::OpenAi {
            events.extend(api.closing().pop());
        }
        expect_deltas(api, Script::events().bytes(spelt(&events, "\r\n"))).await;
    }
}
