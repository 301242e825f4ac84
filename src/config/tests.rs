//! Tests of `config`: what comes in by flags, variables and files, and what comes of it.

mod composed;
mod errors;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A configuration file that is removed again.
pub(super) struct Kept(PathBuf);

impl Kept {
    pub(super) fn new(text: &str) -> Kept {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("trunkline-config-{}-{number}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Kept(path)
    }

    pub(super) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Whoever else removed it did what was wanted.
        let _ = fs::remove_file(&self.0);
    }
}

pub(super) fn read(flags: &[&str], variables: &[(&str, &str)]) -> Result<Invocation, Wrong> {
    let arguments = ["trunkline"].iter().chain(flags).map(OsString::from);
    let variables = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::read(arguments, variables)
}

/// Reads flags and variables that stand in one text between bars; a variable is in capitals.
pub(super) fn read_text(given: &str) -> Result<Invocation, Wrong> {
    let parts = given.split('|').filter(|part| !part.is_empty());
    let (variables, flags): (Vec<&str>, Vec<&str>) =
        parts.partition(|part| part.starts_with(|c: char| c.is_ascii_uppercase()));
    let variables: Vec<_> = variables
        .iter()
        .map(|part| part.split_once('=').unwrap())
        .collect();
    read(&flags, &variables)
}

pub(super) fn config(flags: &[&str], variables: &[(&str, &str)]) -> Box<Config> {
    match read(flags, variables) {
        Ok(Invocation::Serve { config, .. }) => config,
        other => panic!("{flags:?} {variables:?}: {other:?}"),
    }
}

/// What `--check` prints.
pub(super) fn check(flags: &[&str], variables: &[(&str, &str)]) -> String {
    let flags: Vec<&str> = flags.iter().copied().chain(["--check"]).collect();
    match read(&flags, variables) {
        Ok(Invocation::Print { text, .. }) => text,
        other => panic!("{flags:?} {variables:?}: {other:?}"),
    }
}

pub(super) fn warnings(flags: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    match read(flags, variables) {
        Ok(Invocation::Serve { config, .. }) => config.warnings,
        other => panic!("{flags:?} {variables:?}: {other:?}"),
    }
}

/// The line of a checked configuration that is about this key, comment included.
fn line<'a>(checked: &'a str, section: &str, name: &str) -> &'a str {
    let mut lines = checked.lines();
    if !section.is_empty() {
        let heading = format!("[{section}]");
        lines.find(|line| *line == heading).unwrap();
    }
    let found = lines.find(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(" = "))
    });
    found.unwrap_or_else(|| panic!("{section} {name}: {checked}"))
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file =
        Kept::new("port = 1\ngrace = \"1s\"\n[engine]\nmax_payload = 1024\n[ai]\nstream = false\n");
    let from_file = ["--config", file.path()];
    let path = file.path();
    let everywhere = [("PORT", "2"), ("AI_STREAM", "yes")];
    let rows: [(&[&str], &[(&str, &str)], &str, &str, String); 8] = [
        (&[], &[], "", "port", "3000 # default".to_owned()),
        (&from_file, &[], "", "port", format!("1 # from {path}:1")),
        (
            &from_file,
            &everywhere,
            "",
            "port",
            "2 # from PORT".to_owned(),
        ),
        (
            &["--config", path, "--port", "3"],
            &everywhere,
            "",
            "port",
            "3 # from --port".to_owned(),
        ),
        (
            &from_file,
            &[],
            "engine",
            "max_payload",
            format!("\"1KiB\" # from {path}:4"),
        ),
        (
            &from_file,
            &[("TRUNKLINE_ENGINE_MAX_PAYLOAD", "2KiB")],
            "engine",
            "max_payload",
            "\"2KiB\" # from TRUNKLINE_ENGINE_MAX_PAYLOAD".to_owned(),
        ),
        (
            &from_file,
            &everywhere,
            "ai",
            "stream",
            "true # from AI_STREAM".to_owned(),
        ),
        (
            &["--ai-stream=off", "--config", path],
            &everywhere,
            "ai",
            "stream",
            "false # from --ai-stream".to_owned(),
        ),
    ];
    for (flags, variables, section, name, expected) in rows {
        let checked = check(flags, variables);
        let found: Vec<&str> = line(&checked, section, name).split_whitespace().collect();
        assert_eq!(found[2..].join(" "), expected, "{flags:?} {variables:?}");
    }
}

#[test]
fn an_empty_variable_is_unset_and_the_file_may_be_named_by_one() {
    let file = Kept::new("port = 7");
    let checked = check(&[], &[("PORT", ""), ("TRUNKLINE_CONFIG", file.path())]);
    assert!(line(&checked, "", "port").starts_with("port = 7 "));
    assert!(checked.contains(&format!("# The file {} was read.", file.path())));
    let checked = check(
        &["--config", file.path()],
        &[("TRUNKLINE_CONFIG", "/nowhere")],
    );
    assert!(line(&checked, "", "port").starts_with("port = 7 "));
}

