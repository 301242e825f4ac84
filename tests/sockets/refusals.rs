//! What an application is told of requests that are refused.

use trunkline::Io;
use trunkline::server::{Config, Hooks};

use super::client::{Http, POLLING, Teller, WEBSOCKET, log};
use super::host::serve_config;

/// Method; query behind the path; status; code, message and context. `P` and `W` stand for the
/// parameters of a usual polling or WebSocket request; session 1 is on polling, 2 on a WebSocket.
const ROWS: [(&str, &str, u16, &str); 13] = [
    (
        "GET",
        "EIO=4&transport=abc",
        400,
        r#"0 Transport unknown [("transport", "abc")]"#,
    ),
    ("GET", "EIO=4", 400, "0 Transport unknown []"),
    (
        "GET",
        "P&sid=nobody",
        400,
        r#"1 Session ID unknown [("sid", "nobody")]"#,
    ),
    (
        "PUT",
        "P",
        400,
        r#"2 Bad handshake method [("method", "PUT")]"#,
    ),
    (
        "GET",
        "W",
        400,
        r#"3 Bad request [("name", "TRANSPORT_HANDSHAKE_ERROR")]"#,
    ),
    (
        "GET",
        "P&sid=id-2",
        400,
        r#"3 Bad request [("name", "TRANSPORT_MISMATCH"), ("transport", "polling"), ("previousTransport", "websocket")]"#,
    ),
    (
        "GET",
        "EIO=5&transport=polling&sid=id-1",
        400,
        r#"3 Bad request [("name", "PROTOCOL_MISMATCH"), ("protocol", "5")]"#,
    ),
    (
        "GET",
        "P&id=bad",
        400,
        r#"3 Bad request [("name", "ID_GENERATION_ERROR")]"#,
    ),
    (
        "GET",
        "P&id=1",
        400,
        r#"3 Bad request [("name", "ID_GENERATION_ERROR")]"#,
    ),
    (
        "GET",
        "P&admit=panic",
        400,
        r#"3 Bad request [("name", "MIDDLEWARE_FAILURE")]"#,
    ),
    (
        "GET",
        "P&admit=no",
        403,
        r#"4 Forbidden [("message", "Forbidden")]"#,
    ),
    (
        "GET",
        "P&admit=why",
        403,
        r#"4 not you [("message", "not you")]"#,
    ),
    (
        "GET",
        "EIO=x&transport=polling",
        400,
        r#"5 Unsupported protocol version [("protocol", "x")]"#,
    ),
];

fn hooks(teller: Teller) -> Hooks {
    Hooks::default()
        .allow_request(async |handshake| match handshake.query("admit") {
            Some("no") => Err(String::new()),
            Some("why") => Err("not you".to_owned()),
            Some("panic") => panic!("on purpose"),
            _ => Ok(()),
        })
        .generate_id(async |handshake| match handshake.query("id") {
            Some("bad") => Err("no id"),
            id => Ok(format!("id-{}", id.unwrap_or("0"))),
        })
        .connection_error(move |refusal, parts| {
            let (code, message) = (refusal.code(), refusal.message());
            let context: Vec<_> = refusal.context().into_iter().collect();
            teller.tell(format!("{} {code} {message} {context:?}", parts.method));
        })
}

#[tokio::test]
async fn every_refusal_is_told_with_its_code_and_context() {
    let (teller, mut log) = log();
    let config = Config {
        hooks: hooks(teller),
        ..Config::default()
    };
    let address = serve_config(&Io::builder().build(), config).await;
    let mut http = Http::connect(address).await;
    assert_eq!(http.get(&format!("{POLLING}&id=1")).await.status, 200);
    let ws = Http::connect(address).await;
    let mut ws = ws.upgrade(&format!("{WEBSOCKET}&id=2"), &[]).await;
    ws.next().await;
    for (method, query, status, told) in ROWS {
        let usual = query.replacen('P', "EIO=4&transport=polling", 1);
        let query = usual.replacen('W', "EIO=4&transport=websocket", 1);
        let target = format!("/socket.io/?{query}");
        let reply = http.request(method, &target, &[], b"").await;
        assert_eq!(reply.status, status, "{target}");
        log.expect(&format!("{method} {told}")).await;
    }
    assert!(log.told().is_empty());
}
