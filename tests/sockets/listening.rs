//! Listeners: several, for once, for every event either way, coming and going; the fallback.

use trunkline::{Ack, Args, Builder, Error, EventName, HandlerError, Io, Socket};

use super::client::{Log, Teller, Ws, log};
use super::host::serve_io;

/// A server, and its log, which its error hook tells the code of each failure.
pub(super) fn telling() -> (Builder, Teller, Log) {
    let (teller, log) = log();
    let failures = teller.clone();
    let builder = Io::builder().on_error(move |failure: &HandlerError<'_>| {
        failures.tell(format!("! {} {}", failure.event, failure.error.code()));
    });
    (builder, teller, log)
}

/// A handler that tells that it ran.
macro_rules! tells {
    ($teller:ident, $what:expr) => {{
        let teller = $teller.clone();
        async move || teller.tell($what)
    }};
}

pub(super) use tells;

#[tokio::test]
async fn who_sees_every_event_runs_first_and_answers_only_by_hand() {
    let (builder, teller, mut log) = telling();
    let io = builder.build();
    let names = teller.clone();
    io.of("/")
        .on("x", tells!(teller, "x"))
        .on_connect({
            let teller = teller.clone();
            async move |socket: Socket| {
                socket.on("x", tells!(teller, "own x"));
                socket.on_any(tells!(teller, "own any"));
                socket.prepend_any(tells!(teller, "own first"));
            }
        })
        .on_any(async move |EventName(name): EventName, args: Args| {
            let numbers = args.to::<(u32,)>().map(|(number,)| number);
            names.tell(format!("any {name} {numbers:?}"));
            Ok::<_, Error>("no answer")
        });
    io.of("/").on_any(async |(text,): (String,)| drop(text));
    io.of("/")
        .on_any(async |EventName(name): EventName| assert_ne!(name, "x"));
    io.of("/").prepend_any(tells!(teller, "first"));
    assert_eq!(io.of("/").listeners_any(), 4);
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    ws.send("420[\"x\",1]").await;
    ws.expect("430[]").await;
    let order = [
        "first",
        "any x Ok(1)",
        "! x invalid_arguments",
        "! x internal",
    ];
    assert_eq!(
        log.told(),
        [&order[..], &["own first", "own any", "x", "own x"]].concat()
    );
    // Nobody listens, so nobody answers; what they return is no answer.
    ws.send_all(&["421[\"y\"]", "422[\"x\",2]"]).await;
    ws.expect("432[]").await;

    io.of("/").off_any(None);
    io.of("/")
        .on_any(async |EventName(name): EventName, ack: Ack| {
            ack.send(name.as_bytes().len()).unwrap();
        });
    ws.send_all(&["423[\"y\"]", "424[\"x\"]"]).await;
    ws.expect("433[1]").await;
    ws.expect("434[1]").await;
}

#[tokio::test]
async fn a_listener_for_once_and_one_taken_off_are_not_called_again() {
    let (builder, teller, mut log) = telling();
    let io = builder.build();
    let spaces = io.clone();
    io.of("/").on_connect({
        let teller = teller.clone();
        async move |socket: Socket| {
            socket.once("x", tells!(teller, "once"));
            let again = teller.clone();
            socket.once("again", async move |socket: Socket| {
                again.tell("first time");
                let next = again.clone();
                socket.once("again", async move || next.tell("second time"));
            });
            let id = socket.listen("x", tells!(teller, "until"));
            let ends = teller.clone();
            socket.on("end", async move |socket: Socket| {
                ends.tell(format!("{} {}", socket.off(id), socket.off(id)));
            });
            assert_eq!(socket.event_names(), ["again", "end", "x"]);
            assert_eq!(socket.listener_count("x"), 2);
            assert_eq!(socket.listener_count("y"), 0);
        }
    });
    let id = io.of("/").listen("x", tells!(teller, "shared"));
    io.of("/")
        .on("end", async move || assert!(spaces.of("/").off(id)));
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send_all(&["42[\"x\"]", "42[\"x\"]", "420[\"end\"]"])
        .await;
    ws.expect("430[]").await;
    let twice = ["shared", "once", "until", "shared", "until", "true false"];
    assert_eq!(log.told(), twice);
    ws.send_all(&[
        "421[\"x\"]",
        "42[\"again\"]",
        "422[\"again\"]",
        "423[\"again\"]",
    ])
    .await;
    ws.send("424[\"end\"]").await;
    ws.expect("432[]").await;
    ws.expect("434[{\"error\":{\"code\":\"internal\",\"message\":\"the handler failed\"}}]")
        .await;
    assert_eq!(log.told()[..2], ["first time", "second time"]);

    let socket = &io.of("/").sockets()[0];
    socket.remove_all_listeners(Some("end"));
    io.of("/").remove_all_listeners(None);
    assert!(socket.event_names().is_empty() && io.of("/").event_names().is_empty());
    assert_eq!(io.of("/").listener_count("connect"), 0);
}

