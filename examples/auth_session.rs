//! One login for pages and sockets: a cookie session of axum's, which Socket.IO reads as well.
//!
//! Run it: `cargo run --example auth_session`. Try it: open <http://127.0.0.1:3000> in a browser and log in
//! as ada, password lovelace; or
//!
//! ```sh
//! curl -c jar -d 'name=ada&password=lovelace' http://127.0.0.1:3000/login
//! curl -b jar http://127.0.0.1:3000
//! curl -b jar -X POST http://127.0.0.1:3000/logout       # its sockets are disconnected
//! ```
//!
//! and, while it is logged in, from Node after `npm install socket.io-client`:
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const url = "http://127.0.0.1:3000";
//! const body = new URLSearchParams({ name: "ada", password: "lovelace" });
//! fetch(`${url}/login`, { method: "POST", body, redirect: "manual" }).then((response) => {
//!   const [cookie] = response.headers.getSetCookie()[0].split(";"); // a browser sends it by itself
//!   const socket = io(url, { extraHeaders: { cookie } });
//!   socket.on("connect_error", (error) => console.log(error.message));
//!   socket.on("disconnect", (reason) => console.log(reason));       // at logout: io server disconnect
//!   socket.emit("who am I", console.log);                           // { user: 'ada', visits: 0 }
//! });
//! ```
//!
//! `PORT=0` takes a free port and prints it.

use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
use trunkline::server::{Access, Config, OriginPolicy};
use trunkline::{Error, Io, Service, Socket};

/// Name and password. A real program keeps hashes of passwords.
const USERS: [(&str, &str); 2] = [("ada", "lovelace"), ("alan", "turing")];

const LOGIN_FORM: &str = r#"<!doctype html><title>Log in</title><form method="post" action="/login">
<input name="name" placeholder="name"> <input name="password" type="password"> <button>Log in</button></form>"#;

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

/// What the session says of who is logged in.
#[derive(Serialize, Deserialize)]
struct Login {
    user: String,
    /// Names this login in public: the session's own id is a secret, too good for the name of a room.
    number: u64,
}

impl Login {
    fn room(&self) -> String {
        format!("login:{}", self.number)
    }
}

type Refusal = (StatusCode, String);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let io = Io::builder().build();
    io.of("/")
        .middleware(authenticate)
        .on_connect(check_again)
        .on("who am I", who_am_i);

    // Cookies come along with whatever page makes a request: only this server's own are welcome.
    let config = Config {
        access: Access {
            origins: OriginPolicy::SameHostAnd(Vec::new()),
            ..Access::default()
        },
        ..Config::default()
    };
    // For http; behind https leave `with_secure` as it is.
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let app = Router::new()
        .route("/", get(home))
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
        .with_state(io.clone())
        .layer(Service::with_config(io, config).layer())
        // Added later, so it runs before: handshakes have the session among their extensions.
        .layer(sessions);
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn home(session: Session) -> Result<Html<String>, Refusal> {
    let Some(login) = session.get::<Login>("login").await.map_err(failed)? else {
        return Ok(Html(LOGIN_FORM.to_owned()));
    };
    let visits = session.get("visits").await.map_err(failed)?.unwrap_or(0) + 1;
    session.insert("visits", visits).await.map_err(failed)?;
    let user = login.user;
    Ok(Html(format!(
        "<!doctype html><title>Home</title><form method=post action=/logout>\
         {user}, this is visit {visits}. <button>Log out</button></form>"
    )))
}

async fn log_in(session: Session, Form(form): Form<Credentials>) -> Result<Redirect, Refusal> {
    if !USERS.contains(&(&form.name, &form.password)) {
        return Err((
            StatusCode::UNAUTHORIZED,
            "wrong name or password\n".to_owned(),
        ));
    }
    // Another id, lest somebody has planted the old one.
    session.cycle_id().await.map_err(failed)?;
    let number = rand::random();
    let login = Login {
        user: form.name,
        number,
    };
    session.insert("login", login).await.map_err(failed)?;
    Ok(Redirect::to("/"))
}

async fn log_out(State(io): State<Io>, session: Session) -> Result<Redirect, Refusal> {
    let login = session.get::<Login>("login").await.map_err(failed)?;
    session.flush().await.map_err(failed)?;
    if let Some(login) = login {
        io.to(login.room()).disconnect_sockets(true);
    }
    Ok(Redirect::to("/"))
}

fn failed(error: tower_sessions::session::Error) -> Refusal {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

/// The session of a socket's HTTP request, as it is in the store now, and who is logged in.
async fn login_of(socket: &Socket) -> Result<(Session, Login), Error> {
    let unauthorized = || Error::new("unauthorized", "please log in");
    let session = socket.handshake().extensions.get::<Session>();
    let session = session.ok_or_else(unauthorized)?.clone();
    let broken = |error| Error::new("internal", "no session").with_cause(error);
    session.load().await.map_err(broken)?;
    let login = session.get("login").await.map_err(broken)?;
    Ok((session, login.ok_or_else(unauthorized)?))
}

async fn authenticate(socket: Socket) -> Result<(), Error> {
    let (_, login) = login_of(&socket).await?;
    socket.join(login.room());
    Ok(())
}

/// Who logs out while a socket is being let in does not reach it yet, so it looks once more.
async fn check_again(socket: Socket) {
    if login_of(&socket).await.is_err() {
        socket.disconnect_all();
    }
}

async fn who_am_i(socket: Socket) -> Result<Value, Error> {
    let (session, login) = login_of(&socket).await?;
    let visits: u64 = session.get("visits").await.ok().flatten().unwrap_or(0);
    Ok(json!({ "user": login.user, "visits": visits }))
}
