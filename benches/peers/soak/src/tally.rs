//! The totals of a run: what was sent and came, by way to connect and kind of message, and every
//! fault.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many examples of a fault are kept.
const EXAMPLES: usize = 5;

/// How a client connects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Way {
    /// At once by WebSocket.
    WebSocket,
    /// By long-polling, for good.
    Polling,
    /// By long-polling, then upgrades while it sends and receives.
    Upgrade,
    /// Begins an upgrade, drops it after the probe, and stays with long-polling.
    BrokenUpgrade,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::WebSocket => "websocket",
            Way::Polling => "polling",
            Way::Upgrade => "upgrade",
            Way::BrokenUpgrade => "broken upgrade",
        }
    }
}

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    /// A text that comes back.
    Echo,
    /// An acknowledgement.
    Ack,
    /// Bytes that come back.
    Binary,
    /// A text to the room.
    Chat,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Echo => "echo",
            Kind::Ack => "ack",
            Kind::Binary => "binary",
            Kind::Chat => "chat",
        }
    }
}

/// What became of messages.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Counts {
    /// Came, each for the first time.
    pub(crate) came: u64,
    /// Should have come and did not.
    pub(crate) lost: u64,
    /// Came again.
    pub(crate) doubled: u64,
    /// Came after one that was sent later.
    pub(crate) reordered: u64,
}

/// The totals.
#[derive(Default, Debug)]
pub(crate) struct Tally(Mutex<Totals>);

/// What a [`Tally`] holds.
#[derive(Default, Debug)]
pub(crate) struct Totals {
    pub(crate) counts: BTreeMap<(Way, Kind), Counts>,
    /// How often things happened that are meant to.
    pub(crate) deeds: BTreeMap<&'static str, u64>,
    /// How often things happened that are not, with examples.
    pub(crate) faults: BTreeMap<&'static str, (u64, Vec<String>)>,
}

impl Tally {
    /// The totals so far.
    pub(crate) fn totals(&self) -> MutexGuard<'_, Totals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts messages.
    pub(crate) fn count(&self, way: Way, kind: Kind, count: impl FnOnce(&mut Counts)) {
        count(self.totals().counts.entry((way, kind)).or_default());
    }

    /// Counts something that is meant to happen.
    pub(crate) fn deed(&self, name: &'static str) {
        *self.totals().deeds.entry(name).or_default() += 1;
    }

    /// Counts something that is not.
    pub(crate) fn fault(&self, name: &'static str, example: String) {
        let mut totals = self.totals();
        let (count, examples) = totals.faults.entry(name).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.push(example);
        }
    }
}

impl Totals {
    /// All messages together.
    pub(crate) fn sum(&self) -> Counts {
        let mut sum = Counts::default();
        for counts in self.counts.values() {
            sum.came += counts.came;
            sum.lost += counts.lost;
            sum.doubled += counts.doubled;
            sum.reordered += counts.reordered;
        }
        sum
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }
}