#[tokio::test]
async fn what_is_registered_or_taken_off_while_an_event_is_handled_counts_from_the_next_one() {
    let (builder, teller, mut log) = telling();
    let io = builder.build();
    let outer = teller.clone();
    io.of("/").on("x", async move |socket: Socket| {
        outer.tell("x");
        socket.remove_all_listeners(Some("x"));
        socket.on("x", tells!(outer, "later"));
    });
    io.of("/")
        .on_connect(async move |socket: Socket| socket.on("x", tells!(teller, "at once")));
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send_all(&["42[\"x\"]", "420[\"x\"]"]).await;
    ws.expect("430[]").await;
    assert_eq!(log.told(), ["x", "at once", "x", "later"]);
    // What comes before the listeners of an event can change them.
    let (main, spaces) = (io.of("/"), io.clone());
    main.on("y", async || Ok::<_, Error>("the namespace's"));
    main.on_any(async move |socket: Socket, EventName(name): EventName| {
        socket.once(&name, async || Ok::<_, Error>("the socket's"));
        spaces.of("/").remove_all_listeners(Some(&name));
    });
    ws.send("421[\"y\"]").await;
    ws.expect("431[\"the socket's\"]").await;
}

#[tokio::test]
async fn disconnect_handlers_are_listeners_by_those_names() {
    let (builder, teller, mut log) = telling();
    let io = builder.build();
    io.of("/").on("connect", {
        let teller = teller.clone();
        async move |socket: Socket| {
            socket.on("disconnecting", tells!(teller, "own disconnecting"));
            let id = socket.listen("disconnect", tells!(teller, "never"));
            assert!(socket.off(id));
            socket.once("disconnect", tells!(teller, "own disconnect"));
        }
    });
    io.of("/")
        .on_disconnecting(tells!(teller, "disconnecting"))
        .on("disconnect", tells!(teller, "disconnect"));
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send("41").await;
    for what in [
        "disconnecting",
        "own disconnecting",
        "disconnect",
        "own disconnect",
    ] {
        log.expect(what).await;
    }
}

#[tokio::test]
async fn who_sees_what_is_sent_sees_emits_and_broadcasts_and_no_answers() {
    let (builder, teller, mut log) = telling();
    let io = builder.build();
    io.of("/").on_connect(async move |socket: Socket| {
        if socket.auth() == "{}" {
            return;
        }
        socket.on_any_outgoing(|_, name, _| assert_ne!(name, "panic"));
        let own = teller.clone();
        socket.on_any_outgoing(move |socket, name, args| {
            assert_eq!(socket.auth(), "{\"watch\":true}");
            own.tell(format!("{name} {:?}", args.to::<(u32,)>().unwrap()));
        });
        let first = teller.clone();
        socket.prepend_any_outgoing(move |_, name, _| first.tell(format!("first {name}")));
        assert_eq!(socket.listeners_any_outgoing(), 3);
    });
    io.of("/")
        .on("go", async |socket: Socket| -> Result<&str, Error> {
            socket.emit("direct", 1)?;
            socket.io().of("/").emit("broadcast", 2)?;
            socket.broadcast().emit("others", 3)?;
            socket.io().of("/").emit("panic", 4)?;
            Ok("answer")
        });
    let address = serve_io(&io).await;
    let _other = Ws::join(address).await;
    let mut watched = Ws::open(address).await;
    watched.send("40{\"watch\":true}").await;
    watched.next().await;
    watched.send("420[\"go\"]").await;
    for packet in ["[\"direct\",1]", "[\"broadcast\",2]", "[\"panic\",4]"] {
        watched.expect(&format!("42{packet}")).await;
    }
    watched.expect("430[\"answer\"]").await;
    let names = [("direct", 1), ("broadcast", 2), ("panic", 4)];
    let seen = names.map(|(name, number)| [format!("first {name}"), format!("{name} ({number},)")]);
    assert_eq!(log.told(), seen.concat());
}

