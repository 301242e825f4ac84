//! Responses: the good ones, and one for each way to turn a request away.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER,
    SEC_WEBSOCKET_VERSION, USER_AGENT, X_XSS_PROTECTION,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use memchr::memchr2_iter;

use super::compress::{Coding, Compression};
use super::places::Crowded;
use crate::engine::{Body, Refusal};

/// A response of ours; its body is always whole.
pub(super) type Reply = Response<Full<Bytes>>;

/// Scripts of JSONP as well, so nothing may forbid browsers to run it.
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const HTML: HeaderValue = HeaderValue::from_static("text/html");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Why a request is turned away, by the protocol or by HTTP.
#[derive(Debug)]
pub(super) enum Rejection {
    /// The protocol's numbered errors.
    Refused(Refusal),
    /// What is wrong with the WebSocket handshake.
    Malformed(&'static str),
    /// The server takes no newcomers any more.
    Draining {
        /// When the client may try again.
        retry_after: Duration,
    },
    /// There is no place for another client.
    Crowded {
        /// Where there is none.
        full: Crowded,
        /// When the client may try again.
        retry_after: Duration,
    },
    /// A status and nothing else.
    Bare(StatusCode),
    /// A status and nothing else, after which the connection ends and nothing more is read.
    Cut(StatusCode),
    /// The HTTP server around us cannot hand over its connection.
    NoUpgrade,
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Rejection {
        Rejection::Refused(refusal)
    }
}

impl Rejection {
    /// The response. To an `upgrade` request it is always the last one on its connection.
    pub(super) fn into_reply(self, upgrade: bool) -> Reply {
        let last = upgrade || matches!(self, Rejection::Cut(_));
        let mut reply = match self {
            // The reference answers these with a raw 400 and the bare message.
            Rejection::Refused(refusal) if upgrade => {
                text(StatusCode::BAD_REQUEST, HTML, refusal.message().to_owned())
            }
            Rejection::Refused(refusal) => {
                let status = StatusCode::from_u16(refusal.status());
                let json = HeaderValue::from_static("application/json");
                text(
                    status.expect("400 and 403 are statuses"),
                    json,
                    refusal.body_json(),
                )
            }
            Rejection::Malformed(what) => {
                let mut reply = text(StatusCode::BAD_REQUEST, HTML, what);
                reply
                    .headers_mut()
                    .insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
                reply
            }
            Rejection::Draining { retry_after } => {
                later(StatusCode::SERVICE_UNAVAILABLE, retry_after)
            }
            Rejection::Crowded { full, retry_after } => {
                let status = match full {
                    Crowded::Server => StatusCode::SERVICE_UNAVAILABLE,
                    Crowded::Address => StatusCode::TOO_MANY_REQUESTS,
                };
                later(status, retry_after)
            }
            Rejection::Bare(status) | Rejection::Cut(status) => bare(status),
            Rejection::NoUpgrade => bare(StatusCode::INTERNAL_SERVER_ERROR),
        };
        if last {
            reply.headers_mut().insert(CONNECTION, CLOSE);
        }
        reply
    }
}

/// A status, and when to try again.
fn later(status: StatusCode, retry_after: Duration) -> Reply {
    let mut reply = bare(status);
    let headers = reply.headers_mut();
    headers.insert(RETRY_AFTER, retry_after.as_secs().into());
    reply
}

/// What of a request decides the form of its answer, so that the request need not be kept.
#[derive(Clone, Copy, Default)]
pub(super) struct Taste {
    coding: Option<Coding>,
    /// Whether the browser takes some payloads for scripts that attack the page.
    is_suspicious: bool,
}

impl Taste {
    /// `compressible`: whether it may matter which encodings the client takes.
    pub(super) fn of(request: &HeaderMap, compressible: bool) -> Taste {
        Taste {
            coding: compressible.then(|| Coding::accepted(request)).flatten(),
            is_suspicious: request.get(USER_AGENT).is_some_and(is_suspicious),
        }
    }
}

/// Answers a GET with its packets; `hold` sees the bytes that will be written.
pub(super) async fn payload(
    body: Body,
    taste: Taste,
    compression: Option<Compression>,
    hold: impl FnOnce(Bytes) -> Bytes,
) -> Reply {
    let encoded = match taste.coding.filter(|_| is_long(body.bytes(), compression)) {
        Some(coding) => {
            let encoded = coding.encode(body.bytes().clone()).await;
            encoded.map(|body| (coding, body))
        }
        None => None,
    };
    let (kind, body) = match body {
        Body::Text(body) => (PLAIN, body),
        Body::Binary(body) => (OCTETS, body),
    };
    let reply = match encoded {
        Some((coding, body)) => {
            let mut reply = text(StatusCode::OK, kind, hold(body));
            reply.headers_mut().insert(CONTENT_ENCODING, coding.name());
            reply
        }
        None => text(StatusCode::OK, kind, hold(body)),
    };
    finish(reply, taste)
}

/// Whether an answer is worth compressing.
pub(super) fn is_long(body: &[u8], compression: Option<Compression>) -> bool {
    compression.is_some_and(|compression| body.len() >= compression.threshold)
}

/// Answers a POST whose packets were taken.
pub(super) fn accepted(taste: Taste) -> Reply {
    finish(text(StatusCode::OK, HTML, "ok"), taste)
}

/// The headers of every long-polling answer.
fn finish(mut reply: Reply, taste: Taste) -> Reply {
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    if taste.is_suspicious {
        headers.insert(X_XSS_PROTECTION, HeaderValue::from_static("0"));
    }
    reply
}

/// Whether the browser names itself `;MSIE` or `Trident/`.
fn is_suspicious(agent: &HeaderValue) -> bool {
    let agent = agent.as_bytes();
    memchr2_iter(b';', b'T', agent).any(|at| {
        let rest = &agent[at..];
        rest.starts_with(b";MSIE") || rest.starts_with(b"Trident/")
    })
}

/// A status without a body.
pub(super) fn bare(status: StatusCode) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_LENGTH, 0.into());
    reply
}

