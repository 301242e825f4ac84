//! Engine.IO messages that wait for room are all handled.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use trunkline::server::Config;
use trunkline::{Engine, EngineSocket, Frame, Service};

use super::client::Http;
use super::host::serve;

/// As many handlers as run at once, and more messages than that behind them.
const SLOW: usize = 64;
const QUICK: usize = 200;

#[tokio::test]
async fn messages_that_waited_are_all_handled_when_their_handlers_need_not_wait() {
    let (sender, mut told) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let opened = gate.clone();
    let engine = Engine::builder()
        .on_message(move |_: EngineSocket, message: Frame| {
            let (sender, gate) = (sender.clone(), gate.clone());
            async move {
                if message == Frame::from_static("slow") {
                    let _ = sender.send("slow");
                    gate.acquire().await.unwrap().forget();
                } else {
                    let _ = sender.send("quick");
                }
            }
        })
        .build();
    let config = Config {
        path: "/engine.io".to_owned(),
        ..Config::default()
    };
    let address = serve(Service::with_config(engine, config)).await;

    let http = Http::connect(address).await;
    let websocket = http.upgrade("/engine.io/?EIO=4&transport=websocket", &[]);
    let mut websocket = websocket.await.into_inner();
    assert!(matches!(websocket.next().await, Some(Ok(Message::Text(_)))));
    for _ in 0..SLOW {
        websocket.feed("4slow".into()).await.unwrap();
    }
    for _ in 0..QUICK {
        websocket.feed("4quick".into()).await.unwrap();
    }
    websocket.flush().await.unwrap();
    let soon = Duration::from_secs(5);
    for _ in 0..SLOW {
        assert_eq!(timeout(soon, told.recv()).await, Ok(Some("slow")));
    }
    // All of them have been read when this is answered.
    websocket.send(Message::Ping("".into())).await.unwrap();
    let pong = timeout(soon, websocket.next()).await;
    assert!(matches!(pong, Ok(Some(Ok(Message::Pong(_))))), "{pong:?}");
    opened.add_permits(SLOW);
    for number in 0..QUICK {
        let quick = timeout(soon, told.recv()).await;
        assert_eq!(quick, Ok(Some("quick")), "after {number}");
    }
}
