//! Which numbers of a row of messages have come: what is missing, late, or there twice.

use std::collections::BTreeSet;

/// How a message stands to those that came before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// It is the next, or later ones are missing before it.
    Fresh,
    /// A later one came before it.
    Late,
    /// It came before.
    Again,
}

/// Which numbers of a row of messages have come.
#[derive(Clone, Default, Debug)]
pub(crate) struct Sequence {
    /// All below have come or are missing.
    next: u64,
    missing: BTreeSet<u64>,
}

impl Sequence {
    /// A row whose first number is this one.
    pub(crate) fn starting_at(next: u64) -> Sequence {
        Sequence {
            next,
            missing: BTreeSet::new(),
        }
    }

    /// Enters a number that came.
    pub(crate) fn note(&mut self, number: u64) -> Place {
        if number >= self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
            return Place::Fresh;
        }
        match self.missing.remove(&number) {
            true => Place::Late,
            false => Place::Again,
        }
    }

    /// How many of the first `sent` have not come.
    pub(crate) fn lacks(&self, sent: u64) -> u64 {
        self.gaps() + sent.saturating_sub(self.next)
    }

    /// How many have not come although later ones have.
    pub(crate) fn gaps(&self) -> u64 {
        self.missing.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_tells_late_from_again() {
        let mut sequence = Sequence::default();
        let places = [0, 2, 1, 1, 2, 5].map(|number| sequence.note(number));
        use Place::{Again, Fresh, Late};
        assert_eq!(places, [Fresh, Fresh, Late, Again, Again, Fresh]);
        assert_eq!(sequence.lacks(6), 2);
        assert_eq!(sequence.lacks(8), 4);
    }
}
