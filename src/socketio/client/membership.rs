//! Which namespaces a client is in, and which it asks for.

use super::seat::{Seat, State};
use super::{Client, ConnectError, DisconnectReason, Event, Link};
use crate::socketio::Namespace;
use crate::socketio::acks::{AckError, Waiter};
use crate::socketio::packet::Kind;
use crate::wire::SocketId;

impl Client {
    /// Lets the client into a namespace it has asked for. The reply is sent, then the packets
    /// that were held come out of [`poll_event`](Client::poll_event). No effect if it does not
    /// (or no longer) ask.
    pub fn accept(&mut self, namespace: &str, socket: &SocketId) {
        self.admit(namespace, socket, None);
    }

    /// The same as [`accept`](Client::accept), and tells the client the private id with which it can
    /// come back; only it may know it.
    pub fn accept_recoverable(&mut self, namespace: &str, socket: &SocketId, pid: &str) {
        self.admit(namespace, socket, Some(pid));
    }

    fn admit(&mut self, namespace: &str, socket: &SocketId, pid: Option<&str>) {
        let Some(index) = self.pending(namespace) else {
            return;
        };
        self.link = Link::Used;
        self.send(
            Kind::Connect,
            namespace,
            &self.revision.welcome(socket, pid),
        );
        for packet in self.seats[index].join(socket.clone()) {
            let event = self.deliver(namespace, packet);
            self.events.extend(event);
        }
    }

    /// Turns the client away from a namespace it has asked for; the packets that were held are
    /// dropped. The connection stays, and the client may ask again. No effect if it does not
    /// ask.
    pub fn refuse(&mut self, namespace: &str, error: &ConnectError) {
        let Some(index) = self.pending(namespace) else {
            return;
        };
        let mut seat = self.seats.remove(index);
        self.fail_waiters(&mut seat);
        self.send(Kind::ConnectError, namespace, &self.revision.refusal(error));
    }

    /// Puts the client out of a namespace it has joined. No effect if it has not.
    pub fn leave(&mut self, namespace: &str) {
        if self.socket(namespace).is_none() {
            return;
        }
        self.send(Kind::Disconnect, namespace, "");
        self.remove(namespace, DisconnectReason::ServerNamespaceDisconnect);
    }

    /// The client's name in a namespace it has joined.
    pub fn socket(&self, namespace: &str) -> Option<&SocketId> {
        self.seats
            .iter()
            .find(|seat| *seat.namespace == *namespace)?
            .socket()
    }

    /// The namespaces that the client has joined, in the order in which it asked for them.
    pub fn joined(&self) -> impl Iterator<Item = (&Namespace, &SocketId)> {
        self.seats
            .iter()
            .filter_map(|seat| Some((&seat.namespace, seat.socket()?)))
    }

    pub(super) fn remove(&mut self, namespace: &str, reason: DisconnectReason) {
        if let Some(index) = self.seat(namespace) {
            let seat = self.seats.remove(index);
            self.vacate(seat, reason);
        }
    }

    pub(super) fn vacate(&mut self, mut seat: Seat, reason: DisconnectReason) {
        self.fail_waiters(&mut seat);
        let namespace = seat.namespace;
        self.events.push_back(match seat.state {
            State::Joined { socket } => Event::Disconnect {
                namespace,
                socket,
                reason,
            },
            State::Pending(_) => Event::Abandoned { namespace },
        });
    }

    pub(super) fn fail_waiters(&mut self, seat: &mut Seat) {
        let fail = |waiter: Waiter| Event::Ack {
            waiter,
            outcome: Err(AckError::Disconnected),
        };
        self.events.extend(seat.acks.drain().map(fail));
    }

    pub(super) fn pending(&self, namespace: &str) -> Option<usize> {
        self.seat(namespace)
            .filter(|&index| self.seats[index].socket().is_none())
    }
}