#[tokio::test]
async fn a_namespace_sees_what_is_sent_to_who_is_there_and_to_who_comes() {
    let (builder, teller, mut log) = telling();
    let io = builder.build();
    let main = io.of("/");
    let address = serve_io(&io).await;
    let mut there = Ws::join(address).await;
    let id = main.on_any_outgoing(move |_, name, _| teller.tell(name));
    assert_eq!(main.listeners_any_outgoing(), 1);
    let mut comes = Ws::join(address).await;
    main.emit("late", 5).unwrap();
    there.expect("42[\"late\",5]").await;
    comes.expect("42[\"late\",5]").await;
    assert_eq!(log.told(), ["late"; 2]);
    // One who leaves and comes again is another socket.
    comes.send_all(&["41", "40"]).await;
    comes.next().await;
    main.emit("again", 6).unwrap();
    there.expect("42[\"again\",6]").await;
    comes.expect("42[\"again\",6]").await;
    assert_eq!(log.told(), ["again"; 2]);
    assert!(main.off(id));
    main.emit("later", 7).unwrap();
    there.expect("42[\"later\",7]").await;
    comes.expect("42[\"later\",7]").await;
    assert!(log.told().is_empty());
    // And it can begin again; what it emits itself is sent behind.
    main.on_any_outgoing(|socket, name, _| {
        if name == "latest" {
            socket.emit("seen", ()).unwrap();
        }
    });
    main.emit("latest", 8).unwrap();
    there.expect("42[\"latest\",8]").await;
    there.expect("42[\"seen\"]").await;
    main.off_any_outgoing(None);
    assert_eq!(main.listeners_any_outgoing(), 0);
}

#[tokio::test]
async fn the_fallback_takes_what_nobody_listens_to() {
    let (builder, _, mut log) = telling();
    let io = builder.build();
    io.of("/")
        .fallback(async || Ok::<_, Error>("replaced"))
        .fallback(async |EventName(name): EventName| {
            Err::<(), _>(Error::new("no_such_event", name.to_string()))
        })
        .on("known", async || {})
        .on_connect(async |socket: Socket| socket.on("own", async || {}));
    io.of("/").on_any(async || {});
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send_all(&["420[\"known\"]", "421[\"own\"]", "422[\"else\"]"])
        .await;
    ws.expect("430[]").await;
    ws.expect("431[]").await;
    ws.expect("432[{\"error\":{\"code\":\"no_such_event\",\"message\":\"else\"}}]")
        .await;
    assert_eq!(log.told(), ["! else no_such_event"]);
}

#[tokio::test]
async fn what_a_rule_listens_to_holds_in_its_namespaces_before_their_own() {
    let (builder, teller, mut log) = telling();
    let io = builder.build();
    let rule = io.of_pattern("/room/{name}");
    rule.fallback(async || Ok::<_, Error>("the rule's"))
        .event_middleware(tells!(teller, "rule decides"));
    let any = rule.on_any(tells!(teller, "rule any"));
    let address = serve_io(&io).await;
    let mut ws = Ws::open(address).await;
    ws.send("40/room/a,").await;
    ws.next().await;
    let sent = teller.clone();
    let seeing = rule.on_any_outgoing(move |_, name, _| sent.tell(format!("sees {name}")));
    ws.send("42/room/a,0[\"x\"]").await;
    ws.expect("43/room/a,0[\"the rule's\"]").await;
    assert_eq!(log.told(), ["rule decides", "rule any"]);
    let own = io.of("/room/a");
    own.on_any(tells!(teller, "own any"));
    own.event_middleware(tells!(teller, "own decides"))
        .fallback(async |socket: Socket| -> Result<&str, Error> {
            socket.emit("y", ())?;
            Ok("its own")
        });
    ws.send("42/room/a,1[\"x\"]").await;
    ws.expect("42/room/a,[\"y\"]").await;
    ws.expect("43/room/a,1[\"its own\"]").await;
    let order = [
        "rule decides",
        "own decides",
        "rule any",
        "own any",
        "sees y",
    ];
    assert_eq!(log.told(), order);
    // Another namespace has the rule's only; and who comes is seen as well.
    ws.send("40/room/b,").await;
    ws.next().await;
    ws.send("42/room/b,2[\"x\"]").await;
    ws.expect("43/room/b,2[\"the rule's\"]").await;
    io.of("/room/b").emit("z", ()).unwrap();
    ws.expect("42/room/b,[\"z\"]").await;
    assert_eq!(log.told(), ["rule decides", "rule any", "sees z"]);
    assert!(rule.off(any) && rule.off(seeing) && !rule.off(any));
    ws.send("42/room/a,3[\"x\"]").await;
    ws.expect("42/room/a,[\"y\"]").await;
    assert_eq!(log.told(), ["rule decides", "own decides", "own any"]);
}
