//! One client of a Socket.IO application: its sockets, and the handlers of their events.
//!
//! The events of one socket start in the order in which they came, each running to its first
//! `.await` before the next one starts; up to a bound they then interleave. At the bound events wait
//! here, in order, while acknowledgements and disconnects are still dealt with.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytestring::ByteString;

use crate::api::{
    AckSlot, Answer, Arrival, Call, CallError, DispatchConfig, Error, EventHandler, Handshake, Io,
    Listeners, Socket,
};
use crate::connection::Dialect;
use crate::registry::Mailbox;
use crate::server::id;
use crate::socketio::{Args, ConnectError, DisconnectReason, Event, Namespace, Violation};
use crate::wire::SocketId;

use super::crew::{Crew, Finish, Panicked, guarded};
use super::desk::Desk;
use super::members::{Member, Members};

pub(super) struct Dispatch {
    io: Io,
    mailbox: Arc<Mailbox>,
    handshake: Arc<Handshake>,
    dialect: Dialect,
    limits: DispatchConfig,
    members: Members,
    crew: Crew<Note, Outcome>,
    waiting: VecDeque<Message>,
    waiting_bytes: usize,
}

struct Message {
    namespace: Namespace,
    name: ByteString,
    args: Args,
    ack: Option<u64>,
}

/// What a running handler is for.
enum Note {
    Admission {
        socket: Socket,
    },
    Event {
        socket: Socket,
        name: ByteString,
        ack: Option<Arc<AckSlot>>,
        answers_itself: bool,
    },
}

enum Outcome {
    Admission(Result<(), ConnectError>),
    Answer(Answer),
}

impl Dispatch {
    pub(super) fn new(
        io: Io,
        mailbox: Arc<Mailbox>,
        handshake: Arc<Handshake>,
        dialect: Dialect,
    ) -> Dispatch {
        let limits = io.config().dispatch.clone();
        Dispatch {
            io,
            mailbox,
            handshake,
            dialect,
            limits,
            members: Members::default(),
            crew: Crew::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
        }
    }

    pub(super) fn handle(&mut self, event: Event, desk: &mut Desk<'_>) {
        match event {
            Event::Connect { namespace, auth } => self.connect(&namespace, auth, desk),
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
                if self.crew.len() < self.limits.max_in_flight && self.waiting.is_empty() {
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
            Event::Disconnect {
                namespace,
                socket: _,
                reason,
            } => {
                self.disconnect(&namespace, reason, desk);
            }
            Event::Abandoned { namespace } => {
                // Its middlewares may still be running; what they decide is nobody's any more.
                if let Some(member) = self.members.remove_in(&namespace) {
                    member.socket.disconnected(&member.live);
                }
            }
        }
    }

    /// The next handler that has finished was dealt with.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_>) -> Poll<()> {
        let (note, finish) = std::task::ready!(self.crew.poll_finished(cx));
        self.finish(note, finish, desk);
        while self.crew.len() < self.limits.max_in_flight
            && let Some(message) = self.waiting.pop_front()
        {
            self.waiting_bytes -= message.args.weight();
            self.start(message, desk);
        }
        Poll::Ready(())
    }

    /// Whether more may be read.
    ///
    /// Handlers of joining and leaving start at once, as do those of the events that waited when
    /// their socket left; who joins and leaves again and again must not start ever more of them.
    pub(super) fn has_room(&self) -> bool {
        let limits = &self.limits;
        let most = limits.max_in_flight.saturating_add(limits.max_waiting);
        self.waiting.len() < limits.max_waiting
            && self.crew.len() + self.waiting.len() < most
            && self.waiting_bytes < limits.max_waiting_bytes
    }

    /// Whether no handler is running.
    pub(super) fn is_idle(&self) -> bool {
        self.crew.len() == 0
    }

