//! How a client comes back to the session that it lost.
//!
//! If the session's last connection is not over yet, as when only the client knows that it was cut, it
//! is ended first; the client's packets are held meanwhile. In the end the client always gets a
//! socket: its own of before, or a new one.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytestring::ByteString;

use crate::api::{BoxFuture, Io, Keeper, NamespaceInner, Return, SessionData, Socket};
use crate::clock;
use crate::connection::Dialect;
use crate::recovery::{Claim, Returning};
use crate::server::driver::crew::{Begun, Crew};
use crate::server::driver::desk::Desk;
use crate::socketio::Namespace;
use crate::wire::Moment;

use super::Dispatch;

/// How long a client waits for its last connection to be over.
const PATIENCE: Duration = Duration::from_secs(5);

/// The clients' last connections that are being ended.
pub(super) struct Comebacks {
    crew: Crew<Comeback, BoxFuture<()>>,
    /// Where the client still waits; no allocation before it does.
    pending: Vec<Namespace>,
    /// When the client's connection began.
    arrived: Moment,
}

/// A client whose last connection is being ended.
pub(super) struct Comeback {
    io: Io,
    namespace: Arc<NamespaceInner>,
    auth: Option<ByteString>,
    claim: Claim,
    /// Whether a socket is made for it, which then is who is in the namespace.
    is_joining: bool,
}

impl Drop for Comeback {
    /// However it ended: others may claim the session.
    fn drop(&mut self) {
        if let Some(keeper) = &self.namespace.keeper {
            keeper.give_up(&self.claim);
        }
        if !self.is_joining {
            self.io.leave_namespace(&self.namespace);
        }
    }
}

impl Comebacks {
    pub(super) fn new() -> Comebacks {
        Comebacks {
            crew: Crew::new(),
            pending: Vec::new(),
            arrived: clock::now(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.crew.len()
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.crew.is_fresh()
    }

    /// The next last connection that is over, or takes too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Comeback> {
        self.crew.poll_finished(cx).map(|(comeback, _)| comeback)
    }

    /// The client does not wait any more.
    pub(super) fn abandon(&mut self, namespace: &Namespace) {
        self.take(namespace);
    }

    fn take(&mut self, namespace: &Namespace) -> bool {
        let at = self.pending.iter().position(|name| name == namespace);
        at.map(|at| self.pending.swap_remove(at)).is_some()
    }
}

impl Dispatch {
    /// What makes the client's sockets in a namespace recoverable, if they are.
    pub(super) fn keeper_of<'n>(&self, namespace: &'n NamespaceInner) -> Option<&'n Keeper> {
        let keeper = namespace.keeper.as_ref()?;
        (self.dialect == Dialect::SocketIo && self.names.can_last()).then_some(keeper)
    }

    /// The client has entered a namespace, and gets a socket there.
    pub(super) fn arrive(
        &mut self,
        namespace: Arc<NamespaceInner>,
        auth: Option<ByteString>,
        desk: &mut Desk<'_>,
    ) {
        let Some(keeper) = self.keeper_of(&namespace) else {
            return self.join(namespace, auth, None, desk);
        };
        let Some(claim) = auth.as_deref().and_then(Claim::read) else {
            return self.join(namespace, auth, None, desk);
        };
        match keeper.claim(&namespace.roster, &claim, self.comebacks.arrived) {
            Return::None => self.join(namespace, auth, None, desk),
            Return::Now(returning) => self.join(namespace, auth, Some(returning), desk),
            Return::Later(last) => {
                self.comebacks.pending.push(namespace.name.clone());
                let comeback = Comeback {
                    io: self.calls.io().clone(),
                    namespace,
                    auth,
                    claim,
                    is_joining: false,
                };
                match self.comebacks.crew.begin(over(last)) {
                    Begun::Finished(_) => self.come_back(comeback, desk),
                    Begun::Waiting(over) => self.comebacks.crew.keep(comeback, over),
                }
            }
        }
    }

    /// The last connection is over, or takes too long.
    pub(super) fn come_back(&mut self, mut comeback: Comeback, desk: &mut Desk<'_>) {
        let namespace = comeback.namespace.clone();
        if !self.comebacks.take(&namespace.name) {
            // This connection is over as well.
            return;
        }
        let (auth, claim) = (comeback.auth.take(), comeback.claim.clone());
        comeback.is_joining = true;
        drop(comeback);
        let arrived = self.comebacks.arrived;
        let keeper = namespace.keeper.as_ref();
        let returning = keeper.and_then(|keeper| claim_again(keeper, &namespace, &claim, arrived));
        self.join(namespace, auth, returning, desk);
    }
}

fn claim_again(
    keeper: &Keeper,
    namespace: &NamespaceInner,
    claim: &Claim,
    arrived: Moment,
) -> Option<Box<Returning<SessionData>>> {
    match keeper.claim(&namespace.roster, claim, arrived) {
        Return::Now(returning) => Some(returning),
        Return::None => None,
        Return::Later(last) => {
            tracing::debug!(socket = %last.id(), "the last connection does not end");
            keeper.give_up(claim);
            None
        }
    }
}

fn over(last: Socket) -> BoxFuture<()> {
    Box::pin(async move {
        // One that takes too long is not waited for.
        let _ = tokio::time::timeout_at(clock::runtime_now() + PATIENCE, last.left()).await;
    })
}
