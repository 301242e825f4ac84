//! Those who cannot keep up: clients that do not read, applications that do not finish.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use trunkline::{
    Config, DisconnectReason, DispatchConfig, DropReason, Emitted, Io, Service, Socket,
};

use super::client::{Http, Log, Polling, Ws, log, within};
use super::host::{serve, serve_io};

/// An application that never finishes with `work`, on a server with these limits.
fn stuck(dispatch: DispatchConfig, config: Config) -> (Io, Log) {
    let (teller, log) = log();
    let io = Io::builder().config(Config { dispatch, ..config }).build();
    let left = teller.clone();
    io.of("/")
        .on("work", async move |(number,): (u32,)| {
            teller.tell(format!("work {number}"));
            std::future::pending::<()>().await;
        })
        .on_disconnect(async move |reason: DisconnectReason| left.tell(reason.as_str()));
    (io, log)
}

fn work(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| format!("42[\"work\",{n}]")).collect()
}

async fn send(ws: &mut Ws, packets: &[String]) {
    let packets: Vec<_> = packets.iter().map(String::as_str).collect();
    ws.send_all(&packets).await;
}

#[tokio::test]
async fn at_the_bound_events_wait_while_pongs_and_disconnects_do_not() {
    let dispatch = DispatchConfig {
        max_in_flight: 2,
        ..DispatchConfig::default()
    };
    let mut config = Config::default();
    config.engine.ping_interval = Duration::from_millis(50);
    let (io, mut log) = stuck(dispatch, config);
    let mut ws = Ws::join(serve_io(&io).await).await;
    send(&mut ws, &work(0..10)).await;
    log.expect("work 0").await;
    log.expect("work 1").await;
    for _ in 0..3 {
        // The next ping comes only when the pong was heard.
        ws.expect("2").await;
        ws.send("3").await;
    }
    assert!(log.told().is_empty());
    // What was sent before the leaving is handled before it.
    ws.send("41").await;
    for number in 2..10 {
        log.expect(&format!("work {number}")).await;
    }
    log.expect("client namespace disconnect").await;
}

#[tokio::test]
async fn beyond_the_queue_nothing_is_read_and_in_the_end_the_client_is_closed() {
    let dispatch = DispatchConfig {
        max_in_flight: 1,
        max_waiting: 4,
        stall_limit: Duration::from_millis(200),
        ..DispatchConfig::default()
    };
    let (io, mut log) = stuck(dispatch, Config::default());
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    send(&mut ws, &work(0..40)).await;
    log.expect("work 0").await;
    // The five that were taken, and no more, come before the end.
    for number in 1..5 {
        log.expect(&format!("work {number}")).await;
    }
    log.expect("transport error").await;
    ws.closed().await;

    let mut polling = Polling::open(address).await.join().await;
    let target = polling.target.clone();
    // The POST is held until its end is known: not all of it was taken.
    let cut = polling.http.post(&target, work(0..40).join("\x1e")).await;
    assert_eq!((cut.status, cut.header("connection")), (400, Some("close")));
    for number in 0..5 {
        log.expect(&format!("work {number}")).await;
    }
    log.expect("transport error").await;
    let mut http = Http::connect(address).await;
    assert_eq!(http.get(&target).await.status, 400);
}

