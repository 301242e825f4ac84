//! Rows 14, 15, 16 and 22: connections that break, errors in the midst of a 200, redirects.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use trunkline::ai::{Api, Code};

use crate::fake::{Fake, Script, Speech, Then};
use crate::house::House;

mod row_14_lost_before_headers {
    use super::*;

    cases!(
        all: reset, fin, reset_for_ever, nobody_listens, after_the_head, inside_the_head,
        a_used_connection_is_closed,
    );

    async fn lost_once(api: Api, loss: Script) {
        let house = House::playing(api, [loss, api.answers("at last")]).await;
        house.ask("please").await.expect_stop("at last");
        house.expect_attempts(2);
    }

    async fn reset(api: Api) {
        lost_once(api, Script::nothing(Then::Reset)).await;
    }

    async fn fin(api: Api) {
        lost_once(api, Script::nothing(Then::Fin)).await;
    }

    async fn reset_for_ever(api: Api) {
        let house = House::playing(api, [Script::nothing(Then::Reset)]).await;
        let mut client = house.client().await;
        let answer = client.ask("please").await;
        answer.expect_failure(Code::Unavailable);
        assert_eq!(answer.error()["retryable"], true);
        house.expect_attempts(3);
        house.expect_forgotten(&mut client).await;
    }

    async fn nobody_listens(api: Api) {
        // Taken, so that no other test can listen there.
        let taken = tokio::net::TcpSocket::new_v4().unwrap();
        taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = taken.local_addr().unwrap();
        let house = House::tuned(api, [api.answers("?")], |settings| {
            settings.remote.base_url = format!("http://{address}");
        })
        .await;
        let answer = house.ask("please").await;
        answer.expect_failure(Code::Unavailable);
        assert_eq!(answer.error()["retryable"], true);
    }

    /// A read that fails before the first delta.
    async fn after_the_head(api: Api) {
        lost_once(api, Script::events().then(Then::Fin)).await;
    }

    async fn inside_the_head(api: Api) {
        lost_once(
            api,
            Script::raw("HTTP/1.1 200 OK\r\ncontent-ty").then(Then::Fin),
        )
        .await;
    }

    /// The provider closes a kept connection: the next question takes another.
    async fn a_used_connection_is_closed(api: Api) {
        let closing = api.answers("one").then(Then::Close);
        let house = House::playing(api, [closing, api.answers("two")]).await;
        let mut client = house.client().await;
        client.ask("first").await.expect_stop("one");
        client.ask("second").await.expect_stop("two");
    }
}

mod row_15_lost_mid_stream {
    use super::*;

    cases!(all: reset, fin, clean_end_without_finish, short_document);

    /// Two deltas are seen; then the stream ends in this way.
    async fn lost(api: Api, then: Then, code: Code) {
        let gate = Arc::new(Semaphore::new(0));
        let script = api.begins(&["one ", "two"]).gate(&gate).then(then);
        let house = House::playing(api, [script]).await;
        let mut client = house.client().await;
        let id = client.begin("please").await;
        client.until(&id, |answer| answer.said() == "one two").await;
        gate.add_permits(1);
        let answer = client.answer(&id).await;
        answer.expect_partial(code, "one two");
        assert_eq!(answer.typing, [true, false]);
        house.expect_attempts(1);
        gate.add_permits(1);
        house.expect_forgotten(&mut client).await;
    }

    async fn reset(api: Api) {
        lost(api, Then::Reset, Code::Unavailable).await;
    }

    async fn fin(api: Api) {
        lost(api, Then::Fin, Code::Unavailable).await;
    }

    async fn clean_end_without_finish(api: Api) {
        lost(api, Then::KeepAlive, Code::BadResponse).await;
    }

    /// Before any delta: a document that is shorter than was said.
    async fn short_document(api: Api) {
        let cut = Script::open_length(200, "application/json", 4000).bytes(r#"{"choices": [{"#);
        let whole = Script::json(200, api.document("whole", crate::fake::Finish::Stop));
        let house = House::tuned(api, [cut.then(Then::Fin), whole], |settings| {
            settings.remote.stream = false;
        })
        .await;
        house.ask("please").await.expect_stop("whole");
        house.expect_attempts(2);
    }
}

mod row_16_error_inside_a_stream {
    use super::*;
    use crate::fake::{Event, Finish};

