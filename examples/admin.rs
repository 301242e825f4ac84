//! A namespace for each organisation, made when its first member comes, and one for administrators, who see
//! the others: who is there, which rooms come and go; they can broadcast, and throw somebody out.
//!
//! Run it: `ADMIN_TOKEN=secret cargo run --example admin`. Try it, from Node after
//! `npm install socket.io-client`:
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const url = "http://127.0.0.1:3000";
//! const admin = io(`${url}/admin`, { auth: { token: "secret" } });
//! admin.on("room", (namespace, event) => console.log(namespace, event));
//! admin.on("connect", () => {
//!   const ada = io(`${url}/org/acme`, { auth: { name: "ada" } });
//!   ada.on("notice", (text) => console.log("ada reads:", text));
//!   ada.on("disconnect", (reason) => console.log("ada is out:", reason));
//!   ada.emit("join", "design", async () => {
//!     console.log(await admin.emitWithAck("namespaces"));
//!     console.log(await admin.emitWithAck("sockets", "/org/acme"));
//!     console.log(await admin.emitWithAck("broadcast", "/org/acme", "tea at four")); // 1, who hear it
//!     console.log(await admin.emitWithAck("kick", "/org/acme", ada.id));
//!   });
//! });
//! ```
//!
//! Without `ADMIN_TOKEN` it makes a token up and prints it. `PORT=0` takes a free port and prints it.

use serde::Deserialize;
use serde_json::{Value, json};
use trunkline::{Auth, Error, Io, Namespace, Server, Service, Socket, SocketId, State};

/// What an administrator's client sends as `auth`.
#[derive(Deserialize)]
struct Token {
    token: String,
}

/// What a member's client sends as `auth`.
#[derive(Deserialize)]
struct Member {
    name: String,
}

struct AdminToken(String);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let token = std::env::var("ADMIN_TOKEN").unwrap_or_else(|_| {
        let token = format!("{:032x}", rand::random::<u128>());
        println!("the token of /admin is {token}");
        token
    });
    let io = Io::builder()
        .state(AdminToken(token))
        // An organisation's namespace goes with its last member.
        .cleanup_empty_child_namespaces(true)
        .build();
    organisations(&io);
    admin(&io);

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server.run(Service::new(io), std::future::pending()).await;
    Ok(())
}

/// What is the same in the namespaces of all organisations, `/org/acme` and whichever others there are.
fn organisations(io: &Io) {
    io.of_pattern("/org/{org}")
        .middleware(async |socket: Socket, Auth(member): Auth<Member>| {
            socket.set_data("name", member.name)
        })
        .on("join", async |socket: Socket, (room,): (String,)| {
            socket.join(room);
        })
        .on(
            "say",
            async |socket: Socket, (room, text): (String, String)| -> Result<(), Error> {
                let org = socket.part("org").unwrap_or_default();
                socket.to(room).emit("said", (org, text))?;
                Ok(())
            },
        );
    let admin = io.of("/admin");
    io.on_new_namespace(move |namespace| {
        if !namespace.name().starts_with("/org/") {
            return;
        }
        let (admin, name) = (admin.clone(), namespace.name().to_owned());
        namespace.on_room_event(move |event| {
            let what =
                json!({ "event": event.name(), "room": event.room(), "socket": event.socket() });
            // Names and ids can always be written.
            let _ = admin.emit("room", (&name, what));
        });
    });
}

fn admin(io: &Io) {
    io.of("/admin")
        .middleware(authenticate)
        .on("namespaces", namespaces)
        .on("sockets", sockets)
        .on("broadcast", broadcast)
        .on("kick", kick);
}

async fn authenticate(
    Auth(given): Auth<Token>,
    State(expected): State<AdminToken>,
) -> Result<(), Error> {
    // The time that this takes says nothing about where they differ.
    let (given, expected) = (given.token.as_bytes(), expected.0.as_bytes());
    let differences = given
        .iter()
        .zip(expected)
        .fold(0, |sum, (a, b)| sum | (a ^ b));
    match given.len() == expected.len() && differences == 0 {
        true => Ok(()),
        false => Err(Error::new("unauthorized", "not an administrator's token")),
    }
}

/// Names, and how many sockets there are.
async fn namespaces(io: Io) -> Result<Value, Error> {
    let all = io.namespaces();
    let counts = all
        .iter()
        .map(|each| (each.name().to_owned(), each.socket_count().into()));
    Ok(Value::Object(counts.collect()))
}

async fn sockets(io: Io, (name,): (String,)) -> Result<Vec<Value>, Error> {
    let sockets = find(&io, &name)?.fetch_sockets().await?;
    let describe = |socket: &trunkline::RemoteSocket| {
        json!({
            "id": socket.id(),
            "address": socket.handshake().address,
            "rooms": socket.rooms(),
            "data": socket.data(),
        })
    };
    Ok(sockets.iter().map(describe).collect())
}

/// Says how many it went to.
async fn broadcast(io: Io, (name, text): (String, String)) -> Result<usize, Error> {
    Ok(find(&io, &name)?.emit("notice", text)?)
}

/// Says whether there was such a socket.
async fn kick(io: Io, (name, id): (String, SocketId)) -> Result<bool, Error> {
    let socket = find(&io, &name)?.socket(&id);
    if let Some(socket) = &socket {
        socket.disconnect();
    }
    Ok(socket.is_some())
}

/// A namespace that is there: `Io::of` would make one.
fn find(io: &Io, name: &str) -> Result<Namespace, Error> {
    let found = io.find(name);
    found.ok_or_else(|| Error::new("no_such_namespace", "there is no such namespace"))
}
