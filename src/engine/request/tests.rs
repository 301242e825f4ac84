//! Requests and their refusals, in the order in which the protocol checks them.

use super::*;
use crate::engine::encoding::{BinaryForm, Callback};

const BOTH: Transports = Transports {
    polling: true,
    websocket: true,
};

fn head<'a>(method: &'a str, query: &'a str) -> RequestHead<'a> {
    RequestHead {
        method,
        query,
        upgrade: false,
        origin_valid: true,
    }
}

fn upgrade<'a>(method: &'a str, query: &'a str) -> RequestHead<'a> {
    RequestHead {
        upgrade: true,
        ..head(method, query)
    }
}

fn sid() -> Sid {
    Sid::new("abc")
}

fn refusal(head: &RequestHead<'_>) -> Refusal {
    let parsed = match Request::parse(head, BOTH) {
        Err(refusal) => return refusal,
        Ok(parsed) => parsed,
    };
    let version = match parsed.request {
        Request::Open { .. } => parsed.opens(&Config::default()).map(drop),
        _ => parsed.continues(Version::V4),
    };
    match version {
        Err(refusal) => refusal,
        Ok(()) => panic!("{head:?} was read as {:?}", parsed.request),
    }
}

#[test]
fn good_requests_are_read() {
    let polling = Request::Open {
        transport: Transport::Polling,
    };
    let websocket = Request::Open {
        transport: Transport::WebSocket,
    };
    for (head, request) in [
        (head("GET", "EIO=4&transport=polling"), polling.clone()),
        (upgrade("GET", "EIO=4&transport=websocket"), websocket),
        (head("GET", "EIO=4&transport=polling&sid="), polling.clone()),
        (
            head("GET", "EIO=4&transport=polling&sid=abc"),
            Request::Poll { sid: sid() },
        ),
        (
            head("POST", "EIO=4&transport=polling&sid=abc"),
            Request::Post { sid: sid() },
        ),
        (
            upgrade("GET", "EIO=4&transport=websocket&sid=abc"),
            Request::WebSocket { sid: sid() },
        ),
        (
            head("PUT", "EIO=4&transport=polling&sid=abc"),
            Request::OtherMethod { sid: sid() },
        ),
        (
            head("HEAD", "EIO=4&transport=polling&sid=abc"),
            Request::OtherMethod { sid: sid() },
        ),
        (
            head("get", "EIO=4&transport=polling&sid=abc"),
            Request::OtherMethod { sid: sid() },
        ),
        (
            head("GET", "EIO=4&transport=websocket&sid=abc"),
            Request::PlainWebSocket { sid: sid() },
        ),
        // The last of a parameter counts, and unknown ones are the application's.
        (
            head("GET", "EIO=3&transport=abc&EIO=4&transport=polling&a=b&t=x"),
            polling.clone(),
        ),
        (head("GET", "&&EIO=%34&tr%61nsport=pollin%67&&"), polling),
    ] {
        let expected = Parsed {
            request,
            older: None,
        };
        assert_eq!(Request::parse(&head, BOTH), Ok(expected), "{head:?}");
    }
}

const TRANSPORT: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const METHOD: &str = r#"{"code":2,"message":"Bad handshake method"}"#;
const REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const VERSION: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;

fn bad_origin<'a>(method: &'a str, query: &'a str) -> RequestHead<'a> {
    RequestHead {
        origin_valid: false,
        ..head(method, query)
    }
}

