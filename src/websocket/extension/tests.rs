//! Tests of `extension`.

use super::*;

/// The default: nothing is kept.
const LEAN: Terms = Terms {
    context_takeover: false,
    window_bits: 15,
};
const TAKEOVER: Terms = Terms {
    context_takeover: true,
    window_bits: 15,
};
const SMALL: Terms = Terms {
    context_takeover: true,
    window_bits: 10,
};

fn answer(terms: Terms, values: &[&str]) -> Option<String> {
    let agreement = terms.accept(values.iter().copied());
    agreement.map(|agreement| agreement.to_string())
}

/// What a client without any wishes is told.
const BOTH: &str = "; server_no_context_takeover; client_no_context_takeover";

/// An offer, and the parameters of its answer.
const OFFERS: &[(Terms, &str, &str)] = &[
    // RFC 7692, 7.1.3: the simplest offer and its simplest answer.
    (TAKEOVER, "permessage-deflate", ""),
    (LEAN, "permessage-deflate", BOTH),
    // The same section: the client can be told its window, and would have a small one of the
    // server; then it would do without that.
    (
        TAKEOVER,
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
        "; server_max_window_bits=10",
    ),
    (
        TAKEOVER,
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10, \
         permessage-deflate; client_max_window_bits",
        "; server_max_window_bits=10",
    ),
    // What the server is asked for it does.
    (
        TAKEOVER,
        "permessage-deflate; server_no_context_takeover",
        "; server_no_context_takeover",
    ),
    (
        TAKEOVER,
        "permessage-deflate; client_no_context_takeover",
        "; client_no_context_takeover",
    ),
    (
        TAKEOVER,
        "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
        BOTH,
    ),
    (
        TAKEOVER,
        "permessage-deflate; server_max_window_bits=15",
        "; server_max_window_bits=15",
    ),
    (
        TAKEOVER,
        "permessage-deflate; server_max_window_bits=9",
        "; server_max_window_bits=9",
    ),
    // The smaller of both is meant, and said even if nobody asked.
    (SMALL, "permessage-deflate", "; server_max_window_bits=10"),
    (
        SMALL,
        "permessage-deflate; server_max_window_bits=12",
        "; server_max_window_bits=10",
    ),
    (
        SMALL,
        "permessage-deflate; server_max_window_bits=9",
        "; server_max_window_bits=9",
    ),
    // The client's window is its own matter.
    (TAKEOVER, "permessage-deflate; client_max_window_bits", ""),
    (TAKEOVER, "permessage-deflate; client_max_window_bits=8", ""),
    (
        SMALL,
        "permessage-deflate; client_max_window_bits=15",
        "; server_max_window_bits=10",
    ),
    // The first that can be accepted, not the best.
    (
        TAKEOVER,
        "permessage-deflate; server_max_window_bits=8, permessage-deflate",
        "",
    ),
    (
        TAKEOVER,
        "permessage-deflate; unknown, permessage-deflate; server_no_context_takeover, \
         permessage-deflate",
        "; server_no_context_takeover",
    ),
    (
        TAKEOVER,
        "permessage-bzip2, x; y=z; \"w\", permessage-deflate",
        "not well formed",
    ),
    (
        TAKEOVER,
        "permessage-bzip2, x; y=\"a, b; \\\" c\", permessage-deflate",
        "",
    ),
    // The grammar of lists.
    (
        TAKEOVER,
        " ,\t,permessage-deflate ;server_max_window_bits = \"1\\0\" ,",
        "; server_max_window_bits=10",
    ),
    (TAKEOVER, "permessage-deflate,permessage-deflate;;", ""),
    (
        TAKEOVER,
        "permessage-deflate;client_no_context_takeover,@",
        "; client_no_context_takeover",
    ),
];

#[test]
fn offers_and_their_answers() {
    for (terms, offer, expected) in OFFERS {
        let expected = match *expected {
            "not well formed" => None,
            parameters => Some(format!("permessage-deflate{parameters}")),
        };
        assert_eq!(answer(*terms, &[offer]), expected, "{offer}");
    }
}

#[test]
fn offers_that_are_declined() {
    // RFC 7692, 7.1: an unknown parameter, an invalid value, the same one twice.
    let rows = [
        "",
        " , ",
        "x-webkit-deflate-frame",
        "Permessage-deflate2",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=+10",
        "permessage-deflate; server_max_window_bits=ten",
        "permessage-deflate; server_max_window_bits=\"\"",
        "permessage-deflate; server_max_window_bits=266",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=08",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=10; client_max_window_bits",
        "permessage-deflate; quality",
        "permessage-deflate; quality=\"very, very good\"",
        // Not well formed.
        "permessage-deflate;",
        "permessage-deflate; ; client_max_window_bits",
        "permessage-deflate=1",
        "permessage-deflate client_max_window_bits",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=\"10",
        "permessage-deflate; server_max_window_bits=\"10\\",
        "permessage-deflate; server_max_window_bits=\"10\"0",
        "=, permessage-deflate",
    ];
    for row in rows {
        assert_eq!(answer(TAKEOVER, &[row]), None, "{row}");
    }
}

#[test]
fn several_headers_are_one_list() {
    let bad = "permessage-deflate; client_max_window_bits=99";
    let good = "permessage-deflate; server_max_window_bits=12";
    let expected = Some(good.to_owned());
    assert_eq!(answer(TAKEOVER, &[bad, good]), expected);
    assert_eq!(answer(TAKEOVER, &["", good, bad]), expected);
    assert_eq!(answer(TAKEOVER, &["a;", good]), None);
    assert_eq!(answer(TAKEOVER, &[]), None);
}

#[test]
fn a_window_that_cannot_be_is_the_nearest_that_can() {
    for (asked, given) in [(0, 9), (8, 9), (9, 9), (14, 14), (15, 15), (99, 15)] {
        let terms = Terms {
            window_bits: asked,
            ..TAKEOVER
        };
        let agreement = terms.accept(["permessage-deflate"]).unwrap();
        assert_eq!(agreement.server_window_bits(), given);
        assert_eq!(agreement.server_max_window_bits.is_some(), given < 15);
    }
}
