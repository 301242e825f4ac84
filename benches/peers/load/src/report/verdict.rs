//! What Trunkline wants to reach, and whether it does.

use std::fmt::Write as _;

use clap::ValueEnum;

use super::memory::{back, creep, flat, growth, ping};
use super::summary::{Cell, Summary};
use super::tables::{COSTS, floor, number};
use crate::modes::Mode;
use crate::servers::{
    self, FLOOR, FLOOR_HTTP, PROGRAM, SIOX, TRUNKLINE, TRUNKLINE_JEMALLOC, TRUNKLINE_MT,
};

/// At most this is less than the other.
const LESS: f64 = 1.0_f64.next_down();
/// Seconds that allocators need to give back what a crowd has left.
const SETTLED: f64 = 20.0;
/// Seconds that silent clients have to stay as they are.
const MINUTE: f64 = 60.0;

/// The row about rounds of opening and closing.
const ROUNDS: &str = "memory in the last round ÷ in the second";

/// What the figure of an idle mode is called, where it is found, its limit.
type Held = (&'static str, fn(&Cell) -> Option<f64>, f64);

/// What bars are about, in the order of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Answers,
    Overhead,
    Socketioxide,
    Floor,
    Threads,
    Idle,
    Leftovers,
    Growth,
    Fanout,
    Start,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Overhead => "overhead",
            Self::Socketioxide => "beside socketioxide",
            Self::Floor => "beside the floor",
            Self::Threads => "threads",
            Self::Idle => "idle clients",
            Self::Leftovers => "big broadcasts",
            Self::Growth => "growth",
            Self::Fanout => "fan-out",
            Self::Start => "start",
        }
    }
}

/// A bar, the figure beside it, and whether it is cleared.
struct Row {
    subject: Subject,
    what: String,
    figure: Option<f64>,
    limit: f64,
}

impl Row {
    fn passes(&self) -> Option<bool> {
        Some(self.figure? <= self.limit)
    }
}

fn row(subject: Subject, what: &str, figure: Option<f64>, limit: f64) -> Row {
    Row {
        subject,
        what: what.to_owned(),
        figure,
        limit,
    }
}

/// Wrong answers of ours in all modes.
fn faults(summary: &Summary) -> Row {
    let ours = |name: &str| servers::find(name).is_some_and(servers::Server::is_ours);
    let took_part = |mode: &Mode| summary.servers(*mode).into_iter().any(ours);
    let measured = Mode::value_variants().iter().any(took_part);
    let faults = summary.faults();
    let count = faults.iter().filter(|(_, server, _)| ours(server)).count();
    let figure = measured.then_some(count as f64);
    row(Subject::Answers, "modes with a wrong answer", figure, 0.0)
}

/// The cost above the floor beside socketioxide's, or the whole beside the floor where socketioxide
/// itself is near it.
fn overhead(summary: &Summary, mode: Mode) -> Row {
    let floor = floor(mode);
    let (what, figure, limit) = match summary.ratio(mode, SIOX, floor) {
        Some(siox) if siox <= 1.15 => {
            let what = "total ÷ floor (socketioxide is within 15 % of it)";
            (what, summary.ratio(mode, TRUNKLINE, floor), 1.08)
        }
        _ => {
            let servers = [TRUNKLINE, SIOX, floor];
            let share = summary.paired(mode, servers, |[ours, siox, floor]| {
                (ours - floor) / (siox - floor)
            });
            ("overhead ÷ socketioxide's", share, 0.5)
        }
    };
    let what = format!("`{}`: {what}", mode.name());
    row(Subject::Overhead, &what, figure, limit)
}

