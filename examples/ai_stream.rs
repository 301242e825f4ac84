//! A model's answers, streamed into a page word by word, with a button that stops them.
//!
//! Run it, with the JavaScript client for the page (`npm install socket.io-client`):
//!
//! ```sh
//! CLIENT=node_modules/socket.io-client cargo run --example ai_stream
//! GEMINI_API_KEY=your-key CLIENT=node_modules/socket.io-client cargo run --example ai_stream
//! ```
//!
//! Without a key simple rules answer, offline, and slowly enough to be watched. Try it: open
//! <http://127.0.0.1:3000>, which without `CLIENT` says what is missing; or from Node:
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const socket = io("http://127.0.0.1:3000");
//! socket.on("ai-message-chunk", ({ delta }) => process.stdout.write(delta));
//! socket.on("ai-message-response", ({ finish }) => console.log(`\n(${finish})`));
//! socket.emit("ai-message", { id: 1, prompt: "echo one two three four five", stream: true });
//! setTimeout(() => socket.emit("ai-message-cancel", { id: 1 }), 300);     // (cancelled)
//! ```
//!
//! `docs/ai.md` describes the events. `PORT=0` takes a free port and prints it.

use std::time::Duration;

use axum::response::Html;
use axum::{Router, routing::get};
use trunkline::ai::offline;
use trunkline::ai::provider::Api;
use trunkline::assistant::remote::{self, Key};
use trunkline::assistant::{self, Assistant, Offline, Remote};
use trunkline::server::{ClientFiles, Config};
use trunkline::{Io, Service};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let io = Io::builder().build();
    let assistant = assistant()?;
    println!("answers come from {}", assistant.model());
    assistant.attach(&io.of("/"));

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let client = std::env::var_os("CLIENT");
    let config = Config {
        client_files: client.map(ClientFiles::read).transpose()?,
        ..Config::default()
    };
    let app = Router::new()
        .route("/", get(async || Html(include_str!("ai_stream.html"))))
        .layer(Service::with_config(io, config).layer());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let shutdown = async move {
        // Without a signal handler there is nobody to tell.
        let _ = tokio::signal::ctrl_c().await;
        // Open questions may finish.
        assistant.drain(Duration::from_secs(10)).await;
    };
    tokio::select! {
        ended = axum::serve(listener, app) => Ok(ended?),
        () = shutdown => Ok(()),
    }
}

/// Asks Gemini if there is a key, and simple rules otherwise.
fn assistant() -> Result<Assistant, Box<dyn std::error::Error>> {
    let config = assistant::Config {
        system: Some("Answer in one paragraph.".into()),
        ..assistant::Config::default()
    };
    let Ok(key) = std::env::var("GEMINI_API_KEY") else {
        let slowly = offline::Config {
            pause: Duration::from_millis(80),
            ..offline::Config::default()
        };
        return Ok(Assistant::new(config, Offline::new(slowly)));
    };
    let gemini = Remote::new(remote::Config {
        key: Some(Key::new(key)?),
        ..remote::Config::new(Api::Gemini, "gemini-3.8-flash")
    })?;
    Ok(Assistant::new(config, gemini))
}
