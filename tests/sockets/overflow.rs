//! A client for whom too much waits is closed at once, whoever wrote too much.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use trunkline::{
    Config, DisconnectReason, DispatchConfig, DropReason, Emitted, Io, Service, Socket,
};

use super::client::Ws;
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

    let mut client = Ws::join(address).await;
    client.send(r#"42["ask"]"#).await;
    // The next ping is 25 s away.
    let soon = Duration::from_secs(5);
    assert_eq!(timeout(soon, told.recv()).await, Ok(Some("dropped")));
    let reason = timeout(soon, told.recv()).await;
    assert_eq!(reason, Ok(Some("transport error")));
}
