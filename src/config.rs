//! The program's configuration: flags first, then the environment, then a file, then defaults.
//!
//! Every setting stands once in the table of [`table`]; the readers of the sources
//! ([`flags`], [`environment`], [`file`]) bring what was given to [`values`], where it becomes
//! values, or one line that names the place, the value and what was expected. From these the
//! configurations of the layers are composed ([`client`], [`http`], [`assistant`], [`provider`],
//! [`listen`], [`log`]), here and nowhere else.

mod assistant;
mod check;
mod client;
mod environment;
mod file;
mod flags;
mod greeting;
mod http;
mod kind;
mod listen;
mod log;
mod near;
mod provider;
mod reference;
mod table;
mod values;
mod wrong;

use std::ffi::OsString;
use std::time::Duration;

use trunkline::ai::offline;

use environment::Environment;
use flags::{Asked, Flags};
use http::Http;
use listen::Listen;
use table::FILE_VARIABLE;
use values::{Sources, Values};

pub(crate) use log::Log;
pub(crate) use provider::Provider;
pub(crate) use wrong::Wrong;

/// What the program was called for.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// To serve.
    Serve {
        /// How.
        config: Box<Config>,
        /// What to log.
        log: Box<Log>,
    },
    /// To print this and end.
    Print {
        text: String,
        /// What the operator should know.
        warnings: Vec<String>,
    },
}

/// How to serve.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: Listen,
    /// How long open questions may take once the program is told to stop.
    pub(crate) grace: Duration,
    /// Each client.
    pub(crate) clients: trunkline::Config,
    /// The HTTP side.
    pub(crate) http: Http,
    rules: trunkline::assistant::Config,
    pub(crate) provider: Provider,
    /// The provider as the greeting describes it.
    provider_line: String,
    /// The configuration file, if one was read.
    file: Option<String>,
    /// What the operator should know.
    pub(crate) warnings: Vec<String>,
}

impl Config {
    /// Reads flags, the program's name first, environment variables, and the file they name.
    pub(crate) fn read(
        arguments: impl IntoIterator<Item = OsString>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Invocation, Wrong> {
        let mut from_flags = Sources::default();
        let flags = match flags::read(arguments, &mut from_flags)? {
            Asked::Flags(flags) => flags,
            Asked::Print(text) => {
                let warnings = Vec::new();
                return Ok(Invocation::Print { text, warnings });
            }
        };
        let environment = Environment::new(variables);
        let mut sources = Sources::default();
        let file = match flags.file.clone() {
            None => environment.get(FILE_VARIABLE)?,
            given => given,
        };
        if let Some(path) = &file {
            file::gather(path, &file::read(path)?, &mut sources)?;
        }
        environment.gather(&mut sources)?;
        sources.overrule(from_flags);
        compose(&sources.read()?, &environment, flags, file)
    }
}

/// Composes everything, and says what it was if that was all that was asked.
fn compose(
    values: &Values,
    environment: &Environment,
    flags: Flags,
    file: Option<String>,
) -> Result<Invocation, Wrong> {
    let offline = offline::Config {
        pause: values.duration("offline.pause"),
        test_hooks: flags.test_hooks,
    };
    let chosen = provider::choose(values, environment, offline)?;
    let log = Log::compose(values)?;
    let mut warnings = environment.warnings();
    warnings.extend(chosen.warnings.iter().cloned());
    let config = Config {
        listen: Listen::compose(values)?,
        grace: values.duration("grace"),
        clients: client::compose(values)?,
        http: Http::compose(values)?,
        rules: assistant::compose(values, offline)?,
        provider_line: chosen.describe(values),
        provider: chosen.provider.clone(),
        file: file.clone(),
        warnings: warnings.clone(),
    };
    if flags.check {
        let text = check::text(values, file.as_deref(), &chosen);
        return Ok(Invocation::Print { text, warnings });
    }
    Ok(Invocation::Serve {
        config: Box::new(config),
        log: Box::new(log),
    })
}

#[cfg(test)]
mod tests;
