//! Server-Sent Events: bytes in any split go in, events come out.
//!
//! The format is the one of the HTML standard (section 9.2.6), for a single answer: there is no
//! reconnecting, so `id` and `retry` are read over. One thing is added, because providers do it:
//! lines that are no field of the format, such as a bare JSON error, come out as well.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::ops::Range;

use serde::de::IgnoredAny;

/// The byte order mark that may begin a stream.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What ends a stream of chat completions. It is no JSON, but known to be complete.
const DONE: &[u8] = b"[DONE]";

/// Something that a stream said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// An event of the format.
    Message {
        /// What stood in `event`; empty without it.
        name: String,
        /// The `data` lines, joined with line feeds.
        data: String,
    },
    /// The lines up to a blank one, or the stream's end, that are no field of the format, joined
    /// with line feeds.
    Stray(String),
}

/// An event, or a line, is longer than accepted. Nothing comes after this.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an event is too long")]
pub struct TooLong;

/// An incremental decoder.
///
/// After every [`push`](Decoder::push) and after [`finish`](Decoder::finish), call
/// [`poll`](Decoder::poll) until it returns `None`. How the bytes are split into pushes makes no
/// difference. It takes linear time, and between the pushes it holds at most the greatest length
/// of an event.
///
/// Bytes that are no UTF-8 become U+FFFD, as the standard wants it; that is decided when the event
/// is complete, so no split can cause it.
pub struct Decoder {
    max_event: usize,
    input: Vec<u8>,
    /// Where the current line begins in `input`.
    start: usize,
    /// Before this there is no line end that was not found yet.
    scanned: usize,
    /// Whether the place of a byte order mark has been passed.
    is_begun: bool,
    /// Whether the last line ended with CR, so that an LF belongs to it.
    is_after_cr: bool,
    draft: Draft,
    /// What the last blank line has ended: a message, stray lines, or both.
    ready: VecDeque<Event>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Reading,
    /// The bytes have ended, but perhaps not all are read.
    Finishing,
    /// All is said. `is_cut`: the bytes ended within an event.
    Over {
        is_cut: bool,
    },
}

impl Decoder {
    /// A decoder that takes events, and lines, of up to `max_event` bytes.
    pub fn new(max_event: usize) -> Decoder {
        Decoder {
            max_event,
            input: Vec::new(),
            start: 0,
            scanned: 0,
            is_begun: false,
            is_after_cr: false,
            draft: Draft::default(),
            ready: VecDeque::new(),
            state: State::Reading,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.state == State::Reading {
            self.input.extend_from_slice(bytes);
        }
    }

    /// Takes the end of the stream.
    ///
    /// The standard drops an event without a blank line behind it. Here it counts if its data is
    /// evidently complete (JSON, or `[DONE]`); otherwise [`is_cut`](Decoder::is_cut) tells of it.
    pub fn finish(&mut self) {
        if self.state == State::Reading {
            self.state = State::Finishing;
        }
    }

    /// The next event.
    pub fn poll(&mut self) -> Option<Result<Event, TooLong>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if matches!(self.state, State::Over { .. }) {
                return None;
            }
            let Some(line) = self.next_line() else {
                if self.is_begun && self.held_bytes() > self.max_event {
                    return Some(Err(self.give_up()));
                }
                if self.state == State::Reading {
                    return None;
                }
                self.end();
                continue;
            };
            if self.draft.len() + line.len() > self.max_event {
                return Some(Err(self.give_up()));
            }
            if line.is_empty() {
                let (message, stray) = mem::take(&mut self.draft).events();
                self.ready.extend(message);
                self.ready.extend(stray);
            } else {
                self.draft.take_line(&self.input[line]);
            }
        }
    }

    /// Whether the stream has ended within an event. Known once [`poll`](Decoder::poll) has
    /// returned `None` after [`finish`](Decoder::finish).
    pub fn is_cut(&self) -> bool {
        self.state == State::Over { is_cut: true }
    }

    /// The bytes that wait for the end of their line or event.
    pub fn held_bytes(&self) -> usize {
        self.input.len() - self.start + self.draft.len()
    }

    /// Finds the next line in `input`; without one, lets go of the lines before.
    fn next_line(&mut self) -> Option<Range<usize>> {
        let is_ended = self.state != State::Reading;
        if !self.is_begun {
            if self.input.len() < BOM.len() && BOM.starts_with(&self.input) && !is_ended {
                return None;
            }
            if self.input.starts_with(BOM) {
                self.start = BOM.len();
            }
            self.is_begun = true;
        }
        if self.is_after_cr && self.start < self.input.len() {
            self.is_after_cr = false;
            if self.input[self.start] == b'\n' {
                self.start += 1;
            }
        }
        self.scanned = self.scanned.max(self.start);
        let unread = &self.input[self.scanned..];
        let found = unread.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        if let Some(at) = found {
            let line = self.start..self.scanned + at;
            self.is_after_cr = self.input[line.end] == b'\r';
            self.start = line.end + 1;
            return Some(line);
        }
        if is_ended && self.start < self.input.len() {
            let line = self.start..self.input.len();
            self.start = line.end;
            return Some(line);
        }
        self.input.drain(..self.start);
        self.start = 0;
        self.scanned = self.input.len();
        None
    }

    /// Ends the last event.
    fn end(&mut self) {
        let draft = mem::take(&mut self.draft);
        let is_cut = !draft.data.is_empty() && !draft.is_evidently_complete();
        let (message, stray) = draft.events();
        self.ready.extend(message.filter(|_| !is_cut));
        self.ready.extend(stray);
        self.state = State::Over { is_cut };
    }

    fn give_up(&mut self) -> TooLong {
        self.input = Vec::new();
        (self.start, self.scanned) = (0, 0);
        self.draft = Draft::default();
        self.state = State::Over { is_cut: true };
        TooLong
    }
}

/// The lines of an event since the last blank line. Each is kept with a line feed behind it.
#[derive(Default)]
struct Draft {
    name: Vec<u8>,
    data: Vec<u8>,
    stray: Vec<u8>,
}

impl Draft {
    fn len(&self) -> usize {
        self.name.len() + self.data.len() + self.stray.len()
    }

    fn take_line(&mut self, line: &[u8]) {
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => add_line(&mut self.data, value),
            b"event" => self.name = value.to_vec(),
            // An empty field is a comment.
            b"" | b"id" | b"retry" => {}
            _ => add_line(&mut self.stray, line),
        }
    }

    fn is_evidently_complete(&self) -> bool {
        self.data.trim_ascii() == DONE || serde_json::from_slice::<IgnoredAny>(&self.data).is_ok()
    }

    /// The message and the stray lines, if there are any. A name without data is no event.
    fn events(self) -> (Option<Event>, Option<Event>) {
        let message = joined(&self.data).map(|data| Event::Message {
            name: String::from_utf8_lossy(&self.name).into_owned(),
            data,
        });
        (message, joined(&self.stray).map(Event::Stray))
    }
}

fn add_line(lines: &mut Vec<u8>, line: &[u8]) {
    lines.extend_from_slice(line);
    lines.push(b'\n');
}

/// The text of `lines`, if there is a line.
fn joined(lines: &[u8]) -> Option<String> {
    let lines = lines.strip_suffix(b"\n")?;
    Some(String::from_utf8_lossy(lines).into_owned())
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("bytes", &self.input.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
