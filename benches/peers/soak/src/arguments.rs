//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::circle::MEMBERS;

const USAGE: &str = "soak [--seconds 600] [--clients 3000] [--server PATH] [--threads 1] \
                     [--seed 1] [--json FILE]";

/// What is asked for.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Arguments {
    /// How long the clients live; the end takes up to two minutes more.
    pub(crate) duration: Duration,
    /// How many rooms there are.
    pub(crate) rooms: usize,
    /// The server's program; by default Trunkline's, beside this one.
    pub(crate) server: PathBuf,
    /// The server's threads.
    pub(crate) threads: usize,
    /// Where the plan of the run comes from.
    pub(crate) seed: u64,
    /// Where the results are written as JSON.
    pub(crate) json: Option<PathBuf>,
}

impl Arguments {
    /// Reads the command line.
    ///
    /// # Errors
    /// A sentence for the user.
    pub(crate) fn read(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let program = PathBuf::from(given.next().unwrap_or_default());
        let mut arguments = Arguments {
            duration: Duration::from_secs(600),
            rooms: 3_000 / MEMBERS,
            server: program.with_file_name("trunkline-server"),
            threads: 1,
            seed: 1,
            json: None,
        };
        while let Some(name) = given.next() {
            let value = given.next().ok_or_else(|| format!("{name}: {USAGE}"))?;
            let wrong = |_| format!("{name} {value}: not a number");
            match name.as_str() {
                "--seconds" => {
                    arguments.duration = Duration::from_secs(value.parse().map_err(wrong)?);
                }
                "--clients" => {
                    arguments.rooms = value.parse::<usize>().map_err(wrong)?.div_ceil(MEMBERS);
                }
                "--server" => arguments.server = value.into(),
                "--threads" => arguments.threads = value.parse().map_err(wrong)?,
                "--seed" => arguments.seed = value.parse().map_err(wrong)?,
                "--json" => arguments.json = Some(value.into()),
                _ => return Err(format!("{name}: {USAGE}")),
            }
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Arguments, String> {
        Arguments::read(text.split(' ').map(str::to_owned))
    }

    #[test]
    fn the_server_beside_the_program_is_the_default() {
        let arguments = read("target/soak --clients 1001 --seconds 7").unwrap();
        assert_eq!(arguments.server, PathBuf::from("target/trunkline-server"));
        assert_eq!(arguments.rooms, 51);
        assert_eq!(arguments.duration, Duration::from_secs(7));
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for text in ["soak --seconds", "soak --seconds x", "soak --client 1"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