#[test]
fn lists_come_in_several_forms() {
    let file = Kept::new("origin = [\"http://a\", \"http://b\"]");
    let rows: [(&[&str], &[(&str, &str)]); 4] = [
        (&["--config", file.path()], &[]),
        (&["--origin", "http://a", "--origin", "http://b"], &[]),
        (&["--origin=http://a,http://b"], &[]),
        (&[], &[("TRUNKLINE_ORIGIN", "http://a, http://b")]),
    ];
    for (flags, variables) in rows {
        let checked = check(flags, variables);
        let found = line(&checked, "", "origin");
        assert!(
            found.starts_with(r#"origin = ["http://a", "http://b"]"#),
            "{found}"
        );
    }
}

#[test]
fn a_checked_configuration_is_the_same_when_it_is_read_again() {
    let prompt = "Say \"ahoy\",\nnot \\hello\\.";
    let flags = [
        "--ai-model=m",
        "--ai-system-prompt",
        prompt,
        "--cors-methods=GET,POST",
        "--host",
        "127.0.0.1,::1",
        "--http-retry-after=1s 500ms",
        "--engine-max-payload=1234567",
        "--cookie-name=io",
    ];
    for variables in [
        &[("AI_BASE_URL", "http://127.0.0.1:1/v1")][..],
        &[("AI_PROVIDER", "gemini"), ("GEMINI_API_KEY", "sk-secret")],
    ] {
        let first = check(&flags, variables);
        let file = Kept::new(&first);
        let keys: Vec<_> = variables
            .iter()
            .filter(|(name, _)| name.ends_with("KEY"))
            .copied()
            .collect();
        let second = check(&["--config", file.path()], &keys);
        let bare = |text: &str| -> Vec<String> {
            text.lines()
                .filter(|line| !line.starts_with('#'))
                .map(|line| {
                    line.rsplit_once(" # ")
                        .map_or(line, |(line, _)| line)
                        .to_owned()
                })
                .collect()
        };
        assert_eq!(bare(&first), bare(&second));
        assert!(!first.contains("sk-secret"), "{first}");
    }
}

#[test]
fn a_check_says_who_answers_although_nobody_was_named() {
    let checked = check(&[], &[("GEMINI_API_KEY", "sk-secret")]);
    let provider = line(&checked, "ai", "provider");
    assert!(provider.starts_with("provider = \"gemini\" "), "{provider}");
    assert!(
        provider.ends_with("# as GEMINI_API_KEY is set"),
        "{provider}"
    );
    let model = line(&checked, "ai", "model");
    assert!(
        model.starts_with("model = \"gemini-3.8-flash\" "),
        "{model}"
    );
    let checked = check(&[], &[]);
    assert!(line(&checked, "ai", "provider").starts_with("provider = \"offline\" "));
}

#[test]
fn help_and_version_are_printed_whatever_the_environment_says() {
    for (flag, expected, absent) in [
        ("--help", "--origin", "--cors-max-age"),
        ("-h", "--help-all", "test-hooks"),
        ("--help-all", "--cors-max-age", "test-hooks"),
        ("--version", env!("CARGO_PKG_VERSION"), "--port"),
    ] {
        match read(&[flag], &[("PORT", "wrong")]) {
            Ok(Invocation::Print { text, .. }) => {
                assert!(text.contains(expected) && !text.contains(absent), "{text}");
            }
            other => panic!("{flag}: {other:?}"),
        }
    }
}

#[test]
fn all_help_names_every_flag_variable_key_and_default() {
    let Ok(Invocation::Print { text, .. }) = read(&["--help-all"], &[]) else {
        panic!("no help");
    };
    for setting in table::TABLE.iter() {
        let (flag, variable) = (&setting.flag, &setting.variable);
        for expected in [
            format!("--{flag} "),
            format!("[env: {variable}]"),
            format!("[file: {}]", setting.key),
        ] {
            // A switch needs no value.
            let switch = expected.replace(' ', "[");
            assert!(
                text.contains(&expected) || text.contains(&switch),
                "{expected}"
            );
        }
        if let Some(default) = setting.default.filter(|default| !default.is_empty()) {
            assert!(text.contains(&format!("[default: {default}]")), "{flag}");
        }
    }
}

#[test]
fn unknown_variables_that_look_like_ours_are_named() {
    let given = [
        ("TRUNKLINE_ENGINE_PING_INTERVALL", "1s"),
        ("TRUNKLINE_PORT", "1"),
        ("TRUNKLINE_COLOUR", "red"),
        ("AI_MODLE", "x"),
        ("AI_SOMETHING_ELSE", "x"),
        ("TRUNKLINE_EMPTY", ""),
        ("PATH", "/bin"),
    ];
    let expected = [
        "the environment variable AI_MODLE is unknown and ignored; did you mean AI_MODEL?",
        "the environment variable TRUNKLINE_COLOUR is unknown and ignored",
        "the environment variable TRUNKLINE_ENGINE_PING_INTERVALL is unknown and ignored; did you \
         mean TRUNKLINE_ENGINE_PING_INTERVAL?",
        "the environment variable TRUNKLINE_PORT is unknown and ignored; did you mean PORT?",
    ];
    assert_eq!(warnings(&[], &given), expected);
    let known: Vec<_> = table::TABLE
        .iter()
        .map(|setting| (setting.variable.as_str(), ""))
        .collect();
    assert_eq!(warnings(&[], &known), Vec::<String>::new());
}

#[test]
fn keys_flags_and_variables_are_each_given_once() {
    let mut seen = std::collections::BTreeSet::new();
    for setting in table::TABLE.iter() {
        for name in [&setting.key, &setting.variable] {
            assert!(seen.insert(name.clone()), "{name} is there twice");
        }
        assert!(!setting.help.ends_with('.'), "{}", setting.help);
    }
}
