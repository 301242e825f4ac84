//! The laws that every history must keep, and the counts of what happened in it.

use std::collections::BTreeMap;

/// What must be true of every history. That nothing panics needs no name: a panic shows itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Law {
    /// Nothing leaves a closed session but refusals.
    ClosedIsSilent,
    /// Each message reaches its recipient at most once, in order, and nobody else.
    OnceInOrder,
    /// What is sent to or by a client that stays healthy arrives.
    NothingLost,
    /// A client that keeps the rules is not closed by the server.
    HealthyLives,
    /// Whoever came has left, once.
    ConnectsAreDisconnects,
    /// Both maps of the rooms mirror each other and what the application did.
    RoomsMirror,
    /// A silent client is closed within the heartbeat, or the close wait.
    SilenceCloses,
    /// A GET and a POST are answered once, or dropped by their client.
    AnsweredOnce,
    /// A session has one WebSocket at most, and writes to no other.
    OneWebSocket,
    /// Queues, attachments, held events, namespaces and acknowledgements keep their limits.
    Limits,
    /// `queued_bytes` is what is queued.
    QueueIsExact,
    /// What is encoded decodes to what it was.
    RoundTrip,
    /// Whoever waits for an acknowledgement is told, once, and in time.
    AcksResolve,
    /// The same choices give the same bytes.
    Deterministic,
}

/// The first law that was broken.
#[derive(Clone, Debug)]
pub(crate) struct Breach {
    pub(crate) law: Law,
    pub(crate) what: String,
}

/// The judge of one history: its first breach, and a digest of all that the core said.
pub(crate) struct Laws {
    pub(crate) breach: Option<Breach>,
    pub(crate) digest: u64,
    /// Whether the history is told while it is played.
    pub(crate) is_loud: bool,
}

impl Laws {
    pub(crate) fn new() -> Laws {
        Laws {
            breach: None,
            digest: 0xCBF2_9CE4_8422_2325,
            is_loud: false,
        }
    }

    pub(crate) fn hold(&mut self, law: Law, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.breach.is_none() {
            let what = what();
            self.breach = Some(Breach { law, what });
        }
    }

    /// Tells what happens, if somebody listens.
    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        if self.is_loud {
            println!("{:.160}", what());
        }
    }

    /// Takes something that the core said into the digest; of long texts the ends.
    pub(crate) fn note(&mut self, kind: u8, said: &[u8]) {
        self.tell(|| format!("    {} {}", char::from(kind), said.escape_ascii()));
        let ends = said.iter().take(24).chain(said.iter().rev().take(8));
        for &byte in [kind, said.len() as u8].iter().chain(ends) {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}

/// How often each thing happened, by group and name.
#[derive(Default)]
pub(crate) struct Tally(pub(crate) BTreeMap<(&'static str, &'static str), u64>);

impl Tally {
    pub(crate) fn count(&mut self, what: &'static str) {
        self.count_in("", what);
    }

    pub(crate) fn count_in(&mut self, group: &'static str, what: &'static str) {
        *self.0.entry((group, what)).or_default() += 1;
    }

    pub(crate) fn absorb(&mut self, other: Tally) {
        for (what, count) in other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }
}
