//! What is wrong with the configuration, in one line; and where a value came from.

use std::fmt;
use std::sync::Arc;

/// Longer values are shown by their beginning.
const SHOWN: usize = 120;

/// What is wrong with the configuration, in one line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Wrong {
    /// A value that cannot be used.
    #[error("{place} {value}: expected {expected}")]
    Value {
        place: Place,
        /// As it was given, in quotation marks if it was text.
        value: String,
        expected: String,
    },
    /// The flags as such.
    #[error("{what}; {hint}")]
    Flags { what: String, hint: String },
    /// Anything else: values that contradict each other, a file that cannot be read.
    #[error("{0}")]
    Refused(String),
}

impl Wrong {
    /// A value that cannot be used.
    pub(super) fn value(place: &Place, value: &dyn fmt::Display, expected: &str) -> Wrong {
        let mut value = value.to_string();
        if let Some((end, _)) = value.char_indices().nth(SHOWN) {
            value.truncate(end);
            value.push('…');
        }
        Wrong::Value {
            place: place.clone(),
            value,
            expected: expected.to_owned(),
        }
    }

    pub(super) fn refused(what: impl Into<String>) -> Wrong {
        Wrong::Refused(what.into())
    }
}

/// Where a value came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Nobody gave it.
    Default,
    /// A line of the configuration file.
    File {
        path: Arc<str>,
        line: usize,
        key: String,
    },
    /// An environment variable.
    Variable(&'static str),
    /// A flag, without its dashes.
    Flag(&'static str),
}

impl Place {
    /// The place as the origin of a value; none if nobody gave it.
    pub(super) fn origin(&self) -> Option<String> {
        match self {
            Place::Default => None,
            Place::File { path, line, .. } => Some(format!("from {path}:{line}")),
            Place::Variable(name) => Some(format!("from the variable {name}")),
            Place::Flag(name) => Some(format!("from --{name}")),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Default => f.write_str("default"),
            Place::File { path, line, key } => write!(f, "{path}:{line}: {key}"),
            Place::Variable(name) => f.write_str(name),
            Place::Flag(name) => write!(f, "--{name}"),
        }
    }
}