fn costs(summary: &Summary) -> Vec<Row> {
    let mut rows = Vec::new();
    let user = |mode, server| summary.cell(mode, server)?.user();
    let divided = |part: Option<f64>, whole: Option<f64>| Some(part? / whole?);
    for (mode, _) in COSTS {
        let mode = *mode;
        rows.push(overhead(summary, mode));
        let mut add = |subject, what: &str, figure, limit| {
            let what = format!("`{}`: {what}", mode.name());
            rows.push(row(subject, &what, figure, limit));
        };
        let share = summary.ratio(mode, TRUNKLINE, SIOX);
        add(Subject::Socketioxide, "total ÷ socketioxide's", share, LESS);
        if mode.is_echo_like() {
            let share = divided(user(mode, TRUNKLINE), user(mode, SIOX));
            add(Subject::Socketioxide, "user ÷ socketioxide's", share, 0.5);
        }
        let limit = if mode == Mode::Polling { 1.25 } else { 1.15 };
        let share = summary.ratio(mode, TRUNKLINE, floor(mode));
        add(Subject::Floor, "total ÷ floor", share, limit);
        if mode.is_echo_like() {
            let share = summary.ratio(mode, TRUNKLINE_MT, TRUNKLINE);
            add(Subject::Threads, "two workers ÷ one thread", share, 1.25);
        }
    }
    rows.sort_by_key(|row| row.subject);
    rows
}

/// Bytes per silent client after a minute; a shorter wait says nothing of it.
fn later(cell: &Cell) -> Option<f64> {
    cell.median("held later")
        .filter(|_| cell.median("waited").is_some_and(|waited| waited >= MINUTE))
}

/// What silent clients hold and what their pings cost.
fn idle(summary: &Summary) -> Vec<Row> {
    let idle = summary.cell(Mode::Idle, TRUNKLINE);
    let polling = summary.cell(Mode::IdlePolling, TRUNKLINE);
    let held = |cell: &Cell| cell.median("held");
    let kept = |cell: &Cell| Some(later(cell)? / cell.median("held")?);
    let websockets: [Held; 5] = [
        ("bytes per idle WebSocket", held, 6_000.0),
        ("bytes per idle WebSocket a minute later", later, 6_000.0),
        ("bytes a minute later ÷ at once", kept, 1.02),
        (ROUNDS, creep, 1.05),
        ("µs per ping", ping, 10.0),
    ];
    let polls: [Held; 5] = [
        ("bytes per client in a GET", held, 12_000.0),
        ("bytes per client in a GET a minute later", later, 12_000.0),
        ("bytes a minute later ÷ at once", kept, 1.02),
        (ROUNDS, creep, 1.05),
        ("µs per ping", ping, 10.0),
    ];
    let websockets = websockets.map(|bar| (Mode::Idle, idle, bar));
    let polls = polls.map(|bar| (Mode::IdlePolling, polling, bar));
    let all = websockets.into_iter().chain(polls);
    let rows = all.map(|(mode, cell, (what, find, limit))| {
        let what = format!("`{}`: {what}", mode.name());
        row(Subject::Idle, &what, cell.and_then(find), limit)
    });
    let left = [Mode::Idle, Mode::IdlePolling]
        .into_iter()
        .flat_map(|mode| {
            let what = format!("`{}`: memory after all left ÷ before", mode.name());
            let other = summary.cell(mode, TRUNKLINE_JEMALLOC).and_then(crept);
            let rounds = "memory after the rounds ÷ after the first time";
            let rounds = format!("`{}`: {rounds}, `{TRUNKLINE_JEMALLOC}`", mode.name());
            [
                returned(summary, Subject::Idle, mode, &what, 1.1),
                row(Subject::Idle, &rounds, other, 1.05),
            ]
        });
    rows.chain(left).collect()
}

/// Memory after all have left, if it has had the time that allocators take. After big broadcasts
/// nobody leaves, and what they held is not waited for.
fn settled(cell: &Cell) -> Option<f64> {
    back(cell).filter(|_| {
        cell.median("settled")
            .is_none_or(|seconds| seconds >= SETTLED)
    })
}

/// Memory after the rounds beside that after the first time. Between the rounds there is no time
/// for jemalloc to give it back.
fn crept(cell: &Cell) -> Option<f64> {
    Some(cell.median("after rounds")? / cell.median("after")?)
}

