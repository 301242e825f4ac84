//! Frees what connection state recovery has kept for too long, also when nothing else happens.
//!
//! One task for a whole server. It begins with the first client that can come back and ends when
//! nobody is left, here or away, for whom anything is kept.

use std::sync::Arc;
use std::time::Duration;

use crate::api::{Io, Terms, WeakIo};
use crate::clock;

/// The shortest time between two looks.
const OFTEN: Duration = Duration::from_secs(1);

/// The longest.
const SELDOM: Duration = Duration::from_secs(15);

/// Sees to it that somebody sweeps; to be called once there is somebody for whom something is kept.
pub(super) fn ensure(io: &Io, terms: &Arc<Terms>) {
    if terms.begin_sweeping() {
        let sweeper = Sweeper {
            io: io.downgrade(),
            terms: terms.clone(),
            is_on_duty: true,
        };
        tokio::spawn(sweeper.run());
    }
}

struct Sweeper {
    io: WeakIo,
    terms: Arc<Terms>,
    /// Whether nobody else sweeps as long as this does.
    is_on_duty: bool,
}

impl Sweeper {
    async fn run(mut self) {
        let mut wait = OFTEN;
        loop {
            tokio::time::sleep_until(clock::runtime_now() + wait).await;
            let Some(io) = self.io.upgrade() else {
                return;
            };
            let now = clock::now();
            let (next, is_deserted) = io.inner().sweep_recovery(now);
            wait = next.map_or(SELDOM, |next| next.since(now).clamp(OFTEN, SELDOM));
            if is_deserted && next.is_none() {
                self.is_on_duty = false;
                self.terms.end_sweeping();
                // A client may have come that relied on this.
                let (_, is_deserted) = io.inner().sweep_recovery(now);
                if is_deserted || !self.terms.begin_sweeping() {
                    return;
                }
                self.is_on_duty = true;
            }
        }
    }
}

impl Drop for Sweeper {
    /// A runtime that ends does not take the next one's sweeper with it.
    fn drop(&mut self) {
        if self.is_on_duty {
            self.terms.end_sweeping();
        }
    }
}
