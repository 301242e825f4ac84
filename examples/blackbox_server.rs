//! Rooms, broadcasts, acknowledgements, volatile events, leaving, listeners and dynamic namespaces, for
//! tests from outside: `--port N` (3000 without it), and `--recovery` to let clients come back within
//! three seconds. Binds 127.0.0.1; port 0 takes a free one and prints it.
//!
//! Every event does what its name says and no more, so the file is at once a list of how things are
//! done. `protocol-tests/fixtures/blackbox.mjs` is the same on the reference server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use trunkline::{
    Ack, AnswerError, Args, Auth, Binary, ConnectError, DisconnectReason, EmitError, Error,
    EventName, Io, Namespace, Recovery, RequestError, Server, Service, Socket,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (port, recovers) = arguments()?;
    let mut builder = Io::builder();
    if recovers {
        builder = builder.recovery(Recovery {
            max_disconnection: Duration::from_secs(3),
            ..Recovery::default()
        });
    }
    let io = builder.build();
    let notes = Notes::default();
    main_namespace(&io, recovers);
    leaving(&io.of("/"), &notes);
    other_namespaces(&io, &notes);
    dynamic_namespaces(&io);
    let server = Server::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server.run(Service::new(io), std::future::pending()).await;
    Ok(())
}

/// What a client says about itself with its CONNECT packet.
#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    refuse: bool,
    token: Option<String>,
}

/// One name, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Many(Vec<String>),
}

impl From<Names> for Vec<String> {
    fn from(names: Names) -> Vec<String> {
        match names {
            Names::One(name) => vec![name],
            Names::Many(names) => names,
        }
    }
}

fn main_namespace(io: &Io, recovers: bool) {
    let main = io.of("/");
    main.middleware(async |Auth(auth): Auth<Credentials>| match auth.refuse {
        true => Err(ConnectError::new("refused")),
        false => Ok(()),
    });
    main.on_connect(async move |socket: Socket| -> Result<(), Error> {
        listeners(&socket);
        if recovers {
            socket.emit("recovered", socket.recovered())?;
        }
        Ok(())
    });
    rooms(&main);
    broadcasts(&main);
    selections(&main);
    acknowledgements(&main);
    volatile(&main);
}

fn rooms(main: &Namespace) {
    main.on("sync", async || {});
    main.on("id", async |socket: Socket| {
        Ok::<_, Error>(socket.id().to_string())
    });
    main.on("join", async |socket: Socket, (rooms,): (Names,)| {
        socket.join(Vec::from(rooms));
    });
    main.on("leave", async |socket: Socket, (room,): (String,)| {
        socket.leave(room);
    });
    main.on("rooms", async |socket: Socket| {
        let mut rooms: Vec<String> = socket.rooms().iter().map(ToString::to_string).collect();
        rooms.retain(|room| *room != *socket.id().as_str());
        rooms.sort();
        Ok::<_, Error>((rooms,))
    });
}

type Emits = Result<(), EmitError>;

fn broadcasts(main: &Namespace) {
    main.on("bc", async |socket: Socket, (event,): (String,)| -> Emits {
        socket.broadcast().emit(&event, ()).map(drop)
    });
    main.on("all", async |io: Io, (event,): (String,)| -> Emits {
        io.emit(&event, ()).map(drop)
    });
    main.on(
        "to",
        async |socket: Socket, (room, event): (String, String)| -> Emits {
            socket.to(room).emit(&event, ()).map(drop)
        },
    );
    main.on(
        "except",
        async |socket: Socket, (room, event): (String, String)| -> Emits {
            socket.except(room).emit(&event, ()).map(drop)
        },
    );
    main.on(
        "ioto",
        async |io: Io, (rooms, event): (Vec<String>, String)| -> Emits {
            io.to(rooms).emit(&event, ()).map(drop)
        },
    );
    main.on(
        "toex",
        async |io: Io, (rooms, except, event): (Vec<String>, Vec<String>, String)| -> Emits {
            io.to(rooms).except(except).emit(&event, ()).map(drop)
        },
    );
    main.on(
        "steps",
        async |io: Io, (first, second, event): (String, String, String)| -> Emits {
            let start = io.to(&first);
            let _more = start.clone().to(&second);
            let _less = start.clone().except(&first);
            start.emit(&event, ()).map(drop)
        },
    );
    main.on("bin", async |io: Io, (event,): (String,)| -> Emits {
        let data = Binary(vec![1, 2, 3].into());
        io.emit(&event, (Data { data }, "end")).map(drop)
    });
}

