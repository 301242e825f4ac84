//! Tests of `config`.

use super::*;

fn read(flags: &[&str], variables: &[(&str, &str)]) -> Result<Invocation, Wrong> {
    let arguments = ["trunkline"].iter().chain(flags).map(OsString::from);
    Config::read(arguments, |key| {
        let found = variables.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| OsString::from(value))
    })
}

fn config(flags: &[&str], variables: &[(&str, &str)]) -> Config {
    match read(flags, variables) {
        Ok(Invocation::Serve { config, .. }) => config,
        other => panic!("{flags:?} {variables:?}: {other:?}"),
    }
}

#[test]
fn without_configuration_it_listens_on_the_loopback() {
    let config = config(&[], &[]);
    assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 3000));
    assert_eq!(config.grace, Duration::from_secs(10));
    assert_eq!(config.origins, Origins::Listed(Vec::new()));
    assert!(!config.test_hooks);
}

#[test]
fn flags_win_over_the_environment() {
    let variables = [("HOST", "0.0.0.0"), ("PORT", "8080")];
    let from_environment = config(&[], &variables);
    assert_eq!(
        (from_environment.host.as_str(), from_environment.port),
        ("0.0.0.0", 8080)
    );
    let from_flags = config(&["--host", "::1", "--port=0", "--grace", "3"], &variables);
    assert_eq!((from_flags.host.as_str(), from_flags.port), ("::1", 0));
    assert_eq!(from_flags.grace, Duration::from_secs(3));
    let unset = config(&[], &[("HOST", ""), ("PORT", "")]);
    assert_eq!((unset.host.as_str(), unset.port), ("127.0.0.1", 3000));
}

#[test]
fn a_host_is_an_address_or_a_name() {
    let rows = [
        ("localhost", "127.0.0.1"),
        ("LocalHost", "127.0.0.1"),
        ("[::1]", "::1"),
        ("10.0.0.7", "10.0.0.7"),
        ("chat.example", "chat.example"),
    ];
    for (given, host) in rows {
        assert_eq!(config(&["--host", given], &[]).host, host, "{given}");
    }
}

#[test]
fn a_wrong_value_is_one_line_with_key_value_and_what_was_expected() {
    let rows: [(&[&str], &[(&str, &str)], &str); 16] = [
        (
            &["--port", "abc"],
            &[],
            r#"--port "abc": expected a number from 0 to 65535"#,
        ),
        (
            &["--port", "65536"],
            &[],
            r#"--port "65536": expected a number"#,
        ),
        (&["--port", "-1"], &[], r#"--port "-1": expected a number"#),
        (&["--port", ""], &[], r#"--port "": expected a number"#),
        (
            &[],
            &[("PORT", "80 ")],
            r#"PORT "80 ": expected a number from 0 to 65535"#,
        ),
        (
            &[],
            &[("PORT", "a\nb")],
            r#"PORT "a\nb": expected a number"#,
        ),
        (
            &["--host", "a b"],
            &[],
            r#"--host "a b": expected an address such as"#,
        ),
        (
            &["--host", "127.0.0.1:80"],
            &[],
            r#"--host "127.0.0.1:80": expected"#,
        ),
        (&["--host", "1.2.3"], &[], r#"--host "1.2.3": expected"#),
        (
            &[],
            &[("HOST", "http://x")],
            r#"HOST "http://x": expected an address"#,
        ),
        (
            &["--origin", "app.example"],
            &[],
            r#"--origin "app.example": expected an origin such"#,
        ),
        (
            &["--grace", "soon"],
            &[],
            r#"--grace "soon": expected a number of seconds"#,
        ),
        (&["--grace", "86401"], &[], r#"--grace "86401": expected"#),
        (
            &[],
            &[("TRUNKLINE_LOG", "a=b=c")],
            r#"TRUNKLINE_LOG "a=b=c": expected a filter"#,
        ),
        (
            &["--prot", "1"],
            &[],
            "unexpected argument '--prot' found; see --help",
        ),
        (&["--port"], &[], "a value is required for '--port"),
    ];
    for (flags, variables, expected) in rows {
        let wrong = read(flags, variables).unwrap_err().to_string();
        assert!(
            wrong.starts_with(expected),
            "{flags:?} {variables:?}: {wrong}"
        );
        assert_eq!(wrong.lines().count(), 1, "{wrong}");
    }
}

#[test]
fn help_and_version_are_printed() {
    for (flag, expected) in [
        ("--help", "--origin"),
        ("--version", env!("CARGO_PKG_VERSION")),
    ] {
        match read(&[flag], &[("PORT", "wrong")]) {
            Ok(Invocation::Print(text)) => assert!(text.contains(expected), "{text}"),
            other => panic!("{flag}: {other:?}"),
        }
    }
}

#[test]
fn who_is_welcome_depends_on_the_address_and_on_the_origins() {
    let admits = |flags: &[&str], address: &str, origin: &str, host: &str| {
        let access = config(flags, &[]).access(address.parse().unwrap());
        let pairs = [("origin", origin), ("host", host)];
        let pairs = pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        access
            .check(
                &http::HeaderMap::from_iter(pairs),
                &http::Uri::from_static("/"),
            )
            .is_ok()
    };
    let (here, public) = ("127.0.0.1", "0.0.0.0");
    let (local, foreign) = ("http://localhost:5173", "https://evil.example");
    assert!(admits(&[], here, local, "127.0.0.1:3000"));
    assert!(!admits(&[], here, foreign, "127.0.0.1:3000"));
    assert!(!admits(&[], here, foreign, "evil.example"));
    assert!(admits(
        &["--origin", foreign],
        here,
        foreign,
        "127.0.0.1:3000"
    ));
    assert!(admits(&["--origin", "*"], here, foreign, "evil.example"));
    assert!(admits(&[], public, "http://10.0.0.7:3000", "10.0.0.7:3000"));
    assert!(!admits(&[], public, local, "10.0.0.7:3000"));
    assert!(!admits(&[], public, foreign, "10.0.0.7:3000"));
    assert!(admits(
        &["--origin", foreign],
        public,
        foreign,
        "10.0.0.7:3000"
    ));
    assert!(admits(&["--origin", "*"], public, foreign, "10.0.0.7:3000"));
}

#[test]
fn the_greeting_names_addresses_that_can_be_opened() {
    let greeting = config(&[], &[]).greeting("0.0.0.0:4000".parse().unwrap());
    assert!(greeting.starts_with("Trunkline"), "{greeting}");
    for expected in [
        "listens on http://0.0.0.0:4000",
        "AI provider: offline",
        "http://127.0.0.1:4000/\n",
        "ws://127.0.0.1:4000/\n",
        "ws://127.0.0.1:4000/socket.io/?EIO=4&transport=websocket",
    ] {
        assert!(greeting.contains(expected), "{expected}: {greeting}");
    }
}
