//! The source files of the package, as text and as tokens.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One source file.
pub(crate) struct Source {
    /// Its path below the package, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// A file that is not there: for tests of the check itself.
    pub(crate) fn sample(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(crate) fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// The file's module path: `src/engine/session.rs` is `["engine", "session"]`, the roots are empty.
    pub(crate) fn module(&self) -> Vec<String> {
        let names: Vec<String> = self.names().map(str::to_owned).collect();
        match names.last().map(String::as_str) {
            Some("lib" | "main") if names.len() == 1 => Vec::new(),
            Some("mod") => names[..names.len() - 1].to_vec(),
            _ => names,
        }
    }

    /// The top-level module the file belongs to; `lib` and `main` for the two roots.
    pub(crate) fn room(&self) -> String {
        self.names().next().expect("a path has a name").to_owned()
    }

    /// The names in the path, below its first folder and without the extension.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.path.trim_end_matches(".rs").split('/').skip(1)
    }

    pub(crate) fn tokens(&self) -> TokenStream {
        self.text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    /// The macros that the file calls, with their lines.
    pub(crate) fn macros(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        visit(self.tokens(), &mut |tokens| {
            for pair in tokens.windows(2) {
                if let [TokenTree::Ident(name), TokenTree::Punct(mark)] = pair
                    && mark.as_char() == '!'
                {
                    found.push((name.to_string(), name.span().start().line));
                }
            }
        });
        found
    }

    /// The functions with a body: how many lines each takes, and its name.
    pub(crate) fn functions(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        visit(self.tokens(), &mut |tokens| {
            for (at, pair) in tokens.windows(2).enumerate() {
                let [TokenTree::Ident(keyword), TokenTree::Ident(name)] = pair else {
                    continue;
                };
                if keyword != "fn" {
                    continue;
                }
                let end = tokens[at..].iter().find_map(|token| match token {
                    TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                        Some(Some(body.span_close().end().line))
                    }
                    TokenTree::Punct(mark) if mark.as_char() == ';' => Some(None),
                    _ => None,
                });
                if let Some(Some(end)) = end {
                    found.push((end + 1 - keyword.span().start().line, name.to_string()));
                }
            }
        });
        found
    }
}

/// Shows `look` the tokens of each level: the file's, then those inside of each bracket.
pub(crate) fn visit(tokens: TokenStream, look: &mut impl FnMut(&[TokenTree])) {
    let level: Vec<TokenTree> = tokens.into_iter().collect();
    look(&level);
    for token in level {
        if let TokenTree::Group(group) = token {
            visit(group.stream(), look);
        }
    }
}

/// All Rust files below these folders of the package; folders that are not there have none.
pub(crate) fn sources(folders: &[&str]) -> Vec<Source> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in folders {
        collect(&package.join(folder), &mut files);
    }
    files.sort();
    files
        .into_iter()
        .map(|file| Source {
            path: file
                .strip_prefix(package)
                .expect("the file was found below the package")
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/"),
            text: fs::read_to_string(&file).expect("a source file is readable text"),
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
