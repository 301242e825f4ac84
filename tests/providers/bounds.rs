//! Rows 19, 20 and 27: too much, too long, and nobody who reads it.

use std::time::Duration;

use bytes::Bytes;
use trunkline::ai::{Api, Code};

use crate::fake::{Finish, How, Script, Speech, Then};
use crate::house::{House, Settings};

const MILLIS: Duration = Duration::from_millis(1);

/// What the systems at both ends may hold of a connection, and little more: as much could be
/// written although nobody reads.
const BUFFERS: u64 = 12 << 20;

/// Waits until each answer was given up, and checks that not much more than `most` bytes of it
/// were fetched.
async fn expect_cut(house: &House, most: u64) {
    for number in 0..house.fake.attempts().len() {
        assert_eq!(house.fake.ended(number).await.how, How::PeerLeft);
        let written = house.fake.written(number);
        println!("{written} bytes were written until nobody took more");
        assert!(written < most + BUFFERS, "{written} bytes were fetched");
    }
}

mod row_19_huge {
    use super::*;

    cases!(all: fifty_megabytes_of_deltas, one_long_line, long_document, long_event);

    /// Four kilobytes each.
    fn delta(api: Api) -> Bytes {
        api.delta(&"all work and no play ".repeat(195)).into()
    }

    async fn fifty_megabytes_of_deltas(api: Api) {
        let delta = delta(api);
        let count = 50_000_000 / delta.len();
        let script = Script::events()
            .all(api.opening())
            .all(std::iter::repeat_n(delta, count));
        let house = House::playing(api, [script]).await;
        let answer = house.ask("much, please").await;
        assert_eq!(
            (answer.finish(), answer.text().len()),
            ("length", 256 << 10)
        );
        house.expect_attempts(1);
        expect_cut(&house, 1 << 20).await;
    }

    async fn bad(api: Api, script: Script, stream: bool, most: u64) {
        let house = House::tuned(api, [script], |s| s.remote.stream = stream).await;
        let answer = house.ask("much, please").await;
        answer.expect_failure(Code::BadResponse);
        house.expect_attempts(1);
        expect_cut(&house, most).await;
    }

    async fn one_long_line(api: Api) {
        let piece = Bytes::from(vec![b'x'; 64 << 10]);
        let script = Script::events()
            .bytes("data: {\"a\":\"")
            .all(std::iter::repeat_n(piece, 320));
        bad(api, script, true, 1 << 20).await;
    }

    /// Many lines, none of them too long, which are one event.
    async fn long_event(api: Api) {
        let line = Bytes::from(format!("data: {}\n", "x".repeat(1000)).repeat(64));
        let script = Script::events().all(std::iter::repeat_n(line, 320));
        bad(api, script, true, 1 << 20).await;
    }

    async fn long_document(api: Api) {
        let body = api.document("@", Finish::Stop).to_string();
        let body = body.replace('@', &"x".repeat(24 << 20));
        bad(api, Script::json(200, body), false, 8 << 20).await;
    }
}

mod row_20_never_ending {
    use super::*;

    cases!(
        all: deltas_until_the_output_is_full, deltas_until_the_time_is_over, comments_only,
        headers_then_silence, no_headers, silence_mid_stream, refusal_without_end,
        silence_after_the_end, much_after_the_end,
    );

    fn deltas(api: Api) -> Script {
        let delta = api.delta("word ");
        Script::events()
            .all(api.opening())
            .for_ever(delta, 10 * MILLIS)
    }

    /// It ends as `timeout`, at once closes the connection, and is not remembered.
    async fn late(api: Api, script: Script, tune: impl FnOnce(&mut Settings)) {
        let house = House::tuned(api, [script, api.answers("fine")], tune).await;
        let mut client = house.client().await;
        let answer = client.ask("please").await;
        answer.expect_failure(Code::Timeout);
        assert_eq!(answer.error()["retryable"], true);
        house.expect_attempts(1);
        assert_eq!(house.fake.ended(0).await.how, How::PeerLeft);
        house.expect_forgotten(&mut client).await;
    }

    async fn deltas_until_the_output_is_full(api: Api) {
        let house = House::tuned(api, [deltas(api)], |settings| {
            settings.assistant.rules.answer.max_bytes = 60;
        })
        .await;
        let answer = house.ask("please").await;
        assert_eq!(
            (answer.finish(), answer.text()),
            ("length", &*"word ".repeat(12))
        );
        assert_eq!(house.fake.ended(0).await.how, How::PeerLeft);
    }

