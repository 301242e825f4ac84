//! Handlers and acknowledgements: order, failures, answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore};
use trunkline::{
    Ack, AckError, AnswerError, Args, Binary, EmitError, Error, HandlerError, Io, Socket, SocketId,
    State,
};

use super::client::{Log, Polling, Ws, log};
use super::host::serve_io;

/// A builder whose error hook tells the code of each failure.
fn reporting() -> (trunkline::Builder, Log) {
    let (teller, log) = log();
    let builder = Io::builder().on_error(move |failure: &HandlerError<'_>| {
        teller.tell(format!("{}: {}", failure.event, failure.error.code()));
    });
    (builder, log)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_start_in_the_order_of_their_events_each_to_its_first_await() {
    let (teller, mut log) = log();
    let gate = Arc::new(Semaphore::new(0));
    let io = Io::builder().build();
    let opened = gate.clone();
    io.of("/")
        .on(
            "wait",
            async move |(number,): (u32,)| -> Result<u32, Error> {
                teller.tell(format!("{number} begins"));
                teller.tell(format!("{number} waits"));
                drop(gate.acquire().await.unwrap());
                Ok(number)
            },
        )
        .on("open", async move || opened.add_permits(1));
    let address = serve_io(&io).await;
    for polling in [false, true] {
        let events: Vec<_> = (0..20).map(|n| format!("42{n}[\"wait\",{n}]")).collect();
        if polling {
            Polling::open(address)
                .await
                .join()
                .await
                .send(&events.join("\x1e"))
                .await;
        } else {
            let events: Vec<_> = events.iter().map(String::as_str).collect();
            let mut ws = Ws::join(address).await;
            ws.send_all(&events).await;
            ws.send("42[\"open\"]").await;
            // Meanwhile they wait side by side; each is answered when it is done.
            let mut answers = Vec::new();
            for _ in 0..20 {
                answers.push(ws.next().await);
            }
            answers.sort();
            let mut expected: Vec<_> = (0..20).map(|n| format!("43{n}[{n}]")).collect();
            expected.sort();
            assert_eq!(answers, expected);
        }
        for number in 0..20 {
            log.expect(&format!("{number} begins")).await;
            log.expect(&format!("{number} waits")).await;
        }
    }
}

#[tokio::test]
async fn what_a_handler_emits_and_answers_leaves_in_its_order() {
    let io = Io::builder().build();
    io.of("/")
        .on("count", async |socket: Socket| -> Result<&str, Error> {
            for number in 0..3 {
                socket.emit("number", number)?;
            }
            tokio::task::yield_now().await;
            socket.emit("number", 3)?;
            Ok("done")
        });
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send("420[\"count\"]").await;
    for number in 0..4 {
        ws.expect(&format!("42[\"number\",{number}]")).await;
    }
    ws.expect("430[\"done\"]").await;
}

