//! Socket.IO over Engine.IO: where a session and a client meet.

use crate::engine::{CloseReason, Session, Version};
use crate::socketio::{Client, DisconnectReason, Event, Revision, Violation};
use crate::wire::{Frame, Moment};

/// Socket.IO over Engine.IO.
#[derive(Debug)]
pub(super) struct Protocol {
    pub(super) session: Session,
    pub(super) client: Client,
    /// What the last frame of the WebSocket brought.
    event: Option<Event>,
    /// Whether the client knows that its session is over.
    is_told: bool,
    /// How the client broke the protocol first.
    pub(super) violation: Option<Box<Violation>>,
}

impl Protocol {
    pub(super) fn new(session: Session, client: Client) -> Protocol {
        Protocol {
            session,
            client,
            event: None,
            is_told: false,
            violation: None,
        }
    }

    pub(super) fn handle_frame(&mut self, now: Moment, frame: Frame) {
        if let Some(message) = self.session.handle_frame(now, frame) {
            self.event = self.message(message, now);
        }
    }

    /// Hands a message to the client. A client that breaks the protocol is closed.
    fn message(&mut self, message: Frame, now: Moment) -> Option<Event> {
        match self.client.handle_frame(message) {
            Ok(event) => event,
            Err(violation) => {
                self.violate(violation, now);
                None
            }
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Moment) {
        self.session.handle_timeout(now);
        self.client.handle_timeout(now);
        if self.client.connect_timed_out() {
            self.close(now);
        }
    }

    /// The reference server closes the session; where that has to wait for a GET, sockets that
    /// were used out of turn are told at once, the others when the session is over.
    pub(super) fn violate(&mut self, violation: Violation, now: Moment) {
        self.close(now);
        if violation.is_state() && self.session.closed().is_none() {
            self.tell(DisconnectReason::ForcedServerClose);
        }
        self.violation.get_or_insert_with(|| Box::new(violation));
    }

    pub(super) fn close(&mut self, now: Moment) {
        self.session.close(now);
    }

    /// Hands the client's frames to the session.
    pub(super) fn pass_on(&mut self) {
        while let Some(frame) = self.client.poll_send() {
            self.session.send(frame);
        }
    }

    pub(super) fn poll_event(&mut self, now: Moment) -> Option<Event> {
        loop {
            if let Some(event) = self.event.take().or_else(|| self.client.poll_event()) {
                return Some(event);
            }
            if let Some(message) = self.session.poll_message(now) {
                self.event = self.message(message, now);
            } else if let Some(reason) = self.session.closed().filter(|_| !self.is_told) {
                let reason = disconnect_reason(reason);
                self.tell(reason);
            } else {
                return None;
            }
        }
    }

    /// The server stops: the sockets are told so, whatever the session will say.
    pub(super) fn shut_down(&mut self) {
        self.tell(DisconnectReason::ServerShuttingDown);
        self.session.shut_down();
    }

    /// Puts the client out of every namespace, then closes.
    pub(super) fn leave_all(&mut self, now: Moment) {
        let joined: Vec<_> = self
            .client
            .joined()
            .map(|(namespace, _)| namespace.clone())
            .collect();
        for namespace in joined {
            self.client.leave(&namespace);
        }
        self.pass_on();
        self.close(now);
    }

    fn tell(&mut self, reason: DisconnectReason) {
        if !self.is_told {
            self.is_told = true;
            self.client.handle_close(reason);
        }
    }
}

/// The revision of Socket.IO that is spoken over a version of Engine.IO.
pub(super) fn revision_over(version: Version) -> Revision {
    match version {
        Version::V3 => Revision::V4,
        Version::V4 => Revision::V5,
    }
}

/// The session's end as the sockets are told of it.
fn disconnect_reason(reason: &CloseReason) -> DisconnectReason {
    match reason {
        CloseReason::TransportClose => DisconnectReason::TransportClose,
        CloseReason::TransportError(_) => DisconnectReason::TransportError,
        CloseReason::PingTimeout => DisconnectReason::PingTimeout,
        CloseReason::ParseError => DisconnectReason::ParseError,
        CloseReason::ForcedClose => DisconnectReason::ForcedClose,
    }
}
