//! Tests of `provider`: who answers, with which key.

use crate::config::Invocation;
use crate::config::tests::{Kept, check, config, read, read_text, warnings};

use super::*;

const SECRET: &str = "sk-secret";

#[test]
fn the_provider_is_the_one_that_is_configured() {
    // The settings, the provider, its model, and what the greeting says of it.
    let table = "
        | offline | offline | AI_PROVIDER and a key choose another
        AI_PROVIDER=offline,GEMINI_API_KEY=1 | offline | offline | by simple rules
        GEMINI_API_KEY=1 | gemini | gemini-3.8-flash | key from GEMINI_API_KEY
        GEMINI_API_KEY=1,GOOGLE_API_KEY=2 | gemini | gemini-3.8-flash | key from GOOGLE_API_KEY
        AI_PROVIDER=gemini,GEMINI_API_KEY=1,AI_API_KEY=2 | gemini | gemini-3.8-flash | from AI_API_KEY
        AI_MODEL=m,OPENAI_API_KEY=1 | openai | m | openai, model m, key from OPENAI_API_KEY
        AI_PROVIDER=OpenAI,AI_MODEL=m,OPENAI_API_KEY=1 | openai | m | openai, model m, key from OPENAI_API_KEY
        AI_PROVIDER=anthropic,AI_MODEL=m,ANTHROPIC_API_KEY=1 | anthropic | m | from ANTHROPIC_API_KEY
        AI_BASE_URL=http://[::1]:1/v1,AI_MODEL=m | openai | m | at http://[::1]:1/v1, no key
        AI_BASE_URL=http://127.0.0.1:1,AI_MODEL=m,AI_API_KEY=1 | openai | m | key from AI_API_KEY
        AI_BASE_URL=https://10.0.0.7/v1,AI_MODEL=m | openai | m | no key
        AI_BASE_URL=http://127.0.0.1:1,AI_MODEL=m,GEMINI_API_KEY=1 | openai | m | no key
        AI_BASE_URL=http://127.0.0.1:1,AI_MODEL=m,OPENAI_API_KEY=1 | openai | m | no key
        AI_BASE_URL=http://127.0.0.1:1,AI_PROVIDER=openai,AI_MODEL=m,OPENAI_API_KEY=1 | openai | m | key from OPENAI
        AI_BASE_URL=http://ollama:1/v1,AI_MODEL=m,AI_ALLOW_HTTP=1 | openai | m | no key
        AI_BASE_URL=http://127.0.0.1:1,AI_PROVIDER=gemini,AI_API_KEY=1 | gemini | gemini-3.8-flash | at http
    ";
    for row in table.lines().filter(|row| row.contains('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let config = match read_text(&cells[0].replace(',', "|")) {
            Ok(Invocation::Serve { config, .. }) => config,
            other => panic!("{row}: {other:?}"),
        };
        assert_eq!(
            [config.provider.name(), config.provider.model()],
            cells[1..3],
            "{row}"
        );
        let line = &config.provider_line;
        assert!(line.contains(cells[3]), "{row}: {line}");
    }
}

#[test]
fn what_is_half_configured_is_refused_and_never_becomes_offline() {
    let table = "
        AI_PROVIDER=skynet | AI_PROVIDER \"skynet\": expected gemini, openai, anthropic or offline
        AI_PROVIDER=gemini | gemini needs a key: set AI_API_KEY or GOOGLE_API_KEY or GEMINI_API_KEY
        AI_PROVIDER=gemini,AI_BASE_URL=http://127.0.0.1/ | gemini needs a key
        AI_PROVIDER=openai,OPENAI_API_KEY=sk-secret | openai needs the name of a model
        AI_PROVIDER=openai,AI_MODEL=m | openai needs a key: set AI_API_KEY or OPENAI_API_KEY, or
        AI_PROVIDER=anthropic,AI_API_KEY=sk-secret | anthropic needs the name of a model: set AI_MODEL
        AI_BASE_URL=https://api.example/v1,AI_MODEL=m | openai needs a key: set AI_API_KEY, or
        AI_BASE_URL=https://api.example/v1,AI_MODEL=m,OPENAI_API_KEY=sk-secret | openai needs a key, and OPENAI_API_KEY is not sent to AI_BASE_URL: set AI_PROVIDER=openai if it may be, or AI_API_KEY
        AI_BASE_URL=http://127.0.0.1/ | openai needs the name of a model
        AI_API_KEY=sk-secret | AI_API_KEY is set, but not whose it is: set AI_PROVIDER
        AI_API_KEY_FILE=/x | AI_API_KEY_FILE is set, but not whose it is
        AI_MODEL=m | AI_MODEL is set, but not whose it is
        GEMINI_API_KEY=sk-secret,ANTHROPIC_API_KEY=1 | GEMINI_API_KEY and ANTHROPIC_API_KEY are set: say
        AI_PROVIDER=gemini,AI_API_KEY=sk-secret sk-secret | AI_API_KEY: expected one word
        AI_PROVIDER=gemini,AI_API_KEY=sk-secret,AI_API_KEY_FILE=/x | AI_API_KEY is set, and AI_API_KEY_FILE
        AI_BASE_URL=http://api.example,AI_MODEL=m,AI_API_KEY=sk-secret | AI_BASE_URL: expected https://
        AI_BASE_URL=http://127.0.0.1/,--ai-model= | --ai-model: expected the name of a model
    ";
    for row in table.lines().filter(|row| row.contains('|')) {
        let (given, expected) = row.split_once('|').unwrap();
        let wrong = read_text(&given.trim().replace(',', "|"))
            .unwrap_err()
            .to_string();
        assert!(wrong.starts_with(expected.trim()), "{row}: {wrong}");
        assert!(
            !wrong.contains(SECRET) && wrong.lines().count() == 1,
            "{wrong}"
        );
    }
}

