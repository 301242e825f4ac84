//! One request of ours, from its head to its response.
//!
//! The order of the checks is the reference server's: CORS, host and origin, the request itself,
//! then the session that it names, or, for a new one, the application's admission hook, the
//! protocol version and the id. What follows for a GET and a POST of a session is in `polling`; what
//! the session makes of them is the driver's business.

mod polling;

use std::future::Future;
use std::sync::Arc;

use http::header::{EXPECT, HeaderValue, ORIGIN, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, Version as HttpVersion};
use hyper::upgrade::OnUpgrade;
use tokio::sync::oneshot;

use super::access::Foreign;
use super::body::Upload;
use super::reply::{self, Rejection, Reply};
use super::route::Route;
use super::sessions::{Arrival, SessionHandle};
use super::shared::Shared;
use super::websocket::{self, Upgrade};
use super::{driver, forwarded, newcomer, upgrade};
use crate::engine::{Encoding, Parsed, Refusal, Request as Wanted, RequestHead, Transport};
use crate::wire::Sid;

/// Answers a request that `route` says is ours; `upgrade` says whether it asks for a WebSocket.
pub(super) fn serve<B>(
    shared: Arc<Shared>,
    route: Route,
    upgrade: bool,
    request: Request<B>,
) -> impl Future<Output = Reply> + Send
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    let (mut parts, body) = request.into_parts();
    let mut upload = Upload::new(body, parts.headers.contains_key(EXPECT));
    // A handshake keeps the extensions, and must not keep the connection with them.
    let on_upgrade = parts.extensions.remove::<OnUpgrade>();
    async move {
        let cors = match &shared.config.cors {
            Some(cors) if parts.method == Method::OPTIONS => {
                let headers = cors.preflight(&parts.headers);
                if !cors.preflight_continue {
                    let mut reply = reply::bare(cors.options_success_status);
                    reply::add_headers(&mut reply, headers);
                    return reply;
                }
                headers
            }
            Some(cors) => cors.answer(&parts.headers),
            None => HeaderMap::new(),
        };
        let mut exchange = Exchange {
            shared: &shared,
            parts: &mut parts,
            on_upgrade,
            upgrade,
        };
        let hooks = &shared.config.hooks;
        match exchange.answer(route, &mut upload).await {
            Ok(Answer { mut reply, first }) => {
                reply::add_headers(&mut reply, cors);
                if !matches!(route, Route::ClientFile(_)) {
                    hooks.run_headers(reply.headers_mut(), &parts, first);
                }
                forwarded::give_back(&mut parts.extensions, &mut reply);
                reply
            }
            Err(rejection) => {
                if let Rejection::Refused(refusal) = &rejection {
                    let (code, message) = (refusal.code(), refusal.message());
                    tracing::debug!(code, message, "request refused");
                    hooks.run_report(refusal, &parts);
                }
                if !matches!(rejection, Rejection::Cut(_)) {
                    upload.discard(shared.engine.max_payload);
                }
                let mut reply = rejection.into_reply(upgrade);
                // As in the reference server; no page can read the refusal of a WebSocket anyway.
                if !upgrade {
                    reply::add_headers(&mut reply, cors);
                }
                reply
            }
        }
    }
}

/// A response that is no refusal.
struct Answer {
    reply: Reply,
    /// Whether it is the first one of its session.
    first: bool,
}

/// A request on its way to its answer.
struct Exchange<'a> {
    shared: &'a Arc<Shared>,
    parts: &'a mut Parts,
    on_upgrade: Option<OnUpgrade>,
    /// Whether it asks for a WebSocket.
    upgrade: bool,
}

