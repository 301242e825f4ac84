//! Whom a connection trusts.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::subprocess::{is_the_second, second};
use super::*;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a server needs to be 127.0.0.1 in the eyes of those who trust `authority`.
fn acceptor(authority: &Authority) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A temporary file, gone when dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[tokio::test]
async fn a_certificate_is_accepted_if_the_system_trusts_its_authority() {
    const TEST: &str = concat!(
        module_path!(),
        "::a_certificate_is_accepted_if_the_system_trusts_its_authority"
    );
    if is_the_second().await {
        return;
    }
    let (ours, stranger) = (authority(), authority());
    let acceptor = acceptor(&ours);
    let server = Server::start().await;
    let base = format!("https://{}/v1", server.address);
    let table = [
        (&stranger, " unavailable", false),
        (&ours, "Hello done", true),
    ];
    for (trusted, expected, is_asked) in table {
        let port = server.address.port();
        let name = format!("trunkline-{}-{port}.pem", std::process::id());
        let file = Scratch(std::env::temp_dir().join(name));
        std::fs::write(&file.0, trusted.pem()).unwrap();

        let serve = async {
            let connection = server.accept().await;
            // Who does not trust the certificate leaves during the handshake.
            let mut connection = acceptor.accept(connection).await.ok()?;
            let request = read_request(&mut connection).await?;
            send(&mut connection, &whole_answer()).await;
            Some(request)
        };
        let variables = [("SSL_CERT_FILE", file.0.to_str().unwrap())];
        let asked = second(TEST, &base, &variables);
        let (said, request) = tokio::join!(asked, in_time("asked", serve));
        assert_eq!(said, expected);
        assert_eq!(request.is_some(), is_asked);
    }
}

#[tokio::test]
async fn a_system_that_trusts_nobody_can_ask_without_tls() {
    const TEST: &str = concat!(
        module_path!(),
        "::a_system_that_trusts_nobody_can_ask_without_tls"
    );
    if is_the_second().await {
        return;
    }
    let server = Server::start().await;
    let nowhere = [("SSL_CERT_FILE", "/nowhere/certificates.pem")];
    let said = second(TEST, "https://provider.test", &nowhere).await;
    let expected = "the HTTP client cannot be set up: ";
    assert!(said.starts_with(expected), "{said}");

    let serve = async {
        let (mut connection, _) = server.request().await;
        send(&mut connection, &whole_answer()).await;
        connection
    };
    let base = server.base();
    let asked = second(TEST, &base, &nowhere);
    let (said, _) = tokio::join!(asked, in_time("asked", serve));
    assert_eq!(said, "Hello done");
}
