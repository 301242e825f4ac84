//! Counts of durations in buckets that are at most 1.6 % wide.

use std::time::Duration;

/// Buckets for each doubling.
const STEPS: u64 = 64;

/// Durations up to some hours, in nanoseconds.
#[derive(Clone)]
pub(crate) struct Histogram {
    buckets: Vec<u32>,
    count: u64,
    longest: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self {
            buckets: vec![0; 2560],
            count: 0,
            longest: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.buckets.fill(0);
        self.count = 0;
        self.longest = 0;
    }

    #[inline]
    pub(crate) fn add(&mut self, duration: Duration) {
        let nanos = duration.as_nanos() as u64;
        let last = self.buckets.len() - 1;
        self.buckets[bucket(nanos).min(last)] += 1;
        self.count += 1;
        self.longest = self.longest.max(nanos);
    }

    /// The duration in microseconds that `share` (0 to 1) of all do not exceed; 0 without any.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = (share * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return lowest(at + 1).min(self.longest) as f64 / 1e3;
            }
        }
        0.0
    }

    /// The longest, in microseconds.
    pub(crate) fn longest(&self) -> f64 {
        self.longest as f64 / 1e3
    }
}

fn bucket(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - STEPS.ilog2();
    (u64::from(shift) * STEPS + (nanos >> shift)) as usize
}

/// The lowest duration that falls into a bucket.
fn lowest(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * STEPS {
        return bucket;
    }
    let shift = bucket / STEPS - 1;
    (bucket - shift * STEPS) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gap_or_overlap() {
        for at in 0..2000 {
            assert_eq!(bucket(lowest(at)), at);
            assert_eq!(bucket(lowest(at + 1) - 1), at);
        }
    }

    #[test]
    fn quantiles_are_within_a_bucket() {
        let mut histogram = Histogram::new();
        for micros in 1..=1000 {
            histogram.add(Duration::from_micros(micros));
        }
        assert!((histogram.quantile(0.5) - 500.0).abs() < 10.0);
        assert!((histogram.quantile(0.99) - 990.0).abs() < 16.0);
        assert!((histogram.longest() - 1000.0).abs() < 0.1);
    }
}
