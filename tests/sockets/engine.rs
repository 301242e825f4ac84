//! Engine.IO alone, and two services on one port.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use trunkline::server::Config;
use trunkline::{CloseReason, Engine, EngineSocket, Frame, Io, Limits, Server, Service};

use super::client::{Http, POLLING, WEBSOCKET, Ws, log};
use super::host::serve;

#[tokio::test]
async fn engine_io_alone_sends_bare_messages_beside_socket_io() {
    let (teller, mut log) = log();
    let (connected, upgraded, closed) = (teller.clone(), teller.clone(), teller);
    let engine = Engine::builder()
        .on_connect(async move |socket: EngineSocket| {
            socket.send("welcome");
            connected.tell(format!("connected by {}", socket.transport().as_str()));
        })
        .on_message(async |socket: EngineSocket, message: Frame| {
            if message == Frame::from_static("bye") {
                socket.close();
            } else {
                socket.send(message);
            }
        })
        .on_upgrade(async move |socket: EngineSocket| {
            upgraded.tell(format!("upgraded to {}", socket.transport().as_str()));
        })
        .on_close(async move |socket: EngineSocket, reason: CloseReason| {
            closed.tell(format!("{}, open: {}", reason.as_str(), socket.is_open()));
        })
        .build();
    let config = Config {
        path: "/engine.io".to_owned(),
        ..Config::default()
    };
    let engine = Service::with_config(engine, config);
    let both = Service::new(Io::builder().build()).with_application(engine.clone());
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(both, std::future::pending()));

    Ws::join(address).await;
    let polling = "/engine.io/?EIO=4&transport=polling";
    let mut http = Http::connect(address).await;
    let open = http.get(polling).await;
    let open: serde_json::Value = serde_json::from_str(&open.text()[1..]).unwrap();
    log.expect("connected by polling").await;
    let sid = open["sid"].as_str().unwrap();
    let target = format!("{polling}&sid={sid}");
    assert_eq!(http.get(&target).await.text(), "4welcome");
    http.post(&target, "4hello\x1ebaGk=").await;
    assert_eq!(http.get(&target).await.text(), "4hello\x1ebaGk=");

    let target = WEBSOCKET.replace("socket.io", "engine.io");
    let mut ws = http.upgrade(&format!("{target}&sid={sid}"), &[]).await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send_all(&["5", "4over here"]).await;
    ws.expect("4over here").await;
    log.expect("upgraded to websocket").await;
    ws.send("4bye").await;
    ws.closed().await;
    log.expect("forced close, open: false").await;
    engine.close(Duration::from_secs(20)).await;
}

#[tokio::test]
async fn engine_io_alone_has_the_limits_of_its_connections() {
    let limits = Limits {
        max_payload: 100,
        max_clients: 1,
        ..Limits::default()
    };
    let engine = Engine::builder().limits(limits).build();
    let address = serve(Service::new(engine)).await;
    let mut ws = Ws::open(address).await;
    let refused = Http::connect(address).await.get(POLLING).await;
    assert_eq!(refused.status, 503);
    ws.send(&"4".repeat(101)).await;
    assert_eq!(ws.closed().await, Some(1009));
}

#[tokio::test]
async fn a_connection_is_the_same_to_all_its_handlers() {
    let (teller, mut log) = log();
    let here = Arc::new(Mutex::new(HashSet::new()));
    let (arrived, met, left) = (here.clone(), here.clone(), here);
    let engine = Engine::builder()
        .on_connect(async move |socket: EngineSocket| {
            assert!(arrived.lock().unwrap().insert(socket));
        })
        .on_message(async move |socket: EngineSocket, message: Frame| {
            for other in met.lock().unwrap().iter().filter(|other| **other != socket) {
                other.send(message.clone());
            }
        })
        .on_close(async move |socket: EngineSocket, _: CloseReason| {
            assert!(left.lock().unwrap().remove(&socket));
            teller.tell(format!("{} left", left.lock().unwrap().len()));
        })
        .build();
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(Service::new(engine), std::future::pending()));
    let mut first = Ws::open(address).await;
    let mut second = Ws::open(address).await;
    first.send("4hello").await;
    second.expect("4hello").await;
    second.send("4to you, too").await;
    first.expect("4to you, too").await;
    drop(first);
    log.expect("1 left").await;
    drop(second);
    log.expect("0 left").await;
}
