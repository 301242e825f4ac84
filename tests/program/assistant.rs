//! The assistant over real sockets: the JSON dialect, and Socket.IO frames as typed by hand.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use trunkline::assistant::{Config, Offline};

use crate::client::{Client, soon};
use crate::house::{Director, House, no_limits};

#[tokio::test]
async fn each_request_is_answered_in_its_own_form_and_acknowledged_with_the_same() {
    let house = House::offline().await;
    let mut client = house.client().await;
    client.ask("echo plain text").await;
    assert_eq!(client.expect("ai-message-response").await, "plain text");

    client.ask(json!({"prompt": "echo P"})).await;
    let reply = client.expect("ai-message-response").await;
    assert_eq!(
        (&reply["response"], &reply["content"]),
        (&json!("P"), &json!("P"))
    );
    assert_eq!(
        (&reply["finish"], &reply["model"]),
        (&json!("stop"), &json!("offline"))
    );
    assert!(reply["id"].is_string() && reply.get("chat").is_none());

    let data = json!({"id": 7, "chatId": "c-1", "content": "echo C"});
    client
        .send(json!({"event": "ai-message", "data": data, "ack": 5}))
        .await;
    let reply = client.expect("ai-message-response").await;
    assert_eq!((&reply["id"], &reply["response"]), (&json!(7), &json!("C")));
    assert_eq!(
        (&reply["chat"], &reply["chatId"]),
        (&json!("c-1"), &json!("c-1"))
    );
    assert_eq!(client.next().await, json!({"ack": 5, "data": reply}));
    client.expect_nothing_more().await;
}

