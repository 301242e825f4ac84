//! That no request stays open, whatever became of it.

use std::time::Duration;

use futures_util::FutureExt as _;

use crate::adapter::{Adapter as _, Hub};
use crate::api::Io;

fn is_quiet(io: &Io) -> bool {
    let cluster = io.cluster().expect("it has an adapter");
    cluster.requests.is_empty()
}

#[tokio::test]
async fn no_request_stays_open() {
    let hub = Hub::new();
    let io = Io::builder().adapter(hub.join()).build();
    let other = Io::builder().adapter(hub.join()).build();
    // All answer.
    assert!(io.fetch_sockets().await.is_ok());
    let answers = io.server_side_emit_with_ack::<()>("nobody", ()).await;
    assert_eq!(answers.map(|answers| answers.len()).ok(), Some(1));
    assert!(io.emit_with_ack::<()>("e", ()).await.is_ok());
    assert!(is_quiet(&io));
    // One does not.
    let silent = hub.join();
    silent.namespace_opened("/");
    let at_once = io.timeout(Duration::ZERO);
    assert!(at_once.fetch_sockets().await.is_err());
    assert!(at_once.emit_with_ack::<()>("e", ()).await.is_err());
    let asked = io.server_side_emit_with_ack::<()>("nobody", ());
    assert!(asked.timeout(Duration::ZERO).await.is_err());
    assert!(is_quiet(&io));
    // Nobody waits any more.
    let mut fetch = Box::pin(io.fetch_sockets());
    assert!((&mut fetch).now_or_never().is_none());
    let mut asked = io.emit_with_ack::<()>("e", ()).into_future();
    assert!((&mut asked).now_or_never().is_none());
    assert!(!is_quiet(&io));
    drop((fetch, asked));
    assert!(is_quiet(&io));
    // A late answer finds nobody.
    let answers = other.server_side_emit_with_ack::<()>("nobody", ());
    assert!(answers.timeout(Duration::from_millis(50)).await.is_err());
    assert!(is_quiet(&io) && is_quiet(&other));
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_waited_for() {
    let hub = Hub::new();
    let io = Io::builder().adapter(hub.join()).build();
    let other = Io::builder().adapter(hub.join()).build();
    let large = "x".repeat(crate::adapter::MAX_MESSAGE_BYTES);
    // Long before nodes would be given up.
    let asked = io.emit_with_ack::<()>("large", (large,)).into_future();
    let asked = tokio::time::timeout(super::NODES_TIMEOUT / 2, asked).await;
    let asked = asked.expect("nobody is waited for");
    let Err(crate::api::RequestError::Incomplete(some)) = asked else {
        panic!("nobody was asked");
    };
    assert_eq!(some.missing.nodes.len(), 1);
    drop(other);
}

#[tokio::test]
async fn a_server_that_is_gone_has_left_its_cluster() {
    let hub = Hub::new();
    let io = Io::builder().adapter(hub.join()).build();
    let other = Io::builder().adapter(hub.join()).build();
    assert_eq!(io.server_count().await, 2);
    drop(other);
    assert_eq!(io.server_count().await, 1);
}

#[test]
#[should_panic(expected = "within a Tokio runtime")]
fn a_server_with_an_adapter_needs_a_runtime() {
    let _ = Io::builder().adapter(Hub::new().join()).build();
}
