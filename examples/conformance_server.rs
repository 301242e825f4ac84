//! The servers that the official protocol suites talk to, both on one port.
//!
//! Under `/engine.io/` every message is sent back; under `/socket.io/` are the namespaces `/` and
//! `/custom` with the handlers that the Socket.IO suite expects. The heartbeat is as short as the
//! suites need it. Binds 127.0.0.1; `--port 0` takes a free port and prints it.

#[path = "fixture/port.rs"]
mod port;

use std::time::Duration;

use serde_json::value::RawValue;
use trunkline::server::Config;
use trunkline::{Ack, Args, Engine, EngineSocket, Error, Frame, Io, Server, Service, Socket};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Service::with_config(
        engine(),
        Config {
            path: "/engine.io".to_owned(),
            cors: Some(any_origin()),
            ..Config::default()
        },
    );
    let service = Service::with_config(
        socketio(),
        Config {
            cors: Some(any_origin()),
            ..Config::default()
        },
    );
    let server = Server::bind(("127.0.0.1", port::port()?)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server
        .run(service.with_application(engine), std::future::pending())
        .await;
    Ok(())
}

fn any_origin() -> trunkline::server::Cors {
    trunkline::server::Cors::default()
}

fn engine() -> Engine {
    let config = trunkline::engine::Config {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        ..Default::default()
    };
    Engine::builder()
        .config(config)
        .on_message(async |socket: EngineSocket, message: Frame| {
            socket.send(message);
        })
        .build()
}

fn socketio() -> Io {
    let io = Io::builder()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .connect_timeout(Duration::from_millis(1_000))
        .build();
    for name in ["/", "/custom"] {
        io.of(name)
            .on_connect(async |socket: Socket| -> Result<(), Error> {
                let auth: Box<RawValue> = RawValue::from_string(socket.auth().to_owned())
                    .map_err(|_| Error::new("auth", "the auth payload is not JSON"))?;
                socket.emit("auth", auth)?;
                Ok(())
            });
    }
    io.of("/")
        .on(
            // The suites' server never acknowledges this one: whoever takes the `Ack` answers.
            "message",
            async |socket: Socket, args: Args, _: Ack| -> Result<(), Error> {
                socket.emit("message-back", args)?;
                Ok(())
            },
        )
        .on(
            "message-with-ack",
            async |ack: Ack, args: Args| -> Result<(), Error> {
                ack.send(args)?;
                Ok(())
            },
        );
    io
}
