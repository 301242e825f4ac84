//! Clients on WebSockets that say nothing: what each holds, what a ping costs, what stays behind.

use std::time::Duration;

use super::stay::{self, Clients};
use crate::fault::{Fault, excerpt};
use crate::fleet::{BROWSER, Fleet};
use crate::sample::{Outcome, figure};
use crate::site::{BRISK, CALM, Site, Window};
use crate::sockets::Work;

/// Nothing is said.
pub(crate) struct Silent;

impl Work for Silent {
    fn message(&mut self, _: usize, _: u8, payload: &[u8], _: &mut Vec<u8>) -> Result<(), Fault> {
        Err(Fault::new(format!("nobody asked for {}", excerpt(payload))))
    }
}

impl Clients for Fleet<Silent> {
    fn join(&mut self, count: usize) -> Result<(), Fault> {
        Fleet::join(self, count)
    }

    fn leave(&mut self, count: usize) -> Result<(), Fault> {
        Fleet::leave(self, count)
    }

    fn run(&mut self, duration: Duration) -> Result<(), Fault> {
        Fleet::run(self, duration)
    }
}

/// The mode: memory first, on one server; pings on another.
pub(crate) fn run(site: &Site<'_>) -> Result<Outcome, Fault> {
    let mut outcome = hold(site)?;
    ping(site, &mut outcome)?;
    Ok(outcome)
}

fn hold(site: &Site<'_>) -> Result<Outcome, Fault> {
    let process = site.start(CALM)?;
    let mut fleet = Fleet::new(&process, Silent, BROWSER)?;
    let count = site.plan.choose(10_000, 3_000);
    let settle = site.plan.choose(stay::LONG, stay::SHORT);
    stay::hold(site, &process, &mut fleet, count, settle, 10)
}

fn ping(site: &Site<'_>, outcome: &mut Outcome) -> Result<(), Fault> {
    let clients = site.plan.choose(10_000, 3_000);
    let process = site.start(BRISK)?;
    let mut fleet = Fleet::new(&process, Silent, BROWSER)?;
    fleet.join(clients)?;
    fleet.run(Duration::from_millis(BRISK))?;
    let span = Window::open(&process)?;
    let before = fleet.sockets.pings;
    fleet.run(Duration::from_millis(site.plan.choose(3, 1) * BRISK))?;
    let pings = fleet.sockets.pings - before;
    // The floors have no heartbeat.
    if pings > 0 {
        span.close(pings, outcome)?;
        let expected = (clients as u64) * site.plan.choose(3, 1);
        outcome.put("pings", pings as f64 / expected as f64);
        outcome.figures.remove(figure::LOAD);
    }
    Ok(())
}
