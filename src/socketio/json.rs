//! The little of JSON that is looked at without parsing it.
//!
//! [`check`] is the judge of what is JSON. [`Cursor`] walks text that has passed it; on any other
//! text it ends early or gives nonsense, but it neither panics nor loops.

use std::borrow::Cow;

use memchr::{memchr2, memrchr};
use serde::de::{Deserializer, IgnoredAny, Visitor};

/// What JSON calls whitespace.
pub(crate) const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Whether `text` is one JSON value, however deeply nested: the scan does not recurse.
pub(crate) fn check(text: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<IgnoredAny>(text).map(|IgnoredAny| ())
}

/// Whether arrays and objects are nested more than `most` deep. Of text that is not JSON it may say
/// either.
#[inline]
pub(crate) fn is_deeper(text: &str, most: usize) -> bool {
    // Each level takes two bytes at least, so short texts need no look.
    text.len() / 2 > most && may_be_deeper(text, most) && is_nested(text, most)
}

/// Whether more than `most` brackets open; those in a string at the very end do not count, which is
/// often all that is long.
#[inline(never)]
fn may_be_deeper(text: &str, most: usize) -> bool {
    let open = text.trim_end_matches([']', '}']);
    let open = open.strip_suffix('"').and_then(|string| {
        let start = memrchr(b'"', string.as_bytes())?;
        string.get(..start)
    });
    let open = open.unwrap_or(text).as_bytes();
    // In ASCII the two differ in one bit, and nothing else differs from them in that bit alone.
    let opens = |byte: &u8| u8::from(byte | 0x20 == b'{');
    let count = |bytes: &[u8]| usize::from(bytes.iter().map(opens).sum::<u8>());
    // A block's count fits a byte, and so sixteen bytes are compared at a time.
    let (blocks, rest) = open.as_chunks::<128>();
    open.len() > most && blocks.iter().map(|block| count(block)).sum::<usize>() + count(rest) > most
}

fn is_nested(text: &str, most: usize) -> bool {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            // Brackets in a text do not count. One without an end is not JSON.
            b'"' => match string_length(&text[at..]) {
                Some(length) => at += length - 1,
                None => return false,
            },
            _ => {}
        }
        at += 1;
    }
    false
}

/// Whether a string token cannot have `text` between its quotes as it is.
///
/// Words overlap where the text is no whole number of them. Of a constant text the compiler knows
/// the answer.
#[inline]
pub(crate) fn needs_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() >= LONG {
        return long_needs_escapes(bytes);
    }
    if let Some((words, last)) = words(bytes) {
        return has_escape(*last) || words.iter().copied().any(has_escape);
    }
    let mut word = [b'a'; 8];
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        word[..4].copy_from_slice(first);
        word[4..].copy_from_slice(last);
    } else if let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
        word[..3].copy_from_slice(&[*first, bytes[bytes.len() / 2], *last]);
    }
    has_escape(word)
}

/// From this length on wide instructions are worth their beginning.
const LONG: usize = 96;

/// [`needs_escapes`] in two looks, each of which is fast: for two bytes, and for the least.
#[inline(never)]
fn long_needs_escapes(bytes: &[u8]) -> bool {
    if memchr2(b'"', b'\\', bytes).is_some() {
        return true;
    }
    let (blocks, rest) = bytes.as_chunks::<256>();
    let least = |bytes: &[u8]| bytes.iter().copied().fold(u8::MAX, u8::min);
    blocks.iter().any(|block| least(block) < b' ') || least(rest) < b' '
}

/// The whole words, and the last eight bytes.
#[inline]
fn words(bytes: &[u8]) -> Option<(&[[u8; 8]], &[u8; 8])> {
    Some((bytes.as_chunks().0, bytes.last_chunk()?))
}

/// [`needs_escapes`] for eight bytes at a time.
#[inline]
fn has_escape(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    // The highest bit of each byte that is below `least`, which is at most 128; a borrow from such
    // a byte may set more bits, but never the first.
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word;
    let word = u64::from_le_bytes(word);
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, b' ') | equal(b'"') | equal(b'\\')) & (ONES << 7) != 0
}

