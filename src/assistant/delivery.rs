//! The duty to answer one request: everything that is sent about it goes through here.

use std::sync::Arc;

use crate::ai::contract::{CHUNK, ERROR, Form, TYPING};
use crate::ai::{self, Address, Answer, Code, Completion, Ended, Failure, Progress, Text};
use crate::api::{Ack, Socket};
use crate::socketio::IntoArgs;

use crate::wire::Moment;

/// Owes its asker exactly one final reply: dropped without one, it says that something went wrong.
pub(super) struct Delivery {
    socket: Socket,
    ack: Option<Ack>,
    address: Address,
    /// What was said so far; gone once the final reply was sent.
    answer: Option<Answer>,
    /// Whether the asker was told that the answer is being written.
    typing: bool,
    form: Form,
    reply_event: Arc<str>,
    model: Arc<str>,
}

impl Delivery {
    pub(super) fn new(
        socket: &Socket,
        ack: Ack,
        address: Address,
        streamed: bool,
        rules: &ai::Config,
        model: Arc<str>,
    ) -> Delivery {
        Delivery {
            socket: socket.clone(),
            ack: Some(ack),
            address,
            answer: Some(Answer::new(rules.answer, streamed)),
            typing: false,
            form: rules.contract.form,
            reply_event: rules.contract.reply_event.clone(),
            model,
        }
    }

    /// Tells the asker that the answer is being written; the end is told by itself.
    pub(super) fn show_typing(&mut self) {
        self.typing = true;
        self.send(TYPING, self.address.typing(true));
    }

    /// Takes the next piece of the answer.
    pub(super) fn push(&mut self, delta: &str, now: Moment) -> Progress {
        match &mut self.answer {
            Some(answer) => answer.push(delta, now),
            None => Progress::Full,
        }
    }

    /// When [`send_due`](Delivery::send_due) has something to send, if no piece comes before.
    pub(super) fn chunk_due(&self) -> Option<Moment> {
        self.answer.as_ref()?.poll_timeout()
    }

    /// Sends the chunks that should leave now, and says how many bytes of the answer they are.
    pub(super) fn send_due(&mut self, now: Moment) -> usize {
        let mut sent = 0;
        while let Some(chunk) = self
            .answer
            .as_mut()
            .and_then(|answer| answer.poll_chunk(now))
        {
            sent += chunk.delta.len();
            self.send(CHUNK, self.address.chunk(chunk));
        }
        sent
    }

    /// Sends the final reply, and gives back what to remember as the answer.
    pub(super) fn finish(mut self, end: Result<Completion, Failure>) -> Option<Text> {
        self.conclude(end)
    }

    /// The asker has left: nothing more is sent.
    pub(super) fn abandon(mut self) {
        self.answer = None;
    }

    fn conclude(&mut self, end: Result<Completion, Failure>) -> Option<Text> {
        let ended = self.answer.take()?.finish(end);
        let Ended {
            chunks,
            reply,
            remembered,
        } = ended;
        for chunk in chunks {
            self.send(CHUNK, self.address.chunk(chunk));
        }
        if self.typing {
            self.send(TYPING, self.address.typing(false));
        }
        if let Some(failure) = &reply.failure {
            tracing::debug!(socket = %self.socket.id(), code = failure.code.as_str(), "no full answer");
            self.send(ERROR, self.address.error(failure));
        }
        let response = self.address.response(&reply, &self.model, self.form);
        self.send(&self.reply_event, &response);
        if let Some(Err(error)) = self.ack.take().map(|ack| ack.send(&response)) {
            tracing::error!(%error, "an answer could not be written");
        }
        remembered
    }

    fn send(&self, event: &str, payload: impl IntoArgs) {
        // A socket that has left, or is being closed, is noticed by its leaving.
        if let Err(error) = self.socket.emit(event, payload) {
            tracing::error!(event, %error, "an answer could not be written");
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.conclude(Err(Code::Internal.into()));
    }
}
