//! The packets that were sent, each at its position, up to an age and a size.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Budget;
use crate::rooms::{Room, Selection};
use crate::socketio::Outgoing;
use crate::wire::{Moment, SocketId};

/// What a packet takes beside its own bytes, about.
const ENVELOPE: usize = 128;

/// For whom a packet was meant.
#[derive(Clone, Debug)]
pub enum Target {
    /// Whoever was selected when it was sent.
    Selection(Selection),
    /// This socket, in whichever rooms it was.
    Socket(SocketId),
}

/// A packet and where it stands.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) packet: Arc<Outgoing>,
    pub(super) target: Target,
    weight: usize,
    at: Moment,
}

/// Packets that are kept no longer, to be dropped where no lock is held.
#[must_use = "what is in here is dropped where no lock is held"]
#[derive(Debug, Default)]
pub struct Evicted {
    pub(super) packets: Vec<Arc<Outgoing>>,
}

impl Evicted {
    /// How many packets there are.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }
}

/// What was dropped before its time, for want of room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Loss {
    /// Packets that clients who missed them cannot get any more.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Sessions that cannot be recovered any more.
    pub sessions: u64,
}

impl Loss {
    /// Whether nothing was dropped.
    pub fn is_none(&self) -> bool {
        *self == Loss::default()
    }
}

/// Packets at consecutive positions, so that a position is found by a subtraction.
#[derive(Debug)]
pub(super) struct Log {
    /// The position of the first entry, or of the next packet if there is none. Positions begin at 1.
    base: u64,
    entries: VecDeque<Entry>,
    bytes: usize,
    max_bytes: usize,
    retention: Duration,
    budget: Arc<Budget>,
    pub(super) loss: Loss,
}

impl Log {
    pub(super) fn new(max_bytes: usize, retention: Duration, budget: Arc<Budget>) -> Log {
        Log {
            base: 1,
            entries: VecDeque::new(),
            bytes: 0,
            max_bytes,
            retention,
            budget,
            loss: Loss::default(),
        }
    }

    /// The position of the oldest packet that is kept.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// The position of the newest packet; 0 before the first.
    pub(super) fn last(&self) -> u64 {
        self.base + self.entries.len() as u64 - 1
    }

    /// The packets that are kept from a position on, with theirs.
    pub(super) fn from(&self, position: u64) -> impl Iterator<Item = (u64, &Entry)> {
        let first = position.max(self.base);
        let skipped = usize::try_from(first - self.base).unwrap_or(usize::MAX);
        (first..).zip(self.entries.iter().skip(skipped))
    }

    /// Adds a packet at the next position, and makes room for it.
    pub(super) fn append(&mut self, packet: Arc<Outgoing>, target: Target, at: Moment) -> Evicted {
        let weight = ENVELOPE + packet.weight() + target.weight();
        let mut evicted = Evicted::default();
        self.expire(at, &mut evicted);
        let fits = |log: &Log| {
            log.bytes.saturating_add(weight) <= log.max_bytes && log.budget.fits_packet(weight)
        };
        while !fits(self) && self.pop(&mut evicted, true) {}
        if fits(self) {
            self.budget.add_packet(weight);
            self.bytes += weight;
            self.entries.push_back(Entry {
                packet,
                target,
                weight,
                at,
            });
        } else {
            // It has been given its position, and nobody will find it there.
            self.base += 1;
            self.loss.packets += 1;
            self.loss.bytes += weight as u64;
        }
        evicted
    }

    /// Drops what is too old.
    pub(super) fn expire(&mut self, now: Moment, evicted: &mut Evicted) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            self.pop(evicted, false);
        }
        self.shrink();
    }

    /// Drops everything: nobody will ask for it.
    pub(super) fn clear(&mut self, evicted: &mut Evicted) {
        while self.pop(evicted, false) {}
        self.shrink();
    }

    /// When the oldest packet is too old.
    pub(super) fn deadline(&self) -> Option<Moment> {
        Some(self.entries.front()?.at + self.retention)
    }

    fn pop(&mut self, evicted: &mut Evicted, is_early: bool) -> bool {
        let Some(entry) = self.entries.pop_front() else {
            return false;
        };
        self.base += 1;
        self.bytes -= entry.weight;
        self.budget.remove_packet(entry.weight);
        if is_early {
            self.loss.packets += 1;
            self.loss.bytes += entry.weight as u64;
        }
        evicted.packets.push(entry.packet);
        true
    }

    /// What a busy time needed is not kept for a quiet one.
    fn shrink(&mut self) {
        let entries = &mut self.entries;
        if entries.capacity() > 64 && entries.len() < entries.capacity() / 8 {
            entries.shrink_to(entries.len() * 2);
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.budget.remove_packet(self.bytes);
    }
}

impl Entry {
    /// When it was sent.
    pub(super) fn at(&self) -> Moment {
        self.at
    }

    /// How many bytes of a client's queue it will take; here it takes its target's as well.
    pub(super) fn replay_weight(&self) -> usize {
        ENVELOPE * (1 + self.packet.attachments().len()) + self.packet.weight()
    }
}

impl Target {
    fn weight(&self) -> usize {
        let lengths = |rooms: &[Room]| rooms.iter().map(|room| room.len() + 16).sum::<usize>();
        match self {
            Target::Selection(selection) => lengths(&selection.rooms) + lengths(&selection.except),
            Target::Socket(_) => 0,
        }
    }
}
