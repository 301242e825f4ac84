//! A server for clients of Socket.IO 2 (Engine.IO 3) beside those of today: Engine.IO that sends every
//! message back under `/engine.io/`, and namespaces that show what such clients do otherwise.
//!
//! `/` and `/custom` tell their `auth` and echo; `/refusing` and `/retry` turn everyone away, with a
//! text and with data, and so does `/` who has `refuse` in the query. Binds 127.0.0.1; `--port 0`
//! takes a free port and prints it.

#[path = "fixture/port.rs"]
mod port;

use std::time::Duration;

use serde_json::value::RawValue;
use trunkline::server::{Config, Cors};
use trunkline::{
    Ack, Args, ConnectError, Engine, EngineSocket, Error, Frame, Io, Server, Service, Socket,
};

const PING_INTERVAL: Duration = Duration::from_millis(1_000);
const PING_TIMEOUT: Duration = Duration::from_millis(1_000);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let on = |path: &str| Config {
        path: path.to_owned(),
        cors: Some(Cors::default()),
        ..Config::default()
    };
    let engine = Service::with_config(engine(), on("/engine.io"));
    let service = Service::with_config(socketio(), on("/socket.io"));
    let server = Server::bind(("127.0.0.1", port::port()?)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server
        .run(service.with_application(engine), std::future::pending())
        .await;
    Ok(())
}

fn engine() -> Engine {
    let config = trunkline::engine::Config {
        ping_interval: PING_INTERVAL,
        ping_timeout: PING_TIMEOUT,
        allow_eio3: true,
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
        .allow_eio3(true)
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT)
        .build();
    for name in ["/", "/custom"] {
        io.of(name)
            .on_connect(async |socket: Socket| -> Result<(), Error> {
                let auth: Box<RawValue> = RawValue::from_string(socket.auth().to_owned())
                    .map_err(|_| Error::new("auth", "the auth payload is not JSON"))?;
                socket.emit("auth", auth)?;
                Ok(())
            })
            .on(
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
            )
            .on("ask", async |socket: Socket| -> Result<(), Error> {
                let answer: Args = socket
                    .emit_with_ack("question", ())
                    .timeout(Duration::from_secs(5))
                    .await
                    .map_err(|_| Error::new("ask", "no answer"))?;
                socket.emit("answer", answer)?;
                Ok(())
            })
            .on(
                "id",
                async |socket: Socket, ack: Ack| -> Result<(), Error> {
                    ack.send((socket.id(),))?;
                    Ok(())
                },
            )
            .on("leave", async |socket: Socket| socket.disconnect())
            .on("end", async |socket: Socket| socket.disconnect_all());
    }
    io.of("/").middleware(
        async |socket: Socket| match socket.handshake().query("refuse") {
            Some(_) => Err(ConnectError::new("not authorized")),
            None => Ok(()),
        },
    );
    io.of("/refusing")
        .middleware(async || Err::<(), _>(ConnectError::new("not authorized")));
    io.of("/retry").middleware(async || {
        let data = serde_json::json!({ "content": "retry" });
        Err::<(), _>(ConnectError::new("later").with_data(data))
    });
    io
}
