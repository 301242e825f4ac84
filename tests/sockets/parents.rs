//! All namespaces of a rule at once: what is emitted to them, asked of them and told of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Serialize, Serializer};
use trunkline::adapter::{Hub, Missing};
use trunkline::rooms::RoomEvent;
use trunkline::{Io, ParentNamespace, Parts, RequestError, Socket};

use super::client::{Ws, log, within};
use super::cluster::{SHORT, place};
use super::host::serve_io;

const RULE: &str = "/org/{org}";

/// Joins a namespace.
async fn join(ws: &mut Ws, namespace: &str) {
    ws.send(&format!("40{namespace},")).await;
    let reply = ws.next().await;
    assert!(reply.starts_with(&format!("40{namespace},{{")), "{reply}");
}

async fn guest(io: &Io, namespaces: &[&str]) -> Ws {
    let mut ws = Ws::open(serve_io(io).await).await;
    for namespace in namespaces {
        join(&mut ws, namespace).await;
    }
    ws
}

/// A value that counts how often it is written.
struct Counted(AtomicUsize);

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_str("a, \"b\"")
    }
}

#[tokio::test]
async fn what_all_namespaces_of_a_rule_are_sent_is_written_once() {
    let io = Io::builder().build();
    let orgs = io.of_pattern(RULE);
    orgs.on_connect(async |socket: Socket| socket.join(["all", &socket.namespace()[5..]]));
    let mut ws = guest(&io, &["/org/a", "/org/b", "/org/c"]).await;
    let counted = Counted(AtomicUsize::new(0));
    let binary = trunkline::Binary::from(vec![7]);
    let reached = orgs
        .to("all")
        .except("b")
        .compress(false)
        .volatile()
        .coalesce("k")
        .when_slow(trunkline::SlowClient::DropOldest)
        .emit("x\"y", (&counted, binary));
    assert_eq!(reached.unwrap(), 2);
    assert_eq!(counted.0.load(Ordering::Relaxed), 1);
    // Of several namespaces any may be first, and volatile events do not wait for each other.
    let first = ws.next().await;
    let name = &first[4..10];
    let json = "[\"x\\\"y\",\"a, \\\"b\\\"\",{\"_placeholder\":true,\"num\":0}]";
    assert_eq!(first, format!("451-{name},{json}"));
    assert_eq!(ws.next_binary().await, [7]);
    assert!(["/org/a", "/org/c"].contains(&name), "{name}");

    orgs.local().to("c").send("to c").unwrap();
    let mut next = ws.next().await;
    if next.starts_with("451-") {
        ws.next_binary().await;
        next = ws.next().await;
    }
    assert_eq!(next, "42/org/c,[\"message\",\"to c\"]");
    assert!(orgs.emit("connect", ()).is_err(), "a reserved name");
    assert!(io.of_pattern("/nobody/{n}").emit("connect", ()).is_err());
}

#[tokio::test]
async fn all_namespaces_of_a_rule_answer_together() {
    let io = Io::builder().build();
    let orgs = io.of_pattern(RULE);
    let mut ws = guest(&io, &["/org/a", "/org/b"]).await;
    let asking = tokio::spawn(orgs.emit_with_ack::<(u8,)>("how many?", ()).into_future());
    for _ in 0..2 {
        let question = ws.next().await;
        let namespace = &question[2..8];
        let number = if namespace == "/org/a" { 1 } else { 2 };
        assert_eq!(question, format!("42{namespace},0[\"how many?\"]"));
        ws.send(&format!("43{namespace},0[{number}]")).await;
    }
    let answers = within(asking).await.unwrap().unwrap();
    let mut numbers: Vec<_> = answers.into_iter().map(|(_, one)| one.unwrap().0).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);

    let asking = orgs.timeout(SHORT).emit_with_ack::<(u8,)>("again?", ());
    let asking = tokio::spawn(asking.into_future());
    for _ in 0..2 {
        let question = ws.next().await;
        if question.starts_with("42/org/b,") {
            ws.send("43/org/b,1[3]").await;
        }
    }
    let Err(RequestError::Incomplete(some)) = within(asking).await.unwrap() else {
        panic!("one has not answered");
    };
    let silent = io.find("/org/a").unwrap().sockets()[0].id().clone();
    assert_eq!(some.answers.len(), 1);
    let missing = Missing {
        sockets: vec![silent],
        ..Missing::default()
    };
    assert_eq!(some.missing, missing);
    let asking = orgs.timeout(SHORT).emit_with_ack::<(u8,)>("and again?", ());
    let Err(RequestError::Incomplete(none)) = within(asking.into_future()).await else {
        panic!("nobody has answered");
    };
    assert_eq!((none.answers.len(), none.missing.sockets.len()), (0, 2));
    let nobody = io.of_pattern("/nobody/{n}");
    let nobody = nobody.emit_with_ack::<()>("anybody?", ()).await.unwrap();
    assert!(nobody.is_empty());
}

#[tokio::test]
async fn the_sockets_of_all_namespaces_of_a_rule_are_moved_and_put_out() {
    let io = Io::builder().build();
    let orgs = io.of_pattern(RULE);
    let mut ws = guest(&io, &["/org/a", "/org/b"]).await;
    orgs.sockets_join(["x", "y"]);
    orgs.to("x").sockets_leave("y");
    assert_eq!(io.find("/org/b").unwrap().rooms(), [("x".into(), 1)]);
    assert_eq!(orgs.to("x").sockets().len(), 2);
    orgs.disconnect_sockets(false);
    let mut left = [ws.next().await, ws.next().await];
    left.sort();
    assert_eq!(left, ["41/org/a,", "41/org/b,"]);
    join(&mut ws, "/org/a").await;
    orgs.disconnect_sockets(true);
    ws.expect("41/org/a,").await;
    assert_eq!(ws.closed().await, None);
}

