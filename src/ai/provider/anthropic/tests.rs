//! Answers of Anthropic.

use std::fmt::Write;

use crate::ai::failure::Code;
use crate::ai::fault::Retry;
use crate::ai::provider::reader::Shape;
use crate::ai::provider::reader::tests::{Heard, read};
use crate::ai::provider::{Api, Completion, Unit, Usage};

/// A stream of events that are named as their type.
fn stream(documents: &[&str]) -> String {
    let mut stream = String::new();
    for json in documents {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        let name = value["type"].as_str().unwrap();
        write!(stream, "event: {name}\ndata: {json}\n\n").unwrap();
    }
    stream
}

fn streamed(documents: &[&str]) -> Heard {
    read(Api::Anthropic, Shape::Events, &stream(documents))
}

fn completion(cut: bool, input: u64, output: u64) -> Completion {
    let usage = Usage {
        input,
        output,
        unit: Unit::Tokens,
    };
    Completion {
        cut,
        usage: Some(usage),
    }
}

#[test]
fn a_whole_answer() {
    let body = r#"{"type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm","text":"hm"},
        {"type":"text","text":"Hel"},{"type":"tool_use","input":{}},{"type":"text","text":"lo"}],
        "stop_reason":"max_tokens","usage":{"input_tokens":5,"cache_read_input_tokens":100,"output_tokens":2}}"#;
    let heard = read(Api::Anthropic, Shape::Whole, body);
    assert_eq!(heard.text, "Hello");
    assert_eq!(heard.end, Some(Ok(completion(true, 105, 2))));
}

#[test]
fn a_streamed_answer() {
    let heard = streamed(&[
        r#"{"type":"message_start","message":{"type":"message","content":[],"stop_reason":null,"usage":{"input_tokens":25,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm","text":"hm"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hel"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{}}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}}"#,
        r#"{"type":"something_new","text":"new"}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"lo"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}"#,
        r#"{"type":"message_stop"}"#,
        r#"{"type":"error","error":{"type":"overloaded_error"}}"#,
    ]);
    assert_eq!((&*heard.text, heard.deltas), ("Hello", 2));
    assert_eq!(heard.end, Some(Ok(completion(false, 25, 15))));
}

#[test]
fn every_reason_to_end() {
    let table = [
        ("end_turn", Some(false)),
        ("stop_sequence", Some(false)),
        ("tool_use", Some(false)),
        ("something_new", Some(false)),
        ("max_tokens", Some(true)),
        ("model_context_window_exceeded", Some(true)),
        ("pause_turn", Some(true)),
        ("refusal", None),
    ];
    for (reason, cut) in table {
        let delta = format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}","stop_details":{{"category":"x"}}}},"usage":{{"output_tokens":3}}}}"#
        );
        let heard = streamed(&[&delta, r#"{"type":"message_stop"}"#]);
        match cut {
            Some(cut) => assert_eq!(heard.end, Some(Ok(completion(cut, 0, 3))), "{reason}"),
            None => assert_eq!(heard.fault(), Some((Code::Blocked, Retry::Never))),
        }
    }
}

#[test]
fn an_error_in_the_stream() {
    let heard = streamed(&[
        r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"He"}}"#,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"x"}"#,
    ]);
    assert_eq!(heard.fault(), Some((Code::Overloaded, Retry::Backoff)));
    assert_eq!(heard.text, "He");
    let fault = heard.end.unwrap().unwrap_err();
    assert_eq!(fault.detail, "overloaded_error Overloaded");
}
