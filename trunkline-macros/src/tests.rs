//! What the macro says about types that cannot be events. What it makes of the others is tested
//! where the trait is.

use syn::DeriveInput;

use crate::expand::event;

fn refusal(text: &str) -> String {
    let input: DeriveInput = syn::parse_str(text).unwrap();
    event(&input).expect_err(text).to_string()
}

#[test]
fn a_type_that_is_no_event_is_refused_with_what_it_lacks() {
    let cases = [
        ("struct A;", "needs a name: `#[event(name = \"…\")]`"),
        ("#[event] struct A;", "expected"),
        ("#[event()] struct A;", "needs a name"),
        ("#[event(name)] struct A;", "expected `=`"),
        ("#[event(name = 5)] struct A;", "expected string literal"),
        (
            "#[event(nam = \"a\")] struct A;",
            "has `name = \"…\"` and `ack = Type`",
        ),
        (
            "#[event(name = \"a\", name = \"b\")] struct A;",
            "given twice",
        ),
        (
            "#[event(name = \"a\", ack = u8)] #[event(ack = u8)] struct A;",
            "given twice",
        ),
        (
            "#[event(name = \"connect\")] struct A;",
            "keeps the name `connect`",
        ),
        (
            "#[event(name = \"removeListener\")] struct A;",
            "keeps the name",
        ),
        (
            "#[event(name = \"a\")] union A { a: u8 }",
            "a struct or an enum",
        ),
        (
            "#[event(name = \"a\")] struct A(u8, u8, u8, u8, u8, u8, u8, u8, u8);",
            "at most 8 arguments",
        ),
        (
            "#[event(name = \"a\", ack = (u8, u8, u8, u8, u8, u8, u8, u8, u8))] struct A;",
            "at most 8 values",
        ),
        (
            "#[event(name = \"a\")] struct A(u8, #[serde(default)] u8);",
            "an argument of its own",
        ),
        (
            "#[event(name = \"a\")] struct A(#[ts(type = \"string\")] u8);",
            "an argument of its own",
        ),
    ];
    for (text, expected) in cases {
        let said = refusal(text);
        assert!(said.contains(expected), "{text}: {said}");
    }
}

#[test]
fn other_attributes_do_not_matter() {
    for text in [
        "#[serde(tag = \"kind\")] #[event(name = \"a\")] enum A { B, C }",
        "#[event(name = \"a\")] struct A { #[serde(default)] a: u8 }",
        "#[event(name = \"a\")] struct A(#[doc = \"The first.\"] u8);",
    ] {
        let input: DeriveInput = syn::parse_str(text).unwrap();
        assert!(event(&input).is_ok(), "{text}");
    }
}
