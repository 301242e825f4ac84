//! Who answers: the provider, its model and its key, from settings and the environment.
//!
//! A key comes from a variable or from a file of its own, and never from a flag or the
//! configuration file, where others would read it or copy it along.

mod key;

use std::net::IpAddr;
use std::time::Duration;

use trunkline::ai::provider::api::{Api, TokensField};
use trunkline::ai::{offline, retry};
use trunkline::assistant::Remote;
use trunkline::assistant::remote::{self, Key, Limits};

use super::environment::Environment;
use super::table::KEY_VARIABLE;
use super::values::Values;
use super::wrong::Wrong;

use key::{FILE_KEY, variables};

const OFFLINE: &str = "offline";
const OFFLINE_RULES: &str = "offline (answers by simple rules, without a network)";

/// Who answers.
#[derive(Clone, Debug)]
pub(crate) enum Provider {
    /// Rules, without a network.
    Offline(offline::Config),
    /// A service: the client that asks it, and what that was made from.
    Remote(Remote, Box<remote::Config>),
}

impl Provider {
    /// The provider's name, as the settings know it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Provider::Offline(_) => OFFLINE,
            Provider::Remote(_, config) => config.api.as_str(),
        }
    }

    /// The name of the model.
    pub(crate) fn model(&self) -> &str {
        match self {
            Provider::Offline(_) => offline::MODEL,
            Provider::Remote(_, config) => &config.model,
        }
    }
}

/// A provider, and how it came to be this one.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) provider: Provider,
    /// What decided it.
    pub(super) because: String,
    /// Where the key came from, if there is one.
    pub(super) key_source: Option<String>,
    /// What the operator should know.
    pub(super) warnings: Vec<String>,
}

/// Finds out who answers, and finds the key.
pub(super) fn choose(
    values: &Values,
    environment: &Environment,
    offline: offline::Config,
) -> Result<Chosen, Wrong> {
    let (api, because) = who(values, environment)?;
    refuse_secrets(values)?;
    let mut chosen = Chosen {
        provider: Provider::Offline(offline),
        because,
        key_source: None,
        warnings: Vec::new(),
    };
    if api.is_none() {
        chosen.warnings.extend(key::unused(values, environment));
    }
    if let Some(api) = api {
        let key = key::find(api, values, environment, &mut chosen.warnings)?;
        let (key, source) = key.unzip();
        let config = compose(api, key, values, environment)?;
        // Gets ready and says what is wrong; nobody is asked anything.
        let remote = Remote::new(config.clone()).map_err(|error| explain(&error, values))?;
        chosen.provider = Provider::Remote(remote, Box::new(config));
        chosen.key_source = source;
    }
    let of_gemini = matches!(api, Some(Api::Gemini) | None);
    if values.is_given("ai.thinking_level") && !of_gemini {
        let place = values.place("ai.thinking_level");
        let warning = format!("{place}: only gemini takes a thinking level; it is not sent");
        chosen.warnings.push(warning);
    }
    Ok(chosen)
}

/// Refuses a base URL that may hold a secret, also when nobody will use it, as it may be printed.
fn refuse_secrets(values: &Values) -> Result<(), Wrong> {
    let base_url = values.optional_text("ai.base_url").unwrap_or_default();
    if !base_url.contains(['@', '?', '#']) {
        return Ok(());
    }
    Err(Wrong::refused(format!(
        "{}: expected a URL without user name, password, query and fragment; a key is a setting \
         of its own",
        values.place("ai.base_url")
    )))
}

/// Whose API is spoken, none for the offline rules; and what decided it.
fn who(values: &Values, environment: &Environment) -> Result<(Option<Api>, String), Wrong> {
    if let Some(name) = values.optional_text("ai.provider") {
        return Ok((name.parse().ok(), source(values, "ai.provider")));
    }
    if values.is_given("ai.base_url") {
        return Ok((Some(Api::OpenAi), "as a base URL is set".to_owned()));
    }
    let unnamed = |what: String| {
        Err(Wrong::refused(format!(
            "{what} is set, but not whose it is: set AI_PROVIDER to gemini, openai or anthropic"
        )))
    };
    if environment.get(KEY_VARIABLE)?.is_some() {
        return unnamed(KEY_VARIABLE.to_owned());
    }
    if values.is_given(FILE_KEY) {
        return unnamed(values.place(FILE_KEY).to_string());
    }
    let mut found = Vec::new();
    for api in Api::ALL {
        for name in variables(api) {
            if environment.get(name)?.is_some() {
                found.push((api, *name));
            }
        }
    }
    match found.first() {
        None if values.is_given("ai.model") => unnamed(values.place("ai.model").to_string()),
        None => Ok((None, "as no provider is configured".to_owned())),
        Some((api, name)) if found.iter().all(|(other, _)| other == api) => {
            Ok((Some(*api), format!("as {name} is set")))
        }
        Some(_) => {
            let names: Vec<&str> = found.iter().map(|(_, name)| *name).collect();
            Err(Wrong::refused(format!(
                "{} are set: say with AI_PROVIDER who is to answer",
                names.join(" and ")
            )))
        }
    }
}

