//! One measurement's surroundings: which server, how long, on which processors.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::process::{self, Process, Processors, Used};
use crate::sample::{Outcome, figure};
use crate::servers::{Places, Server};

/// Milliseconds between pings where they are not what is measured.
pub(crate) const CALM: u64 = 25_000;
/// Milliseconds between pings where pings are measured.
pub(crate) const BRISK: u64 = 5_000;

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// All clients and the whole minute, rather than what shows the shape.
    pub(crate) full: bool,
    pub(crate) rounds: u32,
    pub(crate) warm: Duration,
    pub(crate) measure: Duration,
}

impl Plan {
    pub(crate) fn new(full: bool) -> Self {
        match full {
            true => Self {
                full,
                rounds: 5,
                warm: Duration::from_millis(500),
                measure: Duration::from_millis(1500),
            },
            false => Self {
                full,
                rounds: 3,
                warm: Duration::from_millis(250),
                measure: Duration::from_millis(500),
            },
        }
    }

    /// `full` in a full sitting, else `quick`.
    pub(crate) fn choose<T>(&self, full: T, quick: T) -> T {
        if self.full { full } else { quick }
    }
}

/// What a mode needs to know.
pub(crate) struct Site<'a> {
    pub(crate) server: &'static Server,
    pub(crate) places: &'a Places,
    pub(crate) plan: &'a Plan,
    pub(crate) processors: Processors,
    /// Where servers leave what they say on standard error.
    pub(crate) logs: PathBuf,
}

impl Site<'_> {
    /// Starts the server with pings every `interval` milliseconds.
    pub(crate) fn start(&self, interval: u64) -> Result<Process, Fault> {
        let errors = self.logs.join(format!("{}.log", self.server.name));
        let command = self.server.command(self.places, interval);
        Process::start(command, &errors, self.processors)
    }
}

/// Waits until a server has warmed up: a while for all, and for those that compile as they run an
/// amount of processor time, however long that takes on a busy machine.
pub(crate) struct Warming<'a> {
    process: &'a Process,
    begun: Instant,
    used: u64,
    span: Duration,
    nanos: u64,
}

impl<'a> Warming<'a> {
    /// How long to run between two looks.
    pub(crate) const STEP: Duration = Duration::from_millis(50);
    /// No server is given longer.
    const LONGEST: Duration = Duration::from_secs(10);

    pub(crate) fn begin(site: &Site<'_>, process: &'a Process) -> Result<Self, Fault> {
        let seconds = site.plan.choose(2, 1);
        Ok(Self {
            process,
            begun: Instant::now(),
            used: process.used()?.nanos,
            span: site.plan.warm,
            nanos: match site.server.compiles_late() {
                true => seconds * 1_000_000_000,
                false => 0,
            },
        })
    }

    pub(crate) fn is_done(&self) -> Result<bool, Fault> {
        let spent = self.begun.elapsed();
        let used = self.process.used()?.nanos - self.used;
        Ok(spent >= self.span && (used >= self.nanos || spent >= Self::LONGEST))
    }
}

/// A span of time in which units are counted.
pub(crate) struct Window<'a> {
    process: &'a Process,
    begun: Instant,
    used: Used,
    own: u64,
}

impl<'a> Window<'a> {
    pub(crate) fn open(process: &'a Process) -> Result<Self, Fault> {
        Ok(Self {
            process,
            begun: Instant::now(),
            used: process.used()?,
            own: process::own_nanos()?,
        })
    }

    /// Ends the span: costs per unit, units a second.
    pub(crate) fn close(self, units: u64, outcome: &mut Outcome) -> Result<(), Fault> {
        let used = self.process.used()?;
        let own = process::own_nanos()? - self.own;
        let seconds = self.begun.elapsed().as_secs_f64();
        if units == 0 {
            return Err(Fault::new("not one answer"));
        }
        if used.disagrees(self.used) {
            return Err(Fault::new(
                "the CPU clock and the ticks of the process differ",
            ));
        }
        let (total, user, kernel) = used.since(self.used);
        for (name, nanos) in [
            (figure::TOTAL, total),
            (figure::USER, user),
            (figure::KERNEL, kernel),
            (figure::LOAD, own as f64),
        ] {
            outcome.put(name, nanos / 1e3 / units as f64);
        }
        outcome.put(figure::RATE, units as f64 / seconds);
        outcome.put("busy", total / 1e9 / seconds);
        Ok(())
    }
}
