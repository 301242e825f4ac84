//! Path patterns: `/org/{org}/room/{room}` accepts `/org/7/room/blue`.

use std::ops::Range;
use std::sync::Arc;

use super::child::Parts;

/// A path whose segments are texts, or a named part with text around it.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: Box<str>,
    segments: Box<[Segment]>,
}

#[derive(Debug)]
enum Segment {
    Text(Box<str>),
    /// At least one character, none of them a slash.
    Part {
        before: Box<str>,
        name: Arc<str>,
        after: Box<str>,
    },
}

impl Pattern {
    /// Reads a pattern; a missing leading slash is added.
    pub(super) fn read(text: &str) -> Result<Pattern, String> {
        let path = text.strip_prefix('/').unwrap_or(text);
        let segments = path.split('/').map(Segment::read);
        let segments = segments.collect::<Result<Box<[_]>, _>>()?;
        let mut names: Vec<_> = segments.iter().filter_map(Segment::name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        if names.len() < count {
            return Err("two parts have the same name".to_owned());
        }
        Ok(Pattern {
            text: format!("/{path}").into(),
            segments,
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the parts are in a name, if it fits.
    pub(super) fn find(&self, name: &str) -> Option<Parts> {
        let mut parts = Vec::new();
        let mut start = 1;
        let mut given = name.strip_prefix('/')?.split('/');
        for segment in &self.segments {
            let text = given.next()?;
            match segment {
                Segment::Text(expected) if **expected == *text => {}
                Segment::Text(_) => return None,
                Segment::Part {
                    before,
                    name,
                    after,
                } => {
                    let place = between(text, before, after)?;
                    parts.push((name.clone(), start + place.start..start + place.end));
                }
            }
            start += text.len() + 1;
        }
        given.next().is_none().then(|| parts.into_iter().collect())
    }
}

/// The place of what is between the beginning and the end of a text, at least one character.
fn between(text: &str, before: &str, after: &str) -> Option<Range<usize>> {
    let part = text.strip_prefix(before)?.strip_suffix(after)?;
    (!part.is_empty()).then(|| before.len()..before.len() + part.len())
}

impl Segment {
    fn read(text: &str) -> Result<Segment, String> {
        let Some((before, rest)) = text.split_once('{') else {
            return match text.contains('}') {
                true => Err(format!("`{text}` closes a part that it does not open")),
                false => Ok(Segment::Text(text.into())),
            };
        };
        let (name, after) = rest
            .split_once('}')
            .ok_or_else(|| format!("`{text}` opens a part and does not close it"))?;
        if [before, name, after]
            .iter()
            .any(|piece| piece.contains(['{', '}']))
        {
            return Err(format!("`{text}` has more than one part between slashes"));
        }
        if name.is_empty() {
            return Err(format!("a part of `{text}` has no name"));
        }
        Ok(Segment::Part {
            before: before.into(),
            name: name.into(),
            after: after.into(),
        })
    }

    fn name(&self) -> Option<&str> {
        match self {
            Segment::Text(_) => None,
            Segment::Part { name, .. } => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_or_do_not() {
        // (pattern, name, parts in order; none if it does not fit)
        let rows: &[(&str, &str, Option<&[&str]>)] = &[
            (
                "/org/{org}/room/{room}",
                "/org/7/room/blue",
                Some(&["7", "blue"]),
            ),
            ("org/{org}", "/org/é", Some(&["é"])),
            ("/org/{org}", "/org/", None),
            ("/org/{org}", "/org", None),
            ("/org/{org}", "/org/7/", None),
            ("/org/{org}", "/org/7/8", None),
            ("/org/{org}", "/ORG/7", None),
            ("/org/{org}", "org/7", None),
            ("/org-{org}", "/org-7", Some(&["7"])),
            ("/org-{org}", "/org-", None),
            ("/a{x}a", "/aa", None),
            ("/a{x}a", "/aaa", Some(&["a"])),
            ("/{a}/{b}", "/{a}/{b}", Some(&["{a}", "{b}"])),
            ("/plain", "/plain", Some(&[])),
            ("/{a}", "/a?b=c%2F", Some(&["a?b=c%2F"])),
            ("/", "/", Some(&[])),
        ];
        for (pattern, name, expected) in rows {
            let read = Pattern::read(pattern).unwrap();
            let found = read.find(name).map(|parts| {
                let names = read.segments.iter().filter_map(Segment::name);
                let place = |part| parts.get(part).expect("a part has a place");
                names.map(|part| &name[place(part)]).collect::<Vec<_>>()
            });
            let expected = expected.map(<[&str]>::to_vec);
            assert_eq!(found, expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_malformed_pattern_is_refused() {
        for pattern in ["/{a", "/a}", "/{}", "/{a}{b}", "/{a{b}}", "/{a}/{a}", "/}{"] {
            assert!(Pattern::read(pattern).is_err(), "{pattern}");
        }
    }
}
