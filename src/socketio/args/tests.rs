//! Tests of `socketio::args`.

mod misfits;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::socketio::{Binary, EncodeError};

/// Arguments as they arrive behind the event name `"e"`.
fn received(json: &str, attachments: &[&'static [u8]]) -> Args {
    let attachments = attachments
        .iter()
        .map(|part| Bytes::from_static(part))
        .collect::<Vec<_>>();
    Args::new(json.into(), 4, attachments).unwrap()
}

fn binary(bytes: &'static [u8]) -> Binary {
    Binary(Bytes::from_static(bytes))
}

fn encoded(values: &(impl IntoArgs + ?Sized)) -> String {
    Args::from_values(values).unwrap().json().to_owned()
}

#[test]
fn arguments_are_read_as_tuples() {
    let args = received(r#"["e", 1 ,"two",[3]] "#, &[]);
    assert_eq!(args.to(), Ok(()));
    assert_eq!(args.to(), Ok((1,)));
    assert_eq!(args.to(), Ok((1, "two".to_owned(), vec![3])));
    assert_eq!(args.to(), Ok((1, "two".to_owned(), [3], None::<i32>)));
    assert_eq!(args.to(), Ok(All(vec![json!(1), json!("two"), json!([3])])));
    let (first, second): (Box<RawValue>, Box<RawValue>) = args.to().unwrap();
    assert_eq!((first.get(), second.get()), ("1", r#""two""#));
    let eight = received(r#"["e",1,2,3,4,5,6,7,8,9]"#, &[]);
    assert_eq!(eight.to(), Ok((1, 2, 3, 4, 5, 6, 7, 8)));
    assert_eq!(received(r#"["e"]"#, &[]).to(), Ok(All::<Value>(vec![])));
}

#[test]
fn what_does_not_fit_is_a_mismatch() {
    let args = received(r#"["e",1,"\ud800",1e400]"#, &[]);
    let mismatch = |outcome: Result<(), ArgsError>| {
        assert!(
            matches!(outcome, Err(ArgsError::Mismatch(_))),
            "{outcome:?}"
        );
    };
    mismatch(args.to::<(String,)>().map(drop));
    mismatch(args.to::<(u8, String)>().map(drop));
    mismatch(args.to::<(u8, Option<bool>, f64)>().map(drop));
    mismatch(args.to::<All<Value>>().map(drop));
    mismatch(received(r#"["e"]"#, &[]).to::<(u8,)>().map(drop));
    let deep = format!(r#"["e",{}{}]"#, "[".repeat(10_000), "]".repeat(10_000));
    mismatch(received(&deep, &[]).to::<(Value,)>().map(drop));
    assert_eq!(received(&deep, &[]).to(), Ok(()));
    assert_eq!(received(&deep, &[]).check(), Ok(()));
}

#[test]
fn text_that_is_not_json_is_noticed_wherever_it_is() {
    for json in [
        r#"["e",1"#,
        r#"["e",1,]"#,
        r#"["e",1]]"#,
        r#"["e",1] x"#,
        r#"["e",1,{"a":}]"#,
        r#"["e",1,nul]"#,
        r#"["e",1,"\x"]"#,
        r#"["e",1,"#,
    ] {
        let args = received(json, &[]);
        let is_syntax = |outcome: Result<(), ArgsError>| {
            assert!(
                matches!(outcome, Err(ArgsError::Syntax(_))),
                "{json}: {outcome:?}"
            );
        };
        is_syntax(args.check());
        is_syntax(args.to::<()>());
        is_syntax(args.to::<(u8,)>().map(drop));
        is_syntax(args.to::<(String,)>().map(drop));
        is_syntax(args.to::<All<Value>>().map(drop));
    }
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Everything {
    number: i64,
    bytes: Binary,
    maybe: Option<Binary>,
    list: Vec<Binary>,
    by_name: BTreeMap<String, Binary>,
    by_number: BTreeMap<u32, (Binary, u8)>,
    variants: Vec<Variant>,
    wrapped: Wrapped,
    untagged: Vec<Untagged>,
    tagged: Vec<Tagged>,
    #[serde(flatten)]
    more: More,
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
enum Variant {
    Nothing,
    Bytes(Binary),
    Pair(u8, Binary),
    Named { text: String, bytes: Binary },
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Wrapped(Option<Vec<Binary>>);

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(untagged)]
enum Untagged {
    Bytes(Binary),
    Number(i64),
    Named { inner: Binary },
    Text(String),
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(tag = "kind")]
enum Tagged {
    File { content: Binary },
    Empty,
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct More {
    extra: Binary,
    text: String,
}

fn bytes() -> impl Strategy<Value = Binary> {
    prop::collection::vec(any::<u8>(), 0..5).prop_map(Binary::from)
}

fn variant() -> impl Strategy<Value = Variant> {
    prop_oneof![
        Just(Variant::Nothing),
        bytes().prop_map(Variant::Bytes),
        (any::<u8>(), bytes()).prop_map(|(a, b)| Variant::Pair(a, b)),
        (any::<String>(), bytes()).prop_map(|(text, bytes)| Variant::Named { text, bytes }),
    ]
}

fn untagged() -> impl Strategy<Value = Untagged> {
    prop_oneof![
        bytes().prop_map(Untagged::Bytes),
        any::<i64>().prop_map(Untagged::Number),
        bytes().prop_map(|inner| Untagged::Named { inner }),
        any::<String>().prop_map(Untagged::Text),
    ]
}

fn tagged() -> impl Strategy<Value = Tagged> {
    prop_oneof![
        bytes().prop_map(|content| Tagged::File { content }),
        Just(Tagged::Empty)
    ]
}

prop_compose! {
    fn everything()(
        number: i64,
        parts in (bytes(), prop::option::of(bytes()), bytes()),
        list in prop::collection::vec(bytes(), 0..3),
        by_name in prop::collection::btree_map(any::<String>(), bytes(), 0..3),
        by_number in prop::collection::btree_map(any::<u32>(), (bytes(), any::<u8>()), 0..3),
        variants in prop::collection::vec(variant(), 0..3),
        wrapped in prop::option::of(prop::collection::vec(bytes(), 0..2)).prop_map(Wrapped),
        untagged in prop::collection::vec(untagged(), 0..3),
        tagged in prop::collection::vec(tagged(), 0..3),
        text: String,
    ) -> Everything {
        let (bytes, maybe, extra) = parts;
        let more = More { extra, text };
        Everything {
            number, bytes, maybe, list, by_name, by_number, variants, wrapped, untagged, tagged,
            more,
        }
    }
}

proptest! {
    #[test]
    fn texts_are_written_as_serde_json_writes_them(
        text in "([ -~]|[\\x00-\\xff]|\"|\\\\|.){0,40}",
        plain in "[ a-z]{0,40}",
        at in 0..40_usize,
        byte in 0..128_u8,
    ) {
        same_as_serde_json(&text);
        same_as_serde_json(&BTreeMap::from([(&text, &text)]));
        let mut one_odd = plain.into_bytes();
        if let Some(odd) = one_odd.get_mut(at) {
            *odd = byte;
        }
        same_as_serde_json(&String::from_utf8(one_odd).unwrap());
    }

    /// What is read argument by argument is what reading the whole array gives.
    #[test]
    fn arguments_are_those_of_the_whole_array(
        rest in prop::collection::vec(
            prop::sample::select(vec![
                ",", ",", "]", "]", "[", "{", "}", "\"a\"", ":", "1", "-0.5", "1e5", "null", "true", " ",
                "\n", "\"\\u00e4\"", "\"", "x", "{\"a\":[1]}",
            ]),
            0..9,
        ),
        closed: bool,
    ) {
        let end = if closed { "]" } else { "" };
        let json = format!("[\"e\"{}{end}", rest.concat());
        let whole = serde_json::from_str::<Vec<Value>>(&json);
        let args = received(&json, &[]);
        let values = whole.as_ref().map(|values| All(values[1..].to_vec()));
        prop_assert_eq!(args.to().ok(), values.ok(), "{}", json);
        prop_assert_eq!(args.to::<()>().is_ok(), whole.is_ok(), "{}", json);
        let first = whole.ok().map(|mut values| (values.drain(1..).next(),));
        prop_assert_eq!(args.to::<(Option<Value>,)>().ok(), first.map(|(value,)| (value.filter(|value| !value.is_null()),)), "{}", json);
    }

    #[test]
    fn values_survive_the_way_out_and_in(value in everything(), text: String, number: f64) {
        let values = (text, value, number, None::<u8>);
        let args = Args::from_values(&values).unwrap();
        prop_assert_eq!(args.check(), Ok(()));
        prop_assert_eq!(args.to(), Ok(values.clone()));
        prop_assert_eq!(args.detach().to(), Ok(values));
    }

    #[test]
    fn arguments_pass_through_unchanged(value in everything(), name: String) {
        let args = Args::from_values(&(1, &value)).unwrap();
        let mut writer = ArgsWriter::named(String::new(), &name);
        let start = writer.len();
        args.write_args(&mut writer).unwrap();
        let (json, attachments) = writer.finish();
        let event = Args::new(json.into(), start, attachments).unwrap();
        prop_assert_eq!(event.to(), Ok((1, value)));
        let back = Args::from_values(&event).unwrap();
        prop_assert_eq!(back.json(), args.json());
        prop_assert_eq!(back.attachments(), args.attachments());
    }
}

#[test]
fn attachments_stand_where_their_placeholders_are() {
    let args = received(
        r#"["e", {"num":1, "_placeholder":true}, {"a":{"_placeholder":true,"num":0}} ,
            {"_placeholder":true,"num":1}]"#,
        &[b"zero", b"one", b"nobody asks for it"],
    );
    let zero = BTreeMap::from([("a".to_owned(), binary(b"zero"))]);
    assert_eq!(
        args.to(),
        Ok((binary(b"one"), zero.clone(), binary(b"one")))
    );
    assert_eq!(args.to(), Ok((b"one".to_vec(), Some(zero))));
    assert_eq!(args.to(), Ok((binary(b"one"),)));
    assert_eq!(args.to(), Ok(()));
}

#[test]
fn bytes_and_texts_are_told_apart() {
    let args = received(r#"["e",{"_placeholder":true,"num":0},"text"]"#, &[b"text"]);
    assert!(matches!(
        args.to::<(String,)>(),
        Err(ArgsError::Mismatch(_))
    ));
    assert!(matches!(args.to::<(Value,)>(), Err(ArgsError::Mismatch(_))));
    assert!(matches!(
        args.to::<(Binary, Binary)>(),
        Err(ArgsError::Mismatch(_))
    ));
    assert!(matches!(args.to::<(u8,)>(), Err(ArgsError::Mismatch(_))));
    assert_eq!(args.to(), Ok((binary(b"text"), "text".to_owned())));
}

#[test]
fn without_attachments_a_placeholder_is_an_ordinary_object() {
    let args = received(r#"["e",{"_placeholder":true,"num":0}]"#, &[]);
    assert_eq!(args.to(), Ok((json!({"_placeholder": true, "num": 0}),)));
}

#[test]
fn containers_around_attachments_are_read_to_their_end() {
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let args = received(&format!(r#"["e",[{placeholder},1,2],3]"#), &[b"x"]);
    assert!(matches!(
        args.to::<((Binary, u8), u8)>(),
        Err(ArgsError::Mismatch(_))
    ));
    assert_eq!(args.to(), Ok(((binary(b"x"), 1, 2), 3)));
    let args = received(
        &format!(r#"["e",{{"Pair":[1,{placeholder}],"Nothing":null}}]"#),
        &[b"x"],
    );
    assert!(matches!(
        args.to::<(Variant,)>(),
        Err(ArgsError::Mismatch(_))
    ));
    let args = received(&format!(r#"["e",{{"Nothing":{placeholder}}}]"#), &[b"x"]);
    assert!(matches!(
        args.to::<(Variant,)>(),
        Err(ArgsError::Mismatch(_))
    ));
}

#[test]
fn the_deepest_placeholder_can_be_read() {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Tree {
        List(Vec<Tree>),
        Bytes(Binary),
    }
    fn depth(tree: &Tree) -> usize {
        match tree {
            Tree::List(list) => 1 + depth(&list[0]),
            Tree::Bytes(bytes) => bytes.0.len(),
        }
    }
    let (open, close) = ("[".repeat(126), "]".repeat(126));
    let json = format!(r#"["e",{open}{{"_placeholder":true,"num":0}}{close}]"#);
    let (tree,) = received(&json, &[b"xyz"]).to::<(Tree,)>().unwrap();
    assert_eq!(depth(&tree), 129);
}

#[test]
fn a_tuple_is_several_arguments_and_unit_is_none() {
    #[derive(Serialize)]
    struct Point(u8, u8);
    assert_eq!(encoded(&()), "[]");
    assert_eq!(encoded(&(1,)), "[1]");
    assert_eq!(encoded(&(1, "b", ())), r#"[1,"b",null]"#);
    assert_eq!(encoded(&((1, 2), 3)), "[[1,2],3]");
    assert_eq!(encoded(&vec![1, 2]), "[[1,2]]");
    assert_eq!(encoded(&[1, 2][..]), "[[1,2]]");
    assert_eq!(encoded(&[1, 2]), "[1,2]");
    assert_eq!(encoded("text"), r#"["text"]"#);
    assert_eq!(encoded(&Some((1, 2))), "[[1,2]]");
    assert_eq!(encoded(&None::<u8>), "[null]");
    assert_eq!(encoded(&Point(1, 2)), "[[1,2]]");
    assert_eq!(encoded(&json!({"a": [1]})), r#"[{"a":[1]}]"#);
    assert_eq!(encoded(&Variant::Nothing), r#"["Nothing"]"#);
    assert_eq!(
        encoded(&RawValue::from_string("[ 1 ]".into()).unwrap()),
        "[[ 1 ]]"
    );
    assert_eq!(encoded(&binary(b"x")), r#"[{"_placeholder":true,"num":0}]"#);
}

/// What `serde_json` writes of one argument is what we write, in whatever form it comes.
fn same_as_serde_json(value: &(impl Serialize + ?Sized)) {
    let theirs = serde_json::to_string(value).unwrap();
    assert_eq!(encoded(&(value,)), format!("[{theirs}]"));
}

#[test]
fn values_are_written_as_serde_json_writes_them() {
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Pair(u8, char);
    #[derive(Serialize)]
    struct New(Option<f32>);
    #[derive(Serialize)]
    struct Named<'a> {
        a: &'a str,
        #[serde(rename = "quo\"te")]
        b: Box<RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        c: Option<u8>,
    }
    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    enum Key {
        One,
    }
    #[derive(Serialize)]
    enum Kind {
        Unit,
        New(i8),
        Pair(u8, (), bool),
        Named { a: [u8; 0], b: Vec<u8> },
    }
    same_as_serde_json(&(
        Unit,
        Pair(1, '"'),
        New(None),
        New(Some(0.1)),
        f64::NAN,
        -0.0,
    ));
    same_as_serde_json(&[Kind::Unit, Kind::New(-8)]);
    same_as_serde_json(&Kind::Pair(1, (), true));
    same_as_serde_json(&Kind::Named {
        a: [],
        b: vec![1, 2],
    });
    let b = RawValue::from_string(" {\"a\" :[ 1 ] } ".trim().to_owned()).unwrap();
    same_as_serde_json(&Named { a: "", b, c: None });
    same_as_serde_json(&(i128::MIN, u128::MAX, 1e300, 1e-7_f32, 123_456_789.125));
    same_as_serde_json(&BTreeMap::from([(1, "one"), (2, "two")]));
    same_as_serde_json(&BTreeMap::from([(true, 1), (false, 2)]));
    same_as_serde_json(&BTreeMap::from([('"', ()), ('b', ())]));
    same_as_serde_json(&BTreeMap::from([(Key::One, BTreeMap::<String, ()>::new())]));
    same_as_serde_json(&BTreeMap::from([(Some("some"), 1)]));
    same_as_serde_json(&std::net::Ipv4Addr::LOCALHOST);
    same_as_serde_json(&format_args!("{}\"{}", 1, "\n"));
    same_as_serde_json(&json!({"a": [null, true, -1, 1.5, "x", {"y": {}}], "b": u64::MAX}));
}

#[test]
fn every_character_that_is_escaped_is_escaped_as_by_serde_json() {
    for letter in '\0'..='\u{ff}' {
        // Alone, and behind a block of letters that need none.
        same_as_serde_json(&letter.to_string());
        same_as_serde_json(&format!("{}é{letter}{letter} {letter}", "x".repeat(70)));
    }
}

#[test]
fn what_json_lacks_becomes_null_or_an_error() {
    assert_eq!(
        encoded(&(f64::NAN, f64::INFINITY, 1.5, 1e21)),
        "[null,null,1.5,1e+21]"
    );
    let error = Args::from_values(&BTreeMap::from([((), 1)])).unwrap_err();
    assert!(matches!(error, EncodeError::Serialize(_)), "{error:?}");
}

#[test]
fn received_arguments_pass_through_without_their_name() {
    for (json, inner) in [
        (r#"["e"]"#, "[]"),
        (r#"["e" ] "#, "[]"),
        (r#"["e",1,[2]]"#, "[1,[2]]"),
        (r#"["e" , 1 ,[2] ] "#, "[1 ,[2]]"),
    ] {
        let args = received(json, &[]);
        assert_eq!(encoded(&args), inner, "{json}");
        let mut writer = ArgsWriter::named(String::new(), "f");
        args.write_args(&mut writer).unwrap();
        let comma = if inner == "[]" { "" } else { "," };
        assert_eq!(
            writer.finish().0,
            format!("[\"f\"{comma}{}", &inner[1..]),
            "{json}"
        );
    }
}

#[test]
fn attachments_pass_through_as_if_they_had_been_written_here() {
    let one = r#"{"_placeholder":true,"num":0}"#;
    let two = r#"{"_placeholder":true,"num":1}"#;
    let rows: [(String, &[&'static [u8]], String, &[&[u8]]); 5] = [
        (
            format!(r#"["e",{one},{two}]"#),
            &[b"a", b"b"],
            format!("[{one},{two}]"),
            &[b"a", b"b"],
        ),
        (
            format!(r#"["e",{two},{one}]"#),
            &[b"a", b"b"],
            format!("[{one},{two}]"),
            &[b"b", b"a"],
        ),
        (
            format!(r#"["e",{one},{one}]"#),
            &[b"a"],
            format!("[{one},{two}]"),
            &[b"a", b"a"],
        ),
        (
            r#"["e","x"]"#.to_owned(),
            &[b"a"],
            r#"["x"]"#.to_owned(),
            &[],
        ),
        (
            r#"["e",[{"num":0,"_placeholder":true,"more":1}, 2]]"#.to_owned(),
            &[b"a"],
            format!("[[{one}, 2]]"),
            &[b"a"],
        ),
    ];
    for (json, attachments, text, parts) in rows {
        let passed = Args::from_values(&received(&json, attachments)).unwrap();
        assert_eq!(passed.json(), text, "{json}");
        assert_eq!(passed.attachments(), parts, "{json}");
    }
}

#[test]
fn weight_counts_text_attachments_and_their_places() {
    assert_eq!(received(r#"["e",1]"#, &[]).weight(), 7);
    assert!(received(r#"["e",{"_placeholder":true,"num":0}]"#, &[b"12345"]).weight() > 34 + 5);
}
