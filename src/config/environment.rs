//! The environment: our own variables, and those of the providers' keys.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::kind::Raw;
use super::near::nearest;
use super::table::{FILE_VARIABLE, KEY_VARIABLE, PREFIX, TABLE};
use super::values::Sources;
use super::wrong::{Place, Wrong};

/// The variables of the environment that are set to something.
pub(super) struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// Keeps what is not empty: an empty variable is one that somebody wanted to unset.
    pub(super) fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Environment {
        let named = variables.into_iter().filter_map(|(name, value)| {
            // A name that is no text is none of ours.
            let name = name.into_string().ok()?;
            (!value.is_empty()).then_some((name, value))
        });
        Environment {
            variables: named.collect(),
        }
    }

    /// Whether a variable is set.
    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// The value of a variable, if it is set.
    pub(super) fn get(&self, name: &str) -> Result<Option<String>, Wrong> {
        let Some(value) = self.variables.get(name) else {
            return Ok(None);
        };
        // The value may be a secret, so it is not shown.
        let text = value.clone().into_string();
        text.map(Some)
            .map_err(|_| Wrong::refused(format!("{name}: expected text in UTF-8")))
    }

    /// Adds what the variables of the settings say.
    pub(super) fn gather(&self, sources: &mut Sources) -> Result<(), Wrong> {
        for setting in TABLE.iter() {
            if let Some(text) = self.get(&setting.variable)? {
                sources.add(setting, Place::Variable(&setting.variable), Raw::Text(text));
            }
        }
        Ok(())
    }

    /// One line for each variable that looks like ours and is not: a slip must not be silent.
    ///
    /// It is no error, because an environment is shared with others. Names that begin with `AI_`
    /// are not ours alone, so that only those are told that are nearly one of ours.
    pub(super) fn warnings(&self) -> Vec<String> {
        let known: Vec<&str> = TABLE
            .iter()
            .map(|setting| setting.variable.as_str())
            .chain([FILE_VARIABLE, KEY_VARIABLE])
            .collect();
        let names = self.variables.keys().map(String::as_str);
        let unknown = names.filter(|name| !known.contains(name));
        unknown
            .filter_map(|name| {
                let warning = format!("the environment variable {name} is unknown and ignored");
                match meant(name, &known) {
                    Some(meant) => Some(format!("{warning}; did you mean {meant}?")),
                    None => name.starts_with(PREFIX).then_some(warning),
                }
            })
            .collect()
    }
}

/// The variable that was meant by one that begins like ours.
fn meant<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // What is compared is what follows the prefix.
    let (rest, candidates): (&str, Vec<(&str, &str)>) = match name.strip_prefix(PREFIX) {
        Some(rest) => {
            // Some of ours are without the prefix.
            let stem = |known: &'a str| known.strip_prefix(PREFIX).unwrap_or(known);
            (rest, known.iter().map(|one| (stem(one), *one)).collect())
        }
        None => {
            let of_ai = |one: &&'a str| Some((one.strip_prefix("AI_")?, *one));
            let rest = name.strip_prefix("AI_")?;
            (rest, known.iter().filter_map(of_ai).collect())
        }
    };
    let near = nearest(rest, candidates.iter().map(|(stem, _)| *stem))?;
    let found = candidates.into_iter().find(|(stem, _)| *stem == near);
    found.map(|(_, variable)| variable)
}
