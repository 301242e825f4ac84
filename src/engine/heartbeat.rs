//! When the next ping is due, and how long its pong may take.
//!
//! ```text
//!            the interval is over: ping              no pong in time
//!   Resting ──────────────────────────► Waiting ──────────────────────► late
//!      ▲  └─┐ pong: the interval          │ └─┐ another packet: once per
//!      │ ◄──┘ starts anew                 │ ◄─┘ ping the timeout starts anew
//!      └──────────────────────────────────┘
//!                       pong
//! ```
//!
//! While the caller does not read, a pong cannot arrive: [`Heartbeat::pause`] stops its deadline
//! and [`Heartbeat::resume`] continues it. Pings go out all the same.

use std::time::Duration;

use crate::wire::Moment;

/// How often to ping, and how long to wait for the pong.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// From the opening, or the last pong, to the next ping.
    pub interval: Duration,
    /// From a ping to the latest moment of its pong.
    pub timeout: Duration,
}

/// The heartbeat of one session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heartbeat {
    /// No pong is owed.
    Resting {
        /// When the next ping leaves.
        ping_at: Moment,
        /// Nobody reads, so the pong of the next ping will not be timed.
        paused: bool,
    },
    /// A ping has left, its pong is owed.
    Waiting {
        /// When the pong is too late.
        pong_by: Moment,
        /// Another packet has already prolonged this wait.
        extended: bool,
    },
    /// As `Waiting`, but nobody reads.
    Suspended {
        /// How much of the wait is left for when reading goes on.
        left: Duration,
        /// Another packet has already prolonged this wait.
        extended: bool,
    },
}

/// What a deadline of the heartbeat asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beat {
    /// Send a ping now.
    Ping,
    /// The pong has not come, or in version 3 no ping: the peer is gone.
    PongTooLate,
}

impl Heartbeat {
    /// Starts with the session: the first ping is due one interval later.
    pub fn start(now: Moment, rhythm: Rhythm) -> Heartbeat {
        Heartbeat::Resting {
            ping_at: now + rhythm.interval,
            paused: false,
        }
    }

    /// A pong came in, asked for or not: the next ping follows one interval later.
    pub fn handle_pong(&mut self, now: Moment, rhythm: Rhythm) {
        let paused = match self {
            Heartbeat::Resting { paused, .. } => *paused,
            Heartbeat::Waiting { .. } => false,
            Heartbeat::Suspended { .. } => true,
        };
        *self = Heartbeat::Resting {
            ping_at: now + rhythm.interval,
            paused,
        };
    }

    /// Another packet came in. It is a sign of life, but no pong: it prolongs the wait for the
    /// pong once per ping (reference: engine.io 6.6.12).
    pub fn handle_other(&mut self, now: Moment, rhythm: Rhythm) {
        match self {
            Heartbeat::Waiting {
                pong_by,
                extended: extended @ false,
            } => {
                *pong_by = now + rhythm.timeout;
                *extended = true;
            }
            Heartbeat::Suspended {
                left,
                extended: extended @ false,
            } => {
                *left = rhythm.timeout;
                *extended = true;
            }
            Heartbeat::Resting { .. } | Heartbeat::Waiting { .. } | Heartbeat::Suspended { .. } => {
            }
        }
    }

    /// The time is `now`: what is due, if anything.
    pub fn handle_timeout(&mut self, now: Moment, rhythm: Rhythm) -> Option<Beat> {
        match *self {
            Heartbeat::Resting { ping_at, paused } if ping_at <= now => {
                *self = if paused {
                    Heartbeat::Suspended {
                        left: rhythm.timeout,
                        extended: false,
                    }
                } else {
                    Heartbeat::Waiting {
                        pong_by: now + rhythm.timeout,
                        extended: false,
                    }
                };
                Some(Beat::Ping)
            }
            Heartbeat::Waiting { pong_by, .. } if pong_by <= now => Some(Beat::PongTooLate),
            Heartbeat::Resting { .. } | Heartbeat::Waiting { .. } | Heartbeat::Suspended { .. } => {
                None
            }
        }
    }

    /// The caller stops reading: the time for a pong stands still.
    pub fn pause(&mut self, now: Moment) {
        match self {
            Heartbeat::Resting { paused, .. } => *paused = true,
            Heartbeat::Waiting { pong_by, extended } => {
                *self = Heartbeat::Suspended {
                    left: pong_by.since(now),
                    extended: *extended,
                };
            }
            Heartbeat::Suspended { .. } => {}
        }
    }

    /// The caller reads again: the rest of the time for a pong runs on.
    pub fn resume(&mut self, now: Moment) {
        match self {
            Heartbeat::Resting { paused, .. } => *paused = false,
            Heartbeat::Waiting { .. } => {}
            Heartbeat::Suspended { left, extended } => {
                *self = Heartbeat::Waiting {
                    pong_by: now + *left,
                    extended: *extended,
                };
            }
        }
    }

    /// The next deadline; none while a pong is owed that nobody reads.
    pub fn poll_timeout(&self) -> Option<Moment> {
        match *self {
            Heartbeat::Resting { ping_at, .. } => Some(ping_at),
            Heartbeat::Waiting { pong_by, .. } => Some(pong_by),
            Heartbeat::Suspended { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
