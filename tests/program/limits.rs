//! The assistant's limits, over real sockets: rates, sizes, places, slow readers, the end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use trunkline::ai::{Form, Rate};
use trunkline::assistant::{Config, Offline};

use crate::client::{Client, soon};
use crate::house::{Director, House};

#[tokio::test]
async fn a_socket_has_only_so_many_questions_open() {
    let director = Director::new();
    let config = Config {
        max_open: 2,
        ..Config::default()
    };
    let house = House::build(config, director.clone()).await;
    let mut client = house.client().await;
    for id in 0..3 {
        client
            .ask(json!({"id": id, "chat": id, "content": "wait"}))
            .await;
    }
    assert_eq!(
        client.expect("ai-message-error").await["error"]["code"],
        "busy"
    );
    assert_eq!(client.expect("ai-message-response").await["id"], 2);
}

#[tokio::test]
async fn too_many_questions_are_refused_without_asking_the_provider() {
    let director = Director::new();
    let mut config = Config::default();
    config.rules.rate = Rate {
        burst: 2,
        interval: Duration::from_secs(3600),
    };
    let house = House::build(config, director.clone()).await;
    let mut client = house.client().await;
    for _ in 0..3 {
        client.ask("echo x").await;
    }
    assert_eq!(client.expect("ai-message-response").await, "x");
    assert_eq!(client.expect("ai-message-response").await, "x");
    let error = &client.expect("ai-message-error").await["error"];
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&json!("rate_limited"), &json!(true))
    );
    assert!(error["retryAfterMs"].as_u64().unwrap() > 3_000_000);
    let text = client.expect("ai-message-response").await;
    assert_eq!(text, "Too many questions in a short time.");
    assert_eq!(director.begun.load(Ordering::SeqCst), 2);
    // Another socket has its own account.
    house.client().await.expect_nothing_more().await;
}

#[tokio::test]
async fn the_sockets_of_an_address_share_its_rate_where_there_is_one() {
    let director = Director::new();
    let config = Config {
        address_rate: Some(Rate {
            burst: 3,
            interval: Duration::from_secs(3600),
        }),
        ..Config::default()
    };
    let house = House::build(config, director.clone()).await;
    let (mut first, mut second) = (house.client().await, house.client().await);
    for client in [&mut first, &mut second] {
        client.ask("echo x").await;
        assert_eq!(client.expect("ai-message-response").await, "x");
    }
    first.ask("echo x").await;
    assert_eq!(first.expect("ai-message-response").await, "x");
    second.ask("echo x").await;
    let error = &second.expect("ai-message-error").await["error"];
    assert_eq!(error["code"], "rate_limited");
    assert_eq!(director.begun.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let director = Director::new();
    let mut config = Config::default();
    config.rules.answer.max_bytes = 100_000;
    let house = House::build(config, director.clone()).await;
    let mut client = house.client().await;
    client.ask(json!({"prompt": "endless"})).await;
    let reply = client.expect("ai-message-response").await;
    assert_eq!(reply["finish"], "length");
    assert_eq!(reply["response"].as_str().unwrap().len(), 100_000);
    director.until_live(0).await;
}

#[tokio::test]
async fn a_socket_that_does_not_read_slows_the_provider_and_ends_as_timeout() {
    let director = Director::new();
    let mut config = Config {
        max_stall: Duration::from_millis(300),
        ..Config::default()
    };
    config.rules.answer.max_bytes = 1 << 30;
    config.rules.contract.form = Form::String;
    let house = House::build(config, director.clone()).await;
    let mut client = Client::json_with_small_buffer(house.address).await;
    client
        .ask(json!({"prompt": "endless", "stream": true}))
        .await;
    director.until_live(1).await;
    director.until_live(0).await;
    let said = director.said.load(Ordering::SeqCst);
    // What the operating system buffers, and little more.
    assert!(said < 12 << 20, "{said} bytes were read from the provider");
    let mut text = String::new();
    let code = loop {
        let frame = client.next().await;
        match frame["event"].as_str().unwrap() {
            "ai-message-chunk" => text += frame["data"]["delta"].as_str().unwrap(),
            "ai-message-error" => break frame["data"]["error"]["code"].clone(),
            _ => assert_eq!(frame["event"], "ai-typing"),
        }
    };
    assert_eq!(code, "timeout");
    assert_eq!(
        client.expect("ai-message-response").await,
        Value::from(text)
    );
}

#[tokio::test]
async fn a_reader_gets_a_long_answer_whole_through_the_window() {
    let mut config = Config::default();
    config.rules.offline.test_hooks = true;
    let provider = Offline::new(config.rules.offline);
    let house = House::build(config, provider).await;
    let mut client = house.client().await;
    client
        .ask(json!({"content": "/long 250000", "stream": true}))
        .await;
    let mut text = String::new();
    let reply = loop {
        let frame = client.next().await;
        match frame["event"].as_str().unwrap() {
            "ai-message-chunk" => text += frame["data"]["delta"].as_str().unwrap(),
            "ai-message-response" => break frame["data"].clone(),
            _ => assert_eq!(frame["event"], "ai-typing"),
        }
    };
    assert_eq!(reply["response"], text);
    assert_eq!((text.len(), &reply["finish"]), (250_000, &json!("stop")));
}

#[tokio::test]
async fn places_are_shared_and_waiting_for_one_is_bounded() {
    let director = Director::new();
    let config = Config {
        max_running: 1,
        max_wait: Duration::from_millis(200),
        ..Config::default()
    };
    let house = House::build(config, director.clone()).await;
    let (mut one, mut other) = (house.client().await, house.client().await);
    one.ask("wait").await;
    director.until_live(1).await;
    other.ask(json!({"prompt": "echo x"})).await;
    let error = &other.expect("ai-message-error").await["error"];
    let said = "Too many questions are being answered at the moment.";
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!("busy"), &json!(said))
    );
    other.expect("ai-message-response").await;
    director.release.add_permits(1);
    assert_eq!(one.expect("ai-message-response").await, "begun ");
    other.expect_nothing_more().await;
}

