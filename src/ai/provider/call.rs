//! What is put to a provider, whichever API it speaks, and the conversation as all of them accept it.

use std::borrow::Cow;
use std::fmt;

use super::{Prompt, Role};

/// What to ask for, beside the prompt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The model's name, as the provider calls it.
    pub model: String,
    /// Whether the answer should come in pieces, as an event stream.
    pub stream: bool,
    /// How the longest answer is called (OpenAI's API only).
    pub tokens_field: TokensField,
    /// How hard the model should think (Gemini's API only): `low`, `medium`, `high`, in whatever
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
