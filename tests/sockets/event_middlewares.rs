//! Middlewares of events: what they let pass, change and refuse, and who waits for them.

use std::sync::Arc;

use tokio::sync::Semaphore;
use trunkline::{Ack, Args, Builder, Error, EventName, Incoming, Io, Namespace, Socket};

use super::client::{Log, Teller, Ws, log};
use super::host::serve_io;
use super::listening::{telling, tells};

/// A server whose middlewares let pass, change and refuse, by the event's name.
fn deciding(builder: Builder, teller: &Teller) -> Io {
    let io = builder.build();
    io.of("/")
        .event_middleware(async |event: Incoming| -> Result<Incoming, Error> {
            assert_eq!(event.wants_ack(), event.name() != "quiet");
            match event.name() {
                "shout" => {
                    let (text,): (String,) = event.args().to()?;
                    let text = text.to_uppercase();
                    Ok(event.with_name("say")?.with_args((text, 1))?)
                }
                "bad name" => Ok(event.with_name("disconnect")?),
                "quiet" | "forbidden" => Err(Error::new("forbidden", "not you")),
                _ => Ok(event),
            }
        })
        .on_connect(async |socket: Socket| {
            socket.middleware(async |EventName(name): EventName| {
                assert_ne!(name, "panic");
                assert_ne!(name, "shout", "it was changed before");
            });
            socket.middleware(async |(_,): (String,)| Ok::<_, Error>(()));
            socket.middleware(async |EventName(name): EventName, ack: Ack| {
                if name == "answered" {
                    ack.send("by a middleware").unwrap();
                }
            });
        })
        .on("say", async |(text, number): (String, u32)| {
            Ok::<_, Error>((text, number))
        })
        .on("answered", async || Ok::<_, Error>("by the handler"))
        .on("never", tells!(teller, "never"));
    let teller = teller.clone();
    io.of("/").on_any(async move |EventName(name): EventName| {
        teller.tell(format!("passed: {name}"));
    });
    io
}