/// Memory that goes back. Which allocator a program has is its builder's choice, so the server that
/// comes nearest is named and judged; the other's figure stands beside it.
fn returned(summary: &Summary, subject: Subject, mode: Mode, what: &str, limit: f64) -> Row {
    let of = |server| Some((server, summary.cell(mode, server).and_then(settled)?));
    let mut found: Vec<_> = [TRUNKLINE, TRUNKLINE_JEMALLOC]
        .into_iter()
        .filter_map(of)
        .collect();
    found.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    let what = match found[..] {
        [(best, _), (other, figure)] => {
            format!("{what}, `{best}` (`{other}`: {})", number(Some(figure)))
        }
        [(only, _)] => format!("{what}, `{only}`"),
        _ => what.to_owned(),
    };
    let best = found.first().map(|(_, figure)| *figure);
    row(subject, &what, best, limit)
}

/// Big broadcasts, growth, the start.
fn others(summary: &Summary) -> Vec<Row> {
    use Subject::{Fanout, Growth, Leftovers, Start};
    let ours = |mode| summary.cell(mode, TRUNKLINE);
    let start = |server| summary.cell(Mode::Start, server)?.median("milliseconds");
    let spread = ours(Mode::Fanout).and_then(flat);
    let big = "memory after 64 KiB to 1,000 ÷ before";
    let grown = ours(Mode::Growth).and_then(growth);
    let (library, program) = (start(TRUNKLINE), start(PROGRAM));
    vec![
        returned(summary, Leftovers, Mode::BigBroadcast, big, 1.05),
        row(Growth, "echo among 10,000 more ÷ without", grown, 1.1),
        row(
            Fanout,
            "a delivery in one room of all ÷ in rooms of 100",
            spread,
            1.1,
        ),
        row(
            Start,
            "ms until the library's server listens",
            library,
            50.0,
        ),
        row(Start, "ms until the program listens", program, 50.0),
    ]
}

/// How the table is read.
fn legend() -> String {
    format!(
        "Total and user are microseconds of the server's processor per message, delivery or \
         connection. Overhead is the total less the floor's. The floor is `{FLOOR}`, and \
         `{FLOOR_HTTP}` in `connect`, `upgrade` and `polling`; socketioxide is `{SIOX}`; one thread \
         is `{TRUNKLINE}`, two workers are `{TRUNKLINE_MT}` with the same load on the same one \
         processor. `÷` is a ratio, without a unit: of costs it is the median of the rounds' own \
         ratios, as servers that take turns share what the machine does to them.\n\n"
    )
}

/// All bars.
pub(super) fn table(summary: &Summary) -> String {
    let rows: Vec<Row> = std::iter::once(faults(summary))
        .chain(costs(summary))
        .chain(idle(summary))
        .chain(others(summary))
        .collect();
    let count = |wanted| rows.iter().filter(|row| row.passes() == wanted).count();
    let mut text = format!(
        "## Verdict\n\nBars cleared: {}, missed: {}, not measured in this sitting: {}. {}\
         | about | what | figure | limit | |\n|---|---|--:|--:|---|\n",
        count(Some(true)),
        count(Some(false)),
        count(None),
        legend()
    );
    for row in &rows {
        let passes = match row.passes() {
            Some(true) => "pass",
            Some(false) => "**FAIL**",
            None => "not measured",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {passes} |",
            row.subject.name(),
            row.what,
            number(row.figure),
            limit(row.limit)
        );
    }
    text.push('\n');
    text
}