#[test]
fn bad_requests_get_the_number_of_the_first_check_that_fails() {
    for (head, body) in [
        (head("GET", ""), TRANSPORT),
        (head("GET", "EIO=4"), TRANSPORT),
        (head("GET", "EIO=4&transport=abc"), TRANSPORT),
        (head("GET", "EIO=4&transport=constructor"), TRANSPORT),
        (head("GET", "EIO=4&transport=__proto__"), TRANSPORT),
        (head("GET", "EIO=4&transport=webtransport"), TRANSPORT),
        (head("GET", "EIO=4&Transport=polling"), TRANSPORT),
        // Transport before version, session, method and origin.
        (head("POST", "EIO=3&transport=abc&sid=abc"), TRANSPORT),
        (bad_origin("GET", "EIO=4&transport=abc"), TRANSPORT),
        // Origin before session, method and version.
        (
            bad_origin("GET", "EIO=4&transport=polling&sid=abc"),
            REQUEST,
        ),
        (bad_origin("POST", "EIO=3&transport=polling"), REQUEST),
        (head("POST", "EIO=4&transport=polling"), METHOD),
        (head("PUT", "EIO=4&transport=polling&sid="), METHOD),
        (head("OPTIONS", "EIO=4&transport=polling"), METHOD),
        (head("HEAD", "EIO=4&transport=polling"), METHOD),
        (upgrade("POST", "EIO=4&transport=websocket"), METHOD),
        (upgrade("POST", "EIO=4&transport=websocket&sid=abc"), METHOD),
        // Method before the form of the handshake and the version.
        (head("POST", "EIO=3&transport=websocket"), METHOD),
        (head("GET", "EIO=4&transport=websocket"), REQUEST),
        (head("GET", "EIO=3&transport=websocket"), REQUEST),
        (upgrade("GET", "EIO=4&transport=polling"), REQUEST),
        (upgrade("GET", "EIO=4&transport=polling&sid=abc"), REQUEST),
        // The version comes last.
        (head("GET", "transport=polling"), VERSION),
        (head("GET", "EIO=3&transport=polling"), VERSION),
        (head("GET", "EIO=5&transport=polling"), VERSION),
        (head("GET", "EIO=04&transport=polling"), VERSION),
        (head("GET", "EIO=abc&transport=polling"), VERSION),
        (head("GET", "eio=4&transport=polling"), VERSION),
        (head("GET", "EIO=4&EIO=3&transport=polling"), VERSION),
        (upgrade("GET", "EIO=3&transport=websocket"), VERSION),
        // For a session that exists a wrong version is a bad request.
        (head("GET", "EIO=3&transport=polling&sid=abc"), REQUEST),
        (head("POST", "transport=polling&sid=abc"), REQUEST),
        (upgrade("GET", "EIO=3&transport=websocket&sid=abc"), REQUEST),
    ] {
        let refusal = refusal(&head);
        assert_eq!(refusal.body_json(), body, "{head:?}");
        assert_eq!(refusal.status(), 400, "{head:?}");
    }
}

#[test]
fn a_wrong_version_does_not_hide_what_the_request_wants() {
    // An unknown session or a refusal of the admission hook comes before the version.
    let parsed = Request::parse(&head("GET", "EIO=3&transport=polling&sid=abc"), BOTH);
    assert_eq!(
        parsed.map(|parsed| parsed.request),
        Ok(Request::Poll { sid: sid() })
    );
    let parsed = Request::parse(&head("GET", "transport=polling"), BOTH);
    let polling = Request::Open {
        transport: Transport::Polling,
    };
    assert_eq!(parsed.map(|parsed| parsed.request), Ok(polling));
}

#[test]
fn a_transport_that_is_switched_off_is_unknown() {
    let polling_off = Transports {
        polling: false,
        websocket: true,
    };
    let websocket_off = Transports {
        polling: true,
        websocket: false,
    };
    for (head, transports) in [
        (head("GET", "EIO=4&transport=polling"), polling_off),
        (upgrade("GET", "EIO=4&transport=websocket"), websocket_off),
        (
            upgrade("GET", "EIO=4&transport=websocket&sid=abc"),
            websocket_off,
        ),
    ] {
        let code = Request::parse(&head, transports).map_err(|refusal| refusal.code());
        assert_eq!(code, Err(0), "{head:?}");
    }
}

