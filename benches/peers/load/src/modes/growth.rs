//! Whether an echo costs more when many others are connected and silent.

use super::SHORT;
use super::echo::{self, Asking, CLIENTS};
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::fleet::Fleet;
use crate::sample::{Outcome, figure};
use crate::site::Site;

/// Questions in flight per client.
const WINDOW: usize = 4;
/// Milliseconds between pings: none falls into the measurement.
const NEVER: u64 = 120_000;

/// The mode: `total` is the cost among few, `crowded` the same among many.
pub(super) fn run(site: &Site<'_>) -> Result<Outcome, Fault> {
    let process = site.start(NEVER)?;
    let exchange = Exchange::event("echo", SHORT);
    let mut fleet = Fleet::new(&process, Asking::new(exchange), "")?;
    fleet.join(CLIENTS)?;
    let (mut alone, mut crowded) = (Outcome::default(), Outcome::default());
    echo::ask(&mut fleet, &process, site, WINDOW, &mut alone)?;
    fleet.join(10_000)?;
    echo::ask(&mut fleet, &process, site, WINDOW, &mut crowded)?;
    let cost = crowded.figures.get(figure::TOTAL).copied();
    alone.put("crowded", cost.unwrap_or_default());
    alone.wrongs = crowded.wrongs;
    Ok(alone)
}
