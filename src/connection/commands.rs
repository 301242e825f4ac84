//! What the application and the server want of one client.

use crate::engine::{CloseReason, Fault, MESSAGE};
use crate::socketio::{AckRequest, ConnectError, Outgoing, Violation};
use crate::wire::{Frame, Moment, SocketId};

use super::{Connection, Kind};

impl Connection {
    /// Sends a bare message of Engine.IO; a plain connection has none.
    pub fn send(&mut self, message: Frame) {
        let frame = match message {
            Frame::Text(text) => Frame::from(format!("{MESSAGE}{text}")),
            Frame::Binary(bytes) => Frame::Binary(bytes),
        };
        match &mut self.0 {
            Kind::SocketIo(protocol) => {
                // Behind the packets that wait: not before them, and not within one.
                protocol.client.sends().push_back(frame);
                protocol.settle();
            }
            Kind::Bare(bare) => bare.session.send(frame),
            Kind::Plain(_) => {}
        }
    }

    /// Sends an event. One that the client cannot get any more is dropped, and its waiter is told.
    pub fn emit(&mut self, packet: &Outgoing, ack: Option<AckRequest>, now: Moment) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => {
                // A client that has left needs no event, and its waiter gets one.
                let _ = protocol.client.emit(packet, ack, now);
                protocol.settle();
            }
            Kind::Plain(plain) => plain.emit(packet, ack, now),
            Kind::Bare(_) => {}
        }
    }

    /// Waits no longer for the client's answer to the event `id`; its waiter is dropped.
    pub fn forget(&mut self, namespace: &str, id: u64) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.client.forget(namespace, id),
            Kind::Plain(plain) => plain.forget(namespace, id),
            Kind::Bare(_) => {}
        }
    }

    /// Answers the client's event `id`.
    pub fn acknowledge(&mut self, id: u64, answer: &Outgoing) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => {
                // A client that has left needs no answer.
                let _ = protocol.client.acknowledge(id, answer);
                protocol.settle();
            }
            Kind::Plain(plain) => plain.acknowledge(id, answer),
            Kind::Bare(_) => {}
        }
    }

    /// Lets the client into a namespace it asked for.
    pub fn accept(&mut self, namespace: &str, socket: &SocketId) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => {
                protocol.client.accept(namespace, socket);
                protocol.settle();
            }
            Kind::Plain(plain) => plain.accept(socket),
            Kind::Bare(_) => {}
        }
    }

    /// The same as [`accept`](Connection::accept), with the private id with which a client of
    /// Socket.IO can come back.
    pub fn accept_recoverable(&mut self, namespace: &str, socket: &SocketId, pid: &str) {
        if let Kind::SocketIo(protocol) = &mut self.0 {
            protocol.client.accept_recoverable(namespace, socket, pid);
            protocol.settle();
        } else {
            self.accept(namespace, socket);
        }
    }

    /// The client is back on another connection, so nobody is at the end of this one.
    pub fn displace(&mut self) {
        self.with_session((), |session| session.fail(CloseReason::TransportClose));
    }

    /// Turns the client away from a namespace it asked for.
    pub fn refuse(&mut self, namespace: &str, error: &ConnectError) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => {
                protocol.client.refuse(namespace, error);
                protocol.settle();
            }
            Kind::Plain(plain) => plain.refuse(error),
            Kind::Bare(_) => {}
        }
    }

    /// Disconnects the client from one namespace.
    pub fn leave(&mut self, namespace: &str) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => {
                protocol.client.leave(namespace);
                protocol.settle();
            }
            Kind::Plain(plain) => plain.leave(),
            Kind::Bare(_) => {}
        }
    }

    /// Disconnects the client from all its namespaces, then closes the connection.
    pub fn leave_all(&mut self, now: Moment) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.leave_all(now),
            Kind::Plain(plain) => plain.leave(),
            Kind::Bare(bare) => bare.session.close(now),
        }
    }

    /// The client broke the protocol in a way that was only noticed later: when the arguments of
    /// its event were read.
    pub fn violate(&mut self, violation: Violation, now: Moment) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.violate(violation, now),
            // A plain frame was read whole before it became an event.
            Kind::Plain(_) | Kind::Bare(_) => {}
        }
    }

    /// Closes the connection; what is queued is delivered first.
    pub fn close(&mut self, now: Moment) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.close(now),
            Kind::Bare(bare) => bare.session.close(now),
            Kind::Plain(plain) => plain.close(),
        }
    }

    /// Closes the connection at once; what is queued is dropped.
    pub fn discard(&mut self) {
        match &mut self.0 {
            Kind::Plain(plain) => plain.discard(),
            _ => self.with_session((), |session| session.fail(CloseReason::ForcedClose)),
        }
    }

    /// The server stops: closes the connection at once.
    pub fn shut_down(&mut self) {
        match &mut self.0 {
            Kind::SocketIo(protocol) => protocol.shut_down(),
            Kind::Bare(bare) => bare.session.shut_down(),
            Kind::Plain(plain) => plain.shut_down(),
        }
    }

    /// Closes the connection for a fault of the transport or of the client's behaviour.
    pub fn fail(&mut self, fault: Fault) {
        match &mut self.0 {
            Kind::Plain(plain) => plain.fail(fault),
            _ => self.with_session((), |session| {
                session.fail(CloseReason::TransportError(fault));
            }),
        }
    }
}
