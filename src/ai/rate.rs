//! How often one asker may ask: a token bucket.

use std::time::Duration;

use crate::wire::Moment;

/// A rate: some at once, then one per interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many may come at once after a rest (20). Zero is taken as one.
    pub burst: u32,
    /// How long until one more is granted (500 ms, that is two per second). Zero means no limit.
    pub interval: Duration,
}

impl Default for Rate {
    fn default() -> Rate {
        Rate {
            burst: 20,
            interval: Duration::from_millis(500),
        }
    }
}

/// One asker's account under a [`Rate`].
///
/// The bucket is kept as one moment, the one at which it will be full again. Every grant moves
/// that moment one interval on; it may never lie more than `burst` intervals ahead.
#[derive(Clone, Debug)]
pub struct Bucket {
    rate: Rate,
    full_at: Moment,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate) -> Bucket {
        Bucket {
            rate,
            full_at: Moment::default(),
        }
    }

    /// Takes one token, or says how long to wait for the next. A refusal costs nothing.
    pub fn take(&mut self, now: Moment) -> Result<(), Duration> {
        let capacity = self.rate.interval.saturating_mul(self.rate.burst.max(1));
        let full_at = self.full_at.max(now) + self.rate.interval;
        let missing = full_at.since(now).saturating_sub(capacity);
        if !missing.is_zero() {
            return Err(missing);
        }
        self.full_at = full_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::new(Duration::from_millis(millis))
    }

    #[test]
    fn twenty_at_once_and_then_two_per_second() {
        let mut bucket = Bucket::new(Rate::default());
        let start = 10_000;
        assert!((0..20).all(|_| bucket.take(at(start)).is_ok()));
        assert_eq!(bucket.take(at(start)), Err(Duration::from_millis(500)));
        assert_eq!(
            bucket.take(at(start + 200)),
            Err(Duration::from_millis(300))
        );
        assert_eq!(bucket.take(at(start + 500)), Ok(()));
        assert_eq!(
            bucket.take(at(start + 500)),
            Err(Duration::from_millis(500))
        );
        let granted = (1..=10_000u64).filter(|ms| bucket.take(at(start + 500 + ms)).is_ok());
        assert_eq!(granted.count(), 20);
    }

    #[test]
    fn odd_rates_are_sound() {
        let mut free = Bucket::new(Rate {
            burst: 1,
            interval: Duration::ZERO,
        });
        assert!((0..1_000).all(|_| free.take(at(0)).is_ok()));
        let mut none = Bucket::new(Rate {
            burst: 0,
            interval: Duration::from_secs(1),
        });
        assert_eq!(none.take(at(0)), Ok(()));
        assert_eq!(none.take(at(0)), Err(Duration::from_secs(1)));
    }

    /// The naive twin: counts token parts, one per millisecond, `interval` parts to a token.
    struct Counted {
        parts: u64,
        last: u64,
    }

    impl Counted {
        fn take(&mut self, now: u64, burst: u64, interval: u64) -> Result<(), u64> {
            self.parts = (self.parts + (now - self.last)).min(burst * interval);
            self.last = now;
            if self.parts < interval {
                return Err(interval - self.parts);
            }
            self.parts -= interval;
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn the_bucket_agrees_with_counted_tokens(
            burst in 1u64..30,
            interval in 1u64..1_000,
            gaps in prop::collection::vec(0u64..1_500, 1..200),
        ) {
            let rate = Rate { burst: burst as u32, interval: Duration::from_millis(interval) };
            let mut bucket = Bucket::new(rate);
            let mut counted = Counted { parts: burst * interval, last: 0 };
            let mut now = 0;
            for gap in gaps {
                now += gap;
                let taken = bucket.take(at(now));
                let naive = counted.take(now, burst, interval).map_err(Duration::from_millis);
                prop_assert_eq!(taken, naive);
                if let Err(wait) = taken {
                    prop_assert_eq!(bucket.clone().take(at(now) + wait), Ok(()));
                }
            }
        }
    }
}
