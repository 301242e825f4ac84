//! The seam to whoever answers: what a provider is asked, and what it may say.
//!
//! A provider's pure half turns a [`Prompt`] into a request and what comes back into [`Event`]s or
//! a [`Failure`]; carrying bytes there and back is the shell's work. [`offline`] needs no carrying;
//! for the providers behind HTTP, [`api`] is the way there and [`reader`] the way back.

mod anthropic;
pub mod api;
mod call;
mod complaint;
mod gemini;
mod lenient;
pub mod offline;
mod openai;
mod piece;
pub mod reader;

use serde::Serialize;

#[cfg(doc)]
use super::failure::Failure;
use super::text::Text;
pub use api::Api;
pub use reader::Reader;

/// Who speaks in a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The one who asks.
    User,
    /// The one who answers.
    Assistant,
}

/// One turn of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: Text,
}

/// What a provider is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prompt {
    /// The conversation: begins and ends with a user's turn, and alternates.
    pub turns: Vec<Turn>,
    /// The operator's instruction to the model, if there is one.
    pub system: Option<Text>,
    /// The longest answer wanted, in the provider's tokens, if it is limited.
    pub max_output_tokens: Option<u32>,
}

impl Prompt {
    /// A prompt of turns alone.
    pub fn new(turns: Vec<Turn>) -> Prompt {
        Prompt {
            turns,
            system: None,
            max_output_tokens: None,
        }
    }

    /// The question itself: the last turn.
    pub fn question(&self) -> &str {
        self.turns.last().map_or("", |turn| turn.text.as_str())
    }

    /// What the user said before, latest first.
    pub fn said_before(&self) -> impl Iterator<Item = &str> {
        let earlier = self.turns.iter().rev().skip(1);
        earlier
            .filter(|turn| turn.role == Role::User)
            .map(|turn| turn.text.as_str())
    }
}

/// What a provider says while it answers: any number of deltas, then `Done`, and nothing after.
///
/// Its only other end is a [`Failure`]; a refusal on grounds of content is one too (`blocked`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The next piece of the answer.
    Delta(Text),
    /// The answer is over.
    Done(Completion),
}

/// How an answer ended that did not fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Completion {
    /// Whether the answer was cut because it reached its greatest length.
    pub cut: bool,
    /// What it cost, where the provider says.
    pub usage: Option<Usage>,
}

/// What a question and its answer cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Usage {
    /// The prompt's size.
    pub input: u64,
    /// The answer's size.
    pub output: u64,
    /// What is counted.
    pub unit: Unit,
}

/// What a [`Usage`] counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// The provider's tokens.
    Tokens,
    /// Unicode characters.
    Characters,
}
