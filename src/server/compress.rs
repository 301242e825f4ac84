//! Compression of long-polling answers: which encoding a client takes, and applying it.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue};

/// From this size on the work is too long for a thread that serves others too.
const OFFLOAD: usize = 128 * 1024;

/// When long-polling answers are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compression {
    /// The smallest body in bytes that is compressed. Default: 1024.
    pub threshold: usize,
}

impl Default for Compression {
    fn default() -> Compression {
        Compression { threshold: 1024 }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Coding {
    Gzip,
    Deflate,
}

impl Coding {
    pub(super) fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
        })
    }

    /// The best of what the client takes; the one it names first wins a tie (RFC 9110, 12.5.3).
    pub(super) fn accepted(request: &HeaderMap) -> Option<Coding> {
        let mut values = request.get_all(ACCEPT_ENCODING).iter();
        let first = values.next()?.as_bytes();
        // All browsers say `gzip`, then others, and weigh none.
        let is_plain = first == b"gzip" || first.starts_with(b"gzip,");
        if is_plain && values.next().is_none() && !first.contains(&b';') {
            return Some(Coding::Gzip);
        }
        weighed(request)
    }

    /// The encoded body; none if that failed, and the plain one should be sent.
    pub(super) async fn encode(self, body: Bytes) -> Option<Bytes> {
        if body.len() < OFFLOAD {
            return self.encode_now(&body).ok();
        }
        let work = tokio::task::spawn_blocking(move || self.encode_now(&body));
        work.await.ok()?.ok()
    }

    /// The encoded form of what is written once and read many times.
    pub(super) fn encode_once(self, body: &[u8]) -> io::Result<Bytes> {
        self.encode_at(flate2::Compression::new(6), body)
    }

    fn encode_now(self, body: &[u8]) -> io::Result<Bytes> {
        // Speed over size: a chat's payload is written once and read once.
        // The level below this one spares most of the rest, but hardly shortens short bodies.
        self.encode_at(flate2::Compression::new(2), body)
    }

    fn encode_at(self, level: flate2::Compression, body: &[u8]) -> io::Result<Bytes> {
        let encoded = match self {
            Coding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(body)?;
                encoder.finish()?
            }
            // What HTTP calls deflate has the zlib wrapper (RFC 9110, 8.4.1.2).
            Coding::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(body)?;
                encoder.finish()?
            }
        };
        Ok(encoded.into())
    }
}

/// [`Coding::accepted`], with every item looked at.
fn weighed(request: &HeaderMap) -> Option<Coding> {
    let (mut gzip, mut deflate, mut identity, mut other) = (None, None, None, None);
    let mut deflate_first = false;
    let values = request
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    for item in values.flat_map(|value| value.split(',')) {
        let (name, weight) = split_weight(item);
        let slot = match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => &mut gzip,
            "deflate" => {
                deflate_first = gzip.is_none();
                &mut deflate
            }
            "identity" => &mut identity,
            "*" => &mut other,
            _ => continue,
        };
        *slot = Some(weight);
    }
    let gzip = gzip.or(other).unwrap_or(0);
    let deflate = deflate.or(other).unwrap_or(0);
    let identity = identity.unwrap_or(0);
    let best = gzip.max(deflate);
    if best == 0 || best < identity {
        None
    } else if gzip == best && !(deflate_first && deflate == best) {
        Some(Coding::Gzip)
    } else {
        Some(Coding::Deflate)
    }
}

/// A coding's name and its weight in thousandths; a weight that cannot be read counts as 0.
fn split_weight(item: &str) -> (&str, u16) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case("q")
            .then(|| value.trim().parse::<f32>().unwrap_or(0.0))
    });
    // The cast saturates, and takes NaN to 0.
    (
        name,
        (weight.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u16,
    )
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_clients_weights_are_respected() {
        let rows = [
            ("gzip", Some(Coding::Gzip)),
            ("GZIP", Some(Coding::Gzip)),
            ("deflate", Some(Coding::Deflate)),
            ("gzip, deflate, br", Some(Coding::Gzip)),
            ("gzip, deflate, identity", Some(Coding::Gzip)),
            ("gzip, deflate, *;q=0.5", Some(Coding::Gzip)),
            ("gzip, gzip;q=0, deflate;q=0.5", Some(Coding::Deflate)),
            ("deflate, gzip", Some(Coding::Deflate)),
            ("br, deflate;q=0.5, gzip;q=0.5", Some(Coding::Deflate)),
            ("deflate;q=0.5, gzip", Some(Coding::Gzip)),
            ("gzip;q=0.5, deflate;q=0.8", Some(Coding::Deflate)),
            ("gzip;q=0, deflate", Some(Coding::Deflate)),
            ("gzip;q=0", None),
            ("gzip ; Q = 0.001", Some(Coding::Gzip)),
            ("gzip;q=x", None),
            ("gzip;q=NaN", None),
            ("*", Some(Coding::Gzip)),
            ("*;q=0", None),
            ("gzip;q=0, *", Some(Coding::Deflate)),
            ("identity, gzip;q=0.5", None),
            ("br", None),
            ("", None),
        ];
        for (value, expected) in rows {
            let request = HeaderMap::from_iter([(ACCEPT_ENCODING, value.parse().unwrap())]);
            assert_eq!(Coding::accepted(&request), expected, "{value:?}");
            assert_eq!(weighed(&request), expected, "{value:?}");
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), None);
    }

    #[tokio::test]
    async fn encoding_loses_nothing() {
        for size in [0, 5_000, OFFLOAD] {
            let body = Bytes::from(vec![b'x'; size]);
            let gzip = Coding::Gzip.encode(body.clone()).await.unwrap();
            let deflate = Coding::Deflate.encode(body.clone()).await.unwrap();
            let mut decoded = Vec::new();
            flate2::read::GzDecoder::new(&gzip[..])
                .read_to_end(&mut decoded)
                .unwrap();
            assert_eq!(decoded, body);
            decoded.clear();
            flate2::read::ZlibDecoder::new(&deflate[..])
                .read_to_end(&mut decoded)
                .unwrap();
            assert_eq!(decoded, body);
        }
    }
}
