//! The table of the reference's API: every name that it gives for ours exists, and its count is right.

#[path = "tidy/sources.rs"]
#[expect(dead_code, reason = "the checks of tidy use the rest")]
mod sources;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use sources::{Source, sources, visit};

/// What can be named of each type: methods, fields, variants. By the room the type is in, and its name.
#[derive(Default)]
struct Names {
    members: HashMap<(String, String), HashSet<String>>,
    /// What macros give to the types that they are called for.
    given: HashMap<String, HashSet<String>>,
}

impl Names {
    fn of(sources: &[Source]) -> Names {
        let mut names = Names::default();
        for source in sources {
            let room = source.room();
            visit(source.tokens(), &mut |tokens| names.declare(&room, tokens));
        }
        for source in sources {
            let room = source.room();
            visit(source.tokens(), &mut |tokens| names.give(&room, tokens));
        }
        names
    }

    /// Notes what one level of tokens declares.
    fn declare(&mut self, room: &str, tokens: &[TokenTree]) {
        for (at, token) in tokens.iter().enumerate() {
            let (TokenTree::Ident(keyword), rest) = (token, &tokens[at + 1..]) else {
                continue;
            };
            let Some(body) = braces(rest) else {
                if let ("struct", Some(name)) = (keyword.to_string().as_str(), first_name(rest)) {
                    self.members.entry((room.to_owned(), name)).or_default();
                }
                continue;
            };
            let members = match keyword.to_string().as_str() {
                "impl" => functions(body, true),
                "trait" => functions(body, false),
                "struct" => fields(body),
                "enum" => variants(body),
                "macro_rules" => {
                    if let Some(name) = first_name(&rest[1..]) {
                        let given = self.given.entry(name).or_default();
                        visit(body.stream(), &mut |tokens| {
                            given.extend(functions_in(tokens, true));
                        });
                    }
                    continue;
                }
                _ => continue,
            };
            for name in owners(keyword == "impl", rest) {
                let key = (room.to_owned(), name);
                self.members
                    .entry(key)
                    .or_default()
                    .extend(members.iter().cloned());
            }
        }
    }

    /// Notes for which types macros are called.
    fn give(&mut self, room: &str, tokens: &[TokenTree]) {
        for call in tokens.windows(3) {
            let [
                TokenTree::Ident(name),
                TokenTree::Punct(mark),
                TokenTree::Group(group),
            ] = call
            else {
                continue;
            };
            let Some(given) = self.given.get(&name.to_string()) else {
                continue;
            };
            if mark.as_char() != '!' {
                continue;
            }
            let called: Vec<String> = identifiers(group.stream());
            for name in &called {
                // Names of methods may be arguments as well.
                let key = (room.to_owned(), name.clone());
                if let Some(members) = self.members.get_mut(&key) {
                    members.extend(given.iter().chain(&called).cloned());
                }
            }
        }
    }

    /// Whether `Type`, `Type::member` or `room::Type::member` exists.
    fn has(&self, path: &str) -> bool {
        let mut parts: Vec<&str> = path.split("::").collect();
        let is_type = |name: &str| name.starts_with(|first: char| first.is_ascii_uppercase());
        let Some(place) = parts.iter().position(|part| is_type(part)) else {
            return false;
        };
        let named = parts.split_off(place);
        let room = parts.first().copied();
        self.members.iter().any(|((of, name), members)| {
            room.is_none_or(|room| room == of)
                && name == real(named[0])
                && named.get(1).is_none_or(|member| members.contains(*member))
        })
    }
}

/// The name under which the root exports a type is not always its own.
fn real(name: &str) -> &str {
    match name {
        "EmitError" => "EncodeError",
        name => name,
    }
}

/// The body that belongs to a declaration: the first braces before its end.
fn braces(tokens: &[TokenTree]) -> Option<&Group> {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return Some(group),
            TokenTree::Punct(mark) if mark.as_char() == ';' => return None,
            _ => {}
        }
    }
    None
}

fn first_name(tokens: &[TokenTree]) -> Option<String> {
    tokens.iter().find_map(|token| match token {
        TokenTree::Ident(name) => Some(name.to_string()),
        _ => None,
    })
}

fn identifiers(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    visit(tokens, &mut |tokens| {
        found.extend(tokens.iter().filter_map(|token| match token {
            TokenTree::Ident(name) => Some(name.to_string()),
            _ => None,
        }));
    });
    found
}

/// Whose a declaration is: the name behind the keyword; of an `impl` that of a trait does not count.
fn owners(is_impl: bool, tokens: &[TokenTree]) -> Vec<String> {
    let head = tokens.iter().take_while(
        |token| !matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace),
    );
    let names: Vec<String> = head
        .filter_map(|token| match token {
            TokenTree::Ident(name) => Some(name.to_string()),
            _ => None,
        })
        .collect();
    match is_impl {
        // Every type in the head: parameters among them are nobody's names in the table.
        true if !names.iter().any(|name| name == "for") => names,
        true => Vec::new(),
        false => names.into_iter().take(1).collect(),
    }
}

