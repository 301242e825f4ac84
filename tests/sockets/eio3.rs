//! Clients of Engine.IO 3 and Socket.IO 2: versions at the door, content types, and socket ids.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use trunkline::server::{Access, Config};
use trunkline::{Ack, Args, Error, Io, Socket};

use super::client::{Http, POLLING, Polling, Reply, within};
use super::host::{serve_config, serve_io};

const OLD: &str = "/socket.io/?EIO=3&transport=polling";
const OLD_WEBSOCKET: &str = "/socket.io/?EIO=3&transport=websocket";
const OCTETS: (&str, &str) = ("Content-Type", "application/octet-stream");

async fn serve() -> SocketAddr {
    let io = Io::builder().allow_eio3(true).build();
    for name in ["/", "/custom"] {
        io.of(name)
            .on("id", async |socket: Socket, ack: Ack| {
                ack.send((socket.id(),))?;
                Ok::<_, Error>(())
            })
            .on("echo", async |socket: Socket, args: Args| {
                socket.emit("echo", args)?;
                Ok::<_, Error>(())
            });
    }
    serve_io(&io).await
}

/// The session id in an open packet, also in one within a script.
fn sid(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    let text = reply.text().replace('\\', "");
    let (_, rest) = text.split_once(r#""sid":""#).unwrap();
    rest[..rest.find('"').unwrap()].to_owned()
}

#[tokio::test]
async fn old_clients_are_served_only_where_they_are_allowed() {
    let address = serve_io(&Io::builder().build()).await;
    let mut http = Http::connect(address).await;
    for target in [OLD, "/socket.io/?transport=polling"] {
        let refused = http.get(target).await;
        assert_eq!(refused.status, 400);
        let body = r#"{"code":5,"message":"Unsupported protocol version"}"#;
        assert_eq!(refused.text(), body);
    }
    let address = serve().await;
    let mut http = Http::connect(address).await;
    assert!(http.get(OLD).await.text().starts_with("118:0{"));
    assert!(http.get(POLLING).await.text().starts_with("0{"));
}

#[tokio::test]
async fn a_session_is_continued_in_its_own_version() {
    let address = serve().await;
    let mut http = Http::connect(address).await;
    let old = sid(&http.get(OLD).await);
    let new = Polling::open(address).await;
    for target in [
        format!("{POLLING}&sid={old}"),
        new.target.replace("EIO=4", "EIO=3"),
        new.target.replace("EIO=4&", ""),
    ] {
        for reply in [http.get(&target).await, http.post(&target, "1:2").await] {
            let body = r#"{"code":3,"message":"Bad request"}"#;
            assert_eq!((reply.status, reply.text()), (400, body), "{target}");
        }
    }
    assert_eq!(http.get(&format!("{OLD}&sid={old}")).await.text(), "2:40");
}

#[tokio::test]
async fn bytes_go_by_polling_as_octets() {
    let address = serve().await;
    let mut http = Http::connect(address).await;
    let target = format!("{OLD}&sid={}", sid(&http.get(OLD).await));
    let joined = http.get(&target).await;
    assert_eq!(
        joined.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    assert_eq!(joined.text(), "2:40");
    let header = r#"451-["echo",{"_placeholder":true,"num":0}]"#;
    let mut body = vec![0, 4, 2, 0xFF];
    body.extend_from_slice(header.as_bytes());
    body.extend_from_slice(&[1, 4, 0xFF, 4, 7, 8, 9]);
    let posted = http.request("POST", &target, &[OCTETS], &body).await;
    assert_eq!((posted.status, posted.text()), (200, "ok"));
    let echoed = http.get(&target).await;
    assert_eq!(
        echoed.header("content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(echoed.body, Bytes::from(body));
}

#[tokio::test]
async fn scripts_and_forms_carry_packets_too() {
    let address = serve().await;
    let mut http = Http::connect(address).await;
    let opened = http.get(&format!("{OLD}&b64=1&j=5")).await;
    // Browsers run no script of this type if they are told not to guess.
    assert_eq!(opened.header("x-content-type-options"), None);
    assert!(
        opened.text().starts_with("___eio[5](\"118:0{"),
        "{opened:?}"
    );
    let target = format!("{OLD}&sid={}", sid(&opened));
    assert_eq!(http.get(&target).await.text(), r#"___eio[5]("2:40");"#);
    // Of what the client writes as two backslashes and an n, one backslash is left.
    let form = r#"d=16%3A42[%22echo%22,%22a\\n%22]"#;
    let posted = http.post(&target, form).await;
    assert_eq!((posted.status, posted.text()), (200, "ok"));
    let echoed = r#"___eio[5]("16:42[\"echo\",\"a\\n\"]");"#;
    assert_eq!(http.get(&target).await.text(), echoed);
}

#[tokio::test]
async fn an_old_clients_socket_ids_are_made_of_its_session_id() {
    let address = serve().await;
    let http = Http::connect(address).await;
    let mut ws = http.upgrade(OLD_WEBSOCKET, &[]).await;
    let open = ws.next().await;
    let (_, rest) = open.split_once(r#""sid":""#).unwrap();
    let sid = &rest[..20];
    ws.expect("40").await;
    ws.send(r#"420["id"]"#).await;
    ws.expect(&format!(r#"430["{sid}"]"#)).await;
    ws.send("40/custom?token=abc,").await;
    ws.expect("40/custom,").await;
    ws.send(r#"42/custom,1["id"]"#).await;
    ws.expect(&format!(r#"43/custom,1["/custom#{sid}"]"#)).await;
    ws.send("2").await;
    ws.expect("3").await;
}

#[tokio::test]
async fn bytes_go_by_websocket_with_their_type() {
    let address = serve().await;
    let http = Http::connect(address).await;
    let mut ws = http.upgrade(OLD_WEBSOCKET, &[]).await;
    assert!(ws.next().await.starts_with('0'));
    ws.expect("40").await;
    let header = r#"451-["echo",{"_placeholder":true,"num":0}]"#;
    ws.send(header).await;
    let mut ws = ws.into_inner();
    let part = Message::binary(vec![4, 7, 8]);
    within(ws.send(part.clone())).await.unwrap();
    let given = [within(ws.next()).await, within(ws.next()).await];
    let given = given.map(|message| message.unwrap().unwrap());
    assert_eq!(given, [Message::text(header), part]);
}

#[tokio::test]
async fn scripts_are_no_way_around_the_origins() {
    let io = Io::builder().allow_eio3(true).build();
    let config = Config {
        access: Access::loopback(Vec::new()),
        ..Config::default()
    };
    let address = serve_config(&io, config).await;
    let mut http = Http::connect(address).await;
    let target = format!("{OLD}&j=0");
    let own = ("Referer", "http://localhost:3000/page");
    let foreign = ("Referer", "https://evil.example/http://localhost/");
    assert_eq!(http.get(OLD).await.status, 200, "this one cannot be read");
    for (headers, status) in [(&[own][..], 200), (&[foreign], 403), (&[], 403)] {
        let reply = http.request("GET", &target, headers, b"").await;
        assert_eq!(reply.status, status, "{headers:?}");
    }
}
