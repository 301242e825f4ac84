//! Whether a delivery costs the same in rooms of a few and of thousands.
//!
//! Everybody is in one room of each size, and each room hears one message in a lap. So for every
//! size a lap is one delivery to each client, in whatever part of the memory it is; only how many
//! rooms they are in differs, and with it how many messages come in.

use std::time::{Duration, Instant};

use super::chat::packet;
use super::{LATE, SHORT};
use crate::exchange::Exchange;
use crate::fault::{Fault, Wrongs, excerpt};
use crate::fleet::Fleet;
use crate::frame::{self, TEXT};
use crate::sample::{Outcome, figure};
use crate::site::{Site, Window};
use crate::sockets::Work;

/// Members of the rooms but of the largest, in which everybody is.
const SIZES: [usize; 3] = [10, 100, 1_000];
/// How often each size is measured, in turn with the others; the lowest cost counts.
const TURNS: usize = 3;
/// Milliseconds between pings: none falls into the measurement.
const NEVER: u64 = 120_000;

/// Who has heard the message of this lap.
struct Hearing {
    exchange: Exchange,
    sizes: Vec<usize>,
    joined: usize,
    /// Members of the rooms that are spoken to now.
    size: usize,
    lap: u32,
    /// Per client, the last lap whose message it has heard.
    heard: Vec<u32>,
    missing: usize,
    delivered: u64,
    wrongs: Wrongs,
}

fn room(size: usize, client: usize) -> String {
    format!("room-{size}-{}", client / size)
}

impl Hearing {
    fn new(clients: usize) -> Self {
        Self {
            exchange: Exchange::event("chat", SHORT),
            sizes: SIZES.into_iter().chain([clients]).collect(),
            joined: 0,
            size: clients,
            lap: 0,
            heard: vec![0; clients],
            missing: 0,
            delivered: 0,
            wrongs: Wrongs::default(),
        }
    }

    fn hear(&mut self, id: usize, speaker: usize, lap: u32) {
        if speaker / self.size != id / self.size {
            self.wrongs.add(Wrongs::CROSSED, 1);
        } else if lap != self.lap || self.heard[id] == lap {
            self.wrongs.add(Wrongs::DOUBLED, 1);
        } else {
            self.heard[id] = lap;
            self.missing -= 1;
            self.delivered += 1;
        }
    }
}

impl Work for Hearing {
    fn ready(&mut self, id: usize, out: &mut Vec<u8>) -> Result<bool, Fault> {
        for (ack, size) in self.sizes.iter().enumerate() {
            let join = format!(r#"42{ack}["join","{}"]"#, room(*size, id));
            frame::put(out, TEXT, join.as_bytes());
        }
        Ok(true)
    }

    fn message(&mut self, id: usize, _: u8, payload: &[u8], _: &mut Vec<u8>) -> Result<(), Fault> {
        if payload.starts_with(b"43") {
            self.joined += 1;
            return Ok(());
        }
        let Some((speaker, lap)) = self.exchange.read(payload) else {
            self.wrongs.add(Wrongs::ALTERED, 1);
            return Err(Fault::new(format!("not understood: {}", excerpt(payload))));
        };
        self.hear(id, speaker as usize, lap);
        Ok(())
    }
}

/// Every room of the size hears one message, and everybody has heard it.
fn lap(fleet: &mut Fleet<Hearing>) -> Result<(), Fault> {
    let work = fleet.work();
    work.lap += 1;
    work.missing = work.heard.len();
    let (lap, size, clients) = (work.lap, work.size, work.heard.len());
    let mut out = Vec::new();
    // Each time somebody else speaks.
    let speaker = lap as usize % size;
    for first in (0..clients).step_by(size) {
        let id = first + speaker;
        out.clear();
        let text = packet(&room(size, id), id, lap);
        frame::put(&mut out, TEXT, text.as_bytes());
        fleet.net.send(id, &out)?;
    }
    let begun = Instant::now();
    while fleet.work().missing > 0 {
        fleet.turn()?;
        if begun.elapsed() > LATE {
            let missing = fleet.work().missing;
            fleet.work().wrongs.add(Wrongs::LOST, missing as u64);
            return Err(Fault::new(format!("{missing} of {clients} hear nothing")));
        }
    }
    Ok(())
}

fn laps(fleet: &mut Fleet<Hearing>, duration: Duration) -> Result<(), Fault> {
    let end = Instant::now() + duration;
    while Instant::now() < end {
        lap(fleet)?;
    }
    Ok(())
}

fn enter(fleet: &mut Fleet<Hearing>, clients: usize) -> Result<(), Fault> {
    fleet.join(clients)?;
    let due = clients * fleet.work().sizes.len();
    let end = Instant::now() + LATE;
    while fleet.work().joined < due {
        fleet.turn()?;
        if Instant::now() > end {
            let joined = fleet.work().joined;
            return Err(Fault::new(format!("{joined} of {due} rooms were entered")));
        }
    }
    Ok(())
}

/// The mode: a figure for each size, `rooms of …`. A unit is a delivery.
pub(super) fn run(site: &Site<'_>) -> Result<Outcome, Fault> {
    let clients = site.plan.choose(10_000, 2_000);
    let process = site.start(NEVER)?;
    let mut fleet = Fleet::new(&process, Hearing::new(clients), "")?;
    enter(&mut fleet, clients)?;
    let mut outcome = Outcome::default();
    for turn in 0..=TURNS {
        for size in fleet.work().sizes.clone() {
            fleet.work().size = size;
            // The first turn warms up.
            if turn == 0 {
                laps(&mut fleet, site.plan.warm)?;
                continue;
            }
            let (before, span) = (fleet.work().delivered, Window::open(&process)?);
            laps(&mut fleet, site.plan.measure)?;
            let mut found = Outcome::default();
            span.close(fleet.work().delivered - before, &mut found)?;
            let cost = found.figures[figure::TOTAL];
            let least = outcome.figures.entry(named(size)).or_insert(cost);
            *least = least.min(cost);
        }
    }
    outcome.put("clients", clients as f64);
    outcome.wrongs = fleet.work().wrongs.clone();
    Ok(outcome)
}

/// What the figure for rooms of that size is called.
pub(crate) fn named(size: usize) -> String {
    format!("rooms of {size}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_due_once_to_everybody_in_the_room_and_to_nobody_else() {
        let mut hearing = Hearing::new(2_000);
        (hearing.size, hearing.lap, hearing.missing) = (100, 1, 2_000);
        for id in 0..100 {
            hearing.hear(id, 7, 1);
        }
        assert_eq!((hearing.missing, hearing.delivered), (1_900, 100));
        assert!(hearing.wrongs.counts().is_empty());
        hearing.hear(3, 7, 1);
        hearing.hear(100, 7, 0);
        hearing.hear(100, 107, 0);
        let counts = hearing.wrongs.counts();
        assert_eq!(counts.get(Wrongs::DOUBLED), Some(&2));
        assert_eq!(counts.get(Wrongs::CROSSED), Some(&1));
        assert_eq!((hearing.missing, hearing.delivered), (1_900, 100));
    }
}