    /// The ways in which providers spell an error after a 200.
    #[derive(Clone, Copy)]
    enum Spelling {
        Bare,
        Data,
        Named,
        Line,
    }

    impl Spelling {
        fn frame(self, api: Api) -> String {
            let trouble = api.overload();
            match self {
                Spelling::Bare => {
                    format!("{}\r\n", serde_json::to_string_pretty(&trouble).unwrap())
                }
                Spelling::Data => Event::data(&trouble).spelt("\r\n"),
                Spelling::Named => format!("event: error\ndata: {trouble}\n\n"),
                Spelling::Line => format!("error: {trouble}\n\n"),
            }
        }
    }

    /// Nothing was said yet: another attempt answers.
    async fn before_the_first_delta(api: Api, spelling: Spelling) {
        let faulty = Script::events()
            .all(api.opening())
            .bytes(spelling.frame(api));
        let house = House::playing(api, [faulty, api.answers("at last")]).await;
        house.ask("please").await.expect_stop("at last");
        house.expect_attempts(2);
    }

    /// What was said stays.
    async fn partial(api: Api, script: Script) {
        let house = House::playing(api, [script]).await;
        let mut client = house.client().await;
        let answer = client.ask("please").await;
        answer.expect_partial(Code::Overloaded, "one two");
        assert_eq!(answer.finish(), "error");
        house.expect_attempts(1);
        house.expect_forgotten(&mut client).await;
    }

    async fn after_a_delta(api: Api, spelling: Spelling) {
        let script = api.begins(&["one ", "two"]).bytes(spelling.frame(api));
        partial(api, script).await;
    }

    async fn after_the_finish(api: Api, spelling: Spelling) {
        let script = api
            .begins(&["one ", "two"])
            .bytes(api.finish(Finish::Stop))
            .bytes(spelling.frame(api));
        partial(api, script).await;
    }

    /// The connection stays open after the error: nobody waits for more.
    async fn and_silence(api: Api, spelling: Spelling) {
        let frame = spelling.frame(api) + "\n";
        let script = api.begins(&["one ", "two"]).bytes(frame).then(Then::Stall);
        partial(api, script).await;
    }

    cases!(all: document, document_in_a_list);

    async fn document(api: Api) {
        retried(api, api.overload()).await;
    }

    async fn document_in_a_list(api: Api) {
        retried(api, json!([api.overload()])).await;
    }

    /// An error is the whole body of a 200.
    async fn retried(api: Api, error: Value) {
        let scripts = [Script::json(200, error), api.answers("at last")];
        let house = House::playing(api, scripts).await;
        house.ask("please").await.expect_stop("at last");
        house.expect_attempts(2);
    }

    macro_rules! spellings {
        ($($name:ident: $spelling:ident),+ $(,)?) => { $(
            mod $name {
                use super::*;

                cases!(all: before_first_delta, after_delta, after_finish, then_silence);

                async fn before_first_delta(api: Api) {
                    before_the_first_delta(api, Spelling::$spelling).await;
                }

                async fn after_delta(api: Api) {
                    after_a_delta(api, Spelling::$spelling).await;
                }

                async fn after_finish(api: Api) {
                    after_the_finish(api, Spelling::$spelling).await;
                }

                async fn then_silence(api: Api) {
                    and_silence(api, Spelling::$spelling).await;
                }
            }
        )+ };
    }

    spellings! {
        bare_json: Bare,
        data: Data,
        event_error: Named,
        error_line: Line,
    }
}

mod row_22_redirect {
    use super::*;

    cases!(all: to_another_port, every_kind);

    async fn redirected(api: Api, status: u16) {
        let other = Fake::playing(api, vec![api.answers("caught")]).await;
        let moved = Script::whole(status, "text/html", "moved")
            .header("location", format!("{}/elsewhere", other.base_url()));
        let house = House::playing(api, [moved]).await;
        let answer = house.ask("please").await;
        let error = answer.error();
        assert_eq!(error["retryable"], json!(false), "{error}");
        answer.expect_failure(Code::Misconfigured);
        house.expect_attempts(1);
        assert_eq!(other.connections().most, 0, "the key was carried on");
    }

    async fn to_another_port(api: Api) {
        redirected(api, 307).await;
    }

    async fn every_kind(api: Api) {
        for status in [301, 302, 303, 308] {
            redirected(api, status).await;
        }
    }
}
