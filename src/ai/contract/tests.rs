//! Tests of `ai::contract`.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::ai::answer::Chunk;
use crate::ai::failure::{Code, Failure};
use crate::ai::provider::{Unit, Usage};
use crate::ai::reply::{Finish, Reply};

fn read(arguments: Vec<Value>) -> Request {
    Request::read(arguments, false, "own", &Config::default())
}

fn reply(text: &str) -> Reply {
    Reply {
        text: text.into(),
        finish: Finish::Stop,
        usage: None,
        failure: None,
    }
}

fn response(request: &Request, reply: &Reply, form: Form) -> Value {
    let response = request.address.response(reply, &"offline".into(), form);
    serde_json::to_value(response).unwrap()
}

/// What is sent back for the answer `yo`, without the part that is the same in every object.
fn mirrored(argument: Value) -> Value {
    let request = read(vec![argument]);
    let mut sent = response(&request, &reply("yo"), Form::Mirror);
    if let Value::Object(object) = &mut sent {
        for (name, value) in [
            ("response", "yo"),
            ("content", "yo"),
            ("finish", "stop"),
            ("model", "offline"),
        ] {
            assert_eq!(object.remove(name), Some(json!(value)));
        }
    }
    sent
}

#[test]
fn every_known_request_form_is_understood_and_mirrored() {
    let table = [
        (
            json!({"chat": "c", "content": "hi"}),
            json!({"id": "own", "chat": "c"}),
        ),
        (json!("hi"), json!("yo")),
        (json!({"prompt": "hi"}), json!({"id": "own"})),
        (
            json!({"chatId": "c", "content": "hi"}),
            json!({"id": "own", "chat": "c", "chatId": "c"}),
        ),
        (
            json!({"chatId": 7, "message": "hi"}),
            json!({"id": "own", "chat": 7, "chatId": 7}),
        ),
        (
            json!({"chat": "c", "message": "hi"}),
            json!({"id": "own", "chat": "c"}),
        ),
        (
            json!(r#"{"chat":"c","content":"hi"}"#),
            json!({"id": "own", "chat": "c"}),
        ),
        (json!(" {\"prompt\":\"hi\"}\n"), json!({"id": "own"})),
        (json!({"groupId": "g", "text": "hi"}), json!({"id": "own"})),
        (
            json!({"message": "hi", "conversationId": "c", "userId": "u"}),
            json!({"id": "own", "chat": "c", "conversationId": "c"}),
        ),
        (json!({"aiId": "a", "message": "hi"}), json!({"id": "own"})),
        (
            json!({"chat": "c", "prompt": "hi", "file": null, "modelName": "m"}),
            json!({"id": "own", "chat": "c"}),
        ),
        (
            json!({"id": "mine", "content": "hi"}),
            json!({"id": "mine"}),
        ),
        (json!({"requestId": 3, "content": "hi"}), json!({"id": 3})),
        (
            json!({"id": null, "chat": null, "content": "hi"}),
            json!({"id": "own"}),
        ),
        (json!({"content": 5, "prompt": "hi"}), json!({"id": "own"})),
        (
            json!({"content": "hi", "text": "not this"}),
            json!({"id": "own"}),
        ),
    ];
    for (argument, sent) in table {
        let question = read(vec![argument.clone()]).question.unwrap();
        assert_eq!(question.text.as_str(), "hi", "{argument}");
        assert!(!question.stream && !question.typing);
        assert_eq!(mirrored(argument.clone()), sent, "{argument}");
    }
}

#[test]
fn text_that_is_not_the_json_of_a_request_is_the_question_itself() {
    for text in [
        "{}",
        "{\"a\":1}",
        "{\"content\":5}",
        "[\"hi\"]",
        "\"hi\"",
        "5",
        "{oops",
        "{",
    ] {
        let request = read(vec![json!(text)]);
        assert_eq!(request.question.as_ref().unwrap().text.as_str(), text);
        assert_eq!(response(&request, &reply("yo"), Form::Mirror), json!("yo"));
    }
}

#[test]
fn what_is_no_question_is_rejected_with_its_cause() {
    let long = "a".repeat(16 * 1024 + 1);
    let nested: Value = serde_json::from_str(&("[".repeat(99) + &"]".repeat(99))).unwrap();
    let too_long = Rejection::TooLong { bytes: long.len() };
    let table = [
        (vec![], Rejection::NoArgument),
        (
            vec![json!("a"), json!("b")],
            Rejection::TooManyArguments { count: 2 },
        ),
        (vec![json!(5)], Rejection::NeitherTextNorObject),
        (vec![json!(null)], Rejection::NeitherTextNorObject),
        (vec![json!(true)], Rejection::NeitherTextNorObject),
        (vec![json!(["hi"])], Rejection::NeitherTextNorObject),
        (vec![nested], Rejection::NeitherTextNorObject),
        (vec![json!({})], Rejection::NoText),
        (vec![json!({"content": {"text": "hi"}})], Rejection::NoText),
        (vec![json!("")], Rejection::Blank),
        (vec![json!(" \n\t\u{a0}")], Rejection::Blank),
        (
            vec![json!({"content": "", "prompt": "hi"})],
            Rejection::Blank,
        ),
        (vec![json!(long)], too_long),
        (vec![json!({"prompt": long})], too_long),
        (
            vec![json!({"prompt": "hi", "chat": {"_id": 1}})],
            Rejection::UnusableChat,
        ),
        (
            vec![json!({"prompt": "hi", "chat": "c".repeat(257)})],
            Rejection::UnusableChat,
        ),
        (
            vec![json!({"prompt": "hi", "id": [1]})],
            Rejection::UnusableId,
        ),
    ];
    for (arguments, rejection) in table {
        let request = read(arguments);
        assert_eq!(request.question, Err(rejection));
        let failure = Failure::from(rejection);
        assert_eq!(
            (failure.code, failure.retryable),
            (Code::InvalidRequest, false)
        );
    }
    let binary = Request::read(vec![json!("hi")], true, "own", &Config::default());
    assert_eq!(binary.question, Err(Rejection::Attachments));
}

#[test]
fn the_longest_question_is_accepted_in_every_form() {
    let longest = "\u{1}".repeat(16 * 1024);
    let as_json = json!({"content": longest}).to_string();
    for argument in [json!(longest), json!({"text": longest}), json!(as_json)] {
        assert_eq!(read(vec![argument]).question.unwrap().text.len(), 16 * 1024);
    }
}

#[test]
fn streaming_and_typing_are_asked_for_with_true_alone() {
    let table = [
        (json!({"prompt": "hi", "stream": true}), (true, true)),
        (json!({"prompt": "hi", "typing": true}), (false, true)),
        (
            json!({"prompt": "hi", "stream": "true", "typing": 1}),
            (false, false),
        ),
        (json!(r#"{"prompt":"hi","stream":true}"#), (true, true)),
    ];
    for (argument, wanted) in table {
        let question = read(vec![argument]).question.unwrap();
        assert_eq!((question.stream, question.typing), wanted);
    }
}

#[test]
fn a_rejection_is_answered_in_the_form_of_its_request() {
    let refused = |arguments| {
        let request = read(arguments);
        let failure = Failure::from(request.question.clone().unwrap_err());
        response(&request, &Reply::refused(failure), Form::Mirror)
    };
    assert_eq!(refused(vec![json!("")]), "The message is empty.");
    let object = refused(vec![json!({"chatId": "c", "id": "mine", "prompt": " "})]);
    assert_eq!(
        object,
        json!({
            "id": "mine", "chat": "c", "chatId": "c", "finish": "error", "model": "offline",
            "response": "The message is empty.", "content": "The message is empty.",
            "error": {
                "code": "invalid_request", "message": "The message is empty.", "retryable": false,
            },
        })
    );
    assert_eq!(refused(vec![])["error"]["code"], "invalid_request");
    assert_eq!(refused(vec![json!(7)])["id"], "own");
}

#[test]
fn the_form_of_replies_can_be_fixed() {
    let text = read(vec![json!("hi")]);
    let object = read(vec![json!({"prompt": "hi"})]);
    for request in [&text, &object] {
        assert_eq!(response(request, &reply("yo"), Form::String), "yo");
        assert_eq!(
            response(request, &reply("yo"), Form::Object)["response"],
            "yo"
        );
    }
}

#[test]
fn a_full_reply_carries_usage_and_a_failure_its_wait() {
    let request = read(vec![json!({"prompt": "hi"})]);
    let usage = Usage {
        input: 2,
        output: 3,
        unit: Unit::Characters,
    };
    let full = Reply {
        usage: Some(usage),
        ..reply("yo")
    };
    assert_eq!(
        response(&request, &full, Form::Mirror)["usage"],
        json!({"input": 2, "output": 3, "unit": "characters"})
    );
    let failure = Failure::new(Code::RateLimited).after(Duration::from_micros(1_001));
    let sent = response(
        &request,
        &Reply::failed("so far".into(), failure),
        Form::Mirror,
    );
    assert_eq!(sent["content"], "so far");
    assert_eq!(sent["error"]["retryAfterMs"], 2);
    assert_eq!(sent["error"]["retryable"], true);
}

#[test]
fn chunks_typing_and_errors_carry_the_labels() {
    let request = read(vec![
        json!({"chatId": "c", "id": 9, "prompt": "hi", "stream": true}),
    ]);
    let address = &request.address;
    let chunk = address.chunk(Chunk {
        seq: 0,
        delta: "y".into(),
    });
    assert_eq!(
        serde_json::to_value(chunk).unwrap(),
        json!({"id": 9, "chat": "c", "chatId": "c", "seq": 0, "delta": "y"})
    );
    assert_eq!(
        serde_json::to_value(address.typing(true)).unwrap(),
        json!({"id": 9, "chat": "c", "chatId": "c", "typing": true})
    );
    assert_eq!(
        serde_json::to_value(address.error(&Code::Busy.into())).unwrap(),
        json!({
            "id": 9, "chat": "c", "chatId": "c",
            "error": {"code": "busy", "message": Code::Busy.message(), "retryable": true},
        })
    );
}

#[test]
fn a_cancel_names_one_question_or_all_but_never_all_by_a_slip() {
    let table = [
        (vec![], Cancel::All),
        (vec![json!(null)], Cancel::All),
        (vec![json!({})], Cancel::All),
        (vec![json!({"id": "mine"})], Cancel::One("mine".into())),
        (
            vec![json!({"requestId": "mine"})],
            Cancel::One("mine".into()),
        ),
        (vec![json!("mine")], Cancel::One("mine".into())),
        (vec![json!({"id": 9})], Cancel::One(Key::Number(9.into()))),
        (vec![json!({"id": {}})], Cancel::Nothing),
        (vec![json!(["mine"])], Cancel::Nothing),
        (vec![json!(true)], Cancel::Nothing),
    ];
    for (arguments, cancel) in table {
        assert_eq!(Cancel::read(&arguments), cancel, "{arguments:?}");
    }
    assert_eq!(
        serde_json::to_value(CancelAck { ok: false }).unwrap(),
        json!({"ok": false})
    );
}

#[test]
fn nothing_that_was_said_is_in_debug_output() {
    let request = read(vec![json!({"chat": "c", "prompt": "my secret"})]);
    let sent = request
        .address
        .response(&reply("my secret"), &"offline".into(), Form::Object);
    assert!(!format!("{request:?}{sent:?}").contains("secret"));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!(r#"{"prompt":"hi"}"#)),
    ];
    let name = prop_oneof![
        prop::sample::select(vec!["content", "prompt", "chat", "chatId", "id", "stream"])
            .prop_map(str::to_owned),
        ".{0,4}",
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn any_request_is_answered_in_one_form_and_accepted_only_within_the_limits(
        arguments in prop::collection::vec(value(), 0..3),
        attachments: bool,
    ) {
        let config = Config { max_input_bytes: 8, ..Config::default() };
        let request = Request::read(arguments.clone(), attachments, "own", &config);
        if let Ok(question) = &request.question {
            prop_assert!(!attachments && arguments.len() == 1);
            prop_assert!(question.text.len() <= 8 && !question.text.trim().is_empty());
        }
        let text = arguments.first().is_some_and(Value::is_string);
        let sent = response(&request, &reply("yo"), Form::Mirror);
        prop_assert!(sent == "yo" && text || sent["response"] == "yo");
        Cancel::read(&arguments);
    }
}
