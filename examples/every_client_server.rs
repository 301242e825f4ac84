//! One server for clients of every kind: what each of them sends comes back, and they meet in rooms.
//!
//! The clients of JavaScript (Socket.IO 2 to the newest), Python and Rust are led through the same story
//! against it. `--msgpack` speaks with `socket.io-msgpack-parser`, `--recovery` keeps the sessions of
//! clients that were cut off. Binds 127.0.0.1; `--port N` takes another port than 3000, 0 a free one.

use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use trunkline::{
    Ack, Args, ConnectError, Error, Io, MsgpackParser, Namespace, Recovery, Server, Service, Socket,
};

/// Short enough that the heartbeat beats during the story.
const PING_INTERVAL: Duration = Duration::from_millis(500);
/// Long enough for a busy machine.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::read()?;
    let mut io = Io::builder()
        .allow_eio3(true)
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT);
    if options.msgpack {
        io = io.parser(MsgpackParser);
    }
    if options.recovery {
        io = io.recovery(Recovery::default());
    }
    let io = io.build();
    for name in ["/", "/custom"] {
        listen(&io.of(name));
    }
    io.of("/closed").middleware(async || {
        let refusal = ConnectError::new("not today");
        Err::<(), _>(refusal.with_data(serde_json::json!({ "after": [8, 1.5] })))
    });
    let server = Server::bind(("127.0.0.1", options.port)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server.run(Service::new(io), std::future::pending()).await;
    Ok(())
}

fn listen(namespace: &Namespace) {
    namespace.on_connect(async |socket: Socket| -> Result<(), Error> {
        let auth: Box<RawValue> = RawValue::from_string(socket.auth().to_owned())
            .map_err(|_| Error::new("auth", "the auth payload is not JSON"))?;
        socket.emit("auth", auth)?;
        Ok(())
    });
    namespace.on(
        "echo",
        async |socket: Socket, args: Args| -> Result<(), Error> {
            socket.emit("echo", args)?;
            Ok(())
        },
    );
    namespace.on(
        "answer",
        async |ack: Ack, args: Args| -> Result<(), Error> {
            ack.send(args)?;
            Ok(())
        },
    );
    // Asks the client what it was sent, and tells it what it answered.
    namespace.on(
        "ask",
        async |socket: Socket, args: Args| -> Result<(), Error> {
            let question = socket.emit_with_ack::<Args>("question", args);
            let answer = question.timeout(ANSWER_TIMEOUT).await;
            let answer = answer.map_err(|error| Error::new("no_answer", error.to_string()))?;
            socket.emit("answered", answer)?;
            Ok(())
        },
    );
    namespace.on("id", async |socket: Socket| {
        Ok::<_, Error>(socket.id().clone())
    });
    namespace.on("join", async |socket: Socket, (room,): (String,)| {
        socket.join(room.clone());
        Ok::<_, Error>(room)
    });
    namespace.on("leave", async |socket: Socket, (room,): (String,)| {
        socket.leave(room.clone());
        Ok::<_, Error>(room)
    });
    let all = namespace.clone();
    namespace.on("tell", async move |(room, text): (String, Value)| {
        all.to(room.clone()).emit("told", text)?;
        Ok::<_, Error>(room)
    });
    let all = namespace.clone();
    namespace.on("members", async move |(room,): (String,)| {
        Ok::<_, Error>(all.to(room).sockets().len())
    });
    namespace.on("go", async |socket: Socket| socket.disconnect());
    namespace.on("end", async |socket: Socket| socket.disconnect_all());
}

/// What the command line says.
struct Options {
    port: u16,
    msgpack: bool,
    recovery: bool,
}

impl Options {
    fn read() -> Result<Self, String> {
        let mut options = Self {
            port: 3_000,
            msgpack: false,
            recovery: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--msgpack" => options.msgpack = true,
                "--recovery" => options.recovery = true,
                "--port" => {
                    let port = arguments.next().ok_or("--port needs a number")?;
                    options.port = port.parse().map_err(|_| format!("{port}: not a port"))?;
                }
                other => return Err(format!("{other}: unknown")),
            }
        }
        Ok(options)
    }
}
