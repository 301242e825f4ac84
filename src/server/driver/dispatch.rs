//! One client of a Socket.IO application: its sockets, and the handlers of their events.
//!
//! The events of one socket start in the order in which they came, each running to its first
//! `.await` before the next one starts; up to a bound they then interleave. At the bound events wait
//! here, in order, while acknowledgements and disconnects are still dealt with.

mod admission;
mod comeback;
mod screening;
mod search;
mod under;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytestring::ByteString;

use crate::api::{
    BoxFuture, Call, DispatchConfig, Error, EventHandler, Handshake, Io, Leaving, Listener,
    Parting, Socket, Verdict, Wish,
};
use crate::connection::Dialect;
use crate::registry::Mailbox;
use crate::socketio::{Args, ConnectError, DisconnectReason, Event, Namespace, Violation};

use super::calls::Calls;
use super::crew::{Crew, Panicked, guarded};
use super::desk::Desk;
use super::members::{Before, Member, Members};
use super::names::Names;
use comeback::Comebacks;
use screening::Screening;
use search::Searches;

pub(super) struct Dispatch {
    calls: Calls,
    /// Sockets about which the middlewares are deciding.
    admissions: Crew<Socket, BoxFuture<Result<(), ConnectError>>>,
    /// Namespaces about whose existence the rules are deciding.
    searches: Searches,
    /// Events about which middlewares are deciding, at most one of each socket.
    screenings: Crew<Box<Screening>, BoxFuture<Verdict>>,
    /// Namespaces for which the client's last connection is being ended.
    comebacks: Comebacks,
    mailbox: Arc<Mailbox>,
    handshake: Arc<Handshake>,
    dialect: Dialect,
    names: Names,
    limits: DispatchConfig,
    members: Members,
    waiting: VecDeque<Message>,
    waiting_bytes: usize,
    /// How many of its crews' handlers are running: counted after every change, asked for often.
    in_flight: usize,
    /// Whether more may be read; the same.
    has_room: bool,
}

struct Message {
    namespace: Namespace,
    name: ByteString,
    args: Args,
    ack: Option<u64>,
}

