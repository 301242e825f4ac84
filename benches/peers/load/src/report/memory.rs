//! Tables of memory, of pings, of a chat, of growth and of the start.

use std::fmt::Write as _;

use super::summary::{Cell, Summary};
use super::tables::{number, ratio};
use crate::modes::Mode;
use crate::sample::figure;

/// How the figures of a column are found.
type Column = (&'static str, fn(&Cell) -> Option<f64>);

const KIB: f64 = 1024.0;

fn kib(cell: &Cell, name: &str) -> Option<f64> {
    Some(cell.median(name)? / KIB)
}

/// Memory after everybody has left, as a multiple of that before.
pub(super) fn back(cell: &Cell) -> Option<f64> {
    ratio(cell.median("after"), cell.median("before"))
}

/// The last of the rounds of opening and closing beside the second, with all clients and without.
pub(super) fn creep(cell: &Cell) -> Option<f64> {
    let last = |kind: &str| {
        let rounds = (3..=99).map_while(|round| cell.median(&format!("{kind} {round:02}")));
        ratio(rounds.last(), cell.median(&format!("{kind} 02")))
    };
    Some(last("full")?.max(last("empty")?))
}

/// Microseconds for a ping and its pong.
pub(super) fn ping(cell: &Cell) -> Option<f64> {
    cell.median(figure::TOTAL)
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
    ("later", |cell| cell.median("held later")),
    ("KiB before", |cell| kib(cell, "before")),
    ("KiB after all left", |cell| kib(cell, "after")),
    ("× before", back),
    ("last round × second", creep),
    ("µs per ping", ping),
    ("pings answered ÷ due", |cell| cell.median("pings")),
];

const CHAT: &[Column] = &[
    ("µs per delivery", Cell::total),
    ("user", Cell::user),
    ("deliveries a second", |cell| cell.median(figure::RATE)),
    ("p50 µs", |cell| cell.median(figure::P50)),
    ("p99 µs", |cell| cell.median(figure::P99)),
    ("longest µs", |cell| cell.median(figure::LONGEST)),
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
    ("×", growth),
];

const START: &[Column] = &[("ms to the first connection", |cell| {
    cell.median("milliseconds")
})];

/// All tables of this file.
pub(super) fn tables(summary: &Summary) -> String {
    [
        (Mode::Idle, "Idle WebSockets", HELD),
        (Mode::IdlePolling, "Idle clients in a GET", HELD),
        (Mode::Chat, "A chat of 5,000 in rooms of 20", CHAT),
        (Mode::BigBroadcast, "Broadcasts of 64 KiB to 1,000", BIG),
        (Mode::Growth, "Echo beside 10,000 silent clients", GROWTH),
        (Mode::Start, "From exec to the first connection", START),
    ]
    .into_iter()
    .map(|(mode, title, columns)| table(summary, mode, title, columns))
    .collect()
}
