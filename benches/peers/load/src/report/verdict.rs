//! What Trunkline wants to reach, and whether it does.

use std::fmt::Write as _;

use super::memory::{back, creep, growth, ping};
use super::summary::Summary;
use super::tables::{COSTS, floor, number};
use crate::modes::Mode;
use crate::servers::{self, PROGRAM, SIOX, TRUNKLINE, TRUNKLINE_MT};

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
    let costs = [TRUNKLINE, SIOX, floor(mode)].map(|server| summary.total(mode, server));
    let near = |siox: f64, floor: f64| siox <= 1.15 * floor;
    let (what, figure, limit) = match costs {
        [Some(ours), Some(siox), Some(floor)] if near(siox, floor) => (
            "total ÷ floor (socketioxide is near it)",
            Some(ours / floor),
            1.08,
        ),
        [Some(ours), Some(siox), Some(floor)] => (
            "overhead ÷ socketioxide's",
            Some((ours - floor) / (siox - floor)),
            0.5,
        ),
        _ => ("overhead ÷ socketioxide's", None, 0.5),
    };
    Row {
        bar: 1,
        what: format!("`{}`: {what}", mode.name()),
        figure,
        limit,
    }
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

fn states(summary: &Summary) -> Vec<Row> {
    let row = |bar, what: &str, figure, limit| Row {
        bar,
        what: what.to_owned(),
        figure,
        limit,
    };
    let cell = |mode| summary.cell(mode, TRUNKLINE);
    let idle = cell(Mode::Idle);
    let polling = cell(Mode::IdlePolling);
    let held = idle.and_then(|cell| cell.median("held"));
    let later = idle.and_then(|cell| Some(cell.median("held later")? / cell.median("held")?));
    let start = |server| summary.cell(Mode::Start, server)?.median("milliseconds");
    vec![
        row(5, "bytes per idle WebSocket", held, 8_000.0),
        row(5, "the same, the goal", held, 6_000.0),
        row(5, "the same a minute later ÷ at once", later, 1.02),
        row(
            5,
            "memory after all left ÷ before",
            idle.and_then(back),
            1.1,
        ),
        row(
            5,
            "last round of opening ÷ second",
            idle.and_then(creep),
            1.05,
        ),
        row(5, "µs per ping", idle.and_then(ping), 10.0),
        row(
            5,
            "bytes per client in a GET",
            polling.and_then(|cell| cell.median("held")),
            12_000.0,
        ),
        row(
            5,
            "polling: memory after all left ÷ before",
            polling.and_then(back),
            1.1,
        ),
        row(5, "polling: µs per ping", polling.and_then(ping), 10.0),
        row(
            6,
            "memory after 64 KiB to 1,000 ÷ before",
            cell(Mode::BigBroadcast).and_then(back),
            1.05,
        ),
        row(
            7,
            "echo among 10,000 more ÷ without",
            cell(Mode::Growth).and_then(growth),
            1.1,
        ),
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
        .chain(states(summary))
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
