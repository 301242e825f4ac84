//! The steps of the story, in order; each has clients of its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use rust_socketio::{Payload, TransportType};
use serde_json::{Value, json};

use crate::client::Socket;
use crate::{Outcome, say};

const BYTES: &[u8] = &[0, 1, 2, 253, 254, 255];
const EVENTS: usize = 100;
const LARGE: usize = 300_000;
const CROWD: usize = 20;
/// How long the server may take to see that a client is gone.
const GONE: Duration = Duration::from_secs(10);

/// How long the client is given to see that it was cut off.
const UNNOTICED: Duration = Duration::from_millis(500);

/// How the clients connect, and where.
pub(crate) struct Story {
    pub(crate) transport: TransportType,
    pub(crate) url: String,
}

/// What the client can do of a step.
type Told = Outcome<&'static str>;

impl Story {
    /// Leads clients through every step and says how each went.
    pub(crate) async fn tell(&self) {
        told("connect", self.connect().await);
        told("events", self.events().await);
        told("binary", self.binary().await);
        told("asks", self.asks().await);
        told(
            "answers",
            Ok("no: it does not hand over the number of the question"),
        );
        told("namespaces", self.namespaces().await);
        told("rooms", self.rooms().await);
        told("refusal", self.refusal().await);
        told("disconnect", self.disconnect().await);
        told("reconnect", self.reconnect().await);
        told("recovery", Ok("-"));
        told("large", self.large().await);
        told("crowd", self.crowd().await);
    }

    async fn connect(&self) -> Told {
        let auth = json!({ "token": "a b&c=ü", "x": "1", "list": [1, null, { "deep": true }] });
        let mut socket = Socket::connect_with(self, "/", Some(auth.clone())).await?;
        equal(&socket.values("auth").await?, &vec![auth])?;
        let id = socket.call("id", json!("")).await?;
        match id.as_slice() {
            [Value::String(id)] if !id.is_empty() => Ok("yes"),
            other => Err(format!("the id {other:?}").into()),
        }
    }

    async fn events(&self) -> Told {
        let values = values();
        let mut socket = Socket::connect(self, "/").await?;
        socket.emit("echo", values.clone()).await?;
        equal(&socket.values("echo").await?, &values)?;
        for n in 0..EVENTS {
            socket.emit("echo", json!(n)).await?;
        }
        for n in 0..EVENTS {
            equal(&socket.values("echo").await?, &vec![json!(n)])?;
        }
        Ok("yes")
    }

    async fn binary(&self) -> Told {
        let mut socket = Socket::connect(self, "/").await?;
        socket.emit("echo", BYTES).await?;
        equal(&socket.next("echo").await?, &Payload::from(BYTES))?;
        Ok("part: one binary argument, and nothing beside it")
    }

    async fn asks(&self) -> Told {
        let socket = Socket::connect(self, "/").await?;
        let question = vec![json!("x"), json!({ "a": [1] })];
        equal(&socket.call("answer", question.clone()).await?, &question)?;
        Ok("part: without binary")
    }

    async fn namespaces(&self) -> Told {
        let mut main = Socket::connect(self, "/").await?;
        let mut custom = Socket::connect(self, "/custom").await?;
        custom.emit("echo", json!(1)).await?;
        equal(&custom.values("echo").await?, &vec![json!(1)])?;
        custom.disconnect().await?;
        main.emit("echo", json!(2)).await?;
        equal(&main.values("echo").await?, &vec![json!(2)])?;
        Ok("part: a connection for each namespace")
    }

    async fn rooms(&self) -> Told {
        let mut inside = Socket::connect(self, "/").await?;
        let mut outside = Socket::connect(self, "/").await?;
        inside.values("auth").await?;
        outside.values("auth").await?;
        let room = new_room();
        inside.call("join", room.clone()).await?;
        outside
            .call("tell", vec![room.clone(), json!("first")])
            .await?;
        equal(&inside.values("told").await?, &vec![json!("first")])?;
        inside.call("leave", room.clone()).await?;
        outside.call("tell", vec![room, json!("second")]).await?;
        for socket in [&mut inside, &mut outside] {
            socket.call("answer", json!("end")).await?;
            equal(&socket.left(), &Vec::new())?;
        }
        Ok("yes")
    }

