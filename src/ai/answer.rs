//! Gathers a provider's pieces into one answer, and hands them on in chunks.
//!
//! Who sends the chunks, and waits while the asker reads slowly, is the shell.

use std::fmt;
use std::time::Duration;

use super::failure::{Code, Failure};
use super::provider::Completion;
use super::reply::{Finish, Reply};
use super::text::{Text, beginning};
use crate::wire::Moment;

/// Stands in for an answer whose whole length went into the model's thinking.
const CUT_BEFORE_IT_BEGAN: &str = "The answer reached its greatest length before its first word.";

/// How an answer is cut into chunks, and how long it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The longest answer (256 KiB). What goes beyond is cut, and the answer ends as `length`.
    pub max_bytes: usize,
    /// The largest chunk (1 KiB); that much is handed on at once. At least one character.
    pub chunk_bytes: usize,
    /// How long a smaller piece waits for more (40 ms).
    pub chunk_wait: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bytes: 256 * 1024,
            chunk_bytes: 1024,
            chunk_wait: Duration::from_millis(40),
        }
    }
}

/// One streamed piece of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chunk {
    /// Counts from 0 without gaps.
    pub seq: u64,
    /// The piece: whole characters.
    pub delta: Text,
}

/// Whether an answer takes more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a full answer must not be read any further"]
pub enum Progress {
    /// There is room.
    More,
    /// The greatest length is reached: stop reading and end the answer.
    Full,
}

/// How an answer ended: what is still to be sent, in this order, and what to remember.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// The last chunks; none unless the answer is streamed.
    pub chunks: Vec<Chunk>,
    /// The final reply. If there were chunks, they add up to its text.
    pub reply: Reply,
    /// What the history keeps as the answer, if anything.
    pub remembered: Option<Text>,
}

/// An answer on its way.
///
/// After every [`push`](Answer::push), and when [`poll_timeout`](Answer::poll_timeout) has come,
/// call [`poll_chunk`](Answer::poll_chunk) until it returns `None`.
pub struct Answer {
    limits: Limits,
    streamed: bool,
    /// Everything so far.
    text: String,
    /// How much of `text` has left as chunks.
    sent: usize,
    /// Whether `text` is white space alone, which is no answer and is held back.
    blank: bool,
    full: bool,
    seq: u64,
    /// When what has not left yet should leave.
    due: Option<Moment>,
}

impl Answer {
    /// An answer without a word yet. Only a `streamed` one gives chunks.
    pub fn new(limits: Limits, streamed: bool) -> Answer {
        Answer {
            limits,
            streamed,
            text: String::new(),
            sent: 0,
            blank: true,
            full: false,
            seq: 0,
            due: None,
        }
    }

    /// Takes the next piece, as far as there is room.
    pub fn push(&mut self, delta: &str, now: Moment) -> Progress {
        let room = self.limits.max_bytes.saturating_sub(self.text.len());
        let taken = beginning(delta, room);
        self.full |= taken.len() < delta.len();
        self.blank &= taken.chars().all(char::is_whitespace);
        self.text.push_str(taken);
        if self.streamed && !self.blank && self.sent < self.text.len() && self.due.is_none() {
            self.due = Some(now + self.limits.chunk_wait);
        }
        if self.full {
            Progress::Full
        } else {
            Progress::More
        }
    }

    /// The next chunk that should leave now.
    pub fn poll_chunk(&mut self, now: Moment) -> Option<Chunk> {
        let due = self.due?;
        if self.unsent() < self.limits.chunk_bytes && now < due {
            return None;
        }
        self.take_chunk(now)
    }

    /// When to call [`poll_chunk`](Answer::poll_chunk) if no piece comes before.
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.due
    }

    /// Ends the answer as the provider did, or as a failure of ours did.
    pub fn finish(mut self, end: Result<Completion, Failure>) -> Ended {
        match end {
            Ok(completion) if self.full || completion.cut => self.end_cut(completion),
            // An empty bubble helps nobody: a success without a word is a failure.
            Ok(_) if self.blank => self.end_failed(Failure::new(Code::BadResponse)),
            Ok(completion) => self.end_well(completion, Finish::Stop),
            Err(failure) => {
                if failure.code == Code::Blocked {
                    // What was seen stays; what has not left yet is withheld.
                    self.text.truncate(self.sent);
                }
                self.end_failed(failure)
            }
        }
    }

    fn end_cut(mut self, completion: Completion) -> Ended {
        if !self.blank {
            return self.end_well(completion, Finish::Length);
        }
        CUT_BEFORE_IT_BEGAN.clone_into(&mut self.text);
        let ended = self.end_well(completion, Finish::Length);
        Ended {
            remembered: None,
            ..ended
        }
    }

    fn end_well(mut self, completion: Completion, finish: Finish) -> Ended {
        let chunks = self.rest();
        let text = Text::from(self.text);
        let remembered = Some(text.clone());
        let reply = Reply {
            text,
            finish,
            usage: completion.usage,
            failure: None,
        };
        Ended {
            chunks,
            reply,
            remembered,
        }
    }

    fn end_failed(mut self, failure: Failure) -> Ended {
        if self.blank || self.text.is_empty() {
            let reply = Reply::refused(failure);
            return Ended {
                chunks: Vec::new(),
                reply,
                remembered: None,
            };
        }
        let chunks = self.rest();
        let text = Text::from(self.text);
        let remembered = (failure.code == Code::Cancelled).then(|| text.clone());
        Ended {
            chunks,
            reply: Reply::failed(text, failure),
            remembered,
        }
    }

    /// All chunks that are left.
    fn rest(&mut self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        while self.streamed && self.sent < self.text.len() {
            chunks.extend(self.take_chunk(Moment::default()));
        }
        chunks
    }

    /// Cuts the next chunk off, and lets what remains wait anew.
    fn take_chunk(&mut self, now: Moment) -> Option<Chunk> {
        let unsent = &self.text[self.sent..];
        let first = unsent.chars().next()?;
        let end = beginning(unsent, self.limits.chunk_bytes)
            .len()
            .max(first.len_utf8());
        let chunk = Chunk {
            seq: self.seq,
            delta: unsent[..end].into(),
        };
        self.seq += 1;
        self.sent += end;
        self.due = (self.unsent() > 0).then(|| now + self.limits.chunk_wait);
        Some(chunk)
    }

    fn unsent(&self) -> usize {
        self.text.len() - self.sent
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("bytes", &self.text.len())
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
