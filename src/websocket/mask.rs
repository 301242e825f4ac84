//! The mask on what clients send (RFC 6455, 5.3): it hides nothing, it keeps proxies from being misled.

/// Takes the mask off, or puts it on. The first byte meets the mask's first.
///
/// It is written so that the compiler can use vectors for it.
#[inline]
pub(super) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (at, byte) in rest.iter_mut().enumerate() {
        *byte ^= mask[at & 3];
    }
}

/// The mask for what follows after `taken` bytes.
pub(super) fn shift(mut mask: [u8; 4], taken: usize) -> [u8; 4] {
    mask.rotate_left(taken & 3);
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_meets_its_byte_of_the_mask() {
        let mask = [0x37, 0xFA, 0x21, 0x3D];
        for length in 0..67 {
            let plain: Vec<u8> = (0..length).collect();
            let expected: Vec<u8> = plain
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask)
                .collect();
            let mut masked = plain.clone();
            unmask(&mut masked, mask);
            assert_eq!(masked, expected);
            for cut in 0..=masked.len() {
                let mut again = masked.clone();
                let (one, other) = again.split_at_mut(cut);
                unmask(one, mask);
                unmask(other, shift(mask, cut));
                assert_eq!(again, plain, "cut at {cut}");
            }
        }
    }
}
