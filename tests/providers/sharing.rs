//! Rows 23 and 24: many questions, one socket's and many sockets'.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Semaphore;
use trunkline::ai::{Api, Code, Rate};

use crate::fake::{Script, Speech};
use crate::house::House;

mod row_23_limits {
    use super::*;

    cases!(
        all: flood_from_one_socket, two_questions_of_a_chat, too_many_of_a_chat,
        more_than_there_are_places,
    );

    /// Those beyond the burst are refused without asking the provider; another socket is served.
    async fn flood_from_one_socket(api: Api) {
        let house = House::tuned(api, [api.answers("fine")], |settings| {
            settings.assistant.rules.rate = Rate {
                burst: 3,
                interval: Duration::from_secs(3600),
            };
            settings.assistant.rules.conversations.max_waiting = 30;
        })
        .await;
        let mut client = house.client().await;
        let mut ids = Vec::new();
        for number in 0..25 {
            ids.push(client.begin(&format!("question {number}")).await);
        }
        let mut served = 0;
        for id in ids {
            let answer = client.answer(&id).await;
            if answer.finish() == "stop" {
                served += 1;
                continue;
            }
            answer.expect_failure(Code::RateLimited);
            assert!(answer.typing.is_empty());
            let after = answer.error()["retryAfterMs"].as_u64().unwrap();
            assert!((1..=3_600_000).contains(&after), "{after}");
        }
        assert_eq!(served, 3);
        house.expect_attempts(3);
        house.ask("and me?").await.expect_stop("fine");
    }

    /// The second is put to the provider when the first is answered, and knows its answer.
    async fn two_questions_of_a_chat(api: Api) {
        let gate = Arc::new(Semaphore::new(0));
        let slow = api
            .begins(&["one"])
            .gate(&gate)
            .all(api.ending(crate::fake::Finish::Stop));
        let house = House::playing(api, [slow, api.answers("two")]).await;
        let mut client = house.client().await;
        let first = client.begin("first").await;
        let second = client.begin("second").await;
        client.until(&first, |answer| answer.said() == "one").await;
        client.fence().await;
        house.expect_attempts(1);
        gate.add_permits(1);
        client.answer(&first).await.expect_stop("one");
        client.answer(&second).await.expect_stop("two");
        let attempts = house.expect_attempts(2);
        assert_eq!(attempts[1].request.said(), ["first", "one", "second"]);
        let first_end = attempts[0].end.unwrap().at;
        assert!(attempts[1].at >= first_end, "both at once");
    }

    async fn too_many_of_a_chat(api: Api) {
        let gate = Arc::new(Semaphore::new(0));
        let slow = Script::events().gate(&gate).all(api.stream(&["fine"]));
        let house = House::playing(api, [slow]).await;
        let mut client = house.client().await;
        let mut ids = Vec::new();
        for number in 0..5 {
            ids.push(client.begin(&format!("question {number}")).await);
        }
        let answer = client.answer(&ids[4]).await;
        answer.expect_failure(Code::Busy);
        // Another chat of the same socket does not wait for this one.
        let other = json!({"content": "elsewhere", "chat": "other", "stream": true});
        let other = client.begin_as(other).await;
        house.fake.until_asked(2).await;
        gate.add_permits(5);
        client.answer(&other).await.expect_stop("fine");
        for id in &ids[..4] {
            client.answer(id).await.expect_stop("fine");
        }
        house.expect_attempts(5);
    }

    /// Who finds no place in time is refused; who has one is served.
    async fn more_than_there_are_places(api: Api) {
        let gate = Arc::new(Semaphore::new(0));
        let slow = Script::events().gate(&gate).all(api.stream(&["fine"]));
        let house = House::tuned(api, [slow], |settings| {
            settings.assistant.max_running = 2;
            settings.assistant.max_wait = Duration::from_millis(300);
        })
        .await;
        let mut askers = Vec::new();
        for number in 0..2 {
            let mut client = house.client().await;
            let id = client.begin("in time").await;
            house.fake.until_asked(number + 1).await;
            askers.push((client, id));
        }
        house.ask("too late").await.expect_failure_saying(
            Code::Busy,
            "Too many questions are being answered at the moment.",
        );
        house.expect_attempts(2);
        gate.add_permits(2);
        for (mut client, id) in askers {
            client.answer(&id).await.expect_stop("fine");
        }
        assert_eq!(house.fake.under_way().most, 2);
    }
}

mod row_24_isolation {
    use super::*;

    cases!(all: two_sockets_interleaved);

    /// What a socket says about itself comes back to it alone, in its answers and in its history.
    async fn two_sockets_interleaved(api: Api) {
        let house = House::directed(
            api,
            move |request, _| {
                let question = request.question();
                let (who, _) = question.split_once('/').unwrap();
                let foreign = request
                    .said()
                    .into_iter()
                    .any(|said| !said.starts_with(who));
                assert!(!foreign, "{:?}", request.turns);
                api.answers(&format!("{question} is answered"))
            },
            |_| {},
        )
        .await;
        let mut clients = [house.client().await, house.client().await];
        for round in 0..167 {
            let mut asked = Vec::new();
            for (who, client) in clients.iter_mut().enumerate() {
                let text = format!("{who}/{round}");
                let question = json!({"content": text, "chat": "same name", "stream": true});
                asked.push(client.begin_as(question).await);
            }
            for (who, client) in clients.iter_mut().enumerate() {
                let answer = client.answer(&asked[who]).await;
                answer.expect_stop(&format!("{who}/{round} is answered"));
                assert_eq!(answer.reply()["chat"], "same name");
            }
        }
        house.expect_attempts(334);
    }
}
