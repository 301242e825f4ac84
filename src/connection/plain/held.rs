//! What a client sends before it is accepted.

use std::collections::VecDeque;

use bytestring::ByteString;

use super::PlainConfig;
use crate::dialect::Mistake;
use crate::socketio::Args;

/// Events in order, detached from the read buffer, within limits.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) events: VecDeque<HeldEvent>,
    bytes: usize,
    /// The client has already left again: nothing more may come.
    pub(super) is_leaving: bool,
}

#[derive(Debug)]
pub(super) struct HeldEvent {
    pub(super) name: ByteString,
    pub(super) args: Args,
    pub(super) ack: Option<u64>,
}

impl Held {
    /// Keeps an event.
    pub(super) fn push(&mut self, event: &HeldEvent, config: &PlainConfig) -> Result<(), Mistake> {
        if self.events.len() >= config.max_held_events {
            let (limit, unit) = (config.max_held_events, "events");
            return Err(Mistake::TooEarly { limit, unit });
        }
        let bytes = self.bytes + event.name.len() + event.args.weight();
        if bytes > config.max_held_bytes {
            let (limit, unit) = (config.max_held_bytes, "bytes");
            return Err(Mistake::TooEarly { limit, unit });
        }
        self.bytes = bytes;
        self.events.push_back(HeldEvent {
            name: ByteString::from(&*event.name),
            args: event.args.detach(),
            ack: event.ack,
        });
        Ok(())
    }
}