/// The length of the string token that `text` begins with, both quotes included.
pub(crate) fn string_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// What a string token (with its quotes) says. Lone surrogates become replacement characters.
pub(crate) fn string_text(token: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    struct Lossy;

    impl<'de> Visitor<'de> for Lossy {
        type Value = Cow<'de, str>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a string")
        }

        fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
            Ok(String::from_utf8_lossy(bytes))
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
            Ok(Cow::Owned(String::from_utf8_lossy(bytes).into_owned()))
        }
    }

    if token.bytes().any(|byte| byte < b' ') {
        // Reading as bytes, as below, would let control characters pass; this refuses them.
        return serde_json::from_str(token).map(Cow::Owned);
    }
    let mut json = serde_json::Deserializer::from_str(token);
    let text = json.deserialize_bytes(Lossy)?;
    json.end()?;
    Ok(text)
}

/// A piece of JSON. Commas, colons and whitespace between pieces are passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token<'a> {
    /// The beginning of an array.
    OpenArray,
    /// The beginning of an object.
    OpenObject,
    /// The end of an array or object.
    Close,
    /// A member's name, with its quotes.
    Key(&'a str),
    /// A string (with its quotes), number, boolean or null.
    Scalar(&'a str),
}

/// Walks through JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Begins at the start of `text`.
    pub(crate) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    /// Where the next token begins, separators passed over; the text's length at its end.
    pub(crate) fn position(&mut self) -> usize {
        let separator = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':');
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| separator(byte)).count();
        self.at
    }

    /// Goes on at `position`, which an earlier token had as its start or end.
    pub(crate) fn jump(&mut self, position: usize) {
        self.at = position;
    }

    /// Where the last token ended.
    pub(crate) fn end(&self) -> usize {
        self.at
    }

    /// Whether `token` comes next; the cursor stays.
    pub(crate) fn is_next(&mut self, token: &str) -> bool {
        let start = self.position();
        self.text[start..].starts_with(token)
    }

    /// The next token.
    pub(crate) fn token(&mut self) -> Option<Token<'a>> {
        let start = self.position();
        let rest = &self.text[start..];
        let (token, length) = match rest.as_bytes().first()? {
            b'[' => (Token::OpenArray, 1),
            b'{' => (Token::OpenObject, 1),
            b']' | b'}' => (Token::Close, 1),
            b'"' => {
                let length = string_length(rest)?;
                let (token, after) = rest.split_at_checked(length)?;
                match after.trim_start_matches(WHITESPACE).starts_with(':') {
                    true => (Token::Key(token), length),
                    false => (Token::Scalar(token), length),
                }
            }
            _ => {
                let ends = |c: char| WHITESPACE.contains(&c) || matches!(c, ',' | ']' | '}' | ':');
                let length = rest.find(ends).unwrap_or(rest.len());
                (Token::Scalar(&rest[..length]), length)
            }
        };
        self.at = start + length;
        Some(token)
    }

    /// Passes over one whole value and gives its text.
    pub(crate) fn value(&mut self) -> &'a str {
        let start = self.position();
        let mut open = 0_usize;
        while let Some(token) = self.token() {
            match token {
                Token::OpenArray | Token::OpenObject => open += 1,
                Token::Close => open = open.saturating_sub(1),
                Token::Key(_) | Token::Scalar(_) => {}
            }
            if open == 0 {
                break;
            }
        }
        &self.text[start..self.at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_seen_whatever_stands_around_it() {
        let nested = |depth: usize, inner: &str| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!("{open}{inner}{close}")
        };
        let brackets = "[{".repeat(300);
        for inner in ["", "1", r#""text""#, &format!(r#""{brackets}""#)] {
            for most in [0, 1, 127, 128, 129, 300] {
                assert!(!is_deeper(&nested(most, inner), most), "{most} {inner}");
                assert!(is_deeper(&nested(most + 1, inner), most), "{most} {inner}");
            }
        }
        let quoted = format!(r#"["a","\"{brackets}","{brackets}\\"]"#);
        assert!(!is_deeper(&quoted, 1));
        // Neighbours are not levels, and what follows does not hide any.
        let wide = format!("[{}0]", "[{}],".repeat(300));
        assert!(!is_deeper(&wide, 3));
        assert!(is_deeper(&wide, 2));
        assert!(is_deeper(&format!(r#"[{},"end"]"#, nested(200, "")), 200));
    }
}
