//! Tables of costs: one of all modes, then one for each.

use std::fmt::Write as _;

use super::summary::Summary;
use crate::modes::Mode;
use crate::sample::figure;
use crate::servers::{FIELD, FLOOR, FLOOR_HTTP, SIOX};

/// Modes in which a unit of work is counted, and what a person calls them.
pub(super) const COSTS: &[(Mode, &str)] = &[
    (Mode::Echo, "Echo, 64 bytes, 4 in flight"),
    (Mode::Echo1, "Echo, 64 bytes, 1 in flight"),
    (Mode::EchoKib, "Echo, 1 KiB, 4 in flight"),
    (Mode::EchoKib1, "Echo, 1 KiB, 1 in flight"),
    (Mode::Ack, "Acknowledgement, 64 bytes"),
    (Mode::Binary, "Binary echo, 1 KiB"),
    (Mode::Broadcast, "Broadcast to 1,000, 4 in flight"),
    (Mode::Broadcast1, "Broadcast to 1,000, 1 in flight"),
    (Mode::Connect, "WebSocket connect and close"),
    (Mode::Upgrade, "Polling, upgrade, one echo"),
    (Mode::Polling, "Echo by polling"),
];

/// The server that does the least one can do in that mode.
pub(super) fn floor(mode: Mode) -> &'static str {
    match mode {
        Mode::Connect | Mode::Upgrade | Mode::Polling => FLOOR_HTTP,
        _ => FLOOR,
    }
}

/// What is counted in that mode.
fn units(mode: Mode) -> &'static str {
    match mode {
        Mode::Broadcast | Mode::Broadcast1 => "deliveries",
        Mode::Connect | Mode::Upgrade => "connections",
        Mode::Polling => "echoes",
        _ => "messages",
    }
}

/// A number with as many digits as say something.
pub(super) fn number(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if !value.is_finite() => "–".to_owned(),
        Some(value) if value >= 1_000.0 => grouped(value),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many times `whole` is in `part`.
pub(super) fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    Some(part? / whole?)
}

/// Costs of all servers in all modes.
pub(super) fn overview(summary: &Summary) -> String {
    let modes: Vec<_> = COSTS
        .iter()
        .filter(|(mode, _)| !summary.servers(*mode).is_empty())
        .collect();
    if modes.is_empty() {
        return String::new();
    }
    let mut text = String::from("## Cost per message, delivery, connection\n\n| µs |");
    for (mode, _) in &modes {
        let _ = write!(text, " {} |", mode.name());
    }
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(modes.len()));
    text.push('\n');
    for server in FIELD {
        if modes
            .iter()
            .all(|(mode, _)| summary.cell(*mode, server.name).is_none())
        {
            continue;
        }
        let _ = write!(text, "| {} |", server.name);
        for (mode, _) in &modes {
            let _ = write!(text, " {} |", number(summary.total(*mode, server.name)));
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

/// A table for each mode.
pub(super) fn costs(summary: &Summary) -> String {
    let mut text = String::new();
    for (mode, title) in COSTS {
        let servers = summary.servers(*mode);
        if servers.is_empty() {
            continue;
        }
        let _ = write!(
            text,
            "## {title}\n\n\
             | `{}` | lowest µs | median µs | user µs | kernel µs | {} a second | p50 µs | p99 µs \
             | × {} | × {SIOX} | load µs |\n|---|{}\n",
            mode.name(),
            units(*mode),
            floor(*mode),
            "--:|".repeat(10)
        );
        for server in servers {
            let Some(cell) = summary.cell(*mode, server) else {
                continue;
            };
            let total = cell.total();
            let user = cell.user();
            let columns = [
                total,
                cell.median(figure::TOTAL),
                user,
                total.zip(user).map(|(total, user)| total - user),
                cell.median(figure::RATE),
                cell.median(figure::P50),
                cell.median(figure::P99),
                summary.ratio(*mode, server, floor(*mode)),
                summary.ratio(*mode, server, SIOX),
                cell.median(figure::LOAD),
            ];
            let columns: Vec<String> = columns.into_iter().map(number).collect();
            let _ = writeln!(text, "| {server} | {} |", columns.join(" | "));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_three_digits_or_thousands() {
        let rows = [
            (1.234, "1.23"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1_234_567.8, "1,234,568"),
        ];
        for (value, expected) in rows {
            assert_eq!(number(Some(value)), expected);
        }
        assert_eq!(number(None), "–");
    }
}