    async fn refusal(&self) -> Told {
        for (namespace, reason) in [
            (
                "/closed",
                r#"{"message":"not today","data":{"after":[8,1.5]}}"#,
            ),
            ("/nobody", r#"{"message":"Invalid namespace"}"#),
        ] {
            let mut socket = Socket::open(self, namespace, None).await?;
            let Payload::Text(told) = socket.next("error").await? else {
                return Err("a refusal in binary".into());
            };
            let text = told.first().and_then(Value::as_str).unwrap_or_default();
            let json = text.find('{').map(|start| &text[start..]);
            let got: Value = serde_json::from_str(json.ok_or("no reason")?)?;
            equal(&got, &serde_json::from_str::<Value>(reason)?)?;
        }
        Ok("yes")
    }

    async fn disconnect(&self) -> Told {
        let leaver = Socket::connect(self, "/").await?;
        let watcher = Socket::connect(self, "/").await?;
        let room = new_room();
        leaver.call("join", room.clone()).await?;
        equal(
            &watcher.call("members", room.clone()).await?,
            &vec![json!(1)],
        )?;
        leaver.disconnect().await?;
        let started = Instant::now();
        while watcher.call("members", room.clone()).await? != [json!(0)] {
            if started.elapsed() > GONE {
                return Err("the server did not see it go".into());
            }
        }
        for request in ["go", "end"] {
            let mut socket = Socket::connect(self, "/").await?;
            socket.emit(request, json!("")).await?;
            socket.next("close").await?;
        }
        Ok("yes")
    }

    async fn reconnect(&self) -> Told {
        let mut socket = Socket::connect(self, "/").await?;
        let before = socket.call("id", json!("")).await?;
        println!("{}", json!({ "cut": true }));
        // The client does not say that it was cut off.
        tokio::time::sleep(UNNOTICED).await;
        println!("{}", json!({ "cut": false }));
        socket.next("connect").await?;
        if socket.call("id", json!("")).await? == before {
            return Err("the same id".into());
        }
        socket.emit("echo", json!("back")).await?;
        equal(&socket.values("echo").await?, &vec![json!("back")])?;
        Ok("yes")
    }

    async fn large(&self) -> Told {
        if matches!(self.transport, TransportType::Polling) {
            return Ok(
                "no: over polling it takes whatever part of a body has arrived for the whole",
            );
        }
        let mut socket = Socket::connect(self, "/").await?;
        let text = json!("ä".repeat(LARGE / 2));
        socket.emit("echo", text.clone()).await?;
        if socket.values("echo").await? != [text] {
            return Err("another text".into());
        }
        let bytes = vec![7; LARGE];
        socket.emit("echo", bytes.clone()).await?;
        if socket.next("echo").await? != Payload::from(bytes) {
            return Err("other bytes".into());
        }
        Ok("yes")
    }

    async fn crowd(&self) -> Told {
        // One after the other: each reads the machine's certificates, which keeps a processor from answering pings.
        let mut crowd = Vec::new();
        for _ in 0..CROWD {
            crowd.push(Socket::connect(self, "/").await?);
        }
        let room = new_room();
        try_join_all(crowd.iter().map(|socket| socket.call("join", room.clone()))).await?;
        let told = vec![room, json!("all")];
        crowd[0].call("tell", told).await?;
        for socket in &mut crowd {
            equal(&socket.values("told").await?, &vec![json!("all")])?;
        }
        Ok("yes")
    }
}

/// Every kind of JSON value.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-7),
        json!(1.5),
        json!(9_007_199_254_740_991_u64),
        json!(""),
        json!("späte €uro 😀"),
        json!("\u{2028}\u{2029}\\n\n\""),
        json!([]),
        json!({}),
        json!([[[1]]]),
        json!({ "a": { "b": [{}, null] } }),
    ]
}

/// The name of a room that nobody else has; in one process and among processes.
fn new_room() -> Value {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    json!(format!("room {} {number}", std::process::id()))
}

fn equal<T: PartialEq + std::fmt::Debug>(got: &T, expected: &T) -> Outcome<()> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{got:?} instead of {expected:?}").into())
}

fn told(step: &str, outcome: Told) {
    match outcome {
        Ok(result) => say(step, result),
        Err(error) => say(step, &format!("failed: {error} ({error:?})")),
    }
}
