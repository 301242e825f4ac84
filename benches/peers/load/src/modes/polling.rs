//! Clients that poll: echo by POST and GET, and waiting in a GET.

use std::time::{Duration, Instant};

use super::stay::{self, Clients};
use super::{LATE, SHORT};
use crate::exchange::{Exchange, Verdict};
use crate::fault::{Fault, Wrongs, excerpt};
use crate::fleet::BROWSER;
use crate::frame::TEXT;
use crate::histogram::Histogram;
use crate::net::Net;
use crate::polls::{Polls, Talk};
use crate::process::Process;
use crate::sample::{Outcome, figure};
use crate::site::{BRISK, CALM, Site, Warming, Window};

/// Clients that ask.
const CLIENTS: usize = 50;
/// Clients that come or go at the same time.
const AT_ONCE: usize = 64;
/// How long nothing may happen.
const PATIENCE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(20);

/// Polling clients and their connections.
struct Crowd<T> {
    net: Net,
    polls: Polls<T>,
}

impl<T: Talk> Crowd<T> {
    fn new(process: &Process, talk: T, extra: &str) -> Result<Self, Fault> {
        Ok(Self {
            net: Net::new(process.address)?,
            polls: Polls::new(talk, extra),
        })
    }

    fn run(&mut self, duration: Duration) -> Result<(), Fault> {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            self.net.turn(TICK, &mut self.polls)?;
        }
        Ok(())
    }

    /// Lets `count` clients join, of whom there are none yet.
    fn join(&mut self, count: usize) -> Result<(), Fault> {
        let (mut seen, mut last) = (0, Instant::now());
        while self.polls.joined < count {
            let open = self.net.open_lines();
            let coming = open - self.polls.joined;
            for _ in 0..(count - open).min(AT_ONCE.saturating_sub(coming)) {
                let id = self.net.open()?;
                self.polls.begun(id, None);
            }
            self.net.turn(TICK, &mut self.polls)?;
            if self.polls.joined > seen {
                (seen, last) = (self.polls.joined, Instant::now());
            } else if last.elapsed() > PATIENCE {
                return Err(Fault::new(format!(
                    "only {seen} of {count} clients could join"
                )));
            }
        }
        Ok(())
    }

    /// Lets all `count` clients say goodbye, each on a connection of its own beside its GET.
    fn leave(&mut self, count: usize) -> Result<(), Fault> {
        let all: Vec<usize> = (0..count).collect();
        for some in all.chunks(AT_ONCE) {
            let (aim, begun) = (self.polls.left + some.len(), Instant::now());
            for &other in some {
                let id = self.net.open()?;
                self.polls.begun(id, Some(other));
            }
            while self.polls.left < aim {
                self.net.turn(TICK, &mut self.polls)?;
                if begun.elapsed() > PATIENCE {
                    return Err(Fault::new("clients that poll cannot leave"));
                }
            }
            for &id in some {
                self.net.close(id);
            }
        }
        Ok(())
    }
}

/// Every client asks and waits for the answer.
struct Asking {
    exchange: Exchange,
    next: Vec<u32>,
    waiting: Vec<Option<Instant>>,
    sending: bool,
    answered: u64,
    latency: Histogram,
    wrongs: Wrongs,
}

impl Talk for Asking {
    fn next(&mut self, id: usize, body: &mut Vec<u8>) {
        if self.sending && self.waiting[id].is_none() {
            self.waiting[id] = Some(Instant::now());
            self.exchange.say(id as u32, self.next[id], body);
        }
    }

    fn packet(&mut self, id: usize, packet: &[u8]) -> Result<(), Fault> {
        let Some(asked) = self.waiting[id] else {
            self.wrongs.add(Wrongs::DOUBLED, 1);
            return Ok(());
        };
        match self
            .exchange
            .check(0, id as u32, self.next[id], TEXT, packet)
        {
            Verdict::Due => {
                self.latency.add(asked.elapsed());
                self.waiting[id] = None;
                self.next[id] += 1;
                self.answered += 1;
            }
            Verdict::Other(_) => self.wrongs.add(Wrongs::DOUBLED, 1),
            Verdict::Wrong(kind) => self.wrongs.add(kind, 1),
        }
        Ok(())
    }
}

