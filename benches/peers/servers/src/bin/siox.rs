//! socketioxide on hyper, as its documentation sets it up, with the events that load generators
//! send.
//!
//! Its own defaults, but for what the contract of the servers fixes: heartbeat and payload limit.
//! Arguments are typed, attachments are `Bytes`, as its documentation advises for speed.

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use peer_servers::launch::{self, MAX_PAYLOAD, Outcome, PING_TIMEOUT};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};

fn main() -> Outcome {
    launch::run(serve)
}

async fn serve(port: u16) -> Outcome {
    let (service, io) = SocketIo::builder()
        .ping_interval(launch::ping_interval()?)
        .ping_timeout(PING_TIMEOUT)
        .max_payload(MAX_PAYLOAD.into())
        .build_svc();
    io.ns("/", register);
    launch::serve(port, |stream| {
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service.clone())
            .with_upgrades();
        // Clients that leave in the middle of a request are no news.
        async { drop(connection.await) }
    })
    .await
}

async fn register(socket: SocketRef) {
    // An emit fails when the client has left or its queue is full; either way there is nobody to
    // tell.
    socket.on("echo", async |socket: SocketRef, Data::<String>(text)| {
        socket.emit("echo", &text).ok();
    });
    socket.on("ack", async |Data::<String>(text), ack: AckSender| {
        ack.send(&text).ok();
    });
    socket.on("bin", async |socket: SocketRef, Data::<Bytes>(bytes)| {
        socket.emit("bin", &bytes).ok();
    });
    socket.on("broadcast", async |io: SocketIo, Data::<String>(text)| {
        io.emit("broadcast", &text).await.ok();
    });
    socket.on(
        "join",
        async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
            socket.join(room);
            ack.send(&()).ok();
        },
    );
    socket.on(
        "chat",
        async |socket: SocketRef, Data::<(String, String)>((room, message))| {
            socket.within(room).emit("chat", &message).await.ok();
        },
    );
}
