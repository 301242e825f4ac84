//! How often one asker may ask: a token bucket, and the buckets of many askers.

use std::collections::HashMap;
use std::hash::Hash;
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

    /// Whether it is full, and so as good as a new one.
    fn is_full(&self, now: Moment) -> bool {
        self.full_at <= now
    }
}

/// The buckets of many askers under one [`Rate`], such as those of addresses.
///
/// Only askers that have asked lately are known; a bucket that is full again is forgotten. There are
/// never more than `max` at a time: for one more, a few others are forgotten early, in their askers'
/// favour.
#[derive(Clone, Debug)]
pub struct Buckets<K> {
    rate: Rate,
    max: usize,
    buckets: HashMap<K, Bucket>,
    /// With so many, those that are full are looked for.
    sweep_at: usize,
}

/// Which part of too many buckets is forgotten at a time: the sixteenth.
const SHARE: usize = 16;

/// So few buckets are not worth looking through.
const FEW: usize = 64;

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// No buckets yet, and at most `max` (at least one).
    pub fn new(rate: Rate, max: usize) -> Buckets<K> {
        let max = max.max(1);
        Buckets {
            rate,
            max,
            buckets: HashMap::new(),
            sweep_at: FEW.min(max),
        }
    }

    /// Takes one token of this asker's, or says how long to wait for the next.
    pub fn take(&mut self, asker: K, now: Moment) -> Result<(), Duration> {
        if !self.buckets.contains_key(&asker) && self.buckets.len() >= self.sweep_at {
            self.make_room(now);
        }
        let rate = self.rate;
        let bucket = self.buckets.entry(asker);
        bucket.or_insert_with(|| Bucket::new(rate)).take(now)
    }

    /// How many buckets are kept.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether no bucket is kept.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    fn make_room(&mut self, now: Moment) {
        self.buckets.retain(|_, bucket| !bucket.is_full(now));
        if self.buckets.len() >= self.max {
            let any = self.buckets.keys().take(self.max.div_ceil(SHARE));
            for asker in any.cloned().collect::<Vec<K>>() {
                self.buckets.remove(&asker);
            }
        }
        // Twice as many, or those that were just forgotten, must come before the next look, so that
        // looking costs each of them little.
        self.sweep_at = (2 * self.buckets.len()).clamp(FEW.min(self.max), self.max);
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
    fn each_asker_has_a_bucket_of_its_own() {
        let rate = Rate {
            burst: 2,
            interval: Duration::from_secs(1),
        };
        let mut buckets = Buckets::new(rate, 10);
        for asker in ["a", "b"] {
            assert_eq!(buckets.take(asker, at(0)), Ok(()));
            assert_eq!(buckets.take(asker, at(0)), Ok(()));
            assert_eq!(buckets.take(asker, at(0)), Err(Duration::from_secs(1)));
        }
        assert_eq!(buckets.take("a", at(1_000)), Ok(()));
        assert_eq!(buckets.len(), 2);
    }

    #[test]
    fn full_buckets_are_forgotten_and_there_are_never_too_many() {
        let rate = Rate {
            burst: 1,
            interval: Duration::from_secs(1),
        };
        let mut buckets = Buckets::new(rate, 1_000);
        for asker in 0..100_000_u64 {
            assert_eq!(buckets.take(asker, at(asker / 100)), Ok(()));
            assert!(buckets.len() <= 1_000);
        }
        // A second later all of them are full again.
        for asker in 0..2_000_u64 {
            assert_eq!(buckets.take(asker, at(10_000 + 100 * asker)), Ok(()));
        }
        assert!(buckets.len() <= FEW + 10, "{}", buckets.len());
        // One that still has to wait is kept as long as there is room.
        assert!(buckets.take(1_999, at(10_000 + 199_900)).is_err());
    }

    #[test]
    fn a_crowd_is_not_looked_through_for_each_newcomer() {
        let rate = Rate {
            burst: 1,
            interval: Duration::from_secs(1),
        };
        let mut buckets = Buckets::new(rate, 1_600);
        let mut looks = 0;
        for asker in 0..16_000_u64 {
            let before = buckets.len();
            assert_eq!(buckets.take(asker, at(0)), Ok(()));
            // None is full, so that a look at a full house shows.
            looks += u64::from(before == 1_600);
        }
        assert!((1..=16_000 / 100).contains(&looks), "{looks}");
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
