//! Handshakes are kept as text, and nothing of them is lost by it.

use std::time::SystemTime;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Uri};

use super::{Circumstances, Handshake, record};
use crate::adapter::HandshakeRecord;

fn handshake(target: &'static str, headers: &[(&'static str, &'static [u8])]) -> Handshake {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value).unwrap();
        map.append(HeaderName::from_static(name), value);
    }
    let circumstances = Circumstances {
        address: None,
        peer: None,
        time: SystemTime::UNIX_EPOCH,
        secure: false,
        extensions: Extensions::new(),
    };
    let handshake = Handshake::new(&Uri::from_static(target), &map, circumstances);
    assert_eq!(*handshake.headers(), map);
    assert_eq!(*handshake.uri(), Uri::from_static(target));
    handshake
}

#[test]
fn the_last_of_equal_parameters_counts() {
    let handshake = handshake("/socket.io/?a=1&b=%262&a=3+4", &[]);
    let pairs = [("a", "3 4"), ("b", "&2")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(handshake.query_pairs(), pairs);
    assert_eq!(handshake.query("a"), Some("3 4"));
    assert_eq!(handshake.query("c"), None);
}

#[test]
fn headers_are_found_whatever_they_hold() {
    let handshake = handshake(
        "http://example.org/socket.io/?EIO=4",
        &[
            ("host", b"example.org:80"),
            ("x-empty", b""),
            ("x-many", b"one"),
            ("x-many", b"two: three"),
            ("x-raw", b"\xc3\xa9\xff"),
        ],
    );
    assert_eq!(handshake.header("Host"), Some("example.org:80"));
    assert_eq!(handshake.header("x-empty"), Some(""));
    assert_eq!(handshake.header("x-many"), Some("one"));
    assert_eq!(handshake.header("x-raw"), None, "not text");
    assert_eq!(handshake.header("x-none"), None);
    assert_eq!(handshake.headers()["x-raw"].as_bytes(), b"\xc3\xa9\xff");
    assert!(!handshake.cross_domain);
}

#[test]
fn cookies_are_found_in_all_their_headers() {
    let handshake = handshake(
        "/",
        &[
            ("origin", b"http://example.org"),
            ("cookie", b"a=1; bb=2=3"),
            ("cookie", b"c=; a=4"),
        ],
    );
    assert!(handshake.cross_domain);
    for (name, value) in [
        ("a", Some("1")),
        ("bb", Some("2=3")),
        ("c", Some("")),
        ("b", None),
    ] {
        assert_eq!(handshake.cookie(name), value, "{name}");
    }
}

#[test]
fn what_is_secret_is_not_printed() {
    let handshake = handshake("/socket.io/?token=secret", &[("cookie", b"a=secret")]);
    let printed = format!("{handshake:?}");
    assert!(
        printed.contains("/socket.io/") && !printed.contains("secret"),
        "{printed}"
    );
}

#[test]
fn a_record_has_the_keys_and_texts_of_the_reference() {
    let mut handshake = handshake(
        "/socket.io/?EIO=4&transport=polling&%26a=%26%3D%3Fa&a=1&a=2",
        &[
            ("host", b"a"),
            ("x-many", b"1"),
            ("x-many", b"2"),
            ("cookie", b"a=1"),
            ("cookie", b"b=2"),
            ("referer", b"first"),
            ("referer", b"second"),
            ("set-cookie", b"c"),
            ("x-raw", b"\xe9"),
            ("origin", b"http://example.org"),
        ],
    );
    handshake.time += std::time::Duration::from_millis(1_795_290_664_123);
    handshake.address = Some([127, 0, 0, 1].into());
    let expected = serde_json::json!({
        "headers": {
            "host": "a", "x-many": "1, 2", "cookie": "a=1; b=2", "referer": "first",
            "set-cookie": ["c"], "x-raw": "\u{e9}", "origin": "http://example.org",
        },
        "time": "Sat Nov 21 2026 19:51:04 GMT+0000 (Coordinated Universal Time)",
        "address": "127.0.0.1",
        "xdomain": true,
        "secure": false,
        "issued": 1_795_290_664_123_u64,
        "url": "/socket.io/?EIO=4&transport=polling&%26a=%26%3D%3Fa&a=1&a=2",
        "query": { "EIO": "4", "transport": "polling", "&a": "&=?a", "a": "2" },
        "auth": { "token": [1] },
    });
    let written = record(&handshake, r#"{"token":[1]}"#);
    assert_eq!(serde_json::to_value(&written).unwrap(), expected);
    assert_eq!(
        serde_json::from_value::<HandshakeRecord>(expected).unwrap(),
        written
    );
    assert!(!format!("{written:?}").contains("token"));

    handshake.address = None;
    let record = serde_json::to_value(record(&handshake, "{}")).unwrap();
    assert_eq!(record.get("address"), None);
    assert_eq!(record["auth"], serde_json::json!({}));
}
