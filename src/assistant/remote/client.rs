//! The HTTP client: one for all questions, so that connections are used again.

use std::error::Error;
use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::base::Base;
use super::config::{Config, ConfigError};

const USER_AGENT: &str = concat!("trunkline/", env!("CARGO_PKG_VERSION"));

/// The client that asks this service.
pub(super) fn client(config: &Config, base: &Base) -> Result<Client, ConfigError> {
    let tls = tls(base).map_err(ConfigError::Client)?;
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(USER_AGENT)
        .default_headers(headers(config))
        .connect_timeout(config.limits.connect)
        // A redirect would carry the key's header to whatever host it names.
        .redirect(redirect::Policy::none());
    let builder = match base.is_loopback() {
        // A proxy's `localhost` is another machine.
        true => builder.no_proxy(),
        false => builder,
    };
    builder
        .build()
        .map_err(|error| ConfigError::Client(error.into()))
}

/// What every request says.
fn headers(config: &Config) -> HeaderMap {
    let accepted = match config.stream {
        true => "text/event-stream, application/json",
        false => "application/json",
    };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accepted));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in config.api.headers() {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if let Some(key) = &config.key {
        let (name, prefix) = config.api.key_header();
        headers.insert(HeaderName::from_static(name), key.header(prefix));
    }
    headers
}

/// Whom to trust: the authorities that the system trusts, by the `ring` implementation, whatever
/// the process has chosen for others.
fn tls(base: &Base) -> Result<ClientConfig, Box<dyn Error + Send + Sync>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match builder.clone().with_platform_verifier() {
        Ok(builder) => builder,
        // Without TLS, a system that trusts nobody can ask as well: often that is a container.
        Err(_) if !base.is_https() => builder.with_root_certificates(RootCertStore::empty()),
        Err(error) => return Err(error.into()),
    };
    Ok(builder.with_no_client_auth())
}
