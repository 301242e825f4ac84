//! Whether and when a failed attempt is followed by another.
//!
//! That there is none once a part of the answer was sent on, is the shell's business.

use std::time::Duration;

use super::failure::Failure;
use super::fault::{Fault, Retry};

/// How often a question is put to a provider, and how long to wait between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Attempts in all, the first included (3).
    pub max_attempts: u32,
    /// The longest wait after the first failure (0.5 s). It doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait of our own choice (8 s).
    pub max_wait: Duration,
    /// The longest wait that a provider may ask for (20 s). If it asks for more, the question fails
    /// at once, and the asker is told when to come back.
    pub longest_delay: Duration,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            max_attempts: 3,
            first_wait: Duration::from_millis(500),
            max_wait: Duration::from_secs(8),
            longest_delay: Duration::from_secs(20),
        }
    }
}

impl Policy {
    /// How long to wait before the next attempt, or the failure that the asker is told.
    ///
    /// `attempts` have failed, the last with `fault`. Without a word from the provider the wait is
    /// `dice` (a random number from 0 up to, but not including, 1) times the longest wait of this
    /// attempt, so that many askers do not come back together. A wait that `time_left` does not
    /// outlast is not begun.
    pub fn next(
        &self,
        fault: &Fault,
        attempts: u32,
        time_left: Duration,
        dice: f64,
    ) -> Result<Duration, Failure> {
        let (wait, longest) = match fault.retry {
            Retry::Never => return Err(fault.failure),
            Retry::Backoff => (self.backoff(attempts, dice), self.max_wait),
            Retry::After(delay) => (delay, self.longest_delay),
        };
        if attempts < self.max_attempts && wait <= longest && wait < time_left {
            return Ok(wait);
        }
        match fault.retry {
            Retry::After(delay) if fault.failure.retryable => Err(fault.failure.after(delay)),
            _ => Err(fault.failure),
        }
    }

    fn backoff(&self, attempts: u32, dice: f64) -> Duration {
        let doubled = 2u32.saturating_pow(attempts.saturating_sub(1));
        let longest = self.first_wait.saturating_mul(doubled).min(self.max_wait);
        // What is not a number is taken as the longest wait.
        let dice = if (0.0..1.0).contains(&dice) {
            dice
        } else {
            1.0
        };
        let wait = Duration::try_from_secs_f64(longest.as_secs_f64() * dice);
        wait.unwrap_or(longest).min(longest)
    }
}

#[cfg(test)]
mod tests;
