//! Twelve ways to be wrong, put between the core and the laws to see that a law notices.

use std::sync::atomic::{AtomicU32, Ordering};

use trunkline::engine::Transmit;
use trunkline::wire::Frame;

use super::law::Law;

/// What goes wrong, once in a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// The first message after an upgrade is lost.
    LoseAtUpgrade,
    /// A message leaves twice.
    DeliverTwice,
    /// Two messages leave in the wrong order.
    SwapOrder,
    /// A GET is answered twice.
    AnswerTwice,
    /// The application is not told that a socket has left.
    ForgetDisconnect,
    /// A socket that has left stays in its rooms.
    LeaveRoomEntry,
    /// Deadlines of a connection pass unnoticed.
    IgnoreTimeout,
    /// An event that was held until its namespace was joined is lost.
    LoseHeldEvent,
    /// A waiter for an acknowledgement is forgotten.
    LeakWaiter,
    /// A frame leaves a connection that is over.
    SendAfterClose,
    /// An event for one client goes to another.
    WrongSocket,
    /// Something depends on more than the inputs.
    NonDeterminism,
}

impl Fault {
    /// Each fault with the law that must catch it.
    pub(crate) const ALL: [(Fault, Law); 12] = [
        (Fault::LoseAtUpgrade, Law::NothingLost),
        (Fault::DeliverTwice, Law::OnceInOrder),
        (Fault::SwapOrder, Law::OnceInOrder),
        (Fault::AnswerTwice, Law::AnsweredOnce),
        (Fault::ForgetDisconnect, Law::ConnectsAreDisconnects),
        (Fault::LeaveRoomEntry, Law::RoomsMirror),
        (Fault::IgnoreTimeout, Law::SilenceCloses),
        (Fault::LoseHeldEvent, Law::NothingLost),
        (Fault::LeakWaiter, Law::AcksResolve),
        (Fault::SendAfterClose, Law::ClosedIsSilent),
        (Fault::WrongSocket, Law::OnceInOrder),
        (Fault::NonDeterminism, Law::Deterministic),
    ];
}

/// Applies a fault at its first opportunity.
pub(crate) struct Shim {
    fault: Option<Fault>,
    is_done: bool,
    held_back: Option<Transmit>,
}

impl Shim {
    pub(crate) fn new(fault: Option<Fault>) -> Shim {
        Shim {
            fault,
            is_done: false,
            held_back: None,
        }
    }

    /// Whether `fault` strikes now; it does so once.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        let strikes = self.fault == Some(fault) && !self.is_done;
        self.is_done |= strikes;
        strikes
    }

    /// Whether `fault` goes on, once it has struck or from the start.
    pub(crate) fn lasts(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// What becomes of something that the core transmits. `upgraded` says that it is on a
    /// WebSocket that the session moved to.
    pub(crate) fn bend(&mut self, transmit: Transmit, upgraded: bool) -> Vec<Transmit> {
        if self.fault.is_none() {
            return vec![transmit];
        }
        let is_message =
            matches!(&transmit, Transmit::Frame(Frame::Text(text)) if text.starts_with("42"));
        if let Some(first) = self.held_back.take() {
            return vec![transmit, first];
        }
        match &transmit {
            Transmit::Frame(_) if is_message && upgraded && self.strikes(Fault::LoseAtUpgrade) => {
                vec![]
            }
            Transmit::Frame(_) if is_message && self.strikes(Fault::DeliverTwice) => {
                vec![transmit.clone(), transmit]
            }
            Transmit::Frame(_) if is_message && self.strikes(Fault::SwapOrder) => {
                self.held_back = Some(transmit);
                vec![]
            }
            Transmit::Poll(_) if self.strikes(Fault::AnswerTwice) => {
                vec![transmit.clone(), transmit]
            }
            Transmit::Frame(Frame::Text(text))
                if *text == "2" && self.lasts(Fault::NonDeterminism) =>
            {
                static PINGS: AtomicU32 = AtomicU32::new(0);
                let number = PINGS.fetch_add(1, Ordering::Relaxed);
                vec![Transmit::Frame(format!("2{number}").into())]
            }
            _ => vec![transmit],
        }
    }
}
