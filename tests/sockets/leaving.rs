//! Leaving: what handlers see of it, and how a server says goodbye.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use trunkline::{
    Ack, AckError, AnswerError, DisconnectReason, Emitted, Error, Io, Service, Socket, Transport,
};

use super::client::{Http, POLLING, Polling, WEBSOCKET, Ws, log, within};
use super::host::{serve, serve_io};

#[tokio::test]
async fn disconnecting_sees_the_rooms_and_disconnect_does_not() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    let (leaving, left, own) = (teller.clone(), teller.clone(), teller);
    io.of("/")
        .on("join", async |socket: Socket| -> Result<(), Error> {
            socket.join(["a", "b"]);
            Ok(())
        })
        .on_connect(async move |socket: Socket| {
            socket.on_disconnect(async move |reason: DisconnectReason| {
                own.tell(format!("own listener: {reason}"));
            });
        })
        .on_disconnecting(async move |socket: Socket, reason: DisconnectReason| {
            let others = socket.broadcast().emit("leaves", ()).unwrap();
            let (rooms, connected) = (socket.rooms().len(), socket.is_connected());
            leaving.tell(format!(
                "{reason}: {rooms} rooms, {connected}, {others} others"
            ));
        })
        .on_disconnect(async move |socket: Socket, reason: DisconnectReason| {
            assert!(matches!(socket.emit("late", ()), Ok(Emitted::Dropped(_))));
            let (rooms, connected) = (socket.rooms().len(), socket.is_connected());
            left.tell(format!("{reason}: {rooms} rooms, {connected}"));
        });
    let address = serve_io(&io).await;
    let mut witness = Ws::join(address).await;
    for reason in ["client namespace disconnect", "transport close"] {
        let mut ws = Ws::join(address).await;
        ws.send("420[\"join\"]").await;
        ws.expect("430[]").await;
        if reason == "transport close" {
            drop(ws);
        } else {
            ws.send("41").await;
        }
        log.expect(&format!("{reason}: 3 rooms, true, 1 others"))
            .await;
        log.expect(&format!("{reason}: 0 rooms, false")).await;
        log.expect(&format!("own listener: {reason}")).await;
        witness.expect("42[\"leaves\"]").await;
    }
    assert_eq!(io.of("/").socket_count(), 1);
}

#[tokio::test]
async fn a_socket_that_has_left_does_not_reach_the_one_that_came_after_it() {
    let io = Io::builder().build();
    let (sender, mut sockets) = tokio::sync::mpsc::unbounded_channel();
    let (keep, mut acks) = tokio::sync::mpsc::unbounded_channel();
    io.of("/")
        .on("ask", async move |ack: Ack| keep.send(ack).unwrap())
        .on_connect(async move |socket: Socket| sender.send(socket).unwrap());
    let mut ws = Ws::join(serve_io(&io).await).await;
    let old = within(sockets.recv()).await.unwrap();
    ws.send("420[\"ask\"]").await;
    let late = within(acks.recv()).await.unwrap();
    ws.send("41").await;
    ws.send("40").await;
    let new = within(sockets.recv()).await.unwrap();
    assert!(ws.next().await.starts_with("40{"));

    assert!(matches!(old.emit("old", ()), Ok(Emitted::Dropped(_))));
    let asked = old.emit_with_ack::<()>("old", ()).await;
    assert!(
        matches!(asked, Err(AnswerError::Ack(AckError::Disconnected))),
        "{asked:?}"
    );
    late.send("old").unwrap();
    new.emit("new", ()).unwrap();
    ws.expect("42[\"new\"]").await;
}

#[tokio::test]
async fn the_server_can_put_a_client_out() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    io.of("/custom");
    io.of("/")
        .on("leave", async |socket: Socket| {
            socket.emit("goodbye", ()).unwrap();
            socket.disconnect();
        })
        .on("leave all", async |socket: Socket| socket.disconnect_all())
        .on_disconnect(async move |reason: DisconnectReason| teller.tell(reason.as_str()));
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    ws.send("40/custom,").await;
    ws.next().await;
    ws.send("42[\"leave\"]").await;
    ws.expect("42[\"goodbye\"]").await;
    ws.expect("41").await;
    log.expect("server namespace disconnect").await;
    // The connection and its other namespaces go on.
    ws.send("40").await;
    assert!(ws.next().await.starts_with("40{"));
    ws.send("42[\"leave all\"]").await;
    let mut goodbyes = [ws.next().await, ws.next().await];
    goodbyes.sort();
    assert_eq!(goodbyes, ["41", "41/custom,"]);
    ws.closed().await;
    log.expect("server namespace disconnect").await;
}