#[tokio::test]
async fn an_answer_that_takes_too_long_ends_as_timeout() {
    let director = Director::new();
    let config = Config {
        max_duration: Duration::from_millis(200),
        ..Config::default()
    };
    let house = House::build(config, director.clone()).await;
    let mut client = house.client().await;
    client.ask(json!({"prompt": "wait"})).await;
    assert_eq!(
        client.expect("ai-message-error").await["error"]["code"],
        "timeout"
    );
    let reply = client.expect("ai-message-response").await;
    assert_eq!(
        (&reply["finish"], &reply["response"]),
        (&json!("error"), &json!("begun "))
    );
    director.until_live(0).await;
}

#[tokio::test]
async fn draining_refuses_new_questions_and_lets_running_ones_finish() {
    let director = Director::new();
    let house = House::with(&director).await;
    let mut client = house.client().await;
    client
        .ask(json!({"id": 1, "chat": "a", "content": "wait"}))
        .await;
    director.until_live(1).await;
    let assistant = house.assistant.clone();
    let draining = tokio::spawn(async move { assistant.drain(Duration::from_secs(60)).await });
    let refused = loop {
        client.ask(json!({"chat": "b", "prompt": "echo x"})).await;
        let frame = client.next().await;
        if frame["event"] == "ai-message-error" {
            break frame["data"].clone();
        }
    };
    assert_eq!(refused["error"]["code"], "unavailable");
    client.expect("ai-message-response").await;
    director.release.add_permits(1);
    let reply = client.expect("ai-message-response").await;
    assert_eq!(
        (&reply["id"], &reply["finish"]),
        (&json!(1), &json!("stop"))
    );
    soon("the drain", draining).await.unwrap();
}

#[tokio::test]
async fn what_runs_when_the_grace_is_over_ends_as_unavailable() {
    let director = Director::new();
    let house = House::with(&director).await;
    let mut client = house.client().await;
    for id in [1, 2] {
        client
            .ask(json!({"id": id, "chat": "a", "content": "wait"}))
            .await;
    }
    director.until_live(1).await;
    soon(
        "the drain",
        house.assistant.drain(Duration::from_millis(50)),
    )
    .await;
    assert_eq!(house.assistant.open_questions(), 0);
    for _ in 0..2 {
        let error = client.expect("ai-message-error").await;
        assert_eq!(error["error"]["code"], "unavailable");
        client.expect("ai-message-response").await;
    }
    director.until_live(0).await;
}
