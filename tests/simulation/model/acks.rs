//! Acknowledgements that the application waits for.

use std::sync::PoisonError;

use trunkline::socketio::{AckError, AckRequest, Outgoing, Waiter};

use super::application::Waiting;
use super::law::Law;
use super::ledger::Say;
use super::world::{World, ms};

impl World {
    pub(super) fn emit_with_ack(
        &mut self,
        at: usize,
        packet: &Outgoing,
        namespace: usize,
        number: u32,
    ) {
        let now = self.now;
        let waits = self
            .dice
            .chance(80)
            .then(|| ms(100 + self.dice.below(20_000)));
        let resolved = self.application.resolved.clone();
        let waiter = Waiter::new(move |outcome| {
            let mut resolved = resolved.lock().unwrap_or_else(PoisonError::into_inner);
            resolved.push((number, outcome));
        });
        let deadline = waits.map(|wait| now + wait);
        let waiting = &mut self.application.waiting;
        let pending = waiting
            .values()
            .filter(|waiting| waiting.host == at)
            .count();
        waiting.insert(number, Waiting { host: at, deadline });
        let limit = self.socketio.max_pending_acks;
        // While the application is busy it has not been told of those that failed.
        let fits = pending <= limit || !self.hosts[at].has_room();
        self.laws
            .hold(Law::Limits, fits, || format!("{pending} acks"));
        let id = u64::from(number);
        let request = AckRequest {
            id,
            timeout: waits,
            waiter,
        };
        let host = &mut self.hosts[at];
        let before = host.connection.queued_bytes();
        host.connection.emit(packet, Some(request), now);
        if host.connection.queued_bytes() > before {
            let ack = Some(id);
            host.ledger.say(Say::Event {
                namespace,
                number,
                ack,
            });
        }
    }

    /// Looks at the acknowledgements that were resolved since the last time.
    pub(super) fn collect_answers(&mut self) {
        let resolved = self.application.resolved.clone();
        let mut resolved = resolved.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, outcome) in resolved.drain(..) {
            let waiting = self.application.waiting.remove(&number);
            self.laws.hold(Law::AcksResolve, waiting.is_some(), || {
                format!("{number} is resolved twice")
            });
            let Some(Waiting { host, deadline }) = waiting else {
                continue;
            };
            let is_wild = self.hosts[host].client.is_wild;
            let (what, is_right) = match &outcome {
                Ok(args) => {
                    let answer = args.to::<(u64,)>();
                    (
                        "ack answered",
                        is_wild || answer == Ok((u64::from(number),)),
                    )
                }
                Err(AckError::TimedOut) => {
                    ("ack timed out", deadline.is_some_and(|by| by <= self.now))
                }
                Err(AckError::Disconnected) => ("ack disconnected", true),
                Err(AckError::TooMany) => ("ack refused, too many", true),
                Err(AckError::Replaced) => ("ack replaced", false),
                Err(AckError::Unencodable) => ("ack unencodable", false),
                Err(AckError::Dropped) => ("ack dropped", false),
            };
            self.tally.count(what);
            self.laws.hold(Law::AcksResolve, is_right, || {
                format!("{number}: {outcome:?}")
            });
        }
    }
}
