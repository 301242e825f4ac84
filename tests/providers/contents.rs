//! Rows 12, 13, 17 and 18: a 200 with something else in it than a full answer.

use std::time::Duration;

use serde_json::{Value, json};
use trunkline::ai::{Api, Code};

use crate::answer::Answer;
use crate::fake::{Event, Finish, OWN_WORDS, Script, Speech};
use crate::house::House;

/// Asks; nothing of it is remembered.
async fn asked(api: Api, script: Script, stream: bool) -> (Answer, usize) {
    let house = House::tuned(api, [script], |s| s.remote.stream = stream).await;
    let mut client = house.client().await;
    let answer = client.ask("what now?").await;
    let attempts = house.fake.attempts().len();
    house.expect_forgotten(&mut client).await;
    (answer, attempts)
}

/// The same for an answer that comes as one document.
async fn document(api: Api, body: Value) -> (Answer, usize) {
    asked(api, Script::json(200, body), false).await
}

/// The same for a stream of events.
async fn stream(api: Api, events: Vec<Event>) -> (Answer, usize) {
    asked(api, Script::events().all(events), true).await
}

mod row_12_invalid_json {
    use super::*;

    cases!(
        all: document_cut_short, broken_event_first, broken_event_after_a_delta,
        page_instead_of_a_document, page_instead_of_a_stream, repaired_by_another_attempt,
    );

    async fn document_cut_short(api: Api) {
        let script = Script::whole(200, "application/json", r#"{"a":"#);
        let (answer, attempts) = asked(api, script, false).await;
        answer.expect_failure(Code::BadResponse);
        assert_eq!(attempts, 3);
    }

    fn broken(api: Api) -> String {
        let name = match api {
            Api::Anthropic => "event: content_block_delta\n",
            Api::Gemini | Api::OpenAi => "",
        };
        format!("{name}data: {{\"a\": {OWN_WORDS}\n\n")
    }

    async fn broken_event_first(api: Api) {
        let script = Script::events().bytes(broken(api));
        let (answer, attempts) = asked(api, script, true).await;
        answer.expect_failure(Code::BadResponse);
        assert_eq!(attempts, 3);
    }

    async fn broken_event_after_a_delta(api: Api) {
        let script = api.begins(&["one ", "two"]).bytes(broken(api));
        let (answer, attempts) = asked(api, script, true).await;
        answer.expect_partial(Code::BadResponse, "one two");
        assert_eq!(attempts, 1);
    }

    fn page() -> Script {
        let page = format!("<html>\n<body>{OWN_WORDS}</body>\n</html>\n");
        Script::whole(200, "text/html; charset=utf-8", page)
    }

    async fn page_instead_of_a_document(api: Api) {
        let (answer, attempts) = asked(api, page(), false).await;
        answer.expect_failure(Code::BadResponse);
        assert_eq!(attempts, 1);
    }

    async fn page_instead_of_a_stream(api: Api) {
        let (answer, attempts) = asked(api, page(), true).await;
        answer.expect_failure(Code::BadResponse);
        assert_eq!(attempts, 1);
    }

    /// Nothing was said yet, so another attempt may answer; it does so from the beginning.
    async fn repaired_by_another_attempt(api: Api) {
        let broken = Script::events().all(api.opening()).bytes(broken(api));
        let house = House::playing(api, [broken, api.answers("well")]).await;
        house.ask("what now?").await.expect_stop("well");
        house.expect_attempts(2);
    }
}

mod row_13_empty_answer {
    use super::*;

    cases!(
        all: empty_object, empty_object_streamed, no_candidates, no_candidates_streamed,
        only_thoughts, only_thoughts_streamed, no_text_at_the_greatest_length,
        no_text_at_the_greatest_length_streamed, empty_text, empty_text_streamed, only_white_space,
        empty_body,
    );

    /// It came to its end, and nothing was in it: another attempt would hardly find more.
    fn empty((answer, attempts): (Answer, usize)) {
        answer.expect_failure(Code::BadResponse);
        assert_eq!(attempts, 1);
    }

    /// It ended without saying so, which another attempt may do better.
    fn unended((answer, attempts): (Answer, usize)) {
        answer.expect_failure(Code::BadResponse);
        assert_eq!(attempts, 3);
    }

    async fn empty_object(api: Api) {
        empty(document(api, json!({})).await);
    }

    async fn empty_object_streamed(api: Api) {
        unended(stream(api, vec![Event::data(&json!({}))]).await);
    }

    fn none(api: Api) -> Value {
        match api {
            Api::Gemini => json!({"candidates": []}),
            Api::OpenAi => json!({"choices": []}),
            Api::Anthropic => {
                json!({"type": "message", "content": [], "stop_reason": "end_turn"})
            }
        }
    }

    async fn no_candidates(api: Api) {
        empty(document(api, none(api)).await);
    }

    async fn no_candidates_streamed(api: Api) {
        let mut events = match api {
            Api::Gemini | Api::OpenAi => vec![Event::data(&none(api))],
            Api::Anthropic => api.opening()[..1].to_vec(),
        };
        events.extend(api.closing());
        let asked = stream(api, events).await;
        match api {
            // It has no last word but a reason in a candidate.
            Api::Gemini => unended(asked),
            Api::OpenAi | Api::Anthropic => empty(asked),
        }
    }

