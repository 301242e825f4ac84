//! A server under measurement: started on its own processor, read from `/proc`, ended by its id.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use crate::fault::Fault;

/// How long a server may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// The processors: one for the server, one for this program.
#[derive(Clone, Copy)]
pub(crate) struct Processors {
    pub(crate) server: usize,
    pub(crate) load: usize,
}

impl Processors {
    /// Takes the first two processors that this program may use and moves to the second.
    pub(crate) fn take() -> Result<Self, Fault> {
        let allowed = sched_getaffinity(Pid::from_raw(0))?;
        let mut all = (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu) == Ok(true));
        let server = all.next().ok_or_else(|| Fault::new("no processor"))?;
        let taken = Self {
            server,
            load: all.next().unwrap_or(server),
        };
        pin(taken.load)?;
        Ok(taken)
    }

    /// Whether server and load share the only one.
    pub(crate) fn shared(self) -> bool {
        self.server == self.load
    }
}

fn pin(processor: usize) -> Result<(), Fault> {
    let mut set = CpuSet::new();
    set.set(processor)?;
    sched_setaffinity(Pid::from_raw(0), &set)?;
    Ok(())
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// Nanoseconds on a processor, all threads, ended ones too: the process's CPU clock.
    pub(crate) nanos: u64,
    /// Ticks of 10 ms in user space.
    pub(crate) user: u64,
    /// Ticks of 10 ms in the kernel.
    pub(crate) kernel: u64,
}

impl Used {
    /// Nanoseconds in total, in user space, in the kernel since `earlier`.
    ///
    /// The ticks are only used to divide the total.
    pub(crate) fn since(self, earlier: Self) -> (f64, f64, f64) {
        let total = (self.nanos - earlier.nanos) as f64;
        let user = (self.user - earlier.user) as f64;
        let kernel = (self.kernel - earlier.kernel) as f64;
        match user + kernel {
            0.0 => (total, 0.0, total),
            ticks => (total, total * user / ticks, total * kernel / ticks),
        }
    }
}

impl Used {
    /// Whether clock and ticks tell different stories about the time since `earlier`.
    pub(crate) fn disagrees(self, earlier: Self) -> bool {
        let nanos = (self.nanos - earlier.nanos) as f64;
        let ticks = (self.user + self.kernel - earlier.user - earlier.kernel) as f64 * 1e7;
        (nanos - ticks).abs() > 5e7 + 0.1 * nanos
    }
}

/// What a process holds in memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) proportional: f64,
}

fn clock(pid: Pid) -> Result<u64, Fault> {
    let clock = ClockId::pid_cpu_clock_id(pid)?;
    let time = clock_gettime(clock)?;
    Ok(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

/// Nanoseconds that this program has used.
pub(crate) fn own_nanos() -> Result<u64, Fault> {
    clock(Pid::this())
}

/// A running server. Dropping it ends it.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From exec to the first connection that was accepted.
    pub(crate) listening_after: Duration,
}

impl Process {
    /// Starts `command` on the server's processor and waits until it accepts connections.
    ///
    /// It has to print a line with `http://127.0.0.1:PORT`. What it says on standard error goes to
    /// the file `errors`.
    pub(crate) fn start(
        mut command: Command,
        errors: &Path,
        processors: Processors,
    ) -> Result<Self, Fault> {
        let program = command.get_program().to_string_lossy().into_owned();
        let log =
            File::create(errors).map_err(|e| Fault::new(format!("{}: {e}", errors.display())))?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        pin(processors.server)?;
        let begun = Instant::now();
        let child = command.spawn();
        pin(processors.load)?;
        let mut child = child.map_err(|error| Fault::new(format!("{program}: {error}")))?;
        let output = child.stdout.take();
        let mut process = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            listening_after: Duration::ZERO,
        };
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines())
            {
                let Ok(line) = line else { return };
                if let Some(address) = address_in(&line) {
                    // Nobody listens any more once the server is known; its output is still taken.
                    let _ = tell.send(address);
                }
            }
        });
        process.address = told.recv_timeout(PATIENCE).map_err(|_| {
            let said = fs::read_to_string(errors).unwrap_or_default();
            let last = said.lines().last().unwrap_or("it says nothing").to_owned();
            Fault::new(format!("{program} does not listen: {last}"))
        })?;
        while std::net::TcpStream::connect(process.address).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err(Fault::new(format!("{program} accepts no connection")));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        process.listening_after = begun.elapsed();
        Ok(process)
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn file(&self, name: &str) -> Result<String, Fault> {
        Ok(fs::read_to_string(format!(
            "/proc/{}/{name}",
            self.child.id()
        ))?)
    }

    pub(crate) fn used(&self) -> Result<Used, Fault> {
        let nanos = clock(self.pid())?;
        let stat = self.file("stat")?;
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let mut ticks = fields.split_whitespace().skip(11).map(str::parse);
        match (ticks.next(), ticks.next()) {
            (Some(Ok(user)), Some(Ok(kernel))) => Ok(Used {
                nanos,
                user,
                kernel,
            }),
            _ => Err(Fault::new(format!("not understood: {stat}"))),
        }
    }

    pub(crate) fn memory(&self) -> Result<Memory, Fault> {
        let rollup = self.file("smaps_rollup")?;
        let bytes = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
            Some(kilobytes * 1024.0)
        };
        match (bytes("Rss:"), bytes("Pss:")) {
            (Some(resident), Some(proportional)) => Ok(Memory {
                resident,
                proportional,
            }),
            _ => Err(Fault::new("smaps_rollup is not understood")),
        }
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':')
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_wherever_it_stands_in_the_line() {
        for line in [
            "listening on http://127.0.0.1:81",
            "{\"at\":\"http://127.0.0.1:81/\"}",
        ] {
            assert_eq!(
                address_in(line),
                Some(SocketAddr::from(([127, 0, 0, 1], 81)))
            );
        }
        assert_eq!(address_in("starting"), None);
    }

    #[test]
    fn ticks_divide_the_total() {
        let used = Used {
            nanos: 900,
            user: 2,
            kernel: 1,
        };
        assert_eq!(used.since(Used::default()), (900.0, 600.0, 300.0));
    }

    #[test]
    fn a_clock_beside_the_ticks_is_noticed() {
        let used = |nanos| Used {
            nanos,
            user: 60,
            kernel: 40,
        };
        assert!(!used(1_020_000_000).disagrees(Used::default()));
        assert!(used(1_200_000_000).disagrees(Used::default()));
        assert!(used(800_000_000).disagrees(Used::default()));
    }
}