#[test]
fn refusals_that_the_shell_finds_have_their_numbers() {
    let mismatch = Refusal::TransportMismatch {
        transport: Transport::Polling,
        current: Transport::WebSocket,
    };
    let own_text = Refusal::Forbidden {
        message: Some("say \"please\"".to_owned()),
    };
    for (refusal, status, body) in [
        (
            Refusal::UnknownSid { sid: sid() },
            400,
            r#"{"code":1,"message":"Session ID unknown"}"#,
        ),
        (mismatch, 400, r#"{"code":3,"message":"Bad request"}"#),
        (
            Refusal::IdGeneration,
            400,
            r#"{"code":3,"message":"Bad request"}"#,
        ),
        (
            Refusal::Middleware,
            400,
            r#"{"code":3,"message":"Bad request"}"#,
        ),
        (
            Refusal::Forbidden { message: None },
            403,
            r#"{"code":4,"message":"Forbidden"}"#,
        ),
        (own_text, 403, r#"{"code":4,"message":"say \"please\""}"#),
    ] {
        assert_eq!(
            (refusal.status(), refusal.body_json().as_str()),
            (status, body)
        );
        assert_eq!(refusal.to_string(), refusal.message());
    }
}

#[test]
fn a_refusal_tells_its_cause() {
    let mismatch = Refusal::TransportMismatch {
        transport: Transport::Polling,
        current: Transport::WebSocket,
    };
    let bad_origin = RequestHead {
        origin_valid: false,
        ..head("GET", "transport=polling")
    };
    for (refusal, context) in [
        (
            refusal(&head("GET", "transport=abc")),
            vec![("transport", "abc")],
        ),
        (refusal(&head("GET", "EIO=4")), vec![]),
        (refusal(&bad_origin), vec![("name", "INVALID_ORIGIN")]),
        (
            refusal(&head("PUT", "transport=polling")),
            vec![("method", "PUT")],
        ),
        (
            refusal(&head("GET", "transport=websocket")),
            vec![("name", "TRANSPORT_HANDSHAKE_ERROR")],
        ),
        (
            refusal(&head("GET", "EIO=3&transport=polling")),
            vec![("protocol", "3")],
        ),
        (
            refusal(&head("GET", "EIO=3&transport=polling&sid=abc")),
            vec![("name", "PROTOCOL_MISMATCH"), ("protocol", "3")],
        ),
        (Refusal::UnknownSid { sid: sid() }, vec![("sid", "abc")]),
        (
            mismatch,
            vec![
                ("name", "TRANSPORT_MISMATCH"),
                ("transport", "polling"),
                ("previousTransport", "websocket"),
            ],
        ),
        (Refusal::IdGeneration, vec![("name", "ID_GENERATION_ERROR")]),
        (Refusal::Middleware, vec![("name", "MIDDLEWARE_FAILURE")]),
        (
            Refusal::Forbidden { message: None },
            vec![("message", "Forbidden")],
        ),
    ] {
        let given = refusal.context();
        let given: Vec<_> = given
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(given, context, "{refusal:?}");
    }
}

fn old(binary: BinaryForm, number: Option<u32>) -> Encoding {
    let jsonp = number.map(Callback);
    Encoding::V3 { binary, jsonp }
}

#[test]
fn an_old_client_says_how_it_takes_packets() {
    let (bytes, base64) = (BinaryForm::Bytes, BinaryForm::Base64);
    for (query, encoding) in [
        ("EIO=4&b64=1&j=1", Encoding::V4),
        ("EIO=3", old(bytes, None)),
        ("EIO=5", old(bytes, None)),
        ("EIO=04", old(bytes, None)),
        ("EIO=4&EIO=3", old(bytes, None)),
        ("eio=4", old(bytes, None)),
        ("EIO=3&b64=1", old(base64, None)),
        ("EIO=3&b64=0", old(base64, None)),
        ("EIO=3&b64=", old(bytes, None)),
        ("EIO=3&b64=1&b64", old(bytes, None)),
        ("EIO=3&b64=1&j=0", old(base64, Some(0))),
        ("EIO=3&j=12", old(bytes, Some(12))),
        ("EIO=3&j=%31a2%22);alert(3", old(bytes, Some(123))),
        ("EIO=3&j=", old(bytes, None)),
        ("EIO=3&j=alert", old(bytes, None)),
        ("EIO=3&j=4294967296", old(bytes, None)),
    ] {
        let query = format!("transport=polling&{query}");
        let parsed = Request::parse(&head("GET", &query), BOTH).unwrap();
        let config = Config {
            allow_eio3: true,
            ..Config::default()
        };
        assert_eq!(parsed.opens(&config), Ok(encoding), "{query}");
        assert_eq!(parsed.encoding(), encoding, "{query}");
    }
}

#[test]
fn a_session_is_continued_in_its_own_version() {
    let poll = |protocol: &str| {
        let query = format!("{protocol}&transport=polling&sid=abc");
        Request::parse(&head("GET", &query), BOTH).unwrap()
    };
    for (protocol, session, said) in [
        ("EIO=4", Version::V4, None),
        ("EIO=3", Version::V3, None),
        ("", Version::V3, None),
        ("EIO=4", Version::V3, Some(Some("4"))),
        ("EIO=3", Version::V4, Some(Some("3"))),
        ("", Version::V4, Some(None)),
    ] {
        let refusal = said.map(|said| Refusal::ProtocolMismatch {
            protocol: said.map(str::to_owned),
        });
        let given = poll(protocol).continues(session).err();
        assert_eq!(given, refusal, "{protocol} {session:?}");
    }
}

#[test]
fn query_parameters_are_decoded() {
    for (query, pairs) in [
        ("", vec![]),
        ("a=b&c=d", vec![("a", "b"), ("c", "d")]),
        ("%26a=%26%3D%3Fa", vec![("&a", "&=?a")]),
        ("a", vec![("a", "")]),
        ("a=", vec![("a", "")]),
        ("=b", vec![("", "b")]),
        ("a=b=c", vec![("a", "b=c")]),
        ("a=x+y%2B", vec![("a", "x y+")]),
        ("a=1&a=2", vec![("a", "1"), ("a", "2")]),
        ("a=%", vec![("a", "%")]),
        ("a=%4", vec![("a", "%4")]),
        ("a=%zz%4g%41", vec![("a", "%zz%4gA")]),
        ("a=%%34", vec![("a", "%4")]),
        ("a=%C3%A9é", vec![("a", "éé")]),
        ("a=%ffx", vec![("a", "\u{fffd}x")]),
    ] {
        let given: Vec<_> = query_pairs(query).collect();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(given, pairs, "{query}");
    }
}