fn text(status: StatusCode, kind: HeaderValue, body: impl Into<Bytes>) -> Reply {
    let body = body.into();
    let mut reply = Reply::default();
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    *reply.body_mut() = Full::new(body);
    reply
}

/// Adds `extra` to a response, beside what is there.
pub(super) fn add_headers(reply: &mut Reply, extra: HeaderMap) {
    if extra.is_empty() {
        return;
    }
    let mut current = None;
    for (name, value) in extra {
        current = name.or(current);
        let name = current.clone().expect("a map's first entry has a name");
        reply.headers_mut().append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::identity;

    use http_body::Body as _;
    use http_body_util::BodyExt;

    use super::*;

    async fn body(reply: Reply) -> String {
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn refusals_look_like_the_references() {
        let rows = [
            (
                Refusal::UnknownTransport { transport: None },
                400,
                r#"{"code":0,"message":"Transport unknown"}"#,
                "Transport unknown",
            ),
            (
                Refusal::Forbidden { message: None },
                403,
                r#"{"code":4,"message":"Forbidden"}"#,
                "Forbidden",
            ),
            (
                Refusal::Forbidden {
                    message: Some("no".into()),
                },
                403,
                r#"{"code":4,"message":"no"}"#,
                "no",
            ),
        ];
        for (refusal, status, json, bare) in rows {
            let plain = Rejection::Refused(refusal.clone()).into_reply(false);
            assert_eq!(plain.status(), status);
            assert_eq!(plain.headers()[CONTENT_TYPE], "application/json");
            assert_eq!(plain.headers().get(CONNECTION), None);
            assert_eq!(body(plain).await, json);

            let upgrade = Rejection::Refused(refusal).into_reply(true);
            assert_eq!(upgrade.status(), 400);
            assert_eq!(upgrade.headers()[CONTENT_TYPE], "text/html");
            assert_eq!(upgrade.headers()[CONNECTION], "close");
            assert_eq!(upgrade.body().size_hint().exact(), Some(bare.len() as u64));
            assert_eq!(body(upgrade).await, bare);
        }
    }

    #[test]
    fn a_draining_server_says_when_to_come_back() {
        let reply = Rejection::Draining {
            retry_after: Duration::from_secs(7),
        }
        .into_reply(false);
        assert_eq!(reply.status(), 503);
        assert_eq!(reply.headers()[RETRY_AFTER], "7");
    }

    #[tokio::test]
    async fn a_payload_is_compressed_for_those_who_take_it() {
        let long = Bytes::from(vec![b'4'; 2_000]);
        let gzip = HeaderMap::from_iter([(
            "accept-encoding".parse().unwrap(),
            HeaderValue::from_static("gzip"),
        )]);
        let on = Some(Compression::default());
        let plain = payload(Body::Text(long.clone()), Taste::default(), on, identity).await;
        assert_eq!(plain.headers()[CONTENT_TYPE], "text/plain; charset=UTF-8");
        assert_eq!(plain.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(plain.body().size_hint().exact(), Some(2000));
        assert_eq!(plain.headers().get(CONTENT_ENCODING), None);
        assert_eq!(
            payload(
                Body::Text(long.clone()),
                Taste::of(&gzip, true),
                None,
                identity
            )
            .await
            .headers()
            .get(CONTENT_ENCODING),
            None
        );
        assert_eq!(
            payload(Body::Text(long), Taste::of(&gzip, true), on, identity)
                .await
                .headers()[CONTENT_ENCODING],
            "gzip"
        );
    }

    #[tokio::test]
    async fn old_browsers_are_calmed() {
        let rows = [
            ("x;MSIE 9", true),
            ("Trident/7", true),
            ("MSIE", false),
            ("Chrome", false),
        ];
        for (agent, calmed) in rows {
            let request = HeaderMap::from_iter([(USER_AGENT, agent.parse().unwrap())]);
            let reply = payload(
                Body::Text(Bytes::new()),
                Taste::of(&request, true),
                None,
                identity,
            )
            .await;
            assert_eq!(
                reply.headers().contains_key(X_XSS_PROTECTION),
                calmed,
                "{agent}"
            );
        }
    }

    #[test]
    fn added_headers_stand_beside_those_that_are_there() {
        let mut reply = bare(StatusCode::OK);
        for round in ["a", "b"] {
            let mut extra = HeaderMap::new();
            extra.append("vary", HeaderValue::from_static(round));
            extra.append("vary", HeaderValue::from_static("c"));
            add_headers(&mut reply, extra);
        }
        let vary: Vec<_> = reply.headers().get_all("vary").iter().collect();
        assert_eq!(vary, ["a", "c", "b", "c"]);
    }
}
