//! Clients that ask for a namespace which does not exist yet: the rules are asked, which may take
//! time.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytestring::ByteString;

use crate::api::{BoxFuture, Lookup, ParentInner};
use crate::server::driver::crew::{Begun, Crew, Finish, Panicked, guarded};
use crate::server::driver::desk::Desk;
use crate::socketio::{ConnectError, Namespace};

use super::Dispatch;

/// What a client asks for.
pub(super) struct Wanted {
    namespace: Namespace,
    auth: Option<ByteString>,
}

type Verdict = Option<Arc<ParentInner>>;

/// The searches of one client that wait for a rule to decide.
pub(super) struct Searches {
    crew: Crew<Namespace, BoxFuture<Verdict>>,
    /// What is still wanted; no allocation before something is.
    wanted: Vec<Wanted>,
}

impl Searches {
    pub(super) fn new() -> Searches {
        Searches {
            crew: Crew::new(),
            wanted: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.crew.len()
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.crew.is_fresh()
    }

    /// The client wants this namespace no more. With the last one the rules need not go on.
    pub(super) fn abandon(&mut self, namespace: &Namespace) {
        self.take(namespace);
        if self.wanted.is_empty() {
            self.crew = Crew::new();
        }
    }

    /// The next search that is over; none of something that is wanted no more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Wanted, Finish<Verdict>)>> {
        let (namespace, finish) = std::task::ready!(self.crew.poll_finished(cx));
        Poll::Ready(self.take(&namespace).map(|wanted| (wanted, finish)))
    }

    fn take(&mut self, namespace: &Namespace) -> Option<Wanted> {
        let is_it = |wanted: &Wanted| wanted.namespace == *namespace;
        let at = self.wanted.iter().position(is_it)?;
        let wanted = self.wanted.swap_remove(at);
        if self.wanted.is_empty() {
            self.wanted = Vec::new();
        }
        Some(wanted)
    }
}

impl Dispatch {
    /// The client asks for a namespace.
    pub(super) fn connect(
        &mut self,
        namespace: Namespace,
        auth: Option<ByteString>,
        desk: &mut Desk<'_>,
    ) {
        let search = match self.calls.io().look_up(&namespace, auth.as_ref()) {
            Lookup::Found(found) => return self.arrive(found, auth, desk),
            Lookup::None => return self.refuse_namespace(&namespace, desk),
            Lookup::Ask(search) => search,
        };
        let wanted = Wanted { namespace, auth };
        match self.searches.crew.begin(search) {
            Begun::Finished(finish) => self.found(wanted, finish, desk),
            Begun::Waiting(search) => {
                let searches = &mut self.searches;
                searches.crew.keep(wanted.namespace.clone(), search);
                searches.wanted.push(wanted);
            }
        }
    }

    /// The rules have decided. Somebody else may have been faster with the same name, also by hand:
    /// then that namespace is joined.
    pub(super) fn found(&mut self, wanted: Wanted, finish: Finish<Verdict>, desk: &mut Desk<'_>) {
        let Wanted { namespace, auth } = wanted;
        let rule = finish.unwrap_or_else(|Panicked(message)| {
            tracing::error!(%namespace, "a rule of namespaces panicked: {message}");
            None
        });
        let io = self.calls.io().clone();
        let Some(found) = rule.and_then(|rule| io.enter_child(&rule, &namespace)) else {
            return self.refuse_namespace(&namespace, desk);
        };
        if found.is_new
            && let Err(Panicked(message)) = guarded(|| io.announce(&found.namespace))
        {
            tracing::error!(%namespace, "a hook for new namespaces panicked: {message}");
        }
        self.arrive(found.namespace, auth, desk);
    }

    /// There is no such namespace.
    fn refuse_namespace(&self, namespace: &Namespace, desk: &mut Desk<'_>) {
        let address = self.handshake.address.map(tracing::field::display);
        tracing::debug!(%namespace, address, "a client asked for a namespace that does not exist");
        desk.refuse(namespace, &ConnectError::invalid_namespace());
    }
}
