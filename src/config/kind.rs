//! The kinds of values: one reader for each, whatever the source, and one way to write them down.

use std::fmt;
use std::time::Duration;

use bytesize::ByteSize;

/// The longest duration: 365 days. Everything that is counted in time here is shorter by far.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The longest text of a duration, so that its parts cannot add up beyond what a number holds.
const LONGEST_DURATION_TEXT: usize = 24;
/// The largest size: 1 TiB.
const LARGEST: u64 = 1 << 40;
/// Units of sizes, largest first, as they are written.
const UNITS: [(u64, &str); 6] = [
    (1 << 30, "GiB"),
    (1 << 20, "MiB"),
    (1 << 10, "KiB"),
    (1_000_000_000, "GB"),
    (1_000_000, "MB"),
    (1_000, "kB"),
];

/// What a setting holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// True or false.
    Switch,
    /// A time with its unit, at least so long.
    Duration { least: Duration },
    /// A size in bytes, at least so large.
    Bytes { least: u64 },
    /// A number between two bounds.
    Count { least: u64, most: u64 },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text; what it should look like, for the error.
    Text(&'static str),
    /// Texts; what each should look like, for the error.
    List(&'static str),
}

/// What a source says before anybody knows what it should mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Raw {
    /// A text: of a flag, of a variable, or a string of the file.
    Text(String),
    /// A number, a truth value or a date of the file, as it is written there.
    Bare(String),
    /// An array of strings of the file.
    List(Vec<String>),
}

/// A value of a [`Kind`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Switch(bool),
    Duration(Duration),
    /// Of bytes, or of anything else.
    Number(u64),
    Text(String),
    List(Vec<String>),
}

impl Kind {
    /// Any duration, none included.
    pub(super) const fn duration() -> Kind {
        Kind::Duration {
            least: Duration::ZERO,
        }
    }

    /// A duration that must not be zero.
    pub(super) const fn some_time() -> Kind {
        Kind::Duration {
            least: Duration::from_millis(1),
        }
    }

    /// A number that fits into 32 bits, which is more than enough of anything counted here.
    pub(super) const fn at_least(least: u64) -> Kind {
        Kind::Count {
            least,
            most: u32::MAX as u64,
        }
    }

    /// Reads what a source says; none if it is not of this kind.
    pub(super) fn read(self, raw: &Raw) -> Option<Value> {
        match (self, raw) {
            (Kind::List(_), Raw::List(items)) => Some(Value::List(items.clone())),
            (Kind::List(_), Raw::Text(text)) => Some(Value::List(split(text))),
            (Kind::Text(_), Raw::Text(text)) => Some(Value::Text(text.clone())),
            (Kind::Choice(words), Raw::Text(text)) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(text))?;
                Some(Value::Text((*word).to_owned()))
            }
            (Kind::Switch, Raw::Text(text) | Raw::Bare(text)) => switch(text).map(Value::Switch),
            (Kind::Duration { least }, Raw::Text(text)) => {
                let read = duration(text).filter(|time| (least..=LONGEST).contains(time));
                read.map(Value::Duration)
            }
            (Kind::Bytes { least }, Raw::Text(text) | Raw::Bare(text)) => {
                let size = text.parse::<ByteSize>().ok()?.0;
                (least..=LARGEST)
                    .contains(&size)
                    .then_some(Value::Number(size))
            }
            (Kind::Count { least, most }, Raw::Text(text) | Raw::Bare(text)) => {
                let number = text.parse().ok()?;
                (least..=most)
                    .contains(&number)
                    .then_some(Value::Number(number))
            }
            _ => None,
        }
    }

    /// What should have been written, for errors and for the reference.
    pub(super) fn expected(self) -> String {
        match self {
            Kind::Switch => "true or false".to_owned(),
            Kind::Duration { least } if least.is_zero() => {
                "a duration with its unit, such as 25s or 500ms, up to 365d".to_owned()
            }
            Kind::Duration { least } => format!(
                "a duration with its unit, such as 25s or 500ms, from {} up to 365d",
                humantime::format_duration(least)
            ),
            Kind::Bytes { least } => format!(
                "a size such as 1MB, 64KiB or a number of bytes, from {} up to 1024GiB",
                size_text(least)
            ),
            Kind::Count { least, most } => format!("a number from {least} to {most}"),
            Kind::Choice(words) => match words.split_last() {
                Some((last, [])) => (*last).to_owned(),
                Some((last, before)) => format!("{} or {last}", before.join(", ")),
                None => "nothing".to_owned(),
            },
            Kind::Text(expected) | Kind::List(expected) => expected.to_owned(),
        }
    }

    /// The kind's name in the reference and behind a flag.
    pub(super) fn name(self) -> String {
        match self {
            Kind::Switch => "true|false".to_owned(),
            Kind::Duration { .. } => "DURATION".to_owned(),
            Kind::Bytes { .. } => "SIZE".to_owned(),
            Kind::Count { .. } => "NUMBER".to_owned(),
            Kind::Choice(words) => words.join("|"),
            Kind::Text(_) => "TEXT".to_owned(),
            Kind::List(_) => "LIST".to_owned(),
        }
    }

    /// A value as it stands in a TOML file.
    pub(super) fn toml(self, value: &Value) -> String {
        match value {
            Value::Switch(on) => on.to_string(),
            Value::Duration(time) => quoted(&duration_text(*time)),
            Value::Number(size) if matches!(self, Kind::Bytes { .. }) => {
                let text = size_text(*size);
                match text.parse::<u64>() {
                    Ok(_) => text,
                    Err(_) => quoted(&text),
                }
            }
            Value::Number(number) => number.to_string(),
            Value::Text(text) => quoted(text),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raw::Text(text) => write!(f, "{text:?}"),
            Raw::Bare(text) => f.write_str(text),
            Raw::List(items) => write!(f, "{items:?}"),
        }
    }
}

/// The parts between commas; what is empty is left out.
fn split(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn duration(text: &str) -> Option<Duration> {
    if text.len() > LONGEST_DURATION_TEXT {
        return None;
    }
    humantime::parse_duration(text).ok()
}

/// The duration in a text that is read again: many parts together would be too long for that.
fn duration_text(time: Duration) -> String {
    let parts = humantime::format_duration(time).to_string();
    if parts.len() <= LONGEST_DURATION_TEXT {
        return parts;
    }
    let whole = Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    if whole == time {
        format!("{}ms", time.as_millis())
    } else {
        format!("{}ns", time.as_nanos())
    }
}

/// The size in the largest unit that needs no fraction.
fn size_text(size: u64) -> String {
    let unit = UNITS
        .iter()
        .find(|(unit, _)| size > 0 && size.is_multiple_of(*unit));
    match unit {
        Some((unit, name)) => format!("{}{name}", size / unit),
        None => size.to_string(),
    }
}

/// A TOML string on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