impl Dispatch {
    pub(super) fn new(
        io: Io,
        mailbox: Arc<Mailbox>,
        handshake: Arc<Handshake>,
        dialect: Dialect,
        names: Names,
    ) -> Dispatch {
        let limits = io.config().dispatch.clone();
        Dispatch {
            calls: Calls::new(io),
            admissions: Crew::new(),
            searches: Searches::new(),
            screenings: Crew::new(),
            comebacks: Comebacks::new(),
            mailbox,
            handshake,
            dialect,
            names,
            limits,
            members: Members::default(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            in_flight: 0,
            has_room: true,
        }
    }

    pub(super) fn handle(&mut self, event: Event, desk: &mut Desk<'_>) {
        self.take(event, desk);
        self.count();
    }

    fn take(&mut self, event: Event, desk: &mut Desk<'_>) {
        match event {
            Event::Connect { namespace, auth } => self.connect(namespace, auth, desk),
            Event::Message {
                namespace,
                name,
                args,
                ack,
            } => {
                let message = Message {
                    namespace,
                    name,
                    args,
                    ack,
                };
                if self.may_start(&message) {
                    self.start(message, desk);
                } else {
                    // What waits must not pin the buffer that it was read into.
                    let message = Message {
                        name: ByteString::from(&*message.name),
                        args: message.args.detach(),
                        ..message
                    };
                    self.waiting_bytes += message.args.weight();
                    self.waiting.push_back(message);
                }
            }
            Event::Ack { waiter, outcome } => {
                // What a waiter does is the application's code.
                if let Err(Panicked(message)) = guarded(|| waiter.answer(outcome)) {
                    tracing::error!("the waiter of an acknowledgement panicked: {message}");
                }
            }
            Event::Unsent { namespace, error } => {
                tracing::warn!(%namespace, "a packet was not sent: {error}");
            }
            Event::Disconnect {
                namespace,
                socket: _,
                reason,
            } => {
                self.note_end(reason);
                self.disconnect(&namespace, reason, desk);
            }
            Event::Abandoned { namespace } => {
                self.searches.abandon(&namespace);
                // Its middlewares may still be running; what they decide is nobody's any more.
                if let Some(member) = self.members.remove_in(&namespace) {
                    member.socket.disconnected(&member.live, Parting::Lost);
                }
                self.comebacks.abandon(&namespace);
            }
        }
    }

    /// The next handler that has finished was dealt with.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready((socket, finish)) = self.admissions.poll_finished(cx) {
            self.decide(&socket, finish, desk);
        } else if let Poll::Ready(search) = self.searches.poll(cx) {
            if let Some((wanted, finish)) = search {
                self.found(wanted, finish, desk);
            }
        } else if let Poll::Ready((screening, finish)) = self.screenings.poll_finished(cx) {
            self.screened(screening, finish, desk);
        } else if let Poll::Ready(comeback) = self.comebacks.poll(cx) {
            self.come_back(comeback, desk);
        } else {
            std::task::ready!(self.calls.poll(desk, cx));
        }
        self.count();
        while self.in_flight < self.limits.max_in_flight
            && let Some(message) = self.next_waiting()
        {
            self.waiting_bytes -= message.args.weight();
            self.start(message, desk);
            self.count();
        }
        Poll::Ready(())
    }

    /// Whether more may be read.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.has_room
    }

    /// Whether [`poll`](Dispatch::poll) must be asked before the task may sleep.
    pub(super) fn is_fresh(&self) -> bool {
        self.admissions.is_fresh()
            || self.searches.is_fresh()
            || self.screenings.is_fresh()
            || self.comebacks.is_fresh()
            || self.calls.is_fresh()
    }

    /// Whether no handler is running.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight == 0
    }

    /// Counts what is running and what waits.
    ///
    /// Handlers of joining and leaving start at once, as do those of the events that waited when
    /// their socket left; who joins and leaves again and again must not start ever more of them.
    #[inline]
    fn count(&mut self) {
        self.in_flight = self.admissions.len()
            + self.searches.len()
            + self.screenings.len()
            + self.comebacks.len()
            + self.calls.len();
        let limits = &self.limits;
        let most = limits.max_in_flight.saturating_add(limits.max_waiting);
        self.has_room = self.waiting.len() < limits.max_waiting
            && self.in_flight + self.waiting.len() < most
            && self.waiting_bytes < limits.max_waiting_bytes;
    }

    fn disconnect(&mut self, namespace: &Namespace, reason: DisconnectReason, desk: &mut Desk<'_>) {
        self.settle_waiting(namespace, reason, desk);
        let Some(member) = self.members.find_in(namespace) else {
            return;
        };
        let (socket, live) = (member.socket.clone(), member.live.clone());
        let own = member.own("disconnecting");
        let shared = socket.namespace_inner().listeners();
        let mut call = event_call(&socket, "disconnecting");
        let detail = self.detail(&socket, reason, desk);
        call.leaving = Some(Arc::new(Leaving { reason, detail }));
        let handlers = both(shared.event(&call.name), &own);
        self.calls.start(handlers, call.clone(), desk);
        // A `disconnecting` handler may have added listeners for what comes now.
        let member = self.members.remove_in(namespace);
        call.name = ByteString::from_static("disconnect");
        let own = member
            .map(|member| member.own(&call.name))
            .unwrap_or_default();
        socket.disconnected(&live, Parting::of(reason));
        let handlers = both(shared.event(&call.name), &own);
        self.calls.start(handlers, call, desk);
    }

    /// What is known beside the reason. The error hook is told how a client broke the protocol.
    fn detail(&self, socket: &Socket, reason: DisconnectReason, desk: &Desk<'_>) -> Option<String> {
        match reason {
            // The connection may go on, or end for another reason.
            DisconnectReason::ClientNamespaceDisconnect
            | DisconnectReason::ServerNamespaceDisconnect
            | DisconnectReason::ServerShuttingDown => return None,
            _ => {}
        }
        if let Some(violation) = desk.connection.violation() {
            let detail = violation.to_string();
            let error = Error::violation(detail.clone());
            self.calls.report(socket, "error", &error);
            return Some(detail);
        }
        let reason = desk.connection.closed()?;
        reason.description().map(str::to_owned)
    }

    /// Events that wait when their socket leaves: those of a client that left by itself came
    /// before its leaving and are still handled; those of a client that was sent away are not.
    fn settle_waiting(
        &mut self,
        namespace: &Namespace,
        reason: DisconnectReason,
        desk: &mut Desk<'_>,
    ) {
        let sent_away = matches!(
            reason,
            DisconnectReason::ServerNamespaceDisconnect | DisconnectReason::ServerShuttingDown
        );
        let waiting = std::mem::take(&mut self.waiting);
        for message in waiting {
            if message.namespace != *namespace {
                self.waiting.push_back(message);
                continue;
            }
            self.waiting_bytes -= message.args.weight();
            // What waits behind a middleware would overtake its event.
            if !sent_away && !self.is_held(namespace) {
                self.start(message, desk);
            }
        }
    }

    /// Whether an event need not wait.
    fn may_start(&self, message: &Message) -> bool {
        if self.in_flight >= self.limits.max_in_flight || self.is_held(&message.namespace) {
            return false;
        }
        // What waits although there is room belongs to sockets that are held.
        let mut waiting = self.waiting.iter();
        waiting.all(|other| other.namespace != message.namespace)
    }

    /// The next event that waits for nothing but room.
    fn next_waiting(&mut self) -> Option<Message> {
        if self.screenings.len() == 0 {
            return self.waiting.pop_front();
        }
        let is_free = |message: &Message| !self.is_held(&message.namespace);
        let at = self.waiting.iter().position(is_free)?;
        self.waiting.remove(at)
    }

    /// Whether the events of this namespace wait for a middleware.
    fn is_held(&self, namespace: &Namespace) -> bool {
        self.screenings.len() > 0 && self.members.is_held(namespace)
    }

    /// An event is handled: by the middlewares first, if there are any.
    fn start(&mut self, message: Message, desk: &mut Desk<'_>) {
        let Message {
            namespace,
            name,
            args,
            ack,
        } = message;
        let Some(member) = self.members.find_in(&namespace) else {
            return;
        };
        member.refresh();
        let call = Call {
            args: Some(args),
            wish: Wish::new(ack),
            ..Call::new(&member.socket, name)
        };
        match member.before() {
            None => listen(member, &mut self.calls, call, desk),
            Some(Before { middlewares, any }) if middlewares.is_empty() => {
                self.run(call, &any, desk);
            }
            Some(Before { middlewares, .. }) => {
                self.screen(Screening::new(call, middlewares), desk);
            }
        }
    }

    /// Starts the handlers of an event that has passed the middlewares: those of every event first.
    fn run(&mut self, mut call: Call, any: &[EventHandler], desk: &mut Desk<'_>) {
        for handler in any {
            if !self.calls.show(handler, &mut call, desk) {
                return;
            }
        }
        if let Some(member) = self.members.find_mut(&call.socket) {
            if !any.is_empty() {
                // They may have registered others.
                member.refresh();
            }
            listen(member, &mut self.calls, call, desk);
        }
    }
}

