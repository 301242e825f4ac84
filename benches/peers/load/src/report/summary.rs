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
        for sample in samples {
            for (name, value) in &sample.figures {
                values.entry(name.clone()).or_default().push(*value);
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
