//! What Linux says of a process, and what a run's samples say together.

use std::fs;
use std::io;
use std::time::Duration;

/// The unit of CPU times in `/proc`, which is the same on every architecture of today.
const TICKS_PER_SECOND: f64 = 100.0;
/// By which factor memory may grow between the second quarter of a run and the last.
const MAX_GROWTH: f64 = 1.1;
/// A run shorter than this says nothing of growth: an allocator takes minutes to settle.
const SETTLING: Duration = Duration::from_secs(240);

/// A process at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Resident memory in KiB.
    pub(crate) resident_kib: u64,
    /// CPU time since its start, user and kernel, of all threads, in seconds.
    pub(crate) cpu: f64,
    /// Open descriptors.
    pub(crate) descriptors: usize,
    /// Those of them that are sockets.
    pub(crate) sockets: usize,
    /// Threads.
    pub(crate) threads: u64,
}

impl Sample {
    /// Reads `/proc`.
    pub(crate) fn of(id: u32) -> io::Result<Sample> {
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        let (mut descriptors, mut sockets) = (0, 0);
        for entry in fs::read_dir(format!("/proc/{id}/fd"))? {
            descriptors += 1;
            // One that was closed meanwhile is no socket.
            let target = fs::read_link(entry?.path()).unwrap_or_default();
            sockets += usize::from(target.to_string_lossy().starts_with("socket:"));
        }
        Ok(Sample {
            resident_kib: field("VmRSS:"),
            cpu: cpu(&fs::read_to_string(format!("/proc/{id}/stat"))?),
            descriptors,
            sockets,
            threads: field("Threads:"),
        })
    }
}

/// The CPU time in a line of `/proc/PID/stat`: fields 14 and 15, counted behind the name, which may
/// hold blanks.
fn cpu(stat: &str) -> f64 {
    let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
    let ticks = behind.split(' ').skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_SECOND
}

/// The samples of a run.
#[derive(Default, Debug)]
pub(crate) struct Samples(Vec<(Duration, Sample)>);

impl Samples {
    pub(crate) fn push(&mut self, at: Duration, sample: Sample) {
        self.0.push((at, sample));
    }

    /// The median of resident memory in the second quarter of the run and in the last, in KiB; none
    /// with fewer than two samples in either.
    pub(crate) fn resident_medians(&self) -> Option<(u64, u64)> {
        let quarter = self.0.len() / 4;
        if quarter < 2 {
            return None;
        }
        let median = |part: &[(Duration, Sample)]| {
            let mut sizes: Vec<_> = part.iter().map(|(_, one)| one.resident_kib).collect();
            sizes.sort_unstable();
            sizes[sizes.len() / 2]
        };
        let last = &self.0[self.0.len() - quarter..];
        Some((median(&self.0[quarter..2 * quarter]), median(last)))
    }

    /// Whether memory grew by more than it may, with the medians in words.
    pub(crate) fn growth(&self) -> (bool, String) {
        let Some((second, last)) = self.resident_medians() else {
            return (false, "too short to say whether it grows".to_owned());
        };
        let factor = last as f64 / second as f64;
        let last_at = self.0.last().map_or(Duration::ZERO, |(at, _)| *at);
        let is_judged = last_at >= SETTLING;
        let judged = if is_judged {
            ""
        } else {
            ", too short to judge"
        };
        let words = format!(
            "second quarter {second} KiB, last {last} KiB \
             (x {factor:.2}, at most {MAX_GROWTH}{judged})"
        );
        (is_judged && factor > MAX_GROWTH, words)
    }

    /// The highest resident memory in KiB.
    pub(crate) fn highest_resident(&self) -> u64 {
        let sizes = self.0.iter().map(|(_, sample)| sample.resident_kib);
        sizes.max().unwrap_or(0)
    }

    /// The most sockets.
    pub(crate) fn most_sockets(&self) -> usize {
        let sockets = self.0.iter().map(|(_, sample)| sample.sockets);
        sockets.max().unwrap_or(0)
    }

    /// All of them, with the time since the start.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Duration, Sample)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "7 (a ) name) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 100";
        assert!((cpu(stat) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn growth_is_that_from_the_second_quarter_to_the_last() {
        let grown = samples(40, &[900, 900, 10, 20, 30, 40, 50, 60]);
        assert_eq!(grown.resident_medians(), Some((20, 60)));
        assert!(grown.growth().0);
        let settled = samples(40, &[10, 20, 99, 100, 101, 30, 109, 110]);
        assert!(!settled.growth().0, "{settled:?}");
    }

    #[test]
    fn short_runs_are_not_judged() {
        let (is_grown, words) = samples(5, &[1, 1, 1, 1, 9, 9, 9, 9]).growth();
        assert!(!is_grown && words.contains("too short"), "{words}");
    }

    /// Samples of these sizes, so many seconds apart.
    fn samples(apart: u64, sizes: &[u64]) -> Samples {
        let mut samples = Samples::default();
        for (at, &resident_kib) in (0..).step_by(apart as usize).zip(sizes) {
            let sample = Sample {
                resident_kib,
                cpu: 0.0,
                descriptors: 0,
                sockets: 0,
                threads: 1,
            };
            samples.push(Duration::from_secs(at), sample);
        }
        samples
    }
}
