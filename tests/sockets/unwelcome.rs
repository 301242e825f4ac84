//! Clients that are not let in: what they are told, and what the application and the log are told.

use std::collections::HashMap;
use std::error::Error as _;

use serde::Deserialize;
use trunkline::{Auth, ConnectError, Error, Io, RefusedConnect, Socket};

use super::attach::Written;
use super::client::{Teller, Ws, log};
use super::host::serve_io;

#[derive(Deserialize)]
struct Login {
    token: String,
}

/// Refuses for whichever reason the token names.
fn listen(io: &Io) {
    io.of("/door")
        .middleware(async |socket: Socket, Auth(login): Auth<Login>| {
            socket.set(login.token.clone());
            let refusal = ConnectError::new("no").with_data(["data"]);
            match login.token.as_str() {
                "plain" => Err(refusal),
                "cause" => Err(refusal.with_cause("the disk is full")),
                "error" => Err(Error::new("expired", "too late")
                    .with_cause("by a day")
                    .into()),
                "json" => socket.set_data("name", unwritable()).map_err(Into::into),
                "data" => Err(refusal.with_data(unwritable())),
                "inner" => Err(Error::new("no", "never").with_data(unwritable()).into()),
                _ => panic!("on purpose"),
            }
        });
}

/// JSON has no keys but texts.
fn unwritable() -> HashMap<Vec<u8>, ()> {
    HashMap::from([(vec![0], ())])
}

/// What is sent as `token`; the answer; what the hook is told.
const ROWS: [(&str, &str, &str); 7] = [
    (
        "plain",
        r#"{"message":"no","data":["data"]}"#,
        "no, because -",
    ),
    (
        "cause",
        r#"{"message":"no","data":["data"]}"#,
        "no, because the disk is full",
    ),
    (
        "error",
        r#"{"message":"too late","data":{"code":"expired","message":"too late"}}"#,
        "too late, because by a day",
    ),
    (
        "json",
        r#"{"message":"internal error"}"#,
        "internal error, because key must be a string",
    ),
    (
        "data",
        r#"{"message":"no","data":["data"]}"#,
        "no, because key must be a string",
    ),
    (
        "inner",
        r#"{"message":"never","data":{"code":"no","message":"never"}}"#,
        "never, because key must be a string",
    ),
    (
        "panic",
        r#"{"message":"internal error"}"#,
        "internal error, because -",
    ),
];

fn tell(teller: &Teller, refused: &RefusedConnect<'_>) {
    let RefusedConnect { socket, error } = refused;
    let cause = error.source().map_or("-".to_owned(), ToString::to_string);
    let token = socket.get::<String>();
    let (namespace, address) = (socket.namespace(), socket.handshake().address);
    let address = address.is_some_and(|address| address.is_loopback());
    teller.tell(format!(
        "{namespace} {token:?} {address}: {error}, because {cause}"
    ));
}

#[tokio::test]
async fn a_refusals_cause_reaches_the_hook_and_not_the_client() {
    let (teller, mut told) = log();
    let io = Io::builder()
        .on_connect_error(move |refused| tell(&teller, refused))
        .build();
    listen(&io);
    let mut ws = Ws::open(serve_io(&io).await).await;
    for (token, answer, said) in ROWS {
        ws.send(&format!("40/door,{{\"token\":\"{token}\"}}")).await;
        ws.expect(&format!("44/door,{answer}")).await;
        told.expect(&format!("/door Some({token:?}) true: {said}"))
            .await;
    }
    ws.send("40/door,{\"token\":7}").await;
    assert!(
        ws.next()
            .await
            .starts_with("44/door,{\"message\":\"auth: invalid type")
    );
    assert!(
        told.next()
            .await
            .starts_with("/door None true: auth: invalid type")
    );
    // Nobody is there whom a hook could be shown.
    ws.send("40/nowhere,").await;
    ws.expect("44/nowhere,{\"message\":\"Invalid namespace\"}")
        .await;
    assert!(told.told().is_empty());
}

#[tokio::test]
async fn a_hook_for_refusals_that_panics_changes_nothing_for_the_client() {
    let io = Io::builder()
        .on_connect_error(|_| panic!("on purpose"))
        .build();
    listen(&io);
    let mut ws = Ws::open(serve_io(&io).await).await;
    for _ in 0..2 {
        ws.send("40/door,{\"token\":\"plain\"}").await;
        ws.expect("44/door,{\"message\":\"no\",\"data\":[\"data\"]}")
            .await;
    }
}

#[tokio::test]
async fn without_a_hook_the_log_has_the_cause() {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .finish();
    // This runtime has one thread, so what the server logs is logged here.
    let _guard = tracing::subscriber::set_default(subscriber);
    let io = Io::builder().build();
    listen(&io);
    let mut ws = Ws::open(serve_io(&io).await).await;
    for token in ["plain", "cause"] {
        ws.send(&format!("40/door,{{\"token\":\"{token}\"}}")).await;
        ws.next().await;
    }
    ws.send("40/nowhere,").await;
    ws.next().await;
    let log = written.text();
    let line = |level: &str, what: &str| {
        let mut lines = log.lines();
        let found = lines.find(|line| line.contains(level) && line.contains(what));
        found.unwrap_or_else(|| panic!("no {what:?} in {log}"))
    };
    let quiet = line("DEBUG", "a client was not let in: no namespace=\"/door\"");
    assert!(!quiet.contains("cause="), "{quiet}");
    let loud = line("WARN", "a client was not let in: no namespace=\"/door\"");
    assert!(
        loud.ends_with("address=127.0.0.1 cause=the disk is full"),
        "{loud}"
    );
    line(
        "DEBUG",
        "does not exist namespace=/nowhere address=127.0.0.1",
    );
}
