//! What providers say, in the words of each API.

use bytes::Bytes;
use serde_json::{Value, json};
use trunkline::ai::Api;

use super::script::Script;

/// What no socket user may ever read: it is in every text of a provider that is no answer.
pub(crate) const OWN_WORDS: &str = "words of the provider";

/// One event of a stream.
#[derive(Clone)]
pub(crate) struct Event {
    name: Option<String>,
    data: String,
}

impl Event {
    /// Without a name.
    pub(crate) fn data(data: &Value) -> Event {
        Event {
            name: None,
            data: data.to_string(),
        }
    }

    /// Named by its type.
    pub(crate) fn named(data: Value) -> Event {
        Event {
            name: data["type"].as_str().map(str::to_owned),
            data: data.to_string(),
        }
    }

    /// With lines that end in `end`.
    pub(crate) fn spelt(&self, end: &str) -> String {
        let name = self.name.as_ref();
        let name = name.map_or(String::new(), |name| format!("event: {name}{end}"));
        format!("{name}data: {}{end}{end}", self.data)
    }

    /// With its data spread over several lines.
    pub(crate) fn spread(&self, end: &str) -> String {
        let spelt = self.spelt(end);
        match serde_json::from_str::<Value>(&self.data) {
            Ok(data) => {
                let lines = serde_json::to_string_pretty(&data).unwrap();
                spelt.replace(&self.data, &lines.replace('\n', &format!("{end}data: ")))
            }
            Err(_) => spelt,
        }
    }
}

impl From<Event> for Bytes {
    fn from(event: Event) -> Bytes {
        event.spelt("\n").into()
    }
}

/// How an answer ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Finish {
    Stop,
    Length,
    Blocked,
}

/// An API as its provider speaks it.
pub(crate) trait Speech: Copy {
    /// The whole answer as one document.
    fn document(self, text: &str, finish: Finish) -> Value;
    /// What a stream begins with.
    fn opening(self) -> Vec<Event>;
    /// A piece of the answer.
    fn delta(self, text: &str) -> Event;
    /// A piece of what the model thinks.
    fn thought(self, text: &str) -> Event;
    /// The reason of the end alone.
    fn finish(self, finish: Finish) -> Event;
    /// What comes after the reason.
    fn closing(self) -> Vec<Event>;
    /// A description of an error: the body of a refusal, and what comes in the midst of a stream.
    fn trouble(self, status: u16) -> Value;

    /// What an overloaded provider says in the midst of a stream, or while it begins to work.
    fn overload(self) -> Value;

    /// Everything from the reason of the end on.
    fn ending(self, finish: Finish) -> Vec<Event> {
        let mut events = vec![self.finish(finish)];
        events.extend(self.closing());
        events
    }

    /// A whole stream.
    fn stream(self, deltas: &[&str]) -> Vec<Event> {
        let mut events = self.opening();
        events.extend(deltas.iter().map(|delta| self.delta(delta)));
        events.extend(self.ending(Finish::Stop));
        events
    }

    /// A normal answer.
    fn answers(self, text: &str) -> Script {
        Script::events().all(self.stream(&[text]))
    }

    /// The beginning of a stream, with deltas but no end.
    fn begins(self, deltas: &[&str]) -> Script {
        let deltas = deltas.iter().map(|delta| self.delta(delta));
        Script::events().all(self.opening()).all(deltas)
    }

    /// A refusal in the provider's own form.
    fn refuses(self, status: u16) -> Script {
        Script::json(status, self.trouble(status))
    }
}

impl Speech for Api {
    fn document(self, text: &str, finish: Finish) -> Value {
        let reason = reason(self, finish);
        match self {
            Api::Gemini => json!({
                "candidates": [{
                    "content": {"role": "model", "parts": [{"text": text, "thoughtSignature": "c2ln"}]},
                    "finishReason": reason, "index": 0, "safetyRatings": [],
                }],
                "usageMetadata": {
                    "promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 12,
                },
                "modelVersion": "fake-1.2", "responseId": "r-1",
            }),
            Api::OpenAi => json!({
                "id": "c-1", "object": "chat.completion", "model": "fake-1.2",
                "choices": [{
                    "index": 0, "finish_reason": reason,
                    "message": {"role": "assistant", "content": text, "refusal": null},
                }],
                "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
            }),
            Api::Anthropic => json!({
                "id": "m-1", "type": "message", "role": "assistant", "model": "fake-1.2",
                "content": [{"type": "text", "text": text}],
                "stop_reason": reason, "usage": {"input_tokens": 7, "output_tokens": 5},
            }),
        }
    }

