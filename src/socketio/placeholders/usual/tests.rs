//! Tests of `socketio::placeholders::usual`.

use proptest::prelude::*;

use super::super::find;
use super::*;
use crate::socketio::json;

/// What can stand between two commas; only some of it is found, and some of it is no JSON.
const PIECES: &[&str] = &[
    r#"{"_placeholder":true,"num":0}"#,
    r#"{"_placeholder":true,"num":1}"#,
    r#"{"_placeholder":true,"num":2}"#,
    r#"{"_placeholder":true,"num":10}"#,
    r#"{"_placeholder":true,"num":x}"#,
    r#"{"_placeholder":true,"num":0"#,
    r#"{"_placeholder":true,"num":0,"a":1}"#,
    r#"{"_placeholder":false,"num":0}"#,
    r#"{"num":0,"_placeholder":true}"#,
    r#"{"a":{"_placeholder":true,"num":0}}"#,
    r#"[{"_placeholder":true,"num":0}]"#,
    r#""{\"_placeholder\":true,\"num\":0}""#,
    r#"" {,]é""#,
    r#""""#,
    "\"\t\"",
    "\"open",
    "true",
    "false",
    "null",
    "nul",
    "0",
    "12",
    "01",
    "-1",
    "1e3",
    "999999999999999",
    "99999999999999999999",
    " 1",
    "",
    "[]",
    "]",
    "]]",
];

#[test]
fn usual_arguments_are_understood_at_a_glance() {
    for (json, start, attachments) in [
        (r#"["a",{"_placeholder":true,"num":0}]"#, 4, 1),
        (r#"[7,"text é {",{"_placeholder":true,"num":1},12]"#, 2, 2),
        (r#"[{"_placeholder":true,"num":9},0,true]"#, 1, 10),
        (
            r#"[ "a",{"_placeholder":true,"num":1},null,{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
            5,
            2,
        ),
        (r#"["a"]"#, 4, 1),
        ("[]", 1, 1),
    ] {
        let spans = find_usual(json, start, attachments).map(|spans| spans.to_vec());
        assert_eq!(spans, find(json, attachments).ok(), "{json}");
        assert!(spans.is_some(), "{json}");
    }
}

proptest! {
    #[test]
    fn whoever_looks_closely_finds_the_same(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..4),
        is_named: bool,
        after in prop::sample::select(&["]", "] ", "", "]1", ",]"][..]),
    ) {
        let mut json = pieces.join(",");
        json.insert_str(0, if is_named && !pieces.is_empty() { r#"["a","# } else if is_named { r#"["a""# } else { "[" });
        json.push_str(after);
        let start = if is_named { 4 } else { 1 };
        if let Some(spans) = find_usual(&json, start, 2) {
            prop_assert!(json::check(&json).is_ok(), "{}", json);
            prop_assert_eq!(Ok(spans.to_vec()), find(&json, 2), "{}", json);
        }
    }

    #[test]
    fn any_text_at_all_is_survived(
        text in r#"([\[\]{}:,"\\ a0]|true|\{"_placeholder":true,"num":0\}|é)*"#,
        start in 0..9_usize,
    ) {
        let _ = find_usual(&text, start, 1);
    }
}
