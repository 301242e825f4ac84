//! Clients on WebSockets that say nothing: what each holds, what a ping costs, what stays behind.

use std::time::Duration;

use super::WARM;
use crate::fault::{Fault, excerpt};
use crate::fleet::{BROWSER, Fleet};
use crate::process::Process;
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

/// Resident bytes after things have settled.
fn resident(fleet: &mut Fleet<Silent>, process: &Process, settle: u64) -> Result<f64, Fault> {
    fleet.run(Duration::from_millis(settle))?;
    Ok(process.memory()?.resident)
}

/// The mode: memory first, on one server; pings on another.
pub(crate) fn run(site: &Site<'_>) -> Result<Outcome, Fault> {
    let mut outcome = Outcome::default();
    hold(site, &mut outcome)?;
    ping(site, &mut outcome)?;
    Ok(outcome)
}

fn hold(site: &Site<'_>, outcome: &mut Outcome) -> Result<(), Fault> {
    let clients = site.plan.choose(10_000, 3_000);
    let process = site.start(CALM)?;
    let mut fleet = Fleet::new(&process, Silent, BROWSER)?;
    fleet.join(WARM)?;
    fleet.leave(WARM)?;
    let before = resident(&mut fleet, &process, 500)?;
    fleet.join(clients)?;
    let opened = resident(&mut fleet, &process, 1_000)?;
    let proportional = process.memory()?.proportional;
    let waited = site.plan.choose(60_000, 3_000);
    let later = resident(&mut fleet, &process, waited)?;
    fleet.leave(clients)?;
    let after = resident(&mut fleet, &process, 3_000)?;
    outcome.put("clients", clients as f64);
    outcome.put("before", before);
    outcome.put("proportional", proportional);
    outcome.put("held", (opened - before) / clients as f64);
    outcome.put("waited", waited as f64 / 1e3);
    outcome.put("held later", (later - before) / clients as f64);
    outcome.put("after", after);
    let rounds = site.plan.choose(10, 3);
    for round in 1..=rounds {
        fleet.join(clients)?;
        let full = resident(&mut fleet, &process, 200)?;
        fleet.leave(clients)?;
        let empty = resident(&mut fleet, &process, 500)?;
        outcome.put(&format!("full {round:02}"), full);
        outcome.put(&format!("empty {round:02}"), empty);
    }
    Ok(())
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
