//! Namespaces that rules let clients bring about: who gets which, what they share, when they go.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::sync::Semaphore;
use trunkline::{ConnectError, Error, Io, Socket};

use super::client::{Polling, Teller, Ws, log, within};
use super::host::serve_io;

const INVALID: &str = "{\"message\":\"Invalid namespace\"}";

/// Joins a namespace and says which id the client has there.
async fn join(ws: &mut Ws, namespace: &str) -> String {
    ws.send(&format!("40{namespace},")).await;
    joined(&ws.next().await, namespace)
}

fn joined(reply: &str, namespace: &str) -> String {
    let sid = reply.strip_prefix(&format!("40{namespace},{{\"sid\":\""));
    let sid = sid.unwrap_or_else(|| panic!("{namespace}: {reply}"));
    sid.strip_suffix("\"}").unwrap().to_owned()
}

/// Waits until something is so; what it waits for needs no message to happen.
async fn until(is_so: impl Fn() -> bool) {
    within(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A handler that tells what it is and whose event it has.
fn telling(
    teller: &Teller,
    what: &'static str,
) -> impl Fn(Socket) -> Ready<()> + Clone + Send + Sync + use<> {
    let teller = teller.clone();
    move |socket| {
        teller.tell(format!("{what} {}", socket.namespace()));
        ready(())
    }
}

#[tokio::test]
async fn the_first_rule_that_accepts_has_the_namespace() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    for (rule, what) in [
        ("/org/{org}", "pattern"),
        ("/org/{org}/room/{room}", "deep"),
    ] {
        let teller = teller.clone();
        io.of_pattern(rule).on_connect(async move |socket: Socket| {
            let parts = (socket.part("org"), socket.part("room"));
            teller.tell(format!("{what} {parts:?}"));
        });
    }
    let regex = teller.clone();
    io.of_regex(r"^/org-?(?<org>\d+)$")
        .on_connect(async move |socket: Socket| {
            regex.tell(format!("regex {:?}", socket.part("org")));
        });
    let function = teller.clone();
    io.of_fn(async |name: String, auth: Value| {
        tokio::task::yield_now().await;
        assert!(name != "/panic", "on purpose");
        auth["key"] == 1
    })
    .on_connect(async move || function.tell("function"));
    io.of_regex("^/pan")
        .on_connect(async move || teller.tell("after the panic"));

    let address = serve_io(&io).await;
    let mut ws = Ws::open(address).await;
    for (connect, told) in [
        ("/org/7,", r#"pattern (Some("7"), None)"#),
        ("/org/7/room/a b,", r#"deep (Some("7"), Some("a b"))"#),
        ("/org-7,", r#"regex Some("7")"#),
        ("/org/ 7,{\"key\":1}", r#"pattern (Some(" 7"), None)"#),
        ("/else,{\"key\":1}", "function"),
        ("/panic,{\"key\":1}", "after the panic"),
    ] {
        ws.send(&format!("40{connect}")).await;
        let reply = ws.next().await;
        assert!(reply.contains("\"sid\""), "{connect} {reply}");
        log.expect(told).await;
    }
    for name in [
        "/none",
        "/org/",
        "/org/7/",
        "/ORG/7",
        "/org/7?a=b/",
        "/__proto__",
        "/org-7\u{661}",
    ] {
        ws.send(&format!("40{name},{{\"key\":2}}")).await;
        ws.expect(&format!("44{name},{INVALID}")).await;
    }
    assert_eq!(io.namespaces().len(), 7);
    assert!(log.told().is_empty());
}

#[tokio::test]
async fn handlers_and_middlewares_of_the_rule_hold_for_all_its_namespaces() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    let rule = io.of_pattern("/room/{room}");
    let middleware = teller.clone();
    rule.middleware(async move |socket: Socket| {
        middleware.tell(format!("middleware {}", socket.namespace()));
        match socket.part("room") {
            Some("closed") => Err(ConnectError::new("closed")),
            _ => Ok(()),
        }
    });
    rule.on_connect(telling(&teller, "connect"))
        .on_disconnecting(telling(&teller, "disconnecting"))
        .on_disconnect(telling(&teller, "disconnect"))
        .on("event", telling(&teller, "event"));
    let own = teller.clone();
    io.on_new_namespace(move |namespace| {
        own.tell(format!("new {}", namespace.name()));
        namespace.on("event", telling(&own, "own event"));
    });
    let address = serve_io(&io).await;
    let mut ws = Ws::open(address).await;
    for name in ["/room/a", "/room/b"] {
        join(&mut ws, name).await;
        log.expect(&format!("new {name}")).await;
        log.expect(&format!("middleware {name}")).await;
        log.expect(&format!("connect {name}")).await;
    }
    ws.send("40/room/closed,").await;
    ws.expect("44/room/closed,{\"message\":\"closed\"}").await;
    log.expect("new /room/closed").await;
    log.expect("middleware /room/closed").await;

    ws.send("42/room/b,[\"event\"]").await;
    log.expect("event /room/b").await;
    log.expect("own event /room/b").await;
    rule.on("later", async || Ok::<_, Error>("later"));
    ws.send("42/room/a,1[\"later\"]").await;
    ws.expect("43/room/a,1[\"later\"]").await;

    ws.send("41/room/a,").await;
    log.expect("disconnecting /room/a").await;
    log.expect("disconnect /room/a").await;
    // Nothing is removed unless the option says so.
    assert_eq!(rule.children().len(), 3);
}

#[tokio::test]
async fn what_the_rule_emits_reaches_all_its_namespaces_and_no_other() {
    let io = Io::builder().build();
    let rule = io.of_pattern("/room/{room}");
    rule.on_connect(async |socket: Socket| {
        if socket.part("room") != Some("a") {
            socket.join("not a");
        }
    });
    assert_eq!(rule.emit("nobody", ()).unwrap(), 0);
    assert!(rule.emit("disconnect", ()).is_err(), "a reserved name");
    io.of("/room/by hand");
    let address = serve_io(&io).await;
    let mut clients = Vec::new();
    for name in ["/room/a", "/room/b", "/room/by hand", "/"] {
        let mut ws = Ws::open(address).await;
        let prefix = match name {
            "/" => String::new(),
            name => format!("{name},"),
        };
        ws.send(&format!("40{prefix}")).await;
        assert!(ws.next().await.contains("sid"));
        clients.push((ws, prefix));
    }
    assert_eq!(rule.socket_count(), 3);
    assert_eq!(rule.emit("all", (1, "x")).unwrap(), 3);
    assert_eq!(rule.to("not a").emit("some", ()).unwrap(), 2);
    assert_eq!(rule.except(["not a"]).emit("one", ()).unwrap(), 1);
    assert_eq!(rule.within("nowhere").sockets().len(), 0);
    assert_eq!(io.emit("main", ()).unwrap(), 1);
    for ((ws, prefix), events) in clients.iter_mut().zip([
        [r#"["all",1,"x"]"#, r#"["one"]"#],
        [r#"["all",1,"x"]"#, r#"["some"]"#],
        [r#"["all",1,"x"]"#, r#"["some"]"#],
        [r#"["main"]"#, ""],
    ]) {
        for event in events.iter().filter(|event| !event.is_empty()) {
            ws.expect(&format!("42{prefix}{event}")).await;
        }
    }
    rule.to("not a").disconnect();
    clients[1].0.expect("41/room/b,").await;
    clients[2].0.expect("41/room/by hand,").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_race_for_a_name_get_the_same_namespace() {
    const CLIENTS: usize = 50;
    let io = Io::builder().build();
    let (arrived, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let made = Arc::new(AtomicUsize::new(0));
    let predicate = (arrived.clone(), gate.clone());
    let rule = io.of_fn(async move |_: String, _: Value| {
        let (arrived, gate) = predicate;
        arrived.fetch_add(1, Ordering::SeqCst);
        gate.acquire().await.is_ok()
    });
    let count = made.clone();
    io.on_new_namespace(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let address = serve_io(&io).await;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            tokio::spawn(async move {
                let mut ws = Ws::open(address).await;
                join(&mut ws, "/race").await;
                ws
            })
        })
        .collect();
    until(|| arrived.load(Ordering::SeqCst) == CLIENTS).await;
    gate.add_permits(Semaphore::MAX_PERMITS >> 3);
    let mut joined = Vec::new();
    for client in clients {
        joined.push(client.await.unwrap());
    }
    assert_eq!(made.load(Ordering::SeqCst), 1);
    assert_eq!(
        (rule.children().len(), rule.emit("hello", ()).unwrap()),
        (1, CLIENTS)
    );
    for ws in &mut joined {
        ws.expect("42/race,[\"hello\"]").await;
    }
}

#[tokio::test]
async fn an_empty_namespace_goes_and_can_come_again() {
    let (teller, mut log) = log();
    let io = Io::builder().cleanup_empty_child_namespaces(true).build();
    let rule = io.of_pattern("/room/{room}");
    let gate = Arc::new(Semaphore::new(0));
    let waiting = gate.clone();
    let middle = teller.clone();
    rule.middleware(async move |socket: Socket| {
        middle.tell("asked");
        waiting.acquire().await.unwrap().forget();
        match socket.part("room") {
            Some("closed") => Err(ConnectError::new("closed")),
            _ => Ok(()),
        }
    });
    rule.on_disconnect(async move |socket: Socket, io: Io| {
        let is_there = io.find(socket.namespace()).is_some();
        teller.tell(format!("left, {is_there}"));
    });
    let address = serve_io(&io).await;
    let mut first = Ws::open(address).await;
    gate.add_permits(1);
    let id = join(&mut first, "/room/a").await;
    log.expect("asked").await;
    // Somebody who is being decided about keeps it there.
    let mut second = Ws::open(address).await;
    second.send("40/room/a,").await;
    log.expect("asked").await;
    first.send("41/room/a,").await;
    log.expect("left, true").await;
    gate.add_permits(1);
    assert!(second.next().await.starts_with("40/room/a,"));
    second.send("41/room/a,").await;
    log.expect("left, false").await;

    gate.add_permits(1);
    assert_ne!(join(&mut first, "/room/a").await, id);
    log.expect("asked").await;
    // The connection ends.
    drop(first);
    log.expect("left, false").await;
    // The only one who asked is refused, or leaves while he is being decided about.
    gate.add_permits(1);
    second.send("40/room/closed,").await;
    second
        .expect("44/room/closed,{\"message\":\"closed\"}")
        .await;
    log.expect("asked").await;
    until(|| io.find("/room/closed").is_none()).await;
    second.send("40/room/b,").await;
    log.expect("asked").await;
    assert!(io.find("/room/b").is_some());
    drop(second);
    until(|| io.find("/room/b").is_none()).await;
    assert!(rule.children().is_empty());
    // What was asked for by hand stays.
    io.of("/room/hand");
    // One is for the middleware that still runs for nobody.
    gate.add_permits(2);
    let mut third = Ws::open(address).await;
    join(&mut third, "/room/hand").await;
    third.send("41/room/hand,").await;
    log.expect("asked").await;
    log.expect("left, true").await;
}

#[tokio::test]
async fn a_slow_rule_keeps_nothing_else_waiting_and_packets_behind_it_are_held() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    let gate = Arc::new(Semaphore::new(0));
    let predicate = gate.clone();
    io.of_fn(async move |name: String, _: Value| {
        predicate.acquire().await.unwrap().forget();
        name.starts_with("/slow")
    })
    .on("event", async move |(number,): (u32,)| {
        teller.tell(format!("event {number}"));
        Ok::<_, Error>(number)
    });
    io.of("/").on("ping", async || Ok::<_, Error>("pong"));
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    ws.send_all(&[
        "40/slow,",
        "42/slow,1[\"event\",1]",
        "42/slow,2[\"event\",2]",
        "420[\"ping\"]",
    ])
    .await;
    ws.expect("430[\"pong\"]").await;
    assert!(log.told().is_empty() && io.find("/slow").is_none());
    gate.add_permits(1);
    joined(&ws.next().await, "/slow");
    ws.expect("43/slow,1[1]").await;
    ws.expect("43/slow,2[2]").await;
    assert_eq!(log.told(), ["event 1", "event 2"]);
    // Two searches at once, and a refusal drops what was held.
    ws.send_all(&["40/no,", "42/no,3[\"event\",3]", "40/slower,"])
        .await;
    ws.send("420[\"ping\"]").await;
    ws.expect("430[\"pong\"]").await;
    gate.add_permits(2);
    ws.expect(&format!("44/no,{INVALID}")).await;
    joined(&ws.next().await, "/slower");
    // Asking again while one is being decided about is a violation, as with middlewares.
    ws.send_all(&["40/slowest,", "40/slowest,"]).await;
    assert_eq!(ws.closed().await, None);
    assert!(log.told().is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_during_the_search_brings_nothing_about() {
    struct Ended(Teller);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.tell("ended");
        }
    }
    let (teller, mut log) = log();
    let io = Io::builder().build();
    io.of_fn(async move |_: String, _: Value| {
        teller.tell("asked");
        let _ended = Ended(teller);
        std::future::pending().await
    });
    let address = serve_io(&io).await;
    let mut ws = Ws::open(address).await;
    ws.send("40/never,").await;
    log.expect("asked").await;
    drop(ws);
    // A rule that never decides is not kept for nobody.
    log.expect("ended").await;
    let mut polling = Polling::open(address).await;
    polling.send("40/never,").await;
    log.expect("asked").await;
    polling.send("1").await;
    log.expect("ended").await;
    assert_eq!(io.namespaces().len(), 1);
}

#[tokio::test]
async fn a_hostile_client_cannot_bring_about_namespaces_without_end() {
    const MOST: usize = 20;
    let io = Io::builder().max_child_namespaces(MOST).build();
    let rule = io.of_regex("^/x");
    io.on_new_namespace(|namespace| assert_ne!(namespace.name(), "/xpanic", "on purpose"));
    let address = serve_io(&io).await;
    let mut resident = Ws::open(address).await;
    join(&mut resident, "/xresident").await;
    let mut ws = Ws::open(address).await;
    for number in 0..10 * MOST {
        let name = format!("/x{number}");
        join(&mut ws, &name).await;
        ws.send(&format!("41{name},")).await;
        assert!(rule.children().len() <= MOST);
    }
    assert!(io.find("/xresident").is_some(), "somebody is in it");
    for number in 1..MOST {
        join(&mut ws, &format!("/xkept{number}")).await;
    }
    ws.send("40/xfull,").await;
    ws.expect(&format!("44/xfull,{INVALID}")).await;
    // An existing one is joined as ever, and a hook's panic harms nobody.
    join(&mut ws, "/xresident").await;
    ws.send("41/xkept1,").await;
    join(&mut ws, "/xpanic").await;
    // A name beyond the limit ends the connection before any rule is asked.
    let long = format!("40/x{},", "y".repeat(600));
    resident.send(&long).await;
    assert_eq!(resident.closed().await, None);
}