fn source(values: &Values, key: &str) -> String {
    format!("from {}", values.place(key))
}

/// The service, with every field said: a new one must be a setting, or be left out on purpose.
fn compose(
    api: Api,
    key: Option<Key>,
    values: &Values,
    environment: &Environment,
) -> Result<remote::Config, Wrong> {
    let base_url = values.optional_text("ai.base_url");
    let base_url = base_url.unwrap_or(api.default_base()).to_owned();
    let model = values.optional_text("ai.model").or(api.default_model());
    let Some(model) = model else {
        return Err(Wrong::refused(format!(
            "{} needs the name of a model: set AI_MODEL",
            api.as_str()
        )));
    };
    if key.is_none() && needs_key(api, &base_url) {
        return Err(key::missing(api, values, environment));
    }
    let retry = retry::Policy {
        max_attempts: values.count("ai.max_attempts"),
        first_wait: values.duration("ai.first_wait"),
        max_wait: values.duration("ai.max_wait"),
        longest_delay: values.duration("ai.longest_delay"),
    };
    if retry.first_wait > retry.max_wait {
        return Err(Wrong::refused(format!(
            "ai.first_wait ({}) is longer than ai.max_wait ({}), the longest of all waits",
            humantime::format_duration(retry.first_wait),
            humantime::format_duration(retry.max_wait)
        )));
    }
    Ok(remote::Config {
        api,
        base_url,
        model: model.to_owned(),
        key,
        stream: values.switch("ai.stream"),
        tokens_field: match values.text("ai.tokens_field") {
            "max_completion_tokens" => TokensField::MaxCompletionTokens,
            _ => TokensField::MaxTokens,
        },
        thinking_level: values.optional_text("ai.thinking_level").map(str::to_owned),
        allow_http: values.switch("ai.allow_http"),
        retry,
        limits: Limits {
            connect: values.duration("ai.connect_timeout"),
            first_byte: values.duration("ai.first_byte_timeout"),
            idle: values.duration("ai.idle_timeout"),
            total: Duration::from_millis(values.number("ai.timeout_ms")),
            max_event: values.size("ai.max_event"),
            max_body: values.size("ai.max_body"),
            max_error_body: values.size("ai.max_error_body"),
        },
    })
}

/// Whether a service wants a key. One that speaks openai's API on this machine, or in a network of
/// one's own, often has none.
fn needs_key(api: Api, base_url: &str) -> bool {
    let authority = base_url.split('/').nth(2).unwrap_or_default();
    let host = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((v6, _)) => v6,
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_private = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        // A name without a dot, as containers have, means nothing outside.
        Err(_) => !host.contains('.') || host.ends_with(".local") || host.ends_with(".internal"),
    };
    api != Api::OpenAi || !is_private
}

/// What a service cannot be asked with, without values that may hold a secret.
fn explain(error: &remote::ConfigError, values: &Values) -> Wrong {
    let text = error.to_string();
    Wrong::refused(match text.split_once(": ") {
        // Fields are called as their settings are.
        Some((field @ ("base_url" | "model"), expected)) => {
            format!("{}: {expected}", values.place(&format!("ai.{field}")))
        }
        _ => format!("AI provider: {text}"),
    })
}

impl Chosen {
    /// The provider for people: its name, its model, where it is, and whether it has a key.
    pub(super) fn describe(&self, values: &Values) -> String {
        let config = match &self.provider {
            Provider::Offline(_) if values.is_given("ai.provider") => {
                return OFFLINE_RULES.to_owned();
            }
            Provider::Offline(_) => {
                return format!("{OFFLINE_RULES}; AI_PROVIDER and a key choose another");
            }
            Provider::Remote(_, config) => config,
        };
        let mut text = format!("{}, model {}", config.api.as_str(), config.model);
        if values.is_given("ai.base_url") {
            text += &format!(", at {}", config.base_url);
        }
        match &self.key_source {
            Some(source) => text += &format!(", key from {source}"),
            None => text += ", no key",
        }
        text
    }

    /// What may be written down about the key.
    pub(super) fn describe_key(&self) -> String {
        match (&self.key_source, &self.provider) {
            (Some(source), _) => format!("set (from {source})"),
            (None, Provider::Offline(_)) => "not needed".to_owned(),
            (None, Provider::Remote(..)) => "not set".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
