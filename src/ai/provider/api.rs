//! The HTTP APIs of the providers: where a question goes, and in which words.
//!
//! An HTTP answer of status 200 is read by a [`Reader`](super::Reader); what any other status
//! means is said here.

use std::str::FromStr;

use super::{Prompt, anthropic, complaint, gemini, openai};
use crate::ai::fault::Fault;

pub use super::call::{Call, Options, TokensField};
pub use super::complaint::Refusal;

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

#[cfg(test)]
mod tests;
