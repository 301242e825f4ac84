//! Clients that are cut off and come back.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use trunkline::server::Config;
use trunkline::{Binary, ConnectError, Emitted, Io, Recovery, Socket};

use super::attach::Written;
use super::client::{Http, Log, Polling, Teller, Ws, log, within};
use super::host::{serve_config, serve_io};

/// What a client keeps of its session.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Session {
    pub(super) sid: String,
    pub(super) pid: String,
    offset: Option<String>,
}

impl Session {
    pub(super) fn read(reply: &str) -> Session {
        let json: Value = serde_json::from_str(reply.strip_prefix("40").unwrap()).unwrap();
        let text = |key: &str| json[key].as_str().unwrap().to_owned();
        Session {
            sid: text("sid"),
            pid: text("pid"),
            offset: None,
        }
    }

    pub(super) fn connect(&self) -> String {
        match &self.offset {
            Some(offset) => format!(r#"40{{"pid":"{}","offset":"{offset}"}}"#, self.pid),
            None => format!(r#"40{{"pid":"{}"}}"#, self.pid),
        }
    }

    pub(super) fn is(&self, other: &Session) -> bool {
        (&self.sid, &self.pid) == (&other.sid, &other.pid)
    }

    /// Takes the offset off an event and keeps it.
    fn take(&mut self, event: &str) -> String {
        let (_, array) = event.split_at(event.find('[').unwrap());
        let mut array: Vec<Value> = serde_json::from_str(array).unwrap();
        let offset = array.pop().unwrap();
        self.offset = Some(offset.as_str().unwrap().to_owned());
        Value::from(array).to_string()
    }

    async fn expect(&mut self, ws: &mut Ws, array: &str) {
        let event = ws.next().await;
        assert_eq!(self.take(&event), array);
    }
}

pub(super) async fn join(address: SocketAddr) -> (Ws, Session) {
    let mut ws = Ws::open(address).await;
    ws.send("40").await;
    let session = Session::read(&ws.next().await);
    (ws, session)
}

/// Comes back; what was missed, and the session that the reply names.
pub(super) async fn come_back(
    address: SocketAddr,
    session: &Session,
) -> (Ws, Vec<String>, Session) {
    let mut ws = Ws::open(address).await;
    ws.send(&session.connect()).await;
    let mut missed = Vec::new();
    loop {
        let text = ws.next().await;
        if text.starts_with("40") {
            return (ws, missed, Session::read(&text));
        }
        missed.push(text);
    }
}

/// A server that tells of everybody who is here and gone.
fn telling(recovery: Recovery) -> (Io, Log) {
    let io = Io::builder().recovery(recovery).build();
    let (teller, log) = log();
    tell_of(&io, "/", &teller);
    (io, log)
}

pub(super) fn tell_of(io: &Io, namespace: &str, teller: &Teller) {
    let (here, gone) = (teller.clone(), teller.clone());
    io.of(namespace).on_connect(async move |socket: Socket| {
        here.tell(format!("here {}", socket.recovered()));
    });
    io.of(namespace).on_disconnect(async move |socket: Socket| {
        gone.tell(format!("gone {}", socket.is_connected()));
    });
}

/// Cuts a client off, and waits until the server knows.
pub(super) async fn cut(ws: Ws, log: &mut Log) {
    drop(ws);
    log.expect("gone false").await;
}

#[tokio::test]
async fn what_was_missed_comes_before_the_reply_in_order_and_once() {
    let (io, mut log) = telling(Recovery::default());
    let address = serve_io(&io).await;
    let (mut ws, mut session) = join(address).await;
    log.expect("here false").await;
    assert_ne!(session.sid, session.pid);
    io.of("/").sockets()[0].join("room");
    let handle = io.of("/").sockets()[0].clone();
    io.emit("one", 1).unwrap();
    session.expect(&mut ws, r#"["one",1]"#).await;
    cut(ws, &mut log).await;

    io.emit("two", ("a", 2)).unwrap();
    io.to("elsewhere").emit("not", ()).unwrap();
    io.to("room")
        .emit("three", Binary::from(vec![1, 2, 3]))
        .unwrap();
    io.to("room").except(&handle).emit("not", ()).unwrap();
    io.to(&handle).emit("four", ()).unwrap();
    assert_eq!(handle.emit("five", ()).unwrap(), Emitted::Queued);

    let mut back = Ws::open(address).await;
    back.send(&session.connect()).await;
    session.expect(&mut back, r#"["two","a",2]"#).await;
    let binary = back.next().await;
    assert!(binary.starts_with("451-"), "{binary}");
    session.take(&binary);
    assert_eq!(back.next_binary().await, [1, 2, 3]);
    session.expect(&mut back, r#"["four"]"#).await;
    session.expect(&mut back, r#"["five"]"#).await;
    let again = Session::read(&back.next().await);
    assert!(again.is(&session));
    log.expect("here true").await;
    assert_eq!(io.of("/").sockets()[0].rooms().len(), 2);
    assert_eq!(
        handle.emit("six", ()).unwrap(),
        Emitted::Queued,
        "an old handle reaches it"
    );
    session.expect(&mut back, r#"["six"]"#).await;

    // And once more.
    cut(back, &mut log).await;
    io.emit("seven", ()).unwrap();
    let (_ws, missed, again) = come_back(address, &session).await;
    assert_eq!(
        missed
            .iter()
            .map(|event| session.take(event))
            .collect::<Vec<_>>(),
        [r#"["seven"]"#]
    );
    assert!(again.is(&session));
}

#[tokio::test]
async fn rooms_count_as_they_were_when_a_packet_was_sent() {
    let (io, mut log) = telling(Recovery::default());
    let address = serve_io(&io).await;
    let (ws, session) = join(address).await;
    log.expect("here false").await;
    let socket = io.of("/").sockets()[0].clone();
    // The client reads none of this, as if all of it had been under way.
    io.to("a").emit("before", ()).unwrap();
    socket.join("a");
    io.to("a").emit("during", ()).unwrap();
    socket.leave("a");
    io.to("a").emit("after", ()).unwrap();
    cut(ws, &mut log).await;
    let (_ws, missed, again) = come_back(address, &session).await;
    assert!(
        again.is(&session),
        "no event yet, and recovered all the same"
    );
    let mut session = session;
    assert_eq!(
        missed
            .iter()
            .map(|event| session.take(event))
            .collect::<Vec<_>>(),
        [r#"["during"]"#]
    );
}

#[tokio::test]
async fn only_socket_io_clients_see_offsets_and_only_without_acknowledgement() {
    let (io, mut log) = telling(Recovery::default());
    let config = Config {
        plain_json: Some("/json".to_owned()),
        ..Config::default()
    };
    let address = serve_config(&io, config).await;
    let (mut ws, mut session) = join(address).await;
    log.expect("here false").await;
    let mut plain = Http::connect(address).await.upgrade("/json", &[]).await;
    log.expect("here false").await;
    assert!(plain.next().await.contains("connect"));
    io.emit("both", ("text", Binary::from(vec![0]))).unwrap();
    let event = ws.next().await;
    let array = session.take(&event);
    assert!(array.starts_with(r#"["both","text",{"#), "{array}");
    ws.next_binary().await;
    let frame = r#"{"event":"both","args":["text",{"$binary":"AA=="}]}"#;
    plain.expect(frame).await;
    for socket in io.of("/").sockets() {
        socket.emit("one", ()).unwrap();
        tokio::spawn(socket.emit_with_ack::<()>("sure?", "text").into_future());
    }
    session.expect(&mut ws, r#"["one"]"#).await;
    let question = ws.next().await;
    assert!(
        question.starts_with("42") && question.ends_with(r#"["sure?","text"]"#),
        "{question}"
    );
    plain.expect(r#"{"event":"one"}"#).await;
    assert!(
        plain
            .next()
            .await
            .starts_with(r#"{"event":"sure?","data":"text","ack":"#)
    );
}

#[tokio::test]
async fn a_session_is_used_once_and_strangers_begin_anew() {
    let (io, mut log) = telling(Recovery::default());
    let address = serve_io(&io).await;
    let (ws, session) = join(address).await;
    log.expect("here false").await;
    let mut other = Ws::open(address).await;
    cut(ws, &mut log).await;
    let foreign = Session {
        offset: Some("Q7_mJCT".to_owned()),
        ..session.clone()
    };
    let (_foreign, _, new) = come_back(address, &foreign).await;
    assert!(new.sid != session.sid && new.pid != session.pid);
    let (_first, _, again) = come_back(address, &session).await;
    assert!(again.is(&session));
    // It was here before the first had come back.
    other.send(&session.connect()).await;
    let new = Session::read(&other.next().await);
    assert!(new.sid != session.sid && new.pid != session.pid);
    assert_eq!(io.of("/").socket_count(), 3);
    for auth in [
        r#"{"pid":"unknown"}"#,
        r#"{"pid":5}"#,
        r#"{"pid":null,"offset":5}"#,
    ] {
        let mut ws = Ws::open(address).await;
        ws.send(&format!("40{auth}")).await;
        assert!(Session::read(&ws.next().await).sid != session.sid);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_try_at_once_one_is_recovered() {
    let (io, mut log) = telling(Recovery::default());
    let address = serve_io(&io).await;
    for _ in 0..20 {
        let (ws, session) = join(address).await;
        log.expect("here false").await;
        io.emit("one", ()).unwrap();
        let mut crowd = Vec::new();
        for _ in 0..8 {
            crowd.push(Ws::open(address).await);
        }
        cut(ws, &mut log).await;
        let tries = crowd.into_iter().map(|mut ws| {
            let session = session.clone();
            tokio::spawn(async move {
                ws.send(&session.connect()).await;
                let mut first = ws.next().await;
                if first.starts_with("42") {
                    first = ws.next().await;
                }
                (Session::read(&first).is(&session), ws)
            })
        });
        let tries: Vec<_> = tries.collect();
        let (mut recovered, mut kept) = (0, Vec::new());
        for attempt in tries {
            let (is_recovered, ws) = attempt.await.unwrap();
            recovered += usize::from(is_recovered);
            kept.push(ws);
        }
        assert_eq!(recovered, 1);
        assert_eq!(io.of("/").socket_count(), 8);
        drop(kept);
        for _ in 0..16 {
            log.next().await;
        }
    }
}

#[tokio::test]
async fn a_connection_that_is_not_over_yet_is_ended_first() {
    let (io, mut log) = telling(Recovery::default());
    let address = serve_io(&io).await;
    let (mut ws, mut session) = join(address).await;
    log.expect("here false").await;
    io.emit("one", ()).unwrap();
    session.expect(&mut ws, r#"["one"]"#).await;
    io.emit("two", ()).unwrap();
    let (_back, missed, again) = come_back(address, &session).await;
    assert!(again.is(&session));
    assert_eq!(missed.len(), 1);
    log.expect("gone false").await;
    log.expect("here true").await;
    ws.expect(&missed[0]).await;
    ws.closed().await;
    assert_eq!(io.of("/").socket_count(), 1);
    // The same by polling.
    let mut polling = Polling::open(address).await;
    polling.send(&session.connect()).await;
    let mut packets = polling.receive().await;
    while !packets.contains("40{") {
        packets = format!("{packets}\x1e{}", polling.receive().await);
    }
    let (missed, reply) = packets.split_once('\x1e').unwrap();
    assert!(missed.contains("two") && Session::read(reply).is(&session));
}

#[tokio::test]
async fn the_last_argument_of_a_volatile_event_is_not_taken_for_an_offset() {
    let (io, mut log) = telling(Recovery::default());
    let address = serve_io(&io).await;
    let (mut ws, mut session) = join(address).await;
    log.expect("here false").await;
    io.emit("one", ()).unwrap();
    session.expect(&mut ws, r#"["one"]"#).await;
    let offset = session.offset.clone();
    io.of("/").volatile().emit("now", "text").unwrap();
    session.expect(&mut ws, r#"["now","text"]"#).await;
    assert_eq!(session.offset, offset);
    io.of("/").sockets()[0].set_data("name", "Ada").unwrap();
    cut(ws, &mut log).await;
    io.of("/").volatile().emit("gone", "text").unwrap();
    io.emit("two", ()).unwrap();
    let (_ws, missed, again) = come_back(address, &session).await;
    assert!(again.is(&session));
    let missed: Vec<_> = missed.iter().map(|event| session.take(event)).collect();
    assert_eq!(missed, [r#"["two"]"#]);
    assert_eq!(io.of("/").sockets()[0].data()["name"], "Ada");
}

#[tokio::test]
async fn who_leaves_or_is_put_out_does_not_come_back() {
    let (io, mut log) = telling(Recovery::default());
    let address = serve_io(&io).await;
    let (mut ws, session) = join(address).await;
    log.expect("here false").await;
    ws.send("41").await;
    log.expect("gone false").await;
    let (mut ws, missed, put_out) = come_back(address, &session).await;
    assert!(missed.is_empty() && !put_out.is(&session));
    log.expect("here false").await;
    io.of("/").sockets()[0].disconnect();
    ws.expect("41").await;
    log.expect("gone false").await;
    let (_ws, _, new) = come_back(address, &put_out).await;
    assert!(!new.is(&put_out));
}

#[tokio::test]
async fn middlewares_are_asked_again_where_they_should_be() {
    for skip_middlewares in [true, false] {
        let (io, mut log) = telling(Recovery {
            skip_middlewares,
            ..Recovery::default()
        });
        let (teller, mut asked) = super::client::log();
        io.of("/").middleware(async move |socket: Socket| {
            tokio::task::yield_now().await;
            teller.tell(format!("asked {}", socket.recovered()));
            match socket.auth().contains("refuse") {
                true => Err(ConnectError::new("no")),
                false => Ok(()),
            }
        });
        let address = serve_io(&io).await;
        let (ws, session) = join(address).await;
        asked.expect("asked false").await;
        log.expect("here false").await;
        cut(ws, &mut log).await;
        io.emit("missed", ()).unwrap();
        let (ws, missed, again) = come_back(address, &session).await;
        assert!(again.is(&session));
        assert_eq!(missed.len(), 1);
        log.expect("here true").await;
        let expected: &[&str] = if skip_middlewares {
            &[]
        } else {
            &["asked true"]
        };
        assert_eq!(asked.told(), expected);
        cut(ws, &mut log).await;
        if !skip_middlewares {
            let mut ws = Ws::open(address).await;
            ws.send(&format!(r#"40{{"pid":"{}","refuse":1}}"#, session.pid))
                .await;
            assert!(ws.next().await.starts_with("44"));
            let (_ws, _, new) = come_back(address, &session).await;
            assert!(!new.is(&session), "a refusal ends the session");
        }
    }
}

#[tokio::test]
async fn a_quiet_session_outlives_what_the_log_has_dropped() {
    let (io, mut log) = telling(Recovery {
        max_bytes: 2000,
        ..Recovery::default()
    });
    let address = serve_io(&io).await;
    let (mut ws, mut session) = join(address).await;
    log.expect("here false").await;
    io.emit("one", ()).unwrap();
    session.expect(&mut ws, r#"["one"]"#).await;
    for _ in 0..100 {
        io.to("others").emit("noise", "x".repeat(100)).unwrap();
    }
    cut(ws, &mut log).await;
    let (ws, missed, again) = come_back(address, &session).await;
    assert!(again.is(&session) && missed.is_empty());
    log.expect("here true").await;
    cut(ws, &mut log).await;
    for _ in 0..100 {
        io.to("others").emit("noise", "x".repeat(100)).unwrap();
    }
    let (_ws, _, new) = come_back(address, &session).await;
    assert!(
        !new.is(&session),
        "what came after the loss is not known any more"
    );
}

#[tokio::test]
async fn a_session_that_is_too_old_is_gone() {
    let (io, mut log) = telling(Recovery {
        max_disconnection: Duration::ZERO,
        ..Recovery::default()
    });
    let address = serve_io(&io).await;
    let (ws, session) = join(address).await;
    log.expect("here false").await;
    let handle = io.of("/").sockets()[0].clone();
    cut(ws, &mut log).await;
    let (_ws, _, new) = come_back(address, &session).await;
    assert!(!new.is(&session));
    within(async {
        // The sweeper forgets it.
        while handle.emit("late", ()).unwrap() == Emitted::Queued {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn without_recovery_nothing_of_it_is_seen() {
    let io = Io::builder().build();
    let address = serve_io(&io).await;
    let mut ws = Ws::open(address).await;
    ws.send(r#"40{"pid":"a","offset":"b"}"#).await;
    let reply: Value = serde_json::from_str(&ws.next().await[2..]).unwrap();
    assert_eq!(reply.as_object().unwrap().len(), 1);
    let socket = io.of("/").sockets()[0].clone();
    assert!(!socket.recovered());
    assert_eq!(socket.auth(), r#"{"pid":"a","offset":"b"}"#);
    io.emit("one", ()).unwrap();
    ws.expect(r#"42["one"]"#).await;
}

#[tokio::test]
async fn a_session_for_which_there_is_no_room_is_told_of_in_the_log() {
    let written = Written::default();
    // This runtime has one thread, so what the server logs is logged here.
    let _guard = written.begin();
    let recovery = Recovery {
        max_sessions: 0,
        ..Recovery::default()
    };
    let io = Io::builder().recovery(recovery).build();
    let (teller, mut log) = log();
    io.on_disconnect(async move || teller.tell("gone"));
    let (ws, _) = join(serve_io(&io).await).await;
    drop(ws);
    log.expect("gone").await;
    let text = written.text();
    assert!(text.contains("sessions=1"), "{text:?}");
}
