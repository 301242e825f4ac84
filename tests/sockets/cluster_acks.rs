//! Acknowledgements of a broadcast: of one server's clients, and of two servers'.

use std::time::Duration;

use futures_util::FutureExt as _;
use trunkline::adapter::{Hub, Missing};
use trunkline::{
    AckError, AnswerError, BroadcastAnswer, Config, Error, Io, RequestError, Socket, SocketId,
};

use super::client::{Ws, within};
use super::cluster::{Guest, Place, SHORT, place};
use super::host::serve_io;

type Numbers = Vec<BroadcastAnswer<(u32,)>>;

/// A server whose clients may owe just one answer: what is left behind is noticed at once.
async fn strict() -> Place {
    let mut config = Config::default();
    config.socketio.max_pending_acks = 1;
    let io = Io::builder().config(config).build();
    io.of("/")
        .on("enter", async |socket: Socket, (room,): (String,)| {
            socket.join(room);
        });
    let address = serve_io(&io).await;
    Place { io, address }
}

fn id(guest: &Guest) -> SocketId {
    SocketId::new(guest.id.clone())
}

/// The answers in the order of these guests.
fn of<'a>(answers: &'a Numbers, guests: &[&Guest]) -> Vec<Option<&'a Result<(u32,), AnswerError>>> {
    let find = |guest: &&Guest| {
        let found = answers.iter().find(|(socket, _)| *socket == id(guest));
        found.map(|(_, answer)| answer)
    };
    guests.iter().map(find).collect()
}

fn some(outcome: Result<Numbers, RequestError<BroadcastAnswer<(u32,)>>>) -> (Numbers, Missing) {
    match outcome {
        Err(RequestError::Incomplete(some)) => {
            assert!(
                some.to_string().starts_with("operation has timed out"),
                "{some}"
            );
            (some.answers, some.missing)
        }
        other => panic!("nobody is missing: {other:?}"),
    }
}

#[tokio::test]
async fn all_are_asked_with_one_id_and_only_their_first_answers_count() {
    let place = strict().await;
    let mut one = Guest::join(&place, &["x"]).await;
    let mut two = Guest::join(&place, &["x"]).await;
    let mut three = Guest::join(&place, &["x"]).await;
    for round in 0..3 {
        let asked = place.io.to("x").emit_with_ack::<(u32,)>("q", (round,));
        let asking = tokio::spawn(asked.into_future());
        for guest in [&mut one, &mut two, &mut three] {
            guest.expect(&format!("42{round}[\"q\",{round}]")).await;
        }
        let rest = format!("43{round}");
        one.ws
            .send_all(&[&format!("{rest}[1,9]"), &format!("{rest}[2]")])
            .await;
        two.ws.send(&format!("{rest}[\"no number\"]")).await;
        three.ws.send(&format!("{rest}[null]")).await;
        let answers = within(asking).await.unwrap().unwrap();
        assert_eq!(answers.len(), 3);
        let [first, second, third] = of(&answers, &[&one, &two, &three])[..] else {
            unreachable!()
        };
        assert_eq!(*first.unwrap().as_ref().unwrap(), (1,));
        for wrong in [second, third] {
            assert!(
                matches!(wrong, Some(Err(AnswerError::Mismatch(_)))),
                "{wrong:?}"
            );
        }
    }
    // Nobody is selected: nobody is asked.
    let nobody = place.io.to("y").emit_with_ack::<(u32,)>("q", ());
    assert!(
        nobody
            .into_future()
            .now_or_never()
            .unwrap()
            .unwrap()
            .is_empty()
    );
    let reserved = place.io.emit_with_ack::<()>("disconnect", ()).await;
    assert!(matches!(reserved, Err(RequestError::Encode(_))));
}

#[tokio::test]
async fn time_runs_out_with_the_answers_so_far_and_nothing_stays() {
    let place = strict().await;
    let mut one = Guest::join(&place, &[]).await;
    let mut two = Guest::join(&place, &[]).await;
    for number in 0..3 {
        let asked = place.io.timeout(SHORT).emit_with_ack::<(u32,)>("q", ());
        let asking = tokio::spawn(asked.into_future());
        for guest in [&mut one, &mut two] {
            guest.expect(&format!("42{}[\"q\"]", 2 * number)).await;
        }
        one.ws.send(&format!("43{}[7]", 2 * number)).await;
        let (answers, missing) = some(within(asking).await.unwrap());
        assert_eq!(answers.len(), 1);
        assert_eq!(of(&answers, &[&one])[0].unwrap().as_ref().unwrap(), &(7,));
        let sockets = vec![id(&two)];
        assert_eq!(
            missing,
            Missing {
                sockets,
                ..Missing::default()
            }
        );
        // Nobody waits for it any more: the next would be refused as one too many.
        let mut asked = place
            .io
            .emit_with_ack::<(u32,)>("dropped", ())
            .into_future();
        assert!((&mut asked).now_or_never().is_none());
        for guest in [&mut one, &mut two] {
            guest
                .expect(&format!("42{}[\"dropped\"]", 2 * number + 1))
                .await;
        }
        drop(asked);
    }
}

