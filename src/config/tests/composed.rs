//! What comes of the settings: nothing is forgotten, and nothing differs from the library.

use std::net::SocketAddr;

use trunkline::assistant::remote;
use trunkline::server::ListenerLimits;

use super::*;
use crate::config::kind::{Kind, Raw, Value};
use crate::config::table::{Setting, TABLE};

/// A service, so that everything that concerns one counts.
const SERVICE: [(&str, &str); 2] = [("AI_BASE_URL", "http://127.0.0.1:1/v1"), ("AI_MODEL", "m")];

/// Another value than the one that is there unless somebody sets it.
fn other(setting: &Setting) -> String {
    let key = setting.key.as_str();
    let special = match key {
        "host" => "127.0.0.1",
        "origin" | "cors.allow_origin" => "https://a.example",
        "ai.provider" => "anthropic",
        "ai.model" => "other",
        "ai.base_url" => "http://127.0.0.1:2/v1",
        "engine.transports" => "polling",
        "plain.namespace" => "/chat",
        "http.path" => "/live",
        "http.plain_json" | "cookie.path" => "off",
        "http.hosts" => "chat.example",
        "http.trusted_proxies" => "10.0.0.0/8",
        "cors.methods" => "GET",
        "cors.allowed_headers" | "cors.exposed_headers" => "x-one",
        "cors.credentials" => "false",
        "log" => "debug",
        _ => "",
    };
    if !special.is_empty() {
        return special.to_owned();
    }
    let text = setting.default.map(|text| Raw::Text(text.to_owned()));
    match (setting.kind, text.and_then(|text| setting.kind.read(&text))) {
        (_, Some(Value::Switch(on))) => (!on).to_string(),
        (_, Some(Value::Duration(time))) => format!("{}ms", time.as_millis() + 1000),
        (_, Some(Value::Number(number))) => (number - 1).to_string(),
        (Kind::Choice(words), Some(Value::Text(word))) => {
            let other = words.iter().find(|other| **other != word);
            (*other.unwrap()).to_owned()
        }
        (Kind::Duration { .. }, None) => "7s".to_owned(),
        (Kind::Count { .. }, None) => "7".to_owned(),
        _ => "something-else".to_owned(),
    }
}

fn shown(flags: &[&str], variables: &[(&str, &str)]) -> String {
    match read(flags, variables) {
        Ok(Invocation::Serve { config, log }) => {
            // The function in it does not print; the server's view does.
            let server = config
                .http
                .server(config.http.access(&[([10, 0, 0, 7], 80).into()]));
            format!("{config:?} {server:?} {log:?}")
        }
        other => panic!("{flags:?} {variables:?}: {other:?}"),
    }
}

#[test]
fn every_setting_arrives_somewhere() {
    for setting in TABLE
        .iter()
        .filter(|setting| !matches!(&*setting.key, "ai.api_key_file" | "http.client_files"))
    {
        let mut variables = SERVICE.to_vec();
        // Not all settings matter without others.
        let key = setting.key.as_str();
        let mut common = vec![
            "--cookie-name=io",
            "--websocket-compression=true",
            "--assistant-address-rate-interval=9s",
            "--recovery-enabled=true",
        ];
        if key.starts_with("offline.") {
            variables = Vec::new();
        }
        if key == "ai.provider" {
            variables.push(("AI_API_KEY", "sk-secret"));
        }
        common.retain(|flag| !flag.starts_with(&format!("--{}=", setting.flag)));
        let flag = format!("--{}={}", setting.flag, other(setting));
        let flags: Vec<&str> = common.iter().copied().chain([flag.as_str()]).collect();
        assert_ne!(
            shown(&common, &variables),
            shown(&flags, &variables),
            "{flag} changes nothing"
        );
    }
}

#[test]
fn recovery_is_off_unless_it_is_switched_on() {
    let config = |flags| config(flags, &[]).clients.recovery;
    assert_eq!(config(&["--recovery-max-bytes=1"]), None);
    let on = config(&["--recovery-enabled=true"]);
    assert_eq!(on, Some(trunkline::Recovery::default()));
    let some = config(&["--recovery-enabled=true", "--recovery-max-disconnection=5s"]);
    assert_eq!(some.unwrap().max_disconnection, Duration::from_secs(5));
}

