//! How an event passes the middlewares that decide about it.
//!
//! They run one after the other. While one waits, later events of its socket wait behind this one,
//! and everything else goes on.

use std::vec::IntoIter;

use bytestring::ByteString;

use crate::api::{Call, CallError, Error, EventMiddleware, Incoming, Verdict};
use crate::server::driver::calls::start;
use crate::server::driver::crew::{Begun, Finish, Panicked};
use crate::server::driver::desk::Desk;
use crate::socketio::{Args, Violation};

use super::Dispatch;

/// An event that is being decided about.
pub(super) struct Screening {
    call: Call,
    /// Who have not been asked yet.
    middlewares: IntoIter<EventMiddleware>,
}

impl Screening {
    pub(super) fn new(call: Call, middlewares: Vec<EventMiddleware>) -> Box<Screening> {
        let middlewares = middlewares.into_iter();
        Box::new(Screening { call, middlewares })
    }

    /// What a middleware said. The event goes on, or it is refused for this error.
    fn obey(&mut self, finish: Finish<Verdict>) -> Result<(), Finish<Error>> {
        match finish {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(incoming))) => self.change(incoming),
            Ok(Err(error)) => return Err(Ok(error)),
            Err(panicked) => return Err(Err(panicked)),
        }
        Ok(())
    }

    fn change(&mut self, incoming: Incoming) {
        let (name, args) = incoming.into_parts();
        self.call.name = name;
        self.call.args = Some(args);
        self.call.is_checked = false;
    }

    /// What stays must not pin the buffer that it was read into.
    fn detach(&mut self) {
        self.call.name = ByteString::from(&*self.call.name);
        self.call.args = self.call.args.as_ref().map(Args::detach);
    }
}

impl Dispatch {
    /// Asks the next middlewares, up to one that waits; an event that passes all is handled.
    pub(super) fn screen(&mut self, mut screening: Box<Screening>, desk: &mut Desk<'_>) {
        while let Some(middleware) = screening.middlewares.next() {
            let finish = match start(&middleware, &mut screening.call) {
                Ok(Ok(future)) => match self.screenings.begin(future) {
                    Begun::Finished(finish) => finish,
                    Begun::Waiting(future) => {
                        screening.detach();
                        self.hold(&screening, true);
                        self.screenings.keep(screening, future);
                        return;
                    }
                },
                Ok(Err(CallError::Syntax(message))) => {
                    desk.violate(Violation::Syntax(message));
                    return;
                }
                Ok(Err(CallError::Mismatch(message))) => Ok(Err(Error::invalid_arguments(message))),
                Err(panicked) => Err(panicked),
            };
            if let Err(refusal) = screening.obey(finish) {
                self.calls.refuse(screening.call, refusal, desk);
                return;
            }
        }
        self.passed(screening.call, desk);
    }

    /// A middleware that had to wait has decided.
    pub(super) fn screened(
        &mut self,
        mut screening: Box<Screening>,
        finish: Result<Verdict, Panicked>,
        desk: &mut Desk<'_>,
    ) {
        self.hold(&screening, false);
        match screening.obey(finish) {
            Ok(()) => self.screen(screening, desk),
            Err(refusal) => self.calls.refuse(screening.call, refusal, desk),
        }
    }

    fn passed(&mut self, mut call: Call, desk: &mut Desk<'_>) {
        // One that takes the acknowledgement does so beside the event's handlers.
        call.answers_itself = false;
        let Some(member) = self.members.find_mut(&call.socket) else {
            tracing::debug!(socket = %call.socket.id(), event = %call.name, "left meanwhile");
            return;
        };
        member.refresh();
        let any = member.before().map(|before| before.any);
        self.run(call, any.as_deref().unwrap_or_default(), desk);
    }

    fn hold(&mut self, screening: &Screening, is_held: bool) {
        if let Some(member) = self.members.find_mut(&screening.call.socket) {
            member.is_held = is_held;
        }
    }
}
