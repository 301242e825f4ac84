//! The story as `rust_socketio` tells it, with its asynchronous client.
//!
//! `trunkline-rust-client TRANSPORT URL`, where TRANSPORT is `polling`, `websocket` or `upgrade`. URL leads through a
//! proxy, which cuts all connections when this program writes the line `{"cut": true}`, until `{"cut": false}`. A line is written for each
//! step: `{"step", "result"}`, where the result is `yes`, `part: ...` or `no: ...` with what the client cannot do, or,
//! where it failed, `failed: ...`.

mod client;
mod story;

use rust_socketio::TransportType;
use serde_json::json;

/// What may go wrong; the text is for people.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(transport), Some(url)) = (arguments.next(), arguments.next()) else {
        return Err("usage: trunkline-rust-client TRANSPORT URL".into());
    };
    let transport = match transport.as_str() {
        "polling" => TransportType::Polling,
        "websocket" => TransportType::Websocket,
        "upgrade" => TransportType::WebsocketUpgrade,
        other => return Err(format!("{other}: not a transport").into()),
    };
    story::Story { transport, url }.tell().await;
    Ok(())
}

/// Writes a line for whoever started this program.
fn say(step: &str, result: &str) {
    println!("{}", json!({ "step": step, "result": result }));
}
