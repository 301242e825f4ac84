//! What was sent, held against what arrives.

use std::collections::VecDeque;

use super::law::{Law, Laws};

/// The namespaces of the simulated application, by number.
pub(crate) const NAMESPACES: [&str; 5] = ["/", "/a", "/b", "/c", "/d"];

/// In place of a namespace's number: the application has no such namespace.
pub(crate) const UNKNOWN: usize = usize::MAX;

/// One thing that the server says to a client, in order with all others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Say {
    Connected {
        namespace: usize,
        socket: String,
    },
    Refused {
        namespace: usize,
    },
    Event {
        namespace: usize,
        number: u32,
        ack: Option<u64>,
    },
    Answer {
        namespace: usize,
        id: u64,
    },
    Left {
        namespace: usize,
    },
    /// A message without Socket.IO.
    Bare(u32),
}

/// One thing that a client says in a namespace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Connect,
    Event(u32),
}

/// The books of one client.
#[derive(Default)]
pub(crate) struct Ledger {
    down: VecDeque<Say>,
    /// What was passed over by something that was sent later.
    skipped: Vec<Say>,
    up: [VecDeque<Told>; NAMESPACES.len()],
    /// The client gave up what was on its way to it.
    pub(crate) lossy_down: bool,
    /// The client gave up what was on its way to the server.
    pub(crate) lossy_up: bool,
}

impl Ledger {
    /// The server says this.
    pub(crate) fn say(&mut self, say: Say) {
        self.down.push_back(say);
    }

    /// The client hears this.
    pub(crate) fn hear(&mut self, say: &Say, laws: &mut Laws) {
        let Some(at) = self.down.iter().position(|sent| sent == say) else {
            let late = self.skipped.contains(say);
            laws.hold(Law::OnceInOrder, false, || match late {
                true => format!("{say:?} arrives after what was sent behind it"),
                false => format!("{say:?} arrives, next is {:?}", self.down.front()),
            });
            return;
        };
        let skipped = self.down.drain(..at);
        if self.lossy_down {
            drop(skipped);
        } else {
            self.skipped.extend(skipped);
        }
        self.down.pop_front();
    }

    /// The client says this.
    pub(crate) fn tell(&mut self, namespace: usize, told: Told) {
        self.up[namespace].push_back(told);
    }

    /// The application hears that the client wants in: what it said before is over.
    pub(crate) fn connect_told(&mut self, namespace: usize) {
        let up = &mut self.up[namespace];
        while let Some(told) = up.pop_front() {
            if told == Told::Connect {
                break;
            }
        }
    }

    /// The application hears an event.
    pub(crate) fn event_told(&mut self, namespace: usize, number: u32, laws: &mut Laws) {
        let up = &mut self.up[namespace];
        let at = up.iter().position(|told| *told == Told::Event(number));
        laws.hold(Law::OnceInOrder, at.is_some(), || {
            format!(
                "the application hears event {number}, next is {:?}",
                up.front()
            )
        });
        let skips = at.is_some_and(|at| at > 0 && !self.lossy_up);
        laws.hold(Law::NothingLost, !skips, || {
            format!("the application hears event {number}, not {:?}", up.front())
        });
        if let Some(at) = at {
            up.drain(..=at);
        }
    }

    /// A healthy client has come to rest: everything has arrived.
    pub(crate) fn settle(&self, name: &str, laws: &mut Laws) {
        self.settle_down(name, laws);
        laws.hold(
            Law::NothingLost,
            self.up.iter().all(VecDeque::is_empty),
            || format!("{name}: the application has not heard {:?}", self.up),
        );
    }

    /// A healthy client has heard all it will hear.
    pub(crate) fn settle_down(&self, name: &str, laws: &mut Laws) {
        let lost = [self.down.front(), self.skipped.first()];
        laws.hold(Law::NothingLost, lost == [None, None], || {
            format!("{name}: the client has not heard {lost:?}")
        });
    }

    /// The end of the history: what was passed over has not come.
    pub(crate) fn close(&self, name: &str, laws: &mut Laws) {
        let lost = self.skipped.first().filter(|_| !self.lossy_down);
        laws.hold(Law::NothingLost, lost.is_none(), || {
            format!("{name}: {lost:?} never came, but what was sent behind it did")
        });
    }
}
