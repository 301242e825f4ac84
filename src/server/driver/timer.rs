//! The one timer of a client's task.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Sleep, sleep_until};

use crate::clock;
use crate::wire::Moment;

/// The part of its wait by which a timer may be late.
const SLACK: u128 = 256;

/// Wakes the task when its next deadline has come. Allocates nothing while there is none.
#[derive(Default)]
pub(super) struct Timer(Option<Armed>);

struct Armed {
    /// When the task is woken: at the deadline or shortly after it.
    at: Moment,
    deadline: Moment,
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    /// Sets the timer before the task sleeps; ready if it must not.
    pub(super) fn arm(
        &mut self,
        now: Moment,
        deadline: Option<Moment>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let Some(deadline) = deadline else {
            self.0 = None;
            return Poll::Pending;
        };
        // A timer that is early costs one idle turn; moving it at every message costs more.
        if let Some(armed) = &self.0
            && now < armed.at
            && armed.deadline <= deadline
        {
            return Poll::Pending;
        }
        let at = together(now, deadline);
        let instant = clock::instant(at);
        let armed = self.0.get_or_insert_with(|| Armed {
            at,
            deadline,
            sleep: Box::pin(sleep_until(instant)),
        });
        armed.deadline = deadline;
        if armed.at != at {
            armed.at = at;
            armed.sleep.as_mut().reset(instant);
        }
        // A task that has used up its turn would be refused, and then not be woken.
        pin!(unconstrained(armed.sleep.as_mut())).poll(cx)
    }
}

/// When to wake for a deadline: late by at most a 256th of the wait that was first armed, together
/// with other clients, so that the pings of many cost one wake-up.
fn together(now: Moment, deadline: Moment) -> Moment {
    let wait = deadline.since(now).as_millis();
    // A power of two, so that waits of different lengths meet as well.
    let step = match u64::try_from(wait / SLACK) {
        Ok(slack @ 1..) => 1 << slack.ilog2(),
        _ => return deadline,
    };
    let Ok(due) = u64::try_from(deadline.since_start().as_millis()) else {
        return deadline;
    };
    deadline.max(Moment::new(Duration::from_millis(
        due.next_multiple_of(step),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_that_are_close_are_waited_for_together() {
        let at = |millis| Moment::new(Duration::from_millis(millis));
        // (now, deadline, woken at)
        let rows = [
            (0, 0, 0),
            (0, 200, 200),
            (10, 10 + 512, 522),
            (10, 11 + 512, 524),
            (0, 25_000, 25_024),
            (1, 25_001, 25_024),
            (24, 25_024, 25_024),
            (25, 25_025, 25_088),
            (24_999, 25_000, 25_000),
            (50_000, 25_000, 25_000),
        ];
        for (now, deadline, expected) in rows {
            let woken = together(at(now), at(deadline));
            assert_eq!(woken, at(expected), "{now} {deadline}");
        }
        let odd = Moment::new(Duration::from_nanos(25_024_000_001));
        assert_eq!(together(at(0), odd), odd, "never early");
    }
}
