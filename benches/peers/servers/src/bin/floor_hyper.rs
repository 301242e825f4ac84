//! A floor: hyper, with canned answers for polling and for upgrades; WebSockets are handed to the
//! tungstenite floor.
//!
//! No codec, no timers, and no registry but the list that takes a POST to the GET of the same
//! session. A session lasts until its client says goodbye or its WebSocket closes.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::http::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use peer_servers::audience::{Audience, Outbox, sid};
use peer_servers::canned::{self, Answer};
use peer_servers::echo::{self, Echo};
use peer_servers::launch::{self, Outcome};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// Between the packets of one polling body.
const SEPARATOR: char = '\x1e';

type Shared = Arc<Audience<Message>>;
type Queue = Arc<Outbox<Message>>;

fn main() -> Outcome {
    launch::run(serve)
}

async fn serve(port: u16) -> Outcome {
    let audience = Shared::default();
    launch::serve(port, |stream| {
        let audience = audience.clone();
        let service = service_fn(move |request| respond(request, audience.clone()));
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        // Clients that leave in the middle of a request are no news.
        async { drop(connection.await) }
    })
    .await
}

async fn respond(
    request: Request<Incoming>,
    audience: Shared,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let number = number(request.uri().query());
    let member = number.and_then(|number| Some((number, audience.member(number)?)));
    if let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) {
        let accept = derive_accept_key(key.as_bytes());
        return Ok(upgrade(request, &accept, audience, member));
    }
    Ok(match (request.method(), member) {
        (&Method::GET, None) => text(canned::open_packet(
            &sid(audience.join().0),
            r#""websocket""#,
        )),
        (&Method::GET, Some((_, outbox))) => text(poll(&outbox).await),
        (&Method::POST, Some((number, outbox))) => {
            let body = request.into_body().collect().await;
            let body = body.map(Collected::to_bytes).unwrap_or_default();
            post(&body, &audience, number, &outbox);
            text("ok")
        }
        _ => {
            let mut refusal = text("");
            *refusal.status_mut() = StatusCode::BAD_REQUEST;
            refusal
        }
    })
}

/// The number in the session id of a query.
fn number(query: Option<&str>) -> Option<u64> {
    let mut parameters = query?.split('&');
    parameters
        .find_map(|one| one.strip_prefix("sid="))?
        .parse()
        .ok()
}

/// Waits for something to send.
async fn poll(outbox: &Outbox<Message>) -> String {
    let mut taken = Vec::new();
    std::future::poll_fn(|cx| outbox.poll_take(cx, &mut taken)).await;
    let mut body = String::new();
    for message in &taken {
        if !body.is_empty() {
            body.push(SEPARATOR);
        }
        body.push_str(message.to_text().unwrap_or_default());
    }
    body
}

/// Answers the packets of a POST into the queue that the GET waits for.
fn post(body: &[u8], audience: &Audience<Message>, number: u64, outbox: &Outbox<Message>) {
    for packet in String::from_utf8_lossy(body).split(SEPARATOR) {
        match canned::answer(packet) {
            Answer::Echo => outbox.push(Message::from(packet)),
            Answer::Ack(id, rest) => outbox.push(Message::from(canned::ack(id, rest))),
            Answer::Broadcast => audience.broadcast(&Message::from(packet)),
            Answer::Welcome => outbox.push(Message::from(canned::welcome(&sid(number)))),
            Answer::Goodbye => {
                // Answers the GET that still waits.
                outbox.push(Message::from("6"));
                audience.leave(number);
            }
            Answer::Probe | Answer::Upgraded | Answer::Nothing => {}
        }
    }
}

/// Answers the request for a WebSocket, of a newcomer or of a member.
fn upgrade(
    request: Request<Incoming>,
    accept: &str,
    audience: Shared,
    member: Option<(u64, Queue)>,
) -> Response<Full<Bytes>> {
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else {
            return;
        };
        let io = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(echo::config())).await;
        // Whatever the reason, the client is gone.
        let number = match member {
            Some((number, outbox)) => {
                let _ = Echo::upgrading(socket, &audience, (number, &outbox)).await;
                number
            }
            None => {
                let (number, outbox) = audience.join();
                let _ = Echo::newcomer(socket, &audience, (number, &outbox)).await;
                number
            }
        };
        audience.leave(number);
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = accept.try_into() {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

fn text(body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    let plain = HeaderValue::from_static("text/plain; charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
