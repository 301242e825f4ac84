//! Socket.IO over Engine.IO: where a session and a client meet.

use crate::engine::{CloseReason, Session, Transmit, Version, tell_created};
use crate::socketio::{Client, DisconnectReason, Event, Revision, Violation};
use crate::wire::{Frame, Moment};

/// How many bytes one answer to a GET takes along, about. What it took cannot be dropped any more.
const ANSWER: usize = 1 << 20;

/// Socket.IO over Engine.IO.
#[derive(Debug)]
pub(super) struct Protocol {
    pub(super) session: Session,
    pub(super) client: Client,
    /// What the last frame of the WebSocket brought.
    event: Option<Event>,
    /// Whether the client knows that its session is over.
    is_told: bool,
    /// Whether something that the session was handed must not be compressed.
    is_uncompressed: bool,
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
            is_uncompressed: false,
            violation: None,
        }
    }

    #[inline]
    pub(super) fn handle_frame(&mut self, now: Moment, frame: Frame) {
        if let Some(message) = self.session.handle_frame(now, frame) {
            self.event = self.message(message, now);
        }
    }

    /// Hands a message to the client. A client that breaks the protocol is closed.
    fn message(&mut self, message: Frame, now: Moment) -> Option<Event> {
        match self.client.handle_frame(message) {
            Ok(event) => {
                self.client.attend(now);
                event
            }
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
        if let Some(violation) = self.client.overdue() {
            self.violate(violation, now);
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
        // All of it leaves before the end.
        self.tell_created();
        self.pass_on(usize::MAX);
        self.session.close(now);
    }

    /// Hands the client's frames to the session, about so many bytes of them.
    fn pass_on(&mut self, bytes: usize) {
        while self.session.queued_bytes() < bytes
            && let Some((frame, compressible)) = self.client.poll_send_as()
        {
            self.is_uncompressed |= !compressible;
            self.session.enqueue(frame);
        }
    }

    /// After the client was told something, which alone makes packets: a session that is over sends
    /// nothing more.
    pub(super) fn settle(&mut self) {
        if !self.session.is_open() {
            self.client.sends().clear();
        }
        self.tell_created();
    }

    /// Tells who wants to know it which packets have been made since the last time.
    #[inline]
    fn tell_created(&mut self) {
        if let Some(observer) = self.session.creation_observer() {
            let sends = self.client.sends();
            sends.show_new(|frame| tell_created(observer, frame));
        }
    }

    /// What is to be sent next, and whether it may be compressed.
    ///
    /// What the client has to say stays with it until then, where it can be dropped; the session
    /// gets all at once only for the answer to a GET, and before it closes.
    #[inline]
    pub(super) fn poll_transmit(&mut self) -> Option<(Transmit, bool)> {
        if self.session.takes_frames() {
            if let Some((frame, compressible)) = self.client.poll_send_as() {
                let frame = self.session.written(frame);
                return Some((Transmit::Frame(frame), compressible));
            }
            if self.session.is_at_rest() {
                return None;
            }
        } else if self.session.is_open() && self.session.is_polling_parked() {
            self.pass_on(ANSWER);
        }
        let transmit = self.session.poll_transmit()?;
        let compressible = !self.is_uncompressed;
        if self.session.queued_frames() == 0 {
            self.is_uncompressed = false;
        }
        Some((transmit, compressible))
    }

    /// The frames that wait to be sent, and their bytes.
    pub(super) fn queued(&self) -> (usize, usize) {
        let (frames, bytes) = match self.session.is_open() {
            true => self.client.waiting(),
            // They wait no longer.
            false => (0, 0),
        };
        let session = &self.session;
        (
            session.queued_frames() + frames,
            session.queued_bytes() + bytes,
        )
    }

    /// The caller does not listen for a while: nobody can be late.
    pub(super) fn pause(&mut self, now: Moment) {
        self.session.pause(now);
        self.client.pause();
    }

    /// The caller listens again.
    pub(super) fn resume(&mut self, now: Moment) {
        self.session.resume(now);
        self.client.attend(now);
    }

    /// Whether a frame that is sent now would leave now.
    pub(super) fn is_writable(&self) -> bool {
        self.session.writable() && self.client.waiting().0 == 0
    }

    #[inline]
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

    /// Whether [`poll_event`](Protocol::poll_event) surely gives nothing.
    #[inline]
    pub(super) fn is_quiet(&self) -> bool {
        self.event.is_none() && self.client.is_quiet() && self.session.is_quiet()
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
