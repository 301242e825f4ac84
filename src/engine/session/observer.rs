//! Who is told of a session's packets while they come and go. What is told, and when, follows the
//! events of the reference's `socket.conn` (engine.io 6.6, `socket.js`).

use super::{Phase, Session};
use crate::engine::packet::{Packet, PacketError};
use crate::wire::Frame;

/// Is told what happens in one session, in order and while it happens.
///
/// What belongs to the transports alone is no packet of the session: the frames of a WebSocket that
/// tries to take over (`2probe`, `5`), and what releases a GET. What is no packet at all is not told
/// either.
pub trait Observer: Send + Sync {
    /// A packet came in on the current transport of an open session, and is about to be dealt with.
    /// On polling a close packet is the transport's.
    fn received(&self, packet: &Packet);

    /// A packet was made for the client, and will leave with the next that the transport takes.
    fn created(&self, packet: &Packet);

    /// The client gave its sign of life: its pong, in version 3 its ping, which has been answered.
    fn heartbeat(&self);

    /// A WebSocket that wants to take over has probed, and is about to be answered.
    fn upgrading(&self);
}

impl Session {
    /// Has this observer told from now on, so not of the open packet and the first message.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// Who is to be told of packets that a layer above makes and keeps in a queue of its own; none
    /// if nobody is, or the session takes none any more.
    #[inline]
    pub(crate) fn creation_observer(&self) -> Option<&dyn Observer> {
        self.observer.as_deref().filter(|_| self.is_open())
    }

    /// Reads the frame of a WebSocket once more: a packet that is lent out would cost those who tell
    /// nobody a few instructions.
    #[cold]
    pub(super) fn tell_received_frame(&self, frame: &Frame) {
        self.tell_received(&self.decode(frame.clone()));
    }

    #[cold]
    pub(super) fn tell_received(&self, packet: &Result<Packet, PacketError>) {
        if let (Some(observer), Phase::Open, Ok(packet)) = (&self.observer, &self.phase, packet) {
            observer.received(packet);
        }
    }

    pub(super) fn tell_heartbeat(&self) {
        if let Some(observer) = &self.observer {
            observer.heartbeat();
        }
    }

    pub(super) fn tell_upgrading(&self) {
        if let Some(observer) = &self.observer {
            observer.upgrading();
        }
    }
}

/// Tells of a packet in the wire form of version 4.
#[cold]
pub(crate) fn tell_created(observer: &dyn Observer, frame: &Frame) {
    if let Ok(packet) = Packet::decode(frame.clone()) {
        observer.created(&packet);
    }
}