/// Starts the handlers that listen to an event by its name, or the fallback.
#[inline(always)]
fn listen(member: &Member, calls: &mut Calls, call: Call, desk: &mut Desk<'_>) {
    let shared = member.listeners.event(&call.name);
    match shared {
        // As nearly always.
        [listener] if !member.has_own() => {
            calls.call(&listener.handler, call, desk);
        }
        _ => listen_all(member, shared, calls, call, desk),
    }
}

fn listen_all(
    member: &Member,
    shared: &[Listener<EventHandler>],
    calls: &mut Calls,
    call: Call,
    desk: &mut Desk<'_>,
) {
    let own = member.own(&call.name);
    if !shared.is_empty() || !own.is_empty() {
        calls.start(both(shared, &own), call, desk);
    } else if let Some(fallback) = &member.listeners.fallback {
        calls.call(fallback, call, desk);
    } else {
        let socket = call.socket.id();
        tracing::debug!(%socket, event = %call.name, "nobody listens");
        let unchecked = call.args.as_ref().filter(|_| !call.is_checked);
        if let Some(Err(error)) = unchecked.map(Args::check) {
            desk.violate(Violation::Syntax(error.to_string()));
        }
    }
}

/// The namespace's handlers of an event, then the socket's own.
fn both<'h>(
    shared: &'h [Listener<EventHandler>],
    own: &'h [EventHandler],
) -> impl Iterator<Item = &'h EventHandler> {
    shared.iter().map(|listener| &listener.handler).chain(own)
}

fn event_call(socket: &Socket, name: &'static str) -> Call {
    Call::new(socket, ByteString::from_static(name))
}
