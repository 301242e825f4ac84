//! The HTTP half of a WebSocket's opening handshake (RFC 6455, 4.2).

use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::reply::Reply;
use super::websocket::{self, Agreed, PerMessageDeflate};

/// Whether a request asks for a WebSocket. Other upgrades, such as to HTTP/2, are not asked for by
/// those who need them, and are ignored.
pub(super) fn is_requested(headers: &HeaderMap) -> bool {
    // Few requests have the second.
    names(headers, &UPGRADE, "websocket") && names(headers, &CONNECTION, "upgrade")
}

/// The 101 that accepts the handshake, with what it agrees to of what `deflate` allows, or what is
/// wrong with the request.
pub(super) fn accept(
    headers: &HeaderMap,
    deflate: Option<&PerMessageDeflate>,
) -> Result<(Reply, Option<Agreed>), &'static str> {
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err("Missing or invalid Sec-WebSocket-Version header");
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let Some(key) = key.filter(|key| is_key(key)) else {
        return Err("Missing or invalid Sec-WebSocket-Key header");
    };
    let mut reply: Reply = Response::default();
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = reply.headers_mut();
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    let accept =
        HeaderValue::try_from(websocket::accept_key(key)).expect("base64 is visible ASCII");
    answer.insert(SEC_WEBSOCKET_ACCEPT, accept);
    // Engine.IO has no subprotocol, but a client that offers some expects one of them: the first,
    // as in the reference's WebSocket library.
    let offered = tokens(headers, &SEC_WEBSOCKET_PROTOCOL).next();
    if let Some(protocol) = offered.and_then(|token| HeaderValue::from_str(token).ok()) {
        answer.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let agreed =
        deflate.and_then(|deflate| deflate.agree(lines(headers, &SEC_WEBSOCKET_EXTENSIONS)));
    if let Some(agreed) = &agreed {
        let extension =
            HeaderValue::try_from(agreed.answer()).expect("names and numbers are ASCII");
        answer.insert(SEC_WEBSOCKET_EXTENSIONS, extension);
    }
    Ok((reply, agreed))
}

/// 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(digit)
}

fn names(headers: &HeaderMap, header: &HeaderName, token: &str) -> bool {
    // Nearly always the one header names nothing else.
    let first = headers.get(header).map(HeaderValue::as_bytes);
    first.is_some_and(|value| value.eq_ignore_ascii_case(token.as_bytes()))
        || tokens(headers, header).any(|named| named.eq_ignore_ascii_case(token))
}

fn lines<'a>(headers: &'a HeaderMap, header: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header).iter();
    lines.filter_map(|line| line.to_str().ok())
}

fn tokens<'a>(headers: &'a HeaderMap, header: &HeaderName) -> impl Iterator<Item = &'a str> {
    lines(headers, header)
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in rows {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn an_upgrade_needs_both_headers() {
        let rows: [(&[(&str, &str)], bool); 6] = [
            (&[("connection", "Upgrade"), ("upgrade", "websocket")], true),
            (
                &[
                    ("connection", "keep-alive, upgrade"),
                    ("upgrade", "WebSocket"),
                ],
                true,
            ),
            (
                &[
                    ("connection", "close"),
                    ("connection", "upgrade"),
                    ("upgrade", "websocket"),
                ],
                true,
            ),
            (
                &[("connection", "keep-alive"), ("upgrade", "websocket")],
                false,
            ),
            (&[("connection", "upgrade"), ("upgrade", "h2c")], false),
            (&[("connection", "upgrade")], false),
        ];
        for (rows, expected) in rows {
            assert_eq!(is_requested(&headers(rows)), expected, "{rows:?}");
        }
    }

    #[test]
    fn the_example_of_the_specification_is_accepted() {
        // RFC 6455, 1.2 and 1.3.
        let headers = headers(&[
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "chat, superchat"),
        ]);
        let (reply, _) = accept(&headers, None).unwrap();
        assert_eq!(reply.status(), 101);
        assert_eq!(
            reply.headers()[SEC_WEBSOCKET_ACCEPT],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        assert_eq!(reply.headers()[SEC_WEBSOCKET_PROTOCOL], "chat");
    }

    #[test]
    fn compression_is_agreed_on_if_both_want_it() {
        let on = PerMessageDeflate::default();
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        let rows: [(&[&str], Option<&PerMessageDeflate>, Option<&str>); 5] = [
            (&["permessage-deflate"], Some(&on), Some(both)),
            (
                &["x-webkit, foo", "permessage-deflate"],
                Some(&on),
                Some(both),
            ),
            (&["permessage-deflate"], None, None),
            (&["permessage-deflate; mode=fast"], Some(&on), None),
            (&[], Some(&on), None),
        ];
        for (offers, deflate, expected) in rows {
            let mut pairs = vec![key, ("sec-websocket-version", "13")];
            pairs.extend(
                offers
                    .iter()
                    .map(|offer| ("sec-websocket-extensions", *offer)),
            );
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name, HeaderValue::from_str(value).unwrap());
            }
            let (reply, agreed) = accept(&headers, deflate).unwrap();
            let answer = reply.headers().get(SEC_WEBSOCKET_EXTENSIONS);
            assert_eq!(answer.map(|value| value.to_str().unwrap()), expected);
            assert_eq!(agreed.is_some(), expected.is_some(), "{offers:?}");
        }
    }

    #[test]
    fn a_malformed_handshake_is_refused() {
        let good = "dGhlIHNhbXBsZSBub25jZQ==";
        let rows = [
            ("", "13"),
            ("short==", "13"),
            ("dGhlIHNhbXBsZSBub25jZQ=?", "13"),
            ("dGhlIHNhbXBsZSB!b25jZQ==", "13"),
            (good, "12"),
            (good, ""),
        ];
        for (key, version) in rows {
            let headers = headers(&[
                ("sec-websocket-key", key),
                ("sec-websocket-version", version),
            ]);
            assert!(accept(&headers, None).is_err(), "{key} {version}");
        }
        assert!(accept(&HeaderMap::new(), None).is_err());
    }
}
