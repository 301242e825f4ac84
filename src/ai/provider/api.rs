//! The HTTP APIs of the providers: where a question goes, and in which words.
//!
//! An HTTP answer of status 200 is read by a [`Reader`](super::Reader); what any other status
//! means is said here.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::{Prompt, Role, anthropic, complaint, gemini, openai};
use crate::ai::fault::Fault;

/// Which provider's HTTP API is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Api {
    /// Google's Gemini, `generateContent`.
    Gemini,
    /// OpenAI's chat completions, which many servers speak: Ollama, vLLM, llama.cpp and others.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
}

/// What to ask for, beside the prompt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The model's name, as the provider calls it.
    pub model: String,
    /// Whether the answer should come in pieces, as an event stream.
    pub stream: bool,
    /// How the longest answer is called ([`Api::OpenAi`] only).
    pub tokens_field: TokensField,
    /// How hard the model should think ([`Api::Gemini`] only): `low`, `medium`, `high`, in whatever
    /// case. Without it the model decides.
    pub thinking_level: Option<String>,
}

/// The name of the field with the longest answer, on which OpenAI and its imitators disagree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TokensField {
    /// `max_tokens`, which nearly every server knows.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's own reasoning models demand.
    MaxCompletionTokens,
}

/// A POST to be made.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// Path and query, to be put behind the base URL. Begins with `/`.
    pub path: String,
    /// The body: JSON. It holds what was said, so `Debug` does not print it.
    pub body: Vec<u8>,
}

/// An HTTP answer whose status is not 200.
#[derive(Clone, Copy)]
pub struct Refusal<'a> {
    /// The status.
    pub status: u16,
    /// The header `retry-after`: seconds or an HTTP date.
    pub retry_after: Option<&'a str>,
    /// The header `retry-after-ms`: milliseconds.
    pub retry_after_ms: Option<&'a str>,
    /// The header `x-should-retry`: `true` or `false`.
    pub should_retry: Option<&'a str>,
    /// The time, in seconds since 1970 began, in UTC; HTTP dates are compared with it.
    pub unix_now: u64,
    /// The body, or its beginning.
    pub body: &'a [u8],
}

impl Api {
    /// Every API there is.
    pub const ALL: [Api; 3] = [Api::Gemini, Api::OpenAi, Api::Anthropic];

    /// The API's name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Api::Gemini => "gemini",
            Api::OpenAi => "openai",
            Api::Anthropic => "anthropic",
        }
    }

    /// The base URL of the provider that the API is named after.
    pub fn default_base(self) -> &'static str {
        match self {
            Api::Gemini => "https://generativelanguage.googleapis.com",
            Api::OpenAi => "https://api.openai.com/v1",
            Api::Anthropic => "https://api.anthropic.com",
        }
    }

    /// The model that is asked if none is named. Only Gemini has one that suits everybody.
    pub fn default_model(self) -> Option<&'static str> {
        match self {
            Api::Gemini => Some("gemini-3.8-flash"),
            Api::OpenAi | Api::Anthropic => None,
        }
    }

    /// The header that carries the key, and what stands before the key in its value.
    pub fn key_header(self) -> (&'static str, &'static str) {
        match self {
            Api::Gemini => ("x-goog-api-key", ""),
            Api::OpenAi => ("authorization", "Bearer "),
            Api::Anthropic => ("x-api-key", ""),
        }
    }

    /// The headers that the API demands beside the key and `content-type: application/json`.
    pub fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Api::Gemini | Api::OpenAi => &[],
            Api::Anthropic => anthropic::HEADERS,
        }
    }

    /// The request that puts `prompt` to the provider.
    ///
    /// Turns without a word are left out and neighbours of one role are joined, since providers
    /// refuse both; what remains begins and ends with a user's turn.
    pub fn request(self, prompt: &Prompt, options: &Options) -> Call {
        match self {
            Api::Gemini => gemini::request(prompt, options),
            Api::OpenAi => openai::request(prompt, options),
            Api::Anthropic => anthropic::request(prompt, options),
        }
    }

    /// What an HTTP status other than 200 means.
    pub fn refusal(self, refusal: &Refusal<'_>) -> Fault {
        complaint::refused(refusal)
    }
}

impl FromStr for Api {
    type Err = UnknownApi;

    fn from_str(text: &str) -> Result<Api, UnknownApi> {
        let same = |api: &Api| api.as_str() == text;
        Api::ALL.into_iter().find(same).ok_or(UnknownApi)
    }
}

/// The text is not the name of an [`Api`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an API: expected `gemini`, `openai` or `anthropic`")]
pub struct UnknownApi;

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({}, {} bytes)", self.path, self.body.len())
    }
}

impl Call {
    /// A call with `body` as JSON.
    pub(super) fn new(path: impl Into<String>, body: &impl serde::Serialize) -> Call {
        Call {
            path: path.into(),
            body: serde_json::to_vec(body).expect("strings, numbers and lists are JSON"),
        }
    }
}

/// The turns as every provider accepts them: none is blank, the roles alternate, and the user has
/// the first and the last word.
pub(super) fn alternating(prompt: &Prompt) -> Vec<(Role, Cow<'_, str>)> {
    let mut turns: Vec<(Role, Cow<'_, str>)> = Vec::with_capacity(prompt.turns.len());
    for turn in &prompt.turns {
        if is_blank(&turn.text) {
            continue;
        }
        match turns.last_mut() {
            Some((role, text)) if *role == turn.role => {
                let text = text.to_mut();
                text.push_str("\n\n");
                text.push_str(&turn.text);
            }
            None if turn.role == Role::Assistant => {}
            _ => turns.push((turn.role, Cow::Borrowed(&turn.text))),
        }
    }
    if turns
        .last()
        .is_some_and(|(role, _)| *role == Role::Assistant)
    {
        turns.pop();
    }
    turns
}

/// The operator's instruction, unless it is blank.
pub(super) fn system(prompt: &Prompt) -> Option<&str> {
    let system = prompt.system.as_ref()?.as_str();
    (!is_blank(system)).then_some(system)
}

fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

#[cfg(test)]
mod tests;
