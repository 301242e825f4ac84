//! One socket's chats: who is answered now, who waits, and what was said before.
//!
//! In a chat, questions are answered one after the other, in the order in which they were asked;
//! chats do not wait for each other. How the shell wakes a question that waits, and stops one that
//! runs, is its own affair: here that is a handle `H` which is kept and given back.

use std::collections::{HashMap, VecDeque};

use super::contract::{Cancel, Key};
use super::history::{self, Exchange, History};
use super::provider::Turn;
use super::text::Text;

/// How much one socket may have going on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Questions that may wait in a chat while one is answered (3). The next one is refused.
    pub max_waiting: usize,
    /// Chats that are remembered (64). For a further one, the chat unused for longest is
    /// forgotten; if every chat has questions open, the new one is refused.
    pub max_chats: usize,
    /// How much is remembered of each chat.
    pub history: history::Limits,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_waiting: 3,
            max_chats: 64,
            history: history::Limits::default(),
        }
    }
}

/// Names one question that was let in; needed to [`finish`](Conversations::finish) it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ticket {
    chat: Option<Key>,
    number: u64,
}

/// Where a question that was let in stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// It is its turn: ask the provider.
    Running,
    /// It waits until [`finish`](Conversations::finish) gives its handle back.
    Waiting,
}

/// There is no room for the question.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many questions are waiting")]
pub struct Busy;

/// The chats of one socket. Dropping it forgets them.
#[derive(Clone, Debug)]
pub struct Conversations<H> {
    limits: Limits,
    chats: HashMap<Option<Key>, Chat<H>>,
    issued: u64,
}

#[derive(Clone, Debug)]
struct Chat<H> {
    history: History,
    /// The first is being answered, the others wait.
    line: VecDeque<Asker<H>>,
    /// The number of the latest ticket.
    used: u64,
}

#[derive(Clone, Debug)]
struct Asker<H> {
    number: u64,
    id: Key,
    handle: H,
}

impl<H: Clone> Conversations<H> {
    /// A socket that has not asked anything.
    pub fn new(limits: Limits) -> Conversations<H> {
        Conversations {
            limits,
            chats: HashMap::new(),
            issued: 0,
        }
    }

    /// Lets a question into its chat's line. `None` is the chat of requests that name none.
    ///
    /// `id` is what a cancel request will name.
    pub fn ask(&mut self, chat: Option<Key>, id: Key, handle: H) -> Result<(Ticket, Place), Busy> {
        self.make_room_for(&chat)?;
        let number = self.issued;
        let max_line = self.limits.max_waiting.saturating_add(1);
        let entry = self.chats.entry(chat.clone()).or_insert_with(|| Chat {
            history: History::new(self.limits.history),
            line: VecDeque::new(),
            used: number,
        });
        if entry.line.len() >= max_line {
            return Err(Busy);
        }
        let place = if entry.line.is_empty() {
            Place::Running
        } else {
            Place::Waiting
        };
        entry.line.push_back(Asker { number, id, handle });
        entry.used = number;
        self.issued += 1;
        Ok((Ticket { chat, number }, place))
    }

    /// What the provider is shown: the chat's history, with `question` as the last turn.
    pub fn turns(&self, ticket: &Ticket, question: &Text) -> Vec<Turn> {
        match self.chats.get(&ticket.chat) {
            Some(chat) => chat.history.turns_with(question),
            None => History::new(self.limits.history).turns_with(question),
        }
    }

    /// The question is over, however that came about; `exchange` is what to remember of it.
    ///
    /// Returns the handle of the question whose turn it is now, if one waited. A ticket that is
    /// over already changes nothing; one that still waited leaves the line without a trace.
    pub fn finish(&mut self, ticket: &Ticket, exchange: Option<Exchange>) -> Option<H> {
        let chat = self.chats.get_mut(&ticket.chat)?;
        let at = chat
            .line
            .iter()
            .position(|asker| asker.number == ticket.number)?;
        chat.line.remove(at);
        if at > 0 {
            return None;
        }
        if let Some(exchange) = exchange {
            chat.history.commit(exchange);
        }
        chat.line.front().map(|next| next.handle.clone())
    }

    /// Takes questions back, and returns the handles of those that were open.
    ///
    /// The waiting ones leave the line at once. A running one holds its place until it is
    /// finished, so that the next does not begin before it has been answered.
    pub fn cancel(&mut self, which: &Cancel) -> Vec<H> {
        let mut handles = Vec::new();
        for chat in self.chats.values_mut() {
            let running = chat.line.front().map(|asker| asker.number);
            chat.line.retain(|asker| {
                let named = which.names(&asker.id);
                if named {
                    handles.push(asker.handle.clone());
                }
                !named || running == Some(asker.number)
            });
        }
        handles
    }

    /// How many chats are remembered.
    pub fn chats(&self) -> usize {
        self.chats.len()
    }

    fn make_room_for(&mut self, chat: &Option<Key>) -> Result<(), Busy> {
        if self.chats.contains_key(chat) || self.chats.len() < self.limits.max_chats {
            return Ok(());
        }
        let idle = self.chats.iter().filter(|(_, chat)| chat.line.is_empty());
        let oldest = idle
            .min_by_key(|(_, chat)| chat.used)
            .map(|(name, _)| name.clone());
        let oldest = oldest.ok_or(Busy)?;
        self.chats.remove(&oldest);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
