//! What waits to be sent to one client: frames in order, which belong together in packets.
//!
//! Packets that may be lost can be taken out again for as long as none of their frames has left: the
//! oldest ones to make room, or the one that a newer one of the same key replaces. A packet's frames
//! stay or go together.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::Namespace;
use super::outgoing::Outgoing;
use crate::wire::Frame;

/// A queue that once grew beyond this many frames gives its memory back when it is empty.
const KEPT: usize = 32;
/// Fewer empty places than this are not worth a pass over all.
const FEW: usize = 32;

/// What was taken out before it left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Shed {
    /// How many packets.
    pub packets: usize,
    /// How many frames: their texts and attachments.
    pub frames: usize,
    /// The bytes of these frames.
    pub bytes: usize,
}

/// The frames that wait. It has no bound of its own: who fills it watches its size.
#[derive(Debug, Default)]
pub(crate) struct Sends {
    entries: VecDeque<Entry>,
    /// How many of the entries are empty places.
    gone: usize,
    bytes: usize,
    /// How many packets that wait whole may be lost.
    loose: usize,
    keys: Option<Box<Keys>>,
}

#[derive(Debug)]
struct Entry {
    frame: Frame,
    mark: Mark,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Mark {
    /// The first frame of a packet that may be lost.
    is_loose: bool,
    /// It belongs to the packet before it.
    is_part: bool,
    is_uncompressed: bool,
    /// An empty place.
    is_gone: bool,
    /// It was shown to who sees what is added.
    is_shown: bool,
}

/// Where the packets with keys stand.
#[derive(Debug, Default)]
struct Keys {
    /// The number of the first entry.
    base: u64,
    /// The numbers of the packets' first entries; those below `base` have left.
    places: HashMap<(Namespace, Arc<str>), u64>,
    /// How many packets were replaced since somebody asked.
    replaced: usize,
}

impl Sends {
    /// Adds a packet's only frame, which is never lost.
    pub(crate) fn push_back(&mut self, frame: Frame) {
        self.push(frame, Mark::default());
    }

    /// Puts a frame before all others.
    pub(crate) fn push_front(&mut self, frame: Frame) {
        self.bytes += frame.len();
        if let Some(keys) = &mut self.keys {
            for place in keys.places.values_mut() {
                // What has left is not moved to the front.
                *place += u64::from(*place >= keys.base);
            }
        }
        let mark = Mark::default();
        self.entries.push_front(Entry { frame, mark });
    }

    /// Adds the frames of a packet; `may_be_lost` says whether [`shed`](Sends::shed) may take it out.
    #[inline(always)]
    pub(crate) fn packet(
        &mut self,
        packet: &Outgoing,
        first: Frame,
        rest: impl Iterator<Item = Frame>,
        may_be_lost: bool,
    ) {
        let mark = Mark {
            is_loose: may_be_lost,
            is_uncompressed: packet.flags().uncompressed,
            ..Mark::default()
        };
        self.loose += usize::from(may_be_lost);
        self.push(first, mark);
        for frame in rest {
            let mark = Mark {
                is_loose: false,
                is_part: true,
                ..mark
            };
            self.push(frame, mark);
        }
    }

    #[inline]
    fn push(&mut self, frame: Frame, mark: Mark) {
        self.bytes += frame.len();
        self.entries.push_back(Entry { frame, mark });
    }

    /// The next frame, and whether it may be compressed.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Frame, bool)> {
        if self.gone > 0 || self.keys.is_some() {
            self.pass_over();
        }
        let Some(Entry { frame, mark }) = self.entries.pop_front() else {
            if self.entries.capacity() > KEPT {
                self.entries = VecDeque::new();
            }
            return None;
        };
        self.bytes -= frame.len();
        self.loose -= usize::from(mark.is_loose);
        Some((frame, !mark.is_uncompressed))
    }

    /// Before a frame leaves: removes the empty places in front of it, and counts it among those
    /// that have left.
    #[cold]
    fn pass_over(&mut self) {
        let is_gone = |entry: &&Entry| entry.mark.is_gone;
        let gone = self.entries.iter().take_while(is_gone).count();
        self.entries.drain(..gone);
        self.gone -= gone;
        match &mut self.keys {
            Some(keys) if !self.entries.is_empty() => keys.base += gone as u64 + 1,
            _ => self.keys = None,
        }
    }