#[test]
fn a_secret_in_the_base_url_is_not_repeated() {
    for url in [
        "https://me:sk-secret@api.example",
        "https://api.example/?key=sk-secret",
        "sk-secret",
    ] {
        let variables = [
            ("AI_BASE_URL", url),
            ("AI_MODEL", "m"),
            ("AI_API_KEY", SECRET),
        ];
        let wrong = read(&[], &variables).unwrap_err().to_string();
        assert!(
            wrong.starts_with("AI_BASE_URL: ") && !wrong.contains("secret"),
            "{wrong}"
        );
    }
}

#[test]
fn a_secret_in_a_base_url_that_nobody_uses_is_refused_too() {
    let variables = [
        ("AI_PROVIDER", "offline"),
        ("AI_BASE_URL", "https://me:sk-secret@api.example"),
    ];
    let wrong = read(&["--check"], &variables).unwrap_err().to_string();
    assert!(
        wrong.starts_with("AI_BASE_URL: ") && !wrong.contains("secret"),
        "{wrong}"
    );
}

#[test]
fn a_key_may_be_in_a_file_of_its_own() {
    let file = Kept::new("sk-secret\r\n");
    let flags = ["--ai-provider=gemini", "--ai-api-key-file", file.path()];
    let checked = check(&flags, &[]);
    let expected = format!("# ai.api_key: set (from the file {})", file.path());
    assert!(
        checked.contains(&expected) && !checked.contains("secret"),
        "{checked}"
    );
    let Provider::Remote(_, remote) = &config(&flags, &[]).provider else {
        panic!("no remote provider");
    };
    assert_eq!(
        remote.key.as_ref().unwrap().redact("<sk-secret>"),
        "<[redacted]>"
    );

    let (empty, long) = (Kept::new("\n"), Kept::new(&"k".repeat(17_000)));
    for (path, expected) in [
        ("/nowhere", "expected a file that can be read"),
        (SECRET, "expected a file that can be read"),
        (empty.path(), "it is empty"),
        (long.path(), "larger than 16 KiB"),
    ] {
        let flags = ["--ai-provider=gemini", "--ai-api-key-file", path];
        let wrong = read(&flags, &[]).unwrap_err().to_string();
        let start = "--ai-api-key-file (not shown";
        assert!(
            wrong.starts_with(start) && wrong.contains(expected),
            "{wrong}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_that_everybody_can_read_is_warned_of() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let file = Kept::new("sk-secret");
    let flags = ["--ai-provider=gemini", "--ai-api-key-file", file.path()];
    for (mode, warned) in [(0o644, true), (0o640, false), (0o600, false)] {
        set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        let warnings = warnings(&flags, &[]);
        assert_eq!(!warnings.is_empty(), warned, "{mode:o}: {warnings:?}");
        assert!(warnings.iter().all(|line| line.contains(file.path())));
    }
}

#[test]
fn secrets_print_nowhere() {
    let variables = [("AI_PROVIDER", "gemini"), ("AI_API_KEY", SECRET)];
    let invocation = read(&[], &variables);
    assert!(!format!("{invocation:?}").contains("secret"));
    let checked = check(&[], &variables);
    assert!(
        checked.contains("# ai.api_key: set (from AI_API_KEY)"),
        "{checked}"
    );
    assert!(!checked.contains("secret"));
}

#[test]
fn what_the_provider_does_not_take_is_warned_of() {
    let openai = [("AI_BASE_URL", "http://127.0.0.1/"), ("AI_MODEL", "m")];
    let flags = ["--ai-thinking-level=low"];
    let expected = ["--ai-thinking-level: only gemini takes a thinking level; it is not sent"];
    assert_eq!(warnings(&flags, &openai), expected);
    assert!(warnings(&flags, &[("GEMINI_API_KEY", SECRET)]).is_empty());
}

#[test]
fn a_key_that_is_not_used_as_somebody_said_offline_is_warned_of_by_name() {
    let file = Kept::new("port = 1\n[ai]\nprovider = \"offline\"\napi_key_file = \"sk-secret\"\n");
    let bare = Kept::new("[ai]\nprovider = \"offline\"\n");
    let (path, bare) = (file.path(), bare.path());
    let offline = ("AI_PROVIDER", "offline");
    let rows: [(&[&str], &[(&str, &str)], String); 5] = [
        (
            &["--config", bare],
            &[("GEMINI_API_KEY", SECRET)],
            format!("GEMINI_API_KEY is set but not used: {bare}:2 says provider = \"offline\""),
        ),
        (
            &["--config", path],
            &[],
            format!(
                "{path}:4: ai.api_key_file is set but not used: {path}:3 says provider = \"offline\""
            ),
        ),
        (
            &[],
            &[offline, ("AI_API_KEY", SECRET), ("OPENAI_API_KEY", SECRET)],
            "AI_API_KEY and OPENAI_API_KEY are set but not used: AI_PROVIDER says \"offline\""
                .to_owned(),
        ),
        (
            &["--ai-provider=offline", "--ai-api-key-file", SECRET],
            &[],
            "--ai-api-key-file is set but not used: --ai-provider says \"offline\"".to_owned(),
        ),
        (
            &["--ai-provider=offline"],
            &[("GEMINI_API_KEY", "")],
            String::new(),
        ),
    ];
    for (flags, variables, expected) in rows {
        let found = warnings(flags, variables);
        assert_eq!(found.join("\n"), expected, "{flags:?} {variables:?}");
        assert!(!found.concat().contains(SECRET));
    }
}
