//! How a session ends.

use std::collections::VecDeque;

use super::polling::{Answer, Post};
use super::{Hangup, Link, Phase, Session};
use crate::engine::reason::CloseReason;
use crate::wire::Moment;

impl Session {
    /// Closes gracefully: what is queued leaves first, for as long as the close wait allows.
    ///
    /// With nothing queued, a WebSocket and a parked GET are told at once. Without a parked GET
    /// the next one that finds the queue empty is answered with a noop and the close packet.
    pub fn close(&mut self, now: Moment) {
        if !self.is_open() {
            return;
        }
        let told_at_once = matches!(self.link, Link::WebSocket) || self.is_polling_parked();
        if told_at_once && self.queue.is_empty() {
            self.end(CloseReason::ForcedClose, Answer::Close);
        } else {
            self.phase = Phase::Closing {
                by: now + self.config.close_wait,
            };
        }
    }

    /// Closes at once, because the server stops; what is queued is dropped.
    pub fn shut_down(&mut self) {
        self.end(CloseReason::ForcedClose, Answer::Close);
    }

    /// Closes at once, for a reason found outside; what is queued is dropped.
    pub fn fail(&mut self, reason: CloseReason) {
        self.end(reason, Answer::Close);
    }

    /// The one way into `Closed`: releases a parked GET with `answer`, hangs up the WebSocket.
    pub(super) fn end(&mut self, reason: CloseReason, answer: Answer) {
        if let Phase::Closed(_) = self.phase {
            return;
        }
        self.phase = Phase::Closed(reason);
        self.poll.release(answer);
        self.post = Post::Idle;
        self.queue = VecDeque::new();
        self.queued_bytes = 0;
        match self.link {
            Link::Polling => {}
            Link::Probing { .. } => self.drop_candidate(),
            Link::WebSocket => self.hangup = Some(Hangup { code: None }),
        }
    }
}
