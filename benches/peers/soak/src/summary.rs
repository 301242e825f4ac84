//! What a run found, as a table, as JSON and as a verdict.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::process::Samples;
use crate::tally::Totals;

/// A finished run.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    pub(crate) server: String,
    pub(crate) seconds: u64,
    pub(crate) clients: usize,
    pub(crate) totals: &'a Totals,
    pub(crate) samples: &'a Samples,
    /// The server's CPU time, in seconds.
    pub(crate) cpu: f64,
}

impl Summary<'_> {
    /// Whether nothing is wrong.
    pub(crate) fn is_clean(&self) -> bool {
        self.totals.is_clean()
    }

    /// For people.
    pub(crate) fn table(&self) -> String {
        let mut out = format!(
            "{}: {} s, {} clients\n\n{:<16}{:<8}{:>12}{:>8}{:>9}{:>11}\n",
            self.server,
            self.seconds,
            self.clients,
            "way",
            "kind",
            "came",
            "lost",
            "doubled",
            "reordered",
        );
        for ((way, kind), counts) in &self.totals.counts {
            let _ = writeln!(
                out,
                "{:<16}{:<8}{:>12}{:>8}{:>9}{:>11}",
                way.name(),
                kind.name(),
                counts.came,
                counts.lost,
                counts.doubled,
                counts.reordered,
            );
        }
        let sum = self.totals.sum();
        let _ = writeln!(
            out,
            "{:<24}{:>12}{:>8}{:>9}{:>11}\n",
            "all", sum.came, sum.lost, sum.doubled, sum.reordered,
        );
        for (deed, count) in &self.totals.deeds {
            let _ = writeln!(out, "{count:>9} {deed}");
        }
        let _ = writeln!(out, "\n{}", self.resources());
        for (fault, (count, examples)) in &self.totals.faults {
            let _ = writeln!(out, "FAULT {count:>3} {fault}");
            for example in examples {
                let _ = writeln!(out, "          {example}");
            }
        }
        out.push_str(match self.is_clean() {
            true => "passed: every message arrived once and in order, and nothing was left behind",
            false => "FAILED",
        });
        out
    }

    fn resources(&self) -> String {
        let per_message = self.cpu * 1e6 / self.totals.sum().came.max(1) as f64;
        let (_, growth) = self.samples.growth();
        format!(
            "memory: highest {} KiB, {growth}\ncpu: {:.1} s, {per_message:.1} µs per message that \
             came\nsockets: at most {}",
            self.samples.highest_resident(),
            self.cpu,
            self.samples.most_sockets(),
        )
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let counts = self.totals.counts.iter().map(|((way, kind), counts)| {
            json!({
                "way": way.name(), "kind": kind.name(), "came": counts.came,
                "lost": counts.lost, "doubled": counts.doubled, "reordered": counts.reordered,
            })
        });
        let faults = self.totals.faults.iter().map(|(fault, (count, examples))| {
            json!({ "fault": fault, "count": count, "examples": examples })
        });
        let samples = self.samples.iter().map(|(at, sample)| {
            json!({
                "at_s": at.as_secs(), "resident_kib": sample.resident_kib, "cpu_s": sample.cpu,
                "descriptors": sample.descriptors, "sockets": sample.sockets,
                "threads": sample.threads,
            })
        });
        json!({
            "server": self.server, "seconds": self.seconds, "clients": self.clients,
            "passed": self.is_clean(), "cpu_s": self.cpu,
            "resident_medians_kib": self.samples.resident_medians(),
            "counts": counts.collect::<Value>(), "deeds": self.totals.deeds,
            "faults": faults.collect::<Value>(), "samples": samples.collect::<Value>(),
        })
    }
}
