//! The laws that are looked at after every step, and how a history ends.

use super::fault::Fault;
use super::law::Law;
use super::world::World;

/// A world that does not come to rest after this many steps never will.
const RESTLESS: usize = 20_000;

impl World {
    /// The laws that can be looked at any time.
    pub(super) fn check(&mut self) {
        self.check_rooms();
        for (at, host) in self.hosts.iter().enumerate() {
            let is_late = self.deaf != Some(at)
                && host
                    .connection
                    .poll_timeout()
                    .is_some_and(|due| due < self.now);
            self.laws.hold(Law::SilenceCloses, !is_late, || {
                format!("{}: a deadline has passed unnoticed", host.name)
            });
        }
        for (number, waiting) in &self.application.waiting {
            let host = &self.hosts[waiting.host];
            let is_told = !host.has_room() || self.deaf == Some(waiting.host);
            let is_late = !is_told && waiting.deadline.is_some_and(|due| due < self.now);
            self.laws.hold(Law::AcksResolve, !is_late, || {
                format!("the time for the answer to {number} has passed")
            });
        }
    }

    /// No more mischief: what is under way arrives, and healthy clients have lost nothing.
    pub(super) fn rest(&mut self) {
        let mut taken = 0;
        while self.laws.breach.is_none() && self.next(false).is_some() {
            self.advance();
            self.check();
            taken += 1;
            if taken == RESTLESS {
                self.laws
                    .hold(Law::SilenceCloses, false, || "no rest".to_owned());
            }
        }
        for host in &self.hosts {
            if host.is_healthy() && !host.is_over() {
                self.tally.count("healthy to the end");
                host.ledger.settle(&host.name, &mut self.laws);
            }
        }
    }

    /// Every client falls silent, and is closed for it in time.
    pub(super) fn fall_silent(&mut self) {
        let since = self.now;
        let mut is_plain = Vec::new();
        for host in &mut self.hosts {
            // Others may be closing without the application's doing: for a violation, or because
            // they join nothing.
            is_plain.push(host.is_healthy() && (host.has_joined || host.is_bare));
            host.client.is_silent = true;
            host.client.excuse("it is silent");
        }
        if self.shim.lasts(Fault::IgnoreTimeout) {
            self.deaf = (0..self.hosts.len()).find(|&at| !self.hosts[at].is_over());
        }
        while self.laws.breach.is_none() && self.advance() {
            self.check();
        }
        let config = &self.engine;
        let heartbeat = config.ping_interval + config.ping_timeout;
        for (host, is_plain) in self.hosts.iter().zip(is_plain) {
            let by_silence = since + heartbeat;
            let by = match host.closing_since {
                Some(closing) => by_silence.max(closing + config.close_wait),
                None if is_plain => by_silence,
                None => by_silence + config.close_wait,
            };
            let is_closed = host.closed_at.is_some_and(|at| at <= by);
            self.laws.hold(Law::SilenceCloses, is_closed, || {
                format!(
                    "{} is closed at {:?}, not by {by:?}",
                    host.name, host.closed_at
                )
            });
        }
    }

    /// All have gone: nothing of them is left.
    pub(super) fn end(&mut self) {
        self.check();
        for host in &self.hosts {
            host.ledger.close(&host.name, &mut self.laws);
            let asked = &host.client.asked;
            self.laws.hold(Law::AnsweredOnce, asked.is_empty(), || {
                format!("{}: the GETs {asked:?} were not answered", host.name)
            });
        }
        let rooms = &self.application.rooms;
        let empty = rooms
            .iter()
            .all(|rooms| rooms.is_empty() && rooms.room_count() == 0);
        self.laws.hold(Law::RoomsMirror, empty, || {
            "somebody is left in a room".to_owned()
        });
        let waiting: Vec<_> = self.application.waiting.keys().collect();
        self.laws.hold(Law::AcksResolve, waiting.is_empty(), || {
            format!("{waiting:?} still wait")
        });
    }
}
