//! A chat: names, rooms, who is here, what was said before, and who is typing.
//!
//! Run it, with the JavaScript client for the page (`npm install socket.io-client`):
//!
//! ```sh
//! CLIENT=node_modules/socket.io-client cargo run --example chat
//! ```
//!
//! Try it: open <http://127.0.0.1:3000> in two windows. Without `CLIENT` the page has nothing to speak
//! Socket.IO with, and says so; Node brings its own:
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const socket = io("http://127.0.0.1:3000", { auth: { name: "Ada" } });
//! socket.on("said", ({ room, from, text }) => console.log(`#${room} ${from}: ${text}`));
//! socket.emit("join", "lobby", console.log);             // { here: [ 'Ada' ], history: [] }
//! socket.emit("say", "lobby", "hello", console.log);     // 1, the message's number
//! socket.emit("join", "attic", console.log);             // { error: { code: 'no_such_room', … } }
//! ```
//!
//! `PORT=0` takes a free port and prints it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trunkline::server::{ClientFiles, Config};
use trunkline::{Auth, Error, Io, Service, Socket, State};

const ROOMS: [&str; 3] = ["lobby", "kitchen", "garden"];
/// How many messages a newcomer is shown.
const REMEMBERED: usize = 50;
const LONGEST_MESSAGE: usize = 2000;

#[derive(Deserialize)]
struct Login {
    name: String,
}

#[derive(Clone, Serialize)]
struct Message {
    room: String,
    id: u64,
    from: Value,
    text: String,
}

/// What was said last in each room.
struct Chat(Mutex<HashMap<&'static str, VecDeque<Message>>>);

impl Chat {
    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, VecDeque<Message>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rooms = ROOMS.map(|room| (room, VecDeque::new())).into();
    let io = Io::builder().state(Chat(Mutex::new(rooms))).build();
    io.of("/")
        .middleware(admit)
        .on("join", join)
        .on("leave", leave)
        .on("say", say)
        .on("typing", typing)
        .on_disconnecting(leave_all);

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let client = std::env::var_os("CLIENT");
    let config = Config {
        client_files: client.map(ClientFiles::read).transpose()?,
        ..Config::default()
    };
    let app = Router::new()
        .route("/", get(async || Html(include_str!("chat.html"))))
        .layer(Service::with_config(io, config).layer());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

/// Everybody has a name. It is the socket's data, so that others can see it.
async fn admit(socket: Socket, Auth(login): Auth<Login>) -> Result<(), Error> {
    let name = login.name.trim();
    if name.is_empty() || name.chars().count() > 20 {
        return Err(Error::new("bad_name", "a name has 1 to 20 characters"));
    }
    Ok(socket.set_data("name", name)?)
}

async fn join(
    socket: Socket,
    (room,): (String,),
    State(chat): State<Chat>,
) -> Result<Value, Error> {
    let history: Vec<Message> = {
        let chat = chat.lock();
        let said = chat.get(&*room).ok_or_else(no_such_room)?;
        // Under the lock, so that each message is either in the history or still to come.
        socket.join(&room);
        said.iter().cloned().collect()
    };
    socket
        .to(&room)
        .emit("joined", whereabouts(&socket, &room))?;
    let members = socket.io().to(&room).fetch_sockets().await?;
    let here: Vec<&Value> = members.iter().map(|each| &each.data()["name"]).collect();
    Ok(json!({ "history": history, "here": here }))
}

async fn leave(socket: Socket, (room,): (String,)) -> Result<(), Error> {
    if socket.is_in(&room) {
        socket.leave(&room);
        socket.to(&room).emit("left", whereabouts(&socket, &room))?;
    }
    Ok(())
}

/// Goes to everybody in the room, whoever said it included, and into the history.
async fn say(
    socket: Socket,
    (room, text): (String, String),
    State(chat): State<Chat>,
) -> Result<u64, Error> {
    if text.is_empty() || text.len() > LONGEST_MESSAGE {
        return Err(Error::new("bad_message", "too short, or too long"));
    }
    let mut chat = chat.lock();
    let said = chat.get_mut(&*room).ok_or_else(no_such_room)?;
    if !socket.is_in(&room) {
        return Err(Error::new("not_here", "join the room first"));
    }
    let id = said.back().map_or(1, |last| last.id + 1);
    let message = Message {
        room,
        id,
        from: name(&socket),
        text,
    };
    socket.io().to(&message.room).emit("said", &message)?;
    said.push_back(message);
    if said.len() > REMEMBERED {
        said.pop_front();
    }
    Ok(id)
}

/// Not worth waiting for: who cannot be sent it at once misses it.
async fn typing(socket: Socket, (room,): (String,)) -> Result<(), Error> {
    if socket.is_in(&room) {
        let who = whereabouts(&socket, &room);
        socket.volatile().to(&room).emit("typing", who)?;
    }
    Ok(())
}

/// While a socket is disconnecting its rooms can still be read.
async fn leave_all(socket: Socket) -> Result<(), Error> {
    for room in socket.rooms() {
        socket.to(&room).emit("left", whereabouts(&socket, &room))?;
    }
    Ok(())
}

fn name(socket: &Socket) -> Value {
    socket.data()["name"].clone()
}

fn whereabouts(socket: &Socket, room: &str) -> Value {
    json!({ "room": room, "name": name(socket) })
}

fn no_such_room() -> Error {
    let rooms = json!({ "rooms": ROOMS });
    Error::new("no_such_room", "there is no such room").with_data(rooms)
}
