//! A broadcast that an HTTP request starts, answered with what the clients have answered.
//!
//! Run it: `cargo run --example http_broadcast`. Try it: have somebody in a room, from Node after
//! `npm install socket.io-client`,
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const socket = io("http://127.0.0.1:3000", { query: { room: "red" } });
//! socket.on("announcement", (news, answer) => answer(`${socket.id} has read: ${news.text}`));
//! ```
//!
//! and then tell that room something:
//!
//! ```sh
//! curl --json '{"text":"dinner is ready"}' 'http://127.0.0.1:3000/announce/red?wait_ms=500'
//! ```
//!
//! Who is in the room and has not answered in time is among the missing; where nobody is, it is a 404.
//! `PORT=0` takes a free port and prints it.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Json, Router, routing::post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline::{Io, RequestError, Service, Socket, SocketId};

/// How long answers are waited for, in milliseconds.
#[derive(Deserialize)]
struct Wait {
    wait_ms: Option<u16>,
}

/// What became of an announcement.
#[derive(Serialize)]
struct Report {
    answers: Vec<Answer>,
    /// Who has not answered in time.
    missing: Vec<SocketId>,
}

#[derive(Serialize)]
struct Answer {
    socket: SocketId,
    answer: Option<Value>,
    /// Why there is no answer: it has left, or what it said could not be read.
    error: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let io = Io::builder().build();
    io.of("/").on_connect(async |socket: Socket| {
        socket.join(socket.handshake().query("room").unwrap_or("lobby"));
    });

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let app = Router::new()
        .route("/announce/{room}", post(announce))
        .with_state(io.clone())
        .layer(Service::new(io).layer());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn announce(
    State(io): State<Io>,
    Path(room): Path<String>,
    Query(wait): Query<Wait>,
    Json(news): Json<Value>,
) -> Result<Json<Report>, (StatusCode, String)> {
    let limit = Duration::from_millis(wait.wait_ms.unwrap_or(2_000).into());
    // Each answer is a list of values, of which the first one counts here.
    let asked = io
        .to(room)
        .timeout(limit)
        .emit_with_ack::<(Value,)>("announcement", news);
    let (answers, missing) = match asked.await {
        Ok(answers) => (answers, Vec::new()),
        Err(RequestError::Incomplete(some)) => (some.answers, some.missing.sockets),
        Err(error) => return Err((StatusCode::BAD_REQUEST, format!("{error}\n"))),
    };
    if answers.is_empty() && missing.is_empty() {
        return Err((StatusCode::NOT_FOUND, "nobody is in that room\n".to_owned()));
    }
    let answers = answers.into_iter().map(|(socket, answer)| {
        let (answer, error) = match answer {
            Ok((answer,)) => (Some(answer), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Answer {
            socket,
            answer,
            error,
        }
    });
    Ok(Json(Report {
        answers: answers.collect(),
        missing,
    }))
}
