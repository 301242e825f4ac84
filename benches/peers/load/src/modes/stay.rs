//! Clients that come, stay without a word and leave: what each holds, and what stays behind.

use std::time::Duration;

use super::WARM;
use crate::fault::Fault;
use crate::process::Process;
use crate::sample::Outcome;
use crate::site::Site;

/// Clients of one kind, none of them there at first.
pub(super) trait Clients {
    /// Lets `count` clients join.
    fn join(&mut self, count: usize) -> Result<(), Fault>;

    /// Lets all `count` clients leave and waits until the server has taken notice of each.
    fn leave(&mut self, count: usize) -> Result<(), Fault>;

    /// Runs for a while.
    fn run(&mut self, duration: Duration) -> Result<(), Fault>;
}

/// How long memory is given to go back once much has ended. jemalloc lets go of what nobody uses
/// over ten seconds, but looks only now and then: 18 s were seen until all of it had gone.
pub(super) const LONG: Duration = Duration::from_secs(25);
/// The same in a quick sitting, which shows memory after a crowd and does not judge it.
pub(super) const SHORT: Duration = Duration::from_secs(3);

/// Resident bytes after a while.
fn resident(clients: &mut impl Clients, process: &Process, settle: Duration) -> Result<f64, Fault> {
    clients.run(settle)?;
    Ok(process.memory()?.resident)
}

/// `count` clients come, stay and leave, memory has `settle` to go back both before and after, and those of this repository's servers come and leave again for `rounds`, fewer in a quick sitting.
pub(super) fn hold(
    site: &Site<'_>,
    process: &Process,
    clients: &mut impl Clients,
    count: usize,
    settle: Duration,
    rounds: u32,
) -> Result<Outcome, Fault> {
    let (plan, mut outcome) = (site.plan, Outcome::default());
    // Pages of code and tables that the first client of all touches are not the crowd's.
    clients.join(WARM)?;
    clients.leave(WARM)?;
    // What an allocator has yet to give back of theirs would be in the crowd's favour.
    let before = resident(clients, process, settle)?;
    clients.join(count)?;
    let opened = resident(clients, process, Duration::from_secs(1))?;
    let proportional = process.memory()?.proportional;
    let waited = Duration::from_secs(plan.choose(60, 3));
    let later = resident(clients, process, waited)?;
    clients.leave(count)?;
    let after = resident(clients, process, settle)?;
    outcome.put("clients", count as f64);
    outcome.put("before", before);
    outcome.put("proportional", proportional);
    outcome.put("held", (opened - before) / count as f64);
    outcome.put("waited", waited.as_secs_f64());
    outcome.put("held later", (later - before) / count as f64);
    outcome.put("settled", settle.as_secs_f64());
    outcome.put("after", after);
    // Whether memory creeps is asked of this repository's servers alone.
    let rounds = match site.server.is_ours() {
        true => plan.choose(rounds, 3),
        false => 0,
    };
    for round in 1..=rounds {
        clients.join(count)?;
        let full = resident(clients, process, Duration::from_millis(200))?;
        clients.leave(count)?;
        let empty = resident(clients, process, Duration::from_millis(500))?;
        outcome.put(&format!("full {round:02}"), full);
        outcome.put(&format!("empty {round:02}"), empty);
    }
    if plan.full && rounds > 0 {
        let last = resident(clients, process, settle)?;
        outcome.put("after rounds", last);
    }
    Ok(outcome)
}
