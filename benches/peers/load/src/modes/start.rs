//! How long a server takes from exec to the first connection that it accepts.

use crate::fault::Fault;
use crate::sample::Outcome;
use crate::site::{CALM, Site};

/// Starts in one measurement, of which the fastest counts.
const STARTS: usize = 3;

/// The mode.
pub(super) fn run(site: &Site<'_>) -> Result<Outcome, Fault> {
    let mut outcome = Outcome::default();
    let mut fastest = f64::INFINITY;
    for _ in 0..STARTS {
        let process = site.start(CALM)?;
        fastest = fastest.min(process.listening_after.as_secs_f64() * 1e3);
    }
    outcome.put("milliseconds", fastest);
    Ok(outcome)
}
