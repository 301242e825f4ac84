//! What is left of a server that everybody has let go of.

use std::sync::Arc;

use trunkline::{Io, Namespace, Server, Service, Socket};

use super::client::{Ws, within};

/// Whether a server with these handlers stays when it is closed, its client has gone and nobody has
/// a handle of it.
async fn stays(listen: impl FnOnce(&Io)) -> bool {
    let state = Arc::new(());
    let there = Arc::downgrade(&state);
    let io = Io::builder().state(state).build();
    let weak = io.downgrade();
    listen(&io);
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let running = tokio::spawn(server.run(Service::new(&io), io.closed()));
    let mut ws = Ws::open(address).await;
    ws.send("40").await;
    assert!(ws.next().await.starts_with("40{"));
    assert!(weak.upgrade().is_some());
    io.close().await;
    within(running).await.unwrap();
    drop((io, ws));
    let tasks = tokio::runtime::Handle::current().metrics();
    let all_ended = async {
        while tasks.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    within(all_ended).await;
    let is_there = there.upgrade().is_some();
    assert_eq!(weak.upgrade().is_some(), is_there);
    is_there
}

#[tokio::test]
async fn a_server_ends_with_its_last_handle() {
    assert!(!stays(|_| {}).await);
    let arguments = |io: &Io| {
        io.on("a", async |_: Io, _: Namespace| ());
    };
    assert!(!stays(arguments).await);
    // Who leaves takes its listeners along.
    let of_a_socket = |io: &Io| {
        io.on_connect(async |socket: Socket| {
            let own = (socket.clone(), socket.io());
            socket.on("a", async move || drop(own));
        });
    };
    assert!(!stays(of_a_socket).await);
    let weak = |io: &Io| {
        let weak = io.downgrade();
        io.of_fn(async move |_, _| weak.upgrade().is_some());
    };
    assert!(!stays(weak).await);
}

#[tokio::test]
async fn what_a_handler_captures_stays_with_the_server() {
    let an_io = |io: &Io| {
        let own = io.clone();
        io.on("a", async move || drop(own));
    };
    assert!(stays(an_io).await);
    let a_namespace = |io: &Io| {
        let own = io.of("/b");
        io.of("/b").on("a", async move || drop(own));
    };
    assert!(stays(a_namespace).await);
}
