//! The ways out, each with its close code, its reason, and what the application hears.

use super::{Hangup, Phase, Plain};
use crate::dialect::{Mistake, encode};
use crate::engine::{CloseReason, Fault, Gone};
use crate::socketio::{AckError, ConnectError, DisconnectReason, Event};

/// WebSocket close codes (RFC 6455, section 7.4.1).
mod code {
    pub(super) const NORMAL: u16 = 1000;
    pub(super) const GOING_AWAY: u16 = 1001;
    pub(super) const POLICY: u16 = 1008;
    pub(super) const TOO_LARGE: u16 = 1009;
}

impl Plain {
    /// The WebSocket has ended.
    pub(in crate::connection) fn handle_websocket_gone(&mut self, gone: Gone) {
        if let Phase::Closed(_) = self.phase {
            self.hangup = None;
            return;
        }
        let (reason, disconnect) = match gone {
            Gone::Closed => (
                CloseReason::TransportClose,
                DisconnectReason::TransportClose,
            ),
            Gone::Failed => fault(Fault::Io),
            Gone::TooLarge => fault(Fault::TooLarge),
        };
        self.end(None, reason, disconnect);
        self.hangup = match gone {
            Gone::Closed | Gone::Failed => None,
            Gone::TooLarge => Some(Hangup {
                code: Some(code::TOO_LARGE),
            }),
        };
    }

    /// Puts the client out of its namespace, and so off the server. No effect if it is not in.
    pub(in crate::connection) fn leave(&mut self) {
        if self.socket().is_none() {
            return;
        }
        let disconnect = DisconnectReason::ServerNamespaceDisconnect;
        self.part(disconnect);
        self.queue.push_back(encode::disconnect(disconnect));
        self.close_with(code::NORMAL, CloseReason::ForcedClose);
    }

    /// Closes gracefully: what is queued leaves first.
    pub(in crate::connection) fn close(&mut self) {
        if self.part(DisconnectReason::ForcedClose) {
            self.close_with(code::NORMAL, CloseReason::ForcedClose);
        }
    }

    /// Closes at once, because the server stops; what is queued is dropped.
    pub(in crate::connection) fn shut_down(&mut self) {
        let (code, reason) = (Some(code::GOING_AWAY), CloseReason::ForcedClose);
        self.end(code, reason, DisconnectReason::ServerShuttingDown);
    }

    /// Closes at once, because the application wants it; what is queued is dropped.
    pub(in crate::connection) fn discard(&mut self) {
        let (code, reason) = (Some(code::NORMAL), CloseReason::ForcedClose);
        self.end(code, reason, DisconnectReason::ForcedClose);
    }

    /// Closes at once, for a fault found outside; what is queued is dropped.
    pub(in crate::connection) fn fail(&mut self, found: Fault) {
        let (reason, disconnect) = fault(found);
        self.end(None, reason, disconnect);
    }

    /// The client leaves.
    pub(super) fn handle_leaving(&mut self) {
        self.part(DisconnectReason::ClientNamespaceDisconnect);
        self.close_with(code::NORMAL, CloseReason::TransportClose);
    }

    pub(super) fn close_mistaken(&mut self, mistake: &Mistake) {
        self.part(DisconnectReason::ParseError);
        let error = encode::error(mistake, &self.config.socket_io_path);
        self.queue.push_back(error);
        self.close_with(code::POLICY, CloseReason::ParseError);
    }

    /// The application has not decided in time.
    pub(super) fn close_undecided(&mut self) {
        self.part(DisconnectReason::ForcedClose);
        self.close_refused(&ConnectError::new("the server did not decide in time"));
    }

    pub(super) fn close_refused(&mut self, error: &ConnectError) {
        self.queue.clear();
        self.queue.push_back(encode::connect_error(error));
        self.close_with(code::POLICY, CloseReason::ForcedClose);
    }

    pub(super) fn close_with(&mut self, code: u16, reason: CloseReason) {
        self.phase = Phase::Closing { reason, code };
    }

    /// The way into `Closed` that waits for nothing. A connection already closing keeps its
    /// reason.
    pub(super) fn end(
        &mut self,
        code: Option<u16>,
        reason: CloseReason,
        disconnect: DisconnectReason,
    ) {
        self.part(disconnect);
        self.phase = match self.phase {
            Phase::Closed(_) => return,
            Phase::Closing { reason, .. } => Phase::Closed(reason),
            Phase::Deciding { .. } | Phase::Joined { .. } => Phase::Closed(reason),
        };
        self.queue.clear();
        self.is_ping_due = false;
        self.hangup = Some(Hangup { code });
    }

    /// Tells the application that the client is lost to it; whether that is news. The caller
    /// leaves the phase.
    pub(super) fn part(&mut self, reason: DisconnectReason) -> bool {
        let namespace = self.namespace.clone();
        let event = match &self.phase {
            Phase::Deciding { .. } => {
                // What was emitted would come before the reply, which now never comes.
                self.queue.clear();
                Event::Abandoned { namespace }
            }
            Phase::Joined { socket } => Event::Disconnect {
                namespace,
                socket: socket.clone(),
                reason,
            },
            Phase::Closing { .. } | Phase::Closed(_) => return false,
        };
        self.fail_waiters();
        self.events.push_back(event);
        true
    }

    pub(super) fn fail_waiters(&mut self) {
        for waiter in self.acks.drain() {
            self.fail_waiter(waiter, AckError::Disconnected);
        }
    }
}

fn fault(fault: Fault) -> (CloseReason, DisconnectReason) {
    let reason = CloseReason::TransportError(fault);
    (reason, DisconnectReason::TransportError)
}

#[cfg(test)]
mod tests;
