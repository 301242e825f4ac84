//! Histories of a client that speaks revision 4.

use super::*;

fn old() -> Client {
    Client::of_revision(Arc::new(Config::default()), Revision::V4, at(0))
}

/// An old client that was let into `/`.
fn welcomed() -> Client {
    let mut client = old();
    assert_eq!(events(&mut client), ["connect / None"]);
    client.accept("/", &SocketId::new("sid"));
    assert_eq!(sent(&mut client), ["40"]);
    client
}

fn sent(client: &mut Client) -> Vec<String> {
    let frames = std::iter::from_fn(|| client.poll_send());
    frames
        .map(|frame| match frame {
            Frame::Text(text) => text.to_string(),
            Frame::Binary(bytes) => format!("{bytes:?}"),
        })
        .collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn the_main_namespace_is_joined_without_asking() {
    let mut client = welcomed();
    assert_eq!(client.poll_timeout(), None);
    assert_eq!(
        feed(&mut client, r#"2["x",1]"#),
        [r#"message / x [1] None"#]
    );
    let again = feed(&mut client, "0");
    assert_eq!(again, [r#"AlreadyJoined { namespace: "/" }"#]);
}

#[test]
fn a_namespace_is_asked_for_with_its_query() {
    let mut client = welcomed();
    assert_eq!(
        feed(&mut client, "0/custom?token=abc&x=1,"),
        [r#"connect /custom Some("{\"token\":\"abc\",\"x\":\"1\"}")"#]
    );
    client.accept("/custom", &SocketId::new("/custom#sid"));
    assert_eq!(sent(&mut client), ["40/custom,"]);
    for packet in [r#"2/custom?token=abc,["a"]"#, r#"2/custom,["a"]"#] {
        assert_eq!(feed(&mut client, packet), ["message /custom a [] None"]);
    }
    assert_eq!(
        feed(&mut client, r#"0/other,{"token":1}"#),
        ["connect /other None"]
    );
    assert_eq!(
        feed(&mut client, "1/custom,"),
        ["disconnect /custom /custom#sid client namespace disconnect"]
    );
    client.emit(&event("/", "b"), None, at(1)).unwrap();
    assert_eq!(sent(&mut client), [r#"42["b"]"#]);
}

#[test]
fn who_is_turned_away_from_the_main_namespace_stays() {
    let mut client = old();
    assert_eq!(events(&mut client), ["connect / None"]);
    client.refuse("/", &ConnectError::new("not authorized"));
    assert_eq!(sent(&mut client), [r#"44"not authorized""#]);
    assert_eq!(events(&mut client), NOTHING);
    assert_eq!(feed(&mut client, "0/random,"), ["connect /random None"]);
    client.refuse("/random", &ConnectError::invalid_namespace());
    assert_eq!(
        sent(&mut client),
        [r#"44/random,{"message":"Invalid namespace"}"#]
    );
    assert_eq!(client.poll_timeout(), Some(at(45)));
    assert_eq!(feed(&mut client, "0"), ["connect / None"]);
}

#[test]
fn a_long_query_is_no_long_name() {
    let mut client = welcomed();
    let query = "x".repeat(2_000);
    let asked = feed(&mut client, format!("0/custom?{query},"));
    assert!(asked[0].starts_with("connect /custom "), "{asked:?}");
    let refused = feed(&mut client, format!("0/{query},"));
    let violation = "Packet(NamespaceTooLong { length: 2001, limit: 512 })";
    assert_eq!(refused, [violation]);
}
