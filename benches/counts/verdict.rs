//! What the counts say: what has grown, and whether the laws hold.

use crate::cases::{CASES, LAWS};
use crate::file::{Recorded, rustc};
use crate::valgrind::{self, Counts};

/// How much a count may grow before somebody has to say that it is meant, in percent.
const GROWTH: f64 = 2.0;

/// Measures and compares with the file.
pub(crate) fn compare(path: &str) -> Result<(), String> {
    let counted = count()?;
    let recorded = Recorded::read(path)?;
    let is_same = recorded.rustc == counted.rustc;
    if !is_same {
        println!(
            "counted with {}, on file are counts of {}: differences are only shown",
            counted.rustc, recorded.rustc
        );
    }
    let mut faults = Vec::new();
    for case in CASES {
        let now = number(&counted.counts, case.name);
        let Some(&before) = recorded.counts.get(case.name) else {
            faults.push(format!("{}: not on file", case.name));
            continue;
        };
        let growth = (now / before as f64 - 1.0) * 100.0;
        let name = case.name;
        println!("{name:<26} {now:>7}  {growth:>+6.1} %");
        if is_same && growth > GROWTH {
            faults.push(format!("{name}: {before} instructions have become {now}"));
        }
    }
    faults.extend(laws(&counted.counts));
    match faults.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "FAILED (`make counts UPDATE=1` writes new counts):\n{}",
            faults.join("\n")
        )),
    }
}

/// Measures and writes the file.
pub(crate) fn update(path: &str) -> Result<(), String> {
    let counted = count()?;
    counted.write(path)?;
    laws(&counted.counts);
    Ok(())
}

/// Counts every case.
fn count() -> Result<Recorded, String> {
    let (rustc, counts) = (rustc()?, valgrind::count_all()?);
    Ok(Recorded { rustc, counts })
}

/// Shows how the laws are kept, and gives those that are broken.
fn laws(counts: &Counts) -> Vec<String> {
    let mut broken = Vec::new();
    for (ours, theirs, most) in LAWS {
        let ratio = number(counts, ours) / number(counts, theirs);
        println!("{ours} / {theirs} = {ratio:.2} (at most {most})");
        if ratio > *most {
            broken.push(format!("{ours} takes {ratio:.2} times {theirs}"));
        }
    }
    broken
}

fn number(counts: &Counts, name: &str) -> f64 {
    counts.get(name).copied().unwrap_or_default() as f64
}