#[tokio::test]
async fn socket_io_frames_work_as_typed_by_hand() {
    let house = House::offline().await;
    let path = "/socket.io/?EIO=4&transport=websocket";
    let mut client = Client::open(house.address, path).await;
    assert!(client.next_text().await.starts_with("0{"));
    client.send_text("40").await;
    assert!(client.next_text().await.starts_with("40{\"sid\":"));
    client.send_text(r#"42["ai-message","echo by hand"]"#).await;
    assert_eq!(
        client.next_text().await,
        r#"42["ai-message-response","by hand"]"#
    );
    client.send_text(r#"420["ai-message","echo acked"]"#).await;
    assert_eq!(
        client.next_text().await,
        r#"42["ai-message-response","acked"]"#
    );
    assert_eq!(client.next_text().await, r#"430["acked"]"#);
    client.send_text(r#"421["ai-message-cancel"]"#).await;
    assert_eq!(client.next_text().await, r#"431[{"ok":false}]"#);
}

#[tokio::test]
async fn a_streamed_answer_comes_in_chunks_that_add_up_to_it() {
    let mut config = Config::default();
    config.rules.offline.test_hooks = true;
    let provider = Offline::new(config.rules.offline);
    let house = House::build(config, provider).await;
    let mut client = house.client().await;
    client
        .ask(json!({"id": "s", "content": "/long 5000", "stream": true}))
        .await;
    assert_eq!(
        client.expect("ai-typing").await,
        json!({"id": "s", "typing": true})
    );
    let (mut text, mut seq) = (String::new(), 0);
    let typing = loop {
        let frame = client.next().await;
        if frame["event"] != "ai-message-chunk" {
            break frame;
        }
        assert_eq!(
            (&frame["data"]["id"], &frame["data"]["seq"]),
            (&json!("s"), &json!(seq))
        );
        text += frame["data"]["delta"].as_str().unwrap();
        seq += 1;
    };
    assert_eq!(
        typing,
        json!({"event": "ai-typing", "data": {"id": "s", "typing": false}})
    );
    let reply = client.expect("ai-message-response").await;
    assert_eq!(
        (reply["response"].as_str(), text.len()),
        (Some(text.as_str()), 5000)
    );
    assert!(seq >= 5, "chunks are at most 1 KiB long: {seq}");
    client.expect_nothing_more().await;
}

#[tokio::test]
async fn a_chat_remembers_what_was_said_in_it_and_no_other_does() {
    let house = House::offline().await;
    let (mut one, mut other) = (house.client().await, house.client().await);
    let recall = "What did I say before?";
    one.ask(json!({"chat": "a", "content": "echo first words"}))
        .await;
    one.until("ai-message-response").await;
    one.ask(json!({"chat": "a", "content": recall})).await;
    let reply = one.until("ai-message-response").await;
    assert!(
        reply["response"].as_str().unwrap().contains("first words"),
        "{reply}"
    );
    for (client, chat) in [(&mut one, "b"), (&mut other, "a")] {
        client.ask(json!({"chat": chat, "content": recall})).await;
        let reply = client.until("ai-message-response").await;
        assert_eq!(reply["response"], "You have not said anything before.");
    }
}

#[tokio::test]
async fn sockets_and_chats_never_get_each_others_answers() {
    let house = House::build(no_limits(), Offline::default()).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        clients.push(house.client().await);
    }
    for round in 0..200 {
        for (who, client) in clients.iter_mut().enumerate() {
            for chat in 0..2 {
                let (id, text) = (round * 2 + chat, format!("echo {who}/{chat}/{round}"));
                client
                    .ask(json!({"id": id, "chat": chat, "content": text}))
                    .await;
            }
        }
        for (who, client) in clients.iter_mut().enumerate() {
            let mut seen = HashSet::new();
            for _ in 0..2 {
                let reply = client.expect("ai-message-response").await;
                let chat = reply["chat"].as_i64().unwrap();
                assert_eq!(reply["response"], format!("{who}/{chat}/{round}"));
                assert_eq!(reply["id"], round * 2 + chat);
                assert!(seen.insert(chat));
            }
        }
    }
}

#[tokio::test]
async fn questions_of_a_chat_are_answered_in_their_order_and_the_fifth_is_busy() {
    let director = Director::new();
    let house = House::with(&director).await;
    let mut client = house.client().await;
    for id in 0..5 {
        client
            .ask(json!({"id": id, "chat": "c", "content": "wait"}))
            .await;
    }
    assert_eq!(
        client.expect("ai-message-error").await["error"]["code"],
        "busy"
    );
    let refused = client.expect("ai-message-response").await;
    assert_eq!(
        (&refused["id"], &refused["finish"]),
        (&json!(4), &json!("error"))
    );
    // Another chat does not wait.
    client
        .ask(json!({"id": "x", "chat": "d", "content": "echo at once"}))
        .await;
    assert_eq!(client.expect("ai-message-response").await["id"], "x");
    assert_eq!(director.begun.load(Ordering::SeqCst), 2);
    for id in 0..4 {
        director.release.add_permits(1);
        assert_eq!(client.expect("ai-message-response").await["id"], id);
    }
    client.expect_nothing_more().await;
}

#[tokio::test]
async fn a_cancelled_answer_keeps_what_was_said_and_drops_the_provider() {
    let director = Director::new();
    let house = House::with(&director).await;
    let mut client = house.client().await;
    let question = json!({"id": "q", "content": "wait", "stream": true});
    client
        .send(json!({"event": "ai-message", "data": question, "ack": 1}))
        .await;
    assert_eq!(client.until("ai-message-chunk").await["delta"], "begun ");
    client.ask(json!({"id": "next", "content": "wait"})).await;
    client
        .send(json!({"event": "ai-message-cancel", "data": {"id": "other"}, "ack": 2}))
        .await;
    assert_eq!(
        client.next().await,
        json!({"ack": 2, "data": {"ok": false}})
    );
    // Both at once: the running one and the one that waits behind it.
    client
        .send(json!({"event": "ai-message-cancel", "ack": 3}))
        .await;
    assert_eq!(client.next().await, json!({"ack": 3, "data": {"ok": true}}));
    let mut replies = Vec::new();
    let mut acknowledged = None;
    while replies.len() < 2 || acknowledged.is_none() {
        let frame = client.next().await;
        if frame["event"] == "ai-message-response" {
            assert_eq!(frame["data"]["finish"], "cancelled");
            replies.push(frame["data"].clone());
        } else if frame["ack"] == 1 {
            acknowledged = Some(frame["data"].clone());
        }
    }
    let running = replies.iter().find(|reply| reply["id"] == "q").unwrap();
    assert_eq!(running["response"], "begun ");
    assert_eq!(acknowledged.as_ref(), Some(running));
    director.until_live(0).await;
    assert_eq!(director.begun.load(Ordering::SeqCst), 1);
    client.expect_nothing_more().await;
}

#[tokio::test]
async fn leaving_drops_the_provider_and_every_question() {
    let director = Director::new();
    let house = House::with(&director).await;
    let mut client = house.client().await;
    for chat in ["a", "a", "b"] {
        client.ask(json!({"chat": chat, "content": "wait"})).await;
    }
    director.until_live(2).await;
    assert_eq!(house.assistant.open_questions(), 3);
    drop(client);
    director.until_live(0).await;
    soon(
        "a drain without questions",
        house.assistant.drain(Duration::MAX),
    )
    .await;
}

#[tokio::test]
async fn what_is_no_question_gets_exactly_one_refusal() {
    let director = Director::new();
    let house = House::build(no_limits(), director.clone()).await;
    let mut client = house.client().await;
    let long = "x".repeat(16 * 1024 + 1);
    let rows = [
        json!({"event": "ai-message"}),
        json!({"event": "ai-message", "data": null}),
        json!({"event": "ai-message", "data": 7}),
        json!({"event": "ai-message", "data": []}),
        json!({"event": "ai-message", "data": {}}),
        json!({"event": "ai-message", "data": {"prompt": 7}}),
        json!({"event": "ai-message", "data": "  "}),
        json!({"event": "ai-message", "data": long}),
        json!({"event": "ai-message", "data": {"chat": {}, "prompt": "echo x"}}),
        json!({"event": "ai-message", "data": {"id": [], "prompt": "echo x"}}),
        json!({"event": "ai-message", "args": ["echo x", "echo y"]}),
        json!({"event": "ai-message", "args": ["echo x", {"$binary": "AAAA"}]}),
    ];
    for mut frame in rows {
        frame["ack"] = json!(1);
        client.send(frame.clone()).await;
        let error = client.expect("ai-message-error").await;
        assert_eq!(error["error"]["code"], "invalid_request", "{frame}");
        let reply = client.expect("ai-message-response").await;
        assert_eq!(client.next().await, json!({"ack": 1, "data": reply}));
    }
    client
        .send_text(r#"{"event":"ai-message","data":"\ud800"}"#)
        .await;
    assert_eq!(
        client.expect("ai-message-error").await["error"]["code"],
        "invalid_request"
    );
    client.expect("ai-message-response").await;
    assert_eq!(director.begun.load(Ordering::SeqCst), 0);
    client.expect_nothing_more().await;
}

#[tokio::test]
async fn a_panic_is_answered_once_and_the_chat_goes_on() {
    let director = Director::new();
    let house = House::with(&director).await;
    let mut client = house.client().await;
    let question = json!({"id": "p", "content": "panic", "stream": true});
    client
        .send(json!({"event": "ai-message", "data": question, "ack": 9}))
        .await;
    let error = client.until("ai-message-error").await;
    assert_eq!(
        (&error["id"], &error["error"]["code"]),
        (&json!("p"), &json!("internal"))
    );
    let reply = client.expect("ai-message-response").await;
    assert_eq!(
        (&reply["finish"], &reply["response"]),
        (&json!("error"), &json!("so far "))
    );
    assert_eq!(client.next().await, json!({"ack": 9, "data": reply}));
    director.until_live(0).await;
    client
        .ask(json!({"id": "after", "content": "echo still here"}))
        .await;
    assert_eq!(
        client.expect("ai-message-response").await["response"],
        "still here"
    );
}

#[tokio::test]
async fn an_answer_without_an_end_or_without_a_word_is_a_bad_response() {
    let director = Director::new();
    let house = House::with(&director).await;
    let mut client = house.client().await;
    for (order, text) in [
        ("stop-short", "half"),
        ("nothing", "The assistant gave no usable answer."),
    ] {
        client.ask(json!({"prompt": order})).await;
        let error = client.expect("ai-message-error").await;
        assert_eq!(error["error"]["code"], "bad_response");
        assert_eq!(client.expect("ai-message-response").await["response"], text);
    }
    // Neither is remembered, nor does it hinder the next.
    client.expect_nothing_more().await;
}
