//! Clients that mean no good, over real sockets: what they do must cost them their connection at
//! most.
#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Barrier, Notify};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};
use trunkline::server::{self, Hooks};
use trunkline::{
    Builder, Config, DispatchConfig, Emitted, Engine, EngineSocket, Error, Frame, Io, Server,
    Service, Socket,
};

/// Long enough for anything that happens at all.
const SOON: Duration = Duration::from_secs(10);

type WebSocket = WebSocketStream<TcpStream>;

async fn serve(io: Io) -> (SocketAddr, Service) {
    let service = Service::new(io);
    (run(service.clone()).await, service)
}

async fn run(service: Service) -> SocketAddr {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(service, std::future::pending()));
    address
}

/// A Socket.IO client on a WebSocket, in the main namespace.
async fn join(address: SocketAddr) -> WebSocket {
    let mut websocket = try_open(address).await.unwrap();
    websocket.send("40".into()).await.unwrap();
    while !text(&mut websocket).await.starts_with("40") {}
    websocket
}

/// A session that starts as a WebSocket, unless it is refused.
async fn try_open(address: SocketAddr) -> Result<WebSocket, tungstenite::Error> {
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let opened = tokio_tungstenite::client_async(url, stream).await;
    opened.map(|(websocket, _)| websocket)
}

/// The next text message.
async fn text(websocket: &mut WebSocket) -> String {
    loop {
        match soon(websocket.next()).await {
            Some(Ok(Message::Text(text))) => return text.to_string(),
            Some(Ok(_)) => {}
            ended => panic!("the WebSocket ended: {ended:?}"),
        }
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.expect("it takes too long")
}

async fn until(mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(wait).await;
}

fn dispatch(config: DispatchConfig) -> Builder {
    Io::builder().config(Config {
        dispatch: config,
        ..Config::default()
    })
}

/// A client of an application that takes one event, `wait`, and is never done with it.
async fn busy(limits: DispatchConfig) -> (WebSocket, Service) {
    let io = dispatch(DispatchConfig {
        max_in_flight: 1,
        stall_limit: Duration::from_millis(100),
        ..limits
    })
    .build();
    io.of("/")
        .on("wait", async || std::future::pending::<()>().await);
    let (address, service) = serve(io).await;
    (join(address).await, service)
}

#[tokio::test]
async fn a_client_whose_events_are_not_taken_is_closed_after_the_stall_limit() {
    let (mut websocket, service) = busy(DispatchConfig {
        max_waiting: 1,
        ..DispatchConfig::default()
    })
    .await;
    for _ in 0..4 {
        websocket.send("42[\"wait\"]".into()).await.unwrap();
    }
    until(|| service.client_count() == 0).await;
}

#[tokio::test]
async fn a_slow_reader_gets_everything_as_soon_as_it_reads() {
    const EVENTS: usize = 1_000;
    let io = Io::builder().build();
    let emitted = Arc::new(Notify::new());
    let told = emitted.clone();
    io.of("/").on("go", async move |socket: Socket| {
        let payload = "x".repeat(10_000);
        for number in 0..EVENTS {
            socket.emit("part", (number, &payload)).unwrap();
        }
        told.notify_one();
    });
    let (address, _service) = serve(io).await;
    let mut websocket = join(address).await;
    websocket.send("42[\"go\"]".into()).await.unwrap();
    // On this one thread the server writes until nothing more fits before the reader's turn comes.
    soon(emitted.notified()).await;
    for number in 0..EVENTS {
        let start = format!("42[\"part\",{number},");
        assert!(text(&mut websocket).await.starts_with(&start));
    }
}

#[tokio::test]
async fn the_names_of_waiting_events_count_as_waiting_bytes() {
    let (mut websocket, service) = busy(DispatchConfig {
        max_waiting_bytes: 100_000,
        ..DispatchConfig::default()
    })
    .await;
    websocket.send("42[\"wait\"]".into()).await.unwrap();
    let named = format!("42[\"{}\"]", "n".repeat(50_000));
    for _ in 0..3 {
        websocket.send(named.clone().into()).await.unwrap();
    }
    until(|| service.client_count() == 0).await;
}

#[tokio::test]
async fn joining_and_leaving_again_and_again_starts_no_more_handlers_than_may_run() {
    let io = dispatch(DispatchConfig {
        max_in_flight: 1,
        max_waiting: 4,
        stall_limit: Duration::from_millis(100),
        ..DispatchConfig::default()
    })
    .build();
    let started = Arc::new(AtomicUsize::new(0));
    let counter = started.clone();
    io.of("/").on_connect(async move || {
        counter.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<()>().await;
    });
    let (address, service) = serve(io).await;
    let mut websocket = join(address).await;
    for _ in 0..100 {
        websocket.feed("41".into()).await.unwrap();
        websocket.feed("40".into()).await.unwrap();
    }
    websocket.flush().await.unwrap();
    until(|| service.client_count() == 0).await;
    assert!(started.load(Ordering::Relaxed) <= 6);
}

#[tokio::test]
async fn whoever_arrives_while_the_server_closes_is_closed_too() {
    let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let config = {
        let (arrived, release) = (arrived.clone(), release.clone());
        let hooks = Hooks::default().allow_request(move |_| {
            arrived.notify_one();
            let release = release.clone();
            async move {
                release.notified().await;
                Ok(())
            }
        });
        server::Config {
            hooks,
            ..server::Config::default()
        }
    };
    let service = Service::with_config(Io::builder().build(), config);
    let address = run(service.clone()).await;
    let client = tokio::spawn(async move { try_open(address).await });
    soon(arrived.notified()).await;
    service.close(SOON).await;
    release.notify_one();
    if let Ok(mut websocket) = soon(client).await.unwrap() {
        while let Some(Ok(_)) = soon(websocket.next()).await {}
    }
    until(|| service.client_count() == 0).await;
}

/// Its serialisation is the application's code, and wrong.
struct Unwritable;

impl serde::Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("this cannot be written")
    }
}

