//! How a client is let into a namespace, or turned away.

use std::sync::Arc;

use bytestring::ByteString;

use crate::api::{
    Arrival, CallError, Entry, Error, Keeper, Listeners, NamespaceInner, Parting, SessionData,
    Socket,
};
use crate::recovery::Returning;
use crate::server::driver::crew::{Begun, Finish, Panicked};
use crate::server::driver::desk::Desk;
use crate::server::driver::members::Member;
use crate::server::{id, sweeper};
use crate::socketio::ConnectError;

use super::{Dispatch, event_call};

impl Dispatch {
    /// Makes a socket in the namespace, which the client has entered, and lets the middlewares
    /// decide about it. For a client that comes back it is the one of before.
    pub(super) fn join(
        &mut self,
        namespace: Arc<NamespaceInner>,
        auth: Option<ByteString>,
        returning: Option<Box<Returning<SessionData>>>,
        desk: &mut Desk<'_>,
    ) {
        let id = match &returning {
            Some(returning) => returning.id().clone(),
            None => self.names.name(&namespace.name),
        };
        let data = returning.as_ref().and_then(|last| last.data().clone());
        let keeper = self.keeper_of(&namespace);
        let skips =
            returning.is_some() && keeper.is_some_and(|keeper| keeper.terms().skips_middlewares());
        let recoverable = keeper.map(|keeper| {
            Box::new(match returning {
                Some(returning) => Keeper::returner(returning),
                None => keeper.newcomer(&id, id::random().into()),
            })
        });
        if let Some(keeper) = keeper {
            sweeper::ensure(self.calls.io(), keeper.terms());
        }
        let (socket, live) = Socket::new(Arrival {
            id,
            io: self.calls.io().clone(),
            namespace,
            mailbox: self.mailbox.clone(),
            handshake: self.handshake.clone(),
            auth,
            dialect: self.dialect,
            recoverable,
        });
        if let Some(data) = data {
            socket.restore_data(data);
        }
        let member = Member::new(socket.clone(), live);
        if skips || member.listeners.middlewares.is_empty() {
            self.members.push(member);
            self.admit(&socket, desk);
            return;
        }
        let admission = admission(member.listeners.clone(), socket.clone());
        self.members.push(member);
        match self.admissions.begin(Box::pin(admission)) {
            Begun::Finished(finish) => self.decide(&socket, finish, desk),
            Begun::Waiting(admission) => self.admissions.keep(socket, admission),
        }
    }

    /// The middlewares have decided.
    pub(super) fn decide(
        &mut self,
        socket: &Socket,
        finish: Finish<Result<(), ConnectError>>,
        desk: &mut Desk<'_>,
    ) {
        match finish {
            Ok(Ok(())) => self.admit(socket, desk),
            Ok(Err(error)) => self.refuse(socket, &error, desk),
            Err(Panicked(message)) => {
                tracing::error!(socket = %socket.id(), "a middleware panicked: {message}");
                self.calls.report(socket, "middleware", &Error::internal());
                self.refuse(socket, &ConnectError::internal(), desk);
            }
        }
    }

    /// Lets a socket in. Its connection handlers have run to their first `.await` before anything
    /// else of this client is looked at, so the first event finds its listeners.
    fn admit(&mut self, socket: &Socket, desk: &mut Desk<'_>) {
        let Some(member) = self.members.find(socket) else {
            return;
        };
        let listeners = member.listeners.clone();
        match socket.connect(&member.live) {
            Entry::In(Some(pid)) => {
                desk.accept_recoverable(socket.namespace_name(), socket.id(), &pid);
            }
            Entry::In(None) => desk.accept(socket.namespace_name(), socket.id()),
            Entry::Lapsed => return self.begin_anew(socket, desk),
        }
        self.calls.start(
            listeners.event("connect").iter().map(|each| &each.handler),
            event_call(socket, "connect"),
            desk,
        );
        if socket.namespace_inner().is_removed() {
            // It was removed while the client was decided about.
            socket.disconnect();
        }
    }

    /// What a client came back for is not there any more. What was decided about its socket, which
    /// had the data of before, holds for that one alone: it gets another, about which the middlewares
    /// are asked.
    fn begin_anew(&mut self, socket: &Socket, desk: &mut Desk<'_>) {
        let namespace = socket.namespace_inner().clone();
        self.calls.io().enter_namespace_again(&namespace);
        if let Some(member) = self.members.remove(socket) {
            member.socket.disconnected(&member.live, Parting::Refused);
        }
        self.join(namespace, socket.shared_auth().cloned(), None, desk);
    }

    fn refuse(&mut self, socket: &Socket, error: &ConnectError, desk: &mut Desk<'_>) {
        let Some(member) = self.members.remove(socket) else {
            return;
        };
        self.calls.report_refused(socket, error);
        member.socket.disconnected(&member.live, Parting::Refused);
        desk.refuse(socket.namespace_name(), error);
    }
}

/// Asks the middlewares, one after the other; the first refusal decides.
async fn admission(listeners: Arc<Listeners>, socket: Socket) -> Result<(), ConnectError> {
    for middleware in &listeners.middlewares {
        match middleware.start(&mut event_call(&socket, "middleware")) {
            Ok(verdict) => verdict.await?,
            Err(CallError::Syntax(message) | CallError::Mismatch(message)) => {
                return Err(ConnectError::new(message));
            }
        }
    }
    Ok(())
}
