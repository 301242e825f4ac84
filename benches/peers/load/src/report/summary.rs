//! Medians and minima of all rounds, for each server in each mode.

use std::collections::BTreeMap;

use clap::ValueEnum;

use crate::modes::Mode;
use crate::sample::{Sample, figure};
use crate::servers::FIELD;

/// One server in one mode.
#[derive(Debug, Default)]
pub(super) struct Cell {
    lowest: BTreeMap<String, f64>,
    median: BTreeMap<String, f64>,
    /// The total of each round.
    totals: BTreeMap<u32, f64>,
    /// Share of the total that was spent in user space, over all rounds.
    user_share: f64,
    /// What went wrong, in words; empty if nothing.
    pub(super) faults: String,
}

/// All of them.
pub(super) struct Summary {
    cells: BTreeMap<(String, String), Cell>,
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

impl Cell {
    fn of(samples: &[&Sample]) -> Self {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut wrong: BTreeMap<String, u64> = BTreeMap::new();
        let mut error = None;
        let mut totals = BTreeMap::new();
        for sample in samples {
            for (name, value) in &sample.figures {
                values.entry(name.clone()).or_default().push(*value);
            }
            if let Some(total) = sample.figures.get(figure::TOTAL) {
                totals.insert(sample.round, *total);
            }
            for (kind, count) in &sample.wrong {
                *wrong.entry(kind.clone()).or_default() += count;
            }
            error = error.or_else(|| sample.error.clone());
        }
        let sum = |name| values.get(name).map_or(0.0, |values| values.iter().sum());
        let (user, total): (f64, f64) = (sum(figure::USER), sum(figure::TOTAL));
        let wrong = wrong.iter().map(|(kind, count)| format!("{count} {kind}"));
        let faults = wrong.chain(error).collect::<Vec<_>>().join(", ");
        let lowest = values
            .iter()
            .map(|(name, values)| {
                (
                    name.clone(),
                    values.iter().copied().fold(f64::NAN, f64::min),
                )
            })
            .collect();
        let median = values
            .iter_mut()
            .map(|(name, values)| (name.clone(), median(values)))
            .collect();
        Self {
            lowest,
            median,
            totals,
            user_share: if total > 0.0 { user / total } else { 0.0 },
            faults,
        }
    }

    pub(super) fn total(&self) -> Option<f64> {
        self.lowest.get(figure::TOTAL).copied()
    }

    pub(super) fn user(&self) -> Option<f64> {
        Some(self.total()? * self.user_share)
    }

    pub(super) fn median(&self, name: &str) -> Option<f64> {
        self.median.get(name).copied()
    }

    pub(super) fn lowest(&self, name: &str) -> Option<f64> {
        self.lowest.get(name).copied()
    }
}

impl Summary {
    pub(super) fn of(samples: &[Sample]) -> Self {
        let mut groups: BTreeMap<(String, String), Vec<&Sample>> = BTreeMap::new();
        for sample in samples {
            let key = (sample.mode.clone(), sample.server.clone());
            groups.entry(key).or_default().push(sample);
        }
        let cells = groups
            .into_iter()
            .map(|(key, samples)| (key, Cell::of(&samples)))
            .collect();
        Self { cells }
    }

    pub(super) fn cell(&self, mode: Mode, server: &str) -> Option<&Cell> {
        self.cells.get(&(mode.name(), server.to_owned()))
    }

    /// Lowest cost per unit.
    pub(super) fn total(&self, mode: Mode, server: &str) -> Option<f64> {
        self.cell(mode, server)?.total()
    }

    /// What `of` makes of the costs of these servers: the median of the rounds in which all took
    /// part. Within a round they take turns, so they share what the machine does to them, while
    /// the lowest of one and the lowest of another may be from different hours.
    pub(super) fn paired<const N: usize>(
        &self,
        mode: Mode,
        servers: [&str; N],
        of: impl Fn([f64; N]) -> f64,
    ) -> Option<f64> {
        let cells: Vec<&Cell> = servers
            .into_iter()
            .filter_map(|server| self.cell(mode, server))
            .collect();
        let cells: [&Cell; N] = cells.try_into().ok()?;
        let rounds = cells.first()?.totals.keys();
        let mut made: Vec<f64> = rounds
            .filter_map(|round| {
                let costs: Vec<f64> = cells
                    .iter()
                    .filter_map(|cell| cell.totals.get(round).copied())
                    .collect();
                Some(of(costs.try_into().ok()?))
            })
            .collect();
        Some(median(&mut made)).filter(|made| !made.is_nan())
    }

    /// The cost of one server beside that of another, as the rounds have it.
    pub(super) fn ratio(&self, mode: Mode, one: &str, other: &str) -> Option<f64> {
        self.paired(mode, [one, other], |[one, other]| one / other)
    }

    /// The servers that took part in a mode, in the order of the field.
    pub(super) fn servers(&self, mode: Mode) -> Vec<&'static str> {
        let names = FIELD.iter().map(|server| server.name);
        names
            .filter(|name| self.cell(mode, name).is_some())
            .collect()
    }

    /// Mode, server and fault, where there is one.
    pub(super) fn faults(&self) -> Vec<(String, &'static str, &str)> {
        let mut faults = Vec::new();
        for mode in Mode::value_variants() {
            for server in self.servers(*mode) {
                let found = self.cell(*mode, server).map_or("", |cell| &cell.faults);
                if !found.is_empty() {
                    faults.push((mode.name(), server, found));
                }
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_compared_within_their_rounds() {
        let sample = |server: &str, round: u32, total: f64| Sample {
            server: server.to_owned(),
            mode: "echo".to_owned(),
            round,
            figures: [("total".to_owned(), total)].into(),
            wrong: Default::default(),
            error: None,
        };
        // The machine is half as fast in the second round, and in the third only one took part.
        let rows = [
            ("a", 1, 3.0),
            ("a", 2, 6.0),
            ("a", 3, 1.0),
            ("b", 1, 2.0),
            ("b", 2, 4.0),
        ];
        let summary = Summary::of(&rows.map(|(server, round, total)| sample(server, round, total)));
        assert_eq!(summary.ratio(Mode::Echo, "a", "b"), Some(1.5));
        assert_eq!(summary.ratio(Mode::Echo, "a", "c"), None);
        assert_eq!(summary.ratio(Mode::Ack, "a", "b"), None);
    }

    #[test]
    fn medians_and_minima_are_of_all_rounds_and_faults_add_up() {
        let sample = |total: f64, user: f64, wrong: u64| Sample {
            server: "a".to_owned(),
            mode: "echo".to_owned(),
            round: 1,
            figures: [("total".to_owned(), total), ("user".to_owned(), user)].into(),
            wrong: [("lost".to_owned(), wrong)].into(),
            error: None,
        };
        let samples = [
            sample(3.0, 2.0, 1),
            sample(2.0, 1.0, 0),
            sample(7.0, 3.0, 2),
        ];
        let cell = Cell::of(&samples.iter().collect::<Vec<_>>());
        assert_eq!(cell.total(), Some(2.0));
        assert_eq!(cell.median("total"), Some(3.0));
        assert_eq!(cell.user(), Some(1.0));
        assert_eq!(cell.faults, "3 lost");
    }
}
