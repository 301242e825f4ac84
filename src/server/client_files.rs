//! The bundles of the JavaScript client, served below the path: `/socket.io/socket.io.js`.
//!
//! They are read once, and compressed once, when the program starts; what changes on the disk later
//! is not seen.

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::Full;
use serde::Deserialize;

use super::compress::Coding;
use super::reply::Reply;

/// The files of the client's package, with the names by which they are asked for.
const NAMES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
];

/// The largest file that is read, in bytes; the real ones have less than 400 kB.
const LARGEST: u64 = 16 << 20;

const CODINGS: [Coding; 2] = [Coding::Gzip, Coding::Deflate];

/// The bundles of `socket.io-client`, held in memory with their compressed forms: about 1.8 MB.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// use trunkline::server::{ClientFiles, Config};
///
/// let config = Config {
///     client_files: Some(ClientFiles::read("node_modules/socket.io-client")?),
///     ..Config::default()
/// };
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ClientFiles(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    version: String,
    /// The version in quotation marks.
    tag: HeaderValue,
    /// In the order of [`NAMES`].
    files: Vec<File>,
}

struct File {
    is_map: bool,
    plain: Bytes,
    /// In the order of [`CODINGS`].
    encoded: [Bytes; CODINGS.len()],
}

/// One of the files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ClientFile(usize);

impl ClientFiles {
    /// Reads the files from the package's folder `dist`, or from the package's own. This blocks; it
    /// belongs to a program's start.
    ///
    /// All bundles and their source maps must be there: `socket.io.js`, `socket.io.min.js`,
    /// `socket.io.msgpack.min.js`, `socket.io.esm.min.js`, each with its `.map`. The version, which
    /// is their `ETag`, is read from the comment at the top of `socket.io.js`, or else from
    /// `package.json` beside the folder.
    ///
    /// # Errors
    /// When a file is missing, is no file, cannot be read or has more than 16 MiB, or when there is
    /// no version; the message names the file.
    pub fn read(folder: impl AsRef<Path>) -> Result<ClientFiles> {
        let folder = folder.as_ref();
        let dist = folder.join("dist");
        let folder = match folder.join(NAMES[0]).exists() || !dist.join(NAMES[0]).exists() {
            true => folder.to_owned(),
            false => dist,
        };
        let files = NAMES.iter().map(|name| File::read(&folder.join(name)));
        let files = files.collect::<Result<Vec<_>>>()?;
        let version = version(&files[0].plain, &folder)?;
        let tag = HeaderValue::try_from(format!("\"{version}\"")).map_err(Error::other)?;
        Ok(ClientFiles(Arc::new(Inner {
            folder,
            version,
            tag,
            files,
        })))
    }

    /// The client's version, such as `4.8.4`.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// The file of exactly this name.
    pub(super) fn find(name: &str) -> Option<ClientFile> {
        NAMES
            .iter()
            .position(|known| *known == name)
            .map(ClientFile)
    }

    /// The response to a request for a file, whatever its method.
    pub(super) fn reply(&self, file: ClientFile, request: &HeaderMap) -> Reply {
        let mut reply = Reply::default();
        let headers = reply.headers_mut();
        // RFC 9110, 15.4.5: these stand on a 304 as well.
        headers.insert(ETAG, self.0.tag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
        headers.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
        if is_known(&self.0.tag, request) {
            *reply.status_mut() = StatusCode::NOT_MODIFIED;
            return reply;
        }
        let file = &self.0.files[file.0];
        headers.insert(CONTENT_TYPE, file.kind());
        let accepted = Coding::accepted(request);
        let body = match CODINGS.iter().position(|coding| Some(*coding) == accepted) {
            Some(at) => {
                headers.insert(CONTENT_ENCODING, CODINGS[at].name());
                file.encoded[at].clone()
            }
            None => file.plain.clone(),
        };
        *reply.body_mut() = Full::new(body);
        reply
    }
}

impl File {
    fn read(path: &Path) -> Result<File> {
        let because = |error: Error| {
            let message = format!("the client file {}: {error}", path.display());
            Error::new(error.kind(), message)
        };
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(because)?;
        if !file.metadata().map_err(because)?.is_file() {
            return Err(because(Error::new(ErrorKind::InvalidInput, "not a file")));
        }
        let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
        if read.map_err(because)? as u64 > LARGEST {
            return Err(because(Error::new(ErrorKind::InvalidData, "too large")));
        }
        let [gzip, deflate] = CODINGS.map(|coding| coding.encode_once(&bytes));
        Ok(File {
            is_map: path.extension().is_some_and(|extension| extension == "map"),
            encoded: [gzip.map_err(because)?, deflate.map_err(because)?],
            plain: bytes.into(),
        })
    }

    fn kind(&self) -> HeaderValue {
        HeaderValue::from_static(match self.is_map {
            true => "application/json; charset=utf-8",
            false => "application/javascript; charset=utf-8",
        })
    }
}

/// The version that the bundle says it has, or that the package has.
fn version(bundle: &[u8], folder: &Path) -> Result<String> {
    #[derive(Deserialize)]
    struct Package {
        version: String,
    }
    let top = String::from_utf8_lossy(&bundle[..bundle.len().min(200)]);
    let said = top.split_once("Socket.IO v").map(|(_, rest)| rest);
    let said = said.and_then(|rest| rest.split_ascii_whitespace().next());
    if let Some(version) = said.filter(|version| is_version(version)) {
        return Ok(version.to_owned());
    }
    let packages = [folder.join("package.json"), folder.join("../package.json")];
    packages
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .filter_map(|text| serde_json::from_slice::<Package>(&text).ok())
        .map(|package| package.version)
        .find(|version| is_version(version))
        .ok_or_else(|| {
            let message = format!(
                "the client files in {}: neither {} nor a package.json says which version they are",
                folder.display(),
                NAMES[0]
            );
            Error::new(ErrorKind::InvalidData, message)
        })
}

/// Whether a text can be a version, and so part of a header.
fn is_version(text: &str) -> bool {
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    !text.is_empty() && text.len() <= 64 && text.chars().all(belongs)
}

/// Whether the client says that it has what `tag` stands for; a weak tag is as good as a strong one
/// here (RFC 9110, 13.1.2).
fn is_known(tag: &HeaderValue, request: &HeaderMap) -> bool {
    let values = request.get_all(IF_NONE_MATCH).iter();
    let mut tags = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tags.any(|given| {
        let given = given.trim_ascii();
        given == b"*" || given.strip_prefix(b"W/").unwrap_or(given) == tag.as_bytes()
    })
}

impl fmt::Debug for ClientFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientFiles")
            .field("folder", &self.0.folder)
            .field("version", &self.0.version)
            .finish()
    }
}
