//! What the environment decides: certificates and proxies. The environment is the whole
//! process's, so these tests run themselves again in a process of their own.

use std::env;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

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
async fn is_the_second() -> bool {
    let Ok(base) = env::var(BASE) else {
        return false;
    };
    let mut config = config(base);
    config.retry.max_attempts = 1;
    config.allow_http = true;
    let (text, end) = read(Remote::new(config).unwrap().answer(prompt())).await;
    let end = end.map_or_else(|failure| failure.code.as_str(), |()| "done");
    println!("<{text} {end}>");
    true
}

/// What the test of this name says in a process with these variables.
async fn second(test: &str, base: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    for name in OTHERS {
        command.env_remove(name);
    }
    let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let output = command
        .args(["--exact", &name, "--nocapture"])
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

fn whole_answer() -> String {
    let body = r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}"#;
    response("200 OK", "application/json", body)
}

/// Answers every request, and tells the head of each.
fn serve(service: Server, tls: Option<TlsAcceptor>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let connection = service.accept().await;
            let Some(tls) = &tls else {
                let mut connection = connection;
                let request = read_request(&mut connection).await.unwrap();
                assert!(request.starts_with("POST http://provider.test/v1/chat/completions "));
                send(&mut connection, &whole_answer()).await;
                continue;
            };
            // A client that does not trust the certificate leaves.
            if let Ok(mut connection) = tls.accept(connection).await
                && read_request(&mut connection).await.is_some()
            {
                send(&mut connection, &whole_answer()).await;
            }
        }
    })
}

/// A file in the directory of build products, gone when dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[tokio::test]
async fn a_certificate_is_accepted_if_the_system_trusts_its_authority() {
    const NAME: &str = "a_certificate_is_accepted_if_the_system_trusts_its_authority";
    if is_the_second().await {
        return;
    }
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (stranger, ours) = (
        generate_simple_self_signed(["localhost".to_owned()])
            .unwrap()
            .cert,
        cert,
    );
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![ours.der().clone()], key)
        .unwrap();
    let service = Server::start().await;
    let port = service.address.port();
    let serving = serve(service, Some(TlsAcceptor::from(Arc::new(tls))));

    let base = format!("https://localhost:{port}/v1");
    for (cert, expected) in [(&stranger, " unavailable"), (&ours, "Hello done")] {
        let name = format!("trunkline-{}-{port}.pem", std::process::id());
        let file = Scratch(env::temp_dir().join(name));
        std::fs::write(&file.0, cert.pem()).unwrap();
        let variables = [("SSL_CERT_FILE", file.0.to_str().unwrap())];
        assert_eq!(second(NAME, &base, &variables).await, expected);
    }
    serving.abort();
}

#[tokio::test]
async fn a_proxy_is_asked_for_other_machines_alone() {
    const NAME: &str = "a_proxy_is_asked_for_other_machines_alone";
    if is_the_second().await {
        return;
    }
    let proxy = Server::start().await;
    let url = format!("http://{}", proxy.address);
    let direct = Server::start().await;
    let base = direct.base();
    let variables = [("HTTP_PROXY", url.as_str()), ("http_proxy", &url)];

    let serving = serve(proxy, None);
    let said = second(NAME, "http://provider.test/v1", &variables).await;
    assert_eq!(said, "Hello done");
    serving.abort();

    let serve = async {
        let (mut connection, request) = direct.request().await;
        assert!(request.starts_with("POST /v1/chat/completions "));
        send(&mut connection, &whole_answer()).await;
        connection
    };
    let (said, _) = tokio::join!(second(NAME, &base, &variables), in_time("asked", serve));
    assert_eq!(said, "Hello done");
}
