//! Two servers of one cluster, joined in this process: what is done on one reaches the other.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::json;
use trunkline::adapter::{Adapter as _, Hub, Missing};
use trunkline::rooms::RoomEvent;
use trunkline::{AnswerError, EmitError, Error, Io, RequestError, Socket};

use super::client::{Ws, log, within};
use super::host::serve_io;

/// Long for what happens within this process, short for a test that waits for it.
pub(super) const SHORT: Duration = Duration::from_millis(300);

/// One server, and where it listens.
pub(super) struct Place {
    pub(super) io: Io,
    pub(super) address: SocketAddr,
}

/// A server at the hub: `enter` joins a room, and the event `barrier` is answered.
pub(super) async fn place(hub: &Hub) -> Place {
    let io = Io::builder().adapter(hub.join()).build();
    io.of("/")
        .on("enter", async |socket: Socket, (room,): (String,)| {
            socket.join(room);
        })
        .on_server_side("barrier", async |()| {});
    let address = serve_io(&io).await;
    Place { io, address }
}

impl Place {
    /// Waits until the other nodes have dealt with all that this one has said.
    pub(super) async fn barrier(&self) {
        let heard = self.io.server_side_emit_with_ack::<()>("barrier", ());
        within(heard.into_future()).await.unwrap();
    }
}

/// A client and its socket's id.
pub(super) struct Guest {
    pub(super) ws: Ws,
    pub(super) id: String,
}

impl Guest {
    pub(super) async fn join(place: &Place, rooms: &[&str]) -> Guest {
        let mut ws = Ws::open(place.address).await;
        ws.send("40{\"token\":\"t\"}").await;
        let welcome: serde_json::Value = serde_json::from_str(&ws.next().await[2..]).unwrap();
        let id = welcome["sid"].as_str().unwrap().to_owned();
        for room in rooms {
            ws.send(&format!("420[\"enter\",\"{room}\"]")).await;
            ws.expect("430[]").await;
        }
        Guest { ws, id }
    }

    pub(super) async fn expect(&mut self, text: &str) {
        self.ws.expect(text).await;
    }
}

#[tokio::test]
async fn a_broadcast_reaches_the_selected_sockets_of_all_nodes() {
    let hub = Hub::new();
    let (a, b) = (place(&hub).await, place(&hub).await);
    let mut one = Guest::join(&a, &["x"]).await;
    let mut two = Guest::join(&b, &["x", "y"]).await;
    let mut three = Guest::join(&b, &["z"]).await;
    let io = &a.io;
    let start = io.to("x").timeout(SHORT);
    io.to("x").to("y").emit("union", (1,)).unwrap();
    io.to(["x", "z"]).except("y").emit("except", (2,)).unwrap();
    let by_id = io.except(two.id.as_str());
    by_id.compress(false).emit("by id", ()).unwrap();
    io.local().emit("local", ()).unwrap();
    start
        .clone()
        .local()
        .to("z")
        .emit("local, too", ())
        .unwrap();
    io.to("y")
        .emit("binary", (trunkline::Binary::from(vec![1, 2]), "b"))
        .unwrap();
    io.of("/").send("all").unwrap();
    for event in [
        "[\"union\",1]",
        "[\"except\",2]",
        "[\"by id\"]",
        "[\"local\"]",
    ] {
        one.expect(&format!("42{event}")).await;
    }
    one.expect("42[\"local, too\"]").await;
    one.expect("42[\"message\",\"all\"]").await;
    two.expect("42[\"union\",1]").await;
    two.expect("451-[\"binary\",{\"_placeholder\":true,\"num\":0},\"b\"]")
        .await;
    assert_eq!(two.ws.next_binary().await, [1, 2]);
    two.expect("42[\"message\",\"all\"]").await;
    for event in ["[\"except\",2]", "[\"by id\"]", "[\"message\",\"all\"]"] {
        three.expect(&format!("42{event}")).await;
    }
    assert!(
        !format!("{start:?}").contains("\"z\""),
        "building changes nothing"
    );
    assert!(format!("{start:?}").contains("is_local: false"));
    // Namespaces that only one node has, and those that both have.
    a.io.of("/only-a").emit("lost", ()).unwrap();
    b.io.of("/news");
    two.ws.send("40/news,").await;
    assert!(two.ws.next().await.starts_with("40/news,"));
    a.io.of("/news").emit("n", ()).unwrap();
    two.expect("42/news,[\"n\"]").await;
}

