//! How a client's task begins.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::api::{Application, Handshake};
use crate::clock;
use crate::connection::Connection;
use crate::engine::{Encoding, Session, Transport};
use crate::server::places::Place;
use crate::server::sessions::{Arrival, Booking, PollAnswer, Task};
use crate::server::shared::Shared;
use crate::server::websocket::{self, Upgrade};
use crate::wire::Moment;

use super::Driver;

/// Opens a session whose handshake came as a GET; the GET is answered with the open packet.
pub(crate) fn open_polling(
    place: Place,
    booking: Booking,
    handshake: Arc<Handshake>,
    encoding: Encoding,
    answer: oneshot::Sender<PollAnswer>,
) {
    let (now, shared) = (clock::now(), place.shared().clone());
    let handle = booking.handle().clone();
    let session = Session::open_in(
        booking.sid(),
        Transport::Polling,
        encoding,
        shared.engine.clone(),
        now,
    );
    let mut driver = Driver::new(
        place,
        Some(booking),
        handshake,
        protocol(&shared, session, now),
    );
    driver.arrive(Arrival::Poll(answer), now);
    tokio::spawn(Task::new(handle, driver));
}

/// Opens a session on a WebSocket whose upgrade was just granted.
pub(crate) fn open_websocket(
    place: Place,
    booking: Booking,
    handshake: Arc<Handshake>,
    encoding: Encoding,
    upgrade: Upgrade,
) {
    after(place, upgrade, move |place, now| {
        let config = place.shared().engine.clone();
        let transport = Transport::WebSocket;
        let session = Session::open_in(booking.sid(), transport, encoding, config, now);
        let connection = protocol(place.shared(), session, now);
        Driver::new(place, Some(booking), handshake, connection)
    });
}

/// Opens a connection that speaks plain JSON frames.
pub(crate) fn open_plain(place: Place, handshake: Arc<Handshake>, upgrade: Upgrade) {
    after(place, upgrade, move |place, now| {
        let config = place.shared().plain.clone();
        let connection = Connection::plain(config, handshake.query_pairs(), now);
        Driver::new(place, None, handshake, connection)
    });
}

/// Begins a client once its WebSocket is there; a client that left before that never was one.
fn after(
    place: Place,
    upgrade: Upgrade,
    begin: impl FnOnce(Place, Moment) -> Driver + Send + 'static,
) {
    tokio::spawn(async move {
        let upgraded = websocket::upgrade(upgrade, place.shared().engine.max_payload);
        let Some(websocket) = upgraded.await else {
            return;
        };
        let mut driver = begin(place, clock::now());
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
