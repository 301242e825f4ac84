//! Anthropic's Messages.

use serde::{Deserialize, Serialize};

use super::call::{Call, Options, alternating, system};
use super::lenient::{Gather, Gathered, Perhaps, Words};
use super::piece::{Finish, Piece, Tally};
use super::{Prompt, Role};

/// The version that every server of this API knows; the later ones add nothing that is used here.
pub(super) const HEADERS: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];

/// The longest answer unless the prompt limits it: the API demands a limit, and every model accepts
/// this one.
const DEFAULT_MAX_TOKENS: u32 = 4096;

/// The request's body.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'a str>,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

pub(super) fn request(prompt: &Prompt, options: &Options) -> Call {
    let turns = alternating(prompt);
    let messages = turns.iter().map(|(role, text)| Message {
        role: match role {
            Role::User => "user",
            Role::Assistant => "assistant",
        },
        content: text,
    });
    let body = Body {
        model: &options.model,
        max_tokens: prompt.max_output_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
        system: system(prompt),
        messages: messages.collect(),
        stream: options.stream.then_some(true),
    };
    Call::new("/v1/messages", &body)
}

/// A whole message, or any event of a stream: the fields of all of them.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Told {
    #[serde(rename = "type")]
    kind: Perhaps<String>,
    /// Of a whole message.
    content: Perhaps<Gathered<Blocks>>,
    stop_reason: Perhaps<String>,
    /// Of a whole message and of `message_delta`.
    usage: Perhaps<UsageCount>,
    /// Of `message_start`.
    message: Perhaps<Started>,
    /// Of `content_block_start`.
    content_block: Perhaps<Block>,
    /// Of `content_block_delta` and `message_delta`.
    delta: Perhaps<Delta>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Started {
    usage: Perhaps<UsageCount>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Block {
    #[serde(rename = "type")]
    kind: Perhaps<String>,
    text: Perhaps<Words>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Delta {
    #[serde(rename = "type")]
    kind: Perhaps<String>,
    text: Perhaps<Words>,
    stop_reason: Perhaps<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct UsageCount {
    input_tokens: Perhaps<u64>,
    cache_creation_input_tokens: Perhaps<u64>,
    cache_read_input_tokens: Perhaps<u64>,
    output_tokens: Perhaps<u64>,
}

impl UsageCount {
    fn tally(self) -> Tally {
        Tally {
            input: Tally::sum([
                self.input_tokens.0,
                self.cache_creation_input_tokens.0,
                self.cache_read_input_tokens.0,
            ]),
            output: self.output_tokens.0,
        }
    }
}

/// The texts of the blocks that are text.
#[derive(Default)]
struct Blocks(String);

impl Gather for Blocks {
    type Item = Perhaps<Block>;

    fn add(&mut self, block: Perhaps<Block>) {
        self.0.push_str(&block.or_default().words());
    }
}

impl Block {
    fn words(self) -> String {
        match self.kind.0.as_deref() {
            Some("text") => self.text.or_default().0,
            _ => String::new(),
        }
    }
}

/// Reads a whole message or one event. Events and blocks of unknown types say nothing.
pub(super) fn read(json: &str) -> serde_json::Result<Piece> {
    let told: Told = serde_json::from_str(json)?;
    let mut piece = Piece::default();
    match told.kind.0.as_deref() {
        Some("message") => {
            piece.text = told.content.or_default().0.0;
            piece.reason = told.stop_reason.or_default();
            piece.tally = told.usage.or_default().tally();
        }
        Some("message_start") => {
            piece.tally = told.message.or_default().usage.or_default().tally();
        }
        Some("content_block_start") => {
            piece.text = told.content_block.or_default().words();
        }
        Some("content_block_delta") => {
            let delta = told.delta.or_default();
            if delta.kind.0.as_deref() == Some("text_delta") {
                piece.text = delta.text.or_default().0;
            }
        }
        Some("message_delta") => {
            piece.reason = told.delta.or_default().stop_reason.or_default();
            piece.tally = told.usage.or_default().tally();
        }
        Some("message_stop") => piece.is_last = true,
        _ => {}
    }
    piece.finish = finish(&piece.reason);
    Ok(piece)
}

fn finish(reason: &str) -> Option<Finish> {
    Some(match reason {
        "" => return None,
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" => Finish::Cut,
        "refusal" => Finish::Blocked,
        // `end_turn`, `stop_sequence`; `tool_use`, for which we did not ask; what is yet to come.
        _ => Finish::Stop,
    })
}

#[cfg(test)]
mod tests;
