//! Reads the body of an HTTP answer with status 200, in any split, into events.

use std::fmt;
use std::mem;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::api::Api;
use super::lenient::each;
use super::piece::{Finish, Piece, Tally};
use super::{Completion, Event, anthropic, complaint, gemini, openai};
use crate::ai::failure::Code;
use crate::ai::fault::{Fault, Retry};
use crate::ai::sse;

/// The byte order mark, which JSON must not begin with, but sometimes does.
const BOM: char = '\u{FEFF}';

/// How a body is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// One JSON document.
    Whole,
    /// Server-Sent Events.
    Events,
}

/// How much of a body may have to be held at a time. More ends the answer as `bad_response`, and
/// there is no other attempt, which would bring as much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadLimits {
    /// The longest event of a stream (1 MiB).
    pub max_event: usize,
    /// The longest body that is one document (8 MiB).
    pub max_body: usize,
}

impl Default for ReadLimits {
    fn default() -> ReadLimits {
        ReadLimits {
            max_event: 1024 * 1024,
            max_body: 8 * 1024 * 1024,
        }
    }
}

/// An answer that is being read.
///
/// After every [`handle_bytes`](Reader::handle_bytes) and after
/// [`handle_end`](Reader::handle_end), call [`poll_event`](Reader::poll_event) until it returns
/// `None`. The split of the bytes changes nothing about the events.
///
/// The answer ends once, and nothing comes after its end:
///
/// - well, where the API says so (`[DONE]`, `message_stop`), or where the body ends after a reason
///   for the end was given. Such a reason alone is no end: an error may follow it.
/// - as a failure, with an error in the body, with a refusal on grounds of content (`blocked`), or
///   with what cannot be read (`bad_response`), as a body that ends before the answer does.
///
/// A stream that is asked for may be answered with a whole document; that is understood as well.
pub struct Reader {
    api: Api,
    body: Body,
    /// The next words.
    text: String,
    /// The last reason for the end.
    finish: Option<Finish>,
    tally: Tally,
    end: Option<Result<Completion, Fault>>,
    is_over: bool,
}

enum Body {
    Whole {
        bytes: Vec<u8>,
        max: usize,
        is_complete: bool,
    },
    Events {
        decoder: sse::Decoder,
        is_complete: bool,
    },
    /// Nothing more is read.
    Left,
}

impl Reader {
    /// A reader of one answer of `api`.
    pub fn new(api: Api, shape: Shape, limits: ReadLimits) -> Reader {
        let body = match shape {
            Shape::Whole => Body::Whole {
                bytes: Vec::new(),
                max: limits.max_body,
                is_complete: false,
            },
            Shape::Events => Body::Events {
                decoder: sse::Decoder::new(limits.max_event),
                is_complete: false,
            },
        };
        Reader {
            api,
            body,
            text: String::new(),
            finish: None,
            tally: Tally::default(),
            end: None,
            is_over: false,
        }
    }

