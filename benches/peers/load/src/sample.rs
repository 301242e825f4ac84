//! What one measurement of one server in one mode found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::fault::Wrongs;

/// Names of the figures that most modes have.
pub(crate) mod figure {
    /// Microseconds of the server's processor per unit, in all, in user space and in the kernel.
    pub(crate) const TOTAL: &str = "total";
    pub(crate) const USER: &str = "user";
    pub(crate) const KERNEL: &str = "kernel";
    /// Microseconds of this program's processor per unit.
    pub(crate) const LOAD: &str = "load";
    /// Units a second.
    pub(crate) const RATE: &str = "rate";
    /// Latencies in microseconds.
    pub(crate) const P50: &str = "p50";
    pub(crate) const P99: &str = "p99";
    pub(crate) const LONGEST: &str = "longest";
}

/// The unit of a figure of that name; empty for shares, such as `busy`, and for counts.
pub(crate) fn unit(name: &str) -> &'static str {
    use figure::{KERNEL, LOAD, LONGEST, P50, P99, RATE, TOTAL, USER};
    match name {
        TOTAL | USER | KERNEL | LOAD | P50 | P99 | LONGEST | "crowded" => "µs",
        RATE => "a second",
        "milliseconds" => "ms",
        "waited" | "settled" => "s",
        "before" | "after" | "after rounds" | "proportional" | "held" | "held later" => "bytes",
        size if size.starts_with("rooms of ") => "µs",
        round if round.starts_with("full ") || round.starts_with("empty ") => "bytes",
        _ => "",
    }
}

/// Figures by name.
pub(crate) type Figures = BTreeMap<String, f64>;

/// What a mode found out.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) figures: Figures,
    pub(crate) wrongs: Wrongs,
}

impl Outcome {
    pub(crate) fn put(&mut self, name: &str, value: f64) {
        self.figures.insert(name.to_owned(), value);
    }
}

/// An outcome with its place in the sitting.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) server: String,
    pub(crate) mode: String,
    pub(crate) round: u32,
    pub(crate) figures: Figures,
    /// Wrong answers by kind.
    pub(crate) wrong: BTreeMap<String, u64>,
    /// Why there are no figures.
    pub(crate) error: Option<String>,
}

impl Sample {
    /// What the server did wrong, in words; empty if nothing.
    pub(crate) fn faults(&self) -> String {
        let wrong = self
            .wrong
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"));
        wrong
            .chain(self.error.clone())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// A whole sitting, as it is kept for the report.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) struct Raw {
    pub(crate) environment: Environment,
    pub(crate) full: bool,
    pub(crate) rounds: u32,
    /// Whether server and load shared a processor.
    pub(crate) shared: bool,
    pub(crate) samples: Vec<Sample>,
}
