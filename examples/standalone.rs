//! Socket.IO alone on a port of its own, for pages that come from somewhere else (CORS).
//!
//! Run it: `cargo run --example standalone`, or with other pages' origins:
//! `cargo run --example standalone -- http://localhost:5173 https://app.example`.
//!
//! Try it: on a page from one of these origins (a front end's development server, say),
//!
//! ```js
//! import { io } from "socket.io-client";
//! const socket = io("http://127.0.0.1:3001", { withCredentials: true });
//! socket.emit("join", "lobby", (members) => console.log(members));
//! socket.on("joined", (id) => console.log(id, "is here too"));
//! ```
//!
//! What the page sends to the port that served it never comes here; only Socket.IO does. Ctrl-C
//! stops the server: newcomers are sent away, clients are told, then it ends.

use std::time::Duration;

use http::HeaderValue;
use trunkline::server::{Access, AllowOrigin, Config, Cors, Origin, OriginPolicy};
use trunkline::{DisconnectReason, Error, Io, Server, Service, Socket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut origins: Vec<String> = std::env::args().skip(1).collect();
    if origins.is_empty() {
        origins.push("http://localhost:5173".to_owned());
    }
    let service = Service::with_config(application(), config(&origins)?);
    let server = Server::bind("127.0.0.1:3001").await?;
    println!(
        "listening on http://{} for pages of {origins:?}",
        server.local_addr()?
    );

    let stopping = service.clone();
    let shutdown = async move {
        // Without a signal handler there is nobody to tell.
        let _ = tokio::signal::ctrl_c().await;
        stopping.close(Duration::from_secs(5)).await;
    };
    server.run(service, shutdown).await;
    Ok(())
}

/// CORS headers tell browsers whose pages may read the answers; the origin policy turns the
/// requests of all other pages away, WebSockets too, which CORS does not cover.
fn config(origins: &[String]) -> Result<Config, Box<dyn std::error::Error>> {
    let mut admitted = Vec::new();
    let mut readers = Vec::new();
    for origin in origins {
        admitted.push(origin.parse::<Origin>()?);
        readers.push(HeaderValue::try_from(origin)?);
    }
    Ok(Config {
        cors: Some(Cors {
            origin: AllowOrigin::List(readers),
            credentials: true,
            ..Cors::default()
        }),
        access: Access {
            origins: OriginPolicy::Allow(admitted),
            ..Access::default()
        },
        ..Config::default()
    })
}

fn application() -> Io {
    let io = Io::builder().build();
    io.of("/")
        .on("join", join)
        .on_disconnect(async |socket: Socket, reason: DisconnectReason| {
            println!("{} left: {reason}", socket.id());
        });
    io
}

/// Joins a room, tells its members, and answers with how many they are.
async fn join(socket: Socket, (room,): (String,)) -> Result<usize, Error> {
    socket.join(&room);
    let others = socket.to(&room).emit("joined", socket.id().as_str())?;
    Ok(others + 1)
}
