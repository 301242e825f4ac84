//! How a rule decides about a name.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use regex_lite::{Regex, RegexBuilder};
use serde_json::Value;

use crate::api::handler::BoxFuture;

use super::child::Parts;
use super::pattern::Pattern;

/// The largest compiled regular expression, in bytes.
const LARGEST_REGEX: usize = 1 << 20;

/// Accepts names of namespaces.
pub(crate) enum Rule {
    /// A path with named parts.
    Pattern(Pattern),
    /// A regular expression, and the names of its groups with their numbers.
    Regex(Regex, Vec<(usize, Arc<str>)>),
    /// The application decides.
    Function(Box<Predicate>),
}

pub(crate) type Predicate = dyn Fn(String, Value) -> BoxFuture<bool> + Send + Sync;

impl Rule {
    /// A path pattern such as `/org/{org}`; an error says what is wrong with it.
    pub(crate) fn pattern(text: &str) -> Result<Rule, String> {
        Pattern::read(text).map(Rule::Pattern)
    }

    /// A regular expression; an error says what is wrong with it.
    pub(crate) fn regex(text: &str) -> Result<Rule, String> {
        let regex = RegexBuilder::new(text).size_limit(LARGEST_REGEX).build();
        let regex = regex.map_err(|error| error.to_string())?;
        let names = regex.capture_names().enumerate();
        let names = names
            .filter_map(|(number, name)| Some((number, Arc::from(name?))))
            .collect();
        Ok(Rule::Regex(regex, names))
    }

    pub(crate) fn function<F, Fut>(predicate: F) -> Rule
    where
        F: FnOnce(String, Value) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        Rule::Function(Box::new(move |name, auth| {
            let predicate = predicate.clone();
            Box::pin(async move { predicate(name, auth).await })
        }))
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Rule::Pattern(pattern) => pattern.as_str(),
            Rule::Regex(regex, _) => regex.as_str(),
            Rule::Function(_) => "fn",
        }
    }

    /// Whether the other rule accepts the same names, as far as one can see.
    pub(super) fn is_same(&self, other: &Rule) -> bool {
        match (self, other) {
            (Rule::Pattern(one), Rule::Pattern(other)) => one.as_str() == other.as_str(),
            (Rule::Regex(one, _), Rule::Regex(other, _)) => one.as_str() == other.as_str(),
            _ => false,
        }
    }

    /// A predicate that panics accepts nothing.
    pub(super) async fn accepts(&self, name: &str, auth: Option<&str>) -> bool {
        let Rule::Function(predicate) = self else {
            return self.claim(name).is_some();
        };
        let auth = auth.and_then(|auth| serde_json::from_str(auth).ok());
        let auth = auth.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let decision = async { predicate(name.to_owned(), auth).await };
        let decision = AssertUnwindSafe(decision).catch_unwind().await;
        if decision.is_err() {
            tracing::error!(namespace = name, "a rule of namespaces panicked");
        }
        decision.unwrap_or(false)
    }

    /// The parts of the name if the rule accepts it without asking the application.
    pub(super) fn claim(&self, name: &str) -> Option<Parts> {
        match self {
            Rule::Pattern(pattern) => pattern.find(name),
            Rule::Regex(regex, groups) if groups.is_empty() => {
                regex.is_match(name).then(Parts::default)
            }
            Rule::Regex(regex, groups) => {
                let captures = regex.captures(name)?;
                let places = groups.iter().filter_map(|(number, name)| {
                    let place = captures.get(*number)?.range();
                    Some((name.clone(), place))
                });
                Some(places.collect())
            }
            Rule::Function(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(rule: &str, name: &str) -> Option<bool> {
        Rule::regex(rule)
            .ok()
            .map(|rule| rule.claim(name).is_some())
    }

    #[test]
    fn an_expression_is_searched_for_as_in_javascript() {
        let rows = [
            (r"^/dynamic-\d+$", "/dynamic-101", Some(true)),
            (r"^/dynamic-\d+$", "/dynamic-10x", Some(false)),
            (r"^/dynamic-\d+$", "/dynamic-1\n", Some(false)),
            (r"^/dynamic-\d+$", "/dynamic-\u{661}", Some(false)),
            (r"dyn", "/a/dynamic", Some(true)),
            (r"^/(?:a|b)+$", "/abab", Some(true)),
            (r"^/(unclosed$", "", None),
            (r"^/a{1000}{1000}$", "", None),
        ];
        for (rule, name, expected) in rows {
            assert_eq!(claimed(rule, name), expected, "{rule} {name:?}");
        }
    }

    #[test]
    fn the_names_of_groups_are_the_names_of_parts() {
        let rule = Rule::regex(r"^/(x)?org-(?<org>\d+)(?:/(?P<room>\w+))?$").unwrap();
        let name = "/org-17";
        let parts = rule.claim(name).unwrap();
        let child = |part: &str| parts.get(part).map(|place| &name[place]);
        assert_eq!(
            (child("org"), child("room"), child("1")),
            (Some("17"), None, None)
        );
    }

    #[tokio::test]
    async fn a_predicate_sees_name_and_auth_and_may_fail() {
        let rule = Rule::function(async |name: String, auth: Value| {
            assert_ne!(name, "/panic");
            auth["token"] == "let me in" || auth == serde_json::json!({}) && name == "/open"
        });
        let rows = [
            ("/a", Some(r#"{"token":"let me in"}"#), true),
            ("/a", Some(r#"{"token":1}"#), false),
            ("/a", None, false),
            ("/open", None, true),
            ("/panic", None, false),
        ];
        for (name, auth, accepted) in rows {
            assert_eq!(rule.accepts(name, auth).await, accepted, "{name} {auth:?}");
            assert_eq!(rule.claim(name), None);
        }
    }
}
