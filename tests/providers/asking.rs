//! Rows 25 and 26: requests that are none, and a server without a provider.

use serde_json::json;
use trunkline::ai::{Api, Code};

use crate::fake::Speech;
use crate::house::House;

mod row_25_bad_input {
    use super::*;
    use crate::client::Client;

    cases!(
        openai: a_number, null, an_array, nested, true_alone, no_argument, two_arguments,
        empty_text, white_space, text_of_one_megabyte, lone_surrogate, binary, unusable_keys,
        broken_packets,
    );

    async fn house(api: Api) -> House {
        House::playing(api, [api.answers("fine")]).await
    }

    /// The server is alive, and the provider was asked nothing before.
    async fn expect_unasked(house: &House) {
        house.expect_attempts(0);
        house.ask("and now?").await.expect_stop("fine");
    }

    /// These arguments, as JSON after a comma, are no question.
    async fn refused(api: Api, arguments: &str) {
        let house = house(api).await;
        let mut client = house.client().await;
        let (number, id) = client.new_id();
        client
            .send_text(&format!(r#"42{number}["ai-message"{arguments}]"#))
            .await;
        client.until(&id, |answer| !answer.acks.is_empty()).await;
        client.fence().await;
        expect_refusal(&mut client, &id);
        // The same socket may go on.
        client.ask("and now?").await.expect_stop("fine");
        house.expect_attempts(1);
    }

    fn expect_refusal(client: &mut Client, id: &str) {
        let (ack, others) = client.take_unnamed(id);
        if let Some(text) = ack.as_str() {
            assert!(text.starts_with("The "), "{text}");
            assert_eq!(client.bare, [ack]);
        } else {
            assert_eq!(ack["error"]["code"], Code::InvalidRequest.as_str());
            assert_eq!(ack["error"]["retryable"], false);
            assert_eq!(others.replies, [ack]);
        }
        assert_eq!(others.errors.len(), 1);
        assert_eq!(others.errors[0]["error"]["code"], "invalid_request");
        assert!(others.typing.is_empty() && others.chunks.is_empty());
    }

    async fn a_number(api: Api) {
        refused(api, ",7").await;
        refused(api, ",1e999").await;
    }

    async fn null(api: Api) {
        refused(api, ",null").await;
    }

    async fn an_array(api: Api) {
        refused(api, ",[]").await;
        refused(api, r#",["text"]"#).await;
    }

    async fn nested(api: Api) {
        refused(api, r#",{"content":{"content":"text"}}"#).await;
        let deep = format!(",{}{}", "[".repeat(120), "]".repeat(120));
        refused(api, &deep).await;
    }

    async fn true_alone(api: Api) {
        refused(api, ",true").await;
    }

    async fn no_argument(api: Api) {
        refused(api, "").await;
    }

    async fn two_arguments(api: Api) {
        refused(api, r#","one","two""#).await;
    }

    async fn empty_text(api: Api) {
        refused(api, r#","""#).await;
        refused(api, r#",{"prompt":""}"#).await;
    }

    async fn white_space(api: Api) {
        refused(api, r#","  \n\t\u00a0""#).await;
    }

    async fn text_of_one_megabyte(api: Api) {
        refused(api, &format!(",\"{}\"", "x".repeat(990_000))).await;
        refused(api, &format!(",{{\"text\":\"{}\"}}", "\\n".repeat(490_000))).await;
    }

    async fn lone_surrogate(api: Api) {
        refused(api, r#",{"content":"\ud83e"}"#).await;
        refused(api, r#","\udd80 text""#).await;
    }

    async fn unusable_keys(api: Api) {
        refused(api, r#",{"content":"text","id":[]}"#).await;
        refused(api, r#",{"content":"text","chat":{"a":1}}"#).await;
    }

    async fn binary(api: Api) {
        let house = house(api).await;
        let mut client = house.client().await;
        let (number, id) = client.new_id();
        client
            .send_text(&format!(
                r#"451-{number}["ai-message",{{"_placeholder":true,"num":0}}]"#
            ))
            .await;
        client.send_binary(b"some bytes").await;
        client.until(&id, |answer| !answer.acks.is_empty()).await;
        client.fence().await;
        expect_refusal(&mut client, &id);
        expect_unasked(&house).await;
    }

    /// What is no packet at all ends the connection, and nobody else's.
    async fn broken_packets(api: Api) {
        let house = house(api).await;
        let deep = format!(r#"42["ai-message",{}]"#, "[".repeat(5000));
        let long = format!(r#"42["ai-message","{}"]"#, "x".repeat(1_000_001));
        for packet in [r#"42["ai-message","#, r#"42{"ai-message":1}"#, &deep, &long] {
            let mut client = house.client().await;
            client.send_text(packet).await;
            client.ended().await;
        }
        expect_unasked(&house).await;
    }
}

mod row_26_no_key {
    use super::*;

    cases!(openai: a_local_server_is_asked_without_a_key);

    /// A server without a provider is in `tests/program`; here is one whose provider wants no key.
    async fn a_local_server_is_asked_without_a_key(api: Api) {
        let house = House::keyless(api, [api.answers("fine")]).await;
        house.ask("please").await.expect_stop("fine");
        let attempts = house.expect_attempts(1);
        let request = &attempts[0].request;
        assert_eq!(request.header("authorization"), None);
        assert_eq!(
            request.body["messages"],
            json!([{"role": "user", "content": "please"}])
        );
    }
}
