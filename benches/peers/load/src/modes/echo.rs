//! Echo, acknowledgement and binary: every client keeps some questions in flight.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::LATE;
use crate::exchange::{Exchange, Verdict};
use crate::fault::{Fault, Wrongs};
use crate::fleet::Fleet;
use crate::histogram::Histogram;
use crate::process::Process;
use crate::sample::{Outcome, figure};
use crate::site::{CALM, Site, Warming, Window};
use crate::sockets::Work;

/// Clients that ask.
pub(crate) const CLIENTS: usize = 100;

/// Questions out and answers in.
pub(crate) struct Asking {
    exchange: Exchange,
    /// Per client: questions without an answer, oldest first.
    waiting: Vec<VecDeque<(u32, Instant)>>,
    next: Vec<u32>,
    /// Per client: one more than the highest number that was answered.
    above: Vec<u32>,
    /// Per client: frames of the answer that came.
    part: Vec<usize>,
    sending: bool,
    answered: u64,
    latency: Histogram,
    wrongs: Wrongs,
}

impl Asking {
    pub(crate) fn new(exchange: Exchange) -> Self {
        Self {
            exchange,
            waiting: vec![VecDeque::new(); CLIENTS],
            next: vec![0; CLIENTS],
            above: vec![0; CLIENTS],
            part: vec![0; CLIENTS],
            sending: true,
            answered: 0,
            latency: Histogram::new(),
            wrongs: Wrongs::default(),
        }
    }

    fn ask(&mut self, id: usize, now: Instant, out: &mut Vec<u8>) {
        let number = self.next[id];
        self.next[id] += 1;
        self.waiting[id].push_back((number, now));
        self.exchange.ask(id as u32, number, out);
    }

    /// The time at which the answer was asked for, if it is one.
    fn due(&mut self, id: usize, opcode: u8, payload: &[u8]) -> Option<Instant> {
        let waiting = &mut self.waiting[id];
        let Some(&(number, asked)) = waiting.front() else {
            self.wrongs.add(Wrongs::DOUBLED, 1);
            return None;
        };
        let verdict = self
            .exchange
            .check(self.part[id], id as u32, number, opcode, payload);
        match verdict {
            Verdict::Due if self.part[id] + 1 < self.exchange.parts() => {
                self.part[id] += 1;
                return None;
            }
            Verdict::Due => {
                waiting.pop_front();
                self.arrived(id, number);
                return Some(asked);
            }
            Verdict::Other(found) => {
                let place = waiting.iter().position(|(number, _)| *number == found);
                if let Some((_, asked)) = place.and_then(|place| waiting.remove(place)) {
                    self.arrived(id, found);
                    return Some(asked);
                }
                self.part[id] = 0;
                self.wrongs.add(Wrongs::DOUBLED, 1);
            }
            Verdict::Wrong(kind) => self.wrongs.add(kind, 1),
        }
        None
    }

    /// An answer that was waited for is whole; one that a later one overtook is out of order.
    fn arrived(&mut self, id: usize, number: u32) {
        self.part[id] = 0;
        let above = &mut self.above[id];
        self.wrongs
            .add(Wrongs::REORDERED, u64::from(number < *above));
        *above = (*above).max(number + 1);
    }
}

impl Work for Asking {
    fn message(
        &mut self,
        id: usize,
        opcode: u8,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        if id >= CLIENTS {
            self.wrongs.add(Wrongs::CROSSED, 1);
            return Ok(());
        }
        if let Some(asked) = self.due(id, opcode, payload) {
            let now = Instant::now();
            self.latency.add(now - asked);
            self.answered += 1;
            if self.sending {
                self.ask(id, now, out);
            }
        }
        Ok(())
    }
}

