//! The program as a process: flags, what it prints, what it serves, how it ends.

use serde_json::json;

use crate::client::Client;
use crate::running::{Program, command, run};

#[test]
fn a_wrong_value_is_one_line_and_exit_code_2() {
    let (code, stdout, stderr) = run(&mut command(&["--port", "http"]));
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert_eq!(
        stderr,
        "trunkline: --port \"http\": expected a number from 0 to 65535\n"
    );
    let (code, _, stderr) = run(command(&[]).env("PORT", "-5"));
    assert_eq!(code, Some(2));
    assert_eq!(
        stderr,
        "trunkline: PORT \"-5\": expected a number from 0 to 65535\n"
    );
    let (code, _, stderr) = run(&mut command(&["--verbose"]));
    assert_eq!((code, stderr.lines().count()), (Some(2), 1));
}

#[test]
fn help_and_version_go_to_stdout() {
    let (code, stdout, stderr) = run(&mut command(&["--version"]));
    let expected = concat!("trunkline ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(
        (code, stdout.as_str(), stderr.as_str()),
        (Some(0), expected, "")
    );
    let (code, stdout, _) = run(&mut command(&["--help"]));
    assert_eq!(code, Some(0));
    for key in [
        "--host",
        "--port",
        "--origin",
        "--grace",
        "--ai-provider",
        "--help-all",
        "HOST",
        "PORT",
        "AI_API_KEY",
        "GOOGLE_API_KEY",
        "TRUNKLINE_LOG",
    ] {
        assert!(stdout.contains(key), "{key}");
    }
    assert!(!stdout.contains("test-hooks"));
}