#[tokio::test]
async fn an_answer_whose_serialisation_panics_fails_only_its_handler() {
    let io = Io::builder().build();
    io.of("/")
        .on("bad", async || Ok::<_, Error>(Unwritable))
        .on("good", async || Ok::<_, Error>(1));
    let (address, _service) = serve(io).await;
    let mut websocket = join(address).await;
    websocket.send("421[\"bad\"]".into()).await.unwrap();
    websocket.send("422[\"good\"]".into()).await.unwrap();
    let error = r#"431[{"error":{"code":"internal","message":"the handler failed"}}]"#;
    assert_eq!(text(&mut websocket).await, error);
    assert_eq!(text(&mut websocket).await, "432[1]");
}

#[tokio::test]
async fn an_error_hook_that_panics_harms_nobody() {
    let io = Io::builder()
        .on_error(|_| panic!("the hook is wrong too"))
        .build();
    io.of("/")
        .on("bad", async || Err::<(), _>(Error::new("no", "no")));
    let (address, _service) = serve(io).await;
    let mut websocket = join(address).await;
    websocket.send("421[\"bad\"]".into()).await.unwrap();
    let error = r#"431[{"error":{"code":"no","message":"no"}}]"#;
    assert_eq!(text(&mut websocket).await, error);
}

#[tokio::test]
async fn an_engine_handler_that_panics_before_its_future_ends_only_itself() {
    let engine = Engine::builder()
        .on_message(|socket: EngineSocket, message: Frame| {
            assert!(message.len() > 1, "too short");
            async move {
                socket.send(message);
            }
        })
        .build();
    let address = run(Service::new(engine)).await;
    let mut websocket = try_open(address).await.unwrap();
    assert!(text(&mut websocket).await.starts_with('0'));
    websocket.send("4a".into()).await.unwrap();
    websocket.send("4bc".into()).await.unwrap();
    assert_eq!(text(&mut websocket).await, "4bc");
}