/// Asks with `window` questions in flight per client and writes what it costs.
///
/// The first [`CLIENTS`] clients of the fleet ask; any others are silent.
pub(crate) fn ask(
    fleet: &mut Fleet<Asking>,
    process: &Process,
    site: &Site<'_>,
    window: usize,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let mut out = Vec::new();
    fleet.work().sending = true;
    for id in 0..CLIENTS {
        out.clear();
        for _ in 0..window {
            fleet.work().ask(id, Instant::now(), &mut out);
        }
        fleet.net.send(id, &out)?;
    }
    let warming = Warming::begin(site, process)?;
    while !warming.is_done()? {
        fleet.run(Warming::STEP)?;
    }
    fleet.work().latency.clear();
    let before = fleet.work().answered;
    let span = Window::open(process)?;
    fleet.run(site.plan.measure)?;
    span.close(fleet.work().answered - before, outcome)?;
    fleet.work().sending = false;
    let end = Instant::now() + LATE;
    while fleet
        .work()
        .waiting
        .iter()
        .any(|waiting| !waiting.is_empty())
        && Instant::now() < end
    {
        fleet.turn()?;
    }
    // Whatever comes twice comes now.
    fleet.run(Duration::from_millis(20))?;
    let work = fleet.work();
    let lost: usize = work
        .waiting
        .iter_mut()
        .map(|waiting| waiting.drain(..).count())
        .sum();
    work.wrongs.add(Wrongs::LOST, lost as u64);
    outcome.put(figure::P50, work.latency.quantile(0.5));
    outcome.put(figure::P99, work.latency.quantile(0.99));
    outcome.wrongs = work.wrongs.clone();
    Ok(())
}

/// The mode: a fresh server, [`CLIENTS`] clients.
pub(crate) fn run(site: &Site<'_>, exchange: Exchange, window: usize) -> Result<Outcome, Fault> {
    let process = site.start(CALM)?;
    let mut fleet = Fleet::new(&process, Asking::new(exchange), "")?;
    fleet.join(CLIENTS)?;
    let mut outcome = Outcome::default();
    ask(&mut fleet, &process, site, window, &mut outcome)?;
    fleet.leave(CLIENTS)?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{MASK, TEXT};

    /// The answers that a right server would give to three questions of client 5.
    fn answers(asking: &mut Asking) -> Vec<Vec<u8>> {
        let ask = |asking: &mut Asking| {
            let mut sent = Vec::new();
            asking.ask(5, Instant::now(), &mut sent);
            // Two bytes of head and four of key.
            let payload = sent[6..].iter().zip(MASK.iter().cycle());
            payload.map(|(byte, mask)| byte ^ mask).collect()
        };
        (0..3).map(|_| ask(asking)).collect()
    }

    fn heard(order: &[usize]) -> (usize, Vec<(String, u64)>) {
        let mut asking = Asking::new(Exchange::event("echo", 64));
        asking.sending = false;
        let answers = answers(&mut asking);
        for &at in order {
            asking
                .message(5, TEXT, &answers[at], &mut Vec::new())
                .unwrap();
        }
        let wrongs = asking.wrongs.counts().into_iter().collect();
        (asking.waiting[5].len(), wrongs)
    }

    #[test]
    fn lost_doubled_and_reordered_answers_are_counted() {
        let one = |kind: &str| vec![(kind.to_owned(), 1)];
        assert_eq!(heard(&[0, 1, 2]), (0, vec![]));
        assert_eq!(heard(&[0, 1]), (1, vec![]));
        assert_eq!(heard(&[0, 0, 1, 2]), (0, one(Wrongs::DOUBLED)));
        assert_eq!(heard(&[0, 1, 2, 2]), (0, one(Wrongs::DOUBLED)));
        assert_eq!(heard(&[1, 0, 2]), (0, one(Wrongs::REORDERED)));
        assert_eq!(heard(&[1, 2]), (1, vec![]));
    }

    #[test]
    fn an_answer_to_somebody_else_is_crossed() {
        let mut asking = Asking::new(Exchange::event("echo", 64));
        let answers = answers(&mut asking);
        asking.ask(6, Instant::now(), &mut Vec::new());
        asking
            .message(6, TEXT, &answers[0], &mut Vec::new())
            .unwrap();
        assert_eq!(asking.wrongs.counts().get(Wrongs::CROSSED), Some(&1));
    }
}
