//! The shape of the code base: who may import whom, how long a file may be, what a file begins with.
//!
//! [`MAY_IMPORT`] is the architecture; changing it is a design decision. The check reads tokens, not
//! lines, so comments and strings do not count, paths inside macros do, and `super::super::x` and names
//! that the crate root re-exports count as imports of the module they come from.

#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/sources.rs"]
mod sources;

use imports::{Root, imports_of};
use sources::{Source, sources};

/// Each room and the rooms it may import, in the order in which to read the code.
///
/// `engine` and `socketio` meet only in `connection`; nothing pure imports anything of the shell;
/// nothing imports `config` but `main`. `clock` is the shell's leaf, the one place that reads the
/// time. `api` knows `engine` and `connection` for their configuration, which its builder composes,
/// and because Engine.IO alone is an API as well; it never names `server`. `assistant` is an
/// application: beside `api` it names the values that `api` speaks in (`socketio`'s arguments,
/// `wire`'s ids and moments). The last six are the program; its `config` composes the configuration
/// of every layer, and so names them all.
const MAY_IMPORT: &str = "
wire       ->
engine     -> wire
socketio   -> wire
dialect    -> wire, socketio
connection -> wire, engine, socketio, dialect
rooms      -> wire
recovery   -> wire, socketio, rooms
ai         -> wire
websocket  -> wire
clock      -> wire
registry   -> wire, socketio, rooms
adapter    -> wire, socketio, rooms
api        -> wire, engine, socketio, connection, rooms, recovery, clock, registry, adapter
server     -> wire, websocket, engine, socketio, connection, recovery, clock, registry, api
assistant  -> wire, socketio, ai, clock, api
journal    -> socketio, api
signals    ->
site       -> server
config     -> wire, engine, socketio, connection, recovery, ai, api, server, assistant
shutdown   -> server, assistant, signals, site
main       -> api, server, assistant, config, journal, signals, site, shutdown
";

/// The root of the library: it declares the modules and re-exports from them, and is not a room.
const ROOT: &str = "lib";

/// Names of files that say nothing about what is in them.
const VAGUE: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "types", "manager", "misc",
];

/// Lines a file may have, tests included.
const LONGEST_FILE: usize = 600;

/// Macros that stand for work which was not done.
const UNFINISHED: &[&str] = &["todo", "unimplemented"];

/// [`MAY_IMPORT`], read.
fn table() -> Vec<(&'static str, Vec<&'static str>)> {
    MAY_IMPORT
        .lines()
        .filter_map(|line| line.split_once("->"))
        .map(|(room, rooms)| {
            let rooms = rooms
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty());
            (room.trim(), rooms.collect())
        })
        .collect()
}

/// What is wrong with the imports of one file; one line each.
fn import_faults(source: &Source, root: &Root) -> Vec<String> {
    let room = source.room();
    if room == ROOT {
        return Vec::new();
    }
    let Some((_, allowed)) = table().into_iter().find(|(name, _)| *name == room) else {
        return vec![format!(
            "{}: `{room}` is not in the table of rooms",
            source.path
        )];
    };
    imports_of(source, root)
        .into_iter()
        .filter(|import| import.room != room && !allowed.contains(&import.room.as_str()))
        .map(|import| {
            format!(
                "{}:{}: `{room}` may not import `{}`",
                source.path, import.line, import.room
            )
        })
        .collect()
}

/// What is wrong with a file apart from its imports; one line each.
fn form_faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    if source.lines() > LONGEST_FILE {
        faults.push(format!(
            "{}: {} lines, at most {LONGEST_FILE}",
            source.path,
            source.lines()
        ));
    }
    if !source.text.starts_with("//!") {
        faults.push(format!("{}: does not begin with `//!`", source.path));
    }
    for name in source.names() {
        if VAGUE.contains(&name) {
            faults.push(format!("{}: `{name}` says nothing", source.path));
        }
    }
    if source.path == "src/error.rs" {
        faults.push("src/error.rs: each layer has its own errors".to_owned());
    }
    for (name, line) in source.macros() {
        if UNFINISHED.contains(&name.as_str()) {
            faults.push(format!("{}:{line}: `{name}!`", source.path));
        }
    }
    faults
}

