//! Orders that tests give to the offline provider, where the operator allows them.

use std::time::Duration;

use super::{Config, Said};
use crate::ai::failure::Code;
use crate::ai::provider::Prompt;

/// The longest pause before a word.
const MAX_PAUSE: u64 = 600_000;
/// The longest answer that can be ordered.
const MAX_LONG: usize = 1024 * 1024;

/// The answer to an order, if the question is one and orders are obeyed.
pub(super) fn obey(prompt: &Prompt, config: &Config) -> Option<Said> {
    let order = prompt.question().trim();
    if !config.test_hooks || !order.starts_with('/') {
        return None;
    }
    let (name, argument) = order.split_once(' ')?;
    let argument = argument.trim();
    let said = match name {
        "/fail" => {
            let code: Code = argument.parse().ok()?;
            Said {
                failure: Some(code.into()),
                ..Said::default()
            }
        }
        "/slow" => {
            let pause = Duration::from_millis(argument.parse::<u64>().ok()?.min(MAX_PAUSE));
            Said {
                pause,
                ..Said::from("This answer takes its time.")
            }
        }
        "/long" => Said::from(long(argument.parse::<usize>().ok()?.min(MAX_LONG))),
        _ => return None,
    };
    Some(Said {
        pause: said.pause.max(config.pause),
        ..said
    })
}

/// A text of `length` characters whose words are numbered, so that a gap would show.
fn long(length: usize) -> String {
    let mut text = String::with_capacity(length + 16);
    let mut number = 0;
    while text.len() < length {
        text.push_str(&format!("word{number} "));
        number += 1;
    }
    text.truncate(length);
    text
}
