//! The secret that a service knows its customer by.

use std::borrow::Cow;
use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// What is printed instead of a key.
const REDACTED: &str = "[redacted]";

/// How much of a key at the end of a text is taken for one that was cut off there.
const SHORTEST_CUT: usize = 4;

/// A key for a provider's service.
///
/// It prints as `[redacted]`, is wiped from memory when dropped, and leaves the program in one
/// request header alone. Its form is the provider's affair: any visible ASCII is accepted.
#[derive(Clone)]
pub struct Key(SecretString);

impl Key {
    /// Takes a key as it stands in a file or a variable; white space around it does not count.
    pub fn new(text: impl Into<String>) -> Result<Key, InvalidKey> {
        let text = SecretString::from(text.into());
        let key = text.expose_secret().trim();
        if key.is_empty() {
            return Err(InvalidKey::Empty);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidKey::Characters);
        }
        Ok(Key(SecretString::from(key)))
    }

    /// `text` with `[redacted]` in every place where it holds the key: as it is, in other
    /// letter case, percent-encoded, with JSON's escapes, or cut off by the text's end.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = String::new();
        // Everything before `copied` is in `clean`.
        let (mut copied, mut at) = (0, 0);
        while at < text.len() {
            let Some(length) = self.length_in(&text.as_bytes()[at..]) else {
                at += 1;
                continue;
            };
            // A key is ASCII, so these are borders of characters.
            clean.push_str(&text[copied..at]);
            clean.push_str(REDACTED);
            at += length;
            copied = at;
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(&text[copied..]);
        Cow::Owned(clean)
    }

    /// The value of the header that carries the key.
    pub(super) fn header(&self, prefix: &str) -> HeaderValue {
        let value = format!("{prefix}{}", self.0.expose_secret());
        let mut value = HeaderValue::try_from(value).expect("keys are visible ASCII");
        value.set_sensitive(true);
        value
    }

    /// How many bytes of `text` are a spelling of the key that begins there, if one does.
    fn length_in(&self, text: &[u8]) -> Option<usize> {
        let key = self.0.expose_secret().as_bytes();
        if text.starts_with(key) {
            return Some(key.len());
        }
        let mut rest = text;
        for (matched, expected) in key.iter().enumerate() {
            match spelt(rest) {
                Spelt::Byte(byte, length) if byte.eq_ignore_ascii_case(expected) => {
                    rest = &rest[length..];
                }
                _ if rest.first() == Some(expected) => rest = &rest[1..],
                Spelt::CutOff if matched >= SHORTEST_CUT => return Some(text.len()),
                Spelt::Byte(..) | Spelt::CutOff => return None,
            }
        }
        Some(text.len() - rest.len())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Why a text cannot be a key. It does not repeat the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidKey {
    /// Nothing but white space.
    #[error("expected a key, found nothing")]
    Empty,
    /// A key goes into a header, which cannot carry everything.
    #[error("expected one word of visible ASCII characters")]
    Characters,
}

/// How a text spells its next byte.
enum Spelt {
    /// This byte, in so many bytes of text.
    Byte(u8, usize),
    /// The text ends before it is spelt out.
    CutOff,
}

/// Reads one byte that may be percent-encoded or escaped as in JSON.
fn spelt(text: &[u8]) -> Spelt {
    let (digits, length) = match text {
        [] | [b'\\'] => return Spelt::CutOff,
        [b'%', digits @ ..] => (digits.get(..2), 3),
        [b'\\', b'u', digits @ ..] => (digits.get(..4), 6),
        [b'\\', byte, ..] => return Spelt::Byte(*byte, 2),
        [byte, ..] => return Spelt::Byte(*byte, 1),
    };
    let Some(digits) = digits else {
        return Spelt::CutOff;
    };
    let value = str::from_utf8(digits)
        .ok()
        .and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match value {
        Some(byte) => Spelt::Byte(byte, length),
        None => Spelt::Byte(text[0], 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    #[test]
    fn a_key_is_one_visible_word() {
        let table = [
            ("", Some(InvalidKey::Empty)),
            (" \r\n", Some(InvalidKey::Empty)),
            ("a b", Some(InvalidKey::Characters)),
            ("a\nb", Some(InvalidKey::Characters)),
            ("a\u{0}b", Some(InvalidKey::Characters)),
            ("“quoted”", Some(InvalidKey::Characters)),
            ("AQ.Ab_c-d", None),
            ("\tsk-1 \n", None),
        ];
        for (text, expected) in table {
            assert_eq!(Key::new(text).err(), expected, "{text:?}");
        }
        assert_eq!(key("\tsk-1 \n").header("Bearer "), "Bearer sk-1");
    }

    #[test]
    fn a_key_does_not_print() {
        let key = key("sk-secret");
        assert_eq!(format!("{key:?}"), "[redacted]");
        assert_eq!(format!("{:?}", key.header("Bearer ")), "Sensitive");
    }

    #[test]
    fn a_key_is_redacted_however_it_is_spelt() {
        let table = [
            ("nothing", "nothing"),
            ("", ""),
            ("a sk+1/2=z b", "a [redacted] b"),
            ("sk+1/2=zsk+1/2=z", "[redacted][redacted]"),
            ("ssk+1/2=z", "s[redacted]"),
            ("?key=sk%2B1%2f2%3Dz&alt", "?key=[redacted]&alt"),
            ("%73%6B%2B%31%2F%32%3D%7A", "[redacted]"),
            (r"sk\u002b1\/2\u003Dz!", "[redacted]!"),
            ("🦀sk+1/2=z🦀", "🦀[redacted]🦀"),
            ("SK+1/2=Z, Sk%2b1/2=%5A", "[redacted], [redacted]"),
            // Cut off by a limit.
            ("it was sk+1/2", "it was [redacted]"),
            ("it was sk%2B1%2", "it was [redacted]"),
            (r"it was sk+1\u00", "it was [redacted]"),
            // Too little to be one.
            ("it was sk+", "it was sk+"),
            ("sk+1/2 more", "sk+1/2 more"),
            ("100%", "100%"),
            ("sk%zz", "sk%zz"),
        ];
        let key = key("sk+1/2=z");
        for (text, expected) in table {
            assert_eq!(key.redact(text), expected, "{text}");
        }
    }

    #[test]
    fn a_key_with_an_escape_in_it_is_redacted_too() {
        for secret in ["a%41b", "a%25b", r"a\u0041", r"a\\b"] {
            assert_eq!(key(secret).redact(&format!("<{secret}>")), "<[redacted]>");
        }
        assert_eq!(key("a%41b").redact("<a%2541b>"), "<[redacted]>");
    }

    /// Spells a byte in one of four ways.
    fn spell(byte: u8, way: u8) -> String {
        match way {
            0 => format!("%{byte:02x}"),
            1 => format!("\\u{byte:04X}"),
            2 if byte.is_ascii_punctuation() => format!("\\{}", char::from(byte)),
            _ => char::from(byte).to_string(),
        }
    }

    proptest! {
        #[test]
        fn no_spelling_of_a_key_is_left(
            before in "[^%\\\\]{0,9}",
            ways in proptest::collection::vec(0_u8..8, 9),
            kept in 4_usize..=9,
            after in ".{0,9}",
        ) {
            let spelt = |length: usize| -> String {
                let bytes = b"sk+1/2=z!".iter().zip(&ways).take(length);
                bytes.map(|(byte, way)| spell(*byte, *way)).collect()
            };
            let key = key("sk+1/2=z!");
            let text = format!("{before}{}{after}", spelt(9));
            prop_assert_eq!(key.redact(&text), format!("{before}[redacted]{}", key.redact(&after)));
            let text = format!("{before}{}", spelt(kept));
            prop_assert_eq!(key.redact(&text), format!("{before}[redacted]"));
        }
    }
}
