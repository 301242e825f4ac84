//! What clients of the older revision get and send instead.

use super::*;

#[test]
fn a_namespace_may_have_a_query() {
    for (namespace, address) in [
        ("/", Ok(("/", None))),
        ("/custom", Ok(("/custom", None))),
        ("/custom?token=abc", Ok(("/custom", Some("token=abc")))),
        ("/?x", Ok(("/", Some("x")))),
        ("/a?b?c", Ok(("/a", Some("b?c")))),
        ("/12345678", Err(9)),
        (
            "/1234567?and as long as you like",
            Ok(("/1234567", Some("and as long as you like"))),
        ),
    ] {
        let address = address.map_err(|length| PacketError::NamespaceTooLong { length, limit: 8 });
        assert_eq!(Revision::V4.address(namespace, 8), address, "{namespace}");
    }
    let given = Revision::V5.address("/custom?token=abc", 7);
    assert_eq!(given, Ok(("/custom?token=abc", None)));
}

#[test]
fn a_query_becomes_credentials() {
    for (query, json) in [
        ("token=abc&x=1", r#"{"token":"abc","x":"1"}"#),
        ("", "{}"),
        ("a", r#"{"a":""}"#),
        ("b=0&a=1&c=3&a=2", r#"{"b":"0","a":"2","c":"3"}"#),
        ("a%22=%22+%E2%82%AC", r#"{"a\"":"\" €"}"#),
    ] {
        assert_eq!(credentials(query), json, "{query}");
    }
}

#[test]
fn a_refusal_is_the_bare_text_or_data() {
    let plain = ConnectError::new("not \"authorized\"");
    let with = |json: &str| {
        let mut error = ConnectError::new("no");
        error.data = Some(json.into());
        error
    };
    for (error, json) in [
        (plain, r#""not \"authorized\"""#),
        (with(r#"{"content":"retry"}"#), r#"{"content":"retry"}"#),
        (with("7"), "7"),
        (with("null"), r#""no""#),
        (with("false"), r#""no""#),
        (with("0"), r#""no""#),
        (with(r#""""#), r#""no""#),
        (
            ConnectError::invalid_namespace(),
            r#"{"message":"Invalid namespace"}"#,
        ),
    ] {
        assert_eq!(Revision::V4.refusal(&error), json);
        assert_eq!(Revision::V5.refusal(&error), error.to_json());
    }
}
