//! Whose request it is, told by the raw path.

use super::client_files::{ClientFile, ClientFiles};
use super::config::Config;

/// The paths of one server, prepared for comparison.
#[derive(Debug)]
pub(super) struct Routes {
    /// Without a slash at its end.
    prefix: String,
    trailing_slash: bool,
    plain_json: Option<String>,
    client_files: bool,
}

/// Who serves a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route {
    /// Engine.IO.
    Engine,
    /// A file of the JavaScript client.
    ClientFile(ClientFile),
    /// A WebSocket with plain JSON frames.
    Plain,
    /// Somebody else.
    Application,
}

impl Routes {
    pub(super) fn new(config: &Config) -> Routes {
        let path = config.path.strip_suffix('/').unwrap_or(&config.path);
        let slash = if path.is_empty() || path.starts_with('/') {
            ""
        } else {
            "/"
        };
        Routes {
            prefix: format!("{slash}{path}"),
            trailing_slash: config.trailing_slash,
            plain_json: config.plain_json.clone(),
            client_files: config.client_files.is_some(),
        }
    }

    /// The path of Engine.IO, as clients write it.
    pub(super) fn engine_path(&self) -> String {
        format!("{}/", self.prefix)
    }

    /// `upgrade`: the request asks for a WebSocket.
    pub(super) fn find(&self, path: &str, upgrade: bool) -> Route {
        // An exact path is more specific than a prefix, so it goes first.
        if upgrade && self.plain_json.as_deref() == Some(path) {
            return Route::Plain;
        }
        let below = path.strip_prefix(self.prefix.as_str());
        if self.client_files
            && !upgrade
            && let Some(file) = below.and_then(|rest| ClientFiles::find(rest.strip_prefix('/')?))
        {
            return Route::ClientFile(file);
        }
        match below {
            Some("") if !self.trailing_slash => Route::Engine,
            Some(rest) if rest.starts_with('/') => Route::Engine,
            _ => Route::Application,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(path: &str, trailing_slash: bool) -> Routes {
        Routes::new(&Config {
            path: path.to_owned(),
            trailing_slash,
            plain_json: Some("/".to_owned()),
            ..Config::default()
        })
    }

    #[test]
    fn a_path_is_ours_by_prefix_and_slash() {
        // (configured, slash required, request, ours)
        let rows = [
            ("/engine.io", true, "/engine.io/", true),
            ("/engine.io/", true, "/engine.io/", true),
            ("engine.io", true, "/engine.io/", true),
            ("/engine.io", true, "/engine.io/default/", true),
            ("/engine.io", true, "/engine.io", false),
            ("/engine.io", true, "/engine.iox/", false),
            ("/engine.io", true, "/ENGINE.IO/", false),
            ("/engine.io", true, "/", false),
            ("/engine.io", false, "/engine.io", true),
            ("/engine.io", false, "/engine.io/", true),
            ("/engine.io", false, "/engine.io/foo", true),
            ("/engine.io", false, "/engine.iofoo", false),
            ("/a/b", true, "/a/b/c", true),
            ("/", true, "/anything", true),
        ];
        for (configured, slash, path, ours) in rows {
            let expected = if ours {
                Route::Engine
            } else {
                Route::Application
            };
            let found = routes(configured, slash).find(path, false);
            assert_eq!(found, expected, "{configured} {slash} {path}");
        }
    }

    #[test]
    fn client_files_are_found_by_their_exact_names() {
        let file = |name| Route::ClientFile(ClientFiles::find(name).unwrap());
        let (min, map) = (file("socket.io.min.js"), file("socket.io.js.map"));
        // (configured, request, upgrade, whose)
        let rows = [
            ("/socket.io", "/socket.io/socket.io.min.js", false, min),
            ("/socket.io/", "/socket.io/socket.io.js.map", false, map),
            ("/", "/socket.io.min.js", false, min),
            (
                "/socket.io",
                "/socket.io/socket.io.min.js",
                true,
                Route::Engine,
            ),
            (
                "/socket.io",
                "/socket.io//socket.io.min.js",
                false,
                Route::Engine,
            ),
            (
                "/socket.io",
                "/socket.io/x/socket.io.min.js",
                false,
                Route::Engine,
            ),
            (
                "/socket.io",
                "/socket.io/socket.io.slim.js",
                false,
                Route::Engine,
            ),
            (
                "/socket.io",
                "/socket.io/socket.io.MIN.js",
                false,
                Route::Engine,
            ),
            (
                "/socket.io",
                "/socket.io/socket%2Eio.min.js",
                false,
                Route::Engine,
            ),
            (
                "/socket.io",
                "/socket.ioXsocket.io.min.js",
                false,
                Route::Application,
            ),
            ("/socket.io", "/socket.io.min.js", false, Route::Application),
        ];
        for (configured, path, upgrade, whose) in rows {
            for trailing_slash in [true, false] {
                let mut routes = routes(configured, trailing_slash);
                routes.client_files = true;
                assert_eq!(routes.find(path, upgrade), whose, "{configured} {path}");
                routes.client_files = false;
                let found = routes.find(path, upgrade);
                assert!(!matches!(found, Route::ClientFile(_)), "{path}");
            }
        }
    }

    #[test]
    fn the_plain_path_takes_websockets_only_and_exactly() {
        let routes = routes("/socket.io", true);
        assert_eq!(routes.find("/", true), Route::Plain);
        assert_eq!(routes.find("/", false), Route::Application);
        assert_eq!(routes.find("/other", true), Route::Application);
        assert_eq!(routes.find("/socket.io/", true), Route::Engine);
    }
}
