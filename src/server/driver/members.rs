//! The namespaces of one client: its sockets, joined or being decided about.

use std::sync::{Arc, PoisonError};

use crate::api::{EventHandler, EventMiddleware, Listeners, Live, Parting, Socket, handlers};
use crate::socketio::Namespace;

/// One socket, and its handlers as this client's task last saw them.
pub(super) struct Member {
    pub(super) socket: Socket,
    pub(super) live: Arc<Live>,
    pub(super) listeners: Arc<Listeners>,
    version: usize,
    /// Whether a middleware is deciding about one of its events, and later ones wait.
    pub(super) is_held: bool,
}

/// What comes before the listeners of an event.
pub(super) struct Before {
    pub(super) middlewares: Vec<EventMiddleware>,
    pub(super) any: Vec<EventHandler>,
}

impl Drop for Member {
    /// Whichever way it went: the client is in the namespace no more.
    fn drop(&mut self) {
        self.socket.vacate();
    }
}

/// A client's sockets: few, nearly always one.
#[derive(Default)]
pub(super) struct Members(Vec<Member>);

impl Member {
    pub(super) fn new(socket: Socket, live: Arc<Live>) -> Member {
        let namespace = socket.namespace_inner();
        let (version, listeners) = (namespace.version(), namespace.listeners());
        Member {
            socket,
            live,
            listeners,
            version,
            is_held: false,
        }
    }

    /// Notices handlers that were added since the last event.
    pub(super) fn refresh(&mut self) {
        let namespace = self.socket.namespace_inner();
        let version = namespace.version();
        if version != self.version {
            self.listeners = namespace.listeners();
            self.version = version;
        }
    }

    /// Whether the socket ever had listeners of its own.
    #[inline]
    pub(super) fn has_own(&self) -> bool {
        self.live.listeners().is_some()
    }

    /// What comes before the listeners of any event: the namespace's, then the socket's own. None if
    /// it is nothing, as nearly always.
    #[inline]
    pub(super) fn before(&self) -> Option<Before> {
        let shared = &self.listeners;
        let has_some =
            self.has_own() || !shared.event_middlewares.is_empty() || !shared.any().is_empty();
        has_some.then(|| self.all_before())
    }

    #[cold]
    fn all_before(&self) -> Before {
        let own = self.live.listeners();
        let shared = &self.listeners;
        let mut middlewares = shared.event_middlewares.clone();
        let mut any = handlers(shared.any());
        if let Some(own) = own {
            let own = own.read().unwrap_or_else(PoisonError::into_inner);
            middlewares.extend_from_slice(&own.event_middlewares);
            any.extend(handlers(own.any()));
        }
        Before { middlewares, any }
    }

    /// The socket's own listeners of an event that is about to be handled, beside those of its
    /// namespace.
    pub(super) fn own(&self, name: &str) -> Vec<EventHandler> {
        let Some(listeners) = self.live.listeners() else {
            return Vec::new();
        };
        let own = listeners.read().unwrap_or_else(PoisonError::into_inner);
        if !own.has_once(name) {
            return handlers(own.event(name));
        }
        drop(own);
        let mut own = listeners.write().unwrap_or_else(PoisonError::into_inner);
        own.call_up(name)
    }
}

impl Members {
    pub(super) fn push(&mut self, member: Member) {
        // Most clients never join another namespace.
        self.0.reserve_exact(1);
        self.0.push(member);
    }

    pub(super) fn find(&self, socket: &Socket) -> Option<&Member> {
        self.0.iter().find(|member| member.socket == *socket)
    }

    pub(super) fn find_mut(&mut self, socket: &Socket) -> Option<&mut Member> {
        self.0.iter_mut().find(|member| member.socket == *socket)
    }

    pub(super) fn find_in(&mut self, namespace: &Namespace) -> Option<&mut Member> {
        self.0
            .iter_mut()
            .find(|member| *member.socket.namespace_name() == *namespace)
    }

    /// Whether later events of this namespace wait for a middleware.
    pub(super) fn is_held(&self, namespace: &Namespace) -> bool {
        let mut members = self.0.iter();
        members.any(|member| member.is_held && *member.socket.namespace_name() == *namespace)
    }

    pub(super) fn remove(&mut self, socket: &Socket) -> Option<Member> {
        let at = self.0.iter().position(|member| member.socket == *socket)?;
        Some(self.0.remove(at))
    }

    pub(super) fn remove_in(&mut self, namespace: &Namespace) -> Option<Member> {
        let is_there = |member: &Member| *member.socket.namespace_name() == *namespace;
        let at = self.0.iter().position(is_there)?;
        Some(self.0.remove(at))
    }
}

impl Drop for Members {
    /// However the client's task ended: its sockets are nowhere to be found any more.
    fn drop(&mut self) {
        for member in &self.0 {
            member.socket.disconnected(&member.live, Parting::Lost);
        }
    }
}
