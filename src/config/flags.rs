//! The command line: flags made from the table, and the help.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use super::kind::{Kind, Raw};
use super::near::nearest;
use super::table::{Setting, TABLE};
use super::values::Sources;
use super::wrong::{Place, Wrong};

const ABOUT: &str = "A Socket.IO server that answers ai-message, on one port.";
const USAGE: &str = "trunkline [--config FILE] [--FLAG VALUE]…";
const AFTER_HELP: &str = "\
This is what is set most often: --help-all shows every setting, with its key in the
file, its variable and its default. A flag wins over the environment, the environment
over the file. Durations need a unit (25s, 500ms); sizes may have one (1MB, 64KiB).

The provider's key is never a flag: put it into AI_API_KEY, into the provider's own
variable (GEMINI_API_KEY or GOOGLE_API_KEY, OPENAI_API_KEY, ANTHROPIC_API_KEY), or
into a file that AI_API_KEY_FILE names.

Whose pages are welcome: browsers say which page a connection comes from.
  On loopback addresses: pages of this machine, whatever their port. Requests
    under another host name are refused, so that no web page can use your server.
  On any other address: pages of the very host name and port they connect to.
  Others are refused until --origin admits them; behind a proxy, or for a page on
  another address, set it. A page opened from a file has no address of its own and
  is admitted by `*` alone. Programs that are no browsers are always welcome.";
/// The lines of a help text, without the ten columns before them.
const HELP_WIDTH: usize = 80;
const NO_KEY_FLAG: &str = "--ai-api-key: everybody on this machine can read the flags of a \
    program; put the key into AI_API_KEY, or into a file named by --ai-api-key-file";

/// What the command line asks for.
pub(super) enum Asked {
    /// To go on with these.
    Flags(Flags),
    /// To print this and end.
    Print(String),
}

/// What the flags say that are no settings.
pub(super) struct Flags {
    pub(super) file: Option<String>,
    pub(super) check: bool,
    pub(super) test_hooks: bool,
}

/// Reads the command line, the program's name first.
pub(super) fn read(
    arguments: impl IntoIterator<Item = OsString>,
    sources: &mut Sources,
) -> Result<Asked, Wrong> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches = match command(false).try_get_matches_from(&arguments) {
        Ok(matches) => matches,
        Err(error) => return explain(&error, &arguments),
    };
    if matches.get_flag("help-all") {
        return Ok(Asked::Print(command(true).render_long_help().to_string()));
    }
    if matches.get_flag("help-markdown") {
        return Ok(Asked::Print(super::reference::markdown()));
    }
    if matches.contains_id("ai-api-key") {
        return Err(Wrong::refused(NO_KEY_FLAG));
    }
    for setting in TABLE.iter() {
        if let Some(parts) = matches.get_many::<String>(&setting.flag) {
            // Only a list may be given in several parts.
            let parts: Vec<&str> = parts.map(String::as_str).collect();
            let raw = Raw::Text(parts.join(","));
            sources.add(setting, Place::Flag(&setting.flag), raw);
        }
    }
    Ok(Asked::Flags(Flags {
        file: matches.get_one::<String>("config").cloned(),
        check: matches.get_flag("check"),
        test_hooks: matches.get_flag("test-hooks"),
    }))
}

/// The command line as clap knows it; `all` shows the rare flags too.
fn command(all: bool) -> Command {
    let mut command = Command::new("trunkline")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .override_usage(USAGE)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .next_line_help(true);
    if !all {
        command = command.after_help(AFTER_HELP);
    }
    for arg in own_flags() {
        command = command.arg(arg.help_heading("Asking the program"));
    }
    for setting in TABLE.iter() {
        command = command.arg(flag(setting, all));
    }
    command
        .arg(switch("help-markdown", "").hide(true))
        .arg(switch("test-hooks", "").hide(true))
        .arg(value("ai-api-key").num_args(0..=1).hide(true))
}

fn own_flags() -> [Arg; 5] {
    [
        value("config")
            .value_name("FILE")
            .help("Read settings from this TOML file [env: TRUNKLINE_CONFIG]"),
        switch("check", "Check all settings, print them as a file, and end"),
        switch("help", "Show what is set most often")
            .short('h')
            .action(ArgAction::HelpShort),
        switch("help-all", "Show every setting"),
        switch("version", "Show the version")
            .short('V')
            .action(ArgAction::Version),
    ]
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    let arg = Arg::new(name).long(name).help(help);
    arg.action(ArgAction::SetTrue)
}

fn value(name: &'static str) -> Arg {
    // A value such as -5 is a wrong value, and no flag.
    Arg::new(name).long(name).allow_negative_numbers(true)
}

fn flag(setting: &'static Setting, all: bool) -> Arg {
    let mut facts = vec![format!("[env: {}]", setting.variable)];
    if all {
        facts.push(format!("[file: {}]", setting.key));
    }
    if let Some(default) = setting.default.filter(|default| !default.is_empty()) {
        facts.push(format!("[default: {default}]"));
    }
    let facts = facts.iter().map(String::as_str);
    let help = wrapped(setting.help.split(' ').chain(facts));
    let arg = value(&setting.flag)
        .value_name(setting.value_name.as_str())
        .help(help)
        .help_heading(setting.heading)
        .hide(!(all || setting.common));
    if setting.kind == Kind::Switch {
        let arg = arg.num_args(0..=1).require_equals(true);
        return arg.default_missing_value("true");
    }
    if matches!(setting.kind, Kind::List(_)) {
        return arg.action(ArgAction::Append);
    }
    arg
}

/// Words in lines that fit beside clap's indentation.
fn wrapped<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    for word in words {
        let width = word.chars().count();
        if column > 0 {
            let is_full = column + width >= HELP_WIDTH;
            wrapped.push(if is_full { '\n' } else { ' ' });
            column = if is_full { 0 } else { column + 1 };
        }
        wrapped.push_str(word);
        column += width;
    }
    wrapped
}

/// Help and version are printed; of anything else the first line says it all.
fn explain(error: &clap::Error, arguments: &[OsString]) -> Result<Asked, Wrong> {
    let text = error.to_string();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return Ok(Asked::Print(text));
    }
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let hint = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(name)) if error.kind() == ErrorKind::UnknownArgument => {
            let flags = TABLE.iter().map(|setting| setting.flag.as_str());
            let near = || nearest(name.trim_start_matches('-'), flags);
            let meant = detached(name, arguments).or_else(|| near().map(str::to_owned));
            meant.map(|meant| format!("did you mean --{meant}?"))
        }
        _ => None,
    };
    Err(Wrong::Flags {
        what: line.to_owned(),
        hint: hint.unwrap_or_else(|| "see --help".to_owned()),
    })
}

/// The switch that this word stands behind, with it as its value: `ai-stream=false`.
fn detached(word: &str, arguments: &[OsString]) -> Option<String> {
    Kind::Switch.read(&Raw::Text(word.to_owned()))?;
    let behind = arguments.windows(2).find(|pair| pair[1] == word)?;
    let flag = behind[0].to_str()?.strip_prefix("--")?;
    let is_switch = |setting: &Setting| setting.flag == flag && setting.kind == Kind::Switch;
    TABLE
        .iter()
        .any(is_switch)
        .then(|| format!("{flag}={word}"))
}
