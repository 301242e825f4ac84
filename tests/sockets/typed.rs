//! Events as types: what they are on the wire, in both directions, and what is answered.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Message;
use trunkline::{AckError, AnswerError, Binary, Error, Event, Io, RequestError, Socket, State};

use super::client::{Ws, log, within};
use super::host::serve_io;

#[derive(Event, Deserialize)]
#[event(name = "ai-message", ack = Reply)]
#[serde(rename_all = "camelCase")]
struct AiMessage {
    chat_id: String,
    #[serde(default)]
    prompt: String,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Reply {
    text: String,
}

#[derive(Event, Debug)]
#[event(name = "move", ack = (u32, u32))]
struct Move(u32, Option<u32>);

#[derive(Event)]
#[event(name = "leave", ack = ())]
struct Leave;

#[derive(Event, Serialize, Deserialize, Clone)]
#[event(name = "change")]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Change {
    Added { at: u32 },
    Cleared,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "upload", ack = Upload)]
struct Upload {
    name: String,
    parts: Vec<Binary>,
}

/// Borrows what it sends, and can only be sent.
#[derive(Event, Serialize)]
#[event(name = "said")]
struct Said<'a> {
    by: &'a str,
}

#[derive(Event)]
#[event(name = "pair")]
struct Pair<'a, T>(&'a str, T);

fn listening() -> Io {
    let io = Io::builder().state(7_u32).build();
    io.of("/")
        .on_event(async |message: AiMessage| -> Result<Reply, Error> {
            match message.prompt.as_str() {
                "" => Err(Error::new("empty", "there is no prompt")),
                prompt => Ok(Reply {
                    text: format!("{}: {prompt}!", message.chat_id),
                }),
            }
        })
        .on_event(async |Move(x, y): Move, State(seven): State<u32>| {
            Ok::<_, Error>((x + *seven, y.unwrap_or(0)))
        })
        .on_event(async |_: Leave| {})
        .on_event(
            async |change: Change, socket: Socket| -> Result<(), Error> {
                if let Change::Added { at } = change {
                    socket.emit_event(&Change::Added { at: at + 1 })?;
                }
                socket.emit_event(&Change::Cleared)?;
                Ok(())
            },
        );
    io
}

