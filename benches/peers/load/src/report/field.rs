//! An earlier sitting of the field, and where the peers' ratios to each other are now different.
//!
//! Ratios within a sitting hold better than figures; one that moves by more than a quarter says that
//! a version, the machine or the bench has changed.

use std::fmt::Write as _;

use super::summary::Summary;
use super::tables::number;
use crate::modes::Mode;
use crate::servers::FLOOR;

const MODES: [Mode; 10] = [
    Mode::Echo,
    Mode::Echo1,
    Mode::EchoKib,
    Mode::Ack,
    Mode::Binary,
    Mode::Broadcast,
    Mode::Broadcast1,
    Mode::Connect,
    Mode::Upgrade,
    Mode::Polling,
];

/// Not measured.
const NONE: f64 = f64::NAN;

/// Lowest µs in November 2026, in the order of [`MODES`].
#[expect(clippy::approx_constant, reason = "6.28 µs is no half circle")]
const THEN: [(&str, [f64; 10]); 6] = [
    (
        "floor-tokio",
        [1.42, 5.49, 1.61, 1.43, 1.64, 1.13, 4.64, 41.0, 135.0, 11.6],
    ),
    (
        FLOOR,
        [1.67, 6.28, 2.10, 1.65, 2.13, 1.81, 6.30, 48.3, NONE, NONE],
    ),
    (
        "siox-st",
        [2.91, 8.13, 4.73, 3.02, 4.25, 3.05, 8.67, 53.8, 155.0, 18.0],
    ),
    (
        "siox-mt",
        [4.72, 8.22, 6.63, 4.59, 6.09, 3.15, 8.96, 62.6, 202.0, 18.2],
    ),
    (
        "bun",
        [4.40, 10.4, 6.93, 4.72, 7.94, 6.18, 6.89, 105.0, 439.0, 44.9],
    ),
    (
        "node-ws",
        [
            14.9, 16.4, 21.0, 14.0, 31.3, 9.96, 12.1, 375.0, 1711.0, 90.0,
        ],
    ),
];

/// How far a ratio may move.
const TOLERANCE: f64 = 1.25;

/// The pairs whose ratio has moved.
pub(super) fn differences(summary: &Summary) -> String {
    let mut rows = String::new();
    for (at, mode) in MODES.into_iter().enumerate() {
        for (first, (one, then)) in THEN.iter().enumerate() {
            for (other, before) in &THEN[first + 1..] {
                let now = summary.total(mode, other).zip(summary.total(mode, one));
                let Some(now) = now.map(|(other, one)| other / one) else {
                    continue;
                };
                let then = before[at] / then[at];
                if !then.is_nan() && moved(now, then) {
                    let (then, now) = (number(Some(then)), number(Some(now)));
                    let _ = writeln!(
                        rows,
                        "| `{}` | {other} ÷ {one} | {then} | {now} |",
                        mode.name()
                    );
                }
            }
        }
    }
    match rows.is_empty() {
        true => {
            "## The peers beside each other\n\nNo ratio between two peers is more than a quarter \
                 away from that of November 2026.\n\n"
                .to_owned()
        }
        false => format!(
            "## The peers beside each other\n\nRatios between two peers that are more than a quarter \
             away from those of November 2026.\n\n| mode | pair | then | now |\n|---|---|--:|--:|\n\
             {rows}\n"
        ),
    }
}

fn moved(now: f64, then: f64) -> bool {
    let change = now / then;
    !(1.0 / TOLERANCE..=TOLERANCE).contains(&change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_either_way_is_let_pass() {
        assert!(!moved(1.24, 1.0) && !moved(1.0, 1.24));
        assert!(moved(1.26, 1.0) && moved(1.0, 1.26));
    }
}
