//! A new session before its transport: admission, its handshake record and its id.

use std::sync::Arc;

use http::header::ORIGIN;
use http::request::Parts;
use http::uri::Scheme;

use super::forwarded::{Client, peer};
use super::id;
use super::reply::Rejection;
use super::sessions::Booking;
use super::shared::Shared;
use crate::api::Handshake;
use crate::clock;
use crate::engine::{Refusal, Transport, query_pairs};
use crate::wire::Sid;

/// Lets the server's state and the application decide about a newcomer.
pub(super) async fn admit(shared: &Shared, parts: &Parts) -> Result<Arc<Handshake>, Rejection> {
    let config = &shared.config;
    if shared.is_draining() {
        return Err(Rejection::Draining {
            retry_after: config.retry_after,
        });
    }
    let handshake = Arc::new(record(shared, parts));
    config.hooks.run_admission(&handshake).await?;
    Ok(handshake)
}

/// An id for a session that has been admitted.
pub(super) async fn book(
    shared: &Shared,
    handshake: &Arc<Handshake>,
    transport: Transport,
) -> Result<Booking, Refusal> {
    let problem = match shared.config.hooks.run_id(handshake).await {
        Some(Ok(made)) if !id::is_fit(&made) => "it has a form that no id may have".to_owned(),
        Some(Err(problem)) => problem,
        made => {
            let sid = match made {
                Some(Ok(made)) => Sid::new(made),
                _ => Sid::new(id::random()),
            };
            match shared.sessions.book(sid, transport) {
                Some(booking) => return Ok(booking),
                None => "it is in use".to_owned(),
            }
        }
    };
    tracing::warn!(problem, "the session id cannot be used");
    Err(Refusal::IdGeneration)
}

/// What the application gets to know of the session's first request.
fn record(shared: &Shared, parts: &Parts) -> Handshake {
    let Parts {
        uri,
        headers,
        extensions,
        ..
    } = parts;
    let config = &shared.config;
    let peer = peer(extensions, config.peer.as_ref());
    let secure = uri.scheme() == Some(&Scheme::HTTPS);
    let client = Client::find(headers, peer, secure, &config.trusted_proxies);
    Handshake {
        headers: headers.clone(),
        uri: uri.clone(),
        query: query(uri.query().unwrap_or_default()),
        address: client.address,
        time: clock::wall_time(),
        secure: client.secure,
        cross_domain: headers.contains_key(ORIGIN),
        extensions: extensions.clone(),
    }
}

/// The decoded parameters; of one that comes twice the last counts.
fn query(raw: &str) -> Vec<(String, String)> {
    let mut query: Vec<(String, String)> = Vec::new();
    for (name, value) in query_pairs(raw) {
        match query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, last)) => *last = value,
            None => query.push((name, value)),
        }
    }
    query
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn the_last_of_equal_parameters_counts() {
        let pairs = query("a=1&b=%262&a=3+4");
        assert_eq!(
            pairs,
            [
                ("a".to_owned(), "3 4".to_owned()),
                ("b".to_owned(), "&2".to_owned())
            ]
        );
    }
}
