//! Plain JSON frames on a raw WebSocket: the same handlers, for clients without a library.

use serde::Deserialize;
use serde_json::json;
use trunkline::server::Config;
use trunkline::{Dialect, DisconnectReason, Error, Io, Socket};

use super::client::{Http, log};
use super::host::serve_config;

#[derive(Deserialize)]
struct Question {
    prompt: String,
}

#[tokio::test]
async fn a_raw_websocket_sends_and_receives_events_as_json() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    let on_leave = teller.clone();
    io.of("/")
        .on_connect(async move |socket: Socket| {
            assert_eq!(socket.dialect(), Dialect::Json);
            teller.tell(format!("connected, token {:?}", socket.auth()));
        })
        .on_disconnect(async move |reason: DisconnectReason| on_leave.tell(reason.as_str()))
        .on(
            "ai-message",
            async |socket: Socket, (question,): (Question,)| -> Result<(), Error> {
                let response = format!("you said: {}", question.prompt);
                socket.emit("ai-message-response", json!({ "response": response }))?;
                Ok(())
            },
        );
    let config = Config {
        plain_json: Some("/".to_owned()),
        ..Config::default()
    };
    let address = serve_config(&io, config).await;
    // Plain requests to the same path are not ours.
    assert_eq!(Http::connect(address).await.get("/").await.status, 404);

    let http = Http::connect(address).await;
    let mut ws = http.upgrade("/?token=abc", &[]).await;
    assert!(
        ws.next()
            .await
            .starts_with(r#"{"event":"connect","data":{"sid":""#)
    );
    log.expect(r#"connected, token "{\"token\":\"abc\"}""#)
        .await;
    ws.send(r#"{"event":"ai-message","data":{"prompt":"Hello AI"}}"#)
        .await;
    ws.expect(r#"{"event":"ai-message-response","data":{"response":"you said: Hello AI"}}"#)
        .await;
    ws.send(r#"{"event":"ai-message","data":{"prompt":"again"},"ack":7}"#)
        .await;
    ws.expect(r#"{"event":"ai-message-response","data":{"response":"you said: again"}}"#)
        .await;
    ws.expect(r#"{"ack":7}"#).await;
    ws.send("hello?").await;
    assert!(
        ws.next()
            .await
            .starts_with(r#"{"event":"error","data":{"code":"bad_frame""#)
    );
    ws.send(r#"{"event":"disconnect"}"#).await;
    assert_eq!(ws.closed().await, Some(1000));
    log.expect("client namespace disconnect").await;
}
