//! Proxies of the environment.

use super::subprocess::{is_the_second, second};
use super::*;

const TEST: &str = concat!(
    module_path!(),
    "::a_proxy_is_asked_for_other_machines_alone"
);

#[tokio::test]
async fn a_proxy_is_asked_for_other_machines_alone() {
    if is_the_second().await {
        return;
    }
    let (proxy, direct) = (Server::start().await, Server::start().await);
    let url = format!("http://{}", proxy.address);
    let variables = [("HTTP_PROXY", url.as_str()), ("http_proxy", &url)];
    let table = [
        (
            "http://provider.test/v1".to_owned(),
            &proxy,
            "POST http://provider.test/v1/chat/completions ",
        ),
        (direct.base(), &direct, "POST /v1/chat/completions "),
    ];
    for (base, server, expected) in table {
        let serve = async {
            let (mut connection, request) = server.request().await;
            assert!(request.starts_with(expected), "{request}");
            send(&mut connection, &whole_answer()).await;
            connection
        };
        let asked = second(TEST, &base, &variables);
        let (said, _) = tokio::join!(asked, in_time("asked", serve));
        assert_eq!(said, "Hello done");
    }
}
