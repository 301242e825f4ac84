//! Who listens to what: the handlers of a namespace, or of one socket.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::socketio::{Args, ConnectError};

use super::answer::Answer;
use super::handler::ErasedHandler;
use super::incoming::Verdict;
use super::socket::Socket;

pub(crate) type EventHandler = Arc<dyn ErasedHandler<Answer>>;
pub(crate) type Middleware = Arc<dyn ErasedHandler<Result<(), ConnectError>>>;
pub(crate) type EventMiddleware = Arc<dyn ErasedHandler<Verdict>>;
pub(crate) type OutgoingListener = Arc<dyn Fn(&Socket, &str, &Args) + Send + Sync>;

/// One registration of a listener, with which it can be taken off again; may be ignored.
///
/// No two registrations of a process have the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ListenerId(u64);

impl ListenerId {
    pub(crate) fn next() -> ListenerId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        ListenerId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A listener and what it was registered as.
#[derive(Clone)]
pub(crate) struct Listener<H> {
    id: ListenerId,
    /// Whether it is taken off before its first call.
    is_once: bool,
    pub(crate) handler: H,
}

/// On which end of its list a listener is put.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Front,
    Back,
}

/// A table of handlers, in the order in which they are called.
#[derive(Clone, Default)]
pub(crate) struct Listeners {
    /// The keys are the application's; a client can only ask for one. What happens to sockets
    /// (`connect`, `disconnecting`, `disconnect`) is here as well: no client can send such an event.
    events: HashMap<Box<str>, Vec<Listener<EventHandler>>, foldhash::fast::RandomState>,
    /// Who decide about joining clients.
    pub(crate) middlewares: Vec<Middleware>,
    /// Who decide about events.
    pub(crate) event_middlewares: Vec<EventMiddleware>,
    any: Vec<Listener<EventHandler>>,
    any_outgoing: Vec<Listener<OutgoingListener>>,
    /// Who takes the events that no listener is registered for.
    pub(crate) fallback: Option<EventHandler>,
}

/// What was taken off; to be dropped outside any lock, because captured values are the
/// application's.
#[derive(Default)]
pub(crate) struct Removed {
    handlers: Vec<Listener<EventHandler>>,
    outgoing: Vec<Listener<OutgoingListener>>,
}

impl Removed {
    pub(crate) fn is_empty(&self) -> bool {
        self.handlers.is_empty() && self.outgoing.is_empty()
    }
}

impl<H> Listener<H> {
    pub(crate) fn new(id: ListenerId, handler: H) -> Listener<H> {
        Listener {
            id,
            is_once: false,
            handler,
        }
    }

    /// The same, for one call only.
    pub(crate) fn once(mut self) -> Listener<H> {
        self.is_once = true;
        self
    }
}

impl Listeners {
    pub(crate) fn add(&mut self, name: &str, listener: Listener<EventHandler>, end: End) {
        match self.events.get_mut(name) {
            Some(listeners) => put(listeners, listener, end),
            None => {
                self.events.insert(name.into(), vec![listener]);
            }
        }
    }

    pub(crate) fn add_any(&mut self, listener: Listener<EventHandler>, end: End) {
        put(&mut self.any, listener, end);
    }

    pub(crate) fn add_any_outgoing(&mut self, listener: Listener<OutgoingListener>, end: End) {
        put(&mut self.any_outgoing, listener, end);
    }

    /// Adds the handlers of another table behind those that are here; its fallback wins.
    pub(crate) fn append(&mut self, other: &Listeners) {
        for (name, listeners) in &other.events {
            let known = self.events.entry(name.clone()).or_default();
            known.extend_from_slice(listeners);
        }
        self.middlewares.extend_from_slice(&other.middlewares);
        self.event_middlewares
            .extend_from_slice(&other.event_middlewares);
        self.any.extend_from_slice(&other.any);
        self.any_outgoing.extend_from_slice(&other.any_outgoing);
        if other.fallback.is_some() {
            self.fallback.clone_from(&other.fallback);
        }
    }

    /// The listeners of one event.
    pub(crate) fn event(&self, name: &str) -> &[Listener<EventHandler>] {
        self.events.get(name).map_or(&[], Vec::as_slice)
    }

    /// The listeners of all incoming events.
    pub(crate) fn any(&self) -> &[Listener<EventHandler>] {
        &self.any
    }

    /// The listeners of all outgoing events.
    pub(crate) fn any_outgoing(&self) -> &[Listener<OutgoingListener>] {
        &self.any_outgoing
    }

    /// Whether one of an event's listeners is for one call only.
    pub(crate) fn has_once(&self, name: &str) -> bool {
        self.event(name).iter().any(|listener| listener.is_once)
    }

    /// The listeners of one event, which is about to be handled: those for one call only are gone
    /// from here.
    pub(crate) fn call_up(&mut self, name: &str) -> Vec<EventHandler> {
        let handlers = handlers(self.event(name));
        if let Some(listeners) = self.events.get_mut(name) {
            listeners.retain(|listener| !listener.is_once);
            if listeners.is_empty() {
                self.events.remove(name);
            }
        }
        handlers
    }

    /// Takes one listener off, whatever it listens to.
    pub(crate) fn off(&mut self, id: ListenerId) -> Removed {
        let mut removed = self.off_any(Some(id));
        for listeners in self.events.values_mut() {
            take_off(listeners, Some(id), &mut removed.handlers);
        }
        self.events.retain(|_, listeners| !listeners.is_empty());
        take_off(&mut self.any_outgoing, Some(id), &mut removed.outgoing);
        removed
    }

    /// Takes off one listener of all incoming events, or each of them.
    pub(crate) fn off_any(&mut self, id: Option<ListenerId>) -> Removed {
        let mut removed = Removed::default();
        take_off(&mut self.any, id, &mut removed.handlers);
        removed
    }

    /// Takes off one listener of all outgoing events, or each of them.
    pub(crate) fn off_any_outgoing(&mut self, id: Option<ListenerId>) -> Removed {
        let mut removed = Removed::default();
        take_off(&mut self.any_outgoing, id, &mut removed.outgoing);
        removed
    }

    /// Takes off all listeners of one event, or of every event.
    pub(crate) fn remove_all(&mut self, name: Option<&str>) -> Removed {
        let handlers = match name {
            Some(name) => self.events.remove(name).unwrap_or_default(),
            None => self.events.drain().flat_map(|(_, each)| each).collect(),
        };
        Removed {
            handlers,
            ..Removed::default()
        }
    }

    /// The names that somebody listens to, in alphabetical order.
    pub(crate) fn event_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.events.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }
}

/// The handlers of some listeners.
pub(crate) fn handlers<H: Clone>(listeners: &[Listener<H>]) -> Vec<H> {
    listeners
        .iter()
        .map(|listener| listener.handler.clone())
        .collect()
}

fn put<H>(listeners: &mut Vec<Listener<H>>, listener: Listener<H>, end: End) {
    match end {
        End::Front => listeners.insert(0, listener),
        End::Back => listeners.push(listener),
    }
}

/// Moves one listener, or each, to what was removed.
fn take_off<H>(
    listeners: &mut Vec<Listener<H>>,
    id: Option<ListenerId>,
    removed: &mut Vec<Listener<H>>,
) {
    removed.extend(listeners.extract_if(.., |listener| id.is_none_or(|id| listener.id == id)));
}
