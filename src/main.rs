//! The server program: Socket.IO, the JSON dialect, the assistant and a page, on one port.

mod config;
mod journal;
mod signals;
mod site;

use std::io::Write;
use std::process::ExitCode;

use trunkline::assistant::{Assistant, Offline};
use trunkline::{Io, Server, Service};

use config::{CLOSING, Config, Invocation};
use signals::Signals;
use site::Site;

#[tokio::main]
async fn main() -> ExitCode {
    let (config, log) = match Config::read(std::env::args_os(), |key| std::env::var_os(key)) {
        Ok(Invocation::Serve { config, log }) => (config, log),
        Ok(Invocation::Print(text)) => {
            say(&text);
            return ExitCode::SUCCESS;
        }
        Err(wrong) => return fail(&wrong.to_string(), 2),
    };
    journal::open(*log);
    match serve(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => fail(&problem, 1),
    }
}

/// Serves until a signal comes and everybody has been told.
async fn serve(config: &Config) -> Result<(), String> {
    let mut signals =
        Signals::listen().map_err(|error| format!("cannot await signals: {error}"))?;
    let bound = Server::bind((config.host.as_str(), config.port)).await;
    let server = bound.map_err(|error| config.explain(&error))?;
    let address = server.local_addr().map_err(|error| error.to_string())?;
    let access = config.access(address.ip());
    let assistant = Assistant::new(config.assistant(), Offline::new(config.offline()));
    let io = Io::builder().build();
    journal::attach(&io.of("/"));
    assistant.attach(&io.of("/"));
    let service = Service::with_config(io, config.server(access.clone()));
    say(&config.greeting(address));

    let clients = service.clone();
    let shutdown = async move {
        let signal = signals.next().await;
        tracing::info!("{signal}: no newcomers from now on; open questions are finished first");
        signals.exit_at_the_next();
        clients.drain();
        assistant.drain(config.grace).await;
        clients.close(CLOSING).await;
        tracing::info!("all connections are closed");
    };
    let site = Site::new(access);
    server
        .with_limits(config.limits())
        .run(service.with_application(site), shutdown)
        .await;
    Ok(())
}

fn say(text: &str) {
    // Whoever started the program may have closed its output; it serves all the same.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn fail(problem: &str, code: u8) -> ExitCode {
    eprintln!("trunkline: {problem}");
    ExitCode::from(code)
}