#[derive(serde::Serialize)]
struct Data {
    data: Binary,
}

fn selections(main: &Namespace) {
    main.on(
        "count",
        async |io: Io, (rooms,): (Vec<String>,)| -> Result<usize, Error> {
            Ok(io.within(rooms).fetch_sockets().await?.len())
        },
    );
    main.on(
        "gather",
        async |io: Io, (rooms, room): (Vec<String>, String)| {
            io.within(rooms).sockets_join(room);
        },
    );
    main.on(
        "scatter",
        async |io: Io, (rooms, room): (Vec<String>, String)| {
            io.within(rooms).sockets_leave(room);
        },
    );
    main.on(
        "kick",
        async |io: Io, (rooms, close): (Vec<String>, bool)| {
            io.within(rooms).disconnect_sockets(close);
        },
    );
    main.on(
        "members",
        async |socket: Socket, (id,): (String,)| -> Emits {
            let sockets = socket.io().of("/").sockets();
            let is_here = sockets.iter().any(|socket| *socket.id().as_str() == *id);
            socket.volatile().emit("member", is_here).map(drop)
        },
    );
}

fn acknowledgements(main: &Namespace) {
    main.on(
        "ask",
        async |socket: Socket, values: Args| -> Result<(), Error> {
            let answers: Args = socket.emit_with_ack("q", values).await?;
            socket.emit("asked", answers)?;
            Ok(())
        },
    );
    main.on(
        "bcack",
        async |io: Io, ack: Ack, (rooms, ms): (Vec<String>, u64)| -> Emits {
            let asked = io.to(rooms).timeout(Duration::from_millis(ms));
            let (error, answers) = match asked.emit_with_ack::<(Value,)>("q", ()).await {
                Ok(answers) => (None, answers),
                Err(RequestError::Incomplete(some)) => {
                    (Some("operation has timed out"), some.answers)
                }
                Err(RequestError::Encode(error)) => return Err(error),
                Err(error) => return ack.send((error.to_string(), ())),
            };
            let values = answers.into_iter().filter_map(|(_, answer)| answer.ok());
            let firsts: Vec<Value> = values.map(|(first,)| first).collect();
            ack.send((error, firsts))
        },
    );
    main.on(
        "tack",
        async |socket: Socket, (ms,): (u64,)| -> Result<(), Error> {
            let asked = socket.timeout(Duration::from_millis(ms));
            let (error, value) = match asked.emit_with_ack("q", ()).await {
                Ok((value,)) => (None, value),
                Err(AnswerError::Ack(error)) => (Some(error.to_string()), Value::Null),
                Err(error) => return Err(error.into()),
            };
            socket.emit("tacked", (error, value))?;
            Ok(())
        },
    );
}

fn volatile(main: &Namespace) {
    main.on("vol", async |socket: Socket, (count,): (u32,)| -> Emits {
        (0..count).try_for_each(|number| socket.volatile().emit("v", number).map(drop))
    });
    main.on("mixed", async |socket: Socket| -> Emits {
        socket.emit("n", 1)?;
        socket.volatile().emit("v", 2)?;
        socket.emit("n", 3).map(drop)
    });
    main.on("volbin", async |socket: Socket| -> Emits {
        let bytes = || Binary(vec![1, 2, 3].into());
        socket.volatile().emit("v", bytes())?;
        socket.volatile().emit("v", bytes()).map(drop)
    });
    main.on("bcvol", async |io: Io, (count,): (u32,)| -> Emits {
        (0..count).try_for_each(|number| io.volatile().emit("v", number).map(drop))
    });
}

/// Listeners of one socket.
fn listeners(socket: &Socket) {
    let seen = Notes::default();
    let note = |what: &'static str| {
        let seen = seen.clone();
        async move |EventName(name): EventName| seen.add(format!("{what} {name}"))
    };
    socket.middleware(async |EventName(name): EventName| match &*name {
        "forbidden" => Err(Error::new("forbidden", "forbidden")),
        _ => Ok(()),
    });
    socket.on_any(note("second"));
    socket.prepend_any(note("first"));
    let going = seen.clone();
    socket.on_any_outgoing(move |_, name, _| going.add(format!("out {name}")));
    socket.on("forbidden", async |socket: Socket| -> Emits {
        socket.emit("not forbidden", ()).map(drop)
    });
    socket.on("say", async |socket: Socket| -> Emits {
        socket.send("said").map(drop)
    });
    socket.once("single", async |socket: Socket| -> Emits {
        socket.emit("only once", ()).map(drop)
    });
    socket.on("seen", async move || Ok::<_, Error>((seen.take(),)));
}

