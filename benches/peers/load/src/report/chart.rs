//! The chart: a panel for each mode, a bar for each server, drawn by hand as SVG.

use std::fmt::Write as _;

use super::memory::ping;
use super::summary::Summary;
use super::tables::{COSTS, number};
use crate::modes::Mode;
use crate::servers::{self, SIOX};

const COLUMNS: usize = 3;
const PANEL: f64 = 320.0;
const GAP: f64 = 24.0;
/// Height of a bar with its distance to the next.
const STEP: f64 = 17.0;
const BAR: f64 = 12.0;
const TITLE: f64 = 26.0;
/// Where bars begin, and how long the longest is.
const LABEL: f64 = 104.0;
const LONGEST: f64 = 160.0;
/// A bar that is longer than this many of socketioxide's is cut.
const CUT: f64 = 3.0;
const HEAD: f64 = 74.0;

const STYLE: &str = "<style>\
    text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1f2328}\
    .title{font-weight:600;font-size:13px}.head{font-weight:600;font-size:17px}\
    .quiet{fill:#59636e}.value{font-variant-numeric:tabular-nums}\
    .ours{fill:#1a6fd6}.peer{fill:#8b949e}.floor{fill:#b4bcc5}\
    .kernel{opacity:.5}.cut{fill:#fff}.back{fill:#fff}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9aa4ae}\
    .ours{fill:#4c9bf5}.peer{fill:#8b949e}.floor{fill:#57606a}.cut{fill:#0d1117}.back{fill:#0d1117}}\
    </style>";

/// One bar.
struct Bar {
    server: &'static str,
    value: f64,
    /// Share that is drawn strongly: user space, or all.
    strong: f64,
}

fn costs(summary: &Summary, mode: Mode) -> Vec<Bar> {
    let bar = |server| {
        let cell = summary.cell(mode, server)?;
        let value = cell.total()?;
        Some(Bar {
            server,
            value,
            strong: cell.user()? / value,
        })
    };
    summary.servers(mode).into_iter().filter_map(bar).collect()
}

fn states(
    summary: &Summary,
    mode: Mode,
    find: impl Fn(&super::summary::Cell) -> Option<f64>,
) -> Vec<Bar> {
    let bar = |server| {
        let value = find(summary.cell(mode, server)?)?;
        Some(Bar {
            server,
            value,
            strong: 1.0,
        })
    };
    summary.servers(mode).into_iter().filter_map(bar).collect()
}

fn class(server: &str) -> &'static str {
    match servers::find(server) {
        Some(server) if server.is_ours() => "ours",
        _ if server.starts_with("floor") => "floor",
        _ => "peer",
    }
}

fn panel(out: &mut String, (left, top): (f64, f64), title: &str, bars: &[Bar]) {
    let widest = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let siox = bars.iter().find(|bar| bar.server == SIOX);
    let scale = siox.map_or(widest, |siox| widest.min(CUT * siox.value));
    let _ = writeln!(
        out,
        r#"<text class="title" x="{left}" y="{}">{title}</text>"#,
        top + 14.0
    );
    for (row, bar) in bars.iter().enumerate() {
        let y = top + TITLE + row as f64 * STEP;
        let x = left + LABEL;
        let length = (bar.value / scale).min(1.0) * LONGEST;
        let strong = length * bar.strong;
        let class = class(bar.server);
        let baseline = y + 10.0;
        let _ = writeln!(
            out,
            r#"<text class="quiet" x="{}" y="{baseline}" text-anchor="end">{}</text>"#,
            x - 6.0,
            bar.server
        );
        let _ = writeln!(
            out,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{strong:.1}" height="{BAR}"/><rect class="{class} kernel" x="{:.1}" y="{y}" width="{:.1}" height="{BAR}"/>"#,
            x + strong,
            length - strong
        );
        if bar.value > scale * 1.001 {
            let at = x + length - 14.0;
            let _ = writeln!(
                out,
                r#"<path class="cut" d="M{at:.1} {}l5 -{h}h4l-5 {h}z"/>"#,
                y + BAR + 1.0,
                h = BAR + 2.0
            );
        }
        let _ = writeln!(
            out,
            r#"<text class="value" x="{:.1}" y="{baseline}">{}</text>"#,
            x + length + 5.0,
            number(Some(bar.value))
        );
    }
}

/// The whole chart.
pub(super) fn draw(summary: &Summary) -> String {
    let mut panels: Vec<(String, Vec<Bar>)> = COSTS
        .iter()
        .map(|(mode, title)| (format!("{title}, µs"), costs(summary, *mode)))
        .collect();
    let held = states(summary, Mode::Idle, |cell| cell.median("held"));
    panels.push(("Idle WebSocket, bytes".to_owned(), held));
    let pings = states(summary, Mode::Idle, ping);
    panels.push(("Ping and pong, µs".to_owned(), pings));
    let held = states(summary, Mode::IdlePolling, |cell| cell.median("held"));
    panels.push(("Idle in a GET, bytes".to_owned(), held));
    panels.retain(|(_, bars)| !bars.is_empty());
    // A row is as high as its fullest panel.
    let heights: Vec<f64> = panels
        .chunks(COLUMNS)
        .map(|row| row.iter().map(|(_, bars)| bars.len()).max().unwrap_or(0))
        .map(|bars| TITLE + bars as f64 * STEP + GAP)
        .collect();
    let width = COLUMNS as f64 * (PANEL + GAP) + GAP;
    let height = HEAD + heights.iter().sum::<f64>();
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="Costs of each server in each mode">"#
    );
    out.push_str(STYLE);
    let _ = writeln!(
        out,
        r#"<rect class="back" width="{width}" height="{height}"/><text class="head" x="{GAP}" y="30">What it costs the server</text><text class="quiet" x="{GAP}" y="50">Shorter is better. Microseconds of processor per message, delivery or connection: strong is user space, pale is the kernel. Cut bars are longer than shown.</text>"#
    );
    for (at, (title, bars)) in panels.iter().enumerate() {
        let left = GAP + (at % COLUMNS) as f64 * (PANEL + GAP);
        let top = HEAD + heights[..at / COLUMNS].iter().sum::<f64>();
        panel(&mut out, (left, top), title, bars);
    }
    out.push_str("</svg>\n");
    out
}