#[test]
fn the_defaults_are_the_librarys() {
    let config = config(&[], &SERVICE);
    let same = |one: &dyn std::fmt::Debug, other: &dyn std::fmt::Debug| {
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    };
    let limits = trunkline::Limits::internet();
    let io = trunkline::Io::builder().limits(limits).build();
    same(&config.clients, io.config());
    // The provider's own limit, which is the same, is to be met first.
    let rules = trunkline::assistant::Config {
        max_duration: Duration::from_secs(181),
        ..trunkline::assistant::Config::default()
    };
    same(&config.rules, &rules);
    let Provider::Remote(_, remote) = &config.provider else {
        panic!("{:?}", config.provider);
    };
    let mut expected = remote::Config::new(trunkline::ai::Api::OpenAi, "m");
    expected.base_url = "http://127.0.0.1:1/v1".to_owned();
    same(remote, &expected);
    // The page and raw WebSockets need more than the library does by itself.
    let limits = ListenerLimits {
        drain_timeout: Duration::from_secs(2),
        ..ListenerLimits::default()
    };
    same(&config.http.limits(), &limits);
    let access = config.http.access(&[]);
    let server = config.http.server(access.clone());
    let expected = trunkline::server::Config {
        plain_json: Some("/".to_owned()),
        cors: server.cors.clone(),
        access,
        ..trunkline::server::Config::default()
    };
    same(&server, &expected);
    let cors = server.cors.unwrap();
    let expected = trunkline::server::Cors {
        origin: cors.origin.clone(),
        credentials: true,
        ..trunkline::server::Cors::default()
    };
    same(&cors, &expected);
}

#[test]
fn compression_of_messages_is_the_librarys_but_for_being_off() {
    let deflate = |flags: &[&str]| {
        let config = config(flags, &[]);
        let access = config.http.access(&[]);
        config.http.server(access).per_message_deflate
    };
    assert_eq!(deflate(&["--websocket-compression-level=9"]), None);
    let expected = trunkline::server::PerMessageDeflate::default();
    let found = deflate(&["--websocket-compression=true"]);
    assert_eq!(found, Some(expected));
}

#[test]
fn a_cookie_is_the_librarys_but_for_its_name() {
    let config = config(&["--cookie-name=sid"], &[]);
    let cookie = config.http.server(config.http.access(&[])).cookie.unwrap();
    let expected = trunkline::server::Cookie {
        name: "sid".to_owned(),
        ..trunkline::server::Cookie::default()
    };
    assert_eq!(cookie, expected);
}

#[test]
fn who_is_welcome_depends_on_all_addresses_and_on_the_origins() {
    let admits = |flags: &[&str], addresses: &[&str], origin: &str, host: &str| {
        let addresses: Vec<SocketAddr> = addresses
            .iter()
            .map(|ip| SocketAddr::new(ip.parse().unwrap(), 80))
            .collect();
        let access = config(flags, &[]).http.access(&addresses);
        let pairs = [("origin", origin), ("host", host)];
        let pairs = pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers = ::http::HeaderMap::from_iter(pairs);
        access
            .check(&headers, &::http::Uri::from_static("/"))
            .is_ok()
    };
    let (here, mixed, public) = (
        &["127.0.0.1", "::1"][..],
        &["::1", "10.0.0.7"][..],
        &["::"][..],
    );
    let (local, foreign) = ("http://localhost:5173", "https://evil.example");
    let of_foreign = format!("--origin={foreign}");
    let rows: [(&[&str], &[&str], &str, &str, bool); 17] = [
        (&[], here, local, "127.0.0.1:3000", true),
        (&[], here, foreign, "127.0.0.1:3000", false),
        (&[], here, foreign, "evil.example", false),
        (&[&of_foreign], here, foreign, "127.0.0.1:3000", true),
        (&["--origin=*"], here, foreign, "evil.example", true),
        (&[], mixed, "http://10.0.0.7:3000", "10.0.0.7:3000", true),
        (&[], mixed, local, "10.0.0.7:3000", false),
        (&[], public, "http://10.0.0.7:3000", "10.0.0.7:3000", true),
        (&[], public, foreign, "10.0.0.7:3000", false),
        (&[&of_foreign], public, foreign, "10.0.0.7:3000", true),
        (&["--origin=*"], public, foreign, "10.0.0.7:3000", true),
        (
            &["--http-access=loopback"],
            public,
            local,
            "localhost",
            true,
        ),
        (&["--http-access=listed"], here, local, "localhost", false),
        (&["--http-access=any"], here, foreign, "evil.example", true),
        (
            &["--http-hosts=chat.example"],
            here,
            local,
            "chat.example",
            true,
        ),
        (&["--http-hosts=::2"], here, local, "[::2]:80", true),
        (&["--http-hosts=a.b"], public, "http://c.d", "c.d", false),
    ];
    for (flags, addresses, origin, host, expected) in rows {
        let found = admits(flags, addresses, origin, host);
        assert_eq!(found, expected, "{flags:?} {addresses:?} {origin} {host}");
    }
}

