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
use trunkline::{Config, DisconnectReason, Io, Server, Service};

/// The pong is due 1.3 s after the client has come.
const INTERVAL: Duration = Duration::from_millis(300);
const TIMEOUT: Duration = Duration::from_secs(1);
/// The ping is sent while the task is busy; then it is left alone.
const BUSY: Duration = Duration::from_millis(600);
/// What the handler computes before it lets others run.
const STEP: Duration = Duration::from_millis(5);
const SOON: Duration = Duration::from_secs(6);

async fn serve() -> (SocketAddr, mpsc::UnboundedReceiver<&'static str>) {
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
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(Service::new(io), std::future::pending()));
    (address, receiver)
}

async fn join(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let (mut websocket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    websocket.send("40".into()).await.unwrap();
    loop {
        match websocket.next().await {
            Some(Ok(Message::Text(text))) if text.starts_with("40") => return websocket,
            Some(Ok(_)) => {}
            ended => panic!("{ended:?}"),
        }
    }
}

#[tokio::test]
async fn a_silent_client_times_out() {
    let (address, mut left) = serve().await;
    let _websocket = join(address).await;
    let reason = timeout(SOON, left.recv()).await;
    assert_eq!(reason, Ok(Some("ping timeout")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_client_times_out_though_a_handler_used_up_the_turn_in_which_it_was_pinged() {
    let (address, mut left) = serve().await;
    let mut websocket = join(address).await;
    websocket.send(r#"42["work"]"#.into()).await.unwrap();
    let reason = timeout(SOON, left.recv()).await;
    assert_eq!(reason, Ok(Some("ping timeout")));
}
