//! Where a history's choices come from: a seed, or the bytes of a fuzzer.

/// A source of choices; the same source gives the same choices.
pub(crate) enum Dice {
    /// SplitMix64.
    Seed(u64),
    /// A fuzzer's input; when it is used up, every choice is the first.
    Bytes { bytes: Vec<u8>, at: usize },
}

impl Dice {
    pub(crate) fn seeded(seed: u64) -> Dice {
        Dice::Seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Dice {
        Dice::Bytes {
            bytes: bytes.to_vec(),
            at: 0,
        }
    }

    /// A number from 0 to `limit - 1`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        let number = match self {
            Dice::Seed(state) => {
                *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = *state;
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                (z >> 32) as u32
            }
            Dice::Bytes { bytes, at } => {
                let mut take = || {
                    let byte = bytes.get(*at).copied().unwrap_or(0);
                    *at += 1;
                    u32::from(byte)
                };
                let low = take();
                if limit > 256 { low | take() << 8 } else { low }
            }
        };
        number % limit
    }

    /// Whether something happens that happens `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        // The first choice is that it does not, so that a used up input comes to an end.
        self.below(100) >= 100 - percent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let len = u32::try_from(from.len()).expect("tables of choices are short");
        &from[self.below(len) as usize]
    }

    /// Bytes without any form, at most `limit`.
    pub(crate) fn junk(&mut self, limit: u32) -> Vec<u8> {
        let len = self.below(limit);
        (0..len).map(|_| self.below(256) as u8).collect()
    }

    /// Whether a fuzzer's input is used up; a seed never is.
    pub(crate) fn is_spent(&self) -> bool {
        match self {
            Dice::Seed(_) => false,
            Dice::Bytes { bytes, at } => *at >= bytes.len(),
        }
    }
}
