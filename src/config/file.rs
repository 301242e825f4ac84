//! The configuration file: TOML, whose every key must be in the table.

use std::fs;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::kind::Raw;
use super::near::nearest;
use super::table::{self, KEY_KEY, TABLE};
use super::values::Sources;
use super::wrong::{Place, Wrong};

/// A larger file is no configuration.
const LARGEST: u64 = 1 << 20;

/// Reads the file of this name.
pub(super) fn read(path: &str) -> Result<String, Wrong> {
    let cannot =
        |why: String| Wrong::refused(format!("cannot read the configuration {path}: {why}"));
    let file = fs::File::open(path).map_err(|error| cannot(error.to_string()))?;
    let mut text = String::new();
    file.take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(|error| cannot(error.to_string()))?;
    if text.len() as u64 > LARGEST {
        return Err(cannot("it is larger than 1 MiB".to_owned()));
    }
    Ok(text)
}

/// Adds what the text of a file says.
pub(super) fn gather(path: &str, text: &str, sources: &mut Sources) -> Result<(), Wrong> {
    let parsed = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, &span));
        let message = error.message().replace('\n', " ");
        Wrong::refused(format!("{path}:{line}: this is not TOML: {message}"))
    })?;
    let mut file = File {
        path: path.into(),
        text,
        unknown: None,
    };
    file.gather(parsed.get_ref(), "", sources)?;
    match file.unknown {
        Some((_, wrong)) => Err(wrong),
        None => Ok(()),
    }
}

/// A file while its tables are walked through.
struct File<'a> {
    path: Arc<str>,
    text: &'a str,
    /// The first key that nobody knows; where it stands, as tables come in another order.
    unknown: Option<(usize, Wrong)>,
}

impl File<'_> {
    /// Takes a table whose keys begin with `prefix`.
    fn gather(
        &mut self,
        table: &DeTable<'_>,
        prefix: &str,
        sources: &mut Sources,
    ) -> Result<(), Wrong> {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let line = line_of(self.text, &name.span());
            if key == KEY_KEY {
                return Err(self.refuse_secret(line));
            }
            if let Some(setting) = table::find(&key) {
                let place = Place::File {
                    path: self.path.clone(),
                    line,
                    key,
                };
                let raw = raw(value)
                    .map_err(|shown| Wrong::value(&place, &shown, &setting.kind.expected()))?;
                sources.add(setting, place, raw);
                continue;
            }
            let section = format!("{key}.");
            match value.get_ref() {
                DeValue::Table(inner) if is_section(&section) => {
                    self.gather(inner, &section, sources)?;
                }
                _ if is_section(&section) => return Err(self.refuse_section(line, &key)),
                _ => self.note_unknown(name.span().start, line, &key),
            }
        }
        Ok(())
    }

    fn refuse_secret(&self, line: usize) -> Wrong {
        Wrong::refused(format!(
            "{}:{line}: {KEY_KEY}: a key does not belong in this file; put it into a file of its \
             own named by ai.api_key_file, or into the environment as AI_API_KEY",
            self.path
        ))
    }

    fn refuse_section(&self, line: usize, key: &str) -> Wrong {
        Wrong::refused(format!(
            "{}:{line}: {key}: expected a section, [{key}] with its keys below",
            self.path
        ))
    }

    /// Remembers the unknown key that stands first.
    fn note_unknown(&mut self, at: usize, line: usize, key: &str) {
        if self.unknown.as_ref().is_some_and(|(first, _)| *first <= at) {
            return;
        }
        let known = TABLE.iter().map(|setting| setting.key.as_str());
        let last = |key: &'static str| key.rsplit('.').next().unwrap_or(key);
        let namesake = || {
            let mut all = TABLE.iter().map(|setting| setting.key.as_str());
            all.find(|known| last(known) == key.rsplit('.').next().unwrap_or(key))
        };
        let hint = match nearest(key, known).or_else(namesake) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "--help-all lists all keys".to_owned(),
        };
        let wrong = Wrong::refused(format!("{}:{line}: unknown key {key}; {hint}", self.path));
        self.unknown = Some((at, wrong));
    }
}

fn is_section(prefix: &str) -> bool {
    TABLE.iter().any(|setting| setting.key.starts_with(prefix))
}

/// What a value says; how it is shown if it is nothing that a setting could hold.
fn raw(value: &Spanned<DeValue<'_>>) -> Result<Raw, &'static str> {
    match value.get_ref() {
        DeValue::String(text) => Ok(Raw::Text(text.to_string())),
        DeValue::Integer(number) => {
            let plain = i128::from_str_radix(number.as_str(), number.radix());
            // More digits than any number has are left for the reader to refuse.
            Ok(Raw::Bare(plain.map_or_else(
                |_| number.as_str().to_owned(),
                |plain| plain.to_string(),
            )))
        }
        DeValue::Float(number) => Ok(Raw::Bare(number.as_str().to_owned())),
        DeValue::Boolean(on) => Ok(Raw::Bare(on.to_string())),
        DeValue::Datetime(date) => Ok(Raw::Bare(date.to_string())),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str());
            let texts = texts.map(|text| text.map(str::to_owned));
            texts
                .collect::<Option<Vec<String>>>()
                .map(Raw::List)
                .ok_or("(an array of other things than text)")
        }
        DeValue::Table(_) => Err("(a table)"),
    }
}

/// The line, counted from 1, on which a span begins.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.as_bytes().iter().take(span.start);
    1 + before.filter(|byte| **byte == b'\n').count()
}
