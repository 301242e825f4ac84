//! Socket.IO inside an axum application, by layer: one port, and axum's own WebSockets still work.
//!
//! Run it: `cargo run --example axum`. Try it: open <http://127.0.0.1:3000> in a browser (it sets a
//! cookie), then from Node, after `npm install socket.io-client`:
//!
//! ```js
//! const socket = require("socket.io-client").io("http://127.0.0.1:3000", {
//!   extraHeaders: { cookie: "name=Ada" },        // a browser sends the cookie by itself
//! });
//! socket.emit("who am I", (answer) => console.log(answer));     // { address: '127.0.0.1', name: 'Ada', … }
//! ```
//!
//! and axum's own WebSocket: `npx wscat -c ws://127.0.0.1:3000/shout`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, header::SET_COOKIE};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{any, get};
use trunkline::server::Config;
use trunkline::{Error, Io, Service, Socket};

/// What the application's middleware knows of a request.
#[derive(Clone)]
struct Visit(u64);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Io::builder().build();
    io.of("/").on("who am I", who_am_i);

    // Where axum puts the peer's address; with this crate's feature `axum` it is found by itself.
    let config = Config::default()
        .with_peer(|extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0));
    let socket_io = Service::with_config(io, config);

    let visits = Arc::new(AtomicU64::new(0));
    let app = Router::new()
        .route("/", get(async || "hello from axum\n"))
        .route(
            "/shout",
            any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(shout)),
        )
        // Socket.IO takes the requests under /socket.io/ …
        .layer(socket_io.layer())
        // … and what is added after it runs before it, so handshakes see what this does.
        .layer(from_fn(move |request: Request, next: Next| {
            count(visits.clone(), request, next)
        }));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            // Without a signal handler there is nobody to tell.
            let _ = tokio::signal::ctrl_c().await;
            socket_io.close(Duration::from_secs(5)).await;
        })
        .await
}

/// Answers with what the handshake says: the cookie, the middleware's extension, the address.
async fn who_am_i(socket: Socket) -> Result<serde_json::Value, Error> {
    let handshake = socket.handshake();
    Ok(serde_json::json!({
        "name": handshake.cookie("name"),
        "visit": handshake.extensions.get::<Visit>().map(|visit| visit.0),
        "address": handshake.address,
    }))
}

/// Numbers the requests, and gives a name to who has none.
async fn count(visits: Arc<AtomicU64>, mut request: Request, next: Next) -> Response {
    let visit = visits.fetch_add(1, Ordering::Relaxed) + 1;
    request.extensions_mut().insert(Visit(visit));
    let is_known = request.headers().contains_key("cookie");
    let mut response = next.run(request).await;
    if !is_known {
        let cookie = HeaderValue::from_static("name=guest; HttpOnly; SameSite=Lax");
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

async fn shout(mut websocket: WebSocket) {
    while let Some(Ok(Message::Text(text))) = websocket.recv().await {
        let loud = Message::Text(text.to_uppercase().into());
        if websocket.send(loud).await.is_err() {
            return;
        }
    }
}
