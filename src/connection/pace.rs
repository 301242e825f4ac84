//! How fast a client may talk: packets and bytes per second.
//!
//! A [`Meter`] is told what has come and says when more may be read. What is not read fills the
//! buffers of the kernel, and the client has to wait: it is slowed down, and nothing is lost.

use std::time::Duration;

use crate::wire::Moment;

/// So many in a second, and so many at once after a rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many in a second, for any length of time. Zero is taken as one.
    pub per_second: u32,
    /// How many at once after a rest.
    pub burst: u32,
}

/// How fast one client may talk. Default: as fast as it likes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pace {
    /// Messages of a WebSocket, packets of a POST; an attachment counts as one.
    pub packets: Option<Rate>,
    /// Bytes of messages, once they are inflated, and of the bodies of POSTs.
    pub bytes: Option<Rate>,
}

/// One client's account under a [`Pace`].
#[derive(Clone, Debug)]
pub struct Meter {
    packets: Option<Bucket>,
    bytes: Option<Bucket>,
}

/// An account under a [`Rate`]: the moment at which all is paid for. It may lie ahead by what a
/// burst takes; beyond that nothing more is read.
#[derive(Clone, Debug)]
struct Bucket {
    each: Duration,
    burst: Duration,
    paid_at: Moment,
}

impl Meter {
    /// A client's who has not said anything; none if it may talk as fast as it likes.
    pub fn new(pace: Pace) -> Option<Meter> {
        if pace == Pace::default() {
            return None;
        }
        Some(Meter {
            packets: pace.packets.map(Bucket::new),
            bytes: pace.bytes.map(Bucket::new),
        })
    }

    /// So much has come.
    pub fn take(&mut self, packets: usize, bytes: usize, now: Moment) {
        if let Some(bucket) = &mut self.packets {
            bucket.take(packets, now);
        }
        if let Some(bucket) = &mut self.bytes {
            bucket.take(bytes, now);
        }
    }

    /// How long to wait before more is read; nothing if more may be read now.
    pub fn wait(&self, now: Moment) -> Option<Duration> {
        let waits = [&self.packets, &self.bytes].map(|bucket| bucket.as_ref()?.wait(now));
        waits.into_iter().flatten().max()
    }
}

impl Bucket {
    fn new(rate: Rate) -> Bucket {
        let each = Duration::from_secs(1) / rate.per_second.max(1);
        Bucket {
            each,
            burst: each.saturating_mul(rate.burst),
            paid_at: Moment::default(),
        }
    }

    fn take(&mut self, count: usize, now: Moment) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.paid_at = self.paid_at.max(now) + self.each.saturating_mul(count);
    }

    fn wait(&self, now: Moment) -> Option<Duration> {
        let wait = self.paid_at.since(now).saturating_sub(self.burst);
        (!wait.is_zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::new(Duration::from_millis(millis))
    }

    fn millis(meter: &Meter, now: u64) -> u128 {
        meter.wait(at(now)).unwrap_or_default().as_millis()
    }

    #[test]
    fn who_may_talk_as_fast_as_it_likes_has_no_meter() {
        assert!(Meter::new(Pace::default()).is_none());
    }

    #[test]
    fn after_a_burst_each_packet_takes_its_time() {
        let rate = Rate {
            per_second: 10,
            burst: 5,
        };
        let pace = Pace {
            packets: Some(rate),
            bytes: None,
        };
        let mut meter = Meter::new(pace).unwrap();
        meter.take(5, 1_000_000, at(1_000));
        assert_eq!(millis(&meter, 1_000), 0);
        meter.take(1, 0, at(1_000));
        assert_eq!(millis(&meter, 1_000), 100);
        assert_eq!(millis(&meter, 1_060), 40);
        assert_eq!(millis(&meter, 1_100), 0);
        // What came in one go is paid for afterwards.
        meter.take(100, 0, at(1_100));
        assert_eq!(millis(&meter, 1_100), 10_000);
        // A rest earns a burst and no more.
        meter.take(6, 0, at(1_000_000));
        assert_eq!(millis(&meter, 1_000_000), 100);
    }

    #[test]
    fn the_stricter_of_the_two_counts() {
        let rate = |per_second, burst| Some(Rate { per_second, burst });
        let pace = Pace {
            packets: rate(100, 0),
            bytes: rate(1_000, 100),
        };
        let mut meter = Meter::new(pace).unwrap();
        meter.take(1, 90, at(0));
        assert_eq!(millis(&meter, 0), 10);
        meter.take(1, 1_010, at(0));
        assert_eq!(millis(&meter, 0), 1_000);
        meter.take(usize::MAX, usize::MAX, at(0));
        assert!(meter.wait(at(0)).is_some());
    }
}