#[tokio::test]
async fn return_values_are_acknowledgements() {
    let (io, mut failures) = reporting();
    let io = io.build();
    io.of("/")
        .on("nothing", async || {})
        .on("one", async || Ok::<_, Error>("a"))
        .on("several", async || Ok::<_, Error>(("a", 2, [true])))
        .on("missing", async || -> Result<(), Error> {
            let error = Error::new("no_such_room", "there is no such room");
            Err(error.with_data(serde_json::json!({ "room": "attic" })))
        })
        .on("typed", async |(_, _): (String, u8)| {})
        .on("text", async |(text, more): (String, Option<u8>)| {
            Ok::<_, Error>((text, more))
        });
    let mut ws = Ws::join(serve_io(&io).await).await;
    let error = |code: &str| format!("[{{\"error\":{{\"code\":\"{code}\",\"message\":");
    for (event, answer) in [
        (r#"["nothing"]"#, "[]".to_owned()),
        (r#"["one"]"#, r#"["a"]"#.to_owned()),
        (r#"["several"]"#, r#"["a",2,[true]]"#.to_owned()),
        (
            r#"["missing"]"#,
            error("no_such_room") + r#""there is no such room","data":{"room":"attic"}}}]"#,
        ),
        (r#"["typed","a",256]"#, error("invalid_arguments")),
        (r#"["typed","a"]"#, error("invalid_arguments")),
        (r#"["text","a"]"#, r#"["a",null]"#.to_owned()),
        (
            r#"["text","a",1,"what is too much is left out"]"#,
            r#"["a",1]"#.to_owned(),
        ),
    ] {
        ws.send(&format!("427{event}")).await;
        let answered = ws.next().await;
        assert!(
            answered.starts_with(&format!("437{answer}")),
            "{event}: {answered}"
        );
    }
    failures.expect("missing: no_such_room").await;
    failures.expect("typed: invalid_arguments").await;
    failures.expect("typed: invalid_arguments").await;
    // Without a wish for an answer only the hook is told; without a listener nobody is.
    ws.send_all(&["42[\"missing\"]", "421[\"unheard\"]", "422[\"one\"]"])
        .await;
    ws.expect("432[\"a\"]").await;
    failures.expect("missing: no_such_room").await;
}

#[tokio::test]
async fn a_panicking_handler_ends_only_itself() {
    let (io, mut failures) = reporting();
    let io = io.build();
    io.of("/")
        .on("at once", async |(text,): (String,)| {
            assert_eq!(text, "fine");
        })
        .on("later", async |(text,): (String,)| {
            tokio::task::yield_now().await;
            assert_eq!(text, "fine");
        })
        .on("echo", async |args: Args| Ok::<_, Error>(args));
    let mut ws = Ws::join(serve_io(&io).await).await;
    let internal = "[{\"error\":{\"code\":\"internal\",\"message\":\"the handler failed\"}}]";
    ws.send("420[\"at once\",\"not fine\"]").await;
    ws.expect(&format!("430{internal}")).await;
    ws.send("421[\"later\",\"not fine\"]").await;
    ws.expect(&format!("431{internal}")).await;
    ws.send("422[\"echo\",\"still here\"]").await;
    ws.expect("432[\"still here\"]").await;
    failures.expect("at once: internal").await;
    failures.expect("later: internal").await;
}

#[tokio::test]
async fn of_several_listeners_the_first_answer_counts() {
    let gate = Arc::new(Notify::new());
    let io = Io::builder().build();
    let opened = gate.clone();
    io.of("/")
        .on("ask", async move || {
            gate.notified().await;
            Ok::<_, Error>("slow")
        })
        .on("ask", async || Ok::<_, Error>("quick"))
        .on("ask", async || Ok::<_, Error>("quick, but second"))
        .on("open", async move || opened.notify_one());
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send("420[\"ask\"]").await;
    ws.expect("430[\"quick\"]").await;
    ws.send("42[\"open\"]").await;
    ws.send("421[\"ask\"]").await;
    ws.expect("431[\"quick\"]").await;
}

#[tokio::test]
async fn an_ack_can_be_taken_by_hand() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    io.of("/")
        .on("later", async |ack: Ack| {
            tokio::spawn(async move { ack.send(("at last", 1)).unwrap() });
        })
        .on("never", async move |ack: Ack| {
            teller.tell(format!("{}", ack.is_wanted()));
        })
        .on("fails", async |_: Ack| -> Result<(), Error> {
            Err(Error::new("no", "no"))
        });
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send_all(&["42[\"never\"]", "420[\"never\"]", "421[\"later\"]"])
        .await;
    ws.expect("431[\"at last\",1]").await;
    log.expect("false").await;
    log.expect("true").await;
    ws.send("422[\"fails\"]").await;
    ws.expect("432[{\"error\":{\"code\":\"no\",\"message\":\"no\"}}]")
        .await;
}

#[tokio::test]
async fn the_server_can_ask_and_wait_for_the_answer() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    io.of("/").on("ask me", async move |socket: Socket| {
        for timeout in [30_000, 50, 30_000, 30_000] {
            let asked = socket.emit_with_ack::<(String,)>("name?", ());
            teller.tell(match asked.timeout(Duration::from_millis(timeout)).await {
                Ok((name,)) => name,
                Err(AnswerError::Ack(AckError::TimedOut)) => "timed out".to_owned(),
                Err(AnswerError::Ack(AckError::Disconnected)) => "gone".to_owned(),
                Err(AnswerError::Mismatch(_)) => "mismatch".to_owned(),
                Err(error) => panic!("{error}"),
            });
        }
    });
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send("42[\"ask me\"]").await;
    ws.expect("420[\"name?\"]").await;
    ws.send("430[\"Ada\"]").await;
    log.expect("Ada").await;
    ws.expect("421[\"name?\"]").await;
    log.expect("timed out").await;
    ws.expect("422[\"name?\"]").await;
    // The answer that comes too late is nobody's.
    ws.send_all(&["431[\"late\"]", "432[5]"]).await;
    log.expect("mismatch").await;
    ws.expect("423[\"name?\"]").await;
    ws.send("41").await;
    log.expect("gone").await;
}

#[tokio::test]
async fn the_cause_of_a_failure_reaches_the_hook_and_never_the_client() {
    let (teller, mut causes) = log();
    let io = Io::builder()
        .on_error(move |failure: &HandlerError<'_>| {
            let cause = std::error::Error::source(failure.error).map(ToString::to_string);
            teller.tell(format!("{}: {}", failure.event, cause.unwrap_or_default()));
        })
        .build();
    io.of("/")
        .on("emit", async |socket: Socket| -> Result<(), Error> {
            socket.emit("disconnect", ())?;
            Ok(())
        })
        .on("ask", async |socket: Socket| -> Result<(), Error> {
            socket.emit_with_ack::<()>("disconnect", ()).await?;
            Ok(())
        })
        .on("own", async || {
            Err::<(), _>(Error::new("broken", "it is broken").with_cause("the disk is full"))
        });
    let mut ws = Ws::join(serve_io(&io).await).await;
    let internal = "[{\"error\":{\"code\":\"internal\",\"message\":\"the handler failed\"}}]";
    ws.send("420[\"emit\"]").await;
    ws.expect(&format!("430{internal}")).await;
    causes
        .expect("emit: the event name \"disconnect\" is reserved")
        .await;
    ws.send("421[\"ask\"]").await;
    ws.expect(&format!("431{internal}")).await;
    causes
        .expect("ask: the event name \"disconnect\" is reserved")
        .await;
    ws.send("422[\"own\"]").await;
    let broken = "[{\"error\":{\"code\":\"broken\",\"message\":\"it is broken\"}}]";
    ws.expect(&format!("432{broken}")).await;
    causes.expect("own: the disk is full").await;
}

#[tokio::test]
async fn more_attachments_than_clients_take_are_refused() {
    let (io, mut failures) = reporting();
    let io = io.build();
    let parts = |count| vec![Binary(Bytes::from_static(b"x")); count];
    io.of("/")
        .on(
            "emit",
            async move |socket: Socket, (count,): (usize,)| match socket.emit("parts", parts(count))
            {
                Err(EmitError::TooManyAttachments { count, limit }) => {
                    Err(Error::new("too_many", format!("{count} of {limit}")))
                }
                sent => sent.map(|_| ()).map_err(Error::from),
            },
        )
        .on("answer", async move |(count,): (usize,)| {
            Ok::<_, Error>(parts(count))
        });
    let mut polling = Polling::open(serve_io(&io).await).await.join().await;
    polling.send("420[\"emit\",11]").await;
    let answer = "430[{\"error\":{\"code\":\"too_many\",\"message\":\"11 of 10\"}}]";
    assert_eq!(polling.receive().await, answer);
    polling.send("421[\"answer\",11]").await;
    assert!(
        polling
            .receive()
            .await
            .starts_with("431[{\"error\":{\"code\":\"internal\"")
    );
    polling.send("422[\"answer\",10]").await;
    let answer = polling.receive().await;
    assert!(answer.starts_with("4610-2[["), "{answer}");
    assert!(answer.ends_with(&"\x1ebeA==".repeat(10)), "{answer}");
    failures.expect("emit: too_many").await;
    failures.expect("answer: internal").await;
}

#[tokio::test]
async fn a_sockets_id_travels_as_an_argument() {
    let io = Io::builder().build();
    io.of("/")
        .on("me", async |socket: Socket| {
            Ok::<_, Error>(socket.id().clone())
        })
        .on("invite", async |io: Io, (id, room): (SocketId, String)| {
            let guest = io.of("/").socket(&id);
            let guest = guest.ok_or_else(|| Error::new("gone", "nobody has this id"))?;
            let was_in = guest.is_in(&room);
            guest.join(&room);
            Ok::<_, Error>((was_in, guest.is_in(&room), guest.is_in(id.as_str())))
        });
    let mut ws = Ws::join(serve_io(&io).await).await;
    let id = io.of("/").sockets()[0].id().to_string();
    ws.send("420[\"me\"]").await;
    ws.expect(&format!("430[\"{id}\"]")).await;
    ws.send(&format!("421[\"invite\",\"{id}\",\"red\"]")).await;
    ws.expect("431[false,true,true]").await;
    ws.send("422[\"invite\",\"nobody\",\"red\"]").await;
    assert!(ws.next().await.contains("\"gone\""));
}

struct Greeting(&'static str);

async fn greet(State(greeting): State<Greeting>) -> Result<&'static str, Error> {
    Ok(greeting.0)
}

#[tokio::test]
async fn state_reaches_handlers_and_its_lack_is_told_at_registration() {
    let io = Io::builder().state(Greeting("hello")).build();
    io.of("/").on("greet", greet);
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send("420[\"greet\"]").await;
    ws.expect("430[\"hello\"]").await;

    let without = Io::builder().build();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        without.of("/").on("greet", greet);
    }));
    let message = panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("handlers::greet"), "{message}");
    assert!(
        message.contains("State<") && message.contains("Greeting"),
        "{message}"
    );
    assert!(message.contains(".state("), "{message}");
}
