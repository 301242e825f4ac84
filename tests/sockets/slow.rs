//! Clients that read too slowly: what they still get, by policy, and who waits for them.

use std::time::Duration;

use tokio::task::yield_now;
use tokio_tungstenite::tungstenite::Message;
use trunkline::{
    Binary, Builder, Config, DisconnectReason, DropReason, Emitted, Io, SlowClient, Socket,
};

use super::client::{Http, Log, Polling, Teller, Ws, log, within};
use super::host::serve_io;

const BUDGET: usize = 20_000;

/// A server on which each client may leave `budget` bytes waiting, and that hands its sockets over.
fn server(
    budget: usize,
    build: impl FnOnce(Builder) -> Builder,
) -> (Io, tokio::sync::mpsc::UnboundedReceiver<Socket>, Log) {
    let mut config = Config::default();
    config.dispatch.max_backlog = budget;
    let io = build(Io::builder().config(config)).build();
    let (sender, sockets) = tokio::sync::mpsc::unbounded_channel();
    let (teller, log): (Teller, Log) = log();
    io.of("/")
        .on_connect(async move |socket: Socket| {
            let _ = sender.send(socket);
        })
        .on_disconnect(async move |reason: DisconnectReason| teller.tell(reason.as_str()));
    (io, sockets, log)
}

/// The numbers in a GET's packets.
async fn numbers(polling: &mut Polling) -> Vec<usize> {
    let body = polling.receive().await;
    let packets = body.split('\x1e').filter(|packet| packet.starts_with("42"));
    let number = |packet: &str| packet.split(['[', ',', ']']).nth(2).unwrap().parse();
    packets.map(|packet| number(packet).unwrap()).collect()
}

#[tokio::test]
async fn the_oldest_events_are_dropped_for_a_client_that_asks_for_none() {
    for is_taken in [false, true] {
        let (io, mut sockets, mut log) =
            server(BUDGET, |io| io.slow_client(SlowClient::DropOldest));
        let mut polling = Polling::open(serve_io(&io).await).await.join().await;
        let socket = within(sockets.recv()).await.unwrap();
        for number in 0..1_000_usize {
            let emitted = socket.emit("n", (number, "x".repeat(100))).unwrap();
            assert_eq!(emitted, Emitted::Queued);
            if is_taken {
                // The client's task takes it, and keeps it.
                yield_now().await;
            }
            assert!(socket.lag().bytes <= 2 * BUDGET);
        }
        let got = numbers(&mut polling).await;
        assert_eq!(socket.lag().lost, 1_000 - got.len());
        assert_eq!(got, (1_000 - got.len()..1_000).collect::<Vec<_>>());
        assert!((50..100).contains(&got.len()), "{}", got.len());
        assert!(log.told().is_empty());
    }
}

#[tokio::test]
async fn an_event_is_dropped_with_its_attachments() {
    let (io, mut sockets, _log) = server(BUDGET, |io| io.slow_client(SlowClient::DropOldest));
    let mut polling = Polling::open(serve_io(&io).await).await.join().await;
    let socket = within(sockets.recv()).await.unwrap();
    for number in 0..200_usize {
        let part = || Binary(vec![0; 300].into());
        socket.emit("n", (number, part(), part())).unwrap();
        yield_now().await;
    }
    let body = polling.receive().await;
    let kinds: String = body.split('\x1e').map(|packet| &packet[..1]).collect();
    assert!(kinds.len() > 30 && kinds.len().is_multiple_of(3));
    assert_eq!(kinds, "4bb".repeat(kinds.len() / 3));
    assert!(body.contains("[\"n\",199,"));
}

