//! Tables of memory, of pings, of a chat, of growth and of the start.

use std::fmt::Write as _;

use super::summary::{Cell, Summary};
use super::tables::{number, ratio};
use crate::modes::Mode;
use crate::modes::fanout::named;
use crate::sample::figure;

/// How the figures of a column are found.
type Column = (&'static str, fn(&Cell) -> Option<f64>);

const KIB: f64 = 1024.0;

fn kib(cell: &Cell, name: &str) -> Option<f64> {
    Some(cell.median(name)? / KIB)
}

/// Memory after everybody has left, as a multiple of that before: after the first time, or after
/// the rounds of opening and closing if that is more.
pub(super) fn back(cell: &Cell) -> Option<f64> {
    let first = cell.median("after")?;
    let last = cell.median("after rounds").unwrap_or(first);
    ratio(Some(first.max(last)), cell.median("before"))
}

/// Memory in the rounds of opening and closing, `full` or `empty`, in bytes.
fn rounds(cell: &Cell, kind: &str) -> Vec<f64> {
    (1..=99)
        .map_while(|round| cell.median(&format!("{kind} {round:02}")))
        .collect()
}

/// The last of the rounds of opening and closing beside the second, with all clients and without:
/// the larger of the two ratios.
pub(super) fn creep(cell: &Cell) -> Option<f64> {
    let last = |kind| match rounds(cell, kind)[..] {
        [_, second, .., last] => Some(last / second),
        _ => None,
    };
    Some(last("full")?.max(last("empty")?))
}

/// Microseconds for a ping and its pong.
pub(super) fn ping(cell: &Cell) -> Option<f64> {
    cell.median(figure::TOTAL)
}

/// A delivery in a room of all clients, as a multiple of one in rooms of 100.
pub(super) fn flat(cell: &Cell) -> Option<f64> {
    ratio(largest(cell), cell.lowest(&named(100)))
}

/// Cost of a delivery in a room of all clients.
fn largest(cell: &Cell) -> Option<f64> {
    cell.lowest(&named(cell.median("clients")? as usize))
}

/// Cost of an echo among many silent clients, as a multiple of that among few.
pub(super) fn growth(cell: &Cell) -> Option<f64> {
    ratio(cell.lowest("crowded"), cell.total())
}

fn table(summary: &Summary, mode: Mode, title: &str, columns: &[Column]) -> String {
    let servers = summary.servers(mode);
    if servers.is_empty() {
        return String::new();
    }
    let mut text = format!("## {title}\n\n| `{}` |", mode.name());
    for (name, _) in columns {
        let _ = write!(text, " {name} |");
    }
    let _ = write!(text, "\n|---|{}\n", "--:|".repeat(columns.len()));
    for server in servers {
        let Some(cell) = summary.cell(mode, server) else {
            continue;
        };
        let values: Vec<String> = columns.iter().map(|(_, find)| number(find(cell))).collect();
        let _ = writeln!(text, "| {server} | {} |", values.join(" | "));
    }
    text.push('\n');
    text
}

const HELD: &[Column] = &[
    ("clients", |cell| cell.median("clients")),
    ("bytes each", |cell| cell.median("held")),
    ("s later", |cell| cell.median("waited")),
    ("bytes each then", |cell| cell.median("held later")),
    ("KiB before", |cell| kib(cell, "before")),
    ("KiB after all left", |cell| kib(cell, "after")),
    ("KiB after the rounds", |cell| kib(cell, "after rounds")),
    ("× before", back),
    ("last round × second", creep),
    ("µs per ping", ping),
    ("pings answered ÷ due", |cell| cell.median("pings")),
];

const CHAT: &[Column] = &[
    ("µs per delivery", Cell::total),
    ("user µs", Cell::user),
    ("deliveries a second", |cell| cell.median(figure::RATE)),
    ("p50 µs", |cell| cell.median(figure::P50)),
    ("p99 µs", |cell| cell.median(figure::P99)),
    ("longest µs", |cell| cell.median(figure::LONGEST)),
];

const FANOUT: &[Column] = &[
    ("µs in rooms of 10", |cell| cell.lowest(&named(10))),
    ("of 100", |cell| cell.lowest(&named(100))),
    ("of 1,000", |cell| cell.lowest(&named(1_000))),
    ("of all", largest),
    ("all are", |cell| cell.median("clients")),
    ("all ÷ 100", flat),
];

const BIG: &[Column] = &[
    ("µs per delivery", Cell::total),
    ("KiB before", |cell| kib(cell, "before")),
    ("KiB after", |cell| kib(cell, "after")),
    ("× before", back),
];

const GROWTH: &[Column] = &[
    ("µs among 100", Cell::total),
    ("µs among 10,100", |cell| cell.lowest("crowded")),
    ("× among 100", growth),
];

const START: &[Column] = &[("ms to the first connection", |cell| {
    cell.median("milliseconds")
})];

/// Memory round by round.
fn rounds_table(summary: &Summary, mode: Mode) -> String {
    let mut rows = String::new();
    let mut longest = 0;
    for server in summary.servers(mode) {
        let Some(cell) = summary.cell(mode, server) else {
            continue;
        };
        for (kind, title) in [("full", "all connected"), ("empty", "all left")] {
            let values = rounds(cell, kind);
            longest = longest.max(values.len());
            let values: Vec<String> = values.iter().map(|now| number(Some(now / KIB))).collect();
            let _ = writeln!(rows, "| {server} | {title} | {} |", values.join(" | "));
        }
    }
    if longest == 0 {
        return String::new();
    }
    let heads: Vec<String> = (1..=longest)
        .map(|round| format!("round {round}"))
        .collect();
    format!(
        "## Rounds of opening and closing\n\n| `{}` | KiB when | {} |\n|---|---|{}\n{rows}\n",
        mode.name(),
        heads.join(" | "),
        "--:|".repeat(longest)
    )
}

/// All tables of this file.
pub(super) fn tables(summary: &Summary) -> String {
    let table = |mode, title, columns| table(summary, mode, title, columns);
    [
        table(Mode::Idle, "Idle WebSockets", HELD),
        rounds_table(summary, Mode::Idle),
        table(Mode::IdlePolling, "Idle clients in a GET", HELD),
        rounds_table(summary, Mode::IdlePolling),
        table(Mode::Chat, "A chat of 5,000 in rooms of 20", CHAT),
        table(Mode::Fanout, "Deliveries in rooms of every size", FANOUT),
        table(Mode::BigBroadcast, "Broadcasts of 64 KiB to 1,000", BIG),
        table(Mode::Growth, "Echo beside 10,000 silent clients", GROWTH),
        table(Mode::Start, "From exec to the first connection", START),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;
    use crate::servers::TRUNKLINE;

    /// A sitting whose rounds of opening and closing left this much behind.
    fn sitting(full: &[f64], empty: &[f64]) -> Summary {
        let name = |kind: &str, values: &[f64]| -> Vec<(String, f64)> {
            let named = values.iter().enumerate();
            named
                .map(|(at, value)| (format!("{kind} {:02}", at + 1), *value))
                .collect()
        };
        let figures = [name("full", full), name("empty", empty)].concat();
        Summary::of(&[Sample {
            figures: figures.into_iter().collect(),
            ..blank()
        }])
    }

    fn blank() -> Sample {
        Sample {
            server: TRUNKLINE.to_owned(),
            mode: Mode::Idle.name(),
            round: 1,
            figures: Default::default(),
            wrong: Default::default(),
            error: None,
        }
    }

    #[test]
    fn creep_is_that_of_the_last_round_beside_the_second_full_or_empty() {
        let found = |full: &[f64], empty: &[f64]| {
            creep(sitting(full, empty).cell(Mode::Idle, TRUNKLINE).unwrap())
        };
        assert_eq!(found(&[1.0, 4.0, 4.0], &[1.0, 2.0, 3.0]), Some(1.5));
        assert_eq!(found(&[1.0, 4.0, 9.0, 5.0], &[1.0, 2.0, 2.0]), Some(1.25));
        assert_eq!(found(&[1.0, 4.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn memory_is_back_when_it_is_after_the_rounds_too() {
        let found = |figures: &[(&str, f64)]| {
            let named = figures
                .iter()
                .map(|(name, value)| ((*name).to_owned(), *value));
            let summary = Summary::of(&[Sample {
                figures: named.collect(),
                ..blank()
            }]);
            back(summary.cell(Mode::Idle, TRUNKLINE).unwrap())
        };
        let first = [("before", 2.0), ("after", 3.0)];
        assert_eq!(found(&first), Some(1.5));
        assert_eq!(
            found(&[&first[..], &[("after rounds", 4.0)]].concat()),
            Some(2.0)
        );
        assert_eq!(
            found(&[&first[..], &[("after rounds", 2.0)]].concat()),
            Some(1.5)
        );
    }

    #[test]
    fn rounds_are_shown_in_kib() {
        let text = rounds_table(&sitting(&[2048.0, 3072.0], &[1024.0, 512.0]), Mode::Idle);
        assert!(
            text.contains("| trunkline | all connected | 2.00 | 3.00 |"),
            "{text}"
        );
        assert!(
            text.contains("| trunkline | all left | 1.00 | 0.50 |"),
            "{text}"
        );
    }
}
