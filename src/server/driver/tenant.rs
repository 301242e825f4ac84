//! Whose client it is: an application of Socket.IO, or of Engine.IO alone.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::api::{Application, Handshake};
use crate::connection::{Dialect, Event};
use crate::engine::CloseReason;
use crate::registry::Mailbox;

use super::bare::Bare;
use super::desk::Desk;
use super::dispatch::Dispatch;
use super::names::Names;

/// The application's side of one client. The two kinds never change into one another.
pub(super) enum Tenant {
    SocketIo(Dispatch),
    Engine(Bare),
}

impl Tenant {
    pub(super) fn new(
        application: &Application,
        mailbox: Arc<Mailbox>,
        handshake: Arc<Handshake>,
        dialect: Dialect,
        names: Names,
    ) -> Tenant {
        match application {
            Application::SocketIo(io) => Tenant::SocketIo(Dispatch::new(
                io.clone(),
                mailbox,
                handshake,
                dialect,
                names,
            )),
            Application::Engine(engine) => {
                Tenant::Engine(Bare::new(engine.clone(), &mailbox, handshake))
            }
        }
    }

    /// The handshake was answered.
    pub(super) fn opened(&mut self) {
        match self {
            Tenant::SocketIo(dispatch) => dispatch.opened(),
            Tenant::Engine(bare) => bare.opened(),
        }
    }

    /// The client has moved to a WebSocket.
    pub(super) fn upgraded(&mut self) {
        match self {
            Tenant::SocketIo(dispatch) => dispatch.upgraded(),
            Tenant::Engine(bare) => bare.upgraded(),
        }
    }

    pub(super) fn handle(&mut self, event: Event, desk: &mut Desk<'_>) {
        match (self, event) {
            (Tenant::SocketIo(dispatch), Event::SocketIo(event)) => dispatch.handle(event, desk),
            (Tenant::Engine(bare), Event::Message(frame)) => bare.message(frame),
            // A connection is made for its tenant and gives no other events.
            (Tenant::SocketIo(_), Event::Message(_)) | (Tenant::Engine(_), Event::SocketIo(_)) => {}
        }
        // What the handlers emitted leaves before the next packet is looked at.
        desk.catch_up();
    }

    /// The connection is over.
    pub(super) fn closed(&mut self, reason: CloseReason) {
        match self {
            Tenant::SocketIo(dispatch) => dispatch.closed(reason),
            Tenant::Engine(bare) => bare.closed(reason),
        }
    }

    /// The next handler that has finished was dealt with.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Tenant::SocketIo(dispatch) => dispatch.poll(desk, cx),
            Tenant::Engine(bare) => bare.poll(cx),
        }
    }

    /// Whether [`poll`](Tenant::poll) must be asked before the task may sleep.
    pub(super) fn is_fresh(&self) -> bool {
        match self {
            Tenant::SocketIo(dispatch) => dispatch.is_fresh(),
            Tenant::Engine(bare) => bare.is_fresh(),
        }
    }

    /// Whether more may be read from the client.
    pub(super) fn has_room(&self) -> bool {
        match self {
            Tenant::SocketIo(dispatch) => dispatch.has_room(),
            Tenant::Engine(bare) => bare.has_room(),
        }
    }

    /// Whether no handler is running.
    pub(super) fn is_idle(&self) -> bool {
        match self {
            Tenant::SocketIo(dispatch) => dispatch.is_idle(),
            Tenant::Engine(bare) => bare.is_idle(),
        }
    }
}
