//! Which known name somebody may have meant.

/// A longer name is none of ours, and not compared.
const LONGEST: usize = 100;

/// The known name that is nearest to this one, if one is near enough to be a slip of the hand.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let close = name.chars().count() / 3;
    if name.len() > LONGEST {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= close.clamp(1, 4))
        .map(|(_, candidate)| candidate)
}

/// How many characters must be added, removed, replaced or swapped with their neighbour to make one
/// of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // `rows[i][j]` is the distance of the first i characters from the first j.
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let is_same = one[i - 1] == other[j - 1];
            let replaced = rows[i - 1][j - 1] + usize::from(!is_same);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised_and_a_foreign_name_is_not() {
        let known = [
            "port",
            "host",
            "engine.ping_interval",
            "engine.ping_timeout",
        ];
        let rows = [
            ("prot", Some("port")),
            ("part", Some("port")),
            ("log", None),
            ("pot", Some("port")),
            ("hosts", Some("host")),
            ("engine.ping_intervall", Some("engine.ping_interval")),
            ("engine.pingtimeout", Some("engine.ping_timeout")),
            ("engine.colour", None),
            ("", None),
        ];
        for (name, expected) in rows {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn distances_count_single_characters() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("ab", "ba", 1),
            ("abcd", "badc", 2),
            ("kitten", "sitting", 3),
            ("zä", "zo", 1),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