    async fn deltas_until_the_time_is_over(api: Api) {
        let house = House::tuned(api, [deltas(api)], |settings| {
            settings.remote.limits.total = 700 * MILLIS;
        })
        .await;
        let mut client = house.client().await;
        let answer = client.ask("please").await;
        assert_eq!((answer.finish(), answer.code()), ("error", "timeout"));
        assert!(answer.text().starts_with("word word "));
        house.expect_attempts(1);
        assert_eq!(house.fake.ended(0).await.how, How::PeerLeft);
        house.expect_forgotten(&mut client).await;
    }

    async fn comments_only(api: Api) {
        let script = Script::events().for_ever(": still here\n\n", 10 * MILLIS);
        late(api, script, |settings| {
            settings.remote.limits.total = 500 * MILLIS;
        })
        .await;
    }

    async fn headers_then_silence(api: Api) {
        late(api, Script::events().then(Then::Stall), |settings| {
            settings.remote.limits.first_byte = 300 * MILLIS;
            settings.remote.limits.idle = 300 * MILLIS;
        })
        .await;
    }

    async fn no_headers(api: Api) {
        late(api, Script::nothing(Then::Stall), |settings| {
            settings.remote.limits.first_byte = 300 * MILLIS;
        })
        .await;
    }

    async fn silence_mid_stream(api: Api) {
        let script = api.begins(&["one ", "two"]).then(Then::Stall);
        let house = House::tuned(api, [script, api.answers("fine")], |settings| {
            settings.remote.limits.idle = 400 * MILLIS;
        })
        .await;
        let mut client = house.client().await;
        let answer = client.ask("please").await;
        answer.expect_partial(Code::Timeout, "one two");
        house.expect_attempts(1);
        assert_eq!(house.fake.ended(0).await.how, How::PeerLeft);
        house.expect_forgotten(&mut client).await;
    }

    /// The status says enough; the body is not waited for beyond the time of the whole answer.
    async fn refusal_without_end(api: Api) {
        let script = Script::chunked(401, "application/json").for_ever(" ", 10 * MILLIS);
        let house = House::tuned(api, [script], |settings| {
            settings.remote.limits.total = 500 * MILLIS;
        })
        .await;
        let answer = house.ask("please").await;
        let codes = ["misconfigured", "timeout"];
        assert!(codes.contains(&answer.code()), "{}", answer.reply());
        house.expect_attempts(1);
        assert_eq!(house.fake.ended(0).await.how, How::PeerLeft);
    }

    /// All was said, but the connection stays open. Gemini has no last word but the end itself.
    async fn silence_after_the_end(api: Api) {
        let script = Script::events().all(api.stream(&["all"])).then(Then::Stall);
        after_the_end(api, script).await;
    }

    async fn much_after_the_end(api: Api) {
        let script = Script::events()
            .all(api.stream(&["all"]))
            .for_ever(": more\n\n", MILLIS);
        after_the_end(api, script).await;
    }

    async fn after_the_end(api: Api, script: Script) {
        let house = House::tuned(api, [script], |settings| {
            settings.remote.limits.idle = 500 * MILLIS;
            settings.remote.limits.total = 800 * MILLIS;
        })
        .await;
        let answer = house.ask("please").await;
        match api {
            Api::Gemini => answer.expect_partial(Code::Timeout, "all"),
            Api::OpenAi | Api::Anthropic => answer.expect_stop("all"),
        }
        house.expect_attempts(1);
        assert_eq!(house.fake.ended(0).await.how, How::PeerLeft);
    }
}

mod row_27_slow_socket {
    use super::*;
    use crate::client::Client;

    cases!(all: the_client_stops_reading);

    async fn the_client_stops_reading(api: Api) {
        let delta = api.delta(&"all work and no play ".repeat(195));
        let script = Script::events()
            .all(api.opening())
            .for_ever(delta, Duration::ZERO);
        let house = House::tuned(api, [script], |settings| {
            settings.assistant.max_stall = 500 * MILLIS;
            settings.assistant.rules.answer.max_bytes = 1 << 30;
        })
        .await;
        let mut client = Client::connect_with_small_buffer(house.address).await;
        let id = client.begin("please").await;
        house.fake.until_asked(1).await;
        // Nothing is read until the provider was let go.
        assert_eq!(house.fake.ended(0).await.how, How::PeerLeft);
        let written = house.fake.written(0);
        assert!(written < 2 * BUFFERS, "{written} bytes were fetched");
        let answer = client.answer(&id).await;
        assert_eq!((answer.finish(), answer.code()), ("error", "timeout"));
        let kept = answer.text().len() as u64;
        println!("{api:?}: {written} bytes written by the provider, {kept} bytes of answer kept");
        house.expect_attempts(1);
        // Others have been served, and are.
        let mut other = house.client().await;
        let id = other.begin("and me?").await;
        other.until(&id, |answer| !answer.chunks.is_empty()).await;
        other.cancel(&id).await;
        assert_eq!(other.answer(&id).await.finish(), "cancelled");
    }
}
