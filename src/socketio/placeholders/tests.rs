//! Tests of `socketio::placeholders`.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn places(json: &str, attachments: usize) -> Result<Vec<(&str, Content)>, PlaceholderError> {
    let spans = find(json, attachments)?;
    Ok(spans
        .iter()
        .map(|span| (&json[span.start..span.end], span.content))
        .collect())
}

#[test]
fn placeholders_are_found_with_what_surrounds_them() {
    use Content::{Array, Attachment, Object};
    let canonical = r#"{"_placeholder":true,"num":0}"#;
    let event = format!(r#"["a",{canonical}]"#);
    assert_eq!(
        places(&event, 1),
        Ok(vec![(&*event, Array), (canonical, Attachment(0))])
    );

    let map = format!(r#"{{"x":1,"y":{canonical}}}"#);
    let event = format!(r#"["a", [1,[2]], {map} , {canonical}, {{"z":{{}}}}]"#);
    assert_eq!(
        places(&event, 1),
        Ok(vec![
            (&*event, Array),
            (&*map, Object),
            (canonical, Attachment(0)),
            (canonical, Attachment(0)),
        ])
    );
}

#[test]
fn any_object_with_a_true_placeholder_member_is_one() {
    for placeholder in [
        r#"{"num":1,"_placeholder":true}"#,
        r#"{ "_placeholder" : true , "num" : 1 }"#,
        r#"{"a":[{"b":"}"}],"_placeholder":true,"num":1,"c":"\""}"#,
        r#"{"\u005fplaceholder":true,"n\u0075m":1}"#,
        r#"{"_placeholder":true,"num":1.0}"#,
        r#"{"_placeholder":true,"num":10e-1}"#,
        // Of equal names the last one counts.
        r#"{"_placeholder":false,"num":7,"_placeholder":true,"num":1}"#,
        r#"{"_placeholder":true,"num":1,"x":{"_placeholder":true,"num":0}}"#,
    ] {
        let event = format!(r#"["a",{placeholder}]"#);
        let found = places(&event, 2).unwrap();
        assert_eq!(
            found[1..],
            [(placeholder, Content::Attachment(1))],
            "{placeholder}"
        );
    }
}

#[test]
fn what_only_looks_like_a_placeholder_is_left_alone() {
    for other in [
        r#"{"_placeholder":false,"num":0}"#,
        r#"{"_placeholder":1,"num":0}"#,
        r#"{"_placeholder":"true","num":0}"#,
        r#"{"_placeholder":[true],"num":9}"#,
        r#"{"_placeholder":true,"_placeholder":null,"num":9}"#,
        r#"{"num":9}"#,
        r#"["_placeholder",true]"#,
        r#"{"x":"_placeholder","y":true}"#,
        r#""{\"_placeholder\":true,\"num\":9}""#,
    ] {
        assert_eq!(
            places(&format!(r#"["a",{other}]"#), 1),
            Ok(vec![]),
            "{other}"
        );
    }
}

#[test]
fn a_placeholder_without_its_attachment_is_refused() {
    for num in [
        "2", "-1", "0.5", "1.5", "1e9", "\"0\"", "null", "true", "[0]", "{}", "1e999",
    ] {
        let event = format!(r#"["a",[{{"_placeholder":true,"num":{num}}}]]"#);
        let error = PlaceholderError::NoSuchAttachment { attachments: 2 };
        assert_eq!(find(&event, 2), Err(error), "{num}");
    }
    let error = PlaceholderError::NoSuchAttachment { attachments: 1 };
    assert_eq!(find(r#"["a",{"_placeholder":true}]"#, 1), Err(error));
}

#[test]
fn a_placeholder_may_be_deep_but_not_deeper() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{open}{{"_placeholder":true,"num":0}}{close}"#)
    };
    assert_eq!(find(&nested(MAX_DEPTH - 1), 1).unwrap().len(), MAX_DEPTH);
    assert_eq!(find(&nested(MAX_DEPTH), 1), Err(PlaceholderError::TooDeep));
    assert_eq!(find(&nested(100_000), 1), Err(PlaceholderError::TooDeep));
    // What lies below the deepest placeholder that counts does not change it.
    let (open, close) = ("[".repeat(MAX_DEPTH - 1), "]".repeat(MAX_DEPTH - 1));
    let below = r#"{"_placeholder":true,"num":0,"x":{"_placeholder":false,"num":9}}"#;
    let found = find(&format!("{open}{below}{close}"), 1).unwrap();
    assert_eq!(found.last().unwrap().content, Content::Attachment(0));
    // Depth alone is no violation.
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let event = format!(r#"["a",{deep},{{"_placeholder":true,"num":0}}]"#);
    assert_eq!(find(&event, 1).unwrap().len(), 2);
}

/// The twin: the attachments in the order of the text, found in a tree.
fn find_in_tree(value: &Value, attachments: u64) -> Result<Vec<u64>, ()> {
    let mut found = Vec::new();
    match value {
        Value::Array(elements) => {
            for element in elements {
                found.extend(find_in_tree(element, attachments)?);
            }
        }
        Value::Object(members) => {
            for member in members.values() {
                found.extend(find_in_tree(member, attachments)?);
            }
            if members.get("_placeholder") == Some(&Value::Bool(true)) {
                let num = members.get("num").and_then(Value::as_u64);
                found = vec![num.filter(|&num| num < attachments).ok_or(())?];
            }
        }
        _ => {}
    }
    Ok(found)
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(5),
        json!("_placeholder"),
        json!("]},:\""),
    ]);
    let key = prop::sample::select(vec!["_placeholder", "num", "a", "z{\""]);
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            }),
            (0..3_u64).prop_map(|num| json!({"_placeholder": true, "num": num})),
        ]
    })
}

proptest! {
    #[test]
    fn the_scan_agrees_with_a_tree(value in tree(), pretty: bool) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let found = find(&text, 3).map_err(|_| ()).map(|spans| {
            let num = |span: &Span| match span.content {
                Content::Attachment(num) => Some(num as u64),
                Content::Array | Content::Object => None,
            };
            spans.iter().filter_map(num).collect::<Vec<_>>()
        });
        prop_assert_eq!(found, find_in_tree(&value, 3));
    }

    #[test]
    fn any_text_at_all_is_survived(text in r#"([\[\]{}:,"\\ a0]|true|"_placeholder"|"num"|é)*"#) {
        // Only valid JSON is ever scanned; this is about mistakes of ours. The outcome is open.
        let _ = find(&text, 1);
    }
}
