//! What ends a measurement, and the answers that were wrong but do not end it.

use std::collections::BTreeMap;
use std::{fmt, io};

/// Why a measurement could not be finished.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<nix::errno::Errno> for Fault {
    fn from(error: nix::errno::Errno) -> Self {
        Self(error.to_string())
    }
}

/// The beginning of a message, for people.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(80)];
    String::from_utf8_lossy(head).escape_debug().to_string()
}

/// Wrong answers, counted by kind. One of any kind is a failure of the server.
#[derive(Debug, Default, Clone)]
pub(crate) struct Wrongs(BTreeMap<&'static str, u64>);

impl Wrongs {
    pub(crate) const LOST: &'static str = "lost";
    pub(crate) const DOUBLED: &'static str = "doubled";
    pub(crate) const REORDERED: &'static str = "reordered";
    pub(crate) const CROSSED: &'static str = "crossed";
    pub(crate) const ALTERED: &'static str = "altered";

    pub(crate) fn add(&mut self, kind: &'static str, count: u64) {
        if count > 0 {
            *self.0.entry(kind).or_default() += count;
        }
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.0
            .iter()
            .map(|(kind, count)| ((*kind).to_owned(), *count))
            .collect()
    }
}
