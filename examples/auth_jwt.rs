//! Who may connect says a JSON Web Token, for as long as the token lasts; a user may have several sockets.
//!
//! Run it: `cargo run --example auth_jwt`. Try it:
//!
//! ```sh
//! curl -d 'name=ada&password=lovelace' http://127.0.0.1:3000/token         # the token, or 401
//! ```
//!
//! and from Node, after `npm install socket.io-client`:
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const url = "http://127.0.0.1:3000";
//! const body = new URLSearchParams({ name: "ada", password: "lovelace" });
//! const token = async () => (await fetch(`${url}/token`, { method: "POST", body })).text();
//!
//! // `auth` is a function, so that each reconnection fetches a token of its own.
//! const socket = io(url, { auth: async (send) => send({ token: await token() }) });
//! socket.on("connect_error", (error) => console.log(error.message, error.data));
//! socket.on("told", (from, text) => console.log(`${from}: ${text}`));
//! socket.emit("tell", "ada", "hello", console.log);                        // 1: how many sockets ada has
//! socket.on("expired", () => console.log("too late"));                     // then it is disconnected
//! setInterval(async () => socket.emit("refresh", await token()), 600_000); // sooner than that
//! ```
//!
//! From the environment: `JWT_SECRET` (a random one by default, and old tokens end with the program),
//! `TOKEN_SECONDS` (900), `PORT` (3000; 0 takes a free one and prints it).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Form;
use axum::http::StatusCode;
use axum::{Router, routing::post};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, get_current_timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use trunkline::{Auth, Error, Io, Service, Socket, State};

/// Name and password. A real program keeps hashes of passwords.
const USERS: [(&str, &str); 2] = [("ada", "lovelace"), ("alan", "turing")];

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

/// What a token says: who has it, and until when it holds, in seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
}

struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    seconds: u64,
}

impl Tokens {
    fn new(secret: &[u8], seconds: u64) -> Tokens {
        // This server's own clock wrote the time: no minute is given away, nor the last second.
        let validation = Validation {
            leeway: 0,
            reject_tokens_expiring_in_less_than: 1,
            ..Validation::default()
        };
        Tokens {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            seconds,
        }
    }

    fn issue(&self, user: &str) -> String {
        let exp = get_current_timestamp() + self.seconds;
        let sub = user.to_owned();
        jsonwebtoken::encode(&Header::default(), &Claims { sub, exp }, &self.encoding)
            .expect("a secret signs whatever it is given")
    }

    fn read(&self, token: &str) -> Result<Claims, Error> {
        let read = jsonwebtoken::decode(token, &self.decoding, &self.validation);
        read.map(|token| token.claims)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => Error::new("expired", "the token has expired"),
                _ => Error::new("unauthorized", "the token is not valid").with_cause(error),
            })
    }
}

/// The claims that hold for a socket now; kept with it.
type Session = watch::Sender<Claims>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let random = |_| rand::random::<[u8; 32]>().to_vec();
    let secret = std::env::var("JWT_SECRET").map_or_else(random, String::into_bytes);
    let seconds = std::env::var("TOKEN_SECONDS").map_or(Ok(900), |seconds| seconds.parse())?;
    let tokens = Arc::new(Tokens::new(&secret, seconds));
    let io = Io::builder().state(tokens.clone()).build();
    io.of("/")
        .middleware(authenticate)
        .on_connect(watch_expiry)
        .on("refresh", refresh)
        .on("tell", tell);

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let login = async move |Form(login): Form<Login>| {
        let is_known = USERS.contains(&(&login.name, &login.password));
        let token = is_known.then(|| tokens.issue(&login.name));
        token.ok_or(StatusCode::UNAUTHORIZED)
    };
    let app = Router::new()
        .route("/token", post(login))
        .layer(Service::new(io).layer());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

/// Lets in who has a token. Rooms joined here are entered when the client is let in.
async fn authenticate(
    socket: Socket,
    Auth(credentials): Auth<Credentials>,
    State(tokens): State<Arc<Tokens>>,
) -> Result<(), Error> {
    let claims = tokens.read(&credentials.token)?;
    socket.join(format!("user:{}", claims.sub));
    socket.set(Session::new(claims));
    Ok(())
}

/// Disconnects the socket when its token expires, unless another one comes before.
async fn watch_expiry(socket: Socket) {
    let Some(session) = socket.get::<Session>() else {
        return;
    };
    let mut claims = session.subscribe();
    // In a task of its own: a client's handlers in flight are limited.
    tokio::spawn(async move {
        loop {
            let left = claims
                .borrow_and_update()
                .exp
                .saturating_sub(get_current_timestamp());
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(left)) => break,
                changed = claims.changed() => if changed.is_err() { return },
                () = socket.left() => return,
            }
        }
        // To a socket that has just left nothing is sent.
        let _ = socket.emit("expired", ());
        socket.disconnect_all();
    });
}

/// Takes another token of the same user, and says until when it holds.
async fn refresh(
    socket: Socket,
    (token,): (String,),
    State(tokens): State<Arc<Tokens>>,
) -> Result<u64, Error> {
    let claims = tokens.read(&token)?;
    let until = claims.exp;
    let session = socket.get::<Session>();
    let own = session.filter(|session| session.borrow().sub == claims.sub);
    let own = own.ok_or_else(|| Error::new("unauthorized", "the token is somebody else's"))?;
    own.send_replace(claims);
    Ok(until)
}

/// Reaches all sockets of a user, the sender's own included.
async fn tell(socket: Socket, (user, text): (String, String)) -> Result<usize, Error> {
    let Some(session) = socket.get::<Session>() else {
        return Ok(0);
    };
    let from = session.borrow().sub.clone();
    Ok(socket
        .io()
        .to(format!("user:{user}"))
        .emit("told", (from, text))?)
}
