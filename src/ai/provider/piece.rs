//! What one JSON document of an answer says, in no provider's words.

use super::{Unit, Usage};

/// A whole answer, or a part of one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Piece {
    /// The next words; the model's thoughts are not among them.
    pub(super) text: String,
    /// Why the answer ends, if that is said.
    pub(super) finish: Option<Finish>,
    /// The same in the provider's words, for the log.
    pub(super) reason: String,
    /// What it cost so far, if that is said.
    pub(super) tally: Tally,
    /// Whether nothing comes after this.
    pub(super) is_last: bool,
}

/// Why an answer ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Finish {
    /// It is complete. A reason that nobody knows yet counts as this one: the words are there, and
    /// an answer without any is a failure in any case.
    Stop,
    /// It reached a greatest length.
    Cut,
    /// The provider's rules forbid it.
    Blocked,
    /// The model made a mistake.
    Faulty,
}

/// Tokens, as far as they were told. They count from the beginning of the answer each time, so the
/// last ones stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
}

impl Tally {
    /// The sum of the counts that were told.
    pub(super) fn sum<const N: usize>(counts: [Option<u64>; N]) -> Option<u64> {
        counts.into_iter().flatten().reduce(u64::saturating_add)
    }

    /// Lets what `later` tells stand instead.
    pub(super) fn update(&mut self, later: Tally) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
    }

    pub(super) fn usage(self) -> Option<Usage> {
        if self == Tally::default() {
            return None;
        }
        Some(Usage {
            input: self.input.unwrap_or(0),
            output: self.output.unwrap_or(0),
            unit: Unit::Tokens,
        })
    }
}
