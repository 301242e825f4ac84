//! Measures Trunkline beside its peers: starts each server, loads it, writes what it cost.
//!
//! One thread, one poll, frames made beforehand: the load has to be cheaper than any server.

mod environment;
mod exchange;
mod fault;
mod fleet;
mod frame;
mod histogram;
mod http;
mod interrupt;
mod modes;
mod net;
mod polls;
mod process;
mod report;
mod sample;
mod servers;
mod site;
mod sitting;
mod sockets;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::fault::Fault;
use crate::modes::Mode;
use crate::servers::Places;

/// Measures Trunkline beside its peers.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measures all servers in all modes, in turn
    Run {
        #[command(flatten)]
        options: Options,
        /// Modes, separated by commas
        #[arg(long, value_delimiter = ',')]
        modes: Vec<Mode>,
        /// Servers, separated by commas
        #[arg(long, value_delimiter = ',')]
        servers: Vec<String>,
    },
    /// Measures one server in one mode and prints the figures
    One {
        server: String,
        mode: Mode,
        #[command(flatten)]
        options: Options,
    },
    /// Writes benches/RESULTS.md again from the raw figures of the last sitting of everything
    Report,
    /// Lists servers and modes
    List {
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Args)]
struct Options {
    /// All clients, longer spans, more rounds
    #[arg(long)]
    full: bool,
    /// Rounds, in place of 3 (5 with --full)
    #[arg(long)]
    rounds: Option<u32>,
    /// Seconds each measurement lasts
    #[arg(long)]
    seconds: Option<f64>,
    /// The folder `benches/peers` whose servers to measure, in place of this checkout's
    #[arg(long)]
    peers: Option<PathBuf>,
    /// The server of Trunkline, in place of `trunkline-server`
    #[arg(long)]
    trunkline: Option<PathBuf>,
    /// The program that is only started, in place of `target/release/trunkline`
    #[arg(long)]
    program: Option<PathBuf>,
}

impl Options {
    fn places(&self) -> Places {
        Places {
            peers: self.peers.clone().unwrap_or_else(servers::peers),
            trunkline: self.trunkline.clone(),
            program: self.program.clone(),
        }
    }
}

fn main() -> ExitCode {
    match perform(Cli::parse().command) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("load: {fault}");
            ExitCode::from(2)
        }
    }
}

fn perform(task: Task) -> Result<ExitCode, Fault> {
    interrupt::watch()?;
    match task {
        Task::Run {
            options,
            modes,
            servers,
        } => sitting::run(&options, &modes, &servers),
        Task::One {
            server,
            mode,
            options,
        } => sitting::one(&options, &server, mode),
        Task::Report => {
            report::write(report::Extent::Whole)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::List { options } => {
            sitting::list(&options.places());
            Ok(ExitCode::SUCCESS)
        }
    }
}
