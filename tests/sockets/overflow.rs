//! A client for whom too much waits is closed at once, whoever wrote too much.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use trunkline::{
    Config, DisconnectReason, DispatchConfig, DropReason, Emitted, Io, Service, Socket,
};

use super::host::serve;

#[tokio::test]
async fn a_client_to_whom_its_own_handler_writes_too_much_is_closed_at_once() {
    let (sender, mut told) = mpsc::unbounded_channel();
    let dispatch = DispatchConfig {
        max_backlog: 10_000,
        ..DispatchConfig::default()
    };
    let config = Config {
        dispatch,
        ..Config::default()
    };
    let io = Io::builder().config(config).build();
    let left = sender.clone();
    io.of("/")
        .on("ask", async move |socket: Socket| {
            let emitted = socket.emit("answer", "x".repeat(20_000));
            assert!(matches!(
                emitted,
                Ok(Emitted::Dropped(DropReason::SlowConsumer))
            ));
            let _ = sender.send("dropped");
        })
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = left.send(reason.as_str());
        });
    let address = serve(Service::new(io)).await;

    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let (mut websocket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    websocket.send("40".into()).await.unwrap();
    loop {
        match websocket.next().await {
            Some(Ok(Message::Text(text))) if text.starts_with("40") => break,
            Some(Ok(_)) => {}
            ended => panic!("{ended:?}"),
        }
    }
    websocket.send(r#"42["ask"]"#.into()).await.unwrap();
    // The next ping is 25 s away.
    let soon = Duration::from_secs(5);
    assert_eq!(timeout(soon, told.recv()).await, Ok(Some("dropped")));
    let reason = timeout(soon, told.recv()).await;
    assert_eq!(reason, Ok(Some("transport error")));
}
