//! From settings to the assistant's rules.
//!
//! Like its neighbours it fills no structure up with `..`.

use std::time::Duration;

use trunkline::ai::contract::Form;
use trunkline::ai::{self, Rate, Text, answer, contract, conversations, history, offline};
use trunkline::assistant::{self, Assistant, Offline};

use super::values::Values;
use super::wrong::Wrong;
use super::{Config, Provider};

/// Names that Socket.IO keeps for itself.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

impl Config {
    /// The assistant with its provider; nobody is asked yet.
    pub(crate) fn assistant(&self) -> Assistant {
        let rules = self.rules.clone();
        match &self.provider {
            Provider::Offline(config) => Assistant::new(rules, Offline::new(*config)),
            Provider::Remote(remote, _) => Assistant::new(rules, remote.clone()),
        }
    }
}

/// The rules, with these of the offline provider among them.
pub(super) fn compose(
    values: &Values,
    offline: offline::Config,
) -> Result<assistant::Config, Wrong> {
    let rules = ai::Config {
        contract: contract(values)?,
        rate: Rate {
            burst: values.count("assistant.rate_burst"),
            interval: values.duration("assistant.rate_interval"),
        },
        conversations: conversations(values),
        answer: answer::Limits {
            max_bytes: values.size("assistant.max_answer"),
            chunk_bytes: values.size("assistant.chunk_bytes"),
            chunk_wait: values.duration("assistant.chunk_wait"),
        },
        offline,
    };
    Ok(assistant::Config {
        rules,
        system: values.optional_text("ai.system_prompt").map(Text::from),
        max_output_tokens: values.optional_count("ai.max_output_tokens"),
        address_rate: address_rate(values),
        max_running: values.size("assistant.max_running"),
        max_wait: values.duration("assistant.max_wait"),
        max_open: max_open(values)?,
        max_stall: values.duration("assistant.max_stall"),
        max_duration: max_duration(values),
    })
}

fn contract(values: &Values) -> Result<contract::Config, Wrong> {
    let reply_event = values.text("assistant.reply_event");
    if reply_event.is_empty() || RESERVED.contains(&reply_event) {
        return Err(values.wrong("assistant.reply_event", reply_event));
    }
    Ok(contract::Config {
        form: match values.text("assistant.form") {
            "string" => Form::String,
            "object" => Form::Object,
            _ => Form::Mirror,
        },
        reply_event: reply_event.into(),
        max_input_bytes: values.size("assistant.max_input"),
    })
}

fn conversations(values: &Values) -> conversations::Limits {
    conversations::Limits {
        max_waiting: values.size("assistant.max_waiting"),
        max_chats: values.size("assistant.max_chats"),
        history: history::Limits {
            max_turns: values.size("assistant.history_turns"),
            max_bytes: values.size("assistant.history_bytes"),
        },
    }
}

fn address_rate(values: &Values) -> Option<Rate> {
    let interval = values.optional_duration("assistant.address_rate_interval")?;
    Some(Rate {
        burst: values.count("assistant.address_rate_burst"),
        interval,
    })
}

fn max_open(values: &Values) -> Result<usize, Wrong> {
    let max_open = values.size("assistant.max_open");
    let max_in_flight = values.size("dispatch.max_in_flight");
    if max_open < max_in_flight {
        return Ok(max_open);
    }
    Err(Wrong::refused(format!(
        "assistant.max_open ({max_open}) must be less than dispatch.max_in_flight \
         ({max_in_flight}), or a client with that many open questions could not cancel one"
    )))
}

/// A little longer than the provider allows itself, which knows better what it was waiting for.
fn max_duration(values: &Values) -> Duration {
    let provider = Duration::from_millis(values.number("ai.timeout_ms"));
    values
        .optional_duration("assistant.max_duration")
        .unwrap_or(provider + Duration::from_secs(1))
}
