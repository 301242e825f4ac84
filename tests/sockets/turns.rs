//! Timers of a client whose task has used up its turn: they must fire all the same.
#![expect(
    clippy::disallowed_methods,
    reason = "the handler of this test keeps the processor busy"
)]

use std::future::Future as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use trunkline::{Config, DisconnectReason, Io, Service};

use super::client::{Http, Ws};
use super::host::serve;

/// The pong is due 1.3 s after the client has come.
const INTERVAL: Duration = Duration::from_millis(300);
const TIMEOUT: Duration = Duration::from_secs(1);
/// The ping is sent while the task is busy; then it is left alone.
const BUSY: Duration = Duration::from_millis(600);
/// What the handler computes before it lets others run.
const STEP: Duration = Duration::from_millis(5);
const SOON: Duration = Duration::from_secs(6);

async fn serve_work() -> (SocketAddr, mpsc::UnboundedReceiver<&'static str>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut config = Config::default();
    config.engine.ping_interval = INTERVAL;
    config.engine.ping_timeout = TIMEOUT;
    let io = Io::builder().config(config).build();
    io.of("/")
        .on("work", async || {
            let begin = Instant::now();
            std::future::poll_fn(|cx| {
                if begin.elapsed() > BUSY {
                    return Poll::Ready(());
                }
                let step = Instant::now();
                while step.elapsed() < STEP {}
                // As one who empties a long queue does.
                while pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        })
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = sender.send(reason.as_str());
        });
    let address = serve(Service::new(io)).await;
    (address, receiver)
}

async fn join(address: SocketAddr) -> WebSocketStream<TcpStream> {
    Ws::join(address).await.into_inner()
}

#[tokio::test]
async fn a_silent_client_times_out() {
    let (address, mut left) = serve_work().await;
    let _websocket = join(address).await;
    let reason = timeout(SOON, left.recv()).await;
    assert_eq!(reason, Ok(Some("ping timeout")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_client_times_out_though_a_handler_used_up_the_turn_in_which_it_was_pinged() {
    let (address, mut left) = serve_work().await;
    let mut websocket = join(address).await;
    websocket.send(r#"42["work"]"#.into()).await.unwrap();
    let reason = timeout(SOON, left.recv()).await;
    assert_eq!(reason, Ok(Some("ping timeout")));
}

#[tokio::test]
async fn a_client_is_pinged_though_it_was_told_a_long_history_when_it_came() {
    let engine = trunkline::Engine::builder()
        .config(trunkline::engine::Config {
            ping_interval: INTERVAL,
            ..Default::default()
        })
        .on_connect(async |socket: trunkline::EngineSocket| {
            // More than a task may take from channels in one turn.
            let (sender, mut history) = mpsc::channel(200);
            for line in 0..200 {
                sender.try_send(line.to_string()).unwrap();
            }
            drop(sender);
            while let Some(line) = history.recv().await {
                socket.send(line);
            }
        })
        .build();
    let config = trunkline::server::Config {
        path: "/engine.io".to_owned(),
        ..Default::default()
    };
    let address = serve(Service::with_config(engine, config)).await;
    let http = Http::connect(address).await;
    let websocket = http.upgrade("/engine.io/?EIO=4&transport=websocket", &[]);
    let mut websocket = websocket.await.into_inner();
    // The open packet, the history, the ping.
    for number in 0..202 {
        let packet = timeout(SOON, websocket.next()).await;
        let Ok(Some(Ok(Message::Text(text)))) = packet else {
            panic!("after {number} packets: {packet:?}");
        };
        assert_eq!(text == "2", number == 201, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_pinged_though_it_asked_for_much_when_it_came() {
    let mut config = Config::default();
    config.engine.ping_interval = INTERVAL;
    config.socketio.connect_timeout = Duration::from_secs(600);
    let io = Io::builder().config(config).build();
    io.of("/").on("large", async || {
        Ok::<_, trunkline::Error>("x".repeat(17_000))
    });
    let address = serve(Service::new(io)).await;
    let pinged = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(4)))
            .unwrap();
        let mut all = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .into_bytes();
        // Masked with zeros.
        let mut say = |text: &str| {
            all.extend([0x81, 0x80 | text.len() as u8, 0, 0, 0, 0]);
            all.extend(text.as_bytes());
        };
        say("40");
        for id in 0..400 {
            say(&format!("42{id}[\"large\"]"));
        }
        stream.write_all(&all).unwrap();
        let (mut buffer, mut seen) = (vec![0; 1 << 20], Vec::new());
        while let Ok(size @ 1..) = stream.read(&mut buffer) {
            // A ping that comes in two pieces is seen as well.
            seen.drain(..seen.len().saturating_sub(2));
            seen.extend_from_slice(&buffer[..size]);
            if seen.windows(3).any(|frame| frame == [0x81, 1, b'2']) {
                return true;
            }
        }
        false
    });
    let is_pinged = tokio::task::spawn_blocking(|| pinged.join().unwrap());
    assert!(is_pinged.await.unwrap(), "no ping");
}
