//! Placeholders as clients write them, which are told without parsing anything.

#[cfg(test)]
mod tests;

use super::{Content, Span, Spans};

/// A placeholder as every client writes it, but for its number.
///
/// Reference: socket.io-parser 4.2, `binary.ts`.
const FORM: [u8; 29] = *br#"{"_placeholder":true,"num":0}"#;

/// Where in [`FORM`] the number stands.
const NUMBER: usize = 27;

/// The longest number that is read here, in digits.
const LONGEST_NUMBER: usize = 15;

/// The placeholder for the attachment with this number, which has one digit.
#[inline]
pub(in crate::socketio) fn usual(digit: u8) -> [u8; 29] {
    let mut text = FORM;
    text[NUMBER] = b'0' + digit;
    text
}

/// Finds the placeholders in the arguments that stand after `start` in the array `json`, if these
/// are nothing but usual placeholders, texts without escapes, small whole numbers, `true`, `false`
/// and `null`, without whitespace between them.
///
/// `json` is valid then, provided that it is up to `start`, and [`find`](super::find) would give
/// the same. `None` says nothing about it.
pub(in crate::socketio) fn find_usual(
    json: &str,
    start: usize,
    attachments: usize,
) -> Option<Spans> {
    let json = json.as_bytes();
    let array = Span {
        start: 0,
        end: json.len(),
        content: Content::Array,
    };
    let mut spans = Spans::Listed(Vec::new());
    let mut rest = json.get(start..)?;
    let mut follows = start > 1;
    while rest != b"]" {
        if follows {
            rest = rest.strip_prefix(b",")?;
        }
        follows = true;
        let start = json.len() - rest.len();
        let (length, number) = match placeholder(rest, attachments) {
            Some(number) => (FORM.len(), Some(number)),
            None => (plain_length(rest)?, None),
        };
        rest = rest.get(length..)?;
        if let Some(number) = number {
            let span = Span {
                start,
                end: start + length,
                content: Content::Attachment(number),
            };
            spans = match spans {
                Spans::Listed(spans) if spans.is_empty() => Spans::Two([array, span]),
                Spans::Listed(mut spans) => {
                    spans.push(span);
                    Spans::Listed(spans)
                }
                Spans::Two([array, first]) => Spans::Listed(vec![array, first, span]),
            };
        }
    }
    Some(spans)
}

/// The number of the usual placeholder that `rest` begins with.
#[inline]
fn placeholder(rest: &[u8], attachments: usize) -> Option<usize> {
    let text = rest.first_chunk::<{ FORM.len() }>()?;
    let digit = text[NUMBER].wrapping_sub(b'0');
    let is_usual = digit < 10 && *text == usual(digit) && usize::from(digit) < attachments;
    is_usual.then_some(digit.into())
}

/// The length of the text, number or word that `rest` begins with.
fn plain_length(rest: &[u8]) -> Option<usize> {
    if let Some(text) = rest.strip_prefix(b"\"") {
        let is_special = |byte: &u8| matches!(byte, ..b' ' | b'"' | b'\\');
        let length = text.iter().position(is_special)?;
        return (text[length] == b'"').then_some(length + 2);
    }
    let length = rest.iter().position(|byte| matches!(byte, b',' | b']'))?;
    let is_plain = match &rest[..length] {
        b"true" | b"false" | b"null" | b"0" => true,
        [b'1'..=b'9', digits @ ..] => {
            digits.len() < LONGEST_NUMBER && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    is_plain.then_some(length)
}
