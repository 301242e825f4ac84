//! Counts the instructions of single steps, and compares them with those on file.
//!
//! ```text
//! counts --run CASE TIMES       does one thing so often: what is measured
//! counts --compare FILE         measures, and fails where a count has grown or a law is broken
//! counts --update FILE          measures, and writes the file
//! ```
//! Without arguments everything is done once, to see that it can be. `make counts` is the way in.

mod cases;
mod file;
mod samples;
mod steps;
mod valgrind;
mod verdict;

use std::process::ExitCode;

use cases::CASES;

fn main() -> ExitCode {
    // The last one is cargo's own.
    let arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let arguments: Vec<String> = arguments.collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["--run", name, times] => run(name, times),
        ["--compare", path] => verdict::compare(path),
        ["--update", path] => verdict::update(path),
        // What `cargo test` and `cargo bench` call it with.
        _ => {
            CASES.iter().for_each(|case| (case.run)(1));
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, times: &str) -> Result<(), String> {
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.ok_or_else(|| format!("{name}: there is no such case"))?;
    let times = times.parse().ok().filter(|times| *times <= samples::MOST);
    (case.run)(times.ok_or("too many steps")?);
    Ok(())
}