#[tokio::test]
async fn what_a_get_takes_along_counts_no_more_than_it_did_while_it_waited() {
    let (io, _sockets, mut log) = server(300_000, |io| io.slow_client(SlowClient::DropOldest));
    let main = io.of("/");
    main.on("ask", async || {});
    main.on("burst", async |socket: Socket| {
        for number in 0..400 {
            let part = || Binary(vec![0; 3_000].into());
            socket.emit("n", (number, part(), part())).unwrap();
        }
    });
    let address = serve_io(&io).await;
    let mut polling = Polling::open(address).await.join().await;
    let get = format!("GET {} HTTP/1.1\r\nhost: a\r\n\r\n", polling.target);
    polling.http.send(get.as_bytes()).await;
    let mut other = Http::connect(address).await;
    other.post(&polling.target, "42[\"burst\"]").await;
    // In base64 it is a third more than what may wait.
    let mut body = polling.http.receive().await.text().to_owned();
    while !body.contains("[\"n\",399,") {
        body = polling.receive().await;
    }
    assert!(body.len() > 300_000);
    polling.send("421[\"ask\"]").await;
    assert_eq!(polling.receive().await, "431[]");
    assert!(log.told().is_empty());
}

#[tokio::test]
async fn acknowledgements_are_never_dropped_and_too_many_of_them_end_the_client() {
    let (io, mut sockets, mut log) = server(BUDGET, |io| io.slow_client(SlowClient::DropOldest));
    io.of("/")
        .on("ask", async || Ok::<_, trunkline::Error>("x".repeat(1_000)));
    let mut polling = Polling::open(serve_io(&io).await).await.join().await;
    let socket = within(sockets.recv()).await.unwrap();
    polling.send("421[\"ask\"]").await;
    for number in 0..500_usize {
        socket.emit("n", number).unwrap();
        yield_now().await;
    }
    let body = polling.receive().await;
    assert!(body.starts_with("431[\"xxx"), "{body:.20}");
    assert!(body.ends_with("42[\"n\",499]"));
    let asks: Vec<_> = (0..30).map(|id| format!("42{id}[\"ask\"]")).collect();
    let target = polling.target.clone();
    polling.http.post(&target, asks.join("\x1e")).await;
    log.expect("transport error").await;
}

#[tokio::test]
async fn of_events_with_a_key_the_newest_is_enough() {
    for is_taken in [false, true] {
        // Nothing may be lost here, and it would be the end if all of them had to wait.
        let (io, mut sockets, mut log) = server(BUDGET, |io| io);
        let mut polling = Polling::open(serve_io(&io).await).await.join().await;
        let socket = within(sockets.recv()).await.unwrap();
        let cursors = [socket.coalesce("a"), socket.coalesce("b")];
        for number in 0..1_000_usize {
            let cursor = &cursors[number % 2];
            assert_eq!(cursor.emit("at", number).unwrap(), Emitted::Queued);
            if number == 500 {
                socket.emit("other", 500).unwrap();
            }
            if is_taken {
                yield_now().await;
            }
        }
        assert_eq!(numbers(&mut polling).await, [500, 998, 999]);
        assert_eq!(socket.lag().lost, 998);
        assert!(log.told().is_empty());
    }
}

#[tokio::test]
async fn volatile_events_do_not_end_a_client_that_may_drop_them() {
    let (io, mut sockets, mut log) =
        server(BUDGET, |io| io.slow_client(SlowClient::DropVolatileFirst));
    let mut ws = Ws::join(serve_io(&io).await).await;
    let socket = within(sockets.recv()).await.unwrap();
    let volatile = socket.when_slow(SlowClient::DropVolatileFirst).volatile();
    let text = "x".repeat(1_000);
    let emitted: Vec<_> = (0..100)
        .map(|_| volatile.emit("v", &text).unwrap())
        .collect();
    assert_eq!(emitted[99], Emitted::Dropped(DropReason::NoRoom));
    assert_eq!(socket.emit("n", &text).unwrap(), Emitted::Queued);
    assert!(ws.next().await.starts_with("42[\"n\""));
    assert_eq!(socket.lag().dropped, 100);
    for _ in 0..100 {
        socket.emit("n", &text).unwrap();
    }
    log.expect("transport error").await;
}

