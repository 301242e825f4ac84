//! The one place that reads a clock.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The time since the program first asked.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
