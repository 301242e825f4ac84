//! The provider that asks a real service over the network.
//!
//! What is said to the service and what its answers mean is in [`ai::provider`](crate::ai::provider),
//! when to ask again in [`ai::retry`](crate::ai::retry); here are the connection, the key, time
//! and chance. In reading order: `base` (where the service is), `client` (the HTTP client), `call`
//! (one attempt), `failed` (why there is no answer), `body` (the answer as it is read), `attempts` (all
//! of a question).
//!
//! What a service says about a failure goes to the log, without the key; the asker reads a
//! sentence of ours.

mod attempts;
mod base;
mod body;
mod call;
mod client;
mod config;
mod failed;
mod key;

use std::fmt;
use std::sync::Arc;

use futures_util::stream;
use reqwest::Client;

use super::{Answering, Provider};
use crate::ai::Prompt;
use crate::ai::provider::api::{Api, Options};
use crate::ai::provider::reader::Shape;
use crate::ai::retry;

use attempts::Attempts;
use base::Base;
use body::Body;
use call::Request;
use failed::Failed;

pub use config::{Config, ConfigError, Limits};
pub use key::{InvalidKey, Key};

/// A provider behind an HTTP API: Gemini, Anthropic, OpenAI, or one of the many services and local
/// servers that speak OpenAI's.
///
/// A handle: clones share one HTTP client and its connections. Proxies are taken from the
/// environment (`HTTPS_PROXY` and so on) unless the service is on this machine. Whom to trust is
/// asked of the system; on Linux `SSL_CERT_FILE` names other certificates.
///
/// Each answer is a stream that does nothing unless it is polled: nothing is read from the network
/// that nobody asked for, and nothing is left behind when it is dropped. Attempts that fail before
/// the answer's first piece are repeated as [`Config::retry`] says.
///
/// ```no_run
/// use trunkline::ai::provider::Api;
/// use trunkline::assistant::remote::{Config, Key};
/// use trunkline::assistant::{self, Assistant, Remote};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = Key::new(std::fs::read_to_string("/run/secrets/gemini")?)?;
/// let remote = Remote::new(Config {
///     key: Some(key),
///     ..Config::new(Api::Gemini, "gemini-3.8-flash")
/// })?;
///
/// let io = trunkline::Io::builder().build();
/// Assistant::new(assistant::Config::default(), remote).attach(&io.of("/"));
/// # Ok(())
/// # }
/// ```
///
/// A model on this machine needs no key:
///
/// ```
/// use trunkline::ai::provider::Api;
/// use trunkline::assistant::Remote;
/// use trunkline::assistant::remote::Config;
///
/// let mut config = Config::new(Api::OpenAi, "llama3.2");
/// config.base_url = "http://127.0.0.1:11434/v1".to_owned();
/// let remote = Remote::new(config)?;
/// # Ok::<(), trunkline::assistant::remote::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Remote(Arc<Service>);

/// One service, for all questions.
struct Service {
    client: Client,
    base: Base,
    api: Api,
    options: Options,
    model: Arc<str>,
    /// To keep it out of the log.
    key: Option<Key>,
    retry: retry::Policy,
    limits: Limits,
}

impl Remote {
    /// Gets ready to ask a service. Nothing is sent before the first question; the system's
    /// certificates are read now.
    pub fn new(config: Config) -> Result<Remote, ConfigError> {
        let base = Base::parse(&config.base_url, config.allow_http)?;
        if config.model.trim().is_empty() {
            return Err(ConfigError::NoModel);
        }
        let client = client::client(&config, &base)?;
        Ok(Remote(Arc::new(Service {
            client,
            base,
            api: config.api,
            model: config.model.as_str().into(),
            options: Options {
                model: config.model,
                stream: config.stream,
                tokens_field: config.tokens_field,
                thinking_level: config.thinking_level,
            },
            key: config.key,
            retry: config.retry,
            limits: config.limits,
        })))
    }
}

impl Provider for Remote {
    fn model(&self) -> Arc<str> {
        self.0.model.clone()
    }

    fn answer(&self, prompt: Prompt) -> Answering {
        let request = self.0.request(&prompt);
        let attempts = Attempts::new(self.0.clone(), request);
        Box::pin(stream::unfold(attempts, Attempts::next))
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("api", &self.0.api)
            .field("model", &self.0.model)
            .finish_non_exhaustive()
    }
}

impl Service {
    fn request(&self, prompt: &Prompt) -> Request {
        let call = self.api.request(prompt, &self.options);
        Request {
            api: self.api,
            url: self.base.join(&call.path),
            body: call.body.into(),
            shape: match self.options.stream {
                true => Shape::Events,
                false => Shape::Whole,
            },
        }
    }

    async fn send(&self, request: &Request) -> Result<Body, Failed> {
        request.send(&self.client, &self.limits).await
    }
}

#[cfg(test)]
mod tests;
