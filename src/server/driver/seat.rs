//! Where the server's other parts find a client.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::engine::Transport;
use crate::registry::{Mail, Mailbox};
use crate::server::places::Place;
use crate::server::sessions::{Arrival, Booking};

/// A client's place on the server's lists. Given up when the connection is over, and in any case
/// when the client's task ends, also by a panic.
pub(super) struct Seat {
    /// None once the client has left.
    place: Option<Place>,
    /// Requests find the client by its session id; a plain connection has none.
    session: Option<Booking>,
    number: u64,
}

impl Seat {
    pub(super) fn take(
        place: Place,
        session: Option<Booking>,
        transport: Transport,
        mailbox: &Arc<Mailbox>,
    ) -> Seat {
        mailbox.set_transport(number_of(transport));
        let shared = place.shared().clone();
        let number = shared.crowd.enter(mailbox);
        if shared.is_closing() {
            // Its handshake was under way when the others were told.
            let _ = mailbox.post(Mail::ShutDown);
        }
        Seat {
            place: Some(place),
            session,
            number,
        }
    }

    /// The next thing that a request brought.
    pub(super) fn poll_arrival(&self, cx: &mut Context<'_>) -> Poll<Arrival> {
        match &self.session {
            Some(session) => session.handle().poll_arrival(cx),
            None => Poll::Pending,
        }
    }

    /// The client has moved.
    pub(super) fn set_transport(&self, transport: Transport, mailbox: &Mailbox) {
        mailbox.set_transport(number_of(transport));
        if let Some(session) = &self.session {
            session.handle().set_transport(transport);
        }
    }

    /// The client is on no list from now on.
    pub(super) fn give_up(&mut self) {
        self.session = None;
        if let Some(place) = self.place.take() {
            place.shared().crowd.leave(self.number);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// How a transport is noted in the mailbox, which does not know transports.
fn number_of(transport: Transport) -> u8 {
    match transport {
        Transport::Polling => 0,
        Transport::WebSocket => 1,
    }
}
