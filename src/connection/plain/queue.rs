//! The frames that have not left yet.

use std::collections::VecDeque;

use crate::wire::Frame;

/// A queue that once grew beyond this many frames gives its memory back when it is empty.
const KEPT: usize = 32;

/// Frames in order, and their bytes. It has no bound of its own: see
/// [`Plain::queued_bytes`](super::Plain::queued_bytes).
#[derive(Debug, Default)]
pub(super) struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
}

impl Queue {
    pub(super) fn push(&mut self, frame: Frame) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Puts a frame before all others.
    pub(super) fn push_first(&mut self, frame: Frame) {
        self.bytes += frame.len();
        self.frames.push_front(frame);
    }

    pub(super) fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front();
        if let Some(frame) = &frame {
            self.bytes -= frame.len();
        } else if self.frames.capacity() > KEPT {
            self.frames = VecDeque::new();
        }
        frame
    }

    pub(super) fn clear(&mut self) {
        *self = Queue::default();
    }

    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
