//! Clients that are not read for a while: those whose events nobody takes, and those that talk too fast.

use std::task::Context;
use std::time::Duration;

use crate::engine::{Body, Fault};
use crate::wire::Moment;

use super::{Driver, Phase};

/// A client whose events are not taken is not read, is not asked for pongs meanwhile, and is
/// closed when that lasts.
pub(super) struct Stall {
    pub(super) limit: Duration,
    pub(super) until: Option<Moment>,
}

impl Driver {
    /// A POST is counted as it comes, and answered when it is paid for.
    #[cold]
    pub(super) fn meter_body(&mut self, body: &Body, now: Moment) {
        if let Some(meter) = &mut self.meter {
            let packets = self.connection.packets_in(body);
            meter.take(packets, body.len(), now);
        }
        self.throttle(now);
    }

    /// Notices whether the client has to wait, or has to no longer.
    pub(super) fn throttle(&mut self, now: Moment) {
        if let Some(meter) = &self.meter {
            self.is_throttled = meter.wait(now).is_some();
        }
    }

    pub(super) fn meter_frame(&mut self, bytes: usize, now: Moment) {
        if let Some(meter) = &mut self.meter {
            meter.take(1, bytes, now);
            self.throttle(now);
        }
    }

    /// Whether the client is not read: the application has no room for more of its events, or it
    /// has talked too fast.
    pub(super) fn is_stalled(&self) -> bool {
        self.phase != Phase::Over && (self.is_throttled || !self.tenant.has_room())
    }

    /// Whether the client was closed for having stalled too long.
    pub(super) fn check_stall(&mut self, now: Moment, cx: &mut Context<'_>) -> bool {
        match (!self.is_stalled(), self.stall.until) {
            (true, Some(_)) => {
                self.stall.until = None;
                self.connection.resume(now);
                // A GET that was kept waiting meanwhile may be released.
                self.settle(now, cx);
                return true;
            }
            (false, None) => {
                self.connection.pause(now);
                self.stall.until = Some(now + self.stall.limit);
            }
            (false, Some(limit)) if limit <= now => {
                self.connection.fail(match self.is_throttled {
                    true => Fault::TooFast,
                    false => Fault::Stalled,
                });
                self.settle(now, cx);
                return true;
            }
            (true, None) | (false, Some(_)) => {}
        }
        false
    }
}
