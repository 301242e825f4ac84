//! A server for clients with `socket.io-msgpack-parser`.
//!
//! A client connects with `io("http://localhost:3000", { parser })`, where `parser` is that package. The one
//! line that differs from a JSON server is `.parser(MsgpackParser)`. Binds 127.0.0.1; `--port N` takes
//! another port than 3000, 0 a free one.

use std::time::Duration;

use trunkline::{Args, Binary, ConnectError, Error, Io, MsgpackParser, Server, Service, Socket};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let io = Io::builder().parser(MsgpackParser).build();
    io.of("/")
        .on_connect(async |socket: Socket| -> Result<(), Error> {
            socket.emit("credentials", socket.auth().to_owned())?;
            Ok(())
        })
        .on(
            "echo",
            async |socket: Socket, args: Args| -> Result<(), Error> {
                socket.emit("echo", args)?;
                Ok(())
            },
        )
        .on("answer", async |args: Args| Ok::<_, Error>(args))
        .on("sum", async |(numbers,): (Vec<f64>,)| {
            Ok::<_, Error>(numbers.iter().sum::<f64>())
        })
        .on("reverse", async |(Binary(bytes),): (Binary,)| {
            let reversed: Vec<_> = bytes.iter().rev().copied().collect();
            Ok::<_, Error>(Binary::from(reversed))
        })
        // Asks the client and tells it what it answered.
        .on(
            "ask",
            async |socket: Socket, args: Args| -> Result<(), Error> {
                let question = socket.emit_with_ack::<Args>("question", args);
                match question.timeout(Duration::from_secs(10)).await {
                    Ok(answer) => socket.emit("answered", answer)?,
                    Err(error) => return Err(Error::new("no_answer", error.to_string())),
                };
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
    io.of("/other")
        .on("where", async || Ok::<_, Error>("/other"));
    io.of("/closed").middleware(async || {
        let refusal = ConnectError::new("not today");
        Err::<(), _>(refusal.with_data(serde_json::json!({ "after": [8, 1.5] })))
    });
    let server = Server::bind(("127.0.0.1", port()?)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server.run(Service::new(io), std::future::pending()).await;
    Ok(())
}

/// The number after `--port`; without it 3000.
fn port() -> Result<u16, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(3_000),
        (Some("--port"), Some(port)) => Ok(port.parse()?),
        _ => Err("the one option is --port N".into()),
    }
}