fn functions(body: &Group, public: bool) -> HashSet<String> {
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    functions_in(&tokens, public)
}

/// The functions of one level; with `public` only those that everybody may call.
fn functions_in(tokens: &[TokenTree], public: bool) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut is_public = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "pub" => {
                // `pub(crate)` is not for everybody.
                is_public = matches!(tokens.get(at + 1), Some(TokenTree::Ident(_)));
            }
            TokenTree::Ident(word) if word == "fn" => {
                if is_public || !public {
                    found.extend(first_name(&tokens[at + 1..at + 2]));
                }
                is_public = false;
            }
            _ => {}
        }
    }
    found
}

fn fields(body: &Group) -> HashSet<String> {
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    let public = tokens.windows(2).filter_map(|pair| match pair {
        [TokenTree::Ident(word), TokenTree::Ident(name)] if word == "pub" => Some(name.to_string()),
        _ => None,
    });
    public.collect()
}

fn variants(body: &Group) -> HashSet<String> {
    let tokens = body.stream().into_iter();
    let names = tokens.filter_map(|token| match token {
        TokenTree::Ident(name) => Some(name.to_string()),
        _ => None,
    });
    names.collect()
}

/// The rows of a document's tables: reference, ours, note.
fn rows(document: &str) -> Vec<[&str; 3]> {
    let lines = document.lines().filter(|line| line.starts_with("| "));
    lines
        .filter(|line| !line.starts_with("| Reference"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            match cells[..] {
                [reference, ours] => [reference, ours.trim_end_matches(" |"), ""],
                [reference, ours, note] => [reference, ours, note],
                _ => panic!("a row has three cells: {line}"),
            }
        })
        .collect()
}

/// What stands in backticks and looks like one of our types.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split('`').skip(1).step_by(2);
    let trimmed = code.map(|code| code.split('(').next().unwrap_or_default());
    trimmed.filter(|code| {
        code.contains("::") || code.starts_with(|first: char| first.is_ascii_uppercase())
    })
}

/// What is wrong with the document; one line each.
fn faults(document: &str, names: &Names) -> Vec<String> {
    let rows = rows(document);
    let mut faults = Vec::new();
    let mut left = 0;
    for [reference, ours, note] in &rows {
        let is_left = ours.starts_with("left: ");
        left += usize::from(is_left);
        if !is_left && paths(ours).next().is_none() {
            faults.push(format!("{reference}: neither a name nor «left»"));
        }
        // What is left may name what the reference has.
        let notes = [Some(*note), (!is_left).then_some(*ours)];
        for path in notes.into_iter().flatten().flat_map(paths) {
            if !names.has(path) {
                faults.push(format!("{reference}: there is no `{path}`"));
            }
        }
    }
    let count = format!("Done: {} rows. Left: {left} rows.", rows.len() - left);
    if !document.contains(&count) {
        faults.push(format!("it should say: {count}"));
    }
    faults
}

#[test]
fn every_name_in_the_table_exists() {
    let names = Names::of(&sources(&["src"]));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/parity.md");
    let document = fs::read_to_string(path).expect("the table can be read");
    let faults = faults(&document, &names);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn what_does_not_exist_is_found() {
    let text = "//! x\n\
        macro_rules! given { ($t:ident) => { impl $t { pub fn by_macro(&self) {} } } }\n\
        given!(Io);\n\
        pub struct Io { pub field: u8, hidden: u8 }\n\
        impl Io { pub fn to(&self) {} pub(crate) fn secret(&self) {} fn own(&self) {} }\n\
        impl Clone for Io { fn clone(&self) -> Io { todo() } }\n\
        pub trait Adapter { fn start(&self); }\n\
        pub enum Kind { One, Two { part: u8 } }\n\
        pub struct Plain<T>(pub T);";
    let names = Names::of(&[Source::sample("src/api.rs", text)]);
    for path in [
        "Io",
        "Io::to",
        "Io::field",
        "Io::by_macro",
        "api::Io::to",
        "Adapter::start",
        "Kind::Two",
        "Plain",
    ] {
        assert!(names.has(path), "{path}");
    }
    for path in [
        "Oi",
        "Io::secret",
        "Io::own",
        "Io::hidden",
        "server::Io::to",
        "Io::start",
        "Kind::Three",
        "Io::clone",
    ] {
        assert!(!names.has(path), "{path}");
    }
    let head = "| Reference | Trunkline | Note |\n|---|---|---|\n";
    let count = "\n\nDone: 1 rows. Left: 1 rows.";
    let good = format!("{head}| `to` | `Io::to` | |\n| `x` | left: `Y` | with a reason |{count}");
    assert_eq!(faults(&good, &names), Vec::<String>::new());
    let wrong = [
        good.replace("`Io::to`", "`Io::too`"),
        good.replace("`Io::to`", "somehow"),
        good.replace("with a", "`Io::nowhere`"),
        good.replace("Left: 1", "Left: 2"),
    ];
    for document in wrong {
        assert_eq!(faults(&document, &names).len(), 1, "{document}");
    }
}
