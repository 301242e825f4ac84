//! Gemini's `generateContent` and `streamGenerateContent`.

use serde::{Deserialize, Serialize};

use super::call::{Call, Options, alternating, system};
use super::lenient::{First, Gather, Gathered, Perhaps, Words};
use super::piece::{Finish, Piece, Tally};
use super::{Prompt, Role};

/// The request's body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<GenerationConfig>,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: [Part<'a>; 1],
}

#[derive(Serialize)]
struct Part<'a> {
    text: &'a str,
}

/// Nothing but what is configured: current models ignore `temperature` and its kin, or refuse them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    thinking_level: String,
}

pub(super) fn request(prompt: &Prompt, options: &Options) -> Call {
    let turns = alternating(prompt);
    let content = |role, text| Content {
        role,
        parts: [Part { text }],
    };
    let contents = turns.iter().map(|(role, text)| {
        let role = match role {
            Role::User => "user",
            Role::Assistant => "model",
        };
        content(Some(role), text)
    });
    // Names of constants are in capitals.
    let thinking_level = options.thinking_level.as_ref();
    let thinking_level = thinking_level.map(|level| level.to_ascii_uppercase());
    let generation_config = GenerationConfig {
        max_output_tokens: prompt.max_output_tokens,
        thinking_config: thinking_level.map(|thinking_level| ThinkingConfig { thinking_level }),
    };
    let is_configured = generation_config.max_output_tokens.is_some()
        || generation_config.thinking_config.is_some();
    let body = Body {
        contents: contents.collect(),
        system_instruction: system(prompt).map(|text| content(None, text)),
        generation_config: is_configured.then_some(generation_config),
    };
    Call::new(path(options), &body)
}

/// A model may be named with its collection (`models/…`, `tunedModels/…`) or without.
fn path(options: &Options) -> String {
    let model = &options.model;
    let collection = if model.contains('/') { "" } else { "models/" };
    let model: String = model.bytes().map(escaped).collect();
    let method = if options.stream {
        // Without `alt=sse` the answer would be a JSON array.
        "streamGenerateContent?alt=sse"
    } else {
        "generateContent"
    };
    format!("/v1beta/{collection}{model}:{method}")
}

/// A byte as a URL's path may hold it.
fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

/// One `GenerateContentResponse`: a whole answer, or a piece of one.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    candidates: Perhaps<First<Candidate>>,
    prompt_feedback: Perhaps<PromptFeedback>,
    usage_metadata: Perhaps<UsageMetadata>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Candidate {
    content: Perhaps<Answered>,
    finish_reason: Perhaps<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Answered {
    parts: Perhaps<Gathered<Parts>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AnswerPart {
    text: Perhaps<Words>,
    thought: Perhaps<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PromptFeedback {
    block_reason: Perhaps<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct UsageMetadata {
    prompt_token_count: Perhaps<u64>,
    candidates_token_count: Perhaps<u64>,
    thoughts_token_count: Perhaps<u64>,
}

/// The texts of the parts that are no thoughts.
#[derive(Default)]
struct Parts(String);

impl Gather for Parts {
    type Item = Perhaps<AnswerPart>;

    fn add(&mut self, part: Perhaps<AnswerPart>) {
        let part = part.or_default();
        if part.thought.0 != Some(true) {
            self.0.push_str(&part.text.or_default().0);
        }
    }
}

/// Reads one answer, or one piece of one. It says nothing about the end: some models say `STOP` in
/// every piece, and an error may follow one.
pub(super) fn read(json: &str) -> serde_json::Result<Piece> {
    let answer: Answer = serde_json::from_str(json)?;
    let candidate = answer.candidates.or_default().0.unwrap_or_default();
    let block_reason = answer
        .prompt_feedback
        .or_default()
        .block_reason
        .or_default();
    let (finish, reason) = match &*block_reason {
        "" | "BLOCK_REASON_UNSPECIFIED" => {
            let reason = candidate.finish_reason.or_default();
            (finish(&reason), reason)
        }
        _ => (Some(Finish::Blocked), block_reason),
    };
    let usage = answer.usage_metadata.or_default();
    let thoughts = usage.thoughts_token_count.0;
    Ok(Piece {
        text: candidate.content.or_default().parts.or_default().0.0,
        finish,
        reason,
        tally: Tally {
            input: usage.prompt_token_count.0,
            // Thoughts cost as much as words.
            output: Tally::sum([usage.candidates_token_count.0, thoughts]),
        },
        is_last: false,
    })
}

fn finish(reason: &str) -> Option<Finish> {
    Some(match reason {
        "" | "FINISH_REASON_UNSPECIFIED" => return None,
        // `CONTINUATION`: the greatest length of one request, reached with budget left.
        "MAX_TOKENS" | "CONTINUATION" => Finish::Cut,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "ESCALATION"
        | "PUP_LIMITED_DISABLED"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => Finish::Blocked,
        "OTHER"
        | "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE"
        | "IMAGE_OTHER"
        | "NO_IMAGE" => Finish::Faulty,
        _ => Finish::Stop,
    })
}

#[cfg(test)]
mod tests;