#[tokio::test]
async fn a_taken_port_is_one_line_and_exit_code_1() {
    let program = Program::start(&[]);
    let port = program.address.port().to_string();
    let (code, stdout, stderr) = run(&mut command(&["--port", &port]));
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    let expected = format!(
        "trunkline: cannot listen on localhost port {port}: the port is taken; choose another with \
         --port ("
    );
    assert!(stderr.starts_with(&expected), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn a_host_that_cannot_be_had_is_named_with_its_source() {
    // An address for documentation (RFC 5737), which no machine has.
    let foreign = "192.0.2.1";
    let from_variable = run(command(&["--port=0"]).env("HOST", foreign));
    let from_flag = run(&mut command(&["--port=0", "--host", foreign]));
    for ((code, stdout, stderr), source) in
        [(from_variable, "the variable HOST"), (from_flag, "--host")]
    {
        assert_eq!((code, stdout.as_str()), (Some(1), ""));
        let expected = format!(
            "trunkline: cannot listen on {foreign} (from {source}) port 0: --host takes an address"
        );
        assert!(stderr.starts_with(&expected), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[tokio::test]
async fn it_serves_a_page_a_health_check_and_nothing_else() {
    let program = Program::start(&["--host", "localhost"]);
    let local = "Host: localhost";
    let page = program.ask(&format!("GET / HTTP/1.1\r\n{local}")).await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("<title>Trunkline"),
        "{page}"
    );
    assert!(page.contains("content-security-policy: default-src 'none'"));
    let head = program.ask(&format!("HEAD / HTTP/1.1\r\n{local}")).await;
    assert!(
        head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    let health = program
        .ask(&format!("GET /healthz HTTP/1.1\r\n{local}"))
        .await;
    assert!(
        health.starts_with("HTTP/1.1 200") && health.ends_with("\r\n\r\nok"),
        "{health}"
    );
    let unknown = program
        .ask(&format!("GET /unknown HTTP/1.1\r\n{local}"))
        .await;
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
    let post = program
        .ask(&format!("POST / HTTP/1.1\r\n{local}\r\nContent-Length: 0"))
        .await;
    assert!(
        post.starts_with("HTTP/1.1 405") && post.contains("allow: GET, HEAD"),
        "{post}"
    );
}

#[tokio::test]
async fn foreign_pages_are_refused_by_a_server_on_the_loopback() {
    let handshake = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost";
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let foreign = "Origin: https://evil.example";
    let program = Program::start(&[]);
    let local = program
        .ask(&format!("{handshake}\r\nOrigin: http://localhost:5173"))
        .await;
    assert!(local.starts_with("HTTP/1.1 200"), "{local}");
    assert!(local.contains("access-control-allow-origin: http://localhost:5173"));
    assert!(local.contains("access-control-allow-credentials: true"));
    for request in [
        format!("{handshake}\r\n{foreign}"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{foreign}\r\n{upgrade}"),
        "GET / HTTP/1.1\r\nHost: evil.example".to_owned(),
        format!("{handshake}.evil.example"),
    ] {
        let refused = program.ask(&request).await;
        assert!(refused.starts_with("HTTP/1.1 40"), "{refused}");
        assert!(refused.contains("--origin URL"), "{refused}");
    }
    program.signal("TERM");
    let (_, log) = program.end().await;
    assert_eq!(log.matches("--origin URL").count(), 4, "{log}");

    let open = Program::start(&["--origin", "https://evil.example"]);
    let admitted = open.ask(&format!("{handshake}\r\n{foreign}")).await;
    assert!(admitted.starts_with("HTTP/1.1 200"), "{admitted}");
}

#[tokio::test]
async fn what_is_said_stays_out_of_the_log() {
    let program = Program::start(&[]);
    let mut client = Client::open(program.address, "/?token=secret-token").await;
    assert_eq!(client.next().await["event"], "connect");
    client.ask("echo secret-prompt").await;
    assert_eq!(client.expect("ai-message-response").await, "secret-prompt");
    client
        .send(json!({"event": "message", "data": "secret-message", "ack": 1}))
        .await;
    assert_eq!(client.next().await["ack"], 1);
    client.send(json!({"event": "disconnect"})).await;
    client.expect_end().await;
    program.signal("TERM");
    let (code, log) = program.end().await;
    assert_eq!(code, Some(0));
    for expected in [
        "A user connected id=",
        "address=\"127.0.0.1\" transport=\"websocket\"",
        "A message was received",
        "A user disconnected id=",
        "reason=\"client namespace disconnect\"",
    ] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test]
async fn what_is_said_stays_out_of_the_log_at_every_level() {
    for format in ["text", "json"] {
        let program = Program::start(&["--log", "trace", "--log-format", format]);
        let mut client = Client::json(program.address).await;
        client.ask("echo secret-prompt").await;
        assert_eq!(client.expect("ai-message-response").await, "secret-prompt");
        client.send(json!({"event": "disconnect"})).await;
        client.expect_end().await;
        program.signal("TERM");
        let (_, log) = program.end().await;
        assert!(log.contains("A user connected"), "{log}");
        assert!(log.contains("DEBUG"), "{log}");
        let leak = log.lines().find(|line| line.contains("secret"));
        assert_eq!(leak, None);
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_any_more_harms_nobody() {
    let unread = || {
        let (_, writer) = std::io::pipe().unwrap();
        writer
    };
    let program = Program::run(command(&[]).stderr(unread()));
    let mut client = Client::json(program.address).await;
    client.ask("echo all the same").await;
    assert_eq!(client.expect("ai-message-response").await, "all the same");
    program.signal("TERM");
    client.expect_end().await;
    assert_eq!(program.end().await.0, Some(0));
    let (code, _, _) = run(command(&["--port", "http"]).stderr(unread()));
    assert_eq!(code, Some(2));
}

#[tokio::test]
async fn a_signal_lets_running_answers_finish_and_turns_newcomers_away() {
    let mut program = Program::start(&["--test-hooks"]);
    let mut client = Client::json(program.address).await;
    client
        .ask(json!({"id": 1, "content": "/slow 300", "stream": true}))
        .await;
    client.until("ai-message-chunk").await;
    program.signal("INT");
    program.await_log("interrupted");
    let newcomer = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost";
    let refused = program.ask(newcomer).await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after: "), "{refused}");
    client
        .ask(json!({"id": 2, "chat": "other", "content": "too late"}))
        .await;
    let unavailable = client.until("ai-message-error").await;
    assert_eq!(
        (&unavailable["id"], &unavailable["error"]["code"]),
        (&json!(2), &json!("unavailable"))
    );
    client.until("ai-message-response").await;
    let reply = client.until("ai-message-response").await;
    assert_eq!(
        (&reply["id"], &reply["finish"]),
        (&json!(1), &json!("stop"))
    );
    assert_eq!(reply["response"], "This answer takes its time.");
    client.expect_end().await;
    assert_eq!(program.end().await.0, Some(0));
}

#[tokio::test]
async fn the_grace_ends_answers_that_take_too_long() {
    let program = Program::start(&["--test-hooks", "--grace", "0s"]);
    let mut client = Client::json(program.address).await;
    client
        .ask(json!({"id": 1, "content": "/slow 60000", "stream": true}))
        .await;
    client.until("ai-typing").await;
    program.signal("TERM");
    let reply = client.until("ai-message-response").await;
    assert_eq!(
        (&reply["id"], &reply["error"]["code"]),
        (&json!(1), &json!("unavailable"))
    );
    client.expect_end().await;
    assert_eq!(program.end().await.0, Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_program_at_once() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut program = Program::start(&["--test-hooks"]);
        let mut client = Client::json(program.address).await;
        client
            .ask(json!({"content": "/slow 60000", "stream": true}))
            .await;
        client.until("ai-typing").await;
        program.signal(name);
        program.await_log("open questions are finished first");
        program.signal(name);
        assert_eq!(program.end().await.0, Some(code));
    }
}
