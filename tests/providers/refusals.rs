//! Rows 6 to 11: statuses other than 200, and what follows from them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use trunkline::ai::{Api, Code};

use crate::answer::Answer;
use crate::fake::{Attempt, OWN_WORDS, Script, Speech};
use crate::house::House;

/// A 429 of each API.
fn too_many(api: Api) -> Script {
    api.refuses(429)
}

/// Gemini's own way to say when to come back.
fn with_retry_info(delay: &str) -> Script {
    let mut body = Api::Gemini.trouble(429);
    body["error"]["details"] = json!([
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
            {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel", "quotaValue": "10"},
        ]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]);
    Script::json(429, body)
}

/// Asks; the first attempt is refused, the second answered.
async fn refused_once(api: Api, refusal: Script) -> Vec<Attempt> {
    let house = House::playing(api, [refusal, api.answers("at last")]).await;
    house.ask("please").await.expect_stop("at last");
    house.expect_attempts(2)
}

/// Asks in vain; nothing of it is remembered.
async fn refused(api: Api, refusal: Script, attempts: usize) -> Answer {
    let house = House::playing(api, [refusal]).await;
    let mut client = house.client().await;
    let answer = client.ask("please").await;
    house.expect_attempts(attempts);
    assert_eq!(answer.typing, [true, false]);
    house.expect_forgotten(&mut client).await;
    answer
}

mod row_06_too_many_requests {
    use super::*;

    cases!(all: retry_after_seconds, retry_after_http_date, retry_after_ms);
    cases!(gemini: retry_info, retry_info_with_nine_digits);

    async fn retry_after_seconds(api: Api) {
        let refusal = too_many(api).header("retry-after", 1);
        waited(api, refusal, Duration::from_secs(1)).await;
    }

    async fn retry_after_ms(api: Api) {
        // The more exact one counts.
        let refusal = too_many(api)
            .header("retry-after", 19)
            .header("retry-after-ms", 250);
        waited(api, refusal, Duration::from_millis(250)).await;
    }

    async fn retry_info(api: Api) {
        waited(api, with_retry_info("0.25s"), Duration::from_millis(250)).await;
    }

    async fn retry_info_with_nine_digits(api: Api) {
        let refusal = with_retry_info("0.300000001s");
        waited(api, refusal, Duration::from_nanos(300_000_001)).await;
    }

    async fn retry_after_http_date(api: Api) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        // The next whole second: a date knows no parts of one.
        let seconds = now.as_secs() + 1;
        let date = UNIX_EPOCH + Duration::from_secs(seconds);
        let refusal = too_many(api).header("retry-after", httpdate::fmt_http_date(date));
        let attempts = refused_once(api, refusal).await;
        assert!(attempts[1].wall >= date, "asked before the date");
    }

    async fn waited(api: Api, refusal: Script, delay: Duration) {
        let attempts = refused_once(api, refusal).await;
        let waited = attempts[1].at - attempts[0].at;
        assert!(waited >= delay, "asked again after {waited:?}");
    }
}

mod row_07_too_many_requests_for_long {
    use super::*;

    cases!(all: an_hour, for_ever, for_ever_with_a_delay, longer_than_the_time_left);
    cases!(gemini: an_hour_in_retry_info);

    async fn an_hour(api: Api) {
        let refusal = too_many(api).header("retry-after", 3600);
        expect_hour(&refused(api, refusal, 1).await);
    }

    async fn an_hour_in_retry_info(api: Api) {
        expect_hour(&refused(api, with_retry_info("3600s"), 1).await);
    }

    fn expect_hour(answer: &Answer) {
        answer.expect_failure(Code::RateLimited);
        let error = answer.error();
        assert_eq!(
            (&error["retryAfterMs"], &error["retryable"]),
            (&json!(3_600_000), &json!(true))
        );
    }

    async fn for_ever(api: Api) {
        let answer = refused(api, too_many(api), 3).await;
        answer.expect_failure(Code::RateLimited);
        assert_eq!(answer.error()["retryable"], true);
    }

