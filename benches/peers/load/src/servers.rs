//! The field: which servers there are, how each is started, what each can do.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::modes::Mode;

/// What a server can do, and so in which modes it takes part.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Ability {
    /// Socket.IO on both transports, with rooms.
    Whole,
    /// Canned answers on WebSockets.
    Sockets,
    /// Canned answers on WebSockets and by polling.
    Canned,
    /// Whole, but measured only for the memory it holds.
    Memory,
    /// It is only started.
    Startable,
}

/// How a server is started.
#[derive(Clone, Copy, Debug)]
enum Program {
    /// A program of the package `servers`.
    Binary(&'static str),
    /// The program of the repository.
    Real,
    /// A script of `node/`, run by Node.
    Node(&'static str),
    /// A script of `node/`, run by Bun.
    Bun(&'static str),
}

/// One column of the field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    program: Program,
    threads: usize,
    ability: Ability,
}

const fn server(name: &'static str, program: Program, threads: usize, ability: Ability) -> Server {
    Server {
        name,
        program,
        threads,
        ability,
    }
}

pub(crate) const TRUNKLINE: &str = "trunkline";
pub(crate) const TRUNKLINE_MT: &str = "trunkline-mt";
/// The same server with another allocator.
pub(crate) const TRUNKLINE_JEMALLOC: &str = "trunkline-jemalloc";
/// The program that people run, rather than the library with the bench's handlers.
pub(crate) const PROGRAM: &str = "trunkline-program";
/// The program of the package `servers` that `--trunkline` replaces.
const LIBRARY: &str = "trunkline-server";
pub(crate) const SIOX: &str = "siox-st";
pub(crate) const FLOOR: &str = "floor-tungstenite";
pub(crate) const FLOOR_HTTP: &str = "floor-hyper";

/// All servers, in the order in which a round takes them.
pub(crate) const FIELD: &[Server] = &[
    server(
        "floor-tokio",
        Program::Binary("floor-tokio"),
        1,
        Ability::Sockets,
    ),
    server(
        FLOOR,
        Program::Binary("floor-tungstenite"),
        1,
        Ability::Sockets,
    ),
    server(
        FLOOR_HTTP,
        Program::Binary("floor-hyper"),
        1,
        Ability::Canned,
    ),
    server(TRUNKLINE, Program::Binary(LIBRARY), 1, Ability::Whole),
    server(TRUNKLINE_MT, Program::Binary(LIBRARY), 2, Ability::Whole),
    server(
        TRUNKLINE_JEMALLOC,
        Program::Binary("trunkline-jemalloc"),
        1,
        Ability::Memory,
    ),
    server(PROGRAM, Program::Real, 1, Ability::Startable),
    server(SIOX, Program::Binary("siox"), 1, Ability::Whole),
    server("siox-mt", Program::Binary("siox"), 2, Ability::Whole),
    server("bun", Program::Bun("bun-engine.mjs"), 1, Ability::Whole),
    server("node-ws", Program::Node("socketio.mjs"), 1, Ability::Whole),
];

/// Where the programs are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The folder `benches/peers`.
    pub(crate) peers: PathBuf,
    /// The server of Trunkline, if it is not the one of `servers`.
    pub(crate) trunkline: Option<PathBuf>,
    /// The program of the repository, if it is not the one of the last `cargo build --release`.
    pub(crate) program: Option<PathBuf>,
}

impl Server {
    /// Whether the server takes part in `mode`.
    pub(crate) fn supports(&self, mode: Mode) -> bool {
        let echoes = mode.is_echo_like();
        match self.ability {
            Ability::Whole if self.threads > 1 => echoes || mode == Mode::Connect,
            // Nobody polls them by the thousand to learn anything.
            Ability::Whole if self.compiles_late() => mode != Mode::IdlePolling,
            Ability::Whole => true,
            Ability::Sockets => {
                echoes || mode == Mode::Connect || (mode == Mode::Idle && self.name == FLOOR)
            }
            Ability::Canned => matches!(mode, Mode::Connect | Mode::Upgrade | Mode::Polling),
            Ability::Memory => mode.is_about_memory(),
            Ability::Startable => mode == Mode::Start,
        }
    }

    /// In how many of a mode's rounds it takes part: in two fewer if no bar refers to it.
    pub(crate) fn rounds_of(&self, rounds: u32) -> u32 {
        match self.name {
            SIOX | FLOOR | FLOOR_HTTP => rounds,
            _ if self.is_ours() => rounds,
            _ => rounds.saturating_sub(2).max(1),
        }
    }

    /// Whether its program is compiled while it runs.
    pub(crate) fn compiles_late(&self) -> bool {
        matches!(self.program, Program::Node(_) | Program::Bun(_))
    }

    /// Whether its wrong answers are failures of this repository.
    pub(crate) fn is_ours(&self) -> bool {
        self.name.starts_with(TRUNKLINE)
    }

    /// The file that has to be there, and what it is run with.
    fn program(&self, places: &Places) -> (Option<PathBuf>, PathBuf) {
        let node = places.peers.join("node");
        match self.program {
            Program::Binary(name) => {
                let built = places.peers.join("target/release").join(name);
                let other = places.trunkline.clone().filter(|_| name == LIBRARY);
                (None, other.unwrap_or(built))
            }
            Program::Real => {
                let built = places.peers.join("../../target/release/trunkline");
                (None, places.program.clone().unwrap_or(built))
            }
            Program::Node(script) => (Some(PathBuf::from("node")), node.join(script)),
            Program::Bun(script) => (Some(node.join("node_modules/.bin/bun")), node.join(script)),
        }
    }

    /// Why the server cannot be started, if so.
    pub(crate) fn missing(&self, places: &Places) -> Option<PathBuf> {
        let (runner, file) = self.program(places);
        let runner = runner.filter(|runner| runner.components().count() > 1);
        let packages = self
            .compiles_late()
            .then(|| places.peers.join("node/node_modules"));
        let needed = runner.into_iter().chain([file]).chain(packages);
        needed.into_iter().find(|path| !path.exists())
    }

    /// The command that starts it with a heartbeat of `interval` milliseconds.
    pub(crate) fn command(&self, places: &Places, interval: u64) -> Command {
        let (runner, file) = self.program(places);
        let mut command = match runner {
            Some(runner) => {
                let mut command = Command::new(runner);
                command.arg(file);
                command
            }
            None => Command::new(file),
        };
        command.args(["--port", "0"]);
        if !matches!(self.program, Program::Real) {
            command.arg("--threads").arg(self.threads.to_string());
        }
        command
            .env("PING_INTERVAL_MS", interval.to_string())
            .env("NODE_ENV", "production");
        command
    }
}

/// The server with that name.
pub(crate) fn find(name: &str) -> Option<&'static Server> {
    FIELD.iter().find(|server| server.name == name)
}

/// The folder `benches/peers` of the repository this program was built from.
pub(crate) fn peers() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}
