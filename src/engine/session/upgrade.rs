//! The way from long polling to a WebSocket.
//!
//! ```text
//!   arrives ──► Awaited ──2probe──► Received ──3probe leaves──► Answered ──5──► current
//!                  │                    └───────────5───────────────────────────▲
//!                  └── anything else, its end, the upgrade timeout ──► hung up
//! ```
//!
//! Polling goes on until the `5`: a parked GET takes what is queued, and otherwise it waits for
//! the WebSocket, so nothing is lost, doubled or reordered. A candidate that fails leaves the
//! session as it was. The heartbeat does not notice any of it.

use super::polling::{Answer, Post};
use super::{Hangup, Link, Phase, Session};
use crate::engine::encoding::Encoding;
use crate::engine::packet::{PROBE, Packet};
use crate::wire::{Frame, Moment};

/// Why a WebSocket that names a session is turned away; the session is unharmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// Upgrades are switched off.
    #[error("upgrades are switched off")]
    Disabled,
    /// The session has a WebSocket, from its start or by an upgrade.
    #[error("the session runs on a WebSocket")]
    Upgraded,
    /// Another WebSocket is trying to take over.
    #[error("an upgrade is under way")]
    Probing,
    /// The session is closing or closed.
    #[error("the session is not open")]
    NotOpen,
}

/// How far a candidate has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Probe {
    /// It has not said anything.
    Awaited,
    /// Its probe is to be answered.
    Received,
    /// Its probe has been answered; it may take over.
    Answered,
}

impl Probe {
    pub(super) fn received(self) -> bool {
        match self {
            Probe::Awaited => false,
            Probe::Received | Probe::Answered => true,
        }
    }
}

impl Session {
    /// A WebSocket arrived for this session and becomes its candidate.
    ///
    /// # Errors
    ///
    /// When the caller must close that WebSocket; the session goes on as it was.
    pub fn handle_websocket(&mut self, now: Moment) -> Result<(), Refused> {
        self.handle_websocket_in(now, self.encoding)
    }

    /// [`handle_websocket`](Session::handle_websocket) for a WebSocket whose own request asked for
    /// this encoding, which it has if it takes over. Its version is the session's.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn handle_websocket_in(&mut self, now: Moment, encoding: Encoding) -> Result<(), Refused> {
        match (&self.phase, &self.link) {
            (Phase::Closing { .. } | Phase::Closed(_), _) => Err(Refused::NotOpen),
            (Phase::Open, Link::WebSocket) => Err(Refused::Upgraded),
            (Phase::Open, Link::Probing { .. }) => Err(Refused::Probing),
            (Phase::Open, Link::Polling) if !self.config.upgradable() => Err(Refused::Disabled),
            // The last candidate must be hung up before the next one can be told from it.
            (Phase::Open, Link::Polling) if self.hangup.is_some() => Err(Refused::Probing),
            (Phase::Open, Link::Polling) => {
                let by = now + self.config.upgrade_timeout;
                self.link = Link::Probing {
                    by,
                    probe: Probe::Awaited,
                    encoding,
                };
                Ok(())
            }
        }
    }

    pub(super) fn handle_candidate_frame(&mut self, frame: Frame) {
        let packet = self.decode(frame);
        let Link::Probing {
            probe, encoding, ..
        } = &mut self.link
        else {
            return;
        };
        match packet {
            Ok(Packet::Ping(data)) if data == PROBE => {
                *probe = Probe::Received;
                self.tell_upgrading();
            }
            Ok(Packet::Upgrade) if probe.received() => {
                self.encoding = *encoding;
                self.switch();
            }
            Ok(_) | Err(_) => self.drop_candidate(),
        }
    }

    /// Hangs up the candidate; polling goes on.
    pub(super) fn drop_candidate(&mut self) {
        self.link = Link::Polling;
        self.hangup = Some(Hangup { code: None });
    }

    /// The reply that the candidate waits for.
    pub(super) fn poll_probe_reply(&mut self) -> Option<Frame> {
        match &mut self.link {
            Link::Probing {
                probe: probe @ Probe::Received,
                ..
            } => {
                *probe = Probe::Answered;
                Some(Frame::from_static("3probe"))
            }
            Link::Polling | Link::Probing { .. } | Link::WebSocket => None,
        }
    }

    /// The candidate becomes the session's transport, and the queue leaves through it.
    fn switch(&mut self) {
        self.link = Link::WebSocket;
        // Clients wait for their requests before they send the `5`; whoever did not is released.
        self.poll.release(Answer::Close);
        if let Post::Receiving = self.post {
            self.post = Post::Idle;
        }
    }
}