#[tokio::test]
async fn a_rule_hears_of_the_rooms_of_namespaces_before_and_after_it_asks() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    let orgs = io.of_pattern(RULE);
    orgs.on_connect(async |socket: Socket| socket.join("x"));
    let mut ws = guest(&io, &["/org/a"]).await;
    orgs.on_room_event(move |namespace, event| {
        if let RoomEvent::Joined { room, .. } = event {
            teller.tell(format!("{namespace} {room}"));
        }
    });
    io.find("/org/a").unwrap().sockets_join("y");
    log.expect("/org/a y").await;
    join(&mut ws, "/org/b").await;
    let mut told = vec![log.next().await, log.next().await];
    told.retain(|told| told.ends_with(" x"));
    assert_eq!(told, ["/org/b x"]);
}

#[tokio::test]
async fn a_rule_listens_to_other_servers_in_each_of_its_namespaces() {
    let (teller, mut log) = log();
    let hub = Hub::new();
    let (a, b) = (place(&hub).await, place(&hub).await);
    let of_rule = teller.clone();
    b.io.of_pattern(RULE)
        .on_server_side("news", async move |(text,): (String,)| {
            of_rule.tell(format!("rule: {text}"));
            Ok::<_, trunkline::Error>("of the rule")
        });
    b.io.of("/org/a")
        .on_server_side("news", async move |(text,): (String,)| {
            teller.tell(format!("namespace: {text}"));
        });
    let org = a.io.of("/org/a");
    let answers = org.server_side_emit_with_ack::<(String,)>("news", ("1",));
    let answers = within(answers.into_future()).await.unwrap();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].1.as_ref().unwrap().0, "of the rule");
    log.expect("rule: 1").await;
    log.expect("namespace: 1").await;
}

#[tokio::test]
async fn parts_of_a_name_are_arguments_of_handlers() {
    let io = Io::builder().build();
    io.of_pattern("/org/{org}/room/{room}")
        .middleware(async |Parts((_, _)): Parts<(String, u32)>| {})
        .on("where", async |Parts((org, room)): Parts<(String, u32)>| {
            Ok::<_, trunkline::Error>((org, room + 1))
        });
    let mut ws = guest(&io, &["/org/acme/room/41"]).await;
    ws.send("42/org/acme/room/41,0[\"where\"]").await;
    ws.expect("43/org/acme/room/41,0[\"acme\",42]").await;
    ws.send("40/org/acme/room/all,").await;
    let refusal = ws.next().await;
    assert!(
        refusal.starts_with("44/org/acme/room/all,") && refusal.contains("the namespace's name"),
        "{refusal}"
    );
}

#[tokio::test]
async fn handlers_can_be_put_before_others_and_are_counted() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    let orgs: ParentNamespace = io.of_pattern(RULE);
    let tell = |what: &'static str| {
        let teller = teller.clone();
        async move || teller.tell(what)
    };
    orgs.on("x", tell("rule 2"));
    orgs.prepend("x", tell("rule 1"));
    let org = io.of("/org/a");
    org.on("x", tell("namespace 2"));
    org.prepend("x", tell("namespace 1"));
    let (first, second) = (tell("socket 1"), tell("socket 2"));
    org.on_connect(async move |socket: Socket| {
        socket.on("x", second);
        socket.prepend("x", first);
    });
    assert_eq!((orgs.listener_count("x"), org.listener_count("x")), (2, 4));
    assert_eq!(orgs.event_names(), ["x"]);
    let any = orgs.on_any(async || {});
    assert_eq!(
        (orgs.listeners_any(), orgs.listeners_any_outgoing()),
        (1, 0)
    );
    assert!(orgs.off(any));
    let mut ws = guest(&io, &["/org/a"]).await;
    ws.send("42/org/a,[\"x\"]").await;
    for whose in ["rule", "namespace", "socket"] {
        for number in [1, 2] {
            log.expect(&format!("{whose} {number}")).await;
        }
    }
}

#[tokio::test]
async fn the_server_listens_in_its_first_namespace() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    let tell = |what: &'static str| {
        let teller = teller.clone();
        async move || teller.tell(what)
    };
    let seen = Arc::new(AtomicUsize::new(0));
    let outgoing = seen.clone();
    io.on_disconnecting(tell("disconnecting"))
        .event_middleware(tell("middleware"))
        .fallback(tell("fallback"));
    io.prepend("x", tell("x"));
    io.on_any(tell("any"));
    io.prepend_any(tell("first"));
    io.on_any_outgoing(move |_, _, _| {
        outgoing.fetch_add(1, Ordering::Relaxed);
    });
    let counts = (io.listeners_any(), io.listeners_any_outgoing());
    assert_eq!((counts, io.listener_count("x")), ((2, 1), 1));
    let mut ws = Ws::join(serve_io(&io).await).await;
    let socket = io.sockets().pop().unwrap();
    assert_eq!(io.socket(socket.id()), Some(socket));
    io.send("hello").unwrap();
    ws.expect("42[\"message\",\"hello\"]").await;
    assert_eq!((io.socket_count(), seen.load(Ordering::Relaxed)), (1, 1));
    ws.send("42[\"x\"]").await;
    for what in ["middleware", "first", "any", "x"] {
        log.expect(what).await;
    }
    io.remove_all_listeners(Some("x"));
    io.off_any(None);
    ws.send("42[\"x\"]").await;
    log.expect("middleware").await;
    log.expect("fallback").await;
    ws.send("41").await;
    log.expect("disconnecting").await;
}
