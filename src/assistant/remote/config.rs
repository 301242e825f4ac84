//! What a remote provider can be told, and what can be wrong with it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::Key;
use crate::ai::provider::api::{Api, TokensField};
use crate::ai::provider::reader::ReadLimits;
use crate::ai::retry;

/// Which service is asked, how, and how patiently.
#[derive(Clone)]
pub struct Config {
    /// Whose HTTP API the service speaks.
    pub api: Api,
    /// Where the service is (the API's own address). `https`, or `http` to this machine; a path is
    /// kept, and a slash at its end does not matter. No user name, query or fragment.
    pub base_url: String,
    /// The name of the model.
    pub model: String,
    /// The key, for services that want one (none).
    pub key: Option<Key>,
    /// Whether the answer is fetched piece by piece (yes).
    pub stream: bool,
    /// The field in which an OpenAI-compatible service expects the limit of the answer's length
    /// (`max_tokens`). The other APIs do not ask.
    pub tokens_field: TokensField,
    /// How much a Gemini model thinks, in the service's own words, such as `low` (not sent).
    pub thinking_level: Option<String>,
    /// Whether the key and the conversation may travel unencrypted to another machine (no): then
    /// `http` leads to any host.
    pub allow_http: bool,
    /// Which failed attempts are repeated, and when.
    pub retry: retry::Policy,
    /// How long it may take, and how much may come.
    pub limits: Limits,
}

impl Config {
    /// The defaults, at the API's own address and without a key.
    pub fn new(api: Api, model: impl Into<String>) -> Config {
        Config {
            api,
            base_url: api.default_base().to_owned(),
            model: model.into(),
            key: None,
            stream: true,
            tokens_field: TokensField::default(),
            thinking_level: None,
            allow_http: false,
            retry: retry::Policy::default(),
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `Remote::new` would refuse may hold a secret.
        let base_url = match self.base_url.contains(['@', '?', '#']) {
            true => "[redacted]",
            false => &self.base_url,
        };
        f.debug_struct("Config")
            .field("api", &self.api)
            .field("base_url", &base_url)
            .field("model", &self.model)
            .field("key", &self.key)
            .field("stream", &self.stream)
            .field("tokens_field", &self.tokens_field)
            .field("thinking_level", &self.thinking_level)
            .field("allow_http", &self.allow_http)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .finish()
    }
}

/// How long a service may take, and how much it may send. The length of the answer itself is
/// limited by the assistant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Until the connection stands, TLS included (5 s). Beyond it the attempt has failed as
    /// `unavailable`, and may be repeated.
    pub connect: Duration,
    /// From the beginning of an attempt until the first byte of the answer's body (30 s). Beyond
    /// it the answer ends as `timeout`.
    pub first_byte: Duration,
    /// From one read to the next, while the assistant wants to read (60 s); models are silent
    /// while they think. Beyond it the answer ends as `timeout`.
    pub idle: Duration,
    /// The whole answer, with all attempts and the waiting between them (180 s). Beyond it the
    /// answer ends as `timeout`.
    pub total: Duration,
    /// The largest event of a stream, in bytes (1 MiB). Beyond it the answer ends as
    /// `bad_response`.
    pub max_event: usize,
    /// The largest answer that comes as one document, in bytes (8 MiB). Beyond it the answer ends
    /// as `bad_response`.
    pub max_body: usize,
    /// How much of a refusal is read, in bytes (64 KiB). The rest is not looked at.
    pub max_error_body: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        let ReadLimits {
            max_event,
            max_body,
        } = ReadLimits::default();
        Limits {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(180),
            max_event,
            max_body,
            max_error_body: 64 * 1024,
        }
    }
}

/// Why a [`Config`] is of no use: the field, and what was expected. It does not repeat the value,
/// which may hold a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The base is no URL of a web service.
    #[error("base_url: expected an absolute URL that begins with https:// (or http://)")]
    BaseUrl,
    /// The base would send the key unencrypted to another machine.
    #[error("base_url: expected https://; http:// is for this machine unless allow_http is set")]
    PlainHttp,
    /// The base names a user.
    #[error("base_url: expected no user name or password; a key is a setting of its own")]
    Credentials,
    /// The base has a query or a fragment.
    #[error("base_url: expected nothing behind the path; neither `?` nor `#`")]
    Query,
    /// The model has no name.
    #[error("model: expected the name of a model")]
    NoModel,
    /// There is no HTTP client for this system: it may have no certificates of authorities.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(Box<dyn Error + Send + Sync>),
}
