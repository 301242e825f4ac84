//! Text that people wrote or were told: cheap to share, and kept out of the log by its type.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;

/// A prompt, an answer, or a part of one.
///
/// A clone shares the bytes. Its `Debug` form gives the length alone, and there is no `Display`,
/// so that no log line holds what was said unless somebody writes it there on purpose.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Text(Arc<str>);

impl Text {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text(text.into())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

/// The longest beginning of `text` that has at most `max_bytes` bytes, in whole characters.
pub(super) fn beginning(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let boundary = (0..=max_bytes).rev().find(|at| text.is_char_boundary(*at));
    &text[..boundary.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_holds_whole_characters() {
        let table = [
            ("", 0, ""),
            ("abc", 2, "ab"),
            ("abc", 9, "abc"),
            ("a🦀b", 4, "a"),
            ("🦀", 4, "🦀"),
        ];
        for (text, max_bytes, expected) in table {
            assert_eq!(beginning(text, max_bytes), expected);
        }
    }

    #[test]
    fn what_was_said_does_not_appear_in_debug_output() {
        assert_eq!(format!("{:?}", Text::from("my secret")), "Text(9 bytes)");
    }
}
