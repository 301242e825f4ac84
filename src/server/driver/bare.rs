//! One client of an application that speaks Engine.IO alone.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::api::{BoxFuture, DispatchConfig, Engine, EngineSocket, Handshake};
use crate::engine::CloseReason;
use crate::registry::Mailbox;
use crate::wire::Frame;

use super::crew::{Begun, Crew, Panicked, guarded};

pub(super) struct Bare {
    engine: Engine,
    socket: EngineSocket,
    crew: Crew<(), BoxFuture<()>>,
    waiting: VecDeque<Frame>,
    waiting_bytes: usize,
    limits: DispatchConfig,
}

impl Bare {
    pub(super) fn new(engine: Engine, mailbox: &Arc<Mailbox>, handshake: Arc<Handshake>) -> Bare {
        let socket = EngineSocket::new(mailbox, handshake);
        let limits = engine.inner().layers.dispatch.clone();
        Bare {
            engine,
            socket,
            crew: Crew::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            limits,
        }
    }

    pub(super) fn opened(&mut self) {
        if let Some(handler) = &self.engine.inner().on_connect {
            self.start(guarded(|| handler(self.socket.clone())));
        }
    }

    pub(super) fn upgraded(&mut self) {
        if let Some(handler) = &self.engine.inner().on_upgrade {
            self.start(guarded(|| handler(self.socket.clone())));
        }
    }

    pub(super) fn message(&mut self, frame: Frame) {
        // It is the application's from now on.
        let frame = frame.detach();
        if self.crew.len() < self.limits.max_in_flight && self.waiting.is_empty() {
            self.handle(frame);
        } else {
            self.waiting_bytes += frame.len();
            self.waiting.push_back(frame);
        }
    }

    pub(super) fn closed(&mut self, reason: CloseReason) {
        while let Some(frame) = self.waiting.pop_front() {
            self.handle(frame);
        }
        self.waiting_bytes = 0;
        self.socket.closed();
        if let Some(handler) = &self.engine.inner().on_close {
            self.start(guarded(|| handler(self.socket.clone(), reason)));
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let ((), finish) = std::task::ready!(self.crew.poll_finished(cx));
        log(finish);
        while self.crew.len() < self.limits.max_in_flight
            && let Some(frame) = self.waiting.pop_front()
        {
            self.waiting_bytes -= frame.len();
            self.handle(frame);
        }
        Poll::Ready(())
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < self.limits.max_waiting
            && self.waiting_bytes < self.limits.max_waiting_bytes
    }

    /// Whether [`poll`](Bare::poll) must be asked before the task may sleep.
    pub(super) fn is_fresh(&self) -> bool {
        self.crew.is_fresh()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.crew.len() == 0
    }

    fn handle(&mut self, frame: Frame) {
        if let Some(handler) = &self.engine.inner().on_message {
            self.start(guarded(|| handler(self.socket.clone(), frame)));
        }
    }

    fn start(&mut self, begun: Result<BoxFuture<()>, Panicked>) {
        match begun.map(|future| self.crew.begin(future)) {
            Ok(Begun::Waiting(future)) => self.crew.keep((), future),
            Ok(Begun::Finished(finish)) => log(finish),
            Err(panicked) => log(Err(panicked)),
        }
    }
}

fn log(finish: Result<(), Panicked>) {
    if let Err(Panicked(message)) = finish {
        tracing::error!("a handler panicked: {message}");
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.socket.closed();
    }
}
