//! Positions of a log as clients see them.

/// In the order of their bytes, so that a greater offset is a greater text.
const ALPHABET: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// How many symbols tell one log from another.
const TAG: usize = 6;

/// How many symbols the largest number takes.
const DIGITS: usize = 11;

/// What the offsets of one log begin with, and how they are written and read.
///
/// An offset is the tag, then the number of digits as one symbol, then the digits: it grows with the
/// position, as a number and as a text. An offset of another log, or one that an application made up,
/// is not taken for one of this log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag([u8; TAG]);

impl Tag {
    /// A tag from random bits, of which 36 are used.
    pub fn new(random: u64) -> Tag {
        let symbol = |at: usize| ALPHABET[(random >> (6 * at)) as usize % 64];
        Tag(std::array::from_fn(symbol))
    }

    /// The offset of a position. It needs no escape in JSON.
    pub fn write(&self, position: u64) -> String {
        let digits = position.checked_ilog2().unwrap_or(0) as usize / 6 + 1;
        let mut text = String::with_capacity(TAG + 1 + digits);
        text.extend(self.0.iter().copied().map(char::from));
        text.push(char::from(ALPHABET[digits]));
        for at in (0..digits).rev() {
            text.push(char::from(ALPHABET[(position >> (6 * at)) as usize % 64]));
        }
        text
    }

    /// The position that [`write`](Tag::write) wrote so; `None` for any other text.
    pub fn read(&self, text: &str) -> Option<u64> {
        let number = text.as_bytes().strip_prefix(&self.0)?;
        let (&length, digits) = number.split_first()?;
        let value_of = |symbol: u8| ALPHABET.binary_search(&symbol).ok();
        if digits.len() > DIGITS || value_of(length) != Some(digits.len()) {
            return None;
        }
        digits.iter().try_fold(0_u64, |number, &symbol| {
            number
                .checked_mul(64)?
                .checked_add(value_of(symbol)? as u64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_grows() {
        let tag = Tag::new(0x0123_4567_89ab_cdef);
        let mut numbers = vec![0, 1, 62, 63, 64, 65, 4095, 4096, u64::MAX - 1, u64::MAX];
        numbers.extend((0..64).map(|bit| 1_u64 << bit));
        numbers.sort_unstable();
        numbers.dedup();
        let texts: Vec<_> = numbers.iter().map(|&number| tag.write(number)).collect();
        for (number, text) in numbers.iter().zip(&texts) {
            assert_eq!(tag.read(text), Some(*number), "{text}");
        }
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(tag.write(5).len(), 8);
    }

    #[test]
    fn anything_else_is_no_offset() {
        let (tag, other) = (Tag::new(1), Tag::new(2));
        let good = tag.write(77);
        for text in [
            "",
            "abc",
            &other.write(77),
            &good[..good.len() - 1],
            &format!("{good}-"),
            &format!("{}!", &good[..good.len() - 1]),
            &tag.write(u64::MAX).replace("Ezzz", "Fzzz"),
            &format!("{}zzzzzzzzzzzzz", &good[..6]),
        ] {
            assert_eq!(tag.read(text), None, "{text:?}");
        }
    }
}
