//! Tables of refusals, as the providers and their imitators write them.

use super::*;
use crate::ai::provider::api::Api;

/// 2026-11-21 12:00:00 UTC.
const NOON: u64 = 1_795_262_400;

fn refusal(status: u16, body: &str) -> Refusal<'_> {
    Refusal {
        status,
        retry_after: None,
        retry_after_ms: None,
        should_retry: None,
        unix_now: NOON,
        body: body.as_bytes(),
    }
}

fn refuse(refusal: &Refusal<'_>) -> Fault {
    let faults = Api::ALL.map(|api| api.refusal(refusal));
    assert!(faults.iter().all(|fault| *fault == faults[0]));
    let [fault, ..] = faults;
    assert!(
        fault
            .detail
            .starts_with(&format!("HTTP {}", refusal.status))
    );
    fault
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const GEMINI_PER_MINUTE: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[
 {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"10"}]},
 {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7.250s"}]}}"#;

const GEMINI_PER_DAY: &str = r#"[{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[
 {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinute"},{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaValue":"250"}]},
 {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"45.837906927s"}]}}]"#;

const GEMINI_KEY: &str = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[
 {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#;

/// Checks a table of status, body, code and retry.
fn check(table: &[(u16, &str, Code, Retry)]) {
    for (status, body, code, retry) in table {
        let fault = refuse(&refusal(*status, body));
        assert_eq!(
            (fault.failure.code, fault.retry),
            (*code, *retry),
            "{status} {body}"
        );
    }
}

#[test]
fn most_refusals_are_for_good() {
    use Code::{BadResponse, Misconfigured, TooLong, Unavailable};
    let (never, backoff) = (Retry::Never, Retry::Backoff);
    check(&[
        (301, "", Misconfigured, never),
        (307, "<html>", Misconfigured, never),
        (400, "", Misconfigured, never),
        (400, GEMINI_KEY, Misconfigured, never),
        (400, "not json", Misconfigured, never),
        (
            401,
            r#"{"type":"error","error":{"type":"authentication_error","message":"x"}}"#,
            Misconfigured,
            never,
        ),
        (
            402,
            r#"{"error":{"code":402,"status":"RESOURCE_EXHAUSTED"}}"#,
            Misconfigured,
            never,
        ),
        (403, "", Misconfigured, never),
        (
            404,
            r#"{"error":"model \"x\" not found"}"#,
            Misconfigured,
            never,
        ),
        (404, r#"{"detail":"Not Found"}"#, Misconfigured, never),
        (405, "", BadResponse, never),
        (408, "", Unavailable, backoff),
        (409, "", Unavailable, backoff),
        (413, "<html>Too large</html>", TooLong, never),
        (
            413,
            r#"{"type":"error","error":{"type":"request_too_large"}}"#,
            TooLong,
            never,
        ),
        (418, "", BadResponse, never),
        (
            422,
            r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#,
            Misconfigured,
            never,
        ),
    ]);
}

#[test]
fn too_many_requests_may_mean_a_minute_a_day_or_a_bill() {
    use Code::{Misconfigured, RateLimited};
    let (never, backoff) = (Retry::Never, Retry::Backoff);
    check(&[
        (429, "", RateLimited, backoff),
        (
            429,
            r#"{"error":{"message":"x","type":"tokens","code":"rate_limit_exceeded"}}"#,
            RateLimited,
            backoff,
        ),
        (
            429,
            r#"{"error":{"message":"x","type":"insufficient_quota","code":null}}"#,
            Misconfigured,
            never,
        ),
        (
            429,
            r#"{"error":{"message":"x","type":"y","code":"credit_balance_exhausted"}}"#,
            Misconfigured,
            never,
        ),
        (
            429,
            r#"{"error":{"code":"project_spend_limit_exceeded"}}"#,
            Misconfigured,
            never,
        ),
        (
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
            Misconfigured,
            never,
        ),
        (429, GEMINI_PER_MINUTE, RateLimited, Retry::After(ms(7_250))),
        (429, GEMINI_PER_DAY, RateLimited, never),
    ]);
}

#[test]
fn a_server_in_trouble_is_asked_again() {
    use Code::{BadResponse, Overloaded, Timeout, Unavailable};
    let (never, backoff) = (Retry::Never, Retry::Backoff);
    check(&[
        (
            499,
            r#"{"error":{"code":499,"status":"CANCELLED"}}"#,
            BadResponse,
            never,
        ),
        (500, "<html>", Unavailable, backoff),
        (502, "", Unavailable, backoff),
        (503, "", Overloaded, backoff),
        (
            503,
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            Overloaded,
            backoff,
        ),
        (
            504,
            r#"{"error":{"code":504,"status":"DEADLINE_EXCEEDED"}}"#,
            Timeout,
            backoff,
        ),
        (520, "", Unavailable, backoff),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error"}}"#,
            Overloaded,
            backoff,
        ),
        (204, "", BadResponse, never),
    ]);
}

#[test]
fn a_days_quota_is_lasting_and_a_minutes_is_not() {
    let day = refuse(&refusal(429, GEMINI_PER_DAY)).failure;
    assert_eq!((day.retryable, day.retry_after), (false, None));
    assert_eq!(day.message, NOTHING_MORE_TODAY);
    let minute = refuse(&refusal(429, GEMINI_PER_MINUTE)).failure;
    assert_eq!(
        (minute.retryable, minute.retry_after),
        (true, Some(ms(7_250)))
    );
    assert!(!refuse(&refusal(418, "")).failure.retryable);
}

#[test]
fn a_400_that_says_so_is_too_long() {
    let table = [
        r#"{"error":{"message":"x","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
        r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
        r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 215000 tokens > 200000 maximum"}}"#,
        r#"{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}"#,
        r#"{"message":"This model's maximum context length is 4096 tokens."}"#,
    ];
    for body in table {
        let fault = refuse(&refusal(400, body));
        assert_eq!(
            (fault.failure.code, fault.retry),
            (Code::TooLong, Retry::Never),
            "{body}"
        );
    }
}

#[test]
fn the_wait_comes_from_the_headers_first() {
    let date = Some("Sat, 21 Nov 2026 12:00:05 GMT");
    let past = Some("Sat, 21 Nov 2026 11:00:00 GMT");
    let after = |millis| Retry::After(ms(millis));
    let table = [
        // retry-after-ms, retry-after, body, expected
        (None, Some("3"), "", after(3_000)),
        (None, Some(" 1.5 "), "", after(1_500)),
        (None, Some("0"), "", after(0)),
        (None, date, "", after(5_000)),
        (None, past, "", after(0)),
        // No client can wait for longer.
        (None, Some("1e19"), "", after(86_400_000)),
        (Some("250"), Some("3"), "", after(250)),
        (
            Some("250.5"),
            None,
            "",
            Retry::After(Duration::from_micros(250_500)),
        ),
        (Some("soon"), Some("3"), "", after(3_000)),
        (None, Some("3"), GEMINI_PER_MINUTE, after(3_000)),
        (None, Some("soon"), GEMINI_PER_MINUTE, after(7_250)),
        (Some("-1"), Some("-1"), "", Retry::Backoff),
        (Some("inf"), Some("NaN"), "", Retry::Backoff),
        (Some(""), Some(""), "", Retry::Backoff),
        (None, Some("1e300"), "", Retry::Backoff),
    ];
    for (retry_after_ms, retry_after, body, expected) in table {
        let fault = refuse(&Refusal {
            retry_after_ms,
            retry_after,
            ..refusal(429, body)
        });
        assert_eq!(fault.retry, expected, "{retry_after_ms:?} {retry_after:?}");
        let told = match expected {
            Retry::After(wait) => Some(wait),
            _ => None,
        };
        assert_eq!(fault.failure.retry_after, told);
    }
    let nanos = Duration::from_nanos(45_837_906_927);
    assert_eq!(seconds("45.837906927"), Some(nanos));
}

#[test]
fn the_server_may_overrule_but_no_redirect_is_tried_again() {
    let table = [
        (500, "false", Retry::Never),
        (400, "true", Retry::Backoff),
        (429, "false", Retry::Never),
        (500, "perhaps", Retry::Backoff),
        (307, "true", Retry::Never),
    ];
    for (status, word, expected) in table {
        let should_retry = Some(word);
        let fault = refuse(&Refusal {
            should_retry,
            ..refusal(status, "")
        });
        assert_eq!(fault.retry, expected, "{status} {word}");
    }
}

#[test]
fn an_error_in_the_midst_of_an_answer_is_found_and_judged() {
    use Code::*;
    let backoff = Retry::Backoff;
    let table = [
        (
            r#"{"error":{"code":503,"message":"high demand","status":"UNAVAILABLE"}}"#,
            Overloaded,
            backoff,
        ),
        (r#"{"error":{"status":"UNAVAILABLE"}}"#, Overloaded, backoff),
        (r#"{"error":{"code":"503"}}"#, Overloaded, backoff),
        (r#"[{"error":{"code":503}}]"#, Overloaded, backoff),
        (r#"{"error":[{"code":503}]}"#, Overloaded, backoff),
        (
            r#"{"error":{"message":"x","type":"server_error","code":null}}"#,
            Unavailable,
            backoff,
        ),
        (
            r#"{"object":"error","message":"x","type":"Oops","code":500}"#,
            Unavailable,
            backoff,
        ),
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Overloaded,
            backoff,
        ),
        (
            r#"{"error":{"type":"rate_limit_error"}}"#,
            RateLimited,
            backoff,
        ),
        (
            r#"{"error":{"type":"insufficient_quota"}}"#,
            Misconfigured,
            Retry::Never,
        ),
        (
            r#"{"error":{"code":"context_length_exceeded"}}"#,
            TooLong,
            Retry::Never,
        ),
        (r#"{"error":"prompt is too long"}"#, TooLong, Retry::Never),
        (r#"{"error":"cannot"}"#, BadResponse, backoff),
        (r#"{"error":{}}"#, BadResponse, backoff),
        (r#"{"error":true}"#, BadResponse, backoff),
        (r#"{"error":{"code":1301}}"#, BadResponse, backoff),
        (
            r#"{"error":{"code":99999999,"type":"api_error"}}"#,
            Unavailable,
            backoff,
        ),
        (
            r#"{"error":{"code":429,"details":[{"retryDelay":"2s"}]}}"#,
            RateLimited,
            Retry::After(ms(2_000)),
        ),
    ];
    for (json, code, retry) in table {
        let fault = found(json).unwrap_or_else(|| panic!("{json}"));
        assert_eq!((fault.failure.code, fault.retry), (code, retry), "{json}");
        assert_eq!(told(json), fault, "{json}");
    }
}

#[test]
fn an_answer_is_no_error() {
    let table = [
        "{}",
        "[]",
        "[[{\"error\":1}]]",
        "5",
        "\"error\"",
        "nonsense",
        r#"{"error":null,"choices":[]}"#,
        r#"{"error":"","choices":[]}"#,
        r#"{"type":"message","content":[{"type":"error"}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"{\"error\":1}"}]}}]}"#,
    ];
    for json in table {
        assert_eq!(found(json), None, "{json}");
    }
}

#[test]
fn the_providers_words_are_in_the_detail_alone() {
    let table = [
        (
            GEMINI_KEY,
            "HTTP 400 400 INVALID_ARGUMENT API_KEY_INVALID API key not valid. Please pass a valid API key.",
        ),
        (
            r#"{"error":{"message":"a\nb","type":"t","code":"c"}}"#,
            "HTTP 400 c t a b",
        ),
        ("  <html>no</html>\n", "HTTP 400 <html>no</html>"),
        ("", "HTTP 400"),
    ];
    for (body, detail) in table {
        let fault = refuse(&refusal(400, body));
        assert_eq!(fault.detail, detail);
        assert_eq!(fault.failure, Code::Misconfigured.into());
    }
    let long = "word ".repeat(2_000_000);
    assert!(refuse(&refusal(500, &long)).detail.len() <= 500);
    assert_eq!(told("plain words").detail, "plain words");
    assert_eq!(
        told("{\"code\":503} and more").failure.code,
        Code::Overloaded
    );
}