#[tokio::test]
async fn sockets_are_fetched_from_all_nodes_and_obey() {
    let hub = Hub::new();
    let (a, b) = (place(&hub).await, place(&hub).await);
    b.io.of("/").on_connect(async |socket: Socket| {
        socket.set_data("user", "u").unwrap();
    });
    let one = Guest::join(&a, &[]).await;
    let mut two = Guest::join(&b, &["x"]).await;
    let ids = |sockets: &[trunkline::RemoteSocket]| -> Vec<String> {
        sockets
            .iter()
            .map(|socket| socket.id().to_string())
            .collect()
    };
    let all = a.io.fetch_sockets().await.unwrap();
    assert_eq!(ids(&all), [&*one.id, &*two.id], "its own first");
    assert_eq!(
        ids(&a.io.local().fetch_sockets().await.unwrap()),
        [&*one.id]
    );
    let found = a.io.to("x").except("y").fetch_sockets().await.unwrap();
    let [remote] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(remote.data_as::<serde_json::Value>().unwrap()["user"], "u");
    assert!(remote.rooms().iter().any(|room| **room == *"x"));
    let handshake = remote.handshake();
    assert_eq!(handshake.auth, json!({ "token": "t" }));
    assert_eq!(handshake.query["EIO"], "4");
    assert_eq!(handshake.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(handshake.headers["host"], b.address.to_string());
    assert!(handshake.issued > 0 && handshake.url.starts_with("/socket.io/"));

    remote.emit("hi", (1,)).unwrap();
    two.expect("42[\"hi\",1]").await;
    let asking = tokio::spawn(remote.emit_with_ack::<(u8,)>("how many?", ()).into_future());
    two.expect("420[\"how many?\"]").await;
    two.ws.send("430[3,4]").await;
    assert_eq!(within(asking).await.unwrap().unwrap(), (3,));
    let asking = remote.emit_with_ack::<(u8,)>("again?", ()).timeout(SHORT);
    let silence = within(asking.into_future()).await.unwrap_err();
    assert_eq!(silence.to_string(), "operation has timed out");
    two.expect("421[\"again?\"]").await;

    remote.join("j");
    remote.leave("x");
    a.io.sockets_join(["all", "few"]);
    a.io.to("j").sockets_leave("few");
    a.barrier().await;
    let rooms = |place: &Place| {
        let mut rooms = place.io.of("/").rooms();
        rooms.sort();
        rooms
    };
    assert_eq!(rooms(&a), [("all".into(), 1), ("few".into(), 1)]);
    assert_eq!(rooms(&b), [("all".into(), 1), ("j".into(), 1)]);
    remote.disconnect(false);
    two.expect("41").await;
    a.barrier().await;
    let gone = remote.emit_with_ack::<()>("still there?", ()).await;
    assert!(matches!(
        gone,
        Err(AnswerError::Ack(trunkline::AckError::Disconnected))
    ));
    let mut three = Guest::join(&b, &[]).await;
    a.io.disconnect_sockets(true);
    three.expect("41").await;
    assert_eq!(three.ws.closed().await, None);
}

#[tokio::test]
async fn a_silent_node_is_named_and_the_others_answers_are_kept() {
    let hub = Hub::new();
    let (a, b) = (place(&hub).await, place(&hub).await);
    let two = Guest::join(&b, &[]).await;
    // It has a namespace, and never says a word.
    let silent = hub.join();
    silent.namespace_opened("/");
    assert_eq!(a.io.server_count().await, 3);
    let names = a.io.nodes().await;
    assert_eq!(names.last(), Some(&silent.node_id()));

    let fetched = a.io.timeout(SHORT).fetch_sockets().await.unwrap_err();
    assert_eq!(fetched.answers[0].id().as_str(), two.id);
    let missing = Missing {
        nodes: vec![silent.node_id()],
        ..Missing::default()
    };
    assert_eq!(fetched.missing, missing);
    let told =
        a.io.server_side_emit_with_ack::<()>("barrier", ())
            .timeout(SHORT);
    let Err(RequestError::Incomplete(told)) = told.await else {
        panic!("one is silent");
    };
    assert_eq!(told.answers.len(), 1);
    assert_eq!(told.missing, missing);

    // One that leaves is not waited for, however long others may take.
    let everybody = a.io.timeout(Duration::from_secs(60));
    let mut fetch = Box::pin(everybody.fetch_sockets());
    assert!((&mut fetch).now_or_never().is_none());
    drop(silent);
    let fetched = within(fetch).await.unwrap_err();
    assert_eq!((fetched.answers.len(), &fetched.missing), (1, &missing));
    assert_eq!(a.io.server_count().await, 2);
    b.io.leave_cluster().await;
    assert_eq!(a.io.server_count().await, 1);
    assert_eq!(a.io.fetch_sockets().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_node_that_has_left_neither_speaks_nor_listens_nor_waits() {
    let hub = Hub::new();
    let (a, b) = (place(&hub).await, place(&hub).await);
    let mut one = Guest::join(&a, &[]).await;
    let mut two = Guest::join(&b, &[]).await;
    // Neither does what it has asked before wait.
    let everybody = b.io.timeout(Duration::from_secs(60));
    let silent = hub.join();
    silent.namespace_opened("/");
    let mut fetch = Box::pin(everybody.fetch_sockets());
    assert!((&mut fetch).now_or_never().is_none());
    // Said, and not heard before it leaves.
    a.io.emit("too late", ()).unwrap();
    b.io.leave_cluster().await;
    assert!(within(fetch).await.is_err());

    assert_eq!(b.io.server_count().await, 1);
    assert_eq!(b.io.nodes().await, []);
    b.io.emit("here", ()).unwrap();
    let fetched = within(everybody.fetch_sockets()).await.unwrap();
    assert_eq!(fetched.len(), 1);
    let heard = b.io.server_side_emit_with_ack::<()>("barrier", ());
    assert!(within(heard.into_future()).await.unwrap().is_empty());
    a.io.emit("there", ()).unwrap();
    one.expect("42[\"too late\"]").await;
    one.expect("42[\"there\"]").await;
    two.expect("42[\"here\"]").await;
    b.io.emit("end", ()).unwrap();
    two.expect("42[\"end\"]").await;
}

#[tokio::test]
async fn servers_speak_with_each_other() {
    let hub = Hub::new();
    let (a, b, c) = (place(&hub).await, place(&hub).await, place(&hub).await);
    let (teller, mut log) = log();
    for place in [&a, &b] {
        let teller = teller.clone();
        let name = place.io.node_id().unwrap().to_string();
        let told = name.clone();
        place
            .io
            .on_server_side("tell", async move |(what,): (String,)| {
                teller.tell(format!("{name}: {what}"));
            });
        place
            .io
            .on_server_side("name", async move |(number,): (u32,)| -> Result<_, Error> {
                match number {
                    0 => panic!("on purpose"),
                    1 => Err(Error::new("odd", "it is odd")),
                    _ => Ok((told, number)),
                }
            });
    }
    a.io.server_side_emit("tell", ("hello",)).unwrap();
    log.expect("node-2: hello").await;
    a.barrier().await;
    assert!(log.told().is_empty(), "never to the sender itself");

    let mut answers =
        a.io.server_side_emit_with_ack::<(String, u32)>("name", (2,))
            .await
            .unwrap();
    answers.sort_by_key(|(node, _)| node.clone());
    let [(second, answer), (third, nobody)] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert_eq!((second.as_str(), third.as_str()), ("node-2", "node-3"));
    assert_eq!(*answer.as_ref().unwrap(), ("node-2".to_owned(), 2));
    assert!(matches!(nobody, Err(AnswerError::NobodyListens)));
    for (number, code) in [(0, "internal"), (1, "odd")] {
        let answers =
            a.io.server_side_emit_with_ack::<(serde_json::Value,)>("name", (number,));
        let answers = answers.await.unwrap();
        let (error,) = answers
            .into_iter()
            .find_map(|(_, answer)| answer.ok())
            .unwrap();
        assert_eq!(error["error"]["code"], code);
    }
    for name in ["connect", "connection", "new_namespace"] {
        let refused = EmitError::ReservedName(name.to_owned());
        assert_eq!(c.io.server_side_emit(name, ()), Err(refused));
    }
    // Alone, nobody is asked and nobody is missing.
    let alone = Io::builder().build();
    let answers = alone.server_side_emit_with_ack::<()>("name", (1,)).await;
    assert!(answers.unwrap().is_empty());
    assert_eq!((alone.server_count().await, alone.node_id()), (1, None));
}

#[tokio::test]
async fn room_events_tell_what_happens_in_order() {
    let (teller, mut log) = log();
    let hub = Hub::new();
    let a = place(&hub).await;
    let inside = a.io.clone();
    a.io.of("/").on_room_event(move |event| {
        // No lock is held: everything can be asked and done.
        let count = inside.of("/").socket_count();
        teller.tell(match event {
            RoomEvent::Created { room } if room.len() < 20 => format!("created {room}"),
            RoomEvent::Deleted { room } if room.len() < 20 => format!("deleted {room}"),
            RoomEvent::Joined { room, .. } if room.len() < 20 => format!("joined {room}"),
            RoomEvent::Left { room, .. } if room.len() < 20 => format!("left {room}, {count}"),
            RoomEvent::Created { .. } => "created its own".to_owned(),
            RoomEvent::Deleted { .. } => "deleted its own".to_owned(),
            RoomEvent::Joined { .. } => "joined its own".to_owned(),
            RoomEvent::Left { .. } => "left its own".to_owned(),
        });
    });
    a.io.of("/")
        .middleware(async |socket: Socket| socket.join("early"));
    let mut one = Guest::join(&a, &["x"]).await;
    for what in [
        "created its own",
        "joined its own",
        "created early",
        "joined early",
    ] {
        log.expect(what).await;
    }
    log.expect("created x").await;
    log.expect("joined x").await;
    let mut rooms = a.io.of("/").rooms();
    rooms.sort();
    assert_eq!(rooms, [("early".into(), 1), ("x".into(), 1)]);
    a.io.to("x").sockets_leave("x");
    log.expect("left x, 1").await;
    log.expect("deleted x").await;
    one.ws.send("41").await;
    for what in [
        "left its own",
        "deleted its own",
        "left early, 0",
        "deleted early",
    ] {
        log.expect(what).await;
    }
}

#[tokio::test]
async fn a_namespace_that_is_gone_is_asked_nothing_more() {
    let hub = Hub::new();
    let builder = Io::builder().cleanup_empty_child_namespaces(true);
    let io = builder.adapter(hub.join()).build();
    io.of_pattern("/room/{name}");
    let address = serve_io(&io).await;
    let (a, b) = (Place { io, address }, place(&hub).await);
    let mut guest = Guest::join(&a, &[]).await;
    guest.ws.send("40/room/1,").await;
    assert!(guest.ws.next().await.starts_with("40/room/1,"));
    let room = b.io.of("/room/1");
    let answers = async || {
        let asked = room.server_side_emit_with_ack::<()>("anybody?", ());
        within(asked.into_future()).await.unwrap().len()
    };
    assert_eq!(answers().await, 1);
    assert_eq!(room.fetch_sockets().await.unwrap().len(), 1);
    guest.ws.send("41/room/1,").await;
    within(async {
        while a.io.find("/room/1").is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(answers().await, 0);
}
