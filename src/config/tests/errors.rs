//! What is refused, in one line that says where, what and why.

use super::*;

#[test]
fn a_wrong_value_names_its_place_itself_and_what_was_expected() {
    let rows = [
        (
            "--port|abc",
            r#"--port "abc": expected a number from 0 to 65535"#,
        ),
        ("--port|65536", r#"--port "65536": expected a number"#),
        ("--port|-1", r#"--port "-1": expected a number"#),
        ("--port=", r#"--port "": expected a number"#),
        (
            "PORT=80 ",
            r#"PORT "80 ": expected a number from 0 to 65535"#,
        ),
        ("PORT=a\nb", r#"PORT "a\nb": expected a number"#),
        ("--host|a b", r#"--host "a b": expected an address such as"#),
        ("--host|127.0.0.1:80", r#"--host "127.0.0.1:80": expected"#),
        ("--host|::1,1.2.3", r#"--host "1.2.3": expected"#),
        ("--host|,", r#"--host "": expected an address"#),
        ("HOST=http://x", r#"HOST "http://x": expected an address"#),
        ("--origin|a.b", r#"--origin "a.b": expected an origin such"#),
        (
            "--grace|10",
            r#"--grace "10": expected a duration with its unit"#,
        ),
        ("--grace|366d", r#"--grace "366d": expected"#),
        (
            "--plain-ping-interval=0s",
            r#"--plain-ping-interval "0s": expected a"#,
        ),
        (
            "--engine-max-payload=1023",
            r#"--engine-max-payload "1023": expected"#,
        ),
        (
            "--engine-transports=x",
            r#"--engine-transports "x": expected"#,
        ),
        (
            "TRUNKLINE_LOG=a=b=c",
            r#"TRUNKLINE_LOG "a=b=c": expected levels"#,
        ),
        ("--log|inof", r#"--log "inof": expected levels"#),
        ("--log|info,", r#"--log "info,": expected levels"#),
        (
            "--log-format=xml",
            r#"--log-format "xml": expected text or json"#,
        ),
        (
            "--ai-stream=so",
            r#"--ai-stream "so": expected true or false"#,
        ),
        (
            "AI_TIMEOUT_MS=30s",
            r#"AI_TIMEOUT_MS "30s": expected a number"#,
        ),
        (
            "--prot|1",
            "unexpected argument '--prot' found; did you mean --port?",
        ),
        (
            "--verbose",
            "unexpected argument '--verbose' found; see --help",
        ),
        ("--port", "a value is required for '--port"),
    ];
    for (given, expected) in rows {
        let wrong = read_text(given).unwrap_err().to_string();
        assert!(wrong.starts_with(expected), "{given}: {wrong}");
        assert_eq!(wrong.lines().count(), 1, "{wrong}");
    }
}

#[test]
fn a_switch_whose_value_stands_apart_is_told_how_to_write_it() {
    let rows = [
        ("--ai-stream|false", "did you mean --ai-stream=false?"),
        (
            "--port|1|--ai-allow-http|on",
            "did you mean --ai-allow-http=on?",
        ),
        ("--check|false", "see --help"),
        ("--port|1|false", "see --help"),
    ];
    for (given, hint) in rows {
        let wrong = read_text(given).unwrap_err().to_string();
        let expected = wrong.starts_with("unexpected argument '") && wrong.ends_with(hint);
        assert!(expected, "{given}: {wrong}");
    }
}

#[test]
fn a_wrong_value_is_refused_although_a_better_source_overrules_it() {
    let wrong = read(&["--port", "1"], &[("PORT", "x")]).unwrap_err();
    assert!(wrong.to_string().starts_with("PORT \"x\""), "{wrong}");
}

#[test]
fn a_long_value_is_shown_by_its_beginning() {
    let wrong = read(&["--port", &"9".repeat(5000)], &[]).unwrap_err();
    assert!(wrong.to_string().len() < 200, "{wrong}");
}

#[test]
fn a_file_is_refused_with_its_line() {
    let rows = [
        (
            "port = 1\nprot = 2",
            ":2: unknown key prot; did you mean port?",
        ),
        (
            "[engine]\nping_intervall = \"1s\"",
            ":2: unknown key engine.ping_intervall; did you mean engine.ping_interval?",
        ),
        (
            "\n[motor]\nx = 1",
            ":2: unknown key motor; --help-all lists all keys",
        ),
        (
            "ping_interval = \"1s\"",
            ":1: unknown key ping_interval; did you mean engine.ping_interval?",
        ),
        ("z = 1\na = 2", ":1: unknown key z;"),
        (
            "[engine.ping_interval]\nx = 1",
            ":1: engine.ping_interval (a table): expected a duration",
        ),
        ("[host]\nx = 1", ":1: host (a table): expected an address"),
        (
            "port = \"80\"\n\nhost = 7",
            ":3: host 7: expected an address",
        ),
        ("port = -1", ":1: port -1: expected a number"),
        ("port = 0x1_0000", ":1: port 65536: expected a number"),
        (
            "port = 99999999999999999999999999999999999999999",
            ":1: port 9999",
        ),
        (
            "grace = 10",
            ":1: grace 10: expected a duration with its unit",
        ),
        (
            "grace = 10:00:00",
            ":1: grace 10:00:00: expected a duration",
        ),
        (
            "host = [1, 2]",
            ":1: host (an array of other things than text): expected",
        ),
        (
            "[ai]\nstream = \"perhaps\"",
            ":2: ai.stream \"perhaps\": expected true or false",
        ),
        (
            "ai.timeout_ms = \"30s\"",
            ":1: ai.timeout_ms \"30s\": expected a number",
        ),
        ("port = 1\nport = 2", ":2: this is not TOML: "),
        ("port = ", ":1: this is not TOML: "),
        ("[engine\n", ":1: this is not TOML: "),
    ];
    for (text, expected) in rows {
        let file = Kept::new(text);
        let wrong = read(&["--config", file.path()], &[])
            .unwrap_err()
            .to_string();
        let expected = format!("{}{expected}", file.path());
        assert!(wrong.starts_with(&expected), "{text:?}: {wrong}");
        assert_eq!(wrong.lines().count(), 1, "{wrong}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for path in ["/nowhere/trunkline.toml", "/"] {
        let wrong = read(&["--config", path], &[]).unwrap_err().to_string();
        assert!(
            wrong.starts_with(&format!("cannot read the configuration {path}: ")),
            "{wrong}"
        );
    }
    let large = Kept::new(&"#".repeat((1 << 20) + 1));
    let wrong = read(&["--config", large.path()], &[])
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("larger than 1 MiB"), "{wrong}");
}

#[test]
fn a_section_is_no_value_and_no_array() {
    let rows = [
        (
            "ai = \"gemini\"",
            ":1: ai: expected a section, [ai] with its keys below",
        ),
        (
            "port = 1\n[[ai]]\nmodel = \"m\"",
            ":2: ai: expected a section",
        ),
    ];
    for (text, expected) in rows {
        let file = Kept::new(text);
        let wrong = read(&["--config", file.path()], &[]).unwrap_err();
        assert!(wrong.to_string().contains(expected), "{wrong}");
    }
}

#[test]
fn a_key_is_taken_from_no_flag_and_no_configuration_file() {
    let secret = "sk-secret";
    let file = Kept::new(&format!(
        "[ai]\nprovider = \"gemini\"\napi_key = {secret:?}"
    ));
    let equals = format!("--ai-api-key={secret}");
    let rows: [(&[&str], &str); 4] = [
        (&["--config", file.path()], "ai.api_key_file"),
        (&["--ai-api-key", secret], "--ai-api-key-file"),
        (&[&equals], "AI_API_KEY"),
        (&["--ai-api-key"], "AI_API_KEY"),
    ];
    for (flags, hint) in rows {
        let wrong = read(flags, &[]).unwrap_err().to_string();
        assert!(wrong.contains(hint) && !wrong.contains(secret), "{wrong}");
    }
}

#[test]
fn a_folder_without_the_clients_files_is_refused() {
    let refused = read(&["--http-client-files=/nowhere/at/all"], &[]).unwrap_err();
    let expected = "http.client_files: the client file /nowhere/at/all/socket.io.js: ";
    assert!(refused.to_string().starts_with(expected), "{refused}");
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    let rows: [(&[&str], &str); 11] = [
        (
            &["--assistant-max-open=64"],
            "assistant.max_open (64) must be less than",
        ),
        (
            &["--dispatch-max-in-flight=32"],
            "assistant.max_open (32) must be less than",
        ),
        (
            &["--http-path=/x/", "--http-plain-json=/x"],
            "http.path and http.plain_json are both",
        ),
        (
            &["--engine-transports=,"],
            "engine.transports names no transport",
        ),
        (&["--origin=*", "--http-access=listed"], "origin is *"),
        (
            &["--origin=*", "--cors-credentials"],
            "cors.credentials is true",
        ),
        (
            &["--cors-allow-origin=*", "--cors-credentials"],
            "cors.credentials is true",
        ),
        (
            &["--cookie-name=io", "--cookie-same-site=none"],
            "cookie.same_site is none",
        ),
        (
            &["--cookie-name=a b"],
            "--cookie-name \"a b\": expected the name of a cookie",
        ),
        (
            &["--cookie-name=a", "--cookie-domain=a;b"],
            "--cookie-domain \"a;b\": expected",
        ),
        (
            &["--assistant-reply-event=connect"],
            "--assistant-reply-event \"connect\": expected",
        ),
    ];
    for (flags, expected) in rows {
        let wrong = read(flags, &[]).unwrap_err().to_string();
        assert!(wrong.starts_with(expected), "{flags:?}: {wrong}");
    }
    let ai = [("AI_BASE_URL", "http://127.0.0.1/v1"), ("AI_MODEL", "m")];
    let wrong = read(&["--ai-first-wait=9s"], &ai).unwrap_err().to_string();
    assert!(
        wrong.starts_with("ai.first_wait (9s) is longer than ai.max_wait (8s)"),
        "{wrong}"
    );
}

#[test]
fn a_key_in_the_place_of_its_file_is_not_printed_by_a_check_that_needs_none() {
    let file = Kept::new("sk-secret");
    let rows = [
        (
            "sk-secret",
            "# api_key_file is not shown, as there is no such file",
        ),
        (file.path(), "api_key_file = \""),
    ];
    for (path, expected) in rows {
        let checked = check(&["--ai-api-key-file", path], &[("AI_PROVIDER", "offline")]);
        assert!(!checked.contains("sk-secret"), "{checked}");
        assert!(checked.contains(expected), "{checked}");
    }
}