#[tokio::test]
async fn each_form_of_type_is_read_from_its_arguments_and_answered_as_declared() {
    let mut ws = Ws::join(serve_io(&listening()).await).await;
    for (event, answer) in [
        (
            r#"["ai-message",{"chatId":"a","prompt":"hi"}]"#,
            r#"[{"text":"a: hi!"}]"#,
        ),
        (
            r#"["ai-message",{"chatId":"a"}]"#,
            r#"[{"error":{"code":"empty","message":"there is no prompt"}}]"#,
        ),
        (r#"["move",1,2]"#, "[8,2]"),
        (r#"["move",1]"#, "[8,0]"),
        (r#"["leave"]"#, "[]"),
        (r#"["leave","more than is read"]"#, "[]"),
    ] {
        ws.send(&format!("425{event}")).await;
        ws.expect(&format!("435{answer}")).await;
    }
    for event in [
        r#"["ai-message",{"chat_id":"a"}]"#,
        r#"["ai-message"]"#,
        r#"["move",[1,2]]"#,
        r#"["change",{"kind":"gone"}]"#,
    ] {
        ws.send(&format!("426{event}")).await;
        let answer = ws.next().await;
        let refusal = r#"436[{"error":{"code":"invalid_arguments""#;
        assert!(answer.starts_with(refusal), "{event}: {answer}");
    }
}

#[tokio::test]
async fn an_event_is_sent_in_the_form_of_its_type_by_every_handle() {
    let io = listening();
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send(r#"42["change",{"kind":"added","at":1}]"#).await;
    ws.expect(r#"42["change",{"kind":"added","at":2}]"#).await;
    ws.expect(r#"42["change",{"kind":"cleared"}]"#).await;

    let by = String::from("ann");
    assert_eq!(io.emit_event(&Said { by: &by }).unwrap(), 1);
    assert_eq!(io.of("/").emit_event(&Said { by: "bob" }).unwrap(), 1);
    let nobody = io.to("attic").emit_event(&Said { by: "bob" });
    assert_eq!(nobody.unwrap(), 0);
    let everyone = io.except("attic");
    assert_eq!(everyone.emit_event(&Pair(&by, [1, 2])).unwrap(), 1);
    everyone
        .emit(Pair::<()>::NAME, Pair("c", ()).values())
        .unwrap();
    ws.expect(r#"42["said",{"by":"ann"}]"#).await;
    ws.expect(r#"42["said",{"by":"bob"}]"#).await;
    ws.expect(r#"42["pair","ann",[1,2]]"#).await;
    ws.expect(r#"42["pair","c",null]"#).await;
}

#[tokio::test]
async fn one_socket_listens_beside_its_namespace() {
    let (teller, mut told) = log();
    let io = Io::builder().build();
    io.of("/").on_connect(async move |socket: Socket| {
        let teller = teller.clone();
        socket.on_event(async move |Move(x, _): Move| {
            teller.tell(format!("moved to {x}"));
            Ok::<_, Error>((x, x))
        });
        socket.emit_event(&Change::Cleared).unwrap();
    });
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.expect(r#"42["change",{"kind":"cleared"}]"#).await;
    ws.send(r#"421["move",4]"#).await;
    ws.expect("431[4,4]").await;
    told.expect("moved to 4").await;
}

#[tokio::test]
async fn a_handler_is_taken_off_by_its_id_or_after_one_event() {
    let io = Io::builder().build();
    let ns = io.of("/");
    ns.on_connect(async |socket: Socket| {
        socket.once_event(async |Move(x, _): Move| Ok::<_, Error>((x, 1)));
    });
    let second = ns.listen_event(async |Move(x, _): Move| {
        tokio::task::yield_now().await;
        Ok::<_, Error>((x, 2))
    });
    let mut ws = Ws::join(serve_io(&io).await).await;
    for (event, answer) in [("421", "431[7,1]"), ("422", "432[7,2]")] {
        ws.send(&format!(r#"{event}["move",7]"#)).await;
        ws.expect(answer).await;
    }
    assert!(ns.off(second));
    ns.on_event(async |_: Leave| {});
    ws.send_all(&[r#"423["move",7]"#, r#"424["leave"]"#]).await;
    ws.expect("434[]").await;
}

#[tokio::test]
async fn the_namespaces_of_a_rule_listen_and_are_reached_as_well() {
    let io = Io::builder().build();
    let rooms = io.of_pattern("/room/{name}");
    rooms.on_event(async |Move(x, _): Move| Ok::<_, Error>((x, 0)));
    let mut ws = Ws::open(serve_io(&io).await).await;
    ws.send("40/room/a,").await;
    assert!(ws.next().await.starts_with("40/room/a,"));
    ws.send(r#"42/room/a,1["move",9]"#).await;
    ws.expect("43/room/a,1[9,0]").await;
    assert_eq!(rooms.emit_event(&Said { by: "ann" }).unwrap(), 1);
    let some = rooms.except("attic");
    assert_eq!(some.emit_event(&Change::Cleared).unwrap(), 1);
    ws.expect(r#"42/room/a,["said",{"by":"ann"}]"#).await;
    ws.expect(r#"42/room/a,["change",{"kind":"cleared"}]"#)
        .await;
}

#[tokio::test]
async fn binary_values_inside_of_an_event_stay_binary_both_ways() {
    let io = Io::builder().build();
    io.of("/").on_event(async |mut upload: Upload| {
        upload.parts.reverse();
        upload.name.push('!');
        Ok::<_, Error>(upload)
    });
    let mut ws = Ws::join(serve_io(&io).await).await.into_inner();
    let placeholders = r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let event = format!(r#"452-3["upload",{{"name":"a","parts":{placeholders}}}]"#);
    let parts = [Bytes::from_static(b"one"), Bytes::from_static(b"two")];
    ws.send(Message::text(event)).await.unwrap();
    for part in &parts {
        ws.send(Message::binary(part.clone())).await.unwrap();
    }
    let mut received = Vec::new();
    while received.len() < 3 {
        received.push(within(ws.next()).await.unwrap().unwrap());
    }
    let answer = format!(r#"462-3[{{"name":"a!","parts":{placeholders}}}]"#);
    let [one, two] = parts.map(Message::Binary);
    assert_eq!(received, [Message::text(answer), two, one]);
}

#[tokio::test]
async fn a_question_is_answered_in_its_type_or_not_at_all() {
    let (teller, mut told) = log();
    let io = Io::builder().build();
    io.of("/").on("go", async move |socket: Socket| {
        let question = Upload {
            name: "q".to_owned(),
            parts: Vec::new(),
        };
        let answer = socket.ask(&question).await.map(|upload| upload.name);
        teller.tell(format!("{answer:?}"));
        let answer = socket.ask(&question).await;
        teller.tell(matches!(answer, Err(AnswerError::Mismatch(_))).to_string());
        let answer = socket.ask(&Move(1, None)).await;
        teller.tell(format!("{answer:?}"));
        let answer = socket.ask(&Leave).await;
        teller.tell(format!("{answer:?}"));
        let soon = socket.ask(&Leave).timeout(Duration::from_millis(1));
        let late = matches!(soon.await, Err(AnswerError::Ack(AckError::TimedOut)));
        teller.tell(format!("late: {late}"));
    });
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send(r#"42["go"]"#).await;
    ws.expect(r#"420["upload",{"name":"q","parts":[]}]"#).await;
    ws.send(r#"430[{"name":"a","parts":[]}]"#).await;
    told.expect(r#"Ok("a")"#).await;
    ws.expect(r#"421["upload",{"name":"q","parts":[]}]"#).await;
    ws.send("431[5]").await;
    told.expect("true").await;
    ws.expect(r#"422["move",1,null]"#).await;
    ws.send("432[3,4]").await;
    told.expect("Ok((3, 4))").await;
    ws.expect(r#"423["leave"]"#).await;
    ws.send("433[]").await;
    told.expect("Ok(())").await;
    ws.expect(r#"424["leave"]"#).await;
    told.expect("late: true").await;
}

#[tokio::test]
async fn questions_are_asked_of_several_sockets_and_from_afar() {
    let io = Io::builder().build();
    let mut ws = Ws::join(serve_io(&io).await).await;
    let socket = io.sockets().pop().unwrap();
    let asking = tokio::spawn(
        io.ask(&Move(1, None))
            .timeout(Duration::from_secs(9))
            .into_future(),
    );
    ws.expect("420[\"move\",1,null]").await;
    ws.send("430[3,4]").await;
    let answers = within(asking).await.unwrap().unwrap();
    let [(id, answer)] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert_eq!((id, answer.as_ref().unwrap()), (socket.id(), &(3, 4)));

    let asking = io.timeout(Duration::from_millis(1)).ask(&Move(2, Some(3)));
    let Err(RequestError::Incomplete(some)) = within(asking.into_future()).await else {
        panic!("nobody has answered");
    };
    assert_eq!((some.answers.len(), some.missing.sockets.len()), (0, 1));
    ws.expect("421[\"move\",2,3]").await;

    let slow = socket.compress(false);
    let asking = slow.ask(&Move(4, None)).timeout(Duration::from_millis(1));
    let silence = within(asking.into_future()).await;
    assert!(
        matches!(silence, Err(AnswerError::Ack(AckError::TimedOut))),
        "{silence:?}"
    );
    ws.expect("422[\"move\",4,null]").await;
    slow.emit_event(&Said { by: "me" }).unwrap();
    ws.expect("42[\"said\",{\"by\":\"me\"}]").await;

    let remote = io.fetch_sockets().await.unwrap().pop().unwrap();
    remote.emit_event(&Said { by: "you" }).unwrap();
    ws.expect("42[\"said\",{\"by\":\"you\"}]").await;
    let asking = tokio::spawn(remote.ask(&Move(5, None)).into_future());
    ws.expect("423[\"move\",5,null]").await;
    ws.send("433[6,7]").await;
    assert_eq!(within(asking).await.unwrap().unwrap(), (6, 7));
}
