//! What handlers know of a socket: its data, how its client came, and why it left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use trunkline::{
    DisconnectDetail, DisconnectReason, Error, Handshake, Io, Namespace, Socket, SocketId,
    Transport,
};

use super::client::Ws;
use super::host::serve_io;
use super::listening::{telling, tells};

#[derive(serde::Deserialize, PartialEq, Debug)]
struct Guest {
    name: String,
    visits: u32,
}

#[tokio::test]
async fn data_is_kept_with_the_socket_and_outlives_its_leaving() {
    let (builder, teller, mut log) = telling();
    let io = builder.build();
    io.of("/")
        .middleware(async |socket: Socket| {
            assert!(socket.data().is_empty());
            socket.set_data("name", "Ada").unwrap();
        })
        .on("visit", async |socket: Socket| -> Result<u32, Error> {
            assert!(socket.data_as::<Guest>().is_err());
            socket.set_data("visits", 2)?;
            assert!(socket.set_data("name", f64::NAN).is_ok());
            assert_eq!(socket.remove_data("name"), Some(serde_json::Value::Null));
            assert!(socket.replace_data("no object").is_err());
            assert_eq!(socket.data()["visits"], 2);
            socket.replace_data(serde_json::json!({ "name": "Bob", "visits": 3 }))?;
            Ok(socket.data_as::<Guest>()?.visits)
        })
        .on_disconnect(async move |socket: Socket| {
            tokio::task::yield_now().await;
            teller.tell(format!("{:?}", socket.data_as::<Guest>().unwrap()));
        });
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send_all(&["420[\"visit\"]", "41"]).await;
    ws.expect("430[3]").await;
    log.expect("Guest { name: \"Bob\", visits: 3 }").await;
}

#[tokio::test]
async fn who_breaks_the_protocol_is_reported_before_it_leaves_with_the_detail() {
    let (builder, teller, mut log) = telling();
    let io = builder.build();
    let left = teller.clone();
    io.of("/")
        .on_disconnecting(tells!(teller, "disconnecting"))
        .on_disconnect(
            async move |reason: DisconnectReason, detail: DisconnectDetail| {
                left.tell(format!("{reason}: {:?}", detail.0));
            },
        );
    let address = serve_io(&io).await;
    for packet in ["42[\"x\",nonsense]", "49"] {
        let mut ws = Ws::join(address).await;
        ws.send(packet).await;
        log.expect("! error violation").await;
        log.expect("disconnecting").await;
        let end = log.next().await;
        assert!(end.starts_with("forced close: Some(\""), "{end}");
    }
    let mut ws = Ws::join(address).await;
    ws.send("41").await;
    log.expect("disconnecting").await;
    log.expect("client namespace disconnect: None").await;
    let mut ws = Ws::join(address).await;
    ws.send("2").await;
    log.expect("disconnecting").await;
    log.expect("transport error: Some(\"invalid heartbeat direction\")")
        .await;
}

#[tokio::test]
async fn handlers_take_what_is_known_of_the_client() {
    let io = Io::builder().build();
    let called = Arc::new(AtomicU32::new(0));
    let calls = called.clone();
    io.of("/custom").on(
        "who",
        async move |socket: Socket,
                    handshake: Arc<Handshake>,
                    transport: Transport,
                    id: SocketId,
                    namespace: Namespace| {
            assert_eq!(handshake.query("EIO"), Some("4"));
            assert_eq!(transport, Transport::WebSocket);
            assert_eq!(namespace.socket(&id), Some(socket));
            calls.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Error>(namespace.name().to_owned())
        },
    );
    let mut ws = Ws::open(serve_io(&io).await).await;
    ws.send("40/custom,").await;
    ws.next().await;
    ws.send("42/custom,0[\"who\"]").await;
    ws.expect("43/custom,0[\"/custom\"]").await;
    assert_eq!(called.load(Ordering::Relaxed), 1);
}
