//! What is missing, and how what does not fit is named.

use super::*;

#[test]
fn what_is_missing_counts_as_null() {
    let args = received(r#"["e"]"#, &[]);
    assert_eq!(args.to(), Ok((None::<u8>, Value::Null, ())));
    // Who has to tell the two apart can.
    assert_eq!(args.to(), Ok(All::<Value>(vec![])));
}

#[test]
fn a_mismatch_names_the_argument() {
    #[derive(Deserialize, Debug)]
    #[serde(untagged)]
    enum Either {
        Number(u8),
        Flag(bool),
    }
    type Two = (String, u32);
    let told = |args: Args| args.to::<Two>().unwrap_err().to_string();
    let [either, one] = [r#"["e","a"]"#, r#"["e",{"a":[1,2]}]"#].map(|json| received(json, &[]));
    assert!(matches!(
        received(r#"["e",true]"#, &[]).to(),
        Ok((Either::Flag(true),))
    ));
    assert!(matches!(
        received(r#"["e",1]"#, &[]).to(),
        Ok((Either::Number(1),))
    ));
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let attached = |json: &str| received(&json.replace('_', placeholder), &[b"x"]);
    for (told, message) in [
        (
            told(received(r#"["e","a"]"#, &[])),
            "argument 2 is missing: expected u32",
        ),
        (
            told(received(r#"["e"]"#, &[])),
            "argument 1 is missing: expected a string",
        ),
        (
            told(received(r#"["e","a",null]"#, &[])),
            "argument 2: invalid type: null, expected u32",
        ),
        (
            told(received(r#"["e","a",-1]"#, &[])),
            "argument 2: invalid value: integer `-1`, expected u32",
        ),
        (
            told(attached(r#"["e","a",_]"#)),
            "argument 2: invalid type: byte array, expected u32",
        ),
        (
            told(attached(r#"["e",_]"#)),
            "argument 1: invalid type: byte array, expected a string",
        ),
        (
            attached(r#"["e",_]"#)
                .to::<(Binary, u8)>()
                .unwrap_err()
                .to_string(),
            "argument 2 is missing: expected u8",
        ),
        (
            either.to::<(String, Either)>().unwrap_err().to_string(),
            "argument 2 is missing",
        ),
        (
            one.to::<(BTreeMap<String, [u8; 3]>,)>()
                .unwrap_err()
                .to_string(),
            "argument 1: invalid length 2, expected an array of length 3",
        ),
    ] {
        assert_eq!(told, format!("the arguments do not fit: {message}"));
    }
}
