//! Ring 2: many histories of whole worlds, each from a seed, with the laws checked at every step.
//!
//! `SIMULATION_SEED=… cargo test --test simulation -- --nocapture` plays one history again, aloud.

mod model;
mod recovery;

use std::io::{self, Write};
use std::thread;

use model::dice::Dice;
use model::fault::Fault;
use model::law::{Breach, Law, Tally};
use model::world::{Outcome, play};

const HISTORIES: u64 = 10_000;
const STEPS: usize = 160;

/// Each of these happens at least this often in a run.
const OFTEN: u64 = 100;

/// What must happen, by group.
const EXPECTED: [(&str, &[&str]); 4] = [
    (
        "",
        &[
            "upgrade completed",
            "upgrade failed",
            "upgrade timed out",
            "upgrade aborted by the client",
            "5 of a WebSocket that was given up",
            "cut with data queued",
            "POST too large",
            "WebSocket blocked",
            "application busy",
            "CONNECT accepted",
            "CONNECT refused",
            "CONNECT abandoned",
            "nothing joined in time",
            "held event",
            "client left a namespace",
            "kick",
            "disconnected from all",
            "broadcast",
            "binary event to the server",
            "event of a client acknowledged",
            "ack answered",
            "ack timed out",
            "ack disconnected",
            "ack refused, too many",
            "hostile frames",
            "flood",
            "bad arguments noticed late",
            "healthy to the end",
        ],
    ),
    (
        "close",
        &[
            "transport close",
            "ping timeout",
            "parse error",
            "forced close",
            "overlap from client",
            "data request overlap from client",
            "poll connection closed prematurely",
            "data request connection closed prematurely",
            "invalid content",
            "invalid heartbeat direction",
            "message too large",
            "websocket failed",
            "slow consumer",
            "the application did not keep up",
        ],
    ),
    (
        "disconnect",
        &[
            "client namespace disconnect",
            "server namespace disconnect",
            "server shutting down",
            "ping timeout",
            "transport close",
            "transport error",
            "parse error",
            "forced close",
            "forced server close",
        ],
    ),
    (
        "WebSocket refused",
        &[
            "upgrades are off",
            "there is one",
            "another tries",
            "closed",
        ],
    ),
];

fn history(seed: u64, fault: Option<Fault>) -> Outcome {
    play(Dice::seeded(seed), STEPS, fault, false)
}

/// Plays a share of the histories; each is long enough and none breaks a law.
fn share(seeds: impl Iterator<Item = u64>) -> Result<(Tally, u64), (u64, Breach)> {
    let (mut tally, mut steps) = (Tally::default(), 0);
    for seed in seeds {
        let outcome = history(seed, None);
        if let Some(breach) = outcome.breach {
            return Err((seed, breach));
        }
        let (taken, clients) = (outcome.steps, outcome.clients);
        assert!(taken >= 50 && clients >= 2, "history {seed} is too short");
        steps += taken as u64;
        tally.absorb(outcome.tally);
    }
    Ok((tally, steps))
}

#[test]
fn ten_thousand_histories_keep_the_laws() {
    if let Ok(seed) = std::env::var("SIMULATION_SEED") {
        let seed = seed.parse().expect("SIMULATION_SEED is a number");
        let outcome = play(Dice::seeded(seed), STEPS, None, true);
        assert!(outcome.breach.is_none(), "{:?}", outcome.breach);
        return;
    }
    let workers = thread::available_parallelism().map_or(1, |count| count.get().min(4));
    let shares: Vec<_> = thread::scope(|scope| {
        let spawn = |worker| scope.spawn(move || share((worker..HISTORIES).step_by(workers)));
        let threads: Vec<_> = (0..workers as u64).map(spawn).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join();
        threads.into_iter().map(join).collect()
    });
    let (mut tally, mut steps) = (Tally::default(), 0);
    for share in shares {
        match share.expect("a history panicked") {
            Ok((counts, taken)) => {
                tally.absorb(counts);
                steps += taken;
            }
            Err((seed, Breach { law, what })) => {
                panic!("SIMULATION_SEED={seed} breaks {law:?}: {what}")
            }
        }
    }
    let mut report = format!("{HISTORIES} histories, {steps} steps\n");
    for ((group, what), count) in &tally.0 {
        let colon = if group.is_empty() { "" } else { ": " };
        report.push_str(&format!("{count:>9}  {group}{colon}{what}\n"));
    }
    say(&report);
    for (group, names) in EXPECTED {
        for &name in names {
            let count = tally.0.get(&(group, name)).copied().unwrap_or(0);
            assert!(count >= OFTEN, "{group} {name}: {count} times");
        }
    }
}

/// Prints in any run: the test harness holds back what `println!` prints.
fn say(text: &str) {
    // Nobody may be looking.
    let _ = io::stderr().write_all(text.as_bytes());
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for seed in 0..300 {
        assert_eq!(
            history(seed, None).digest,
            history(seed, None).digest,
            "seed {seed}"
        );
    }
}

/// The law that notices a fault, in the first history in which one does.
fn caught(fault: Fault) -> Option<(u64, Law)> {
    (0..1_000).find_map(|seed| {
        let outcome = history(seed, Some(fault));
        if let Some(breach) = outcome.breach {
            return Some((seed, breach.law));
        }
        let again = history(seed, Some(fault));
        (outcome.digest != again.digest).then_some((seed, Law::Deterministic))
    })
}

#[test]
fn each_of_twelve_faults_is_caught_by_its_law() {
    for (fault, law) in Fault::ALL {
        let caught = caught(fault);
        say(&format!("{fault:?} is caught by {caught:?}\n"));
        assert_eq!(caught.map(|(_, law)| law), Some(law), "{fault:?}");
    }
}

#[test]
fn a_history_made_of_bytes_ends_with_them() {
    let bytes: Vec<u8> = (0..600_u32).map(|byte| (byte * 37 % 251) as u8).collect();
    let outcome = play(Dice::from_bytes(&bytes), usize::MAX, None, false);
    assert!(outcome.breach.is_none(), "{:?}", outcome.breach);
    assert!(outcome.steps >= 20);
}
