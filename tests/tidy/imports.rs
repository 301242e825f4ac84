//! Which rooms a file names, by whatever path.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::sources::Source;

/// The package's name as the program sees the library.
const PACKAGE: &str = "trunkline";

/// A room that a file names.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) room: String,
    pub(crate) line: usize,
}

/// What the library's root makes out of a name.
pub(crate) struct Root {
    /// A re-exported name and the room it comes from.
    names: BTreeMap<String, String>,
    /// The rooms that are re-exported as a whole: any other name may come from each of them.
    globs: BTreeSet<String>,
    /// The rooms themselves.
    rooms: BTreeSet<String>,
}

impl Root {
    /// Reads the root among these files.
    pub(crate) fn of(sources: &[Source]) -> Root {
        let mut root = Root {
            names: BTreeMap::new(),
            globs: BTreeSet::new(),
            rooms: BTreeSet::new(),
        };
        root.rooms
            .extend(crate::table().into_iter().map(|(room, _)| room.to_owned()));
        root.rooms.extend(sources.iter().map(Source::room));
        let Some(lib) = sources.iter().find(|source| source.path == "src/lib.rs") else {
            return root;
        };
        let tokens: Vec<TokenTree> = lib.tokens().into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            if is_word(token, "use") {
                let mut leaves = Vec::new();
                tree(&tokens[at + 1..], &mut Vec::new(), &mut leaves);
                for leaf in leaves {
                    root.add(&leaf);
                }
            }
        }
        root
    }

    fn add(&mut self, leaf: &Leaf) {
        let mut path = leaf
            .path
            .iter()
            .map(String::as_str)
            .skip_while(|name| is_start(name));
        let Some(room) = path.next() else { return };
        let last = path.last().unwrap_or(room);
        if last == "*" {
            self.globs.insert(room.to_owned());
        } else {
            let name = leaf.alias.as_deref().unwrap_or(last);
            self.names.insert(name.to_owned(), room.to_owned());
        }
    }

    /// The rooms behind a name at the root. A glob of the root itself is reported as `*`.
    fn rooms(&self, name: &str) -> Vec<String> {
        if self.rooms.contains(name) || name == "*" {
            vec![name.to_owned()]
        } else if let Some(room) = self.names.get(name) {
            vec![room.clone()]
        } else {
            self.globs.iter().cloned().collect()
        }
    }
}

/// The rooms that a file names, each once.
pub(crate) fn imports_of(source: &Source, root: &Root) -> Vec<Import> {
    let mut finder = Finder {
        root,
        in_program: source.room() == "main" || source.room() == "config",
        found: BTreeMap::new(),
    };
    finder.walk(source.tokens(), &source.module());
    finder
        .found
        .into_iter()
        .map(|(room, line)| Import { room, line })
        .collect()
}

struct Finder<'a> {
    root: &'a Root,
    in_program: bool,
    found: BTreeMap<String, usize>,
}

impl Finder<'_> {
    /// Looks through the tokens of a module; `module` is its path.
    fn walk(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut inner = module.to_vec();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => {
                    // `mod name { … }`: one level down.
                    let named = at.checked_sub(2).filter(|start| {
                        is_word(&tokens[*start], "mod") && group.delimiter() == Delimiter::Brace
                    });
                    inner.truncate(module.len());
                    if named.is_some() {
                        inner.push(tokens[at - 1].to_string());
                    }
                    self.walk(group.stream(), &inner);
                }
                TokenTree::Ident(word) if is_start(&word.to_string()) => {
                    // The middle of a path (`super` in `super::super`) was seen with its start.
                    let middle = at > 0 && is_mark(&tokens[at - 1], ':');
                    if !middle {
                        let mut leaves = Vec::new();
                        tree(&tokens[at..], &mut Vec::new(), &mut leaves);
                        for leaf in leaves {
                            self.note(&leaf.path, module, word.span().start().line);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn note(&mut self, path: &[String], module: &[String], line: usize) {
        let mut at = module.to_vec();
        let mut rest = path.iter().map(String::as_str).peekable();
        match rest.peek().copied() {
            Some("crate") => at.clear(),
            Some(PACKAGE) if self.in_program => at.clear(),
            Some("self" | "super") => {}
            _ => return,
        }
        while let Some(word) = rest.next_if(|word| is_start(word)) {
            if word == "super" {
                at.pop();
            }
        }
        let name = match at.first() {
            Some(room) => room.as_str(),
            None => match rest.next() {
                Some(name) => name,
                None => return,
            },
        };
        for room in self.root.rooms(name) {
            self.found.entry(room).or_insert(line);
        }
    }
}

/// One path of a tree of paths: `a::{b as c, d}` has the leaves `a::b` (alias `c`) and `a::d`.
struct Leaf {
    path: Vec<String>,
    alias: Option<String>,
}

/// Reads the tree of paths at the start of `tokens`.
fn tree(tokens: &[TokenTree], path: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    let depth = path.len();
    let mut at = 0;
    let mut alias = None;
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => path.push(word.to_string()),
            Some(TokenTree::Punct(mark)) if mark.as_char() == '*' => path.push("*".to_owned()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && at > 0 => {
                branches(group.stream(), path, leaves);
                path.truncate(depth);
                return;
            }
            _ => break,
        }
        at += 1;
        if let (Some(first), Some(second)) = (tokens.get(at), tokens.get(at + 1))
            && is_mark(first, ':')
            && is_mark(second, ':')
        {
            at += 2;
            continue;
        }
        if tokens.get(at).is_some_and(|token| is_word(token, "as")) {
            alias = tokens.get(at + 1).map(ToString::to_string);
        }
        break;
    }
    if path.len() > depth {
        leaves.push(Leaf {
            path: path.clone(),
            alias,
        });
    }
    path.truncate(depth);
}

fn branches(tokens: TokenStream, path: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for branch in tokens.split(|token| is_mark(token, ',')) {
        tree(branch, path, leaves);
    }
}

fn is_start(word: &str) -> bool {
    matches!(word, "crate" | "self" | "super" | PACKAGE)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}