    fn connect(&mut self, name: &Namespace, auth: Option<ByteString>, desk: &mut Desk<'_>) {
        let Some(namespace) = self.io.namespace(name) else {
            desk.refuse(name, &ConnectError::invalid_namespace());
            return;
        };
        let (socket, live) = Socket::new(Arrival {
            id: SocketId::new(id::random()),
            io: self.io.clone(),
            namespace,
            mailbox: Arc::downgrade(&self.mailbox),
            handshake: self.handshake.clone(),
            auth,
            dialect: self.dialect,
        });
        let member = Member::new(socket.clone(), live);
        if member.listeners.middlewares.is_empty() {
            self.members.push(member);
            self.admit(&socket, desk);
            return;
        }
        let admission = admission(member.listeners.clone(), socket.clone());
        self.members.push(member);
        let note = Note::Admission { socket };
        if let Some((note, finish)) = self.crew.start(note, Box::pin(admission)) {
            self.finish(note, finish, desk);
        }
    }

    /// Lets a socket in. Its connection handlers have run to their first `.await` before anything
    /// else of this client is looked at, so the first event finds its listeners.
    fn admit(&mut self, socket: &Socket, desk: &mut Desk<'_>) {
        let Some(member) = self.members.find(socket) else {
            return;
        };
        let listeners = member.listeners.clone();
        socket.connect(&member.live);
        desk.accept(socket.namespace_name(), socket.id());
        for handler in &listeners.connect {
            self.call(handler, &event_call(socket, "connect"), desk);
        }
    }

