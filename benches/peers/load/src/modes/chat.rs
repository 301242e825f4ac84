//! A chat: many rooms of a few, everybody says something now and then.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::{LATE, SHORT};
use crate::exchange::{CLIENT, Exchange, NUMBER, argument, shown};
use crate::fault::{Fault, Wrongs, excerpt};
use crate::fleet::Fleet;
use crate::frame::{self, TEXT};
use crate::histogram::Histogram;
use crate::sample::{Outcome, figure};
use crate::site::{CALM, Site, Window};
use crate::sockets::Work;

/// Clients in a room.
const ROOM: usize = 20;
/// How often a client speaks.
const PERIOD: Duration = Duration::from_secs(10);
/// Clients speak in this order: each the 1,009th after the one before, a prime.
const STRIDE: usize = 1_009;
/// Longest wait for the next message to be due.
const TICK: Duration = Duration::from_millis(1);

/// Who has said what, and who has heard it.
struct Talking {
    exchange: Exchange,
    joined: usize,
    /// Per client: how much it has said, and when the last was.
    said: Vec<(u32, Instant)>,
    /// Per client and neighbour: how much of that one it has heard.
    heard: Vec<[u32; ROOM]>,
    /// What was overtaken: listener, speaker, number.
    missing: HashSet<(usize, usize, u32)>,
    delivered: u64,
    latency: Histogram,
    wrongs: Wrongs,
}

impl Work for Talking {
    fn ready(&mut self, id: usize, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let join = format!(r#"420["join","room-{}"]"#, id / ROOM);
        frame::put(out, TEXT, join.as_bytes());
        Ok(true)
    }

    fn message(&mut self, id: usize, _: u8, payload: &[u8], _: &mut Vec<u8>) -> Result<(), Fault> {
        if payload.starts_with(b"430[") {
            self.joined += 1;
            return Ok(());
        }
        let Some((speaker, number)) = self.exchange.read(payload) else {
            self.wrongs.add(Wrongs::ALTERED, 1);
            return Err(Fault::new(format!("not understood: {}", excerpt(payload))));
        };
        let speaker = speaker as usize;
        if speaker / ROOM != id / ROOM {
            self.wrongs.add(Wrongs::CROSSED, 1);
            return Ok(());
        }
        let due = &mut self.heard[id][speaker % ROOM];
        if number < *due {
            if !self.missing.remove(&(id, speaker, number)) {
                self.wrongs.add(Wrongs::DOUBLED, 1);
                return Ok(());
            }
            self.wrongs.add(Wrongs::REORDERED, 1);
        } else {
            self.missing
                .extend((*due..number).map(|number| (id, speaker, number)));
            *due = number + 1;
        }
        self.delivered += 1;
        self.latency.add(self.said[speaker].1.elapsed());
        Ok(())
    }
}

/// What a client says to a room: an event with 64 bytes that carry both numbers.
pub(super) fn packet(room: &str, client: usize, number: u32) -> String {
    let text = argument(SHORT)
        .replacen(CLIENT, &shown(client as u32), 1)
        .replacen(NUMBER, &shown(number), 1);
    format!(r#"42["chat","{room}","{text}"]"#)
}

fn speak(fleet: &mut Fleet<Talking>, id: usize) -> Result<(), Fault> {
    let work = fleet.work();
    let number = work.said[id].0;
    work.said[id] = (number + 1, Instant::now());
    let packet = packet(&format!("room-{}", id / ROOM), id, number);
    let mut out = Vec::new();
    frame::put(&mut out, TEXT, packet.as_bytes());
    fleet.net.send(id, &out)
}

/// Lets clients speak in turn for a while; `spoken` counts on.
fn converse(
    fleet: &mut Fleet<Talking>,
    duration: Duration,
    spoken: &mut usize,
) -> Result<(), Fault> {
    let clients = fleet.work().said.len();
    let (begun, first) = (Instant::now(), *spoken);
    while begun.elapsed() < duration {
        let share = begun.elapsed().as_secs_f64() / PERIOD.as_secs_f64();
        let due = first + (share * clients as f64) as usize;
        while *spoken < due {
            speak(fleet, *spoken * STRIDE % clients)?;
            *spoken += 1;
        }
        fleet.net.turn(TICK, &mut fleet.sockets)?;
    }
    Ok(())
}

/// The mode. A unit is a delivery.
pub(super) fn run(site: &Site<'_>) -> Result<Outcome, Fault> {
    let clients: usize = 5_000;
    let process = site.start(CALM)?;
    let work = Talking {
        exchange: Exchange::event("chat", SHORT),
        joined: 0,
        said: vec![(0, Instant::now()); clients],
        heard: vec![[0; ROOM]; clients],
        missing: HashSet::new(),
        delivered: 0,
        latency: Histogram::new(),
        wrongs: Wrongs::default(),
    };
    let mut fleet = Fleet::new(&process, work, "")?;
    fleet.join(clients)?;
    let end = Instant::now() + LATE;
    while fleet.work().joined < clients {
        fleet.turn()?;
        if Instant::now() > end {
            let joined = fleet.work().joined;
            return Err(Fault::new(format!(
                "{joined} of {clients} entered their rooms"
            )));
        }
    }
    let mut spoken = 0;
    converse(&mut fleet, Duration::from_secs(1), &mut spoken)?;
    fleet.work().latency.clear();
    let (before, span) = (fleet.work().delivered, Window::open(&process)?);
    let length = site.plan.choose(12, 5);
    converse(&mut fleet, Duration::from_secs(length), &mut spoken)?;
    let mut outcome = Outcome::default();
    span.close(fleet.work().delivered - before, &mut outcome)?;
    // A server that lags is given time; what has not come then is lost.
    let due = (spoken * ROOM) as u64;
    let end = Instant::now() + 3 * LATE;
    while fleet.work().delivered < due && Instant::now() < end {
        fleet.turn()?;
    }
    let work = fleet.work();
    let lost = due.saturating_sub(work.delivered);
    work.wrongs.add(Wrongs::LOST, lost);
    outcome.put(figure::P50, work.latency.quantile(0.5));
    outcome.put(figure::P99, work.latency.quantile(0.99));
    outcome.put(figure::LONGEST, work.latency.longest());
    outcome.wrongs = work.wrongs.clone();
    Ok(outcome)
}
