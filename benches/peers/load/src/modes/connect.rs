//! WebSocket clients that come, join and leave, as fast as they can.

use std::time::Instant;

use crate::fault::{Fault, excerpt};
use crate::fleet::Fleet;
use crate::histogram::Histogram;
use crate::sample::{Outcome, figure};
use crate::site::{CALM, Site, Warming, Window};
use crate::sockets::Work;

/// Clients that are on their way at the same time.
const AT_ONCE: usize = 32;

struct Visiting {
    begun: Vec<Option<Instant>>,
    latency: Histogram,
}

impl Work for Visiting {
    fn ready(&mut self, id: usize, _: &mut Vec<u8>) -> Result<bool, Fault> {
        if let Some(begun) = self.begun[id] {
            self.latency.add(begun.elapsed());
        }
        Ok(false)
    }

    fn message(&mut self, _: usize, _: u8, payload: &[u8], _: &mut Vec<u8>) -> Result<(), Fault> {
        Err(Fault::new(format!("nobody asked for {}", excerpt(payload))))
    }
}

fn visit(fleet: &mut Fleet<Visiting>, duration: std::time::Duration) -> Result<(), Fault> {
    let end = Instant::now() + duration;
    while Instant::now() < end {
        while fleet.net.open_lines() < AT_ONCE {
            let id = fleet.net.open()?;
            let begun = &mut fleet.work().begun;
            if begun.len() <= id {
                begun.resize(id + 1, None);
            }
            begun[id] = Some(Instant::now());
        }
        fleet.turn()?;
    }
    Ok(())
}

/// The mode. The latency is that from the first packet of TCP to the answer to CONNECT.
pub(crate) fn run(site: &Site<'_>) -> Result<Outcome, Fault> {
    let process = site.start(CALM)?;
    let work = Visiting {
        begun: Vec::new(),
        latency: Histogram::new(),
    };
    let mut fleet = Fleet::new(&process, work, "")?;
    let warming = Warming::begin(site, &process)?;
    while !warming.is_done()? {
        visit(&mut fleet, Warming::STEP)?;
    }
    fleet.work().latency.clear();
    let (before, span) = (fleet.sockets.left, Window::open(&process)?);
    visit(&mut fleet, site.plan.measure)?;
    let mut outcome = Outcome::default();
    span.close(fleet.sockets.left - before, &mut outcome)?;
    let work = fleet.work();
    outcome.put(figure::P50, work.latency.quantile(0.5));
    outcome.put(figure::P99, work.latency.quantile(0.99));
    Ok(outcome)
}
