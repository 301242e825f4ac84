//! Trunkline with the defaults of the library, and the events that load generators send.
//!
//! `RUST_LOG` in the environment turns the log on, on the standard error; without it nothing
//! listens to what the library logs.

use peer_servers::launch::{self, Outcome, PING_TIMEOUT};
use tracing_subscriber::EnvFilter;
use trunkline::{Binary, Error, Io, Server, Service, Socket};

/// Also the way in of `trunkline_jemalloc.rs`.
pub(crate) fn main() -> Outcome {
    if std::env::var_os("RUST_LOG").is_some() {
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::from_default_env())
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .init();
    }
    launch::run(serve)
}

async fn serve(port: u16) -> Outcome {
    let io = Io::builder()
        .ping_interval(launch::ping_interval()?)
        .ping_timeout(PING_TIMEOUT)
        .build();
    io.of("/")
        .on("echo", echo)
        .on("ack", acknowledge)
        .on("bin", binary)
        .on("broadcast", broadcast)
        .on("join", join)
        .on("chat", chat);
    let server = Server::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server.run(Service::new(io), std::future::pending()).await;
    Ok(())
}

async fn echo(socket: Socket, (text,): (String,)) -> Result<(), Error> {
    socket.emit("echo", (text,))?;
    Ok(())
}

async fn acknowledge((text,): (String,)) -> Result<String, Error> {
    Ok(text)
}

async fn binary(socket: Socket, (bytes,): (Binary,)) -> Result<(), Error> {
    socket.emit("bin", (bytes,))?;
    Ok(())
}

async fn broadcast(io: Io, (text,): (String,)) -> Result<(), Error> {
    io.emit("broadcast", (text,))?;
    Ok(())
}

async fn join(socket: Socket, (room,): (String,)) -> Result<(), Error> {
    socket.join(&room);
    Ok(())
}

async fn chat(io: Io, (room, message): (String, String)) -> Result<(), Error> {
    io.to(&room).emit("chat", (message,))?;
    Ok(())
}