    fn disconnect(&mut self, namespace: &Namespace, reason: DisconnectReason, desk: &mut Desk<'_>) {
        self.settle_waiting(namespace, reason, desk);
        let Some(member) = self.members.find_in(namespace) else {
            return;
        };
        let (socket, live) = (member.socket.clone(), member.live.clone());
        let own = member.own(|own| &own.disconnecting);
        let shared = socket.namespace_inner().listeners();
        let mut call = event_call(&socket, "disconnecting");
        call.reason = Some(reason);
        for handler in shared.disconnecting.iter().chain(&own) {
            self.call(handler, &call, desk);
        }
        // A `disconnecting` handler may have added listeners for what comes now.
        let member = self.members.remove_in(namespace);
        let own = member
            .map(|member| member.own(|own| &own.disconnect))
            .unwrap_or_default();
        socket.disconnected(&live);
        call.name = ByteString::from_static("disconnect");
        for handler in shared.disconnect.iter().chain(&own) {
            self.call(handler, &call, desk);
        }
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
            if !sent_away {
                self.start(message, desk);
            }
        }
    }

    /// Starts the handlers of an event.
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
        let own = member.own(|own| own.event(&name));
        let listeners = member.listeners.clone();
        let shared = listeners.event(&name);
        if shared.is_empty() && own.is_empty() {
            tracing::debug!(socket = %member.socket.id(), event = %name, "nobody listens");
            if let Err(error) = args.check() {
                desk.violate(&Violation::Syntax(error.to_string()));
            }
            return;
        }
        let call = Call {
            socket: member.socket.clone(),
            name,
            args: Some(args),
            ack: ack.map(AckSlot::new),
            reason: None,
            answers_itself: false,
            is_checked: false,
        };
        for handler in shared.iter().chain(&own) {
            if !self.call(handler, &call, desk) {
                return;
            }
        }
    }

    /// Starts one handler. False says that the event violated the protocol and is over.
    fn call(&mut self, handler: &EventHandler, call: &Call, desk: &mut Desk<'_>) -> bool {
        let mut call = call.clone();
        let started = guarded(|| handler.start(&mut call)).map(|started| {
            // A handler that does not look at the arguments does not make them valid.
            let unchecked = call.args.as_ref().filter(|_| !call.is_checked);
            unchecked.map_or(Ok(()), Args::check)?;
            started
        });
        let future = match started {
            Ok(Ok(future)) => Ok(future),
            Ok(Err(CallError::Syntax(message))) => {
                desk.violate(&Violation::Syntax(message));
                return false;
            }
            Ok(Err(CallError::Mismatch(message))) => Err(Ok(message)),
            Err(panicked) => Err(Err(panicked)),
        };
        let Call {
            socket,
            name,
            ack,
            answers_itself,
            ..
        } = call;
        let note = Note::Event {
            socket,
            name,
            ack,
            answers_itself,
        };
        let finished = match future {
            Ok(future) => {
                let answer = async move { Outcome::Answer(future.await) };
                self.crew.start(note, Box::pin(answer))
            }
            Err(Ok(message)) => {
                let error = Error::invalid_arguments(message);
                Some((note, Ok(Outcome::Answer(Answer::error(error)))))
            }
            Err(Err(panicked)) => Some((note, Err(panicked))),
        };
        if let Some((note, finish)) = finished {
            self.finish(note, finish, desk);
        }
        true
    }

    fn finish(&mut self, note: Note, finish: Finish<Outcome>, desk: &mut Desk<'_>) {
        match (note, finish) {
            (Note::Admission { socket }, Ok(Outcome::Admission(Ok(())))) => {
                self.admit(&socket, desk);
            }
            (Note::Admission { socket }, Ok(Outcome::Admission(Err(error)))) => {
                self.refuse(&socket, &error, desk);
            }
            // An admission ends in nothing else.
            (Note::Admission { .. }, Ok(Outcome::Answer(_))) => {}
            (Note::Admission { socket }, Err(Panicked(message))) => {
                tracing::error!(socket = %socket.id(), "a middleware panicked: {message}");
                self.report(&socket, "middleware", &Error::internal());
                self.refuse(&socket, &ConnectError::internal(), desk);
            }
            (
                Note::Event {
                    socket,
                    name,
                    ack,
                    answers_itself,
                },
                finish,
            ) => {
                let answer = match finish {
                    Ok(Outcome::Answer(answer)) => answer,
                    Ok(Outcome::Admission(_)) => return,
                    Err(Panicked(message)) => {
                        tracing::error!(socket = %socket.id(), event = %name, "a handler panicked: {message}");
                        Answer::error(Error::internal())
                    }
                };
                self.answer(&socket, &name, ack, answers_itself, answer, desk);
            }
        }
    }

    fn answer(
        &self,
        socket: &Socket,
        event: &str,
        ack: Option<Arc<AckSlot>>,
        answers_itself: bool,
        answer: Answer,
        desk: &mut Desk<'_>,
    ) {
        let failed = answer.as_error().is_some();
        if let Some(error) = answer.as_error() {
            self.report(socket, event, error);
        }
        // A handler that took the acknowledgement and then failed will not answer any more.
        let Some(id) = ack
            .filter(|_| failed || !answers_itself)
            .and_then(|slot| slot.take())
        else {
            return;
        };
        let namespace = socket.namespace_name();
        // How the values are written is the application's code.
        let problem = match guarded(|| answer.encode(namespace)) {
            Ok(Ok(outgoing)) => return desk.acknowledge(id, &outgoing),
            Ok(Err(error)) => error.to_string(),
            Err(Panicked(message)) => {
                tracing::error!(socket = %socket.id(), event, "writing an answer panicked: {message}");
                "the answer could not be written".to_owned()
            }
        };
        self.report(socket, event, &Error::new("internal", problem));
        if let Ok(outgoing) = Answer::error(Error::internal()).encode(namespace) {
            desk.acknowledge(id, &outgoing);
        }
    }

    /// Tells the application's error hook.
    fn report(&self, socket: &Socket, event: &str, error: &Error) {
        if let Err(Panicked(message)) = guarded(|| self.io.report(socket, event, error)) {
            tracing::error!(socket = %socket.id(), event, "the error hook panicked: {message}");
        }
    }

    fn refuse(&mut self, socket: &Socket, error: &ConnectError, desk: &mut Desk<'_>) {
        let Some(member) = self.members.remove(socket) else {
            return;
        };
        member.socket.disconnected(&member.live);
        desk.refuse(socket.namespace_name(), error);
    }
}

/// Asks the middlewares, one after the other; the first refusal decides.
async fn admission(listeners: Arc<Listeners>, socket: Socket) -> Outcome {
    for middleware in &listeners.middlewares {
        let verdict = match middleware.start(&mut event_call(&socket, "middleware")) {
            Ok(verdict) => verdict.await,
            Err(CallError::Syntax(message) | CallError::Mismatch(message)) => {
                Err(ConnectError::new(message))
            }
        };
        if verdict.is_err() {
            return Outcome::Admission(verdict);
        }
    }
    Outcome::Admission(Ok(()))
}

fn event_call(socket: &Socket, name: &'static str) -> Call {
    Call {
        socket: socket.clone(),
        name: ByteString::from_static(name),
        args: None,
        ack: None,
        reason: None,
        answers_itself: false,
        is_checked: false,
    }
}
