//! How many instructions a step takes: callgrind runs the program twice, with different numbers of
//! steps, and the difference is theirs alone.
//!
//! What happens before and after the steps cancels out. Callgrind counts what the program executes
//! and not how long it takes, so that a busy machine changes nothing.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cases::{CASES, Case};

/// How many steps the shorter run takes: enough for all buffers to have their size.
const FEW: u64 = 100;
/// How many the longer one takes.
const MANY: u64 = 300;

/// Instructions by the case's name.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Counts every case, as many at a time as there are cores.
pub(crate) fn count_all() -> Result<Counts, String> {
    let next = AtomicUsize::new(0);
    let counts = Mutex::new(Ok(Counts::new()));
    let work = || {
        while let Some(case) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            let count = count(case);
            let mut counts = counts.lock().expect("nobody panics with the lock");
            match (&mut *counts, count) {
                (Ok(counts), Ok(count)) => {
                    counts.insert(case.name.to_owned(), count);
                }
                (counts, Err(problem)) => *counts = Err(problem),
                (Err(_), Ok(_)) => {}
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    counts.into_inner().expect("nobody panics with the lock")
}

/// Instructions of one step, rounded.
fn count(case: &Case) -> Result<u64, String> {
    let (few, many) = (run(case.name, FEW)?, run(case.name, MANY)?);
    let steps = MANY - FEW;
    Ok((many.saturating_sub(few) + steps / 2) / steps)
}

/// Instructions of a whole run.
fn run(name: &str, times: u64) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--run", name, &times.to_string()])
        // A longer environment moves the stack, and with it a few instructions of memcpy.
        .env_clear()
        .output()
        .map_err(|error| format!("valgrind, which counts instructions, does not start: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected : ")?;
        count.trim().parse().ok()
    });
    collected
        .filter(|_| output.status.success())
        .ok_or_else(|| format!("{name}: callgrind says:\n{report}"))
}
