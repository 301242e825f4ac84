//! Handshakes are kept as text, and nothing of them is lost by it.

use std::time::SystemTime;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Uri};

use super::{Circumstances, Handshake};

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