#[test]
fn cors_admits_whom_access_admits_unless_it_is_told_otherwise() {
    let cors = |flags: &[&str]| {
        let config = config(flags, &[]);
        let access = config.http.access(&[([127, 0, 0, 1], 80).into()]);
        let cors = config.http.server(access).cors;
        cors.map(|cors| (format!("{:?}", cors.origin), cors.credentials))
    };
    use trunkline::server::AllowOrigin;
    let named = |origin: AllowOrigin, credentials| Some((format!("{origin:?}"), credentials));
    let when = || AllowOrigin::when(|_| true);
    assert_eq!(cors(&[]), named(when(), true));
    assert_eq!(cors(&["--origin=*"]), named(AllowOrigin::Any, false));
    assert_eq!(
        cors(&["--cors-allow-origin=reflect"]),
        named(AllowOrigin::Reflect, true)
    );
    assert_eq!(cors(&["--cors-allow-origin=http://a"]), named(when(), true));
    assert_eq!(cors(&["--cors-credentials=false"]), named(when(), false));
    assert_eq!(cors(&["--cors-enabled=false"]), None);
}

#[test]
fn the_greeting_names_addresses_that_can_be_opened() {
    let rows = [
        (
            &["0.0.0.0:4000"][..],
            "http://0.0.0.0:4000\n",
            "127.0.0.1:4000",
        ),
        (&["[::]:4000"], "http://[::]:4000\n", "[::1]:4000"),
        (
            &["127.0.0.1:4000", "[::1]:4000"],
            "http://127.0.0.1:4000 and http://[::1]:4000\n",
            "localhost:4000",
        ),
        (
            &["10.0.0.7:80", "127.0.0.1:80"],
            "http://10.0.0.7:80 and",
            "10.0.0.7:80",
        ),
    ];
    for (addresses, listens, here) in rows {
        let addresses: Vec<_> = addresses.iter().map(|one| one.parse().unwrap()).collect();
        let greeting = config(&[], &[]).greeting(&addresses);
        assert!(greeting.starts_with("Trunkline"), "{greeting}");
        for expected in [
            format!("listens on {listens}"),
            "AI provider: offline".to_owned(),
            "Configuration: no file".to_owned(),
            format!("http://{here}/\n"),
            format!("ws://{here}/\n"),
            format!("ws://{here}/socket.io/?EIO=4&transport=websocket"),
        ] {
            assert!(greeting.contains(&expected), "{expected}: {greeting}");
        }
    }
}

#[test]
fn the_greeting_says_who_answers_and_which_paths_there_are() {
    let file = Kept::new("[http]\npath = \"/live\"\nplain_json = \"off\"\n");
    let variables = [
        ("GEMINI_API_KEY", "sk-secret"),
        ("TRUNKLINE_CONFIG", file.path()),
    ];
    let greeting = config(&[], &variables).greeting(&["127.0.0.1:1".parse().unwrap()]);
    for expected in [
        "AI provider: gemini, model gemini-3.8-flash, key from GEMINI_API_KEY\n".to_owned(),
        format!("Configuration: {}\n", file.path()),
        "ws://127.0.0.1:1/live/?EIO=4".to_owned(),
        "{ path: \"/live/\" }".to_owned(),
    ] {
        assert!(greeting.contains(&expected), "{expected}: {greeting}");
    }
    assert!(
        !greeting.contains("raw WebSocket") && !greeting.contains("secret"),
        "{greeting}"
    );
}

#[test]
fn the_example_configuration_is_understood_with_all_that_is_commented_out() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/trunkline.toml");
    let text = std::fs::read_to_string(path).unwrap();
    // A comment is set apart from its mark by a space, a setting is not.
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    let file = Kept::new(&lines.collect::<Vec<_>>().join("\n"));
    for (variables, expected) in [
        (&[][..], "offline"),
        (&[("GEMINI_API_KEY", "sk-secret")], "gemini"),
    ] {
        let config = config(&["--config", path], variables);
        assert_eq!(config.provider.name(), expected);
    }
    let checked = check(&["--config", file.path()], &[]);
    for expected in [
        "max_output_tokens = 2048",
        "trusted_proxies = [\"127.0.0.1\", \"::1\"]",
    ] {
        assert!(checked.contains(expected), "{checked}");
    }
}