impl Exchange<'_> {
    async fn answer<B>(&mut self, route: Route, upload: &mut Upload<B>) -> Result<Answer, Rejection>
    where
        B: http_body::Body + Send,
        B::Data: Send,
    {
        let access = &self.shared.config.access;
        access
            .check(&self.parts.headers, &self.parts.uri)
            .map_err(forbidden)?;
        match (route, &self.shared.config.client_files) {
            // As a part of this, it would make every other request's task as large.
            (Route::Plain, _) => return Box::pin(self.open_plain()).await,
            (Route::ClientFile(file), Some(files)) => {
                let reply = files.reply(file, &self.parts.headers);
                return Ok(Answer {
                    reply,
                    first: false,
                });
            }
            _ => {}
        }
        let parsed = self.parse()?;
        match &parsed.request {
            Wanted::Open { transport } => Box::pin(self.open(*transport, &parsed)).await,
            Wanted::Poll { sid } => {
                let session = self.polling_session(sid, &parsed)?;
                self.poll(sid, &session).await
            }
            Wanted::Post { sid } => {
                let session = self.polling_session(sid, &parsed)?;
                self.post(sid, &session, upload).await
            }
            Wanted::WebSocket { sid } => {
                let session = self.session(sid)?;
                parsed.continues(session.version())?;
                self.add_websocket(session, parsed.encoding())
            }
            Wanted::OtherMethod { sid } => {
                self.polling_session(sid, &parsed)?;
                Err(Rejection::Bare(StatusCode::BAD_REQUEST))
            }
            Wanted::PlainWebSocket { sid } => {
                let current = self.session(sid)?.transport();
                Err(Refusal::TransportMismatch {
                    transport: Transport::WebSocket,
                    current,
                }
                .into())
            }
        }
    }

    fn parse(&self) -> Result<Parsed, Refusal> {
        let valid = |origin: &HeaderValue| {
            origin
                .as_bytes()
                .iter()
                .all(|byte| !byte.is_ascii_control() || *byte == b'\t')
        };
        let head = RequestHead {
            method: self.parts.method.as_str(),
            query: self.parts.uri.query().unwrap_or_default(),
            upgrade: self.upgrade,
            origin_valid: self.parts.headers.get_all(ORIGIN).iter().all(valid),
        };
        Wanted::parse(&head, self.shared.engine.transports)
    }

    fn session(&self, sid: &Sid) -> Result<Arc<SessionHandle>, Refusal> {
        self.shared.sessions.find(sid).ok_or_else(|| unknown(sid))
    }

    fn polling_session(&self, sid: &Sid, parsed: &Parsed) -> Result<Arc<SessionHandle>, Refusal> {
        let session = self.session(sid)?;
        let current = session.transport();
        if current != Transport::Polling {
            return Err(Refusal::TransportMismatch {
                transport: Transport::Polling,
                current,
            });
        }
        parsed.continues(session.version())?;
        Ok(session)
    }

    async fn open(&mut self, transport: Transport, parsed: &Parsed) -> Result<Answer, Rejection> {
        let is_script = transport == Transport::Polling && parsed.encoding().is_script();
        if is_script && self.shared.engine.allow_eio3 {
            let access = &self.shared.config.access;
            access
                .check_script(&self.parts.headers, &self.parts.uri)
                .map_err(forbidden)?;
        }
        let (handshake, place) = newcomer::admit(self.shared, self.parts).await?;
        let encoding = parsed.opens(&self.shared.engine)?;
        let version = encoding.version();
        match transport {
            Transport::Polling => {
                let booking = newcomer::book(self.shared, &handshake, transport, version).await?;
                let sid = booking.sid().clone();
                let (sender, receiver) = oneshot::channel();
                driver::open_polling(place, booking, handshake, encoding, sender);
                let mut reply = self.payload(&sid, receiver).await?;
                let cookie = self.shared.config.cookie.as_ref();
                if let Some(cookie) = cookie.and_then(|cookie| cookie.header(&sid)) {
                    reply.headers_mut().append(SET_COOKIE, cookie);
                }
                Ok(Answer { reply, first: true })
            }
            Transport::WebSocket => {
                let (reply, upgrade) = self.switch_protocols()?;
                let booking = newcomer::book(self.shared, &handshake, transport, version).await?;
                driver::open_websocket(place, booking, handshake, encoding, upgrade);
                Ok(Answer { reply, first: true })
            }
        }
    }

    async fn open_plain(&mut self) -> Result<Answer, Rejection> {
        if self.parts.method != Method::GET {
            return Err(Refusal::BadMethod {
                method: self.parts.method.to_string(),
            }
            .into());
        }
        let (handshake, place) = newcomer::admit(self.shared, self.parts).await?;
        let (reply, upgrade) = self.switch_protocols()?;
        driver::open_plain(place, handshake, upgrade);
        Ok(Answer { reply, first: true })
    }

    /// The 101 and the connection that will follow it.
    fn switch_protocols(&mut self) -> Result<(Reply, Upgrade), Rejection> {
        // RFC 6455, 4.2.1. hyper upgrades nothing older either.
        if self.parts.version < HttpVersion::HTTP_11 {
            return Err(Rejection::Malformed("A WebSocket needs HTTP/1.1"));
        }
        let deflate = self.shared.config.per_message_deflate.as_ref();
        let accepted = upgrade::accept(&self.parts.headers, deflate);
        let (reply, agreed) = accepted.map_err(Rejection::Malformed)?;
        let Some(on_upgrade) = self.on_upgrade.take() else {
            tracing::error!(
                "a WebSocket request came without hyper's `OnUpgrade` extension; serve the \
                 connection with `.with_upgrades()`, and let no middleware drop the extension"
            );
            return Err(Rejection::NoUpgrade);
        };
        Ok((reply, Upgrade { on_upgrade, agreed }))
    }

    fn add_websocket(
        &mut self,
        session: Arc<SessionHandle>,
        encoding: Encoding,
    ) -> Result<Answer, Rejection> {
        let (reply, upgrade) = self.switch_protocols()?;
        let max_payload = self.shared.engine.max_payload;
        // Nobody waits for this task: it ends when the 101 is written or the client leaves.
        tokio::spawn(async move {
            let Some(websocket) = websocket::upgrade(upgrade, max_payload).await else {
                return;
            };
            let arrival = Arrival::WebSocket(websocket, encoding);
            if let Err(Arrival::WebSocket(late, _)) = session.arrive(arrival) {
                late.hang_up(None).await;
            }
        });
        Ok(Answer {
            reply,
            first: false,
        })
    }
}

fn forbidden(foreign: Foreign) -> Refusal {
    Refusal::Forbidden {
        message: Some(foreign.to_string()),
    }
}

fn unknown(sid: &Sid) -> Refusal {
    Refusal::UnknownSid { sid: sid.clone() }
}
