//! What all namespaces of a server keep together.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Config;

/// The packets and lost sessions that the ledgers of one server hold, and how many they may.
///
/// Packets may take three quarters of the bytes and sessions one, so that neither drives out the
/// other.
#[derive(Debug)]
pub struct Budget {
    packet_bytes: AtomicUsize,
    session_bytes: AtomicUsize,
    sessions: AtomicUsize,
    max_packet_bytes: usize,
    max_session_bytes: usize,
    max_sessions: usize,
}

impl Budget {
    /// An unused budget.
    pub fn new(config: &Config) -> Budget {
        let max_session_bytes = config.max_total_bytes / 4;
        Budget {
            packet_bytes: AtomicUsize::new(0),
            session_bytes: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            max_packet_bytes: config.max_total_bytes - max_session_bytes,
            max_session_bytes,
            max_sessions: config.max_sessions,
        }
    }

    /// The bytes that are held at present.
    pub fn bytes(&self) -> usize {
        self.packet_bytes.load(Ordering::Relaxed) + self.session_bytes.load(Ordering::Relaxed)
    }

    /// The lost sessions that are held at present.
    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    pub(super) fn fits_packet(&self, bytes: usize) -> bool {
        let held = self.packet_bytes.load(Ordering::Relaxed);
        held.saturating_add(bytes) <= self.max_packet_bytes
    }

    pub(super) fn add_packet(&self, bytes: usize) {
        self.packet_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove_packet(&self, bytes: usize) {
        self.packet_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn fits_session(&self, bytes: usize) -> bool {
        let held = self.session_bytes.load(Ordering::Relaxed);
        self.sessions() < self.max_sessions && held.saturating_add(bytes) <= self.max_session_bytes
    }

    pub(super) fn add_session(&self, bytes: usize) {
        self.session_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.sessions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove_session(&self, bytes: usize) {
        self.session_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}
