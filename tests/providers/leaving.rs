//! Row 21: questions that are taken back, and sockets that leave.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;
use trunkline::ai::{Api, Code};

use crate::client::{Client, soon};
use crate::fake::{How, Script, Speech, Then};
use crate::house::House;

/// How soon the provider's connection must be closed.
const SOON: Duration = Duration::from_millis(100);
/// How often that is tried: a busy machine may be late now and then.
const TRIES: usize = 5;
/// The wait between two attempts in which questions are taken back.
const WAIT: Duration = Duration::from_millis(400);

/// Where a question is when it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Headers,
    FirstDelta,
    RetryWait,
    MidStream,
}

impl Stage {
    fn script(self, api: Api) -> Script {
        match self {
            Stage::Headers => Script::nothing(Then::Stall),
            Stage::FirstDelta => Script::events().all(api.opening()).then(Then::Stall),
            Stage::RetryWait => api.refuses(429).header("retry-after-ms", WAIT.as_millis()),
            Stage::MidStream => api.begins(&["one ", "two"]).then(Then::Stall),
        }
    }

    /// Waits until question and provider are there.
    async fn reached(self, house: &House, client: &mut Client, id: &str, asked: usize) {
        house.fake.until_asked(asked).await;
        match self {
            Stage::Headers | Stage::FirstDelta => {}
            Stage::RetryWait => {
                let ending = house.fake.ended(asked - 1).await;
                assert_eq!(ending.how, How::Played);
                // Until the refusal is read, too.
                sleep(WAIT / 8).await;
            }
            Stage::MidStream => client.until(id, |answer| answer.said() == "one two").await,
        }
    }
}

/// Asks again and again, ends each question by `end`, and returns how long the provider's
/// connection lived on at best.
async fn best_of<E>(api: Api, stage: Stage, end: E) -> Duration
where
    E: AsyncFn(Client, &str) -> Option<Client>,
{
    let house = House::playing(api, [stage.script(api)]).await;
    let mut best = Duration::MAX;
    let mut client = None;
    for asked in 1..=TRIES {
        let mut asker = match client.take() {
            Some(client) => client,
            None => house.client().await,
        };
        let id = asker.begin("please").await;
        stage.reached(&house, &mut asker, &id, asked).await;
        let begun = Instant::now();
        client = end(asker, &id).await;
        let left = async {
            while house.assistant.open_questions() > 0 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        if stage == Stage::RetryWait {
            // There is no connection to be closed, but there could be another attempt.
            soon("the question to end", left).await;
            best = best.min(begun.elapsed());
        } else {
            let ending = house.fake.ended(asked - 1).await;
            assert_eq!(ending.how, How::PeerLeft);
            best = best.min(ending.at - begun);
            soon("the question to end", left).await;
        }
        assert_eq!(house.fake.attempts().len(), asked);
        if best <= SOON {
            break;
        }
    }
    let asked = house.fake.attempts().len();
    if stage == Stage::RetryWait {
        sleep(WAIT + WAIT / 2).await;
    }
    house.expect_attempts(asked);
    println!("{api:?}, {stage:?}: over after {best:?}");
    best
}

mod row_21_cancel {
    use super::*;

    cases!(
        all: waiting_for_headers, waiting_for_the_first_delta, in_the_retry_wait, mid_stream,
        what_was_said_is_remembered,
    );

    async fn cancelled(api: Api, stage: Stage) {
        let best = best_of(api, stage, async |mut client: Client, id: &str| {
            client.cancel(id).await;
            let answer = client.answer(id).await;
            assert_eq!((answer.finish(), answer.code()), ("cancelled", "cancelled"));
            assert_eq!(answer.typing, [true, false]);
            match stage {
                Stage::MidStream => answer.expect_partial(Code::Cancelled, "one two"),
                _ => answer.expect_failure(Code::Cancelled),
            }
            Some(client)
        })
        .await;
        assert!(best <= SOON, "{best:?}");
    }

    async fn waiting_for_headers(api: Api) {
        cancelled(api, Stage::Headers).await;
    }

    async fn waiting_for_the_first_delta(api: Api) {
        cancelled(api, Stage::FirstDelta).await;
    }

    async fn in_the_retry_wait(api: Api) {
        cancelled(api, Stage::RetryWait).await;
    }

    async fn mid_stream(api: Api) {
        cancelled(api, Stage::MidStream).await;
    }

    /// With text it is a part of the conversation, without it is not.
    async fn what_was_said_is_remembered(api: Api) {
        let scripts = [
            Stage::Headers.script(api),
            Stage::MidStream.script(api),
            api.answers("fine"),
        ];
        let house = House::playing(api, scripts).await;
        let mut client = house.client().await;
        for (number, stage) in [Stage::Headers, Stage::MidStream].into_iter().enumerate() {
            let id = client.begin(&format!("question {number}")).await;
            stage.reached(&house, &mut client, &id, number + 1).await;
            client.cancel(&id).await;
            assert_eq!(client.answer(&id).await.finish(), "cancelled");
        }
        client.ask("and now?").await.expect_stop("fine");
        let attempts = house.expect_attempts(3);
        assert_eq!(
            attempts[2].request.said(),
            ["question 1", "one two", "and now?"]
        );
    }
}

mod row_21_disconnect {
    use super::*;

    cases!(all: waiting_for_headers, waiting_for_the_first_delta, in_the_retry_wait, mid_stream);
    cases!(openai: with_questions_in_line);

    async fn left(api: Api, stage: Stage) {
        let best = best_of(api, stage, async |client: Client, _: &str| {
            drop(client);
            None
        })
        .await;
        assert!(best <= SOON, "{best:?}");
    }

    async fn waiting_for_headers(api: Api) {
        left(api, Stage::Headers).await;
    }

    async fn waiting_for_the_first_delta(api: Api) {
        left(api, Stage::FirstDelta).await;
    }

    async fn in_the_retry_wait(api: Api) {
        left(api, Stage::RetryWait).await;
    }

    async fn mid_stream(api: Api) {
        left(api, Stage::MidStream).await;
    }

    /// What waits behind a question whose asker leaves is never put to the provider.
    async fn with_questions_in_line(api: Api) {
        let house = House::playing(api, [Stage::MidStream.script(api)]).await;
        let mut client = house.client().await;
        let id = client.begin("first").await;
        for text in ["second", "third"] {
            client.begin_as(json!({"content": text})).await;
        }
        Stage::MidStream.reached(&house, &mut client, &id, 1).await;
        drop(client);
        assert_eq!(house.fake.ended(0).await.how, How::PeerLeft);
        soon("an empty desk", house.assistant.drain(Duration::MAX)).await;
        house.expect_attempts(1);
    }
}