/// The mode `polling`.
pub(super) fn echo(site: &Site<'_>) -> Result<Outcome, Fault> {
    let process = site.start(CALM)?;
    let talk = Asking {
        exchange: Exchange::event("echo", SHORT),
        next: vec![0; CLIENTS],
        waiting: vec![None; CLIENTS],
        sending: true,
        answered: 0,
        latency: Histogram::new(),
        wrongs: Wrongs::default(),
    };
    let mut crowd = Crowd::new(&process, talk, "")?;
    crowd.join(CLIENTS)?;
    let warming = Warming::begin(site, &process)?;
    while !warming.is_done()? {
        crowd.run(Warming::STEP)?;
    }
    crowd.polls.talk.latency.clear();
    let (before, span) = (crowd.polls.talk.answered, Window::open(&process)?);
    crowd.run(site.plan.measure)?;
    let mut outcome = Outcome::default();
    span.close(crowd.polls.talk.answered - before, &mut outcome)?;
    crowd.polls.talk.sending = false;
    let end = Instant::now() + LATE;
    while (0..CLIENTS)
        .any(|id| !crowd.polls.is_parked(id) || crowd.polls.talk.waiting[id].is_some())
        && Instant::now() < end
    {
        crowd.net.turn(TICK, &mut crowd.polls)?;
    }
    let talk = &mut crowd.polls.talk;
    let lost = talk.waiting.iter().flatten().count();
    talk.wrongs.add(Wrongs::LOST, lost as u64);
    outcome.put(figure::P50, talk.latency.quantile(0.5));
    outcome.put(figure::P99, talk.latency.quantile(0.99));
    outcome.wrongs = talk.wrongs.clone();
    Ok(outcome)
}

/// Nothing is said.
struct Silent;

impl Talk for Silent {
    fn next(&mut self, _: usize, _: &mut Vec<u8>) {}

    fn packet(&mut self, _: usize, packet: &[u8]) -> Result<(), Fault> {
        Err(Fault::new(format!("nobody asked for {}", excerpt(packet))))
    }
}

impl Clients for Crowd<Silent> {
    fn join(&mut self, count: usize) -> Result<(), Fault> {
        Crowd::join(self, count)
    }

    fn leave(&mut self, count: usize) -> Result<(), Fault> {
        Crowd::leave(self, count)
    }

    fn run(&mut self, duration: Duration) -> Result<(), Fault> {
        Crowd::run(self, duration)
    }
}

/// The mode `idle-polling`: memory of clients that wait in a GET, and what a ping costs.
pub(super) fn idle(site: &Site<'_>) -> Result<Outcome, Fault> {
    let count = site.plan.choose(5_000, 1_500);
    let mut outcome = hold(site, count)?;
    ping(site, count, &mut outcome)?;
    Ok(outcome)
}

fn hold(site: &Site<'_>, count: usize) -> Result<Outcome, Fault> {
    let process = site.start(CALM)?;
    let mut crowd = Crowd::new(&process, Silent, BROWSER)?;
    let settle = site.plan.choose(stay::LONG, stay::SHORT);
    stay::hold(site, &process, &mut crowd, count, settle, 3)
}

fn ping(site: &Site<'_>, clients: usize, outcome: &mut Outcome) -> Result<(), Fault> {
    let process = site.start(BRISK)?;
    let mut crowd = Crowd::new(&process, Silent, BROWSER)?;
    crowd.join(clients)?;
    crowd.run(Duration::from_millis(BRISK))?;
    let (before, span) = (crowd.polls.pings, Window::open(&process)?);
    crowd.run(Duration::from_millis(site.plan.choose(2, 1) * BRISK))?;
    let pings = crowd.polls.pings - before;
    if pings > 0 {
        span.close(pings, outcome)?;
    }
    Ok(())
}
