//! The server that load generators talk to: echo, acknowledgement, binary, broadcast.
//!
//! `--port N` (0 takes a free one and prints it), `--threads T` (1, the default: a current-thread
//! runtime; more: a multi-threaded one with T workers). `PING_INTERVAL_MS` in the environment sets
//! the heartbeat. Everything else is the library's default. Binds 127.0.0.1.

use std::time::Duration;

use trunkline::{Args, Error, Io, Server, Service, Socket};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (port, threads) = arguments()?;
    let mut runtime = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    runtime
        .worker_threads(threads)
        .enable_all()
        .build()?
        .block_on(serve(port))
}

async fn serve(port: u16) -> Result<(), Box<dyn std::error::Error>> {
    let mut io = Io::builder();
    if let Ok(interval) = std::env::var("PING_INTERVAL_MS") {
        io = io.ping_interval(Duration::from_millis(interval.parse()?));
    }
    let io = io.build();
    io.of("/")
        .on(
            "echo",
            async |socket: Socket, args: Args| -> Result<(), Error> {
                socket.emit("echo", args)?;
                Ok(())
            },
        )
        .on("ack", async |args: Args| -> Result<Args, Error> {
            Ok(args)
        })
        .on(
            "bin",
            async |socket: Socket, args: Args| -> Result<(), Error> {
                socket.emit("bin", args)?;
                Ok(())
            },
        )
        .on(
            "broadcast",
            async |io: Io, args: Args| -> Result<(), Error> {
                io.emit("broadcast", args)?;
                Ok(())
            },
        );
    let server = Server::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server.run(Service::new(io), std::future::pending()).await;
    Ok(())
}

fn arguments() -> Result<(u16, usize), String> {
    let (mut port, mut threads) = (3_000, 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("{argument}: needs a value"))?;
        let wrong = |_| format!("{argument} {value}: not a number that fits");
        match argument.as_str() {
            "--port" => port = value.parse().map_err(wrong)?,
            "--threads" => threads = value.parse().map_err(wrong)?,
            _ => return Err(format!("{argument}: unknown")),
        }
    }
    match threads {
        0 => Err("--threads 0: at least one is needed".to_owned()),
        _ => Ok((port, threads)),
    }
}
