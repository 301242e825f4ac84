//! How a client moves to a WebSocket, or fails to.

use trunkline::engine::Gone;

use super::client::Stage;
use super::network::{Number, SocketUp};
use super::world::{World, ms};

/// How an upgrade is meant to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plan {
    Good,
    /// The probe comes after the server's patience.
    SlowProbe,
    /// Nothing follows the probe's answer.
    SlowFive,
    /// The `5` comes about when the server's patience ends.
    LateFive,
    /// The `5` does not wait for the GET and the POST.
    Hasty,
    /// Something else comes in place of the probe.
    Junk,
    /// The `5` comes without a probe.
    NoProbe,
    /// The WebSocket ends before the `5`.
    Abort,
}

impl World {
    /// Opens a WebSocket for its session.
    pub(super) fn open_socket(&mut self, at: usize) -> Number {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        let number = host.client.number();
        host.network.socket_up.push(due, SocketUp::Opens(number));
        number
    }

    /// The last step of an upgrade.
    pub(super) fn move_over(&mut self, at: usize) {
        self.send_frame(at, "5".into());
        self.hosts[at].client.stage = Stage::WebSocket;
        self.pump(at);
    }

    pub(super) fn proven(&mut self, at: usize, plan: Plan) {
        let now = self.now;
        let wait = match plan {
            Plan::SlowFive => Some(30_000),
            Plan::LateFive => Some(7_000 + self.dice.below(4_000)),
            _ => None,
        };
        let host = &mut self.hosts[at];
        match plan {
            Plan::LateFive | Plan::SlowProbe => host.client.excuse("its upgrade came too late"),
            Plan::Hasty => host.client.excuse("it upgraded in haste"),
            _ => {}
        }
        if matches!(plan, Plan::Hasty | Plan::LateFive | Plan::SlowProbe) {
            host.ledger.lossy_down = true;
            host.ledger.lossy_up = true;
        }
        host.client.upgrades_at = wait.map(|wait| now + ms(wait));
        let is_proven = true;
        host.client.stage = Stage::Probing { plan, is_proven };
    }

    /// Begins to move to a WebSocket, one way or another.
    pub(super) fn upgrade(&mut self, at: usize) {
        let allowed = self.engine.allow_upgrades;
        let client = &self.hosts[at].client;
        let hopeful = allowed || client.is_rowdy;
        let is_awake = client.dozes_until.is_none();
        if client.stage != Stage::Polling || client.socket.is_some() || !hopeful || !is_awake {
            return;
        }
        let mut plan = match self.dice.below(16) {
            0..8 => Plan::Good,
            8..10 => Plan::SlowProbe,
            10 => Plan::SlowFive,
            11 => Plan::Junk,
            12 => Plan::NoProbe,
            _ => Plan::Abort,
        };
        if client.is_rowdy && self.dice.chance(25) {
            plan = *self.dice.pick(&[Plan::Hasty, Plan::LateFive]);
        }
        let number = self.open_socket(at);
        let client = &mut self.hosts[at].client;
        client.socket = Some(number);
        let is_proven = false;
        client.stage = Stage::Probing { plan, is_proven };
        self.tally.count("upgrade begun");
        match plan {
            Plan::SlowProbe => {
                let wait = 8_000 + self.dice.below(8_000);
                self.hosts[at].client.upgrades_at = Some(self.now + ms(wait));
            }
            Plan::Junk => {
                let junk = *self.dice.pick(&["2", "4x", "6", "2prob", "3probe", ""]);
                self.send_frame(at, junk.into());
            }
            Plan::NoProbe => self.send_frame(at, "5".into()),
            Plan::Abort => self.abort(at, number),
            Plan::Good | Plan::SlowFive | Plan::LateFive | Plan::Hasty => {
                self.send_frame(at, "2probe".into());
            }
        }
    }

    pub(super) fn abort(&mut self, at: usize, number: u32) {
        if self.dice.chance(50) {
            self.send_frame(at, "2probe".into());
        }
        self.tally.count("upgrade aborted by the client");
        let gone = *self.dice.pick(&[Gone::Closed, Gone::Failed, Gone::Closed]);
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        host.network
            .socket_up
            .push(due, SocketUp::Ends(number, gone));
        host.client.socket = None;
        host.client.stage = Stage::Polling;
    }

    /// A client that still has its candidate long after the server's patience, which can only be
    /// because the server did not read for a while. Its `5` may meet the server giving up.
    fn overdue(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        if let Stage::Probing {
            plan: Plan::SlowFive,
            is_proven: true,
        } = host.client.stage
        {
            host.client.excuse("its upgrade came too late");
            host.ledger.lossy_down = true;
            host.ledger.lossy_up = true;
        }
    }

    /// A timer of the client.
    pub(super) fn wake(&mut self, at: usize) {
        let now = self.now;
        let client = &mut self.hosts[at].client;
        client.dozes_until = client.dozes_until.filter(|until| *until > now);
        if client.upgrades_at.is_some_and(|moment| moment <= now) {
            client.upgrades_at = None;
            if let Stage::Probing {
                plan: Plan::SlowProbe,
                is_proven: false,
            } = client.stage
            {
                self.send_frame(at, "2probe".into());
            }
            self.overdue(at);
        }
        self.pump(at);
    }
}