#[tokio::test]
async fn a_producer_can_go_at_the_pace_of_its_client() {
    let (io, mut sockets, mut log) = server(BUDGET, |io| io);
    let address = serve_io(&io).await;
    let mut polling = Polling::open(address).await.join().await;
    let socket = within(sockets.recv()).await.unwrap();
    let producer = tokio::spawn(async move {
        for number in 0..500_usize {
            let emitted = socket.emit_ready("n", (number, "x".repeat(500))).await;
            assert_eq!(emitted.unwrap(), Emitted::Queued);
            assert!(socket.lag().bytes <= BUDGET);
        }
        socket.flushed().await;
        // Nobody waits for what can never be.
        let emitted = socket.emit_ready("n", "x".repeat(2 * BUDGET)).await;
        emitted.unwrap()
    });
    let mut got = Vec::new();
    while got.len() < 500 {
        got.extend(numbers(&mut polling).await);
    }
    assert_eq!(got, (0..500).collect::<Vec<_>>());
    let last = within(producer).await.unwrap();
    assert_eq!(last, Emitted::Dropped(DropReason::SlowConsumer));
    log.expect("transport error").await;
}

#[tokio::test]
async fn a_broadcast_waits_for_the_slowest_but_not_for_ever() {
    let (io, mut sockets, mut log) = server(BUDGET, |io| io);
    let address = serve_io(&io).await;
    let mut slow = Polling::open(address).await.join().await;
    let first = within(sockets.recv()).await.unwrap();
    let mut quick = Ws::join(address).await;
    let everyone = io.of("/").except("nobody");
    let text = "x".repeat(8_000);
    for _ in 0..2 {
        assert_eq!(
            everyone
                .emit_ready("n", &text, Duration::ZERO)
                .await
                .unwrap(),
            2
        );
    }
    // There is no room for a third one until the slow one has fetched the others.
    let waiting = {
        let (everyone, text) = (everyone.clone(), text.clone());
        tokio::spawn(async move {
            let long = Duration::from_secs(60);
            everyone.emit_ready("n", &text, long).await.unwrap()
        })
    };
    for _ in 0..2 {
        assert!(quick.next().await.starts_with("42[\"n\""));
    }
    assert!(!waiting.is_finished());
    assert!(slow.receive().await.len() > 16_000);
    assert_eq!(within(waiting).await.unwrap(), 2);
    first.emit("n", &text).unwrap();
    // Nobody fetches these: after a moment it is sent to those who have room.
    let brief = Duration::from_millis(10);
    assert_eq!(everyone.emit_ready("n", &text, brief).await.unwrap(), 1);
    log.expect("transport error").await;
}

#[tokio::test]
async fn a_websocket_that_is_not_read_keeps_a_gapless_beginning_and_the_newest() {
    let (io, mut sockets, mut log) = server(200_000, |io| io.slow_client(SlowClient::DropOldest));
    let mut ws = Ws::join(serve_io(&io).await).await;
    let socket = within(sockets.recv()).await.unwrap();
    let text = "x".repeat(10_000);
    let mut count = 0_u32;
    // The kernel takes some megabytes first.
    while socket.lag().lost < 500 {
        socket.emit("n", (count, &text)).unwrap();
        count += 1;
        yield_now().await;
        assert!(socket.lag().bytes <= 400_000);
    }
    socket.emit("end", ()).unwrap();
    let (mut got, mut gaps) = (Vec::new(), 0);
    loop {
        let Message::Text(text) = ws.message().await else {
            continue;
        };
        if text == "42[\"end\"]" {
            break;
        }
        let number: u32 = text.split(['[', ',', ']']).nth(2).unwrap().parse().unwrap();
        gaps += u32::from(got.last().is_some_and(|last| last + 1 != number));
        got.push(number);
    }
    assert!(got.is_sorted());
    assert_eq!((got[0], got[got.len() - 1], gaps), (0, count - 1, 1));
    assert_eq!(got.len() + socket.lag().lost, count as usize);
    assert!(log.told().is_empty());
}
