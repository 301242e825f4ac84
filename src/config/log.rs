//! What is logged, and how.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::values::Values;
use super::wrong::Wrong;

/// What is logged, and how.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) filter: EnvFilter,
    /// Whether each line is a JSON object.
    pub(crate) json: bool,
}

impl Log {
    /// Reads the settings.
    pub(super) fn compose(values: &Values) -> Result<Log, Wrong> {
        let text = values.text("log");
        let filter = EnvFilter::try_new(text).ok().filter(|_| is_plain(text));
        Ok(Log {
            filter: filter.ok_or_else(|| values.wrong("log", text))?,
            json: values.text("log_format") == "json",
        })
    }
}

/// Whether every part is a level, or says which level something has.
///
/// A filter takes any other word as a module whose every line is wanted, so a slip such as `inof`
/// would silence everything else.
fn is_plain(text: &str) -> bool {
    let mut parts = text.split(',').map(str::trim).peekable();
    let is_level = |part: &str| part.parse::<LevelFilter>().is_ok();
    parts.all(|part| !part.is_empty() && (is_level(part) || part.contains('=')))
}
