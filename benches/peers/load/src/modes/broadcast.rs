//! Broadcasts: one client speaks, all hear it.

use std::time::{Duration, Instant};

use super::{LATE, SHORT, stay};
use crate::exchange::{Exchange, Verdict};
use crate::fault::{Fault, Wrongs};
use crate::fleet::Fleet;
use crate::histogram::Histogram;
use crate::process::Process;
use crate::sample::{Outcome, figure};
use crate::site::{CALM, Site, Warming, Window};
use crate::sockets::Work;

/// Clients that hear, the speaker included.
const CLIENTS: usize = 1_000;
/// The client that speaks.
const SPEAKER: usize = 0;
/// Bytes of a big broadcast, and how many there are.
const BIG: usize = 64 * 1024;
const BIG_COUNT: u32 = 20;

/// What was said last, and who has heard it.
struct Hearing {
    exchange: Exchange,
    /// The first of the broadcasts in flight, and how many there are.
    first: u32,
    flight: u32,
    /// Per client, a bit for each broadcast in flight.
    heard: Vec<u32>,
    missing: usize,
    said: Instant,
    delivered: u64,
    latency: Histogram,
    wrongs: Wrongs,
}

impl Hearing {
    fn new(length: usize, flight: u32) -> Self {
        Self {
            exchange: Exchange::event("broadcast", length),
            first: 0,
            flight,
            heard: vec![!0; CLIENTS],
            missing: 0,
            said: Instant::now(),
            delivered: 0,
            latency: Histogram::new(),
            wrongs: Wrongs::default(),
        }
    }

    /// The next broadcasts, as the speaker sends them.
    fn speak(&mut self, out: &mut Vec<u8>) {
        out.clear();
        self.first += self.flight;
        self.heard.fill(0);
        self.missing = CLIENTS * self.flight as usize;
        for number in self.first..self.first + self.flight {
            self.exchange.ask(SPEAKER as u32, number, out);
        }
        self.said = Instant::now();
    }

    fn hear(&mut self, id: usize, number: u32) {
        let heard = &mut self.heard[id];
        let offset = number.wrapping_sub(self.first);
        if offset >= self.flight || *heard & (1 << offset) != 0 {
            self.wrongs.add(Wrongs::DOUBLED, 1);
            return;
        }
        if *heard >> offset != 0 {
            self.wrongs.add(Wrongs::REORDERED, 1);
        }
        *heard |= 1 << offset;
        self.missing -= 1;
        self.delivered += 1;
        self.latency.add(self.said.elapsed());
    }
}

impl Work for Hearing {
    fn message(
        &mut self,
        id: usize,
        opcode: u8,
        payload: &[u8],
        _: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let due = self.first + self.heard[id].trailing_ones();
        match self.exchange.check(0, SPEAKER as u32, due, opcode, payload) {
            Verdict::Due => self.hear(id, due),
            Verdict::Other(number) => self.hear(id, number),
            Verdict::Wrong(kind) => self.wrongs.add(kind, 1),
        }
        Ok(())
    }
}

/// Broadcasts as long as `more` says.
fn broadcast(
    fleet: &mut Fleet<Hearing>,
    mut more: impl FnMut(&Hearing) -> bool,
) -> Result<(), Fault> {
    let mut out = Vec::new();
    loop {
        let work = fleet.work();
        if work.missing == 0 {
            if !more(work) {
                return Ok(());
            }
            work.speak(&mut out);
            fleet.net.send(SPEAKER, &out)?;
        } else if work.said.elapsed() > LATE {
            let missing = work.missing as u64;
            work.wrongs.add(Wrongs::LOST, missing);
            work.missing = 0;
            return Ok(());
        }
        fleet.turn()?;
    }
}

fn crowd(process: &Process, length: usize, flight: u32) -> Result<Fleet<Hearing>, Fault> {
    let mut fleet = Fleet::new(process, Hearing::new(length, flight), "")?;
    fleet.join(CLIENTS)?;
    Ok(fleet)
}

/// Gives the speaker's last broadcasts time to come a second time.
fn finish(fleet: &mut Fleet<Hearing>, outcome: &mut Outcome) -> Result<(), Fault> {
    fleet.run(Duration::from_millis(20))?;
    let work = fleet.work();
    outcome.put(figure::P50, work.latency.quantile(0.5));
    outcome.put(figure::P99, work.latency.quantile(0.99));
    outcome.wrongs = work.wrongs.clone();
    Ok(())
}

/// The modes `broadcast` and `broadcast1`: `flight` are sent together, the next when all have been
/// heard by all. A unit is a delivery.
pub(super) fn run(site: &Site<'_>, flight: u32) -> Result<Outcome, Fault> {
    let process = site.start(CALM)?;
    let mut fleet = crowd(&process, SHORT, flight)?;
    let warming = Warming::begin(site, &process)?;
    while !warming.is_done()? {
        let end = Instant::now() + Warming::STEP;
        broadcast(&mut fleet, |_| Instant::now() < end)?;
    }
    fleet.work().latency.clear();
    let (before, span) = (fleet.work().delivered, Window::open(&process)?);
    let end = Instant::now() + site.plan.measure;
    broadcast(&mut fleet, |_| Instant::now() < end)?;
    let mut outcome = Outcome::default();
    span.close(fleet.work().delivered - before, &mut outcome)?;
    finish(&mut fleet, &mut outcome)?;
    Ok(outcome)
}

/// The mode `big-broadcast`: what broadcasts of 64 KiB leave behind in memory.
pub(super) fn big(site: &Site<'_>) -> Result<Outcome, Fault> {
    let process = site.start(CALM)?;
    let mut fleet = crowd(&process, BIG, 1)?;
    fleet.run(site.plan.choose(stay::LONG, stay::SHORT))?;
    let before = process.memory()?.resident;
    let span = Window::open(&process)?;
    let last = fleet.work().first + BIG_COUNT;
    broadcast(&mut fleet, |work| work.first < last)?;
    let mut outcome = Outcome::default();
    span.close(fleet.work().delivered, &mut outcome)?;
    finish(&mut fleet, &mut outcome)?;
    fleet.run(site.plan.choose(stay::LONG, stay::SHORT))?;
    outcome.put("clients", CLIENTS as f64);
    outcome.put("before", before);
    outcome.put("after", process.memory()?.resident);
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcast_is_due_once_and_in_order_for_every_client() {
        let mut hearing = Hearing::new(SHORT, 4);
        hearing.speak(&mut Vec::new());
        let first = hearing.first;
        for number in [0, 1, 2, 3] {
            hearing.hear(1, first + number);
        }
        assert!(hearing.wrongs.counts().is_empty());
        hearing.hear(1, first + 3);
        hearing.hear(1, first - 1);
        hearing.hear(2, first + 1);
        hearing.hear(2, first);
        let counts = hearing.wrongs.counts();
        assert_eq!(counts.get(Wrongs::DOUBLED), Some(&2));
        assert_eq!(counts.get(Wrongs::REORDERED), Some(&1));
        assert_eq!(hearing.missing, 4 * CLIENTS - 6);
    }
}