#[tokio::test]
async fn a_handler_outlives_its_socket_and_learns_that_it_has_left() {
    let (teller, mut log) = log();
    let gate = Arc::new(Notify::new());
    let io = Io::builder().build();
    let door = gate.clone();
    io.of("/").on("work", async move |socket: Socket| {
        teller.tell("begins");
        socket.left().await;
        teller.tell(format!("left, connected: {}", socket.is_connected()));
        door.notified().await;
        teller.tell("finishes");
        // It still knows who asked.
        assert!(socket.handshake().address.is_some());
    });
    let service = Service::new(&io);
    let address = serve(service.clone()).await;
    let mut ws = Ws::join(address).await;
    ws.send("42[\"work\"]").await;
    log.expect("begins").await;
    drop(ws);
    log.expect("left, connected: false").await;
    assert_eq!(service.client_count(), 0);
    gate.notify_one();
    log.expect("finishes").await;
}

#[tokio::test]
async fn a_socket_that_has_left_remembers_its_transport() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let io = Io::builder().build();
    io.of("/").on_connect(async move |socket: Socket| {
        sender.send(socket).unwrap();
    });
    let service = Service::new(&io);
    let address = serve(service.clone()).await;
    let mut polling = Polling::open(address).await.join().await;
    let mut ws = Ws::join(address).await;
    polling.send("41\x1e1").await;
    ws.send_all(&["41", "1"]).await;
    ws.closed().await;
    for transport in [Transport::Polling, Transport::WebSocket] {
        let socket = within(receiver.recv()).await.unwrap();
        within(socket.left()).await;
        assert_eq!(socket.transport(), transport);
        assert!(!socket.is_connected());
    }
    assert_eq!(service.client_count(), 0);
}

#[tokio::test]
async fn a_server_that_closes_tells_everyone() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| teller.tell(reason.as_str()));
    let service = Service::new(&io);
    let address = serve(service.clone()).await;
    let mut ws = Ws::join(address).await;
    let mut polling = Polling::open(address).await.join().await;
    assert_eq!(service.client_count(), 2);
    let target = polling.target.clone();
    let waiting = polling.http.get(&target);
    let closing = service.close(Duration::from_secs(20));
    let (reply, ()) = within(async { tokio::join!(waiting, closing) }).await;
    // Whether the GET came just before the end, or just after it.
    match reply.status {
        200 => assert_eq!(reply.text(), "1"),
        _ => assert_eq!(reply.text(), r#"{"code":1,"message":"Session ID unknown"}"#),
    }
    ws.closed().await;
    log.expect("server shutting down").await;
    log.expect("server shutting down").await;
    assert_eq!((service.client_count(), io.of("/").socket_count()), (0, 0));
}

#[tokio::test]
async fn a_draining_server_serves_only_whom_it_knows() {
    let io = Io::builder().build();
    io.of("/")
        .on("echo", async |(text,): (String,)| Ok::<_, Error>(text));
    let service = Service::new(&io);
    let address = serve(service.clone()).await;
    let mut polling = Polling::open(address).await.join().await;
    let mut ws = Ws::join(address).await;
    service.drain();
    let mut http = Http::connect(address).await;
    let reply = http.get(POLLING).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("5"))
    );
    let upgrade = [
        ("Connection", "upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let reply = http.request("GET", WEBSOCKET, &upgrade, b"").await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("5"))
    );
    polling.send("420[\"echo\",\"a\"]").await;
    assert_eq!(polling.receive().await, "430[\"a\"]");
    ws.send("420[\"echo\",\"b\"]").await;
    ws.expect("430[\"b\"]").await;
    // They may also move to a WebSocket still.
    let target = polling.target.replace("polling", "websocket");
    let mut upgraded = Http::connect(address).await.upgrade(&target, &[]).await;
    upgraded.send("2probe").await;
    upgraded.expect("3probe").await;
}
