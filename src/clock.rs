//! The one place that reads a clock.
//!
//! Everything else is handed a [`Moment`]; `clippy.toml` refuses these calls elsewhere.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use crate::wire::Moment;

/// The time since the program first asked.
pub(crate) fn now() -> Moment {
    Moment::new(start().elapsed())
}

/// The calendar time, for handshakes and cookies.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn wall_time() -> SystemTime {
    SystemTime::now()
}

/// The runtime's instant that `moment` stands for, to arm a timer with.
pub(crate) fn instant(moment: Moment) -> tokio::time::Instant {
    (start() + moment.since_start()).into()
}

/// The runtime's own time, which tests can stop; for waits that are over at an instant.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn runtime_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}
