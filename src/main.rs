//! The server program: Socket.IO, the JSON dialect, the assistant and a page, on one port.

mod config;
mod journal;
mod shutdown;
mod signals;
mod site;

use std::process::ExitCode;

use trunkline::{Io, Service};

use config::{Config, Invocation};
use shutdown::Farewell;
use signals::Signals;
use site::{Page, Site, Status};

/// Gives memory back some ten seconds after it was last used, by a thread of its own.
#[cfg(all(feature = "jemalloc", not(target_env = "msvc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match shutdown::run(program()) {
        Ok(code) => code,
        Err(error) => fail(&format!("cannot start: {error}"), 1),
    }
}

async fn program() -> ExitCode {
    let (config, log) = match Config::read(std::env::args_os(), std::env::vars_os()) {
        Ok(Invocation::Serve { config, log }) => (config, log),
        Ok(Invocation::Print { text, warnings }) => {
            warnings.iter().for_each(|line| journal::complain(line));
            journal::say(&text);
            return ExitCode::SUCCESS;
        }
        Err(wrong) => return fail(&wrong.to_string(), 2),
    };
    journal::open(log.filter, log.json, &config.warnings);
    match serve(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) if log.json => {
            tracing::error!("{problem}");
            ExitCode::FAILURE
        }
        Err(problem) => fail(&problem, 1),
    }
}

/// Serves until a signal comes and everybody has been told.
async fn serve(config: &Config) -> Result<(), String> {
    let signals = Signals::listen().map_err(|error| format!("cannot await signals: {error}"))?;
    let assistant = config.assistant();
    let server = config.listen.bind().await?;
    let addresses = server.local_addrs().map_err(|error| error.to_string())?;
    let access = config.http.access(&addresses);
    let io = Io::builder().config(config.clients.clone()).build();
    journal::attach(&io.of("/"));
    assistant.attach(&io.of("/"));
    let service = Service::with_config(io, config.http.server(access.clone()));
    let (provider, model) = (config.provider.name(), config.provider.model());
    journal::say(&config.greeting(&addresses));
    journal::listening(&addresses, provider, model);
    let status = Status::new(provider, model);
    let farewell = Farewell {
        clients: service.clone(),
        assistant,
        status: status.clone(),
        grace: config.grace,
        closing: config.http.limits().drain_timeout,
    };
    let page = Page::new(&config.http.path(), config.http.plain_json());
    let service = service.with_application(Site::new(access, status, page));
    let server = server.with_limits(config.http.limits());
    server.run(service, farewell.when_told(signals)).await;
    tracing::info!("stopped");
    Ok(())
}

fn fail(problem: &str, code: u8) -> ExitCode {
    journal::complain(problem);
    ExitCode::from(code)
}
