//! The server that the official Socket.IO client suite talks to: `--port N`, 3000 without it.
//!
//! Every handshake is admitted after ten milliseconds, recovery is on, and some namespaces do what the
//! suite expects. Binds 127.0.0.1; port 0 takes a free one and prints it.
//! `protocol-tests/fixtures/suites.mjs` is the same on the reference server.

#[path = "fixture/port.rs"]
mod port;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;
use trunkline::server::{Config, Hooks};
use trunkline::{
    Ack, Args, Binary, ConnectError, EmitError, Error, Handshake, HandshakeRecord, Io, Namespace,
    Recovery, Server, Service, Socket,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let io = Io::builder()
        .ping_interval(Duration::from_secs(2))
        .recovery(Recovery::default())
        .build();
    for name in ["/timeout_socket", "/valid", "/asd"] {
        io.of(name);
    }
    io.of("/no")
        .middleware(async || -> Result<(), ConnectError> {
            Err(ConnectError::new("Auth failed (custom namespace)"))
        });
    io.of("/foo").on("getId", id);
    io.of("/abc").on_connect(async |socket: Socket| -> Emits {
        socket
            .emit("handshake", socket.handshake_record())
            .map(drop)
    });
    let main = io.of("/");
    main.middleware(
        async |socket: Socket| match socket.handshake().query("fail") {
            None | Some("") => Ok(()),
            Some(_) => Err(ConnectError::new("Auth failed (main namespace)")),
        },
    );
    values(&main);
    dates(&main);
    binaries(&main);
    browsers(&main);
    let hooks = Hooks::default().allow_request(async |_: Arc<Handshake>| {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(())
    });
    let config = Config {
        hooks,
        ..Config::default()
    };
    let server = Server::bind(("127.0.0.1", port::port()?)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server
        .run(Service::with_config(io, config), std::future::pending())
        .await;
    Ok(())
}

type Emits = Result<(), EmitError>;

async fn id(socket: Socket) -> Result<String, Error> {
    Ok(socket.id().to_string())
}

fn values(main: &Namespace) {
    main.on("hi", async |socket: Socket| -> Emits {
        socket.emit("hi", ()).map(drop)
    });
    main.on("echo", async |args: Args| Ok::<_, Error>(args));
    main.on("false", async |socket: Socket| -> Emits {
        socket.emit("false", false).map(drop)
    });
    main.on("getUtf8", async |socket: Socket| -> Emits {
        for text in [
            "てすと",
            "Я Б Г Д Ж Й",
            "Ä ä Ü ü ß",
            "utf8 — string",
            "utf8 — string",
        ] {
            socket.emit("takeUtf8", text)?;
        }
        Ok(())
    });
    main.on("getId", id);
    main.on("getHandshake", async |socket: Socket| {
        Ok::<HandshakeRecord, Error>(socket.handshake_record())
    });
    // Whoever takes the `Ack` answers by itself: here never.
    main.on("ack", async |socket: Socket, _: Ack| -> Result<(), Error> {
        let (number, object): (Value, Value) = socket.emit_with_ack("ack", ()).await?;
        if number == 5 && object["test"] == true {
            socket.emit("got it", ())?;
        }
        Ok(())
    });
}

fn dates(main: &Namespace) {
    #[derive(serde::Serialize)]
    struct Dated {
        date: String,
    }
    main.on("getAckDate", async || Ok::<_, Error>(now()));
    main.on("getDate", async |socket: Socket| -> Emits {
        socket.emit("takeDate", now()).map(drop)
    });
    main.on("getDateObj", async |socket: Socket| -> Emits {
        socket.emit("takeDateObj", Dated { date: now() }).map(drop)
    });
}

/// The time as JavaScript writes it: ISO 8601 with milliseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "an application has its own clock"
)]
fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// What some events bring; none of it is asked for.
#[derive(Deserialize)]
struct Parcel {
    hello: String,
    message: Binary,
    goodbye: String,
}

impl Parcel {
    fn is_right(&self) -> bool {
        self.hello == "lol" && self.goodbye == "gotcha" && !self.message.0.is_empty()
    }
}

/// A value that came earlier on the same socket.
struct First;

fn binaries(main: &Namespace) {
    let doge = || Binary("asdfasdf".into());
    main.on("doge", async move |socket: Socket| -> Emits {
        socket.emit("doge", doge()).map(drop)
    });
    main.on("getbin", async move |socket: Socket| -> Emits {
        socket.emit("takebin", doge()).map(drop)
    });
    main.on("buffa", async |socket: Socket, _: (Binary,)| -> Emits {
        socket.emit("buffack", ()).map(drop)
    });
    main.on(
        "jsonbuff",
        async |socket: Socket, (parcel,): (Parcel,)| -> Emits {
            match parcel.is_right() {
                true => socket.emit("jsonbuff-ack", ()).map(drop),
                false => Ok(()),
            }
        },
    );
    main.on("abuff1", async |socket: Socket, _: (Binary,)| {
        socket.set(First);
    });
    main.on("abuff2", async |socket: Socket| -> Emits {
        match socket.get::<First>() {
            Some(_) => socket.emit("abuff2-ack", ()).map(drop),
            None => Ok(()),
        }
    });
}

/// How far the three events have come that only browsers send.
struct Step(u8);

fn browsers(main: &Namespace) {
    main.on("blob", async |socket: Socket, _: (Binary,)| -> Emits {
        socket.emit("back", ()).map(drop)
    });
    main.on(
        "jsonblob",
        async |socket: Socket, (parcel,): (Parcel,)| -> Emits {
            match parcel.is_right() {
                true => socket.emit("jsonblob-ack", ()).map(drop),
                false => Ok(()),
            }
        },
    );
    let step = |socket: &Socket| socket.get::<Step>().map_or(0, |step| step.0);
    main.on("blob1", async |socket: Socket, _: (Binary,)| {
        socket.set(Step(1));
    });
    main.on("blob2", async move |socket: Socket, (text,): (String,)| {
        if text == "second" && step(&socket) == 1 {
            socket.set(Step(2));
        }
    });
    main.on(
        "blob3",
        async move |socket: Socket, _: (Binary,)| -> Emits {
            match step(&socket) {
                2 => socket.emit("blob3-ack", ()).map(drop),
                _ => Ok(()),
            }
        },
    );
}
