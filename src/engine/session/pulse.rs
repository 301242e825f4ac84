//! Whose part it is to ask for signs of life: the server's, or in version 3 the client's.

use std::time::Duration;

use crate::engine::encoding::Version;
use crate::engine::heartbeat::{Beat, Heartbeat, Rhythm};
use crate::wire::Moment;

/// What keeps a session alive.
#[derive(Debug)]
pub(super) enum Pulse {
    /// Version 4: the server pings.
    Asking(Heartbeat),
    /// Version 3: the client pings.
    Listening(Watch),
}

/// How long the client may still be silent. Only its pings count; each begins the time anew.
#[derive(Debug)]
pub(super) enum Watch {
    /// The next ping is too late then.
    Running { by: Moment },
    /// Nobody reads: how much is left for when reading goes on.
    Paused { left: Duration },
}

impl Pulse {
    pub(super) fn start(version: Version, now: Moment, rhythm: Rhythm) -> Pulse {
        match version {
            Version::V4 => Pulse::Asking(Heartbeat::start(now, rhythm)),
            Version::V3 => Pulse::Listening(Watch::Running {
                by: now + patience(rhythm),
            }),
        }
    }

    /// A ping came in; false if it is not the client's part to ping.
    pub(super) fn handle_ping(&mut self, now: Moment, rhythm: Rhythm) -> bool {
        let Pulse::Listening(watch) = self else {
            return false;
        };
        let time = patience(rhythm);
        *watch = match watch {
            Watch::Running { .. } => Watch::Running { by: now + time },
            Watch::Paused { .. } => Watch::Paused { left: time },
        };
        true
    }

    /// A pong came in; false if nobody can have asked for it.
    pub(super) fn handle_pong(&mut self, now: Moment, rhythm: Rhythm) -> bool {
        let Pulse::Asking(heartbeat) = self else {
            return false;
        };
        heartbeat.handle_pong(now, rhythm);
        true
    }

    /// Another packet came in.
    pub(super) fn handle_other(&mut self, now: Moment, rhythm: Rhythm) {
        if let Pulse::Asking(heartbeat) = self {
            heartbeat.handle_other(now, rhythm);
        }
    }

    /// The time is `now`: what is due, if anything.
    pub(super) fn handle_timeout(&mut self, now: Moment, rhythm: Rhythm) -> Option<Beat> {
        match self {
            Pulse::Asking(heartbeat) => heartbeat.handle_timeout(now, rhythm),
            Pulse::Listening(Watch::Running { by }) if *by <= now => Some(Beat::PongTooLate),
            Pulse::Listening(Watch::Running { .. } | Watch::Paused { .. }) => None,
        }
    }

    /// The caller stops reading.
    pub(super) fn pause(&mut self, now: Moment) {
        match self {
            Pulse::Asking(heartbeat) => heartbeat.pause(now),
            Pulse::Listening(watch) => {
                if let Watch::Running { by } = *watch {
                    *watch = Watch::Paused {
                        left: by.since(now),
                    };
                }
            }
        }
    }

    /// The caller reads again.
    pub(super) fn resume(&mut self, now: Moment) {
        match self {
            Pulse::Asking(heartbeat) => heartbeat.resume(now),
            Pulse::Listening(watch) => {
                if let Watch::Paused { left } = *watch {
                    *watch = Watch::Running { by: now + left };
                }
            }
        }
    }

    /// The next deadline, if there is one.
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        match self {
            Pulse::Asking(heartbeat) => heartbeat.poll_timeout(),
            Pulse::Listening(Watch::Running { by }) => Some(*by),
            Pulse::Listening(Watch::Paused { .. }) => None,
        }
    }
}

fn patience(rhythm: Rhythm) -> Duration {
    rhythm.interval.saturating_add(rhythm.timeout)
}
