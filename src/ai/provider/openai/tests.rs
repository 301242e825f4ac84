//! Answers of OpenAI and of the servers that speak its API.

use crate::ai::failure::Code;
use crate::ai::fault::Retry;
use crate::ai::provider::reader::Shape;
use crate::ai::provider::reader::tests::{Heard, read, stream};
use crate::ai::provider::{Api, Completion, Unit, Usage};

fn whole(body: &str) -> Heard {
    read(Api::OpenAi, Shape::Whole, body)
}

fn streamed(documents: &[&str]) -> Heard {
    read(Api::OpenAi, Shape::Events, &stream(documents))
}

fn used(input: u64, output: u64) -> Completion {
    let usage = Usage {
        input,
        output,
        unit: Unit::Tokens,
    };
    Completion {
        cut: false,
        usage: Some(usage),
    }
}

const WELL: Completion = Completion {
    cut: false,
    usage: None,
};

#[test]
fn a_whole_answer() {
    let heard = whole(
        r#"{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,
            "message":{"role":"assistant","content":"Hello","refusal":null,"reasoning_content":"Hm"},
            "finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#,
    );
    assert_eq!((&*heard.text, heard.end), ("Hello", Some(Ok(used(5, 2)))));
}

#[test]
fn a_streamed_answer_with_everything_that_is_tolerated() {
    let body = concat!(
        "\u{FEFF}: keep-alive\r\n\r\n",
        "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning\":\"hm\",\"reasoning_content\":\"hm\",\"content\":null},\"finish_reason\":\"\"}]}\n\n",
        "data:{\"choices\":[{\"delta\":\ndata:{\"content\":\"[DONE]\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\" well\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\r\r",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n",
        "data: [DONE]\n\n",
        "data: {\"error\":\"late\"}\n\n",
    );
    let heard = read(Api::OpenAi, Shape::Events, body);
    assert_eq!((&*heard.text, heard.deltas), ("[DONE] well", 2));
    assert_eq!(heard.end, Some(Ok(used(5, 2))));
}

#[test]
fn every_reason_to_end() {
    let cut = Completion { cut: true, ..WELL };
    let table = [
        ("stop", Ok(WELL)),
        ("length", Ok(cut)),
        ("tool_calls", Ok(WELL)),
        ("function_call", Ok(WELL)),
        ("something_new", Ok(WELL)),
        ("content_filter", Err((Code::Blocked, Retry::Never))),
        ("error", Err((Code::BadResponse, Retry::Backoff))),
    ];
    for (reason, expected) in table {
        let last = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        let heard = streamed(&[r#"{"choices":[{"delta":{"content":"Hey"}}]}"#, &last]);
        assert_eq!(heard.text, "Hey");
        match expected {
            Ok(completion) => assert_eq!(heard.end, Some(Ok(completion)), "{reason}"),
            Err(fault) => assert_eq!(heard.fault(), Some(fault), "{reason}"),
        }
    }
}

#[test]
fn a_refusal_is_blocked() {
    let blocked = Some((Code::Blocked, Retry::Never));
    let body = r#"{"choices":[{"message":{"content":null,"refusal":"I'm sorry"},"finish_reason":"stop"}]}"#;
    let heard = whole(body);
    assert_eq!((&*heard.text, heard.fault()), ("", blocked));
    // The model's words are not for the log.
    assert_eq!(heard.end.unwrap().unwrap_err().detail, "refusal");
    let heard = streamed(&[
        r#"{"choices":[{"delta":{"content":"Well","refusal":""}}]}"#,
        r#"{"choices":[{"delta":{"refusal":"I'm"}}]}"#,
        r#"{"choices":[{"delta":{"refusal":" sorry"},"finish_reason":"stop"}]}"#,
    ]);
    assert_eq!((&*heard.text, heard.fault()), ("Well", blocked));
}

#[test]
fn a_stream_answered_with_a_whole_document() {
    let body = "{\n  \"choices\": [{\"message\": {\"content\": \"Hello\"},\n  \"finish_reason\": \"stop\"}]\n}\n";
    let heard = read(Api::OpenAi, Shape::Events, body);
    assert_eq!((&*heard.text, heard.end), ("Hello", Some(Ok(WELL))));
}

#[test]
fn content_in_parts_and_odd_forms() {
    let table = [
        (
            r#"[{"type":"thinking","text":"hm"},{"type":"text","text":"a"},5,{"type":"text","text":"b"}]"#,
            "ab",
        ),
        (r#""\ud83e\udd80""#, "🦀"),
        (r#""a\ud83e b""#, "a\u{FFFD}\u{FFFD}\u{FFFD} b"),
        ("[1,2]", ""),
        ("5", ""),
        (r#"{"text":"a"}"#, ""),
        ("null", ""),
    ];
    for (content, expected) in table {
        let heard = whole(&format!(
            r#"{{"choices":[{{"message":{{"content":{content}}}}}]}}"#
        ));
        assert_eq!(
            (&*heard.text, heard.end),
            (expected, Some(Ok(WELL))),
            "{content}"
        );
    }
}
