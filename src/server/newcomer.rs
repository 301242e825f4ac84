//! A new session before its transport: admission, its handshake record and its id.

use std::sync::Arc;

use http::Extensions;
use http::request::Parts;
use http::uri::Scheme;

use super::forwarded::{Client, Peer, peer};
use super::id;
use super::places::Place;
use super::reply::Rejection;
use super::sessions::Booking;
use super::shared::Shared;
use crate::api::{Circumstances, Handshake};
use crate::clock;
use crate::engine::{Refusal, Transport, Version};
use crate::wire::Sid;

/// Lets the server's state and the application decide about a newcomer.
///
/// A newcomer has its place from before it is asked about, so that there are never more.
pub(super) async fn admit(
    shared: &Arc<Shared>,
    parts: &Parts,
) -> Result<(Arc<Handshake>, Place), Rejection> {
    let config = &shared.config;
    if shared.is_draining() {
        return Err(Rejection::Draining {
            retry_after: config.retry_after,
        });
    }
    let handshake = Arc::new(record(shared, parts));
    let place = Place::take(shared, handshake.address).map_err(|full| Rejection::Crowded {
        full,
        retry_after: config.retry_after,
    })?;
    config.hooks.run_admission(&handshake).await?;
    Ok((handshake, place))
}

/// An id for a session that has been admitted.
pub(super) async fn book(
    shared: &Shared,
    handshake: &Arc<Handshake>,
    transport: Transport,
    version: Version,
) -> Result<Booking, Refusal> {
    let id = match shared.config.hooks.run_id(handshake).await {
        None => id::random(),
        Some(Ok(made)) if id::is_fit(&made) => made,
        Some(Ok(_)) => return Err(unusable("it has a form that no id may have")),
        Some(Err(problem)) => return Err(unusable(&problem)),
    };
    let booked = shared.sessions.book(Sid::new(id), transport, version);
    booked.ok_or_else(|| unusable("it is in use"))
}

fn unusable(problem: &str) -> Refusal {
    tracing::warn!(problem, "the session id cannot be used");
    Refusal::IdGeneration
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
    let mut extensions = extensions.clone();
    // It is in the handshake itself, and would be kept for as long as the client.
    extensions.remove::<Peer>();
    let circumstances = Circumstances {
        address: client.address,
        peer,
        time: clock::wall_time(),
        secure: client.secure,
        extensions: match extensions.is_empty() {
            true => Extensions::new(),
            false => extensions,
        },
    };
    Handshake::new(uri, headers, circumstances)
}
