//! One attempt at an answer that failed: what the asker may be told, whether trying again can help,
//! and what the log should hold.

use std::fmt;
use std::time::Duration;

use super::failure::Failure;
use super::text::beginning;

/// The longest detail in bytes.
const MAX_DETAIL: usize = 500;

/// Stands for what a detail leaves out.
const ELLIPSIS: &str = "…";

/// Why an attempt gave no answer, or only a part of one.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    /// What the asker is told if there is no further attempt.
    pub failure: Failure,
    /// Whether another attempt can help. Nobody tries again once a part of the answer was sent on.
    pub retry: Retry,
    /// The provider's own words, at most 500 bytes on one line. They are for the log alone, after
    /// the key was blotted out of them; so `Debug` does not print them.
    pub detail: String,
}

/// Whether another attempt can help, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// It cannot.
    Never,
    /// It can, after a wait of our own choice.
    Backoff,
    /// It can, after the wait that the provider asks for.
    After(Duration),
}

impl Fault {
    /// A fault with as much of `detail` as fits.
    ///
    /// A detail is cut between words: half a key could not be found and blotted out any more.
    pub fn new(failure: impl Into<Failure>, retry: Retry, detail: &str) -> Fault {
        Fault {
            failure: failure.into(),
            retry,
            detail: bounded(detail),
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("failure", &self.failure)
            .field("retry", &self.retry)
            .field("detail", &format_args!("{} bytes", self.detail.len()))
            .finish()
    }
}

/// The beginning of `detail`, on one line.
fn bounded(detail: &str) -> String {
    let detail = detail.trim();
    let is_gap = |c: char| c.is_whitespace() || c.is_control();
    let kept = if detail.len() <= MAX_DETAIL {
        detail
    } else {
        let kept = beginning(detail, MAX_DETAIL - ELLIPSIS.len());
        let is_whole = detail[kept.len()..].starts_with(is_gap);
        match kept.rfind(is_gap) {
            _ if is_whole => kept,
            Some(gap) => &kept[..gap],
            None => "",
        }
    };
    let mut line: String = kept
        .chars()
        .map(|c| if is_gap(c) { ' ' } else { c })
        .collect();
    if kept.len() < detail.len() {
        line.push_str(ELLIPSIS);
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ai::failure::Code;

    fn detail(text: &str) -> String {
        Fault::new(Code::Internal, Retry::Never, text).detail
    }

    #[test]
    fn a_detail_is_one_bounded_line_that_cuts_no_word() {
        let word = "x".repeat(490);
        let table = [
            (" short\r\n".to_owned(), "short".to_owned()),
            ("a\nb\tc\0d".to_owned(), "a b c d".to_owned()),
            ("y".repeat(500), "y".repeat(500)),
            ("y".repeat(501), "…".to_owned()),
            (format!("{word} sk-123456789"), format!("{word}…")),
            (format!("{word} sk-123 and more"), format!("{word} sk-123…")),
        ];
        for (text, expected) in table {
            assert_eq!(detail(&text), expected);
        }
    }

    #[test]
    fn debug_output_shows_no_detail() {
        let fault = Fault::new(Code::Misconfigured, Retry::Never, "the key sk-123 is wrong");
        let shown = format!("{fault:?}");
        assert!(
            shown.contains("23 bytes") && !shown.contains("sk-123"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn a_detail_is_short_and_printable(text in "(?s).{0,900}") {
            let detail = detail(&text);
            prop_assert!(detail.len() <= MAX_DETAIL);
            prop_assert!(!detail.contains(char::is_control));
        }
    }
}
