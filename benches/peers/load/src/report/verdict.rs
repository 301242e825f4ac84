//! What Trunkline wants to reach, and whether it does.

use std::fmt::Write as _;

use super::memory::{back, creep, growth, ping};
use super::summary::{Cell, Summary};
use super::tables::{COSTS, floor, number};
use crate::modes::Mode;
use crate::servers::{self, PROGRAM, SIOX, TRUNKLINE, TRUNKLINE_MT};

/// What a bar is about, where its figure is found, its limit.
type Bar = (&'static str, fn(&Cell) -> Option<f64>, f64);

/// A bar, the figure beside it, and whether it is cleared.
struct Row {
    bar: u8,
    what: String,
    figure: Option<f64>,
    limit: f64,
}

impl Row {
    fn passes(&self) -> Option<bool> {
        Some(self.figure? <= self.limit)
    }
}

/// Wrong answers of ours in all modes.
fn faults(summary: &Summary) -> Vec<Row> {
    let ours = |name: &str| servers::find(name).is_some_and(servers::Server::is_ours);
    let count = summary
        .faults()
        .iter()
        .filter(|(_, server, _)| ours(server))
        .count();
    vec![Row {
        bar: 0,
        what: "modes with a wrong answer".to_owned(),
        figure: Some(count as f64),
        limit: 0.0,
    }]
}

/// The cost above the floor beside socketioxide's, or the whole beside the floor where socketioxide
/// itself is near it.
fn overhead(summary: &Summary, mode: Mode) -> Row {
    let [ours, siox, floor] =
        [TRUNKLINE, SIOX, floor(mode)].map(|server| summary.total(mode, server));
    let costs = ours.zip(siox).zip(floor);
    let (what, figure, limit) = match costs {
        Some(((ours, siox), floor)) if siox <= 1.15 * floor => {
            let what = "total ÷ floor (socketioxide is near it)";
            (what, Some(ours / floor), 1.08)
        }
        costs => {
            let share = costs.map(|((ours, siox), floor)| (ours - floor) / (siox - floor));
            ("overhead ÷ socketioxide's", share, 0.5)
        }
    };
    row(1, &format!("`{}`: {what}", mode.name()), figure, limit)
}

fn costs(summary: &Summary) -> Vec<Row> {
    let mut rows = Vec::new();
    let total = |mode, server| summary.total(mode, server);
    let user = |mode, server| summary.cell(mode, server)?.user();
    let divided = |part: Option<f64>, whole: Option<f64>| Some(part? / whole?);
    for (mode, _) in COSTS {
        let mode = *mode;
        rows.push(overhead(summary, mode));
        let mut row = |bar, what: &str, figure, limit| {
            rows.push(Row {
                bar,
                what: format!("`{}`: {what}", mode.name()),
                figure,
                limit,
            });
        };
        let ours = total(mode, TRUNKLINE);
        row(
            2,
            "total ÷ socketioxide's",
            divided(ours, total(mode, SIOX)),
            0.999,
        );
        if mode.is_echo_like() {
            let share = divided(user(mode, TRUNKLINE), user(mode, SIOX));
            row(2, "user ÷ socketioxide's", share, 0.5);
        }
        let limit = if mode == Mode::Polling { 1.25 } else { 1.15 };
        row(
            3,
            "total ÷ floor",
            divided(ours, total(mode, floor(mode))),
            limit,
        );
        if mode.is_echo_like() {
            let threads = divided(total(mode, TRUNKLINE_MT), ours);
            row(4, "two workers ÷ one thread", threads, 1.25);
        }
    }
    rows.sort_by_key(|row| row.bar);
    rows
}

fn row(bar: u8, what: &str, figure: Option<f64>, limit: f64) -> Row {
    Row {
        bar,
        what: what.to_owned(),
        figure,
        limit,
    }
}

/// What silent clients hold and what their pings cost.
fn idle(summary: &Summary) -> Vec<Row> {
    let idle = summary.cell(Mode::Idle, TRUNKLINE);
    let polling = summary.cell(Mode::IdlePolling, TRUNKLINE);
    let held = |cell: &Cell| cell.median("held");
    let later = |cell: &Cell| Some(cell.median("held later")? / cell.median("held")?);
    let websockets: [Bar; 6] = [
        ("bytes per idle WebSocket", held, 8_000.0),
        ("the same, the goal", held, 6_000.0),
        ("the same a minute later ÷ at once", later, 1.02),
        ("memory after all left ÷ before", back, 1.1),
        ("last round of opening ÷ second", creep, 1.05),
        ("µs per ping", ping, 10.0),
    ];
    let polls: [Bar; 3] = [
        ("bytes per client in a GET", held, 12_000.0),
        ("polling: memory after all left ÷ before", back, 1.1),
        ("polling: µs per ping", ping, 10.0),
    ];
    let websockets = websockets.map(|(what, find, limit)| row(5, what, idle.and_then(find), limit));
    let polls = polls.map(|(what, find, limit)| row(5, what, polling.and_then(find), limit));
    websockets.into_iter().chain(polls).collect()
}

/// Big broadcasts, growth, the start.
fn others(summary: &Summary) -> Vec<Row> {
    let ours = |mode| summary.cell(mode, TRUNKLINE);
    let start = |server| summary.cell(Mode::Start, server)?.median("milliseconds");
    let left = ours(Mode::BigBroadcast).and_then(back);
    let grown = ours(Mode::Growth).and_then(growth);
    vec![
        row(6, "memory after 64 KiB to 1,000 ÷ before", left, 1.05),
        row(7, "echo among 10,000 more ÷ without", grown, 1.1),
        row(
            8,
            "ms until the library's server listens",
            start(TRUNKLINE),
            50.0,
        ),
        row(8, "ms until the program listens", start(PROGRAM), 50.0),
    ]
}

/// All bars.
pub(super) fn table(summary: &Summary) -> String {
    let rows: Vec<Row> = faults(summary)
        .into_iter()
        .chain(costs(summary))
        .chain(idle(summary))
        .chain(others(summary))
        .collect();
    let count = |wanted| rows.iter().filter(|row| row.passes() == wanted).count();
    let mut text = format!(
        "## Verdict\n\n{} bars cleared, {} missed, {} not measured in this sitting.\n\n\
         | bar | what | figure | limit | |\n|--:|---|--:|--:|---|\n",
        count(Some(true)),
        count(Some(false)),
        count(None)
    );
    for row in &rows {
        let passes = match row.passes() {
            Some(true) => "pass",
            Some(false) => "**FAIL**",
            None => "not measured",
        };
        let limit = if row.limit == 0.999 {
            "< 1".to_owned()
        } else {
            limit(row.limit)
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {limit} | {passes} |",
            row.bar,
            row.what,
            number(row.figure)
        );
    }
    text.push('\n');
    text
}

fn limit(limit: f64) -> String {
    format!("≤ {}", number(Some(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;
    use crate::servers::FLOOR;

    fn judged(ours: f64, siox: f64) -> (Option<f64>, Option<bool>) {
        let sample = |(server, total): (&str, f64)| Sample {
            server: server.to_owned(),
            mode: Mode::Echo.name(),
            round: 1,
            figures: [("total".to_owned(), total)].into(),
            wrong: Default::default(),
            error: None,
        };
        let costs = [(TRUNKLINE, ours), (SIOX, siox), (FLOOR, 2.0)];
        let samples: Vec<Sample> = costs.into_iter().map(sample).collect();
        let row = overhead(&Summary::of(&samples), Mode::Echo);
        (row.figure, row.passes())
    }

    #[test]
    fn overhead_is_compared_with_socketioxide_s_or_with_the_floor_if_that_is_near() {
        assert_eq!(judged(2.5, 3.0), (Some(0.5), Some(true)));
        assert_eq!(judged(2.75, 3.0), (Some(0.75), Some(false)));
        assert_eq!(judged(2.125, 2.25), (Some(1.0625), Some(true)));
        assert_eq!(judged(2.25, 2.25), (Some(1.125), Some(false)));
    }
}