#[tokio::test]
async fn who_leaves_has_left_and_who_owes_too_much_is_not_asked() {
    let place = strict().await;
    let mut one = Guest::join(&place, &[]).await;
    let mut two = Guest::join(&place, &[]).await;
    let asked = place.io.emit_with_ack::<(u32,)>("q", ());
    let asking = tokio::spawn(asked.into_future());
    one.expect("420[\"q\"]").await;
    two.expect("420[\"q\"]").await;
    let second = place.io.emit_with_ack::<(u32,)>("q", ()).await.unwrap();
    assert_eq!(second.len(), 2);
    for (_, answer) in second {
        assert!(matches!(answer, Err(AnswerError::Ack(AckError::TooMany))));
    }
    one.ws.send("430[1]").await;
    two.ws.send("41").await;
    // Without a timeout it ends when all have answered or left.
    let answers = within(asking).await.unwrap().unwrap();
    let [first, left] = of(&answers, &[&one, &two])[..] else {
        unreachable!()
    };
    assert_eq!(*first.unwrap().as_ref().unwrap(), (1,));
    assert!(matches!(
        left,
        Some(Err(AnswerError::Ack(AckError::Disconnected)))
    ));
}

#[tokio::test]
async fn the_answers_of_all_nodes_come_together() {
    let hub = Hub::new();
    let (a, b) = (place(&hub).await, place(&hub).await);
    let mut one = Guest::join(&a, &["x"]).await;
    let mut two = Guest::join(&b, &["x"]).await;
    let mut three = Guest::join(&b, &["x"]).await;
    let mut four = Guest::join(&b, &["x"]).await;
    let selection = a.io.to("x");
    // Another id on the other node: each counts its own.
    let mut other = Ws::join(b.address).await;
    let asked =
        b.io.local()
            .except("x")
            .timeout(SHORT)
            .emit_with_ack::<()>("q", ());
    assert!(asked.await.is_err());
    other.expect("420[\"q\"]").await;

    let asking = tokio::spawn(selection.emit_with_ack::<(u32,)>("q", (5,)).into_future());
    one.expect("420[\"q\",5]").await;
    for guest in [&mut two, &mut three, &mut four] {
        guest.expect("421[\"q\",5]").await;
    }
    two.ws.send("431[2]").await;
    three.ws.send("431[\"3\"]").await;
    four.ws.send("41").await;
    one.ws.send("430[1]").await;
    let answers = within(asking).await.unwrap().unwrap();
    assert_eq!(answers.len(), 4);
    let found = of(&answers, &[&one, &two, &three, &four]);
    assert_eq!(*found[0].unwrap().as_ref().unwrap(), (1,));
    assert_eq!(*found[1].unwrap().as_ref().unwrap(), (2,));
    assert!(matches!(found[2], Some(Err(AnswerError::Mismatch(_)))));
    assert!(matches!(
        found[3],
        Some(Err(AnswerError::Ack(AckError::Disconnected)))
    ));

    // Now the third is silent, and so is a whole node.
    let silent = hub.join();
    trunkline::adapter::Adapter::namespace_opened(&silent, "/");
    let node = trunkline::adapter::Adapter::node_id(&silent);
    let asked = selection.timeout(SHORT).emit_with_ack::<(u32,)>("q", (6,));
    let asking = tokio::spawn(asked.into_future());
    one.expect("421[\"q\",6]").await;
    one.ws.send("431[1]").await;
    for guest in [&mut two, &mut three] {
        guest.expect("422[\"q\",6]").await;
    }
    two.ws.send("432[2]").await;
    let (answers, missing) = some(within(asking).await.unwrap());
    assert_eq!(answers.len(), 2);
    let expected = Missing {
        sockets: vec![id(&three)],
        nodes: vec![node],
        unnamed: 0,
    };
    assert_eq!(missing, expected);
    drop(silent);

    // A node that leaves takes its clients' answers with it.
    let mut asked =
        a.io.timeout(Duration::from_secs(60))
            .emit_with_ack::<(u32,)>("q", ())
            .into_future();
    assert!((&mut asked).now_or_never().is_none());
    one.expect("422[\"q\"]").await;
    one.ws.send("432[1]").await;
    two.expect("423[\"q\"]").await;
    a.barrier().await;
    b.io.leave_cluster().await;
    let (answers, missing) = some(within(asked).await);
    assert_eq!(answers.len(), 1);
    assert_eq!(missing.sockets.len(), 3, "{missing:?}");
    assert!(missing.nodes.is_empty(), "it had said whom it asked");
    drop(other);
}

#[tokio::test]
async fn one_socket_is_asked_with_a_wish_about_the_packet() {
    let place = strict().await;
    place
        .io
        .of("/")
        .on("ask", async |socket: Socket| -> Result<(), Error> {
            let start = socket.compress(false);
            let patient = start.clone().timeout(Duration::from_secs(60));
            let asking = patient.emit_with_ack::<(u32,)>("q", ());
            assert_eq!(asking.await?, (4,));
            let short = socket.timeout(SHORT).emit_with_ack::<(u32,)>("q", ()).await;
            assert!(matches!(short, Err(AnswerError::Ack(AckError::TimedOut))));
            start.to("x").send("to x")?;
            start.send("to you")?;
            socket.local().send("to others here")?;
            Ok(())
        });
    let mut one = Guest::join(&place, &[]).await;
    let mut two = Guest::join(&place, &["x"]).await;
    one.ws.send("420[\"ask\"]").await;
    one.expect("420[\"q\"]").await;
    one.ws.send("430[4]").await;
    one.expect("421[\"q\"]").await;
    one.expect("42[\"message\",\"to you\"]").await;
    one.expect("430[]").await;
    two.expect("42[\"message\",\"to x\"]").await;
    two.expect("42[\"message\",\"to others here\"]").await;
}
