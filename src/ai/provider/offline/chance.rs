//! Coins and dice, thrown with a seed.

/// The most dice in one throw.
const MAX_DICE: u64 = 20;
/// The most sides of a die.
const MAX_SIDES: u64 = 1_000;

/// Throws a coin.
pub(super) fn coin(seed: u64) -> &'static str {
    if Throws(seed).below(2) == 0 {
        "Heads."
    } else {
        "Tails."
    }
}

/// Throws the dice that the words of a question name: `2d6`, `d20`, `3 dice`, `a die`.
pub(super) fn dice<'a>(words: impl Iterator<Item = &'a str>, seed: u64) -> Option<String> {
    let (count, sides) = named_dice(words)?;
    let mut throws = Throws(seed);
    let thrown: Vec<u64> = (0..count).map(|_| throws.below(sides) + 1).collect();
    let sum: u64 = thrown.iter().sum();
    if let [one] = thrown[..] {
        return Some(format!("You rolled {one}."));
    }
    let each: Vec<String> = thrown.iter().map(u64::to_string).collect();
    Some(format!("You rolled {} = {sum}.", each.join(" + ")))
}

/// How many dice, and of how many sides.
fn named_dice<'a>(words: impl Iterator<Item = &'a str>) -> Option<(u64, u64)> {
    let mut count = 1;
    for word in words {
        if matches!(word, "die" | "dice") {
            return Some((count, 6));
        }
        if let Some((number, sides)) = word.split_once('d')
            && let Ok(sides) = sides.parse::<u64>()
            && let Ok(number) = if number.is_empty() {
                Ok(1)
            } else {
                number.parse::<u64>()
            }
        {
            return Some((number.clamp(1, MAX_DICE), sides.clamp(2, MAX_SIDES)));
        }
        count = word.parse::<u64>().unwrap_or(count).clamp(1, MAX_DICE);
    }
    None
}

/// Numbers from a seed (the SplitMix64 sequence).
struct Throws(u64);

impl Throws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // For bounds as small as these the remainder is as good as fair.
        (mixed ^ (mixed >> 31)) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_are_named_in_several_ways_and_bounded() {
        let table = [
            ("roll a die", Some((1, 6))),
            ("roll the dice", Some((1, 6))),
            ("roll 3 dice", Some((3, 6))),
            ("roll 2d6", Some((2, 6))),
            ("roll d20", Some((1, 20))),
            ("roll 0d0", Some((1, 2))),
            ("roll 999999d999999", Some((20, 1_000))),
            ("roll 99999999999999999999999 dice", Some((1, 6))),
            ("roll over", None),
            ("roll d", None),
        ];
        for (words, expected) in table {
            assert_eq!(named_dice(words.split(' ')), expected, "{words}");
        }
    }

    #[test]
    fn every_side_comes_up_and_no_other() {
        let throw = |seed| dice(["die"].into_iter(), seed).unwrap();
        let sides: std::collections::BTreeSet<String> = (0..200).map(throw).collect();
        let expected: Vec<String> = (1..=6).map(|side| format!("You rolled {side}.")).collect();
        assert_eq!(sides.into_iter().collect::<Vec<_>>(), expected);
        let coins: std::collections::BTreeSet<&str> = (0..50).map(coin).collect();
        assert_eq!(coins.len(), 2);
    }

    #[test]
    fn the_same_seed_throws_the_same() {
        assert_eq!(dice(["3d6"].into_iter(), 7), dice(["3d6"].into_iter(), 7));
    }
}