/// How sockets leave, and what is noted of it for others to ask.
fn leaving(namespace: &Namespace, notes: &Notes) {
    namespace.on("bye", async |socket: Socket| socket.disconnect());
    namespace.on("byeall", async |socket: Socket| socket.disconnect_all());
    namespace.on("break", async |socket: Socket| socket.conn().close());
    namespace.on("marked", async |socket: Socket, (name,): (String,)| {
        socket.join(format!("marked {name}"));
        socket.set(Mark(name));
    });
    let all = notes.clone();
    namespace.on(
        "notes",
        async move |socket: Socket, (name,): (String,)| -> Emits {
            let own = format!("{name}:");
            let notes: Vec<String> = all
                .all()
                .into_iter()
                .filter(|note| note.starts_with(&own))
                .collect();
            socket.emit("notes", (notes,)).map(drop)
        },
    );
    for what in ["disconnecting", "disconnect"] {
        let notes = notes.clone();
        let note = async move |socket: Socket, reason: DisconnectReason| {
            let Some(mark) = socket.get::<Mark>() else {
                return;
            };
            let is_in = socket.is_in(&format!("marked {}", mark.0));
            let rooms = if is_in { "rooms" } else { "no rooms" };
            let (name, namespace) = (&mark.0, socket.namespace());
            notes.add(format!("{name}: {what} {namespace} {reason}, {rooms}"));
        };
        match what {
            "disconnect" => namespace.on_disconnect(note),
            _ => namespace.on_disconnecting(note),
        };
    }
}

/// The name under which a socket's end is noted.
struct Mark(String);

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, note: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(note);
    }

    fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn other_namespaces(io: &Io, notes: &Notes) {
    io.of("/refuse")
        .middleware(async || -> Result<(), ConnectError> {
            Err(ConnectError::new("not authorized").with_data(json!({ "content": "retry" })))
        });
    io.of("/slow")
        .middleware(async || tokio::time::sleep(Duration::from_millis(100)).await)
        .on_connect(async |socket: Socket| -> Emits { socket.emit("in", ()).map(drop) });
    let other = io.of("/other");
    other.on("sync", async || {});
    leaving(&other, notes);
}

fn dynamic_namespaces(io: &Io) {
    let parent = io.of_regex(r"^/dyn-\d+$");
    parent.middleware(async |Auth(auth): Auth<Credentials>| match auth.refuse {
        true => Err(ConnectError::new("not here")),
        false => Ok(()),
    });
    parent.on_connect(hello);
    parent.on("sync", async || {});
    parent.on("here", async |socket: Socket| -> Emits {
        socket
            .io()
            .of(socket.namespace())
            .emit("here", ())
            .map(drop)
    });
    let all = parent.clone();
    parent.on("all", async move || -> Emits {
        all.emit("all", ()).map(drop)
    });
    io.of_fn(async |name: String, auth: Value| {
        let auth = serde_json::from_value::<Credentials>(auth);
        name == "/asked" && auth.is_ok_and(|auth| auth.token.as_deref() == Some("yes"))
    })
    .on_connect(hello);
    io.of("/dyn-777")
        .on_connect(async |socket: Socket| -> Emits { socket.emit("by hand", ()).map(drop) });
}

async fn hello(socket: Socket) -> Emits {
    socket.emit("hello", socket.namespace()).map(drop)
}

/// The number after `--port`, without it 3000, and whether `--recovery` is there.
fn arguments() -> Result<(u16, bool), String> {
    let (mut port, mut recovers) = (3_000, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--recovery" => recovers = true,
            "--port" => {
                let value = arguments.next().unwrap_or_default();
                port = value
                    .parse()
                    .map_err(|_| format!("--port {value}: not a port"))?;
            }
            other => return Err(format!("{other}: unknown")),
        }
    }
    Ok((port, recovers))
}
