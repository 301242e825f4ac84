//! A server whose clients come back to their session after they were cut off.
//!
//! Everybody gets numbered ticks, and may send something to a room or to everybody. A client that loses
//! its connection comes back by itself (the JavaScript client does), is in its rooms again, and is sent
//! what it missed, once and in order.
//!
//! Run it: `cargo run --example recovery`. Try it from Node, after `npm install socket.io-client`: no
//! number is missing, and none comes twice.
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const socket = io("http://127.0.0.1:3000");
//! socket.on("connect", () => console.log(socket.recovered ? "back again" : "new here", socket.id));
//! socket.on("tick", (number) => console.log(number));
//! setInterval(() => socket.io.engine.close(), 4_000); // cuts the connection
//! ```
//!
//! The flag `--port N` takes another port, 0 a free one, and prints it. From the environment:
//! `TICKS_PER_SECOND` (1), and `MAX_DISCONNECTION_MS`, after which it is too late to come back (120000).

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::Value;
use trunkline::{Binary, Error, Io, Recovery, Server, Service, Socket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut recovery = Recovery::default();
    if let Ok(limit) = std::env::var("MAX_DISCONNECTION_MS") {
        recovery.max_disconnection = Duration::from_millis(limit.parse()?);
    }
    let io = Io::builder().recovery(recovery).build();
    for name in ["/", "/other"] {
        let namespace = io.of(name);
        namespace.on_connect(async |socket: Socket| {
            // Who comes back has its rooms already.
            if !socket.recovered() {
                socket.join("everybody");
            }
        });
        namespace.on("join", async |socket: Socket, (room,): (String,)| {
            socket.join(room);
        });
        let all = namespace.clone();
        namespace.on(
            "send",
            async move |(room, text, bytes): (String, Value, Option<Binary>)| -> Result<(), Error> {
                all.to(room).emit("sent", (text, bytes))?;
                Ok(())
            },
        );
    }
    let server = Server::bind(("127.0.0.1", port()?)).await?;
    println!("listening on http://{}", server.local_addr()?);
    tokio::spawn(tick(io.clone(), ticks_per_second()?));
    server.run(Service::new(&io), std::future::pending()).await;
    Ok(())
}

/// Counts aloud.
async fn tick(io: Io, per_second: NonZeroU32) -> Result<(), trunkline::EmitError> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second.get());
    for number in 0_u64.. {
        ticks.tick().await;
        io.emit("tick", number)?;
    }
    Ok(())
}

fn ticks_per_second() -> Result<NonZeroU32, std::num::ParseIntError> {
    let wanted = std::env::var("TICKS_PER_SECOND");
    wanted.map_or(Ok(NonZeroU32::MIN), |wanted| wanted.parse())
}

fn port() -> Result<u16, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(3000),
        (Some("--port"), Some(port)) => Ok(port.parse()?),
        _ => Err("usage: recovery [--port PORT]".into()),
    }
}
