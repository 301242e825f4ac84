//! A sitting: every server in every mode, in turn, round after round.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::Options;
use crate::environment::Environment;
use crate::fault::Fault;
use crate::interrupt;
use crate::modes::Mode;
use crate::process::Processors;
use crate::report::{self, Extent};
use crate::sample::{Raw, Sample, unit};
use crate::servers::{self, FIELD, Places, Server};
use crate::site::{Plan, Site};

/// Where raw figures and what servers say are kept; not committed.
pub(crate) fn folder() -> Result<PathBuf, Fault> {
    let folder = servers::peers().join("target/load");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

struct Sitting {
    places: Places,
    plan: Plan,
    processors: Processors,
    logs: PathBuf,
}

impl Sitting {
    fn new(options: &Options) -> Result<Self, Fault> {
        let places = options.places();
        let mut plan = Plan::new(options.full);
        plan.rounds = options.rounds.unwrap_or(plan.rounds).max(1);
        if let Some(seconds) = options.seconds {
            plan.measure = Duration::try_from_secs_f64(seconds)
                .map_err(|error| Fault::new(format!("--seconds {seconds}: {error}")))?;
        }
        let processors = Processors::take()?;
        if processors.shared() {
            eprintln!("only one processor: server and load share it, the figures are rough");
        }
        let logs = folder()?;
        Ok(Self {
            places,
            plan,
            processors,
            logs,
        })
    }

    fn measure(&self, server: &'static Server, mode: Mode, round: u32) -> Result<Sample, Fault> {
        let outcome = mode.run(&Site {
            server,
            places: &self.places,
            plan: &self.plan,
            processors: self.processors,
            logs: self.logs.clone(),
        });
        interrupt::check()?;
        let (figures, wrong, error) = match outcome {
            Ok(outcome) => (outcome.figures, outcome.wrongs.counts(), None),
            Err(fault) => (
                Default::default(),
                Default::default(),
                Some(fault.to_string()),
            ),
        };
        Ok(Sample {
            server: server.name.to_owned(),
            mode: mode.name(),
            round,
            figures,
            wrong,
            error,
        })
    }

    /// What is to be measured, in order: servers alternate within a round.
    fn cells(
        &self,
        modes: &[Mode],
        servers: &[&'static Server],
    ) -> Vec<(Mode, u32, &'static Server)> {
        let mut cells = Vec::new();
        for &mode in modes {
            let rounds = mode.rounds(&self.plan);
            for round in 1..=rounds {
                let able = servers
                    .iter()
                    .filter(|server| server.supports(mode) && round <= server.rounds_of(rounds));
                cells.extend(able.map(|server| (mode, round, *server)));
            }
        }
        cells
    }
}

/// The servers that were named, or all, without those that are not there.
fn chosen(places: &Places, names: &[String]) -> Result<Vec<&'static Server>, Fault> {
    let mut chosen = Vec::new();
    for server in FIELD {
        let asked = names.iter().any(|name| name == server.name);
        if !asked && !names.is_empty() {
            continue;
        }
        match server.missing(places) {
            Some(path) => eprintln!("without {}: there is no {}", server.name, path.display()),
            None => chosen.push(server),
        }
    }
    for name in names {
        servers::find(name).ok_or_else(|| unknown(name))?;
    }
    Ok(chosen)
}

fn unknown(name: &str) -> Fault {
    Fault::new(format!("there is no server `{name}`; see `list`"))
}

/// Measures, keeps the raw figures and says what went wrong.
pub(crate) fn run(options: &Options, modes: &[Mode], names: &[String]) -> Result<ExitCode, Fault> {
    let sitting = Sitting::new(options)?;
    let servers = chosen(&sitting.places, names)?;
    let extent = match (modes, names) {
        ([], []) => Extent::Whole,
        _ => Extent::Part,
    };
    let modes = match modes {
        [] => Mode::value_variants().to_vec(),
        some => some.to_vec(),
    };
    let cells = sitting.cells(&modes, &servers);
    let mut raw = Raw {
        environment: Environment::read(&sitting.places),
        full: sitting.plan.full,
        rounds: sitting.plan.rounds,
        shared: sitting.processors.shared(),
        samples: Vec::new(),
    };
    let begun = Instant::now();
    let expected: Vec<Duration> = cells
        .iter()
        .map(|(mode, ..)| mode.expected(&sitting.plan))
        .collect();
    for (done, (mode, round, server)) in cells.iter().enumerate() {
        eprint!(
            "[{}/{}] {} left: {}, round {round}, {} ",
            done + 1,
            cells.len(),
            left(begun.elapsed(), &expected[..done], &expected[done..]),
            mode.name(),
            server.name
        );
        let sample = sitting.measure(server, *mode, *round)?;
        eprintln!("{}", line(&sample));
        raw.samples.push(sample);
        write(&extent.raw()?, &mut raw)?;
    }
    let ours = failures(&raw.samples);
    report::write(extent)?;
    Ok(if ours {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn write(file: &Path, raw: &mut Raw) -> Result<(), Fault> {
    raw.environment.end();
    let text = serde_json::to_string(raw).map_err(|error| Fault::new(error.to_string()))?;
    fs::write(file, text)?;
    Ok(())
}

/// Says each failure; whether one is this repository's.
fn failures(samples: &[Sample]) -> bool {
    let mut said = BTreeSet::new();
    let mut ours = false;
    for sample in samples {
        let faults = sample.faults();
        if faults.is_empty() {
            continue;
        }
        ours |= servers::find(&sample.server).is_some_and(Server::is_ours);
        if said.insert((&sample.server, &sample.mode)) {
            eprintln!("FAILED: {} in {}: {faults}", sample.server, sample.mode);
        }
    }
    ours
}

/// Time left, if what is to come takes as much longer than expected as what is done did.
fn left(spent: Duration, done: &[Duration], coming: &[Duration]) -> String {
    let [done, coming] = [done, coming].map(|all| all.iter().sum::<Duration>().as_secs_f64());
    let slower = if done > 0.0 {
        spent.as_secs_f64() / done
    } else {
        1.0
    };
    let seconds = coming * slower;
    format!("{}:{:02}", seconds as u64 / 60, seconds as u64 % 60)
}

fn line(sample: &Sample) -> String {
    let figures: Vec<String> = [
        "total",
        "user",
        "kernel",
        "load",
        "rate",
        "p50",
        "p99",
        "held",
        "milliseconds",
    ]
    .iter()
    .filter_map(|name| Some((name, sample.figures.get(*name)?)))
    .map(|(name, value)| format!("{name} {value:.2} {}", unit(name)))
    .collect();
    match sample.faults() {
        faults if faults.is_empty() => figures.join("  "),
        faults => format!("{}  FAILED: {faults}", figures.join("  ")),
    }
}

/// Measures one server in one mode; figures go to standard output, one a line: name, value, unit.
pub(crate) fn one(options: &Options, name: &str, mode: Mode) -> Result<ExitCode, Fault> {
    let sitting = Sitting::new(options)?;
    let server = servers::find(name).ok_or_else(|| unknown(name))?;
    let mut failed = false;
    for round in 1..=options.rounds.unwrap_or(1) {
        let sample = sitting.measure(server, mode, round)?;
        eprintln!("{}", line(&sample));
        for (name, value) in &sample.figures {
            println!("{name}\t{value:.3}\t{}", unit(name));
        }
        failed |= !sample.faults().is_empty();
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Prints servers, with what is missing, and modes.
pub(crate) fn list(places: &Places) {
    println!("servers");
    for server in FIELD {
        match server.missing(places) {
            Some(path) => println!("  {:18} there is no {}", server.name, path.display()),
            None => println!("  {}", server.name),
        }
    }
    println!("modes");
    for mode in Mode::value_variants() {
        let help = mode
            .to_possible_value()
            .and_then(|value| value.get_help().map(ToString::to_string));
        println!("  {:18} {}", mode.name(), help.unwrap_or_default());
    }
}
