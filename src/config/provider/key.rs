//! The provider's key: where it is looked for, and where it must not go.

use std::fs::File;
use std::io::Read;

use trunkline::ai::provider::api::Api;
use trunkline::assistant::remote::Key;

use crate::config::environment::Environment;
use crate::config::table::KEY_VARIABLE;
use crate::config::values::Values;
use crate::config::wrong::{Place, Wrong};

/// A larger file holds something else than a key.
const LARGEST_KEY_FILE: u64 = 16 * 1024;
/// The setting that names a file with the key.
pub(super) const FILE_KEY: &str = "ai.api_key_file";

/// The variables in which the provider's own tools look for a key; the first one wins.
pub(super) fn variables(api: Api) -> &'static [&'static str] {
    match api {
        Api::Gemini => &["GOOGLE_API_KEY", "GEMINI_API_KEY"],
        Api::OpenAi => &["OPENAI_API_KEY"],
        Api::Anthropic => &["ANTHROPIC_API_KEY"],
    }
}

/// Whether the provider's own variables may be looked into. A base URL alone can lead to anybody, to
/// whom a key that happens to be in the environment must not go.
fn is_named(values: &Values) -> bool {
    values.is_given("ai.provider") || !values.is_given("ai.base_url")
}

/// The key, and where it came from.
pub(super) fn find(
    api: Api,
    values: &Values,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Result<Option<(Key, String)>, Wrong> {
    let from = |text: String, source: String| match Key::new(text) {
        Ok(key) => Ok(Some((key, source))),
        Err(invalid) => Err(Wrong::refused(format!("{source}: {invalid}"))),
    };
    let variable = environment.get(KEY_VARIABLE)?;
    let file = values.optional_text(FILE_KEY);
    match (variable, file) {
        (Some(_), Some(_)) => Err(Wrong::refused(format!(
            "{KEY_VARIABLE} is set, and {} names a file with a key: choose one",
            values.place(FILE_KEY)
        ))),
        (Some(text), None) => from(text, KEY_VARIABLE.to_owned()),
        (None, Some(path)) => {
            warnings.extend(exposure(path));
            let place = values.place(FILE_KEY);
            // Who mistook the one for the other gave the key instead of a path.
            let shown = "(not shown, as it could be the key itself)";
            let text = read_key(path).map_err(|why| Wrong::value(place, &shown, &why))?;
            from(text, format!("the file {path}"))
        }
        (None, None) => {
            for name in variables(api) {
                let Some(text) = environment.get(name)? else {
                    continue;
                };
                if is_named(values) {
                    return from(text, (*name).to_owned());
                }
            }
            warnings.extend(withheld(api, values, environment));
            Ok(None)
        }
    }
}

/// What to do about a key that is there and must not go to the base URL, if there is one.
fn withheld(api: Api, values: &Values, environment: &Environment) -> Option<String> {
    let is_set = |name: &&&str| environment.has(name);
    let name = variables(api).iter().find(is_set)?;
    (!is_named(values)).then(|| {
        format!(
            "{name} is not sent to {}: set AI_PROVIDER={} if it may be, or {KEY_VARIABLE}",
            values.place("ai.base_url"),
            api.as_str()
        )
    })
}

/// What is said when there is no key and the service wants one.
pub(super) fn missing(api: Api, values: &Values, environment: &Environment) -> Wrong {
    let service = api.as_str();
    if let Some(withheld) = withheld(api, values, environment) {
        return Wrong::refused(format!("{service} needs a key, and {withheld}"));
    }
    let own = match is_named(values) {
        true => variables(api),
        false => &[],
    };
    let names: Vec<&str> = [KEY_VARIABLE].iter().chain(own).copied().collect();
    Wrong::refused(format!(
        "{service} needs a key: set {}, or name a file that holds it with AI_API_KEY_FILE",
        names.join(" or ")
    ))
}

/// The key in a file, without the line's end; or what the file should have been.
fn read_key(path: &str) -> Result<String, String> {
    let file = File::open(path).map_err(|error| format!("a file that can be read ({error})"))?;
    let mut text = String::new();
    file.take(LARGEST_KEY_FILE + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("a file of text that can be read ({error})"))?;
    let key = text.trim_end_matches(['\r', '\n']);
    if key.is_empty() {
        return Err("a file that holds a key; it is empty".to_owned());
    }
    if text.len() as u64 > LARGEST_KEY_FILE {
        return Err("a file that holds nothing but a key; it is larger than 16 KiB".to_owned());
    }
    Ok(key.to_owned())
}

/// A warning if everybody on this machine can read the file.
#[cfg(unix)]
fn exposure(path: &str) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;

    // A file that cannot be asked cannot be read either, which is said there.
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o004 != 0)
        .then(|| format!("everybody on this machine can read the key file {path}; chmod 600 it"))
}

#[cfg(not(unix))]
fn exposure(_path: &str) -> Option<String> {
    None
}

/// A warning if there is a key although somebody said that nobody is to be asked.
pub(super) fn unused(values: &Values, environment: &Environment) -> Option<String> {
    let said = match values.place("ai.provider") {
        Place::Default => return None,
        Place::File { path, line, .. } => format!("{path}:{line} says provider ="),
        place => format!("{place} says"),
    };
    let own = Api::ALL.into_iter().flat_map(variables).copied();
    let set = [KEY_VARIABLE].into_iter().chain(own);
    let mut keys: Vec<String> = set
        .filter(|name| environment.has(name))
        .map(str::to_owned)
        .collect();
    if values.is_given(FILE_KEY) {
        keys.push(values.place(FILE_KEY).to_string());
    }
    let are = match keys.len() {
        0 => return None,
        1 => "is",
        _ => "are",
    };
    let keys = keys.join(" and ");
    Some(format!("{keys} {are} set but not used: {said} \"offline\""))
}
