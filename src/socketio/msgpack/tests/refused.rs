//! Messages that are no packets, and limits.

use super::*;

/// Messages, and what is said of them.
const REFUSED: &[(&str, &str)] = &[
    ("", "ends within"),
    ("c0", "a map"),
    ("93 02 00 01", "a map"),
    ("80", "without a type"),
    ("81 a474797065 02", "without a namespace"),
    ("82 a474797065 05 a36e7370 a12f", "from 0 to 4"),
    ("82 a474797065 ff a36e7370 a12f", "from 0 to 4"),
    ("82 a474797065 a132 a36e7370 a12f", "from 0 to 4"),
    ("82 a474797065 c0 a36e7370 a12f", "from 0 to 4"),
    ("82 a474797065 01 a36e7370 c0", "not a text"),
    ("82 a474797065 01 a36e7370 c4012f", "not a text"),
    ("82 a474797065 01 a36e7370 a12f 00", "1 bytes behind"),
    (
        "83 a474797065 01 a464617461 c0 a36e7370 a12f",
        "does not fit",
    ),
    (
        "83 a474797065 00 a464617461 c0 a36e7370 a12f",
        "does not fit",
    ),
    (
        "83 a474797065 00 a464617461 90 a36e7370 a12f",
        "does not fit",
    ),
    (
        "83 a474797065 00 a464617461 c400 a36e7370 a12f",
        "does not fit",
    ),
    ("82 a474797065 02 a36e7370 a12f", "does not fit"),
    (
        "83 a474797065 02 a464617461 80 a36e7370 a12f",
        "does not fit",
    ),
    (
        "83 a474797065 03 a464617461 c0 a36e7370 a12f",
        "does not fit",
    ),
    (
        "83 a474797065 03 a464617461 c400 a36e7370 a12f",
        "does not fit",
    ),
    (
        "83 a474797065 04 a464617461 01 a36e7370 a12f",
        "does not fit",
    ),
    ("82 a474797065 04 a36e7370 a12f", "does not fit"),
    ("83 a474797065 02 a464617461 92 a165 c1 a36e7370 a12f", "c1"),
    (
        "83 a474797065 02 a464617461 92 a165 81 90 01 a36e7370 a12f",
        "no text",
    ),
    (
        "83 a474797065 02 a464617461 92 a165 81 c40161 01 a36e7370 a12f",
        "no text",
    ),
    // Numbers that announce what is not there.
    ("df ffffffff", "ends within"),
    ("df ffffffff a178", "ends within"),
    ("81 a178 dd ffffffff", "ends within"),
    ("81 a178 df ffffffff dd ffffffff", "ends within"),
    ("81 a464617461 dd ffffffff", "ends within"),
    ("81 a464617461 df ffffffff", "ends within"),
    ("81 a464617461 db ffffffff 61", "ends within"),
    ("81 a464617461 c6 ffffffff 61", "ends within"),
    ("81 a464617461 c9 ffffffff 00", "ends within"),
    ("81 a464617461 cf 00", "ends within"),
    ("81 a464617461 d8 00 00", "ends within"),
];

#[test]
fn what_is_no_packet_is_refused() {
    for &(row, reason) in REFUSED {
        let refused = decode(bytes(row)).expect_err(row);
        assert!(refused.contains(reason), "{row}: {refused}");
    }
    let text = MsgpackParser
        .decoder()
        .decode(Frame::from("2[\"x\"]"), &Limits::default());
    assert!(text.unwrap_err().to_string().contains("text"));
}

#[test]
fn every_prefix_of_a_packet_is_refused() {
    let whole = event(
        "94 a165 82 a161 c403010203 a162 cb3ff8000000000000 92 d70000000000000000ff c70205 0102 cd0102",
    );
    decode(whole.clone()).unwrap();
    for length in 0..whole.len() {
        decode(whole[..length].to_vec()).unwrap_err();
    }
}

#[test]
fn nesting_and_binary_values_are_bounded() {
    let nested = |depth: usize| event(&format!("92 a165 {} c0", "91".repeat(depth - 1)));
    // The array of arguments counts.
    assert!(decode(nested(128)).is_ok());
    assert!(decode(nested(129)).unwrap_err().contains("128 deep"));
    assert!(decode(nested(500_000)).is_err());
    // What is passed over may be as deep as it likes: it takes no memory.
    let ignored = format!(
        "83 a474797065 01 a36e7370 a12f a178 {} c0",
        "91".repeat(500_000)
    );
    assert!(decode(bytes(&ignored)).is_ok());

    let limits = Limits {
        max_bytes: 1_000,
        ..Limits::default()
    };
    let bins = |count: usize| {
        let message = event(&format!(
            "dc {:04x} a165 {}",
            count + 1,
            "c400".repeat(count)
        ));
        MsgpackParser
            .decoder()
            .decode(Frame::Binary(message.into()), &limits)
    };
    assert_eq!(bins(6).unwrap().unwrap().attachments.len(), 6);
    assert!(
        bins(7).is_err(),
        "an empty one weighs 128 bytes and its placeholder"
    );
}
