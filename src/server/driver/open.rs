//! How a client's task begins.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::api::{Application, Handshake};
use crate::clock;
use crate::connection::Connection;
use crate::engine::{Encoding, Session, Transport};
use crate::server::sessions::{Arrival, Booking, PollAnswer, Task};
use crate::server::shared::Shared;
use crate::server::websocket::{self, Upgrade};
use crate::wire::Moment;

use super::Driver;

/// Opens a session whose handshake came as a GET; the GET is answered with the open packet.
pub(crate) fn open_polling(
    shared: &Arc<Shared>,
    booking: Booking,
    handshake: Arc<Handshake>,
    encoding: Encoding,
    answer: oneshot::Sender<PollAnswer>,
) {
    let now = clock::now();
    let handle = booking.handle().clone();
    let session = Session::open_in(
        booking.sid(),
        Transport::Polling,
        encoding,
        shared.engine.clone(),
        now,
    );
    let mut driver = Driver::new(
        shared,
        Some(booking),
        handshake,
        protocol(shared, session, now),
    );
    driver.arrive(Arrival::Poll(answer), now);
    tokio::spawn(Task::new(handle, driver));
}

/// Opens a session on a WebSocket whose upgrade was just granted.
pub(crate) fn open_websocket(
    shared: &Arc<Shared>,
    booking: Booking,
    handshake: Arc<Handshake>,
    encoding: Encoding,
    upgrade: Upgrade,
) {
    after(shared, upgrade, move |shared, now| {
        let config = shared.engine.clone();
        let transport = Transport::WebSocket;
        let session = Session::open_in(booking.sid(), transport, encoding, config, now);
        let connection = protocol(shared, session, now);
        Driver::new(shared, Some(booking), handshake, connection)
    });
}

/// Opens a connection that speaks plain JSON frames.
pub(crate) fn open_plain(shared: &Arc<Shared>, handshake: Arc<Handshake>, upgrade: Upgrade) {
    after(shared, upgrade, move |shared, now| {
        let connection = Connection::plain(shared.plain.clone(), handshake.query_pairs(), now);
        Driver::new(shared, None, handshake, connection)
    });
}

/// Begins a client once its WebSocket is there; a client that left before that never was one.
fn after(
    shared: &Arc<Shared>,
    upgrade: Upgrade,
    begin: impl FnOnce(&Arc<Shared>, Moment) -> Driver + Send + 'static,
) {
    let shared = shared.clone();
    tokio::spawn(async move {
        let upgraded = websocket::upgrade(upgrade, shared.engine.max_payload);
        let Some(websocket) = upgraded.await else {
            return;
        };
        let mut driver = begin(&shared, clock::now());
        drop(shared);
        driver.lanes.attach(websocket);
        driver.await;
    });
}

fn protocol(shared: &Shared, session: Session, now: Moment) -> Connection {
    match &shared.application {
        Application::SocketIo(_) => {
            Connection::socketio_over(session, shared.socketio.clone(), now)
        }
        Application::Engine(_) => Connection::bare(session),
    }
}
