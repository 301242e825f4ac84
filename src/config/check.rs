//! The effective configuration as a file that can be used again.

use std::fmt::Write as _;
use std::path::Path;

use super::kind::Value;
use super::provider::{Chosen, Provider};
use super::table::{KEY_KEY, Setting, TABLE};
use super::values::Values;
use super::wrong::Place;

/// Where the comments begin, where a line is short enough.
const COMMENT: usize = 40;

/// Writes the configuration down.
pub(super) fn text(values: &Values, file: Option<&str>, chosen: &Chosen) -> String {
    let mut lines = Lines(format!(
        "# The configuration of trunkline {} as it is in effect.\n",
        env!("CARGO_PKG_VERSION")
    ));
    match file {
        Some(path) => lines.add(&format!("# The file {path} was read.")),
        None => lines.add("# No file was read."),
    }
    let mut section = "";
    for setting in TABLE.iter() {
        let (this, name) = match setting.key.split_once('.') {
            Some((section, name)) => (section, name),
            None => ("", setting.key.as_str()),
        };
        if this != section {
            section = this;
            lines.add(&format!("\n[{section}]"));
        }
        lines.setting(setting, name, values, chosen);
    }
    lines.0
}

struct Lines(String);

impl Lines {
    fn add(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn setting(&mut self, setting: &Setting, name: &str, values: &Values, chosen: &Chosen) {
        let key = setting.key.as_str();
        if key == "ai.api_key_file" {
            self.add(&format!("# {KEY_KEY}: {}", chosen.describe_key()));
        }
        let source = match values.place(key) {
            Place::Default => "default".to_owned(),
            Place::File { path, line, .. } => format!("from {path}:{line}"),
            place => format!("from {place}"),
        };
        match (key, values.get(key)) {
            // Who mistook the one for the other gave the key instead of a path.
            ("ai.api_key_file", Some(Value::Text(path))) if !Path::new(path).exists() => {
                self.add(&format!("# {name} is not shown, as there is no such file"));
            }
            (_, Some(value)) => self.assign(name, &setting.kind.toml(value), &source),
            ("ai.provider", None) => {
                let provider = format!("{:?}", chosen.provider.name());
                self.assign(name, &provider, &chosen.because);
            }
            ("ai.model", None) if matches!(chosen.provider, Provider::Remote(..)) => {
                let model = format!("{:?}", chosen.provider.model());
                self.assign(name, &model, "the provider's default");
            }
            _ => self.add(&format!("# {name} is not set")),
        }
    }

    fn assign(&mut self, name: &str, value: &str, comment: &str) {
        let line = format!("{name} = {value}");
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line:<COMMENT$} # {comment}");
    }
}
