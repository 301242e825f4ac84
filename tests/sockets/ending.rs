//! A server's clients as a whole: counting them, the connections under their sockets, the end.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use trunkline::{
    Binary, DisconnectReason, Engine, EngineSocket, HandshakeRecord, Io, Server, Service, Socket,
};

use super::client::{Http, POLLING, Polling, Ws, log, within};
use super::host::{serve, serve_io};

#[tokio::test]
async fn a_closed_server_tells_everybody_and_listens_no_more() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason, io: Io| {
            // Who is told may close it as well.
            io.close().await;
            teller.tell(reason.as_str());
        });
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let running = tokio::spawn(server.run(Service::new(&io), io.closed()));
    let other = serve_io(&io).await;

    let mut ws = Ws::join(address).await;
    let mut polling = Polling::open(other).await.join().await;
    let mut unjoined = Ws::open(other).await;
    assert_eq!(io.client_count(), 3);
    within(io.close()).await;
    assert_eq!(io.client_count(), 0);
    assert_eq!(polling.http.get(&polling.target).await.status, 400);
    assert_eq!(ws.closed().await, None);
    assert_eq!(unjoined.closed().await, None);
    for _ in 0..2 {
        log.expect("server shutting down").await;
    }
    within(running).await.unwrap();
    drop(tokio::net::TcpListener::bind(address).await.unwrap());
    within(io.closed()).await;
    within(io.close()).await;

    // One that listens still, and one that comes later, turn everybody away.
    for address in [other, serve_io(&io).await] {
        assert_eq!(Http::connect(address).await.get(POLLING).await.status, 503);
    }
    within(Io::builder().build().close()).await;
}

#[tokio::test]
async fn an_engine_is_closed_the_same_way() {
    let engine = Engine::builder().build();
    let address = serve(Service::new(engine.clone())).await;
    let mut ws = Ws::open(address).await;
    assert_eq!(engine.client_count(), 1);
    within(engine.close()).await;
    within(engine.closed()).await;
    ws.closed().await;
    assert_eq!(engine.client_count(), 0);
}

#[tokio::test]
async fn an_application_sees_the_connections_under_its_sockets() {
    let (teller, mut log) = log();
    let known: Arc<Mutex<HashSet<EngineSocket>>> = Arc::default();
    let (opened, upgraded, closed) = (teller.clone(), teller.clone(), teller.clone());
    let (adding, removing) = (known.clone(), known.clone());
    let io = Io::builder()
        .on_engine_connect(move |conn| {
            assert!(conn.is_open() && adding.lock().unwrap().insert(conn.clone()));
            let address = conn.remote_address().unwrap();
            opened.tell(format!(
                "open {} {} {address}",
                conn.transport().as_str(),
                conn.protocol()
            ));
            panic!("on purpose");
        })
        .on_engine_upgrade(move |conn| {
            upgraded.tell(format!("upgrade {}", conn.transport().as_str()));
        })
        .on_engine_close(move |conn, reason| {
            assert!(!conn.is_open() && removing.lock().unwrap().remove(conn));
            closed.tell(format!("close {}", reason.as_str()));
        })
        .build();
    let finding = known.clone();
    io.of("/")
        .on("raw", async move |socket: Socket| {
            let conn = socket.conn();
            assert!(finding.lock().unwrap().contains(&conn));
            conn.send("2[\"by hand\"]");
        })
        .on("close", async |socket: Socket| socket.conn().close())
        .on_disconnect(async move |socket: Socket, reason: DisconnectReason| {
            teller.tell(format!("{reason}, {}", socket.conn().is_open()));
        });
    let address = serve_io(&io).await;
    let mut polling = Polling::open(address).await;
    log.expect("open polling 4 127.0.0.1").await;
    let target = polling
        .target
        .replace("transport=polling", "transport=websocket");
    let mut ws = Http::connect(address).await.upgrade(&target, &[]).await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send("5").await;
    log.expect("upgrade websocket").await;
    ws.send_all(&["40", "42[\"raw\"]", "42[\"close\"]"]).await;
    assert!(ws.next().await.starts_with("40"));
    ws.expect("42[\"by hand\"]").await;
    assert_eq!(ws.closed().await, None);
    log.expect("forced close, false").await;
    log.expect("close forced close").await;
    assert!(known.lock().unwrap().is_empty());
    assert_eq!(polling.http.get(&polling.target).await.status, 400);
}

#[tokio::test]
async fn a_handshake_record_says_what_the_reference_says() {
    let io = Io::builder().build();
    io.of("/abc").on_connect(async |socket: Socket| {
        socket
            .emit("handshake", socket.handshake_record())
            .map(drop)
    });
    let address = serve_io(&io).await;
    let target = "/socket.io/?EIO=4&transport=websocket&%26a=%26%3D%3Fa&a=1&a=2";
    let headers = [
        ("x-one", "1"),
        ("x-one", "2"),
        ("origin", "http://a.example"),
    ];
    let mut ws = Http::connect(address).await.upgrade(target, &headers).await;
    ws.next().await;
    ws.send("40/abc,{\"token\":\"t\"}").await;
    ws.next().await;
    let event = ws.next().await;
    let args = event.strip_prefix("42/abc,").unwrap();
    let (name, record): (String, Value) = serde_json::from_str(args).unwrap();
    assert_eq!(name, "handshake");
    let mut keys: Vec<_> = record.as_object().unwrap().keys().cloned().collect();
    keys.sort();
    let expected = [
        "address", "auth", "headers", "issued", "query", "secure", "time", "url", "xdomain",
    ];
    assert_eq!(keys, expected);
    let record: HandshakeRecord = serde_json::from_value(record).unwrap();
    assert_eq!(
        (record.url.as_str(), record.xdomain, record.secure),
        (target, true, false)
    );
    assert_eq!(record.query["&a"], "&=?a");
    assert_eq!(record.query["a"], "2");
    assert_eq!(record.headers["x-one"], "1, 2");
    assert_eq!(record.auth["token"], "t");
    assert!(
        record
            .time
            .ends_with(" GMT+0000 (Coordinated Universal Time)")
    );
}

#[tokio::test]
async fn a_bare_message_leaves_between_the_packets_where_it_was_sent() {
    let io = Io::builder().build();
    io.of("/").on("go", async |socket: Socket| {
        socket.emit("first", Binary::from(vec![1])).unwrap();
        socket.conn().send(r#"2["bare"]"#);
        socket.emit("last", ()).unwrap();
    });
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    ws.send("42[\"go\"]").await;
    assert!(ws.next().await.starts_with("451-[\"first\""));
    assert_eq!(ws.next_binary().await, [1]);
    ws.expect("42[\"bare\"]").await;
    ws.expect("42[\"last\"]").await;
    let mut polling = Polling::open(address).await.join().await;
    polling.send("42[\"go\"]").await;
    let packets = polling.receive().await;
    let names = ["first", "bare", "last"].map(|name| packets.find(name).unwrap());
    assert!(names.is_sorted(), "{packets}");
}
