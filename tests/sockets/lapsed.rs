//! Clients that come back at a bad moment: to a session that turns out to be lost, or that is just
//! being put aside.

use std::time::Duration;

use trunkline::{Config, ConnectError, Io, Recovery, Socket};

use super::client::{Ws, log};
use super::host::serve_io;
use super::recovery::{Session, come_back, cut, join, tell_of};

#[tokio::test]
async fn who_missed_too_much_is_a_stranger_whom_the_middlewares_ask() {
    for skip_middlewares in [true, false] {
        let mut config = Config::default();
        config.dispatch.max_backlog = 64 * 1024;
        let recovery = Recovery {
            skip_middlewares,
            ..Recovery::default()
        };
        let io = Io::builder().config(config).recovery(recovery).build();
        let ((teller, mut told), (asking, mut asked)) = (log(), log());
        tell_of(&io, "/", &teller);
        io.of("/").middleware(async move |socket: Socket| {
            tokio::task::yield_now().await;
            asking.tell(format!("{} {:?}", socket.recovered(), socket.data()));
            socket.join("early");
            socket.set_data("user", "Ada").unwrap();
            Ok::<(), ConnectError>(())
        });
        let address = serve_io(&io).await;
        let (ws, session) = join(address).await;
        asked.expect("false {}").await;
        told.expect("here false").await;
        cut(ws, &mut told).await;

        // More than half of what may wait for a client.
        io.emit("much", "x".repeat(40 * 1024)).unwrap();
        let (_ws, missed, new) = come_back(address, &session).await;
        assert!(missed.is_empty());
        assert_ne!((&new.sid, &new.pid), (&session.sid, &session.pid));
        assert_ne!(new.sid, session.sid, "nothing is left of the session");
        if !skip_middlewares {
            asked.expect(r#"true {"user": String("Ada")}"#).await;
        }
        asked.expect("false {}").await;
        told.expect("here false").await;
        let sockets = io.of("/").sockets();
        assert_eq!(sockets.len(), 1);
        assert_eq!(sockets[0].id().as_str(), new.sid);
        assert!(sockets[0].is_in("early"));
        assert!(asked.told().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_may_be_back_before_its_session_was_put_aside() {
    let io = Io::builder().recovery(Recovery::default()).build();
    io.of("/").on_connect(async |socket: Socket| {
        if !socket.recovered() {
            // What takes its time to be looked at.
            socket.set_data("much", vec![0_u8; 400_000]).unwrap();
        }
    });
    let address = serve_io(&io).await;
    let (mut ws, session) = join(address).await;
    for _ in 0..10 {
        let mut back = Ws::open(address).await;
        drop(ws);
        back.send(&session.connect()).await;
        let again = Session::read(&back.next().await);
        assert!(again.is(&session));
        ws = back;
    }
}

#[tokio::test]
async fn a_session_may_be_kept_for_ever() {
    let recovery = Recovery {
        max_disconnection: Duration::MAX,
        ..Recovery::default()
    };
    let io = Io::builder().recovery(recovery).build();
    let (teller, mut told) = log();
    tell_of(&io, "/", &teller);
    let address = serve_io(&io).await;
    let (ws, session) = join(address).await;
    told.expect("here false").await;
    cut(ws, &mut told).await;
    let (_ws, _, again) = come_back(address, &session).await;
    assert!(again.is(&session));
}
