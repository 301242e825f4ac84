//! Arriving: middlewares, connection handlers, and the events that come right behind.

use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::Semaphore;
use trunkline::{Auth, ConnectError, Error, Io, Socket};

use super::client::{Polling, Ws, log};
use super::host::serve_io;

const CLIENTS: usize = 200;

/// A server whose clients get their listeners when they connect, after an await as well.
fn registering(is_slow: bool) -> Io {
    let io = Io::builder().build();
    if is_slow {
        io.of("/")
            .middleware(async || tokio::task::yield_now().await);
    }
    io.of("/").on_connect(async |socket: Socket| {
        let id = socket.id().to_string();
        socket.on("hello", async move || Ok::<_, Error>(id));
    });
    io
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_first_event_finds_the_listeners_of_its_connection_handler() {
    for is_slow in [false, true] {
        let address = serve_io(&registering(is_slow)).await;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| async move {
                if number % 2 == 0 {
                    let mut ws = Ws::open(address).await;
                    ws.send_all(&["40", "420[\"hello\"]"]).await;
                    [ws.next().await, ws.next().await]
                } else {
                    let mut polling = Polling::open(address).await;
                    polling.send("40\x1e420[\"hello\"]").await;
                    let mut packets = polling.receive().await;
                    while !packets.contains("430") {
                        packets = format!("{packets}\x1e{}", polling.receive().await);
                    }
                    let (first, second) = packets.split_once('\x1e').unwrap();
                    [first.to_owned(), second.to_owned()]
                }
            })
            .map(tokio::spawn)
            .collect();
        for client in clients {
            let [connected, answer] = client.await.unwrap();
            let id = connected.strip_prefix("40{\"sid\":\"").unwrap();
            let id = id.strip_suffix("\"}").unwrap();
            assert_eq!(answer, format!("430[\"{id}\"]"));
        }
    }
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

#[tokio::test]
async fn a_middleware_refuses_with_data() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    let second = teller.clone();
    io.of("/")
        .middleware(async |Auth(auth): Auth<Token>| match auth.token.as_str() {
            "panic" => panic!("on purpose"),
            "secret" => Ok(()),
            _ => Err(Error::new("unauthorized", "not authorized").with_data(["ask", "again"])),
        })
        .middleware(async move || {
            second.tell("second middleware");
            Ok::<_, ConnectError>(())
        })
        .on_connect(async move || teller.tell("connected"));
    let address = serve_io(&io).await;
    for (auth, refusal) in [
        (
            "{\"token\":\"guess\"}",
            "44{\"message\":\"not authorized\",\"data\":{\"code\":\"unauthorized\",\
             \"message\":\"not authorized\",\"data\":[\"ask\",\"again\"]}}",
        ),
        ("", "44{\"message\":\"auth: missing field `token`"),
        (
            "{\"token\":\"panic\"}",
            "44{\"message\":\"internal error\"}",
        ),
    ] {
        let mut ws = Ws::open(address).await;
        ws.send(&format!("40{auth}")).await;
        let refused = ws.next().await;
        assert!(refused.starts_with(refusal), "{refused}");
        // It may try again on the same connection.
        ws.send("40{\"token\":\"secret\"}").await;
        assert!(ws.next().await.starts_with("40{\"sid\":"));
        log.expect("second middleware").await;
        log.expect("connected").await;
    }
    assert!(log.told().is_empty());
}

#[tokio::test]
async fn events_behind_a_connect_wait_for_the_middlewares() {
    let (teller, mut log) = log();
    let gate = Arc::new(Semaphore::new(0));
    let io = Io::builder().build();
    let door = gate.clone();
    io.of("/")
        .middleware(
            async move |socket: Socket, Auth(name): Auth<serde_json::Value>| {
                teller.tell(format!("asks, connected: {}", socket.is_connected()));
                door.acquire().await.unwrap().forget();
                socket.join("early");
                match name.as_object().is_some_and(serde_json::Map::is_empty) {
                    true => Ok(()),
                    false => Err(ConnectError::new("no")),
                }
            },
        )
        .on("rooms", async |socket: Socket| {
            let mut rooms = socket.rooms();
            rooms.retain(|room| **room != *socket.id().as_str());
            Ok::<_, Error>((rooms,))
        });
    let address = serve_io(&io).await;
    for (auth, expected) in [("", Some("430[[\"early\"]]")), ("{\"no\":1}", None)] {
        let mut ws = Ws::open(address).await;
        ws.send_all(&[&format!("40{auth}"), "420[\"rooms\"]", "421[\"rooms\"]"])
            .await;
        log.expect("asks, connected: false").await;
        gate.add_permits(1);
        match expected {
            Some(rooms) => {
                assert!(ws.next().await.starts_with("40{\"sid\":"));
                ws.expect(rooms).await;
                ws.expect("431[[\"early\"]]").await;
            }
            None => ws.expect("44{\"message\":\"no\"}").await,
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_it_is_let_in_was_never_there() {
    let (teller, mut log) = log();
    let gate = Arc::new(Semaphore::new(0));
    let io = Io::builder().build();
    let (asking, connected, left) = (teller.clone(), teller.clone(), teller);
    let door = gate.clone();
    io.of("/")
        .middleware(async move |socket: Socket| {
            asking.tell("asks");
            socket.left().await;
            asking.tell("gone");
            door.acquire().await.unwrap().forget();
            asking.tell("let in");
        })
        .on_connect(async move || connected.tell("connected"))
        .on_disconnect(async move || left.tell("disconnected"));
    let address = serve_io(&io).await;
    let mut ws = Ws::open(address).await;
    ws.send("40").await;
    log.expect("asks").await;
    drop(ws);
    log.expect("gone").await;
    gate.add_permits(1);
    log.expect("let in").await;
    assert_eq!(io.of("/").socket_count(), 0);
    assert!(log.told().is_empty());
}
