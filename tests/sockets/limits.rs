//! What happens at the limits of sizes and times.

use std::time::Duration;

use trunkline::server::{Config, ListenerLimits};
use trunkline::{DisconnectReason, Io, Service, Socket};

use super::client::{Http, Log, POLLING, Polling, Ws, log};
use super::host::{serve_io, serve_with};

const SHORT: Duration = Duration::from_millis(200);

/// A server that takes 1000 bytes at most, and tells why its clients leave.
fn small() -> (Io, Log) {
    let (teller, log) = log();
    let io = Io::builder().max_payload(1_000).build();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| teller.tell(reason.as_str()))
        .on("echo", async |socket: Socket, (text,): (String,)| {
            socket.emit("echo", text).unwrap();
        });
    (io, log)
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_the_session_lives() {
    let (io, mut log) = small();
    let address = serve_io(&io).await;
    let mut polling = Polling::open(address).await.join().await;
    let target = polling.target.clone();
    for size in [1_001, 15_000] {
        let reply = polling.http.post(&target, "4".repeat(size)).await;
        assert_eq!((reply.status, reply.text()), (413, ""));
    }
    // On the same connection, in the same session.
    polling.send("42[\"echo\",\"still here\"]").await;
    assert_eq!(polling.receive().await, "42[\"echo\",\"still here\"]");

    // Without an announced length it is noticed on the way.
    let mut other = Http::connect(address).await;
    let chunk = format!("400\r\n{}\r\n", "4".repeat(0x400));
    let head = format!("POST {target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    other
        .send(format!("{head}{chunk}{chunk}0\r\n\r\n").as_bytes())
        .await;
    assert_eq!(other.receive().await.status, 413);
    polling.send("42[\"echo\",\"and here\"]").await;
    assert_eq!(polling.receive().await, "42[\"echo\",\"and here\"]");
    assert!(log.told().is_empty());
}

#[tokio::test]
async fn a_websocket_message_over_the_limit_closes_with_1009() {
    let (io, mut log) = small();
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    let text = "x".repeat(1_000 - "42[\"echo\",\"\"]".len());
    ws.send(&format!("42[\"echo\",\"{text}\"]")).await;
    ws.expect(&format!("42[\"echo\",\"{text}\"]")).await;
    ws.send(&format!("42[\"echo\",\"{text}x\"]")).await;
    assert_eq!(ws.closed().await, Some(1009));
    log.expect("transport error").await;
}

#[tokio::test]
async fn a_request_head_must_come_in_time() {
    let limits = ListenerLimits {
        head_timeout: SHORT,
        ..ListenerLimits::default()
    };
    let address = serve_with(Service::new(small().0), limits).await;
    let mut http = Http::connect(address).await;
    http.send(b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: ").await;
    http.end().await;
    // Saying nothing at all is no better, before or after a request.
    Http::connect(address).await.end().await;
    let mut http = Http::connect(address).await;
    assert_eq!(http.get(POLLING).await.status, 200);
    http.end().await;
}

#[tokio::test]
async fn a_request_head_has_a_largest_size() {
    let limits = ListenerLimits {
        max_head: 8_192,
        ..ListenerLimits::default()
    };
    let address = serve_with(Service::new(small().0), limits).await;
    let mut http = Http::connect(address).await;
    let head = format!(
        "GET {POLLING} HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(9_000)
    );
    http.send(head.as_bytes()).await;
    assert_eq!(http.receive().await.status, 431);
}

#[tokio::test]
async fn a_body_must_come_in_time() {
    let (io, mut log) = small();
    let config = Config {
        body_timeout: SHORT,
        ..Config::default()
    };
    let address = serve_with(Service::with_config(&io, config), ListenerLimits::default()).await;
    let polling = Polling::open(address).await.join().await;
    let mut other = Http::connect(address).await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
        polling.target
    );
    other.send(format!("{head}42[").as_bytes()).await;
    let reply = other.receive().await;
    assert_eq!(
        (reply.status, reply.header("connection")),
        (408, Some("close"))
    );
    other.end().await;
    log.expect("transport error").await;
}

#[tokio::test]
async fn a_client_must_join_in_time() {
    let io = Io::builder().connect_timeout(SHORT).build();
    let address = serve_io(&io).await;
    let mut joined = Ws::join(address).await;
    let mut idle = Ws::open(address).await;
    idle.closed().await;
    let mut polling = Polling::open(address).await;
    assert_eq!(polling.receive().await, "1");
    // Who has joined may stay.
    joined.send("40/unknown,").await;
    joined
        .expect("44/unknown,{\"message\":\"Invalid namespace\"}")
        .await;
}