#[tokio::test]
async fn two_clients_never_get_the_same_session() {
    let both = Arc::new(Barrier::new(2));
    let hooks = Hooks::default().generate_id(move |_| {
        let both = both.clone();
        async move {
            both.wait().await;
            Ok::<_, String>("same".to_owned())
        }
    });
    let config = server::Config {
        hooks,
        ..server::Config::default()
    };
    let address = run(Service::with_config(Io::builder().build(), config)).await;
    let (one, other) = tokio::join!(try_open(address), try_open(address));
    assert_eq!(
        [one, other].iter().filter(|opened| opened.is_ok()).count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_from_the_application_neither_passes_the_limit_nor_starves_the_client() {
    const FLOOD: usize = 1 << 30;
    let begun = Arc::new(AtomicBool::new(false));
    let taken = Arc::new(AtomicUsize::new(0));
    let engine = {
        let (begun, taken) = (begun.clone(), taken.clone());
        Engine::builder().on_message(async move |socket: EngineSocket, _: Frame| {
            if begun.swap(true, Ordering::Relaxed) {
                // Busy for a while, so that much is sent meanwhile.
                std::thread::sleep(Duration::from_millis(1));
                return;
            }
            let flood = Frame::from("x".repeat(64 << 10));
            tokio::task::spawn_blocking(move || {
                while socket.is_open() && taken.load(Ordering::Relaxed) < FLOOD {
                    if socket.send(flood.clone()) == Emitted::Queued {
                        taken.fetch_add(flood.len(), Ordering::Relaxed);
                    }
                }
            });
        })
    };
    let service = Service::new(engine.build());
    let mut websocket = try_open(run(service.clone()).await).await.unwrap();
    for _ in 0..1_000 {
        websocket.feed("4a".into()).await.unwrap();
    }
    websocket.flush().await.unwrap();
    until(|| service.client_count() == 0).await;
    let taken = taken.load(Ordering::Relaxed);
    assert!(taken < 64 << 20, "{taken} bytes");
}

#[tokio::test]
async fn a_client_that_is_always_a_little_behind_is_not_taken_for_one_that_reads_nothing() {
    const PART: usize = 256 << 10;
    let io = dispatch(DispatchConfig {
        max_backlog: 32 * PART,
        ..DispatchConfig::default()
    })
    .build();
    io.of("/").on("more", async |socket: Socket| {
        socket.emit("part", "x".repeat(PART)).unwrap();
    });
    let (address, _service) = serve(io).await;
    let mut websocket = join(address).await;
    for _ in 0..24 {
        websocket.send("42[\"more\"]".into()).await.unwrap();
    }
    // At any time between 23 and 24 parts are on their way.
    for _ in 0..100 {
        assert!(text(&mut websocket).await.len() > PART);
        websocket.send("42[\"more\"]".into()).await.unwrap();
    }
}

/// A long-polling client in the main namespace: its session's id.
async fn join_polling(address: SocketAddr) -> String {
    let open = exchange(address, "GET", "", "").await;
    let sid = open
        .split("\"sid\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let query = format!("&sid={sid}");
    assert!(
        exchange(address, "POST", &query, "40")
            .await
            .ends_with("ok")
    );
    assert!(exchange(address, "GET", &query, "").await.contains("40{"));
    query
}

async fn exchange(address: SocketAddr, method: &str, query: &str, body: &str) -> String {
    let mut stream = request(address, method, query, body).await;
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

/// A connection on which a request has been sent.
async fn request(address: SocketAddr, method: &str, query: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!(
        "{method} /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: a\r\n\
         Connection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn answers_that_a_polling_client_does_not_read_count_as_waiting() {
    let io = dispatch(DispatchConfig {
        max_backlog: 24 << 20,
        ..DispatchConfig::default()
    })
    .build();
    let (address, service) = serve(io.clone()).await;
    let query = join_polling(address).await;
    let mut unread = Vec::new();
    let part = "x".repeat(16 << 20);
    for _ in 0..2 {
        io.emit("part", &part).unwrap();
        let get = request(address, "GET", &query, "").await;
        soon(get.readable()).await.unwrap();
        unread.push(get);
    }
    until(|| service.client_count() == 0).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut_off() {
    let io = dispatch(DispatchConfig::default()).build();
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let server = server.with_limits(server::ListenerLimits {
        send_timeout: Duration::from_millis(100),
        max_connections: 1,
        ..server::ListenerLimits::default()
    });
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(Service::new(io.clone()), std::future::pending()));
    let query = join_polling(address).await;
    io.emit("part", "x".repeat(15 << 20)).unwrap();
    let mut get = request(address, "GET", &query, "").await;
    soon(get.readable()).await.unwrap();
    // There is room for another connection only once this one is cut off.
    let next = request(address, "GET", "/", "").await;
    soon(next.readable()).await.unwrap();
    let mut answer = Vec::new();
    // It may end in a reset, too.
    let _ = soon(get.read_to_end(&mut answer)).await;
    assert!(answer.len() < 15 << 20, "{} bytes", answer.len());
}

/// An application that keeps its sockets in handlers and values; how many of them are here.
fn keep_everything(io: &Io) -> Arc<AtomicUsize> {
    let here = Arc::new(AtomicUsize::new(0));
    {
        let (came, went) = (here.clone(), here.clone());
        let main = io.of("/");
        main.on_connect(async move |socket: Socket| {
            came.fetch_add(1, Ordering::Relaxed);
            socket.join(["a", "b"]);
            let own = socket.clone();
            socket.on("own", async move || drop(own));
        });
        main.on_disconnect(async move || {
            went.fetch_sub(1, Ordering::Relaxed);
        });
        main.on("wait", async |socket: Socket| socket.left().await);
        main.on("ask", async |socket: Socket| {
            // It ends with the client.
            let _: Result<(), _> = socket.emit_with_ack("question", ()).await;
        });
        main.on("out", async |socket: Socket| socket.disconnect_all());
    }
    here
}

#[tokio::test]
async fn nothing_is_left_of_clients_that_have_gone_by_whatever_way() {
    // A client whose last GET was answered is missed only later.
    let soon_missed = Duration::from_millis(500);
    let mut config = Config::default();
    config.engine.ping_interval = soon_missed;
    config.engine.ping_timeout = soon_missed;
    config.engine.close_wait = soon_missed;
    let io = Io::builder().config(config).build();
    let here = keep_everything(&io);
    let (address, service) = serve(io.clone()).await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    until(|| service.client_count() == 0).await;
    let before = tasks();
    for _ in 0..10 {
        for last_words in [
            "",
            "41",
            "42[\"out\"]",
            "4nonsense",
            "42[\"wait\"]",
            "42[\"ask\"]",
            "451-[\"x\"]",
        ] {
            let mut websocket = join(address).await;
            if !last_words.is_empty() {
                websocket.send(last_words.into()).await.unwrap();
            }
            // Without a goodbye.
            drop(websocket);
            let query = join_polling(address).await;
            let _ = exchange(address, "POST", &query, last_words).await;
            drop(request(address, "GET", &query, "").await);
        }
        let query = join_polling(address).await;
        assert!(exchange(address, "POST", &query, "1").await.ends_with("ok"));
        let query = join_polling(address).await;
        let (_one, _other) = (
            request(address, "GET", &query, "").await,
            request(address, "GET", &query, "").await,
        );
        // Neither this handshake nor this upgrade is ever finished.
        let stream = TcpStream::connect(address).await.unwrap();
        let query = join_polling(address).await;
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket{query}");
        let (mut candidate, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        candidate.send("2probe".into()).await.unwrap();
        drop(candidate);
        drop(request(address, "GET", &query, "").await);
    }
    until(|| service.client_count() == 0).await;
    until(|| tasks() <= before).await;
    assert_eq!(here.load(Ordering::Relaxed), 0);
    assert_eq!(io.of("/").socket_count(), 0);
}

#[tokio::test]
async fn a_websocket_needs_a_newer_http_than_the_first() {
    let (address, _service) = serve(Io::builder().build()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.0\r\nHost: a\r\n\
                Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 400 "), "{answer}");
}

#[tokio::test]
async fn many_small_packets_are_not_for_nothing() {
    let io = dispatch(DispatchConfig {
        max_backlog: 1 << 20,
        ..DispatchConfig::default()
    })
    .build();
    let (address, service) = serve(io.clone()).await;
    // It never asks for any of them.
    join_polling(address).await;
    let mut taken = 0;
    while io.emit("a", ()).unwrap() == 1 {
        taken += 1;
        if taken % 1_000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert!(taken < 10_000, "{taken} packets in a MiB");
    until(|| service.client_count() == 0).await;
}
