//! The provider that is always there: a handful of rules, no network, no files, no knowledge.
//!
//! The same prompt, [`Scene`] and [`Config`] give the same answer. It takes time linear in the
//! question's length, and an answer is at most 1 KiB long (the test hooks aside). It never claims
//! to know anything; where no rule fits, it says that no AI provider is configured.

mod arithmetic;
mod calendar;
mod chance;
mod hooks;
mod rules;

use std::fmt;
use std::time::Duration;

use super::{Completion, Event, Prompt, Unit, Usage};
use crate::ai::failure::Failure;
use crate::ai::text::{Text, beginning};

/// The model's name in replies.
pub const MODEL: &str = "offline";

/// The longest answer in bytes.
const MAX_ANSWER: usize = 1024;

/// What the offline provider can be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Config {
    /// How long to wait before each word (not at all), for a demonstration of streaming.
    pub pause: Duration,
    /// Whether `/fail <code>`, `/slow <ms>` and `/long <n>` are obeyed (no). They let a test drive
    /// a whole server into failures, slow answers (so long before each word) and answers of `n`
    /// characters.
    pub test_hooks: bool,
}

/// What an answer may depend on besides the prompt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scene {
    /// The time of day: seconds since 1970 began, in UTC.
    pub unix_seconds: u64,
    /// A random number, for coins and dice.
    pub seed: u64,
}

/// Answers `prompt`.
pub fn answer(prompt: &Prompt, scene: Scene, config: &Config) -> Script {
    let said = hooks::obey(prompt, config).unwrap_or_else(|| Said {
        pause: config.pause,
        ..rules::answer(prompt, scene)
    });
    let input: usize = prompt
        .turns
        .iter()
        .map(|turn| turn.text.chars().count())
        .sum();
    let usage = Usage {
        input: input as u64,
        output: said.text.chars().count() as u64,
        unit: Unit::Characters,
    };
    let done = Completion {
        cut: said.cut,
        usage: Some(usage),
    };
    let end = said.failure.map_or(Ok(Event::Done(done)), Err);
    Script {
        text: said.text,
        at: 0,
        end: Some(end),
        pause: said.pause,
    }
}

/// What a rule decided.
#[derive(Clone, PartialEq, Eq, Default)]
struct Said {
    text: String,
    /// Whether the text is less than what was asked for.
    cut: bool,
    pause: Duration,
    failure: Option<Failure>,
}

impl From<String> for Said {
    fn from(text: String) -> Said {
        Said {
            text,
            ..Said::default()
        }
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Said {
        text.to_owned().into()
    }
}

/// An answer, word by word: the deltas add up to it, and the last item is `Done` or a failure.
#[derive(Clone)]
pub struct Script {
    text: String,
    at: usize,
    end: Option<Result<Event, Failure>>,
    pause: Duration,
}

impl Script {
    /// How long to wait before each item.
    pub fn pause(&self) -> Duration {
        self.pause
    }
}

impl Iterator for Script {
    type Item = Result<Event, Failure>;

    fn next(&mut self) -> Option<Result<Event, Failure>> {
        let Some(word) = self.text[self.at..]
            .split_inclusive(char::is_whitespace)
            .next()
        else {
            return self.end.take();
        };
        self.at += word.len();
        Some(Ok(Event::Delta(Text::from(word))))
    }
}

/// `text` in quotation marks on one line, cut to `max_bytes` bytes of it.
fn quoted(text: &str, max_bytes: usize) -> String {
    let start = beginning(text, max_bytes);
    let words: Vec<&str> = start.split_whitespace().collect();
    let ellipsis = if start.len() < text.len() { "…" } else { "" };
    format!("“{}{ellipsis}”", words.join(" "))
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("pause", &self.pause)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
