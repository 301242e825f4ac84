//! What is measured: three messages of different shape, and clients that have joined.
//!
//! Times, instruction counts and allocation counts are all taken of these.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use trunkline::connection::{self, Connection};
use trunkline::engine::{self, Session, Transport};
use trunkline::rooms::{Room, Rooms, Selection};
use trunkline::socketio::{self, Client, Event, Namespace};
use trunkline::wire::{Frame, Moment, Sid, SocketId};

/// The name of every event here.
pub(crate) const NAME: &str = "echo";

/// Two texts, a number and a flag: 60 bytes of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Small {
    from: String,
    text: String,
    number: u32,
    urgent: bool,
}

/// Numbers, arrays and objects three levels deep: about 500 bytes of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Nested {
    id: u64,
    title: String,
    tags: Vec<String>,
    samples: Vec<f64>,
    counts: Vec<i32>,
    origin: Point,
    lines: Vec<Line>,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: f64,
    y: f64,
    label: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    product: String,
    amount: u32,
    price: f64,
    at: Point,
}

pub(crate) fn small() -> Small {
    Small {
        from: "alice".to_owned(),
        text: "see you at eight".to_owned(),
        number: 4_711,
        urgent: false,
    }
}

/// 1 KiB of text, with nothing to escape.
pub(crate) fn text() -> String {
    "the quick brown fox jumps over a dog; ".repeat(27)[..1_024].to_owned()
}

/// 1 KiB of text as people write it, in lines and with quotes.
pub(crate) fn lines() -> String {
    "the \"quick\" brown fox jumps\nover a dog; ".repeat(27)[..1_024].to_owned()
}

pub(crate) fn nested() -> Nested {
    let point = |x: f64| Point {
        x,
        y: -0.25,
        label: "north-east".to_owned(),
    };
    let line = |product: &str, amount| Line {
        product: product.to_owned(),
        amount,
        price: 12.75,
        at: point(3.5),
    };
    Nested {
        id: 9_007_199_254_740_993,
        title: "a list of things".to_owned(),
        tags: ["new", "large", "fragile"].map(str::to_owned).to_vec(),
        samples: vec![0.5, 1.25, 36.6, 1013.25, -273.15],
        counts: vec![0, 1, -1, 65_536, 2_000_000_000, 7],
        origin: point(52.52),
        lines: vec![line("lamp", 2), line("table", 1), line("chair", 4)],
        note: None,
    }
}

/// What a client sends on its WebSocket to say `value`.
pub(crate) fn frame(value: &impl Serialize) -> Frame {
    Frame::from(format!("42{}", json(value)))
}

/// The array in such a frame.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(&(NAME, value)).expect("the samples serialise")
}

/// Handles of one frame, made beforehand: to make them is the transport's work.
pub(crate) fn copies(frame: Frame) -> impl Iterator<Item = Frame> {
    vec![frame; MOST as usize].into_iter()
}

/// The most steps of one run.
pub(crate) const MOST: u64 = 1_000;

/// What waits for a GET: eight texts and two binary messages.
pub(crate) fn waiting() -> Vec<Frame> {
    let mut frames = vec![frame(&small()); 8];
    frames.push(Frame::Binary(vec![7; 256].into()));
    frames.push(Frame::Binary(vec![8; 64].into()));
    frames
}

/// The moment at which everything here happens.
pub(crate) const NOW: Moment = Moment::new(Duration::ZERO);

/// The Socket.IO half of a client, joined to the main namespace.
pub(crate) fn client() -> Client {
    let mut client = Client::new(Arc::new(socketio::Config::default()), NOW);
    let asked = client.handle_frame(Frame::from_static("0"));
    let Ok(Some(Event::Connect { namespace, .. })) = asked else {
        unreachable!("a CONNECT asks to join");
    };
    client.accept(&namespace, &SocketId::new("a"));
    while client.poll_send().is_some() {}
    client
}

/// A whole client on a WebSocket, joined to the main namespace.
pub(crate) fn connected() -> Connection {
    let config = Arc::new(engine::Config::default());
    let session = Session::open(&Sid::new("sid"), Transport::WebSocket, config, NOW);
    let client = Client::new(Arc::new(socketio::Config::default()), NOW);
    let mut connection = Connection::socketio(session, client);
    connection.handle_frame(NOW, Frame::from_static("40"));
    let asked = connection.poll_event(NOW);
    let Some(connection::Event::SocketIo(Event::Connect { namespace, .. })) = asked else {
        unreachable!("a CONNECT asks to join");
    };
    connection.accept(&namespace, &SocketId::new("a"));
    while connection.poll_transmit().is_some() {}
    connection
}

/// The main namespace.
pub(crate) fn main_namespace() -> Namespace {
    Namespace::from("/")
}

/// Members of a namespace.
const CROWD: usize = 10_000;

/// A namespace whose members are in rooms of `size`, one each, and which room that is.
pub(crate) fn crowd(size: usize) -> (Rooms<u32>, Vec<(SocketId, Room)>) {
    let mut rooms = Rooms::default();
    let mut members = Vec::new();
    for (handle, number) in (0..).zip(0..CROWD) {
        let id = SocketId::new(format!("member-{number:05}"));
        let room = Room::from(format!("room-{:05}", number / size));
        rooms.insert(id.clone(), handle);
        rooms.join(&id, &room);
        members.push((id, room));
    }
    (rooms, members)
}

/// The members of one room.
pub(crate) fn selection(room: Room) -> Selection {
    Selection {
        rooms: vec![room],
        except: Vec::new(),
    }
}