#[tokio::test]
async fn middlewares_let_pass_change_and_refuse_events() {
    let (builder, teller, mut log) = telling();
    let io = deciding(builder, &teller);
    let mut ws = Ws::join(serve_io(&io).await).await;
    let error = |code: &str| format!("[{{\"error\":{{\"code\":\"{code}\",\"message\":");
    for (event, answer, told) in [
        (
            r#"["shout","hey"]"#,
            r#"["HEY",1]"#.to_owned(),
            "passed: say",
        ),
        (
            r#"["say","hey",2]"#,
            r#"["hey",2]"#.to_owned(),
            "passed: say",
        ),
        (
            r#"["shout",1]"#,
            error("invalid_arguments"),
            "! shout invalid_arguments",
        ),
        (
            r#"["answered","x"]"#,
            r#"["by a middleware"]"#.to_owned(),
            "passed: answered",
        ),
        (
            r#"["forbidden"]"#,
            error("forbidden") + r#""not you"}}]"#,
            "! forbidden forbidden",
        ),
        (
            r#"["never",1]"#,
            error("invalid_arguments"),
            "! never invalid_arguments",
        ),
        (r#"["panic"]"#, error("internal"), "! panic internal"),
        (r#"["bad name"]"#, error("internal"), "! bad name internal"),
    ] {
        ws.send(&format!("427{event}")).await;
        let got = ws.next().await;
        assert!(got.starts_with(&format!("437{answer}")), "{event}: {got}");
        log.expect(told).await;
    }
    // Without an acknowledgement the client learns nothing.
    ws.send_all(&["42[\"quiet\"]", "421[\"say\",\"a\",1]"])
        .await;
    ws.expect("431[\"a\",1]").await;
    log.expect("! quiet forbidden").await;
    // One that takes the acknowledgement and does not give it leaves it to the handlers.
    io.of("/").off_any(None);
    ws.send("422[\"say\",\"b\",2]").await;
    ws.expect("432[\"b\",2]").await;
}

/// A server whose middleware waits at `wait` and tells what passes it and what is handled.
fn waiting() -> (Io, Arc<Semaphore>, Log) {
    let (builder, teller, log) = telling();
    let io = builder.build();
    let gate = Arc::new(Semaphore::new(0));
    let (opened, passing) = (gate.clone(), teller.clone());
    io.of("/")
        .event_middleware(async move |EventName(name): EventName, args: Args| {
            passing.tell(format!("asked: {name}"));
            if name == "wait" {
                gate.acquire().await.unwrap().forget();
            }
            args.to::<(bool,)>()
                .map_or(Ok(()), |(refuse,)| match refuse {
                    true => Err(Error::new("refused", "refused")),
                    false => Ok(()),
                })
        });
    io.of("/")
        .on_any(async move |EventName(name): EventName| teller.tell(name.to_string()));
    (io, opened, log)
}

#[tokio::test]
async fn events_wait_behind_a_middleware_that_waits_in_order() {
    let (io, gate, mut log) = waiting();
    io.of("/").on("wait", async || {}).on("a", async || {});
    io.of("/other").on("now", async || {});
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    ws.send("40/other,").await;
    ws.next().await;
    ws.send_all(&[
        "420[\"wait\"]",
        "421[\"a\"]",
        "422[\"wait\",true]",
        "423[\"a\"]",
    ])
    .await;
    // The client's other namespace goes on, and so does what it answers.
    let socket = io.of("/").sockets()[0].clone();
    let asking = tokio::spawn(async move { socket.emit_with_ack::<(u32,)>("sum", ()).await });
    ws.expect("420[\"sum\"]").await;
    ws.send_all(&["42/other,5[\"now\"]", "430[7]"]).await;
    ws.expect("43/other,5[]").await;
    assert_eq!(asking.await.unwrap().unwrap(), (7,));
    assert_eq!(log.told(), ["asked: wait"]);
    gate.add_permits(1);
    ws.expect("430[]").await;
    ws.expect("431[]").await;
    assert_eq!(log.told(), ["wait", "asked: a", "a", "asked: wait"]);
    gate.add_permits(1);
    assert!(ws.next().await.starts_with("432[{\"error\""));
    ws.expect("433[]").await;
    assert_eq!(log.told(), ["! wait refused", "asked: a", "a"]);
}

#[tokio::test]
async fn what_waits_for_a_middleware_is_dropped_when_the_socket_leaves() {
    let (io, gate, mut seen) = waiting();
    let (teller, mut left) = log();
    io.of("/").on_disconnect(async move || teller.tell("left"));
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    ws.send_all(&["420[\"wait\"]", "421[\"a\"]", "41"]).await;
    left.expect("left").await;
    gate.add_permits(1);
    // The same namespace again is another socket, whose events do not wait.
    ws.send_all(&["40", "42[\"b\"]"]).await;
    assert!(ws.next().await.starts_with("40{"));
    assert_eq!(seen.next().await, "asked: wait");
    seen.expect("asked: b").await;
    seen.expect("b").await;
    assert!(seen.told().is_empty());
}

#[tokio::test]
async fn a_middleware_counts_as_a_handler_in_flight() {
    let gate = Arc::new(Semaphore::new(0));
    let mut config = trunkline::Config::default();
    config.dispatch.max_in_flight = 1;
    let (teller, mut handled) = log();
    let io = Io::builder().config(config).build();
    let opened = gate.clone();
    io.of("/")
        .event_middleware(async move |EventName(name): EventName| {
            if name == "wait" {
                opened.acquire().await.unwrap().forget();
            }
        });
    io.of("/other");
    for name in ["/", "/other"] {
        let teller = teller.clone();
        io.of(name).on_any(
            async move |namespace: Namespace, EventName(name): EventName| {
                teller.tell(format!("{}{name}", namespace.name()));
            },
        );
    }
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send("40/other,").await;
    ws.next().await;
    ws.send_all(&["42[\"wait\"]", "42/other,[\"a\"]", "42[\"b\"]"])
        .await;
    ws.send("40/none,").await;
    // The refusal says that the server has seen it all.
    assert!(ws.next().await.starts_with("44/none,"));
    assert!(handled.told().is_empty());
    gate.add_permits(1);
    for what in ["/wait", "/othera", "/b"] {
        handled.expect(what).await;
    }
}
