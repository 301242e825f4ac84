//! Where and with what a sitting was held.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::servers::Places;

/// Crates whose versions decide what is measured.
const CRATES: &[&str] = &[
    "socketioxide",
    "engineioxide",
    "tokio",
    "hyper",
    "hyper-util",
    "tokio-tungstenite",
    "tungstenite",
];
/// Packages of npm whose versions decide what is measured.
const PACKAGES: &[&str] = &[
    "socket.io",
    "engine.io",
    "ws",
    "@socket.io/bun-engine",
    "bun",
];

/// Machine and versions.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) struct Environment {
    /// Name and value, in the order in which to print them.
    pub(crate) facts: Vec<(String, String)>,
    /// Load averages of the machine before and after.
    pub(crate) load: (String, String),
}

impl Environment {
    pub(crate) fn read(places: &Places) -> Self {
        let lock = |name| fs::read_to_string(places.peers.join(name)).unwrap_or_default();
        let crates = crates(&lock("Cargo.lock"));
        let packages = packages(&lock("node/package-lock.json"));
        let commit = said(
            Command::new("git")
                .args(["-C"])
                .arg(&places.peers)
                .args(["describe", "--always", "--dirty"]),
        );
        let facts = [
            ("Trunkline", commit),
            ("processors", processor()),
            ("kernel", said(Command::new("uname").arg("-sr"))),
            ("rustc", said(Command::new("rustc").arg("--version"))),
            ("crates", crates),
            ("Node", said(Command::new("node").arg("--version"))),
            ("npm packages", packages),
        ];
        Self {
            facts: facts.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            load: (load(), String::new()),
        }
    }

    /// Takes the load average at the end.
    pub(crate) fn end(&mut self) {
        self.load.1 = load();
    }
}

/// First line of a program's output; empty if it cannot be run.
fn said(command: &mut Command) -> String {
    let output = command
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&output);
    text.lines().next().unwrap_or_default().to_owned()
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut names = info
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, name)| name);
    match names.next() {
        Some(name) => format!("{} × {name}", 1 + names.count()),
        None => String::new(),
    }
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Versions of [`CRATES`] in a `Cargo.lock`.
fn crates(lock: &str) -> String {
    let mut found = Vec::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        let name = line
            .strip_prefix("name = \"")
            .and_then(|rest| rest.strip_suffix('"'));
        let Some(name) = name.filter(|name| CRATES.contains(name)) else {
            continue;
        };
        let version = lines
            .next()
            .and_then(|line| line.strip_prefix("version = \""));
        found.push(format!(
            "{name} {}",
            version.unwrap_or("?").trim_end_matches('"')
        ));
    }
    found.join(", ")
}

/// Versions of [`PACKAGES`] in a `package-lock.json`.
fn packages(lock: &str) -> String {
    let lock: serde_json::Value = serde_json::from_str(lock).unwrap_or_default();
    let version = |name: &&str| {
        let version = &lock["packages"][format!("node_modules/{name}")]["version"];
        Some(format!("{name} {}", version.as_str()?))
    };
    PACKAGES
        .iter()
        .filter_map(version)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_both_locks() {
        let lock =
            "[[package]]\nname = \"tokio\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"x\"\n";
        assert_eq!(crates(lock), "tokio 1.2.3");
        let lock = r#"{"packages":{"node_modules/ws":{"version":"8.1.0"}}}"#;
        assert_eq!(packages(lock), "ws 8.1.0");
    }
}