#[test]
fn imports_follow_the_table() {
    let sources = sources(&["src"]);
    let root = Root::of(&sources);
    let faults: Vec<String> = sources
        .iter()
        .flat_map(|source| import_faults(source, &root))
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_table_is_one_way() {
    let mut above = Vec::new();
    for (room, allowed) in table() {
        for name in allowed {
            assert!(
                above.contains(&name),
                "`{room}` imports `{name}`, which does not come before it"
            );
        }
        above.push(room);
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let sources = sources(&[
        "src",
        "trunkline-macros",
        "tests",
        "examples",
        "benches",
        "fuzz",
    ]);
    let faults: Vec<String> = sources.iter().flat_map(form_faults).collect();
    let longest = sources
        .iter()
        .max_by_key(|source| source.lines())
        .expect("there are files");
    println!("longest file: {} ({} lines)", longest.path, longest.lines());
    let (lines, name, path) = sources
        .iter()
        .flat_map(|source| {
            source
                .functions()
                .into_iter()
                .map(|(lines, name)| (lines, name, &source.path))
        })
        .max()
        .expect("there are functions");
    println!("longest function: {name} in {path} ({lines} lines)");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// A library root for samples: `Io` and `Client` come from `api`, any other name may come from `server`.
fn sample_root() -> Root {
    let lib = Source::sample(
        "src/lib.rs",
        "pub use api::{Io, Socket as Client};\npub use server::*;",
    );
    Root::of(std::slice::from_ref(&lib))
}

#[test]
fn a_forbidden_import_is_found_by_whatever_path() {
    let root = sample_root();
    let forbidden = [
        (
            "src/engine/session.rs",
            "use crate::socketio::Packet;",
            "socketio",
        ),
        ("src/engine.rs", "fn f() { crate::server::run() }", "server"),
        (
            "src/engine/session.rs",
            "use super::super::socketio;",
            "socketio",
        ),
        (
            "src/engine/session/tests.rs",
            "use super::super::super::socketio;",
            "socketio",
        ),
        ("src/engine.rs", "use super::api::Io;", "api"),
        (
            "src/engine.rs",
            "use {std::fmt, crate::{wire::Frame, rooms::{self, Rooms}}};",
            "rooms",
        ),
        (
            "src/engine.rs",
            "mod tests { use super::super::socketio::Packet; }",
            "socketio",
        ),
        ("src/engine.rs", "type T = crate::Io;", "api"),
        ("src/engine.rs", "use crate::Client as C;", "api"),
        ("src/rooms.rs", "use crate::SomethingOfTheGlob;", "server"),
        ("src/wire.rs", "m!(a, [crate::engine::Packet]);", "engine"),
        ("src/wire.rs", "pub(in crate::engine) struct S;", "engine"),
        ("src/api/socket.rs", "use crate::server::Server;", "server"),
        ("src/server/http.rs", "use crate::ai::Question;", "ai"),
        ("src/rooms.rs", "use crate::*;", "*"),
        ("src/main.rs", "use trunkline::engine::Session;", "engine"),
        ("src/somewhere.rs", "", "not in the table"),
    ];
    for (path, text, expected) in forbidden {
        let faults = import_faults(&Source::sample(path, text), &root);
        assert_eq!(faults.len(), 1, "{path}: {text}: {faults:?}");
        assert!(faults[0].contains(expected), "{faults:?}");
    }
}

#[test]
fn an_allowed_import_is_left_alone() {
    let root = sample_root();
    let allowed = [
        (
            "src/engine/session.rs",
            "use crate::wire::Frame; use super::packet::Packet;",
        ),
        (
            "src/engine.rs",
            "//! Not `crate::socketio`.\n/// [x](crate::socketio)\nconst S: &str = \"crate::socketio\";",
        ),
        (
            "src/engine/session.rs",
            "mod tests { use super::*; use super::super::packet; }",
        ),
        (
            "src/engine.rs",
            "pub(crate) fn f() {} use std::io; use other_crate::socketio;",
        ),
        ("src/lib.rs", "pub use server::Server; use crate::ai;"),
        (
            "src/main.rs",
            "mod config; use config::Config; use trunkline::Io; use crate::config::X;",
        ),
    ];
    for (path, text) in allowed {
        let faults = import_faults(&Source::sample(path, text), &root);
        assert!(faults.is_empty(), "{path}: {faults:?}");
    }
}

#[test]
fn a_misshapen_file_is_found() {
    let long = format!("//! Long.\n{}", "\n".repeat(LONGEST_FILE));
    let misshapen = [
        ("src/engine.rs", long.as_str(), "lines"),
        ("src/engine.rs", "use std::fmt;", "begin"),
        ("src/engine/utils.rs", "//! Things.", "says nothing"),
        ("src/common/packet.rs", "//! Things.", "says nothing"),
        ("src/error.rs", "//! All errors.", "its own errors"),
        ("src/engine.rs", "//! x\nfn f() { todo!() }", "todo!"),
    ];
    for (path, text, expected) in misshapen {
        let faults = form_faults(&Source::sample(path, text));
        assert_eq!(faults.len(), 1, "{path}: {faults:?}");
        assert!(faults[0].contains(expected), "{faults:?}");
    }
}