    async fn for_ever_with_a_delay(api: Api) {
        let refusal = too_many(api).header("retry-after-ms", 50);
        let answer = refused(api, refusal, 3).await;
        answer.expect_failure(Code::RateLimited);
        assert_eq!(answer.error()["retryAfterMs"], 50);
    }

    async fn longer_than_the_time_left(api: Api) {
        let refusal = too_many(api).header("retry-after", 15);
        let house = House::tuned(api, [refusal], |settings| {
            settings.remote.limits.total = Duration::from_secs(10);
        })
        .await;
        let answer = house.ask("please").await;
        answer.expect_failure(Code::RateLimited);
        assert_eq!(answer.error()["retryAfterMs"], 15_000);
        house.expect_attempts(1);
    }
}

mod row_08_terminal_429 {
    use super::*;

    cases!(gemini: per_day, balance_used_up);
    cases!(openai: insufficient_quota, credit_balance, organization_spend, project_spend, usage_limit);
    cases!(anthropic: spend_limit);

    async fn lasting(api: Api, refusal: Script, code: Code) {
        let answer = refused(api, refusal, 1).await;
        answer.expect_failure(code);
        let error = answer.error();
        assert_eq!(error["retryable"], false);
        assert!(error.get("retryAfterMs").is_none());
    }

    async fn per_day(api: Api) {
        let mut body = api.trouble(429);
        body["error"]["details"] = json!([
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
                {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "250"},
            ]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.1s"},
        ]);
        let answer = refused(api, Script::json(429, body), 1).await;
        let sentence = "The assistant may answer no more questions today.";
        answer.expect_failure_saying(Code::RateLimited, sentence);
        assert_eq!(answer.error()["retryable"], false);
    }

    async fn balance_used_up(api: Api) {
        lasting(api, api.refuses(402), Code::Misconfigured).await;
    }

    async fn insufficient_quota(api: Api) {
        let mut body = api.trouble(429);
        body["error"]["type"] = json!("insufficient_quota");
        body["error"]["code"] = json!("insufficient_quota");
        lasting(api, Script::json(429, body), Code::Misconfigured).await;
    }

    async fn coded(api: Api, code: &str) {
        let mut body = api.trouble(429);
        body["error"]["code"] = json!(code);
        lasting(api, Script::json(429, body), Code::Misconfigured).await;
    }

    async fn credit_balance(api: Api) {
        coded(api, "credit_balance_exhausted").await;
    }

    async fn organization_spend(api: Api) {
        coded(api, "organization_spend_limit_exceeded").await;
    }

    async fn project_spend(api: Api) {
        coded(api, "project_spend_limit_exceeded").await;
    }

    async fn usage_limit(api: Api) {
        coded(api, "organization_usage_limit_exceeded").await;
    }

    async fn spend_limit(api: Api) {
        let mut body = api.trouble(429);
        body["error"]["details"] = json!({"error_code": "enforced_spend_limit_reached"});
        lasting(api, Script::json(429, body), Code::Misconfigured).await;
    }
}

mod row_09_server_error {
    use super::*;

    cases!(all: once, always, other_statuses_once);

    async fn once(api: Api) {
        refused_once(api, api.refuses(500)).await;
    }

    async fn always(api: Api) {
        let answer = refused(api, api.refuses(500), 3).await;
        answer.expect_failure(Code::Unavailable);
        assert_eq!(answer.error()["retryable"], true);
    }

    async fn other_statuses_once(api: Api) {
        for status in [408, 502, 504] {
            refused_once(api, api.refuses(status)).await;
        }
    }
}

mod row_10_overloaded {
    use super::*;

    cases!(all: once, always, status_529_once, status_529_always);
    cases!(openai: loading_model_once, loading_model_always);

    async fn always_refused(api: Api, refusal: Script) {
        let answer = refused(api, refusal, 3).await;
        answer.expect_failure(Code::Overloaded);
        assert_eq!(answer.error()["retryable"], true);
    }