    async fn only_thoughts(api: Api) {
        let mut body = api.document("", Finish::Stop);
        match api {
            Api::Gemini => {
                body["candidates"][0]["content"]["parts"] =
                    json!([{"text": "hm", "thought": true}, {"thoughtSignature": "c2ln"}]);
            }
            Api::OpenAi => body["choices"][0]["message"]["reasoning_content"] = json!("hm"),
            Api::Anthropic => body["content"] = json!([{"type": "thinking", "thinking": "hm"}]),
        }
        empty(document(api, body).await);
    }

    async fn only_thoughts_streamed(api: Api) {
        let mut events = api.opening();
        events.extend([api.thought("hm"), api.thought("so")]);
        events.extend(api.ending(Finish::Stop));
        empty(stream(api, events).await);
    }

    fn cut((answer, attempts): (Answer, usize)) {
        assert_eq!((answer.finish(), attempts), ("length", 1));
        // A sentence of ours, and no empty bubble.
        assert!(answer.text().ends_with("before its first word."));
    }

    async fn no_text_at_the_greatest_length(api: Api) {
        cut(document(api, api.document("", Finish::Length)).await);
    }

    async fn no_text_at_the_greatest_length_streamed(api: Api) {
        let mut events = api.opening();
        events.push(api.thought("hm"));
        events.extend(api.ending(Finish::Length));
        cut(stream(api, events).await);
    }

    async fn empty_text(api: Api) {
        empty(document(api, api.document("", Finish::Stop)).await);
    }

    async fn empty_text_streamed(api: Api) {
        empty(stream(api, api.stream(&["", ""])).await);
    }

    async fn only_white_space(api: Api) {
        empty(stream(api, api.stream(&[" ", "\n\n"])).await);
    }

    async fn empty_body(api: Api) {
        unended(stream(api, Vec::new()).await);
    }
}

mod row_17_prompt_blocked {
    use super::*;

    cases!(all: document_without_text, stream_without_text);
    cases!(openai: refusal_in_words, refusal_in_words_streamed);

    fn blocked((answer, attempts): (Answer, usize)) {
        answer.expect_failure(Code::Blocked);
        assert_eq!((answer.finish(), attempts), ("blocked", 1));
        assert_eq!(answer.error()["retryable"], false);
    }

    fn feedback() -> Value {
        json!({
            "promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "safetyRatings": []},
            "usageMetadata": {"promptTokenCount": 7},
        })
    }

    async fn document_without_text(api: Api) {
        let body = match api {
            Api::Gemini => feedback(),
            Api::OpenAi => {
                let mut body = api.document("", Finish::Blocked);
                body["choices"][0]["message"]["content"] = Value::Null;
                body
            }
            Api::Anthropic => {
                let mut body = api.document("", Finish::Blocked);
                body["content"] = json!([]);
                body["stop_details"] = json!({"category": OWN_WORDS});
                body
            }
        };
        blocked(document(api, body).await);
    }

    async fn stream_without_text(api: Api) {
        let mut events = api.opening();
        match api {
            Api::Gemini => events.push(Event::data(&feedback())),
            Api::OpenAi | Api::Anthropic => events.extend(api.ending(Finish::Blocked)),
        }
        blocked(stream(api, events).await);
    }

    async fn refusal_in_words(api: Api) {
        let mut body = api.document("", Finish::Stop);
        body["choices"][0]["message"]["content"] = Value::Null;
        body["choices"][0]["message"]["refusal"] = json!(OWN_WORDS);
        blocked(document(api, body).await);
    }

    async fn refusal_in_words_streamed(api: Api) {
        let mut events = api.opening();
        events.push(Event::data(&json!({"choices": [{
            "index": 0, "delta": {"refusal": OWN_WORDS}, "finish_reason": null,
        }]})));
        events.extend(api.ending(Finish::Stop));
        blocked(stream(api, events).await);
    }
}

mod row_18_output_blocked_midway {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    cases!(all: after_two_deltas, before_the_deltas_were_sent);

    /// What the socket has seen stays, marked as blocked.
    async fn after_two_deltas(api: Api) {
        let gate = Arc::new(Semaphore::new(0));
        let script = api
            .begins(&["one ", "two"])
            .gate(&gate)
            .all(api.ending(Finish::Blocked));
        let house = House::playing(api, [script]).await;
        let mut client = house.client().await;
        let id = client.begin("what now?").await;
        client.until(&id, |answer| answer.said() == "one two").await;
        gate.add_permits(1);
        let answer = client.answer(&id).await;
        answer.expect_partial(Code::Blocked, "one two");
        assert_eq!(answer.finish(), "blocked");
        house.expect_attempts(1);
        gate.add_permits(1);
        house.expect_forgotten(&mut client).await;
    }

    /// What it has not seen is withheld.
    async fn before_the_deltas_were_sent(api: Api) {
        let mut body = api.opening();
        body.extend([api.delta("one "), api.delta("two")]);
        body.extend(api.ending(Finish::Blocked));
        let house = House::tuned(api, [Script::events().all(body)], |settings| {
            settings.assistant.rules.answer.chunk_wait = Duration::from_secs(60);
        })
        .await;
        let mut client = house.client().await;
        let answer = client.ask("what now?").await;
        answer.expect_failure(Code::Blocked);
        assert_eq!(answer.finish(), "blocked");
        house.expect_attempts(1);
        house.expect_forgotten(&mut client).await;
    }
}
