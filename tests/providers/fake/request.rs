//! Reads what the code under test asks, and holds it against what every request must be.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};
use trunkline::ai::Api;

use crate::journal::MARK;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `POST /path?query HTTP/1.1`
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
    /// The conversation: who speaks, and what is said. The operator's instruction is not in it.
    pub(crate) turns: Vec<(String, String)>,
    pub(crate) system: Option<String>,
}

impl Request {
    /// The next request, or `None` if the peer has nothing more to ask.
    pub(super) async fn read(
        input: &mut (impl AsyncBufRead + Unpin),
        api: Api,
    ) -> io::Result<Option<Request>> {
        let line = read_line(input).await?;
        if line.is_empty() {
            return Ok(None);
        }
        let mut headers = Vec::new();
        loop {
            let line = read_line(input).await?;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().expect("a length"));
        let mut body = vec![0; length];
        input.read_exact(&mut body).await?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (turns, system) = conversation(api, &body);
        Ok(Some(Request {
            line,
            headers,
            body,
            turns,
            system,
        }))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The last turn.
    pub(crate) fn question(&self) -> &str {
        self.turns.last().map_or("", |(_, text)| text)
    }

    /// What is said, without who says it.
    pub(crate) fn said(&self) -> Vec<&str> {
        self.turns.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// What no request may be, whatever is tested.
    pub(super) fn faults(&self, api: Api, model: &str, key: Option<&str>) -> Vec<String> {
        let mut faults = Vec::new();
        let mut law = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{what}: {self:?}"));
            }
        };
        let expected = match api {
            Api::Gemini => vec![
                format!("POST /v1beta/models/{model}:streamGenerateContent?alt=sse HTTP/1.1"),
                format!("POST /v1beta/models/{model}:generateContent HTTP/1.1"),
            ],
            Api::OpenAi => vec!["POST /v1/chat/completions HTTP/1.1".to_owned()],
            Api::Anthropic => vec!["POST /v1/messages HTTP/1.1".to_owned()],
        };
        law(expected.contains(&self.line), "an unknown address");
        let (name, prefix) = match api {
            Api::Gemini => ("x-goog-api-key", ""),
            Api::OpenAi => ("authorization", "Bearer "),
            Api::Anthropic => ("x-api-key", ""),
        };
        let with_key = |(_, value): &&(String, String)| value.contains(MARK);
        let found: Vec<_> = self.headers.iter().filter(with_key).collect();
        let found = found
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()));
        let due = key.map(|key| (name, format!("{prefix}{key}")));
        law(found.eq(due), "not exactly one credential, in its header");
        law(!self.line.contains(MARK), "the key is in the URL");
        law(
            !self.body.to_string().contains(MARK),
            "the key is in the body",
        );
        let json = self.header("content-type") == Some("application/json");
        law(json && self.body.is_object(), "the body is not JSON");
        let version = self.header("anthropic-version").is_some();
        law(
            version == (api == Api::Anthropic),
            "a version where it belongs",
        );
        let alternates = self.turns.iter().enumerate().all(|(at, (who, text))| {
            let speaker = match (at % 2, api) {
                (0, _) => "user",
                (_, Api::Gemini) => "model",
                (_, Api::OpenAi | Api::Anthropic) => "assistant",
            };
            who == speaker && !text.is_empty()
        });
        law(
            alternates && self.turns.len() % 2 == 1,
            "the turns must alternate, and begin and end with the user's",
        );
        faults
    }
}

async fn read_line(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

/// The turns of a body, and the operator's instruction.
fn conversation(api: Api, body: &Value) -> (Vec<(String, String)>, Option<String>) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let field = match api {
        Api::Gemini => "contents",
        Api::OpenAi | Api::Anthropic => "messages",
    };
    let none = Vec::new();
    let listed = body[field].as_array().unwrap_or(&none);
    let mut turns: Vec<(String, String)> = listed
        .iter()
        .map(|turn| {
            let said = match api {
                Api::Gemini => &turn["parts"][0]["text"],
                Api::OpenAi | Api::Anthropic => &turn["content"],
            };
            (
                text(&turn["role"]).unwrap_or_default(),
                text(said).unwrap_or_default(),
            )
        })
        .collect();
    let system = match api {
        Api::Gemini => text(&body["systemInstruction"]["parts"][0]["text"]),
        Api::Anthropic => text(&body["system"]),
        Api::OpenAi if turns.first().is_some_and(|(who, _)| who == "system") => {
            Some(turns.remove(0).1)
        }
        Api::OpenAi => None,
    };
    (turns, system)
}
