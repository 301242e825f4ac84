//! Events as types: a board on which several people draw. What an event is called, what it carries and how
//! it is answered is declared once, as a type; the compiler checks it here, and the TypeScript compiler at
//! the client's.
//!
//! Run it: `cargo run --example typed_events --features typescript`, with `-- --port N` on another port.
//! Try it from Node, after `npm install socket.io-client`:
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const socket = io("http://127.0.0.1:3001");
//! socket.on("are-you-sure", ({ shapes }, answer) => answer(shapes > 0));
//! socket.emit("join", { name: "ann" }, console.log);       // { shapes: {}, drawnBy: [ 'ann (red)' ] }
//! socket.emit("draw", { shape: { kind: "note", text: "hi" } }, console.log);             // 1, its number
//! socket.emit("draw", { shape: { kind: "circle" } }, console.log);           // { error: { code: …, … } }
//! socket.emit("clear", () => console.log("cleared"));                       // asks first: are-you-sure
//! ```
//!
//! For a client in TypeScript, `cargo run --example typed_events --features typescript -- --typescript
//! events.d.ts` writes the declared types into that file, and the client says
//!
//! ```ts
//! import { io, type Socket } from "socket.io-client";
//! import type { ClientToServerEvents, ServerToClientEvents } from "./events";
//!
//! const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://127.0.0.1:3001");
//! socket.on("drawn", (id, shape) => console.log(id, shape.kind));
//! const board = await socket.emitWithAck("join", { name: "ann" });
//! ```
//!
//! Types that come with events (`Board`, `Shape`) derive `TS` of the crate `ts-rs`; only that needs the feature
//! `typescript`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use trunkline::{Binary, Contract, Error, Event, Io, Server, Service, Socket, State};
use ts_rs::TS;

/// Takes part in the drawing.
#[derive(Event, Deserialize, TS)]
#[event(name = "join", ack = Board)]
struct Join {
    name: String,
    /// Red, if nothing is said.
    #[ts(optional)]
    colour: Option<String>,
}

/// Everything that was drawn, and by whom.
#[derive(Clone, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
struct Board {
    shapes: BTreeMap<u64, Shape>,
    drawn_by: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shape {
    Line {
        from: (f64, f64),
        to: (f64, f64),
    },
    Note {
        text: String,
        colour: Option<String>,
    },
    Image {
        png: Binary,
    },
}

/// The answer is the shape's number.
#[derive(Event, Deserialize, TS)]
#[event(name = "draw", ack = u64)]
struct Draw {
    shape: Shape,
}

#[derive(Event)]
#[event(name = "clear", ack = ())]
struct Clear;

#[derive(Event)]
#[event(name = "move-cursor")]
struct MoveCursor(f64, f64);

#[derive(Event)]
#[event(name = "drawn")]
struct Drawn(u64, Shape);

#[derive(Event)]
#[event(name = "cleared")]
struct Cleared;

#[derive(Event, Serialize, TS)]
#[event(name = "cursor")]
struct Cursor<'a> {
    of: &'a str,
    x: f64,
    y: f64,
}

/// Is asked of whoever clears the board.
#[derive(Event, Serialize, TS)]
#[event(name = "are-you-sure", ack = bool)]
struct AreYouSure {
    shapes: usize,
}

fn contract() -> Contract {
    Contract::new()
        .client::<Join>()
        .client::<Draw>()
        .client::<Clear>()
        .client::<MoveCursor>()
        .server::<Drawn>()
        .server::<Cleared>()
        .server::<Cursor<'static>>()
        .server::<AreYouSure>()
}

type Shared = State<Mutex<Board>>;

async fn join(join: Join, socket: Socket, State(board): Shared) -> Result<Board, Error> {
    if join.name.is_empty() {
        return Err(Error::new("no_name", "please say your name"));
    }
    let mut board = board.lock().unwrap_or_else(PoisonError::into_inner);
    let colour = join.colour.as_deref().unwrap_or("red");
    board.drawn_by.push(format!("{} ({colour})", join.name));
    socket.set(join.name);
    Ok(board.clone())
}

async fn draw(draw: Draw, socket: Socket, State(board): Shared) -> Result<u64, Error> {
    let mut board = board.lock().unwrap_or_else(PoisonError::into_inner);
    let id = board.shapes.last_key_value().map_or(1, |(id, _)| id + 1);
    board.shapes.insert(id, draw.shape.clone());
    socket.broadcast().emit_event(&Drawn(id, draw.shape))?;
    Ok(id)
}

async fn clear(_: Clear, socket: Socket, State(board): Shared) -> Result<(), Error> {
    let shapes = board
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .shapes
        .len();
    let question = AreYouSure { shapes };
    if !socket
        .ask(&question)
        .timeout(Duration::from_secs(60))
        .await?
    {
        return Err(Error::new("kept", "the board is as it was"));
    }
    board
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .shapes
        .clear();
    socket.io().emit_event(&Cleared)?;
    Ok(())
}

async fn move_cursor(MoveCursor(x, y): MoveCursor, socket: Socket) -> Result<(), Error> {
    if let Some(name) = socket.get::<String>() {
        socket.broadcast().emit_event(&Cursor { of: &name, x, y })?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut port = 3001;
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or("each flag has a value")?;
        match flag.as_str() {
            "--port" => port = value.parse()?,
            "--typescript" => return Ok(std::fs::write(value, contract().typescript()?)?),
            _ => return Err(format!("what is {flag}?").into()),
        }
    }
    let io = Io::builder().state(Mutex::new(Board::default())).build();
    let board = io.of("/");
    board
        .on_event(join)
        .on_event(draw)
        .on_event(clear)
        .on_event(move_cursor);
    contract().check(&board)?;

    let server = Server::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server.run(Service::new(io), std::future::pending()).await;
    Ok(())
}
