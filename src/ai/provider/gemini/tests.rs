//! Answers of Gemini.

use crate::ai::failure::Code;
use crate::ai::fault::Retry;
use crate::ai::provider::reader::Shape;
use crate::ai::provider::reader::tests::{Heard, read, stream};
use crate::ai::provider::{Api, Completion, Unit, Usage};

fn whole(body: &str) -> Heard {
    read(Api::Gemini, Shape::Whole, body)
}

fn streamed(documents: &[&str]) -> Heard {
    read(Api::Gemini, Shape::Events, &stream(documents))
}

fn text(text: &str) -> String {
    format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}}"#)
}

fn finish(text: &str, reason: &str) -> String {
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}},"finishReason":"{reason}"}}]}}"#
    )
}

#[test]
fn a_whole_answer() {
    let heard = whole(
        r#"{"candidates":[{"content":{"role":"model","parts":[
            {"text":"Let me think","thought":true},{"thoughtSignature":"c2ln"},
            {"text":"1+1 is ","thought":false,"thoughtSignature":"c2ln"},{"functionCall":{}},{"text":"2."}]},
            "finishReason":"STOP","index":0,"safetyRatings":[]}],
            "usageMetadata":{"promptTokenCount":15,"candidatesTokenCount":6,"thoughtsTokenCount":40,"totalTokenCount":61},
            "modelVersion":"gemini-3.8-flash","responseId":"x"}"#,
    );
    assert_eq!((&*heard.text, heard.deltas), ("1+1 is 2.", 1));
    let usage = Usage {
        input: 15,
        output: 46,
        unit: Unit::Tokens,
    };
    let expected = Completion {
        cut: false,
        usage: Some(usage),
    };
    assert_eq!(heard.end, Some(Ok(expected)));
}

#[test]
fn a_streamed_answer_with_its_last_usage() {
    let heard = streamed(&[
        r#"{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true}]}}],"usageMetadata":{"promptTokenCount":3,"thoughtsTokenCount":9}}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"He\u00e9 \ud83e\udd80"}]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"thoughtsTokenCount":9}}"#,
        &finish("llo", "STOP"),
        r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"candidatesTokenCount":4,"thoughtsTokenCount":9}}"#,
    ]);
    assert_eq!((&*heard.text, heard.deltas), ("Heé 🦀llo", 2));
    let usage = heard.end.unwrap().unwrap().usage.unwrap();
    assert_eq!((usage.input, usage.output), (3, 13));
}

#[test]
fn every_reason_to_end() {
    use Code::{BadResponse, Blocked};
    let well = |cut| Ok(Completion { cut, usage: None });
    let table = [
        ("STOP", Ok(false)),
        ("MAX_TOKENS", Ok(true)),
        ("CONTINUATION", Ok(true)),
        ("SOMETHING_NEW", Ok(false)),
        ("SAFETY", Err((Blocked, Retry::Never))),
        ("RECITATION", Err((Blocked, Retry::Never))),
        ("LANGUAGE", Err((Blocked, Retry::Never))),
        ("BLOCKLIST", Err((Blocked, Retry::Never))),
        ("PROHIBITED_CONTENT", Err((Blocked, Retry::Never))),
        ("SPII", Err((Blocked, Retry::Never))),
        ("ESCALATION", Err((Blocked, Retry::Never))),
        ("PUP_LIMITED_DISABLED", Err((Blocked, Retry::Never))),
        ("IMAGE_SAFETY", Err((Blocked, Retry::Never))),
        ("OTHER", Err((BadResponse, Retry::Backoff))),
        ("MALFORMED_RESPONSE", Err((BadResponse, Retry::Backoff))),
        ("UNEXPECTED_TOOL_CALL", Err((BadResponse, Retry::Backoff))),
    ];
    for (reason, expected) in table {
        let heard = streamed(&[&text("He"), &finish("y", reason)]);
        match expected {
            Ok(cut) => assert_eq!((&*heard.text, heard.end), ("Hey", Some(well(cut)))),
            Err(fault) => {
                assert_eq!(
                    (&*heard.text, heard.fault()),
                    ("He", Some(fault)),
                    "{reason}"
                );
                let fault = heard.end.unwrap().unwrap_err();
                assert_eq!(fault.detail, reason, "it is in the log");
            }
        }
    }
    // Early values that mean nothing, and old models that say `STOP` each time.
    let heard = streamed(&[
        &finish("a", "STOP"),
        &finish("b", "STOP"),
        &finish("c", "MAX_TOKENS"),
    ]);
    assert_eq!((&*heard.text, heard.end), ("abc", Some(well(true))));
    let heard = streamed(&[&finish("a", "FINISH_REASON_UNSPECIFIED"), &finish("b", "")]);
    assert_eq!(heard.fault(), Some((BadResponse, Retry::Backoff)));
}

#[test]
fn a_blocked_prompt() {
    for reason in [
        "SAFETY",
        "OTHER",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SOMETHING_NEW",
    ] {
        let body = format!(
            r#"{{"promptFeedback":{{"blockReason":"{reason}","safetyRatings":[]}},"usageMetadata":{{"promptTokenCount":4}}}}"#
        );
        for heard in [whole(&body), streamed(&[&body])] {
            assert_eq!(heard.fault(), Some((Code::Blocked, Retry::Never)));
            assert_eq!(heard.deltas, 0);
        }
    }
    let body = r#"{"promptFeedback":{"safetyRatings":[]},"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    assert_eq!(whole(body).text, "a");
}

#[test]
fn only_thoughts_are_no_words() {
    let body = r#"{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true}]},"finishReason":"MAX_TOKENS"}]}"#;
    let heard = whole(body);
    let cut = Completion {
        cut: true,
        usage: None,
    };
    assert_eq!((heard.deltas, heard.end), (0, Some(Ok(cut))));
}

#[test]
fn odd_forms_are_taken_for_absent() {
    let table = [
        (r#"{"candidates":null}"#, ""),
        (r#"{"candidates":{"0":1}}"#, ""),
        (
            r#"{"candidates":[null,{"content":{"parts":[{"text":"second"}]}}]}"#,
            "",
        ),
        (r#"{"candidates":[{"content":"x"}]}"#, ""),
        (
            r#"{"candidates":[{"content":{"parts":[5,{"text":5},{"text":"a"},null]}}]}"#,
            "a",
        ),
        (
            r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":7}],"usageMetadata":[]}"#,
            "a",
        ),
        (
            r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":-1}}"#,
            "a",
        ),
        (
            r#"{"candidates":[{"content":{"parts":[{"text":"a\ud83e"},{"text":"\udd80b"}]}}]}"#,
            "a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}b",
        ),
    ];
    for (body, expected) in table {
        let heard = whole(body);
        assert_eq!(heard.text, expected, "{body}");
        let well = Completion {
            cut: false,
            usage: None,
        };
        assert_eq!(heard.end, Some(Ok(well)), "{body}");
    }
}
