//! The environment is the whole process's, so tests that set it run themselves again, in a process
//! of their own.

use std::env;
use std::process::Stdio;

use tokio::process::Command;

use super::*;

/// Names the base URL to the second process.
const BASE: &str = "TRUNKLINE_TEST_BASE";

/// Variables that would decide as well.
const OTHERS: [&str; 10] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// In the second process: asks at the given base, and says what came of it.
pub(super) async fn is_the_second() -> bool {
    let Ok(base) = env::var(BASE) else {
        return false;
    };
    let mut config = config(base);
    config.retry.max_attempts = 1;
    config.allow_http = true;
    match Remote::new(config) {
        Ok(remote) => {
            let (text, end) = read(remote.answer(prompt())).await;
            let end = end.map_or_else(|failure| failure.code.as_str(), |()| "done");
            println!("<{text} {end}>");
        }
        Err(error) => println!("<{error}>"),
    }
    true
}

/// What the test of this path says in a process with these variables.
pub(super) async fn second(test: &str, base: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    for name in OTHERS {
        command.env_remove(name);
    }
    // The test's own name for itself begins behind the crate's.
    let (_, test) = test.split_once("::").unwrap();
    let output = command
        .args(["--exact", test, "--nocapture"])
        .env(BASE, base)
        .envs(variables.iter().copied())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = in_time("a second process", output).await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let said = said
        .split_once('<')
        .and_then(|(_, said)| said.split_once('>'));
    said.expect("the test ran").0.to_owned()
}
