//! Where in a binary packet's JSON the attachments belong.
//!
//! A placeholder is an object whose member `_placeholder` is `true`; its `num` is the attachment's
//! index. Other members do not matter, nor does the order (Socket.IO protocol, "Packet encoding";
//! reference: socket.io-parser 4.2).
//!
//! [`find`] gives the placeholders and the containers around them as [`Span`]s, in the order of
//! their beginnings. With these at hand, `args` can read the text front to back and hand out bytes
//! where they belong, without a tree and without looking ahead. [`find_usual`] does the same, in
//! one glance, for placeholders as clients write them.

#[cfg(test)]
mod tests;
mod usual;

use std::ops::Deref;

use thiserror::Error;

use super::json::{self, Cursor, Token};

pub(super) use usual::{find_usual, usual};

/// How deeply placeholders may be nested: what `serde_json` allows in typed values as well.
pub(super) const MAX_DEPTH: usize = 128;

/// Why a placeholder cannot be filled.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PlaceholderError {
    /// `num` is missing, not a number, negative, fractional or beyond the attachments.
    #[error("a placeholder's num must be a whole number below {attachments}")]
    NoSuchAttachment {
        /// How many attachments the packet has.
        attachments: usize,
    },
    /// A placeholder inside more arrays and objects than we follow.
    #[error("a placeholder is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
}

/// A placeholder, or an array or object that has one somewhere inside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) content: Content,
}

/// The spans of one packet, in the order of their beginnings; most packets need no list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Spans {
    /// One placeholder among the arguments, and the array of these around it.
    Two([Span; 2]),
    /// Any number, also none.
    Listed(Vec<Span>),
}

impl Deref for Spans {
    type Target = [Span];

    #[inline]
    fn deref(&self) -> &[Span] {
        match self {
            Spans::Two(spans) => spans,
            Spans::Listed(spans) => spans,
        }
    }
}

/// What stands at a [`Span`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    Attachment(usize),
    Array,
    Object,
}

/// Finds the placeholders in `json`, which must be valid JSON.
///
/// Does not recurse, and keeps at most [`MAX_DEPTH`] open containers: deeper ones are only
/// searched for placeholders.
pub(crate) fn find(json: &str, attachments: usize) -> Result<Vec<Span>, PlaceholderError> {
    let mut search = Search {
        attachments,
        ..Search::default()
    };
    let mut cursor = Cursor::new(json);
    loop {
        let start = cursor.position();
        let Some(token) = cursor.token() else {
            return Ok(search.spans);
        };
        search.handle(token, start, cursor.end())?;
    }
}

#[derive(Default)]
struct Search<'a> {
    attachments: usize,
    open: Vec<Open<'a>>,
    /// How many containers are open beyond [`MAX_DEPTH`].
    deeper: usize,
    /// The member whose value comes next.
    member: Member,
    spans: Vec<Span>,
}

/// An array or object whose end has not been seen.
struct Open<'a> {
    start: usize,
    content: Content,
    /// Whether its last `_placeholder` so far was `true`: of equal names the last one counts.
    is_placeholder: bool,
    /// The last scalar named `num`.
    num: Option<&'a str>,
    /// Its index among the spans, once something inside it is one.
    span: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Member {
    Placeholder,
    Num,
    #[default]
    Other,
}

impl<'a> Search<'a> {
    fn handle(
        &mut self,
        token: Token<'a>,
        start: usize,
        end: usize,
    ) -> Result<(), PlaceholderError> {
        if let Token::Key(key) = token {
            self.member = Member::of(key);
            return Ok(());
        }
        let member = std::mem::take(&mut self.member);
        match token {
            Token::OpenArray | Token::OpenObject => {
                self.note(member, "");
                let content = if token == Token::OpenArray {
                    Content::Array
                } else {
                    Content::Object
                };
                if self.open.len() == MAX_DEPTH {
                    self.deeper += 1;
                } else {
                    let (is_placeholder, num, span) = (false, None, None);
                    self.open.push(Open {
                        start,
                        content,
                        is_placeholder,
                        num,
                        span,
                    });
                }
            }
            Token::Close if self.deeper > 0 => self.deeper -= 1,
            Token::Close => self.close(end)?,
            Token::Scalar("true") if self.deeper > 0 && member == Member::Placeholder => {
                return Err(PlaceholderError::TooDeep);
            }
            Token::Scalar(value) => self.note(member, value),
            Token::Key(_) => {}
        }
        Ok(())
    }

    /// Takes down a member of the innermost container.
    fn note(&mut self, member: Member, value: &'a str) {
        if self.deeper > 0 {
            return;
        }
        let Some(open) = self.open.last_mut() else {
            return;
        };
        match member {
            Member::Placeholder => open.is_placeholder = value == "true",
            Member::Num => open.num = Some(value),
            Member::Other => {}
        }
    }

    fn close(&mut self, end: usize) -> Result<(), PlaceholderError> {
        let Some(closed) = self.open.pop() else {
            return Ok(());
        };
        if !closed.is_placeholder {
            if let Some(span) = closed.span {
                self.spans[span].end = end;
            }
            return Ok(());
        }
        let num = closed.num.and_then(|num| index(num, self.attachments));
        let attachments = self.attachments;
        let num = num.ok_or(PlaceholderError::NoSuchAttachment { attachments })?;
        // Placeholders inside a placeholder vanish with it.
        self.spans.truncate(closed.span.unwrap_or(self.spans.len()));
        for open in self.open.iter_mut().filter(|open| open.span.is_none()) {
            open.span = Some(self.spans.len());
            self.spans.push(Span {
                start: open.start,
                end,
                content: open.content,
            });
        }
        let content = Content::Attachment(num);
        self.spans.push(Span {
            start: closed.start,
            end,
            content,
        });
        Ok(())
    }
}

impl Member {
    fn of(key: &str) -> Member {
        match key {
            r#""_placeholder""# => return Member::Placeholder,
            r#""num""# => return Member::Num,
            key if !key.contains('\\') => return Member::Other,
            _ => {}
        }
        match json::string_text(key).as_deref() {
            Ok("_placeholder") => Member::Placeholder,
            Ok("num") => Member::Num,
            _ => Member::Other,
        }
    }
}

/// The index that a number's text stands for; `1.0` and `1e0` are 1, as in JavaScript.
fn index(num: &str, attachments: usize) -> Option<usize> {
    if let Ok(index) = num.parse::<usize>() {
        return (index < attachments).then_some(index);
    }
    let number = num.parse::<f64>().ok()?;
    let is_index = number.fract() == 0.0 && (0.0..attachments as f64).contains(&number);
    is_index.then_some(number as usize)
}
