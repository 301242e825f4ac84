//! The file of counts: what made them, and the counts.

use std::fmt::Write;
use std::process::Command;

use crate::cases::CASES;
use crate::valgrind::Counts;

/// What stands at the top of the file.
const HEAD: &str = "\
# Instructions of one step, counted by callgrind: `make counts` compares, `make counts UPDATE=1`
# writes. What each step is stands in steps.rs beside this file.
";

/// Counts, and the compiler that made the code they were counted of.
pub(crate) struct Recorded {
    pub(crate) rustc: String,
    pub(crate) counts: Counts,
}

impl Recorded {
    /// Reads the file: of TOML, no more than [`write`](Recorded::write) uses.
    pub(crate) fn read(path: &str) -> Result<Recorded, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let mut rustc = String::new();
        let mut counts = Counts::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with(['#', '[']) {
                continue;
            }
            let wrong = || format!("{path}: not as it was written: {line}");
            let (key, value) = line.split_once(" = ").ok_or_else(wrong)?;
            if key == "rustc" {
                value.trim_matches('"').clone_into(&mut rustc);
            } else {
                counts.insert(key.to_owned(), value.parse().map_err(|_| wrong())?);
            }
        }
        Ok(Recorded { rustc, counts })
    }

    /// Writes the file.
    pub(crate) fn write(&self, path: &str) -> Result<(), String> {
        let mut text = format!("{HEAD}\nrustc = {:?}\n\n[instructions]\n", self.rustc);
        for case in CASES {
            let count = self.counts.get(case.name).copied().unwrap_or_default();
            writeln!(text, "{} = {count}", case.name).expect("writing to a String does not fail");
        }
        std::fs::write(path, text).map_err(|error| format!("{path}: {error}"))
    }
}

/// The version of the compiler, as it says it itself.
pub(crate) fn rustc() -> Result<String, String> {
    let output = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()))
        .arg("--version")
        .output()
        .map_err(|error| format!("rustc: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
