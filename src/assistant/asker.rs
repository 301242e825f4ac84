//! One socket as the assistant knows it: how often it may ask, its chats and their lines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Config;
use crate::ai::{
    Address, Bucket, Cancel, Code, Conversations, Exchange, Failure, Place, Text, Ticket,
    Turn as Said,
};
use crate::wire::Moment;

/// Kept with the socket, and by its open questions.
pub(super) struct Asker {
    state: Mutex<State>,
    max_open: usize,
}

struct State {
    bucket: Bucket,
    chats: Conversations<Orders>,
    open: usize,
}

type Orders = watch::Sender<Order>;

/// What a question is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Wait,
    Go,
    /// It was taken back.
    Stop,
}

impl Asker {
    pub(super) fn new(config: &Config) -> Arc<Asker> {
        let state = State {
            bucket: Bucket::new(config.rules.rate),
            chats: Conversations::new(config.rules.conversations),
            open: 0,
        };
        Arc::new(Asker {
            state: Mutex::new(state),
            max_open: config.max_open,
        })
    }

    /// Gives a question its place in its chat's line, or says why there is none.
    pub(super) fn ask(self: &Arc<Asker>, address: &Address, now: Moment) -> Result<Turn, Failure> {
        let mut state = self.lock();
        if let Err(wait) = state.bucket.take(now) {
            return Err(Failure::new(Code::RateLimited).after(wait));
        }
        if state.open >= self.max_open {
            return Err(Code::Busy.into());
        }
        let (orders, received) = watch::channel(Order::Wait);
        let asked = state.chats.ask(
            address.chat().cloned(),
            address.id().clone(),
            orders.clone(),
        );
        let (ticket, place) = asked.map_err(|_| Code::Busy)?;
        state.open += 1;
        if place == Place::Running {
            orders.send_replace(Order::Go);
        }
        Ok(Turn {
            asker: self.clone(),
            ticket,
            orders: received,
            exchange: None,
        })
    }

    /// Takes questions back; whether there were any.
    pub(super) fn cancel(&self, which: &Cancel) -> bool {
        let taken_back = self.lock().chats.cancel(which);
        for orders in &taken_back {
            orders.send_replace(Order::Stop);
        }
        !taken_back.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One question's place in its chat's line. Dropping it lets the next one begin.
pub(super) struct Turn {
    asker: Arc<Asker>,
    ticket: Ticket,
    orders: watch::Receiver<Order>,
    exchange: Option<Exchange>,
}

impl Turn {
    /// Waits until it is this question's turn.
    pub(super) async fn begun(&self) {
        self.ordered(Order::Go).await;
    }

    /// Waits until the question is taken back.
    pub(super) async fn stopped(&self) -> Code {
        self.ordered(Order::Stop).await;
        Code::Cancelled
    }

    /// The conversation up to this question.
    pub(super) fn prompt(&self, question: &Text) -> Vec<Said> {
        self.asker.lock().chats.turns(&self.ticket, question)
    }

    /// What the chat will remember.
    pub(super) fn remember(&mut self, exchange: Exchange) {
        self.exchange = Some(exchange);
    }

    async fn ordered(&self, expected: Order) {
        let mut orders = self.orders.clone();
        if orders.wait_for(|order| *order == expected).await.is_err() {
            // Nobody is left to give orders: the question was taken out of its line.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.asker.lock();
        state.open -= 1;
        let next = state.chats.finish(&self.ticket, self.exchange.take());
        drop(state);
        if let Some(next) = next {
            next.send_replace(Order::Go);
        }
    }
}
