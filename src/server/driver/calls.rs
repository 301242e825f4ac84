//! The handlers of a client's events: how they are called, and what their results become.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytestring::ByteString;

use crate::api::{
    Answer, BoxFuture, Call, CallError, ErasedHandler, Error, EventHandler, Io, Socket, Wish,
};
use crate::socketio::{Args, ConnectError, Outgoing, Violation};

use super::crew::{Begun, Crew, Finish, Panicked, guarded};
use super::desk::Desk;

/// The handlers of one client's events that are running.
pub(super) struct Calls {
    io: Io,
    crew: Crew<Note, BoxFuture<Answer>>,
}

/// What came of calling a handler.
pub(super) type Started<O> = Result<Result<BoxFuture<O>, CallError>, Panicked>;

/// Calls a handler, which does nothing before it is polled.
#[inline]
pub(super) fn start<O>(handler: &Arc<dyn ErasedHandler<O>>, call: &mut Call) -> Started<O> {
    guarded(|| handler.start(call)).map(|started| {
        // A handler that does not look at the arguments does not make them valid.
        let unchecked = call.args.as_ref().filter(|_| !call.is_checked);
        unchecked.map_or(Ok(()), Args::check)?;
        started
    })
}

/// What a running handler is for.
struct Note {
    socket: Socket,
    name: ByteString,
    wish: Wish,
    answers_itself: bool,
}

impl Calls {
    pub(super) fn new(io: Io) -> Calls {
        Calls {
            io,
            crew: Crew::new(),
        }
    }

    pub(super) fn io(&self) -> &Io {
        &self.io
    }

    /// How many are running.
    pub(super) fn len(&self) -> usize {
        self.crew.len()
    }

    /// Whether [`poll`](Calls::poll) must be asked before the task may sleep.
    pub(super) fn is_fresh(&self) -> bool {
        self.crew.is_fresh()
    }

    /// The next handler that has finished was dealt with.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_>) -> Poll<()> {
        let (note, finish) = std::task::ready!(self.crew.poll_finished(cx));
        self.finish(note, finish, desk);
        Poll::Ready(())
    }

    /// Starts the handlers of one event, in their order.
    pub(super) fn start<'h>(
        &mut self,
        handlers: impl Iterator<Item = &'h EventHandler>,
        mut call: Call,
        desk: &mut Desk<'_>,
    ) {
        let mut handlers = handlers.peekable();
        while let Some(handler) = handlers.next() {
            if handlers.peek().is_none() {
                self.call(handler, call, desk);
                return;
            }
            // Whoever answers first answers for all.
            call.wish.share();
            if !self.call(handler, call.clone(), desk) {
                return;
            }
        }
    }

    /// Shows an event to a handler that is no listener of it by name and answers nothing but what
    /// it sends itself. False says that the event violated the protocol and is over.
    pub(super) fn show(
        &mut self,
        handler: &EventHandler,
        call: &mut Call,
        desk: &mut Desk<'_>,
    ) -> bool {
        let started = start(handler, call);
        call.answers_itself = false;
        let note = Note {
            socket: call.socket.clone(),
            name: call.name.clone(),
            wish: Wish::None,
            answers_itself: true,
        };
        self.begin(note, started, desk)
    }

    /// Starts one handler. False says that the event violated the protocol and is over.
    pub(super) fn call(
        &mut self,
        handler: &EventHandler,
        mut call: Call,
        desk: &mut Desk<'_>,
    ) -> bool {
        let started = start(handler, &mut call);
        let Call {
            socket,
            name,
            wish,
            answers_itself,
            ..
        } = call;
        let note = Note {
            socket,
            name,
            wish,
            answers_itself,
        };
        self.begin(note, started, desk)
    }

    /// Runs what was started to its first `.await`. False as with [`show`](Calls::show).
    #[inline(always)]
    fn begin(&mut self, mut note: Note, started: Started<Answer>, desk: &mut Desk<'_>) -> bool {
        let finish = match started {
            Ok(Ok(future)) => match self.crew.begin(future) {
                Begun::Finished(finish) => finish,
                Begun::Waiting(future) => {
                    // What stays must not pin the buffer that it was read into.
                    note.name = ByteString::from(&*note.name);
                    self.crew.keep(note, future);
                    return true;
                }
            },
            Ok(Err(CallError::Syntax(message))) => {
                desk.violate(Violation::Syntax(message));
                return false;
            }
            Ok(Err(CallError::Mismatch(message))) => {
                Ok(Answer::error(Error::invalid_arguments(message)))
            }
            Err(panicked) => Err(panicked),
        };
        self.finish(note, finish, desk);
        true
    }

    /// A middleware refused an event, or failed.
    pub(super) fn refuse(&self, call: Call, finish: Finish<Error>, desk: &mut Desk<'_>) {
        let note = Note {
            socket: call.socket,
            name: call.name,
            wish: call.wish,
            answers_itself: false,
        };
        self.finish(note, finish.map(Answer::error), desk);
    }

    fn finish(&self, note: Note, finish: Finish<Answer>, desk: &mut Desk<'_>) {
        let answer = finish.unwrap_or_else(|Panicked(message)| {
            let (socket, event) = (note.socket.id(), &note.name);
            tracing::error!(%socket, %event, "a handler panicked: {message}");
            Answer::error(Error::internal())
        });
        let failed = answer.as_error().is_some();
        if let Some(error) = answer.as_error() {
            self.report(&note.socket, &note.name, error);
        }
        // A handler that took the acknowledgement and then failed will not answer any more.
        if (failed || !note.answers_itself)
            && let Some(id) = note.wish.take()
            && let Some(outgoing) = self.encode(&note, id, answer)
        {
            desk.acknowledge(id, &outgoing);
        }
    }

    /// The acknowledgement's packet. How the values are written is the application's code.
    fn encode(&self, note: &Note, id: u64, answer: Answer) -> Option<Outgoing> {
        let Note { socket, name, .. } = note;
        let namespace = socket.namespace_name();
        let problem = match guarded(|| answer.encode(namespace, id)) {
            Ok(Ok(outgoing)) => return Some(outgoing),
            Ok(Err(error)) => error.to_string(),
            Err(Panicked(message)) => {
                let socket = socket.id();
                tracing::error!(%socket, event = %name, "writing an answer panicked: {message}");
                "the answer could not be written".to_owned()
            }
        };
        self.report(socket, name, &Error::new("internal", problem));
        Answer::error(Error::internal()).encode(namespace, id).ok()
    }

    /// Tells the application's error hook.
    pub(super) fn report(&self, socket: &Socket, event: &str, error: &Error) {
        if let Err(Panicked(message)) = guarded(|| self.io.report(socket, event, error)) {
            tracing::error!(socket = %socket.id(), event, "the error hook panicked: {message}");
        }
    }

    /// Tells the application's hook for clients that are not let in.
    pub(super) fn report_refused(&self, socket: &Socket, error: &ConnectError) {
        if let Err(Panicked(message)) = guarded(|| self.io.report_refused(socket, error)) {
            let socket = socket.id();
            tracing::error!(%socket, "the hook for refused clients panicked: {message}");
        }
    }
}