#[tokio::test]
async fn a_get_that_waited_while_nobody_was_read_is_released_when_reading_goes_on() {
    let dispatch = DispatchConfig {
        max_in_flight: 1,
        max_waiting: 1,
        ..DispatchConfig::default()
    };
    let io = Io::builder()
        .config(Config {
            dispatch,
            ..Config::default()
        })
        .build();
    let permits = Arc::new(Semaphore::new(0));
    let wanted = permits.clone();
    io.of("/").on("work", async move || {
        wanted.acquire().await.unwrap().forget();
    });
    let address = serve_io(&io).await;
    let mut polling = Polling::open(address).await.join().await;
    let target = polling.target.replace("polling", "websocket");
    let mut candidate = Http::connect(address).await.upgrade(&target, &[]).await;
    candidate.send("2probe").await;
    candidate.expect("3probe").await;
    // One runs, one waits: there is no room for more, so the `5` would not be read.
    let body = work(0..2).join("\x1e");
    let mut post = Http::connect(address).await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        polling.target,
        body.len()
    );
    post.send(format!("{head}{body}").as_bytes()).await;
    Polling::open(address).await;
    let get = format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", polling.target);
    polling.http.send(get.as_bytes()).await;
    // Another client's round trip: by its end the GET has arrived, as had the POST above.
    Polling::open(address).await;
    permits.add_permits(1);
    assert_eq!(polling.http.receive().await.text(), "6");
    assert_eq!(post.receive().await.text(), "ok");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_and_the_others_do_not_notice() {
    let (teller, mut log) = log();
    let mut config = Config::default();
    config.dispatch.max_backlog = 1 << 20;
    let io = Io::builder().config(config).build();
    io.of("/")
        .on_connect(
            async |socket: Socket, trunkline::Auth(kind): trunkline::Auth<Kind>| {
                socket.join(kind.kind);
            },
        )
        .on_disconnect(async move |reason: DisconnectReason| teller.tell(reason.as_str()));
    let service = Service::new(&io);
    let address = serve(service.clone()).await;
    let mut reader = Ws::open(address).await;
    reader.send("40{\"kind\":\"reader\"}").await;
    reader.next().await;
    // One has a WebSocket and does not read it, one never asks for its packets.
    let mut deaf = Ws::open(address).await;
    deaf.send("40{\"kind\":\"deaf\"}").await;
    deaf.next().await;
    let mut silent = Polling::open(address).await;
    silent.send("40{\"kind\":\"deaf\"}").await;

    let text = "x".repeat(100_000);
    let mut sent = 0;
    while !io.of("/").to("deaf").sockets().is_empty() {
        assert!(io.of("/").emit("news", (sent, &text)).unwrap() >= 1);
        let expected = format!("42[\"news\",{sent},");
        assert!(reader.next().await.starts_with(&expected));
        sent += 1;
    }
    log.expect("transport error").await;
    log.expect("transport error").await;
    assert_eq!(service.client_count(), 1);
    assert!(sent >= 10, "{sent} messages");
}

#[derive(serde::Deserialize)]
struct Kind {
    kind: String,
}

#[tokio::test]
async fn an_emit_beyond_the_backlog_says_so() {
    let (teller, mut log) = log();
    let mut config = Config::default();
    config.dispatch.max_backlog = 1_250;
    let io = Io::builder().config(config).build();
    io.of("/").on("flood", async move |socket: Socket| {
        let text = "x".repeat(400);
        for _ in 0..3 {
            teller.tell(match socket.emit("news", &text).unwrap() {
                Emitted::Queued => "queued",
                Emitted::Dropped(DropReason::SlowConsumer) => "slow consumer",
                Emitted::Dropped(DropReason::Disconnected) => "disconnected",
                Emitted::Dropped(DropReason::NoRoom) => "no room",
            });
        }
        socket.left().await;
        teller.tell("left");
    });
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send("42[\"flood\"]").await;
    for expected in ["queued", "queued", "slow consumer", "left"] {
        log.expect(expected).await;
    }
}

#[tokio::test]
async fn a_producer_can_wait_until_its_client_has_taken_everything() {
    let (teller, mut log) = log();
    let mut config = Config::default();
    config.dispatch.max_backlog = 1_000_000;
    let io = Io::builder().config(config).build();
    io.of("/").on("flood", async move |socket: Socket| {
        let text = "x".repeat(300_000);
        for number in 0..40 {
            let sent = socket.emit("news", (number, &text)).unwrap();
            assert_eq!(sent, Emitted::Queued);
            socket.flushed().await;
        }
        teller.tell("done");
    });
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    ws.send("42[\"flood\"]").await;
    for number in 0..40 {
        assert!(
            ws.next()
                .await
                .starts_with(&format!("42[\"news\",{number},"))
        );
    }
    log.expect("done").await;
    let mut polling = Polling::open(address).await.join().await;
    polling.send("42[\"flood\"]").await;
    for number in 0..40 {
        let packet = within(polling.receive()).await;
        assert!(packet.starts_with(&format!("42[\"news\",{number},")));
    }
    log.expect("done").await;
}