    /// Takes the next bytes of the body.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        match &mut self.body {
            Body::Whole {
                is_complete: true, ..
            }
            | Body::Left => {}
            Body::Whole {
                bytes: read, max, ..
            } if read.len() + bytes.len() <= *max => {
                read.extend_from_slice(bytes);
            }
            Body::Whole { .. } => self.fail(too_long()),
            Body::Events { decoder, .. } => decoder.push(bytes),
        }
    }

    /// Takes the end of the body, if it is a clean one.
    pub fn handle_end(&mut self) {
        match &mut self.body {
            Body::Whole { is_complete, .. } => *is_complete = true,
            Body::Events {
                decoder,
                is_complete,
            } => {
                decoder.finish();
                *is_complete = true;
            }
            Body::Left => {}
        }
    }

    /// The next event, or the failure that ends the answer.
    pub fn poll_event(&mut self) -> Option<Result<Event, Fault>> {
        while !self.is_over {
            if !self.text.is_empty() {
                let text = mem::take(&mut self.text);
                return Some(Ok(Event::Delta(text.into())));
            }
            if let Some(end) = self.end.take() {
                self.is_over = true;
                return Some(end.map(Event::Done));
            }
            if !self.advance() {
                return None;
            }
        }
        None
    }

    /// Whether the answer's end was given: there is nothing more to read.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Reads on; whether there was anything to read.
    fn advance(&mut self) -> bool {
        match &mut self.body {
            Body::Whole {
                bytes,
                is_complete: true,
                ..
            } => {
                let bytes = mem::take(bytes);
                let json = String::from_utf8_lossy(&bytes);
                self.take_document(json.trim_start_matches(BOM));
                if self.end.is_none() {
                    self.complete();
                }
            }
            Body::Whole { .. } | Body::Left => return false,
            Body::Events {
                decoder,
                is_complete,
            } => match decoder.poll() {
                Some(Ok(sse::Event::Message { name, data })) => self.take_message(&name, &data),
                Some(Ok(sse::Event::Stray(lines))) => self.take_stray(&lines),
                Some(Err(sse::TooLong)) => self.fail(too_long()),
                None if !*is_complete => return false,
                None if decoder.is_cut() || self.finish.is_none() => {
                    let detail = "the stream ended before the answer did";
                    self.fail(Fault::new(Code::BadResponse, Retry::Backoff, detail));
                }
                None => self.complete(),
            },
        }
        true
    }

    fn take_message(&mut self, name: &str, data: &str) {
        match data.trim() {
            _ if name == "error" => self.fail(complaint::told(data)),
            "" => {}
            "[DONE]" => self.complete(),
            json => self.take_document(json),
        }
    }

    /// Lines that are no event: bare JSON, which is an error as a rule, or `error: …`. Anything else
    /// is read over.
    fn take_stray(&mut self, lines: &str) {
        let mut rest = lines;
        while !rest.is_empty() {
            if let Some(error) = rest.strip_prefix("error:") {
                self.fail(complaint::told(error.trim()));
                return;
            }
            if rest.starts_with(['{', '[']) {
                self.take_documents(rest);
                return;
            }
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }

    /// Documents that follow each other.
    fn take_documents(&mut self, json: &str) {
        for document in serde_json::Deserializer::from_str(json).into_iter::<&RawValue>() {
            match document {
                Ok(document) => self.take_document(document.get()),
                Err(error) => self.fail(unreadable(&error)),
            }
            if self.end.is_some() {
                return;
            }
        }
    }

    /// A whole answer, a piece of one, an error, or a list of these.
    fn take_document(&mut self, json: &str) {
        if let Err(error) = serde_json::from_str::<IgnoredAny>(json) {
            self.fail(unreadable(&error));
        } else if json.trim_start().starts_with('[') {
            let mut list = serde_json::Deserializer::from_str(json);
            let taken = each(&mut list, |item: &RawValue| self.take_object(item.get()));
            if let Err(error) = taken {
                self.fail(unreadable(&error));
            }
        } else {
            self.take_object(json);
        }
    }

    fn take_object(&mut self, json: &str) {
        if self.end.is_some() {
            return;
        }
        // Without this check a list would be read as an object's fields in their order.
        if !json.trim_start().starts_with('{') {
            self.fail(unreadable(&"expected an object"));
            return;
        }
        if let Some(fault) = complaint::found(json) {
            self.fail(fault);
            return;
        }
        let read = match self.api {
            Api::Gemini => gemini::read(json),
            Api::OpenAi => openai::read(json),
            Api::Anthropic => anthropic::read(json),
        };
        match read {
            Ok(piece) => self.take_piece(piece),
            Err(error) => self.fail(unreadable(&error)),
        }
    }

    fn take_piece(&mut self, piece: Piece) {
        self.tally.update(piece.tally);
        self.text.push_str(&piece.text);
        match piece.finish {
            Some(Finish::Blocked) => {
                self.fail(Fault::new(Code::Blocked, Retry::Never, &piece.reason));
                return;
            }
            Some(Finish::Faulty) => {
                self.fail(Fault::new(Code::BadResponse, Retry::Backoff, &piece.reason));
                return;
            }
            Some(Finish::Stop | Finish::Cut) => self.finish = piece.finish,
            None => {}
        }
        if piece.is_last {
            self.complete();
        }
    }

    fn complete(&mut self) {
        self.end = Some(Ok(Completion {
            cut: self.finish == Some(Finish::Cut),
            usage: self.tally.usage(),
        }));
        self.body = Body::Left;
    }

    /// Ends the answer. The words of the document that ends it are withheld: they are not to be
    /// read, or the next attempt may find better ones.
    fn fail(&mut self, fault: Fault) {
        self.text.clear();
        self.end = Some(Err(fault));
        self.body = Body::Left;
    }
}

fn too_long() -> Fault {
    Fault::new(
        Code::BadResponse,
        Retry::Never,
        "more at a time than is held",
    )
}

fn unreadable(error: &dyn fmt::Display) -> Fault {
    let detail = format!("the answer is no JSON of this API: {error}");
    Fault::new(Code::BadResponse, Retry::Backoff, &detail)
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("is_over", &self.is_over)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests;