    /// Takes out the packet that has the key of `packet`, if it waits whole; the next packet that is
    /// added has the key from then on.
    #[cold]
    pub(crate) fn replace(&mut self, packet: &Outgoing) {
        let Some(key) = packet.key() else {
            return;
        };
        let next = self.entries.len() as u64;
        let keys = self.keys.get_or_insert_default();
        let base = keys.base;
        let place = (packet.namespace().clone(), key.clone());
        let last = keys.places.insert(place, base + next);
        if keys.places.len() > 2 * self.entries.len() + FEW {
            keys.places.retain(|_, place| *place >= base);
        }
        let mut shed = Shed::default();
        // What has left cannot be replaced.
        if let Some(place) = last.and_then(|place| place.checked_sub(base)) {
            let at = usize::try_from(place).unwrap_or(usize::MAX);
            self.take_out(at, &mut shed);
            if let Some(keys) = &mut self.keys {
                keys.replaced += shed.packets;
            }
            if self.gone > self.entries.len() / 2 && self.gone > FEW {
                self.close_up();
            }
        }
    }

    /// How many packets were replaced since the last time.
    pub(crate) fn take_replaced(&mut self) -> usize {
        let keys = self.keys.as_mut();
        keys.map_or(0, |keys| std::mem::take(&mut keys.replaced))
    }

    /// Takes out the oldest packets that may be lost and wait whole, until `bytes` are free, each
    /// packet counted with `envelope` bytes for each of its frames.
    #[cold]
    pub(crate) fn shed(&mut self, bytes: usize, envelope: usize) -> Shed {
        let mut shed = Shed::default();
        let mut at = 0;
        while self.loose > 0
            && at < self.entries.len()
            && shed.bytes + shed.frames * envelope < bytes
        {
            if self.entries[at].mark.is_loose {
                self.take_out(at, &mut shed);
            }
            at += 1;
        }
        if self.gone > 0 {
            self.close_up();
        }
        shed
    }

    /// Empties the places of a packet, from that of its first frame.
    fn take_out(&mut self, first: usize, shed: &mut Shed) {
        shed.packets += 1;
        let mut is_next = true;
        for entry in self.entries.range_mut(first..) {
            if !is_next && !entry.mark.is_part {
                break;
            }
            is_next = false;
            let size = entry.frame.len();
            shed.frames += 1;
            shed.bytes += size;
            self.bytes -= size;
            self.gone += 1;
            self.loose -= usize::from(entry.mark.is_loose);
            entry.frame = Frame::Binary(Bytes::new());
            entry.mark = Mark {
                is_gone: true,
                ..Mark::default()
            };
        }
    }

    /// Removes the empty places.
    fn close_up(&mut self) {
        if let Some(keys) = &mut self.keys {
            // How many places are empty before each one.
            let mut empty = 0;
            let before: Vec<u64> = self
                .entries
                .iter()
                .map(|entry| {
                    let before = empty;
                    empty += u64::from(entry.mark.is_gone);
                    before
                })
                .collect();
            let base = keys.base;
            keys.places.retain(|_, place| {
                let Some(at) = place.checked_sub(base) else {
                    return false;
                };
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                // The place of a packet that is about to be added stands behind all others.
                *place -= before.get(at).copied().unwrap_or(empty);
                self.entries.get(at).is_none_or(|entry| !entry.mark.is_gone)
            });
        }
        self.entries.retain(|entry| !entry.mark.is_gone);
        self.gone = 0;
    }

    /// Shows the frames that were added since the last time, and still wait.
    #[cold]
    pub(crate) fn show_new(&mut self, mut show: impl FnMut(&Frame)) {
        let is_new = |entry: &&Entry| !entry.mark.is_shown;
        let new = self.entries.iter().rev().take_while(is_new).count();
        let first = self.entries.len() - new;
        for Entry { frame, mark } in self.entries.range_mut(first..) {
            mark.is_shown = true;
            if !mark.is_gone {
                show(frame);
            }
        }
    }

    /// How many frames wait.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.gone
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of the frames.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Nothing waits any more.
    pub(crate) fn clear(&mut self) {
        *self = Sends::default();
    }
}
