//! The settings' values, each from the first source that has one: flag, variable, file, default.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::kind::{Raw, Value};
use super::table::{self, Setting, TABLE};
use super::wrong::{Place, Wrong};

/// What the sources say: later ones win.
#[derive(Default)]
pub(super) struct Sources {
    given: BTreeMap<&'static str, Vec<(Place, Raw)>>,
}

impl Sources {
    /// Adds what a source says about a setting.
    pub(super) fn add(&mut self, setting: &'static Setting, place: Place, raw: Raw) {
        self.given
            .entry(&setting.key)
            .or_default()
            .push((place, raw));
    }

    /// Adds what another source says, which wins.
    pub(super) fn overrule(&mut self, other: Sources) {
        for (key, mut given) in other.given {
            self.given.entry(key).or_default().append(&mut given);
        }
    }

    /// Reads everything that was given, also what another source overrules.
    pub(super) fn read(self) -> Result<Values, Wrong> {
        let mut entries = BTreeMap::new();
        for setting in TABLE.iter() {
            let mut entry = Entry::of_default(setting);
            for (place, raw) in self.given.get(setting.key.as_str()).into_iter().flatten() {
                let value = setting.kind.read(raw);
                let expected = || Wrong::value(place, raw, &setting.kind.expected());
                entry = Entry {
                    place: place.clone(),
                    value: Some(value.ok_or_else(expected)?),
                };
            }
            entries.insert(setting.key.as_str(), entry);
        }
        Ok(Values { entries })
    }
}

/// A setting's value, and who gave it.
#[derive(Clone, PartialEq, Debug)]
struct Entry {
    place: Place,
    value: Option<Value>,
}

impl Entry {
    fn of_default(setting: &Setting) -> Entry {
        let value = setting.default.map(|text| {
            let read = setting.kind.read(&Raw::Text(text.to_owned()));
            read.expect("the tests read all defaults")
        });
        Entry {
            place: Place::Default,
            value,
        }
    }
}

/// The value of every setting.
///
/// The accessors panic on a key that is not in the table, or is of another kind: no input leads
/// there, and every test that reads a configuration goes through all of them.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Values {
    entries: BTreeMap<&'static str, Entry>,
}

impl Values {
    /// The value, unless it is not set.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).value.as_ref()
    }

    /// Who gave the value.
    pub(super) fn place(&self, key: &str) -> &Place {
        &self.entry(key).place
    }

    /// Whether anybody gave a value.
    pub(super) fn is_given(&self, key: &str) -> bool {
        *self.place(key) != Place::Default
    }

    pub(super) fn switch(&self, key: &str) -> bool {
        self.optional_switch(key).expect("it has a default")
    }

    pub(super) fn optional_switch(&self, key: &str) -> Option<bool> {
        self.get(key).map(|value| match value {
            Value::Switch(on) => *on,
            other => panic!("{key} is no switch: {other:?}"),
        })
    }

    pub(super) fn duration(&self, key: &str) -> Duration {
        self.optional_duration(key).expect("it has a default")
    }

    pub(super) fn optional_duration(&self, key: &str) -> Option<Duration> {
        self.get(key).map(|value| match value {
            Value::Duration(time) => *time,
            other => panic!("{key} is no duration: {other:?}"),
        })
    }

    /// A size in bytes, or a count. What a small machine cannot count is without limit there.
    pub(super) fn size(&self, key: &str) -> usize {
        usize::try_from(self.number(key)).unwrap_or(usize::MAX)
    }

    pub(super) fn count(&self, key: &str) -> u32 {
        self.optional_count(key).expect("it has a default")
    }

    pub(super) fn optional_count(&self, key: &str) -> Option<u32> {
        self.get(key).map(|value| match value {
            Value::Number(number) => u32::try_from(*number).unwrap_or(u32::MAX),
            other => panic!("{key} is no number: {other:?}"),
        })
    }

    pub(super) fn number(&self, key: &str) -> u64 {
        match self.get(key) {
            Some(Value::Number(number)) => *number,
            other => panic!("{key} is no number: {other:?}"),
        }
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.optional_text(key).expect("it has a default")
    }

    pub(super) fn optional_text(&self, key: &str) -> Option<&str> {
        self.get(key).map(|value| match value {
            Value::Text(text) => text.as_str(),
            other => panic!("{key} is no text: {other:?}"),
        })
    }

    pub(super) fn list(&self, key: &str) -> &[String] {
        match self.get(key) {
            Some(Value::List(items)) => items,
            other => panic!("{key} is no list: {other:?}"),
        }
    }

    /// A list whose items are read further.
    pub(super) fn items<T: FromStr>(&self, key: &str) -> Result<Vec<T>, Wrong> {
        let items = self.list(key).iter();
        items
            .map(|item| item.parse().map_err(|_| self.wrong(key, item)))
            .collect()
    }

    /// A text, or an item of a list, that is not what was expected.
    pub(super) fn wrong(&self, key: &str, text: &str) -> Wrong {
        let setting = table::find(key).expect("a key of the table");
        let expected = setting.kind.expected();
        Wrong::value(self.place(key), &format!("{text:?}"), &expected)
    }

    fn entry(&self, key: &str) -> &Entry {
        let entry = self.entries.get(key);
        entry.unwrap_or_else(|| panic!("{key} is not in the table"))
    }
}
