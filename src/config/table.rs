//! Every setting of the program, once: its key, its flag, its variable, its kind, its default.
//!
//! Flags, variables, the file, the help, `--check` and the reference are all made from this table.

mod ai;
mod assistant;
mod client;
mod http;
mod program;

use std::sync::LazyLock;

use super::kind::Kind;

/// The variable of the provider's key. It is in no table, as its value must not be shown.
pub(super) const KEY_VARIABLE: &str = "AI_API_KEY";
/// The key under which the provider's key would be found in a file, where it is refused.
pub(super) const KEY_KEY: &str = "ai.api_key";
/// The variable that names the configuration file.
pub(super) const FILE_VARIABLE: &str = "TRUNKLINE_CONFIG";
/// Begins the names of our own variables.
pub(super) const PREFIX: &str = "TRUNKLINE_";

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its name in the file, with the section before the dot: `engine.ping_interval`.
    pub(super) key: String,
    /// Its flag without the dashes: `engine-ping-interval`.
    pub(super) flag: String,
    /// Its environment variable.
    pub(super) variable: String,
    pub(super) kind: Kind,
    /// What stands behind the flag: `DURATION`.
    pub(super) value_name: String,
    /// Its default, as one would write it; none if it is not set unless somebody sets it.
    pub(super) default: Option<&'static str>,
    /// What it is for, without a full stop.
    pub(super) help: &'static str,
    /// The heading that it stands under.
    pub(super) heading: &'static str,
    /// Whether `--help` shows it; `--help-all` shows every one.
    pub(super) common: bool,
}

/// All settings, in the order in which they are shown.
pub(super) static TABLE: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let mut table = Table(Vec::new());
    program::fill(&mut table);
    ai::fill(&mut table);
    assistant::fill(&mut table);
    client::fill(&mut table);
    http::fill(&mut table);
    table.0
});

/// The setting of this key.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.key == key)
}

/// Gathers the settings.
struct Table(Vec<Setting>);

impl Table {
    /// Begins a section. A section without a name holds keys without a dot.
    fn section(&mut self, name: &'static str, heading: &'static str) -> Section<'_> {
        Section {
            name,
            heading,
            table: self,
        }
    }
}

/// A part of the table: a section of the file.
struct Section<'a> {
    name: &'static str,
    heading: &'static str,
    table: &'a mut Table,
}

impl Section<'_> {
    /// Adds a setting with its default.
    fn add(
        &mut self,
        name: &str,
        kind: Kind,
        default: &'static str,
        help: &'static str,
    ) -> &mut Setting {
        let setting = self.unset(name, kind, help);
        setting.default = Some(default);
        setting
    }

    /// Adds a setting that has no value unless somebody gives it one.
    fn unset(&mut self, name: &str, kind: Kind, help: &'static str) -> &mut Setting {
        let key = match self.name {
            "" => name.to_owned(),
            section => format!("{section}.{name}"),
        };
        let settings = &mut self.table.0;
        settings.push(Setting {
            flag: key.replace(['.', '_'], "-"),
            variable: format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase()),
            key,
            kind,
            value_name: kind.name(),
            default: None,
            help,
            heading: self.heading,
            common: false,
        });
        settings.last_mut().expect("one was added just now")
    }
}

impl Setting {
    /// Shows it in the short help.
    fn common(&mut self) -> &mut Setting {
        self.common = true;
        self
    }

    /// Says in the help what its text is.
    fn named(&mut self, name: &str) -> &mut Setting {
        self.value_name = name.to_owned();
        self
    }

    /// Takes the key itself as the variable's name: `AI_MODEL`, `PORT`.
    fn without_prefix(&mut self) -> &mut Setting {
        self.variable = self.variable.replacen(PREFIX, "", 1);
        self
    }
}