fn limit(limit: f64) -> String {
    match limit {
        LESS => "< 1.00".to_owned(),
        most => format!("≤ {}", number(Some(most))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    fn sample(server: &str, mode: Mode, figures: &[(&str, f64)]) -> Sample {
        let named = figures
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value));
        Sample {
            server: server.to_owned(),
            mode: mode.name(),
            round: 1,
            figures: named.collect(),
            wrong: Default::default(),
            error: None,
        }
    }

    fn echoes(ours: f64, siox: f64) -> Summary {
        let costs = [(TRUNKLINE, ours), (SIOX, siox), (FLOOR, 2.0)];
        Summary::of(&costs.map(|(server, total)| sample(server, Mode::Echo, &[("total", total)])))
    }

    fn judged(ours: f64, siox: f64) -> (Option<f64>, Option<bool>) {
        let row = overhead(&echoes(ours, siox), Mode::Echo);
        (row.figure, row.passes())
    }

    #[test]
    fn overhead_is_compared_with_socketioxide_s_or_with_the_floor_if_that_is_near() {
        assert_eq!(judged(2.5, 3.0), (Some(0.5), Some(true)));
        assert_eq!(judged(2.75, 3.0), (Some(0.75), Some(false)));
        assert_eq!(judged(2.125, 2.25), (Some(1.0625), Some(true)));
        assert_eq!(judged(2.25, 2.25), (Some(1.125), Some(false)));
    }

    #[test]
    fn what_costs_as_much_as_socketioxide_is_not_below_it() {
        let below = |ours, siox| {
            let rows = costs(&echoes(ours, siox));
            let row = rows
                .iter()
                .find(|row| row.what == "`echo`: total ÷ socketioxide's");
            row.unwrap().passes()
        };
        assert_eq!(below(2.9999, 3.0), Some(true));
        assert_eq!(below(3.0, 3.0), Some(false));
    }

    #[test]
    fn what_is_held_a_minute_later_is_judged_after_a_minute() {
        let later = |waited: f64, bytes: f64| -> Vec<Option<bool>> {
            let figures = [("held", 5_900.0), ("held later", bytes), ("waited", waited)];
            let rows = idle(&Summary::of(&[sample(TRUNKLINE, Mode::Idle, &figures)]));
            rows[..3].iter().map(Row::passes).collect()
        };
        assert_eq!(later(60.0, 5_950.0), [Some(true), Some(true), Some(true)]);
        assert_eq!(later(60.0, 6_010.0), [Some(true), Some(false), Some(true)]);
        assert_eq!(later(60.0, 6_100.0), [Some(true), Some(false), Some(false)]);
        assert_eq!(later(3.0, 5_950.0), [Some(true), None, None]);
    }

    #[test]
    fn memory_goes_back_if_it_does_with_one_of_the_allocators() {
        let of = |figures: &[(&str, f64)]| {
            let samples = figures.iter().map(|(server, after)| {
                let figures = [("before", 2.0), ("after", *after), ("settled", 20.0)];
                sample(server, Mode::Idle, &figures)
            });
            let summary = Summary::of(&samples.collect::<Vec<_>>());
            let row = returned(&summary, Subject::Idle, Mode::Idle, "÷", 1.1);
            (row.passes(), row.what)
        };
        let (system, jemalloc) = ((TRUNKLINE, 6.0), (TRUNKLINE_JEMALLOC, 2.1));
        let both = "÷, `trunkline-jemalloc` (`trunkline`: 3.00)".to_owned();
        assert_eq!(of(&[system, jemalloc]), (Some(true), both));
        assert_eq!(of(&[system]), (Some(false), "÷, `trunkline`".to_owned()));
        assert_eq!(of(&[]), (None, "÷".to_owned()));
    }

    #[test]
    fn a_room_of_all_is_compared_with_rooms_of_a_hundred() {
        let of = |all: f64| {
            let costs = [
                ("rooms of 10", 9.0),
                ("rooms of 100", 2.0),
                ("rooms of 10000", all),
                ("clients", 10_000.0),
            ];
            let rows = others(&Summary::of(&[sample(TRUNKLINE, Mode::Fanout, &costs)]));
            let row = rows.iter().find(|row| row.subject == Subject::Fanout);
            row.and_then(Row::passes)
        };
        assert_eq!((of(2.2), of(2.5)), (Some(true), Some(false)));
    }

    #[test]
    fn without_trunkline_nothing_is_known_of_its_answers() {
        let of = |server| faults(&Summary::of(&[sample(server, Mode::Echo, &[])])).passes();
        assert_eq!(of(TRUNKLINE), Some(true));
        assert_eq!(of(SIOX), None);
    }
}
