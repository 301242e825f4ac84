//! Who listens to what: the handlers of a namespace, or of one socket.

use std::collections::HashMap;
use std::sync::Arc;

use crate::socketio::ConnectError;

use super::answer::Answer;
use super::handler::ErasedHandler;

pub(crate) type EventHandler = Arc<dyn ErasedHandler<Answer>>;
pub(crate) type Middleware = Arc<dyn ErasedHandler<Result<(), ConnectError>>>;

/// A table of handlers, in the order in which they were registered.
#[derive(Clone, Default)]
pub(crate) struct Listeners {
    /// The keys are the application's; a client can only ask for one.
    events: HashMap<Box<str>, Vec<EventHandler>, foldhash::fast::RandomState>,
    pub(crate) middlewares: Vec<Middleware>,
    pub(crate) connect: Vec<EventHandler>,
    pub(crate) disconnecting: Vec<EventHandler>,
    pub(crate) disconnect: Vec<EventHandler>,
}

impl Listeners {
    pub(crate) fn on(&mut self, name: &str, handler: EventHandler) {
        self.events.entry(name.into()).or_default().push(handler);
    }

    /// Adds the handlers of another table behind those that are here.
    pub(crate) fn append(&mut self, other: &Listeners) {
        for (name, handlers) in &other.events {
            let known = self.events.entry(name.clone()).or_default();
            known.extend_from_slice(handlers);
        }
        self.middlewares.extend_from_slice(&other.middlewares);
        self.connect.extend_from_slice(&other.connect);
        self.disconnecting.extend_from_slice(&other.disconnecting);
        self.disconnect.extend_from_slice(&other.disconnect);
    }

    pub(crate) fn event(&self, name: &str) -> &[EventHandler] {
        self.events.get(name).map_or(&[], Vec::as_slice)
    }
}
