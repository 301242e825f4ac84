//! Ids: making unguessable ones, and judging those that an application makes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;

/// The longest id that an application may give.
const MAX_LENGTH: usize = 128;

/// 120 random bits as 20 characters, of the form that the reference server uses.
pub(crate) fn random() -> String {
    let mut bits = [0; 15];
    rand::rng().fill(&mut bits);
    URL_SAFE_NO_PAD.encode(bits)
}

/// Whether a session can have this id: it stands in queries and cookies as it is.
pub(super) fn is_fit(id: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_fit_and_differ() {
        let (one, other) = (random(), random());
        assert_eq!(one.len(), 20);
        assert!(is_fit(&one));
        assert_ne!(one, other);
    }

    #[test]
    fn an_id_needs_no_escape() {
        let rows = [
            ("a-b_c.d~9", true),
            ("", false),
            ("a b", false),
            ("a;b", false),
            ("é", false),
        ];
        for (id, fit) in rows {
            assert_eq!(is_fit(id), fit, "{id:?}");
        }
        assert!(is_fit(&"x".repeat(128)));
        assert!(!is_fit(&"x".repeat(129)));
    }
}
