//! What is sent to a client: packets into the queue, frames out of it.

use super::{Client, EmitError, Event};
use crate::socketio::acks::{AckError, AckRequest};
use crate::socketio::outgoing::{self, Outgoing, SlowClient};
use crate::socketio::packet::Kind;
use crate::socketio::sends::Sends;
use crate::wire::{Frame, Moment};

impl Client {
    /// Sends an event, also into a namespace that the client is still asking for: then it leaves
    /// before the reply.
    ///
    /// # Errors
    ///
    /// When nothing was sent; a waiter fails as well, through
    /// [`poll_event`](Client::poll_event).
    pub fn emit(
        &mut self,
        packet: &Outgoing,
        ack: Option<AckRequest>,
        now: Moment,
    ) -> Result<(), EmitError> {
        let Some(index) = self.seat(packet.namespace()) else {
            self.fail(ack, AckError::Disconnected);
            return Err(EmitError::NotJoined);
        };
        if ack.is_some() && self.pending_acks() >= self.config.max_pending_acks {
            self.fail(ack, AckError::TooMany);
            return Err(EmitError::TooManyAcks);
        }
        let policy = packet.policy().unwrap_or(self.config.slow_client);
        let may_be_lost = ack.is_none() && policy == SlowClient::DropOldest;
        let id = ack.as_ref().map(|ack| ack.id);
        if let Err(error) = self.queue(packet, id, may_be_lost) {
            self.fail(ack, AckError::Unencodable);
            return Err(error);
        }
        if let Some(request) = ack
            && let Some(waiter) = self.seats[index].acks.wait(request, now)
        {
            self.events.push_back(Event::Ack {
                waiter,
                outcome: Err(AckError::Replaced),
            });
        }
        Ok(())
    }

    /// Waits no longer for the client's answer to the event `id`; its waiter is dropped, and an
    /// answer that comes has no effect. No effect if nobody waits.
    pub fn forget(&mut self, namespace: &str, id: u64) {
        if let Some(index) = self.seat(namespace) {
            drop(self.seats[index].acks.handle_answer(id));
        }
    }

    /// Answers the event to which the client gave `id`. That it happens once is the caller's
    /// duty.
    ///
    /// # Errors
    ///
    /// When the client has left the namespace, or the parser has no form for the answer.
    pub fn acknowledge(&mut self, id: u64, answer: &Outgoing) -> Result<(), EmitError> {
        if self.socket(answer.namespace()).is_none() {
            return Err(EmitError::NotJoined);
        }
        self.queue(answer, Some(id), false)
    }

    /// The next frame to send.
    pub fn poll_send(&mut self) -> Option<Frame> {
        self.sends.pop().map(|(frame, _)| frame)
    }

    /// The next frame to send, and whether it may be compressed.
    #[inline]
    pub(crate) fn poll_send_as(&mut self) -> Option<(Frame, bool)> {
        self.sends.pop()
    }

    /// An event with this request was not sent: its waiter is told so.
    pub(crate) fn give_up(&mut self, ack: AckRequest) {
        self.fail(Some(ack), AckError::Dropped);
    }

    /// What waits to be sent.
    pub(crate) fn sends(&mut self) -> &mut Sends {
        &mut self.sends
    }

    /// How many frames wait to be sent, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.sends.len(), self.sends.bytes())
    }

    pub(super) fn fail(&mut self, ack: Option<AckRequest>, error: AckError) {
        let fail = |ack: AckRequest| Event::Ack {
            waiter: ack.waiter,
            outcome: Err(error),
        };
        self.events.extend(ack.map(fail));
    }

    /// Puts a packet into the queue, in the place of a waiting one that has its key.
    #[inline(always)]
    fn queue(
        &mut self,
        packet: &Outgoing,
        id: Option<u64>,
        may_be_lost: bool,
    ) -> Result<(), EmitError> {
        if self.decoder.is_some() {
            return self.queue_foreign(packet, id, may_be_lost);
        }
        if packet.key().is_some() && id.is_none() {
            self.sends.replace(packet);
        }
        let text = Frame::Text(packet.text(id));
        self.sends.packet(packet, text, packet.parts(), may_be_lost);
        Ok(())
    }

    pub(super) fn send(&mut self, kind: Kind, namespace: &str, json: &str) {
        if self.decoder.is_some() {
            return self.send_foreign_reply(kind, namespace, json);
        }
        let text = outgoing::message(kind, 0, namespace, None, json);
        self.sends.push_back(text.into());
    }

    pub(super) fn pending_acks(&self) -> usize {
        self.seats.iter().map(|seat| seat.acks.len()).sum()
    }
}