    async fn once(api: Api) {
        refused_once(api, api.refuses(503)).await;
    }

    async fn always(api: Api) {
        always_refused(api, api.refuses(503)).await;
    }

    async fn status_529_once(api: Api) {
        refused_once(api, api.refuses(529)).await;
    }

    async fn status_529_always(api: Api) {
        always_refused(api, api.refuses(529)).await;
    }

    fn loading() -> Script {
        let mut body = Api::OpenAi.overload();
        body["error"]["message"] = json!("Loading model");
        Script::json(503, body)
    }

    async fn loading_model_once(api: Api) {
        refused_once(api, loading()).await;
    }

    async fn loading_model_always(api: Api) {
        always_refused(api, loading()).await;
    }
}

mod row_11_refused_for_good {
    use super::*;
    use crate::fake::How;
    use crate::journal;

    /// One attempt and our own sentence, whatever the body.
    async fn terminal(api: Api, refusal: Script, code: Code) {
        let answer = refused(api, refusal, 1).await;
        answer.expect_failure(code);
        assert_eq!(answer.error()["retryable"], false);
    }

    async fn html(api: Api, status: u16, code: Code) {
        let page = format!("<html><body><h1>{status}</h1>{OWN_WORDS}</body></html>");
        terminal(api, Script::whole(status, "text/html", page), code).await;
    }

    /// Only the beginning of ten mebibytes is read.
    async fn huge(api: Api, status: u16, code: Code) {
        let words = OWN_WORDS.repeat((10 << 20) / OWN_WORDS.len());
        let body = api.trouble(status).to_string().replace(OWN_WORDS, &words);
        let house = House::playing(api, [Script::json(status, body)]).await;
        let answer = house.ask("please").await;
        answer.expect_failure(code);
        assert_eq!(house.fake.ended(0).await.how, How::PeerLeft);
        house.expect_attempts(1);
    }

    /// The body is cut off, and says the key in several spellings.
    async fn with_the_key(api: Api, status: u16, code: Code) {
        let house = House::directed(
            api,
            move |request, _| {
                let held = |(_, value): &&(String, String)| value.contains(journal::MARK);
                let (_, key) = request.headers.iter().find(held).unwrap();
                let mut body = api.trouble(status);
                let words = format!("{OWN_WORDS}: {key} ?key={key}&x {}", "z ".repeat(190));
                body["error"]["message"] = json!(format!("{words}{key}"));
                Script::json(status, body)
            },
            |_| {},
        )
        .await;
        house.ask("please").await.expect_failure(code);
        house.expect_attempts(1);
    }

    macro_rules! statuses {
        ($($name:ident: $status:literal $code:ident),+ $(,)?) => { $(
            mod $name {
                use super::*;

                cases!(all: own_body, html_body, empty_body, ten_mebibytes, the_key_in_the_body);

                async fn own_body(api: Api) {
                    terminal(api, api.refuses($status), Code::$code).await;
                }

                async fn html_body(api: Api) {
                    html(api, $status, Code::$code).await;
                }

                async fn empty_body(api: Api) {
                    let refusal = Script::whole($status, "application/json", "");
                    terminal(api, refusal, Code::$code).await;
                }

                async fn ten_mebibytes(api: Api) {
                    huge(api, $status, Code::$code).await;
                }

                async fn the_key_in_the_body(api: Api) {
                    with_the_key(api, $status, Code::$code).await;
                }
            }
        )+ };
    }

    statuses! {
        status_400: 400 Misconfigured,
        status_401: 401 Misconfigured,
        status_403: 403 Misconfigured,
        status_404: 404 Misconfigured,
        status_413: 413 TooLong,
    }

    cases!(gemini: bad_key_as_400);

    async fn bad_key_as_400(api: Api) {
        let mut body = api.trouble(400);
        body["error"]["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
        }]);
        // As the compatible paths wrap it.
        terminal(api, Script::json(400, json!([body])), Code::Misconfigured).await;
    }
}
