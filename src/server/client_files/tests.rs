//! The client's files: what is read, what is refused, and how requests for them are answered.

use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt as _;

use super::*;

/// A folder that is removed again.
struct Folder(PathBuf);

impl Folder {
    /// A package; all its files are alike, with this at the top.
    fn new(top: &str) -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("trunkline-files-{}-{number}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        fs::create_dir_all(folder.0.join("dist")).unwrap();
        for name in NAMES {
            let text = format!("{top}\n{}", name.repeat(100));
            fs::write(folder.0.join("dist").join(name), text).unwrap();
        }
        folder
    }

    fn package(self, json: &str) -> Folder {
        fs::write(self.0.join("package.json"), json).unwrap();
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whoever else removed it did what was wanted.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_version_is_what_the_bundle_says_or_the_package() {
    let package = r#"{"name":"x","version":"1.2.3"}"#;
    let rows = [
        ("/*!\n * Socket.IO v4.8.4\n */", "{}", Some("4.8.4")),
        (
            "/* Socket.IO v5.0.0-alpha.1 */",
            package,
            Some("5.0.0-alpha.1"),
        ),
        ("/* Socket.IO v\"x */", package, Some("1.2.3")),
        ("", package, Some("1.2.3")),
        ("", r#"{"version":"1\r\nx"}"#, None),
        ("", "{", None),
    ];
    for (top, package, version) in rows {
        let folder = Folder::new(top).package(package);
        let read = ClientFiles::read(&folder.0);
        let found = read.as_ref().ok().map(ClientFiles::version);
        assert_eq!(found, version, "{top} {package}");
        let inside = ClientFiles::read(folder.0.join("dist"));
        assert_eq!(inside.ok().as_ref().map(ClientFiles::version), version);
    }
}

#[test]
fn what_is_wrong_with_the_folder_is_said_at_once() {
    let error = |folder: &Path| ClientFiles::read(folder).unwrap_err().to_string();
    let folder = Folder::new("/* Socket.IO v1 */");
    let missing = folder.0.join("dist/socket.io.esm.min.js.map");
    fs::remove_file(&missing).unwrap();
    let said = error(&folder.0);
    assert!(
        said.contains("socket.io.esm.min.js.map: No such file"),
        "{said}"
    );
    fs::create_dir(&missing).unwrap();
    let said = error(&folder.0);
    assert!(
        said.contains("not a file") || said.contains("directory"),
        "{said}"
    );
    let said = error(&folder.0.join("elsewhere"));
    assert!(
        said.contains("elsewhere/socket.io.js: No such file"),
        "{said}"
    );
    fs::remove_dir(&missing).unwrap();
    let file = fs::File::create(&missing).unwrap();
    file.set_len(LARGEST + 1).unwrap();
    assert!(error(&folder.0).contains("too large"));
}

fn request(headers: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    map
}

#[tokio::test]
async fn a_file_comes_in_the_form_that_the_client_takes() {
    let folder = Folder::new("/* Socket.IO v1.0.0 */");
    let files = ClientFiles::read(&folder.0).unwrap();
    drop(folder);
    for name in NAMES {
        let file = ClientFiles::find(name).unwrap();
        for (accepted, coding) in [
            ("", None),
            ("br", None),
            ("gzip, deflate, br", Some("gzip")),
            ("deflate, gzip", Some("deflate")),
        ] {
            let reply = files.reply(file, &request(&[("accept-encoding", accepted)]));
            assert_eq!(reply.status(), 200);
            let headers = reply.headers().clone();
            assert_eq!(headers["etag"], "\"1.0.0\"");
            assert_eq!(headers["cache-control"], "public, max-age=0");
            assert_eq!(headers["vary"], "accept-encoding");
            let kind = match name.ends_with(".map") {
                true => "application/json; charset=utf-8",
                false => "application/javascript; charset=utf-8",
            };
            assert_eq!(headers["content-type"], kind);
            let found = headers
                .get("content-encoding")
                .map(|value| value.to_str().unwrap());
            assert_eq!(found, coding, "{name} {accepted}");
            let body = reply.into_body().collect().await.unwrap().to_bytes();
            let mut text = String::new();
            let read = match coding {
                Some("gzip") => flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text),
                Some(_) => flate2::read::ZlibDecoder::new(&body[..]).read_to_string(&mut text),
                None => (&body[..]).read_to_string(&mut text),
            };
            read.unwrap();
            assert_eq!(
                text,
                format!("/* Socket.IO v1.0.0 */\n{}", name.repeat(100))
            );
        }
    }
    assert_eq!(ClientFiles::find("socket.io.slim.js"), None);
}

#[test]
fn who_has_it_already_does_not_get_it_again() {
    let folder = Folder::new("/* Socket.IO v4.8.4 */");
    let files = ClientFiles::read(&folder.0).unwrap();
    let rows: [(&[&str], u16); 10] = [
        (&[r#""4.8.4""#], 304),
        (&[r#"W/"4.8.4""#], 304),
        (&["*"], 304),
        (&[r#""4.8.3", W/"4.8.4""#], 304),
        (&[r#""4.8.3""#, r#" "4.8.4" "#], 304),
        (&[r#""4.8.3""#], 200),
        (&["4.8.4"], 200),
        (&[r#"w/"4.8.4""#], 200),
        (&[""], 200),
        (&[], 200),
    ];
    for (values, status) in rows {
        let headers: Vec<_> = values
            .iter()
            .map(|value| ("if-none-match", *value))
            .collect();
        let reply = files.reply(ClientFile(0), &request(&headers));
        assert_eq!(reply.status(), status, "{values:?}");
        assert_eq!(reply.headers()["etag"], "\"4.8.4\"");
        let has_kind = reply.headers().contains_key("content-type");
        assert_eq!(has_kind, status == 200, "{values:?}");
    }
}
