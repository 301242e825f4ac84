//! What is sent in a namespace with recovery: numbered, kept, and posted in that order.

use std::sync::Arc;

use super::keeper::Keeper;
use super::{Recoverable, Stage};
use crate::api::socket::{Emitted, Socket};
use crate::clock;
use crate::recovery::Target;
use crate::registry::{DropReason, Mail, Reach, Roster};
use crate::rooms::Selection;
use crate::socketio::Outgoing;

impl Keeper {
    /// Queues one packet for every selected member and counts those who took it.
    pub(crate) fn broadcast(
        &self,
        roster: &Roster<Socket>,
        selection: &Selection,
        packet: Outgoing,
    ) -> usize {
        let now = clock::now();
        let namespace = packet.namespace().clone();
        let mut ledger = self.lock();
        if ledger.is_deserted() {
            return roster.broadcast(selection, &Arc::new(packet));
        }
        if packet.flags().volatile {
            return roster.broadcast(selection, &ledger.mark(packet));
        }
        let target = Target::Selection(selection.clone());
        let (outgoing, evicted) = ledger.append(packet, target, now);
        let mut reached = 0;
        roster.for_each(selection, |socket| {
            if let Some(own) = socket.recoverable()
                && let Stage::Here { trace, .. } = &mut *own.stage()
            {
                ledger.note(trace, now);
            }
            let outgoing = outgoing.clone();
            let mail = Mail::Emit {
                outgoing,
                ack: None,
            };
            reached += usize::from(socket.mailbox().post(mail).is_ok());
        });
        let loss = ledger.take_loss();
        drop(ledger);
        self.settle(evicted, loss, &namespace, now);
        reached
    }

    /// Sends a packet to one socket, which may be away or may have come back since.
    pub(crate) fn emit(
        &self,
        socket: &Socket,
        own: &Recoverable,
        roster: &Roster<Socket>,
        packet: Outgoing,
    ) -> Emitted {
        let now = clock::now();
        let namespace = packet.namespace().clone();
        let mut ledger = self.lock();
        let id = socket.id();
        let mut recipient = Some(socket.clone());
        match &*own.stage() {
            Stage::Joining { .. } | Stage::Here { .. } => {}
            // It comes with what was missed.
            Stage::Returning(_) => recipient = None,
            Stage::Gone => recipient = roster.get(id),
        }
        if recipient.is_none() && !ledger.is_away(id) {
            return Emitted::Dropped(DropReason::Disconnected);
        }
        if packet.flags().volatile {
            return match recipient {
                Some(socket) => post(&socket, ledger.mark(packet)),
                None => Emitted::Dropped(DropReason::Disconnected),
            };
        }
        let (outgoing, evicted) = ledger.append(packet, Target::Socket(id.clone()), now);
        if let Some(socket) = recipient {
            if let Some(own) = socket.recoverable()
                && let Stage::Here { trace, .. } | Stage::Joining { trace, .. } = &mut *own.stage()
            {
                ledger.note(trace, now);
            }
            // If its client takes nothing more, it is lost, and gets it when it comes back.
            let _ = post(&socket, outgoing);
        }
        let loss = ledger.take_loss();
        drop(ledger);
        self.settle(evicted, loss, &namespace, now);
        Emitted::Queued
    }
}

fn post(socket: &Socket, outgoing: Arc<Outgoing>) -> Emitted {
    let mail = Mail::Emit {
        outgoing,
        ack: None,
    };
    let sent = socket.mailbox().post(mail);
    sent.map_or_else(Emitted::Dropped, |()| Emitted::Queued)
}
