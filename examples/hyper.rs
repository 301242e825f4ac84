//! Socket.IO inside a plain hyper application: one listener, one port, the application's own routes.
//!
//! Run it: `cargo run --example hyper`. Try it:
//!
//! ```sh
//! curl http://127.0.0.1:3000/hello                                      # the application
//! curl 'http://127.0.0.1:3000/socket.io/?EIO=4&transport=polling'       # a Socket.IO handshake
//! ```
//!
//! and from Node, after `npm install socket.io-client`:
//!
//! ```js
//! const socket = require("socket.io-client").io("http://127.0.0.1:3000");
//! socket.emit("chat", "hello", (answer) => console.log(answer));        // heard by 0
//! ```
//!
//! Two things to remember when you serve connections yourself: `.with_upgrades()`, without which no
//! WebSocket can work, and `Peer`, which tells the handshake who is at the other end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use trunkline::{Error, Io, Peer, Service, Socket};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Io::builder().build();
    io.of("/").on_connect(async |socket: Socket| {
        println!("{} came from {:?}", socket.id(), socket.handshake().address);
    });
    io.of("/").on("chat", chat);

    // One service for all connections: it holds the clients. Clones share everything.
    let service = Service::new(io);
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(serve(stream, peer, service.clone()));
    }
}

/// Sends a message to everyone else and says how many they are.
async fn chat(socket: Socket, (text,): (String,)) -> Result<String, Error> {
    let reached = socket.broadcast().emit("chat", (text,))?;
    Ok(format!("heard by {reached}"))
}

async fn serve(stream: TcpStream, peer: SocketAddr, service: Service) {
    // Everything under /socket.io/ is Socket.IO, the rest belongs to `application`.
    let service = service.with_application(service_fn(application));
    let with_peer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .serve_connection(TokioIo::new(stream), with_peer)
        .with_upgrades();
    if let Err(error) = connection.await {
        eprintln!("connection failed: {error}");
    }
}

/// The application's own routes; upgrades that are not Socket.IO's come here as well.
async fn application(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match request.uri().path() {
        "/hello" => (StatusCode::OK, "hello from the application\n"),
        _ => (StatusCode::NOT_FOUND, "there is nothing here\n"),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}
