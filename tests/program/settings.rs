//! The program's settings, its log and its end, as an operator meets them.

use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::Client;
use crate::running::{Program, command, run};

const LOCAL: &str = "Host: localhost";
const SECRET: &str = "sk-secret";

/// A file that is removed again.
struct Kept(PathBuf);

impl Kept {
    fn new(name: &str, text: &str) -> Kept {
        let name = format!("trunkline-program-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Kept(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Whoever else removed it did what was wanted.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A configuration without its comments.
fn bare(checked: &str) -> Vec<&str> {
    let lines = checked.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(" # ").map_or(line, |(line, _)| line))
        .collect()
}

#[test]
fn a_checked_configuration_can_be_used_again() {
    let flags = [
        "--check",
        "--engine-ping-interval=7s",
        "--origin=https://a.example",
    ];
    let (code, first, stderr) = run(command(&flags).env("GEMINI_API_KEY", SECRET));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    for expected in [
        "ping_interval = \"7s\"",
        "# from --engine-ping-interval",
        "# ai.api_key: set (from GEMINI_API_KEY)",
        "max_payload = \"1MB\"",
    ] {
        assert!(first.contains(expected), "{expected}: {first}");
    }
    let file = Kept::new("again.toml", &first);
    let (code, second, stderr) = run(command(&["--check"])
        .env("GEMINI_API_KEY", SECRET)
        .env("TRUNKLINE_CONFIG", file.path()));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(bare(&first), bare(&second));
    assert!(!first.contains(SECRET) && !second.contains(SECRET));
}

#[test]
fn a_check_opens_no_port_and_asks_nobody() {
    // Both are taken, and would be noticed.
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    provider.set_nonblocking(true).unwrap();
    let base = format!("http://{}/v1", provider.local_addr().unwrap());
    let number = port.local_addr().unwrap().port().to_string();
    let (code, stdout, _) = run(command(&["--check", "--host=127.0.0.1", "--port", &number])
        .env("AI_BASE_URL", &base)
        .env("AI_MODEL", "m"));
    assert_eq!(code, Some(0));
    assert!(
        stdout.contains(&format!("base_url = \"{base}\"")),
        "{stdout}"
    );
    assert!(provider.accept().is_err());
}

#[test]
fn an_unknown_key_and_a_wrong_value_end_the_program_with_one_line() {
    let file = Kept::new(
        "unknown.toml",
        "port = 0\n[engine]\nping_intervall = \"1s\"\n",
    );
    let path = file.path();
    for flags in [&["--config", path][..], &["--config", path, "--check"]] {
        let (code, stdout, stderr) = run(&mut command(flags));
        assert_eq!((code, stdout.as_str()), (Some(2), ""));
        let expected = format!(
            "trunkline: {path}:3: unknown key engine.ping_intervall; did you mean \
             engine.ping_interval?\n"
        );
        assert_eq!(stderr, expected);
    }
    let (code, _, stderr) = run(command(&["--check"]).env("AI_TIMEOUT_MS", "soon"));
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with("trunkline: AI_TIMEOUT_MS \"soon\": expected"),
        "{stderr}"
    );
}

#[test]
fn a_half_configured_provider_does_not_start() {
    for variables in [
        &[("AI_PROVIDER", "gemini")][..],
        &[("AI_API_KEY", SECRET)],
        &[("OPENAI_API_KEY", SECRET), ("GEMINI_API_KEY", SECRET)],
        &[
            ("AI_PROVIDER", "gemini"),
            ("AI_API_KEY", "sk-secret sk-secret"),
        ],
    ] {
        let (code, stdout, stderr) = run(command(&[]).envs(variables.iter().copied()));
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{variables:?}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(!stderr.contains(SECRET), "{stderr}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_an_error_and_not_the_offline_rules() {
    // Taken, so that no other test can listen there.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let dead = taken.local_addr().unwrap();
    let program = Program::run(
        command(&["--log=debug", "--log-format=json"])
            .env("AI_PROVIDER", "openai")
            .env("AI_BASE_URL", format!("http://{dead}/v1"))
            .env("AI_MODEL", "some-model")
            .env("AI_API_KEY", SECRET)
            .env("AI_MAX_ATTEMPTS", "1"),
    );
    let status = program
        .ask(&format!("GET /status HTTP/1.1\r\n{LOCAL}"))
        .await;
    let (_, body) = status.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let expected = json!({
        "name": "trunkline", "version": env!("CARGO_PKG_VERSION"), "status": "ready",
        "provider": "openai", "model": "some-model",
    });
    assert_eq!(body, expected);
    let mut client = Client::json(program.address).await;
    client.ask(json!({"prompt": "hello"})).await;
    let error = client.until("ai-message-error").await;
    assert_eq!(error["error"]["code"], "unavailable", "{error}");
    let reply = client.until("ai-message-response").await;
    assert_eq!(
        (&reply["finish"], &reply["model"]),
        (&json!("error"), &json!("some-model"))
    );
    program.signal("TERM");
    let (code, log) = program.end().await;
    assert_eq!(code, Some(0));
    assert!(
        log.contains("key from AI_API_KEY") && !log.contains(SECRET),
        "{log}"
    );
}

#[tokio::test]
async fn a_draining_server_is_alive_and_not_ready() {
    let mut program = Program::start(&["--test-hooks", "--grace", "1m"]);
    let probe = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: 10.1.2.3");
    let ready = program.ask(&probe("/readyz")).await;
    assert!(
        ready.starts_with("HTTP/1.1 200") && ready.ends_with("\r\n\r\nready"),
        "{ready}"
    );
    let mut client = Client::json(program.address).await;
    client
        .ask(json!({"content": "/slow 60000", "stream": true}))
        .await;
    client.until("ai-typing").await;
    program.signal("TERM");
    program.await_log("open questions are finished first, for up to 1m");
    let ready = program.ask(&probe("/readyz")).await;
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.ends_with("draining"),
        "{ready}"
    );
    let alive = program.ask(&probe("/healthz")).await;
    assert!(alive.starts_with("HTTP/1.1 200"), "{alive}");
    let status = program
        .ask(&format!("GET /status HTTP/1.1\r\n{LOCAL}"))
        .await;
    assert!(status.contains(r#""status":"draining""#), "{status}");
    program.await_log("still waiting for open questions, for up to 57s more");
    program.signal("TERM");
    program.await_log("ended at once");
    assert_eq!(program.end().await.0, Some(143));
}

#[tokio::test]
async fn the_log_says_how_a_client_broke_the_protocol() {
    let mut program = Program::run(&mut command(&["--log", "debug"]));
    // (what a raw client sends after the open packet, what the log says)
    let rows: [(&[&str], &str); 3] = [
        (&[r#"42["x"]"#], "which was not joined"),
        (
            &["40", r#"42["ai-message",{prompt:"x"}]"#],
            "the arguments are not valid JSON: key must be a string",
        ),
        (&["40", r#"42 ["ai-message"]"#], "payload is an array"),
    ];
    for (frames, detail) in rows {
        let path = "/socket.io/?EIO=4&transport=websocket";
        let mut client = Client::open(program.address, path).await;
        client.next_text().await;
        for frame in frames {
            client.send_text(frame).await;
        }
        program.await_log(detail);
    }
}

#[tokio::test]
async fn each_line_of_a_json_log_is_an_object() {
    let program = Program::run(
        command(&["--log-format", "json"])
            .env("TRUNKLINE_PROT", "1")
            .env("TRUNKLINE_LOG", "info,trunkline=debug"),
    );
    let mut client = Client::json(program.address).await;
    client.ask("echo secret-prompt").await;
    client.until("ai-message-response").await;
    client.send(json!({"event": "disconnect"})).await;
    client.expect_end().await;
    program.signal("TERM");
    let (code, log) = program.end().await;
    assert_eq!(code, Some(0));
    // What comes before is the greeting.
    let lines = log.lines().skip_while(|line| !line.starts_with('{'));
    let mut messages = Vec::new();
    for line in lines {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        for field in ["timestamp", "level", "target"] {
            assert!(entry[field].is_string(), "{line}");
        }
        messages.push(entry["fields"]["message"].as_str().unwrap().to_owned());
    }
    for expected in [
        "the environment variable TRUNKLINE_PROT is unknown",
        "listening",
        "A user connected",
        "A user disconnected",
        "asked to terminate",
        "all connections are closed",
        "stopped",
    ] {
        let found = messages.iter().any(|message| message.starts_with(expected));
        assert!(found, "{expected}: {messages:?}");
    }
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test]
async fn localhost_is_every_loopback_address_that_the_machine_has() {
    let program = Program::start(&[]);
    let has = |address: &str| TcpListener::bind((address, 0)).is_ok();
    let expected: Vec<_> = ["127.0.0.1", "::1"]
        .into_iter()
        .filter(|one| has(one))
        .collect();
    let found: Vec<_> = program
        .addresses
        .iter()
        .map(|one| one.ip().to_string())
        .collect();
    assert_eq!(found, expected);
    for address in &program.addresses {
        assert_eq!(address.port(), program.address.port());
        let health = program
            .ask_at(*address, &format!("GET /healthz HTTP/1.1\r\n{LOCAL}"))
            .await;
        assert!(health.ends_with("\r\n\r\nok"), "{health}");
        // Both are the loopback, so foreign names are refused at both.
        let foreign = program
            .ask_at(*address, "GET / HTTP/1.1\r\nHost: evil.example")
            .await;
        assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    }
}

// Elsewhere 127.0.0.2 may have to be set up first.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn several_addresses_share_a_port() {
    let program = Program::start(&["--host=127.0.0.1,127.0.0.2", "--host=127.0.0.1"]);
    let found: Vec<_> = program
        .addresses
        .iter()
        .map(|one| one.ip().to_string())
        .collect();
    assert_eq!(found, ["127.0.0.1", "127.0.0.2"]);
    for address in &program.addresses {
        let health = program
            .ask_at(*address, &format!("GET /healthz HTTP/1.1\r\n{LOCAL}"))
            .await;
        assert!(health.ends_with("\r\n\r\nok"), "{health}");
    }
}

#[tokio::test]
async fn settings_of_the_file_reach_the_clients() {
    let file = Kept::new(
        "reach.toml",
        "[engine]\nping_interval = \"7s\"\nping_timeout = \"3s\"\nmax_payload = 4096\n\
         [http]\npath = \"/live\"\n",
    );
    let program = Program::start(&["--config", file.path()]);
    let url = "GET /live/?EIO=4&transport=polling HTTP/1.1";
    let opened = program.ask(&format!("{url}\r\n{LOCAL}")).await;
    let (_, body) = opened.split_once("\r\n\r\n").unwrap();
    let open: Value = serde_json::from_str(body.strip_prefix('0').unwrap()).unwrap();
    let told = (
        &open["pingInterval"],
        &open["pingTimeout"],
        &open["maxPayload"],
    );
    assert_eq!(told, (&json!(7000), &json!(3000), &json!(4096)));
}
