//! The report: raw figures in, Markdown and a chart out. Needs no new measurement.

mod chart;
mod field;
mod memory;
mod summary;
mod tables;
mod verdict;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::fault::Fault;
use crate::sample::Raw;
use crate::servers;
use crate::sitting;
use summary::Summary;

/// A sitting of everything is for everybody to read; one of some modes or servers is not, and must
/// not take its place.
#[derive(Clone, Copy)]
pub(crate) enum Extent {
    Whole,
    Part,
}

impl Extent {
    /// The file with the raw figures.
    pub(crate) fn raw(self) -> Result<PathBuf, Fault> {
        let name = match self {
            Self::Whole => "raw.json",
            Self::Part => "part.json",
        };
        Ok(sitting::folder()?.join(name))
    }

    /// The folder for the report: `benches`, or the one of the raw figures.
    fn folder(self) -> Result<PathBuf, Fault> {
        match self {
            Self::Whole => {
                let peers = servers::peers();
                Ok(peers.parent().unwrap_or(&peers).to_owned())
            }
            Self::Part => sitting::folder(),
        }
    }
}

/// Writes `RESULTS.md` and `results.svg` from the last sitting of that extent.
///
/// # Errors
/// There was none, or the files cannot be written.
pub(crate) fn write(extent: Extent) -> Result<(), Fault> {
    let raw = extent.raw()?;
    let text = fs::read_to_string(&raw)
        .map_err(|error| Fault::new(format!("{}: {error}; `run` makes it", raw.display())))?;
    let raw: Raw = serde_json::from_str(&text).map_err(|error| Fault::new(error.to_string()))?;
    let summary = Summary::of(&raw.samples);
    let folder = extent.folder()?;
    fs::write(folder.join("RESULTS.md"), markdown(&raw, &summary))?;
    fs::write(folder.join("results.svg"), chart::draw(&summary))?;
    eprintln!("written: {}", folder.join("RESULTS.md").display());
    Ok(())
}

fn markdown(raw: &Raw, summary: &Summary) -> String {
    let mut text = String::from(
        "# Trunkline beside its peers\n\n\
         Written by `make bench-peers`; how it is measured stands in \
         [peers/README.md](peers/README.md).\n\n\
         ![What a message, a connection and an idle client cost each server](results.svg)\n\n",
    );
    text.push_str(&setting(raw));
    text.push_str(&tables::overview(summary));
    text.push_str(&verdict::table(summary));
    text.push_str(&failures(summary));
    text.push_str(&tables::costs(summary));
    text.push_str(&memory::tables(summary));
    text.push_str(&field::differences(summary));
    text.push_str(&environment(raw));
    text
}

/// One paragraph: how to read the figures.
fn setting(raw: &Raw) -> String {
    let kind = if raw.full { "full" } else { "quick" };
    let place = match raw.shared {
        true => "Server and load shared the only processor, so the figures are rough.",
        false => "The server had one processor, the load another.",
    };
    format!(
        "A {kind} sitting, rounds: {}; in each round the servers took turns. {place} Costs are \
         microseconds of the server's processor, all threads, per message, delivery or connection: \
         the lowest of the rounds, as noise only adds; medians stand in the tables below. User and \
         kernel divide the total by the ticks of all rounds. Every answer was compared with the one \
         that was due.\n\n",
        raw.rounds
    )
}

fn failures(summary: &Summary) -> String {
    let mut text = String::new();
    for (mode, server, faults) in summary.faults() {
        let _ = writeln!(text, "| {server} | `{mode}` | {faults} |");
    }
    match text.is_empty() {
        true => "## Wrong answers\n\nNone.\n\n".to_owned(),
        false => format!(
            "## Wrong answers\n\nCounts are those of all rounds together.\n\n\
             | server | mode | what |\n|---|---|---|\n{text}\n"
        ),
    }
}

fn environment(raw: &Raw) -> String {
    let mut text = String::from("## Where and with what\n\n| | |\n|---|---|\n");
    for (name, value) in &raw.environment.facts {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    let (before, after) = &raw.environment.load;
    let _ = writeln!(text, "| load average before | {before} |");
    let _ = writeln!(text, "| load average after | {after} |");
    text
}