    fn opening(self) -> Vec<Event> {
        match self {
            Api::Gemini => Vec::new(),
            Api::OpenAi => vec![Event::data(&json!({
                "object": "chat.completion.chunk",
                "choices": [{
                    "index": 0, "finish_reason": null, "delta": {"role": "assistant", "content": ""},
                }],
            }))],
            Api::Anthropic => vec![
                Event::named(json!({"type": "message_start", "message": {
                    "id": "m-1", "content": [], "usage": {"input_tokens": 7, "output_tokens": 1},
                }})),
                Event::named(
                    json!({"type": "content_block_start", "index": 0, "content_block": {
                        "type": "text", "text": "",
                    }}),
                ),
                Event::named(json!({"type": "ping"})),
            ],
        }
    }

    fn delta(self, text: &str) -> Event {
        match self {
            Api::Gemini => Event::data(&json!({
                "candidates": [{
                    "content": {"role": "model", "parts": [{"text": text}]}, "index": 0,
                }],
                "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3},
            })),
            Api::OpenAi => Event::data(&json!({
                "object": "chat.completion.chunk", "usage": null,
                "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}],
            })),
            Api::Anthropic => Event::named(json!({
                "type": "content_block_delta", "index": 0,
                "delta": {"type": "text_delta", "text": text},
            })),
        }
    }

    fn thought(self, text: &str) -> Event {
        match self {
            Api::Gemini => Event::data(&json!({"candidates": [{
                "content": {"role": "model", "parts": [{"text": text, "thought": true}]},
            }]})),
            Api::OpenAi => Event::data(&json!({"choices": [{
                "index": 0, "delta": {"reasoning_content": text}, "finish_reason": null,
            }]})),
            Api::Anthropic => Event::named(json!({
                "type": "content_block_delta", "index": 0,
                "delta": {"type": "thinking_delta", "thinking": text},
            })),
        }
    }

    fn finish(self, finish: Finish) -> Event {
        let reason = reason(self, finish);
        match self {
            Api::Gemini => Event::data(&json!({
                "candidates": [{"finishReason": reason, "index": 0}],
                "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 5},
            })),
            Api::OpenAi => Event::data(&json!({
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": {}, "finish_reason": reason}],
            })),
            Api::Anthropic => Event::named(json!({
                "type": "message_delta", "delta": {"stop_reason": reason},
                "usage": {"output_tokens": 5},
            })),
        }
    }

    fn closing(self) -> Vec<Event> {
        match self {
            Api::Gemini => Vec::new(),
            Api::OpenAi => {
                let usage = json!({
                    "object": "chat.completion.chunk", "choices": [],
                    "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
                });
                let done = Event {
                    name: None,
                    data: "[DONE]".to_owned(),
                };
                vec![Event::data(&usage), done]
            }
            Api::Anthropic => vec![Event::named(json!({"type": "message_stop"}))],
        }
    }

    fn trouble(self, status: u16) -> Value {
        let (gemini, anthropic) = match status {
            400 => ("INVALID_ARGUMENT", "invalid_request_error"),
            401 => ("UNAUTHENTICATED", "authentication_error"),
            402 => ("RESOURCE_EXHAUSTED", "billing_error"),
            403 => ("PERMISSION_DENIED", "permission_error"),
            404 => ("NOT_FOUND", "not_found_error"),
            413 => ("INVALID_ARGUMENT", "request_too_large"),
            429 => ("RESOURCE_EXHAUSTED", "rate_limit_error"),
            503 => ("UNAVAILABLE", "overloaded_error"),
            504 => ("DEADLINE_EXCEEDED", "timeout_error"),
            529 => ("UNAVAILABLE", "overloaded_error"),
            _ => ("INTERNAL", "api_error"),
        };
        let openai = match status {
            400 | 404 | 413 => "invalid_request_error",
            401 => "authentication_error",
            429 => "rate_limit_exceeded",
            _ => "server_error",
        };
        match self {
            Api::Gemini => json!({"error": {
                "code": status, "message": OWN_WORDS, "status": gemini,
            }}),
            Api::OpenAi => json!({"error": {
                "message": OWN_WORDS, "type": openai, "param": null, "code": null,
            }}),
            Api::Anthropic => json!({
                "type": "error", "request_id": "req-1",
                "error": {"type": anthropic, "message": OWN_WORDS},
            }),
        }
    }

    fn overload(self) -> Value {
        match self {
            Api::Gemini | Api::Anthropic => self.trouble(503),
            Api::OpenAi => json!({"error": {
                "code": 503, "message": OWN_WORDS, "type": "unavailable_error",
            }}),
        }
    }
}

fn reason(api: Api, finish: Finish) -> &'static str {
    match (api, finish) {
        (Api::Gemini, Finish::Stop) => "STOP",
        (Api::Gemini, Finish::Length) => "MAX_TOKENS",
        (Api::Gemini, Finish::Blocked) => "SAFETY",
        (Api::OpenAi, Finish::Stop) => "stop",
        (Api::OpenAi, Finish::Length) => "length",
        (Api::OpenAi, Finish::Blocked) => "content_filter",
        (Api::Anthropic, Finish::Stop) => "end_turn",
        (Api::Anthropic, Finish::Length) => "max_tokens",
        (Api::Anthropic, Finish::Blocked) => "refusal",
    }
}
