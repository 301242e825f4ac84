//! Tests of `kind`.

use super::*;

fn text(text: &str) -> Raw {
    Raw::Text(text.to_owned())
}

fn bare(text: &str) -> Raw {
    Raw::Bare(text.to_owned())
}

#[test]
fn switches_times_sizes_and_counts_are_read_within_their_bounds() {
    let seconds = |seconds| Some(Value::Duration(Duration::from_secs(seconds)));
    let size = Kind::Bytes { least: 1024 };
    let count = Kind::Count { least: 2, most: 9 };
    let rows = [
        (Kind::Switch, text("true"), Some(Value::Switch(true))),
        (Kind::Switch, text("ON"), Some(Value::Switch(true))),
        (Kind::Switch, bare("false"), Some(Value::Switch(false))),
        (Kind::Switch, text("0"), Some(Value::Switch(false))),
        (Kind::Switch, text("maybe"), None),
        (Kind::duration(), text("25s"), seconds(25)),
        (Kind::duration(), text("1m 30s"), seconds(90)),
        (Kind::duration(), text("0s"), seconds(0)),
        (Kind::duration(), text("365d"), seconds(365 * 86_400)),
        (Kind::duration(), text("25"), None),
        (Kind::duration(), bare("25"), None),
        (Kind::duration(), text(""), None),
        (Kind::duration(), text("-1s"), None),
        (Kind::duration(), text("366d"), None),
        (
            Kind::duration(),
            text("18446744073709551615s1000000us"),
            None,
        ),
        (Kind::some_time(), text("0s"), None),
        (
            Kind::some_time(),
            text("1ms"),
            Some(Value::Duration(Duration::from_millis(1))),
        ),
        (size, text("1MB"), Some(Value::Number(1_000_000))),
        (size, text("1 MiB"), Some(Value::Number(1 << 20))),
        (size, text("1.5kB"), Some(Value::Number(1500))),
        (size, text("2048"), Some(Value::Number(2048))),
        (size, bare("2048"), Some(Value::Number(2048))),
        (size, text("1023"), None),
        (size, text("2TiB"), None),
        (size, text("99999999999999999999999"), None),
        (size, text("big"), None),
        (size, bare("2048.5"), None),
        (count, text("2"), Some(Value::Number(2))),
        (count, bare("9"), Some(Value::Number(9))),
        (count, text("1"), None),
        (count, text("10"), None),
        (count, text("3 "), None),
        (count, bare("-3"), None),
        (count, bare("true"), None),
    ];
    for (kind, raw, expected) in rows {
        assert_eq!(kind.read(&raw), expected, "{kind:?} {raw:?}");
    }
}

#[test]
fn texts_are_read_from_texts_alone() {
    let words = Kind::Choice(&["lax", "strict"]);
    let list = Kind::List("a name");
    let items = |items: &[&str]| {
        Some(Value::List(
            items.iter().map(|item| (*item).to_owned()).collect(),
        ))
    };
    let rows = [
        (words, text("Lax"), Some(Value::Text("lax".to_owned()))),
        (words, text("none"), None),
        (words, bare("lax"), None),
        (
            Kind::Text("text"),
            text("a\nb"),
            Some(Value::Text("a\nb".to_owned())),
        ),
        (Kind::Text("text"), bare("7"), None),
        (Kind::Text("text"), Raw::List(vec![]), None),
        (list, text("a, b,,c"), items(&["a", "b", "c"])),
        (list, text(""), items(&[])),
        (list, Raw::List(vec!["a,b".to_owned()]), items(&["a,b"])),
        (list, bare("7"), None),
    ];
    for (kind, raw, expected) in rows {
        assert_eq!(kind.read(&raw), expected, "{kind:?} {raw:?}");
    }
}

#[test]
fn what_is_written_down_is_read_again() {
    let rows = [
        (Kind::Switch, Value::Switch(true), "true"),
        (
            Kind::duration(),
            Value::Duration(Duration::from_millis(1500)),
            r#""1s 500ms""#,
        ),
        (Kind::duration(), Value::Duration(Duration::ZERO), r#""0s""#),
        (
            Kind::duration(),
            Value::Duration(LONGEST - Duration::from_millis(1)),
            r#""31535999999ms""#,
        ),
        (
            Kind::duration(),
            Value::Duration(LONGEST - Duration::from_nanos(1)),
            r#""31535999999999999ns""#,
        ),
        (Kind::Bytes { least: 0 }, Value::Number(0), "0"),
        (
            Kind::Bytes { least: 0 },
            Value::Number(1_000_000),
            r#""1MB""#,
        ),
        (
            Kind::Bytes { least: 0 },
            Value::Number(65_536),
            r#""64KiB""#,
        ),
        (
            Kind::Bytes { least: 0 },
            Value::Number(1_000_001),
            "1000001",
        ),
        (
            Kind::Bytes { least: 0 },
            Value::Number(LARGEST),
            r#""1024GiB""#,
        ),
        (Kind::at_least(0), Value::Number(65_536), "65536"),
        (
            Kind::Text("text"),
            Value::Text("say \"hi\"\n\tto C:\\ \u{1}\u{7f} ä🦀".to_owned()),
            r#""say \"hi\"\n\tto C:\\ \u0001\u007F ä🦀""#,
        ),
        (
            Kind::List("a name"),
            Value::List(vec!["a".to_owned(), "b,c".to_owned()]),
            r#"["a", "b,c"]"#,
        ),
        (Kind::List("a name"), Value::List(Vec::new()), "[]"),
    ];
    for (kind, value, expected) in rows {
        let written = kind.toml(&value);
        assert_eq!(written, expected);
        let table: toml::Table = format!("x = {written}").parse().unwrap();
        let raw = match &table["x"] {
            toml::Value::String(read) => text(read),
            toml::Value::Array(items) => {
                let items = items.iter().map(|item| item.as_str().unwrap().to_owned());
                Raw::List(items.collect())
            }
            other => bare(&other.to_string()),
        };
        assert_eq!(kind.read(&raw), Some(value), "{written}");
    }
}

#[test]
fn what_is_expected_is_said_with_its_bounds() {
    let rows = [
        (Kind::Switch, "true or false"),
        (
            Kind::Count {
                least: 0,
                most: 65_535,
            },
            "a number from 0 to 65535",
        ),
        (Kind::Choice(&["a", "b", "c"]), "a, b or c"),
        (Kind::Bytes { least: 1024 }, "from 1KiB up to 1024GiB"),
        (Kind::some_time(), "from 1ms up to 365d"),
        (Kind::Text("a path"), "a path"),
    ];
    for (kind, expected) in rows {
        assert!(kind.expected().contains(expected), "{}", kind.expected());
    }
}
