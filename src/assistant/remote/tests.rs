//! Against services on loopback: what is let go of when, what is used again, what is logged.

// Elsewhere the system's own list cannot be exchanged by a variable.
#[cfg(target_os = "linux")]
mod certificates;
mod log;
mod proxies;
mod service;
mod subprocess;

use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::*;
use crate::ai::{Code, Event, Failure, Role, Text, Turn};
use service::{
    DONE, EVENTS, LAST, Server, closed, delta, piece, read_request, response, send, whole_answer,
};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

const SECRET: &str = "sk-secret/1";

fn config(base_url: String) -> Config {
    let mut config = Config::new(Api::OpenAi, "some-model");
    config.base_url = base_url;
    config.key = Some(Key::new(SECRET).unwrap());
    config.retry.first_wait = Duration::from_millis(1);
    config
}

fn remote(service: &Server) -> Remote {
    Remote::new(config(service.base())).unwrap()
}

fn prompt() -> Prompt {
    Prompt::new(vec![Turn {
        role: Role::User,
        text: Text::from("hello?"),
    }])
}

/// An answer read to its end, which must be the only one.
async fn read(mut answer: Answering) -> (String, Result<(), Failure>) {
    let mut text = String::new();
    let reading = async {
        let end = loop {
            match answer.next().await.expect("an answer has an end") {
                Ok(Event::Delta(delta)) => text.push_str(&delta),
                Ok(Event::Done(_)) => break Ok(()),
                Err(failure) => break Err(failure),
            }
        };
        assert!(answer.next().await.is_none(), "nothing follows the end");
        end
    };
    let end = timeout(PATIENCE, reading).await.expect("an end in time");
    (text, end)
}

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let result = timeout(PATIENCE, future).await;
    result.unwrap_or_else(|_| panic!("{what}: nothing happened"))
}

#[tokio::test]
async fn a_question_is_one_request_with_the_key_in_its_header() {
    let service = Server::start().await;
    let serve = async {
        let (mut connection, request) = service.request().await;
        let pieces = [delta("He"), delta("llo"), DONE.to_owned()];
        let pieces = pieces.map(|text| piece(&text)).concat();
        send(&mut connection, &format!("{EVENTS}{pieces}{LAST}")).await;
        request
    };
    let asking = read(remote(&service).answer(prompt()));
    let ((text, end), request) = tokio::join!(asking, serve);
    assert_eq!((text.as_str(), end), ("Hello", Ok(())));

    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    let expected = [
        "post /v1/chat/completions http/1.1",
        "authorization: bearer sk-secret/1",
        "content-type: application/json",
        "accept: text/event-stream, application/json",
        concat!("user-agent: trunkline/", env!("CARGO_PKG_VERSION")),
    ];
    for line in expected {
        assert!(head.lines().any(|found| found == line), "{line}\n{head}");
    }
    assert!(body.contains("hello?") && !body.contains(SECRET));
}

#[tokio::test]
async fn an_answer_dropped_before_its_head_closes_the_connection() {
    let service = Server::start().await;
    let mut answer = remote(&service).answer(prompt());
    let mut connection = tokio::select! {
        event = answer.next() => panic!("{event:?}"),
        (connection, _) = in_time("asked", service.request()) => connection,
    };
    drop(answer);
    in_time("closed", closed(&mut connection)).await;
}

#[tokio::test]
async fn an_answer_dropped_on_its_way_closes_the_connection() {
    let service = Server::start().await;
    let mut answer = remote(&service).answer(prompt());
    let serve = async {
        let (mut connection, _) = service.request().await;
        send(&mut connection, &format!("{EVENTS}{}", piece(&delta("He")))).await;
        connection
    };
    let (event, mut connection) = tokio::join!(answer.next(), in_time("asked", serve));
    assert_eq!(event, Some(Ok(Event::Delta("He".into()))));
    drop(answer);
    in_time("closed", closed(&mut connection)).await;
}

#[tokio::test]
async fn an_answer_dropped_between_two_attempts_does_not_begin_another() {
    let service = Server::start().await;
    let mut config = config(service.base());
    // Whatever the dice say, this wait is not over before the test is.
    let wait = "HTTP/1.1 503 Busy\r\nretry-after: 3600\r\nconnection: close\r\n";
    config.retry.longest_delay = Duration::MAX;
    config.limits.total = Duration::MAX;
    let mut answer = Remote::new(config).unwrap().answer(prompt());
    let serve = async {
        let (mut connection, _) = service.request().await;
        send(
            &mut connection,
            &format!("{wait}content-length: 2\r\n\r\n{{}}"),
        )
        .await;
        closed(&mut connection).await;
    };
    // The refusal was read to its end, as the connection is closed.
    tokio::select! {
        biased;
        event = answer.next() => panic!("{event:?}"),
        () = in_time("refused", serve) => {}
    }
    drop(answer);
    let again = timeout(Duration::from_millis(200), service.accept()).await;
    assert!(again.is_err(), "another attempt");
}

#[tokio::test]
async fn what_follows_an_answer_is_read_so_that_its_connection_is_used_again() {
    let service = Server::start().await;
    let remote = remote(&service);
    let serve = async {
        // A busy machine may take longer between the last two pieces than anybody waits.
        for _ in 0..20 {
            let mut connection = service.accept().await;
            let mut answered = 0;
            while read_request(&mut connection).await.is_some() {
                let answer = [delta("Hello"), DONE.to_owned()].map(|text| piece(&text));
                send(&mut connection, &format!("{EVENTS}{}", answer.concat())).await;
                // Not before the answer itself was read.
                tokio::time::sleep(Duration::from_millis(10)).await;
                // After a long pause nobody is there to read it.
                if connection.write_all(LAST.as_bytes()).await.is_err() {
                    break;
                }
                answered += 1;
                if answered == 2 {
                    return;
                }
            }
        }
        panic!("each question took a connection of its own");
    };
    let ask = async {
        loop {
            let (text, end) = read(remote.answer(prompt())).await;
            assert_eq!((text.as_str(), end), ("Hello", Ok(())));
        }
    };
    tokio::select! {
        () = ask => {}
        () = in_time("used again", serve) => {}
    }
}

#[tokio::test]
async fn nothing_is_read_that_nobody_asked_for() {
    const MUCH: usize = 64 * 1024 * 1024;
    let service = Server::start().await;
    let mut answer = remote(&service).answer(prompt());
    let serve = async {
        let (mut connection, _) = service.request().await;
        send(&mut connection, EVENTS).await;
        connection
    };
    let more = piece(&delta(&"word ".repeat(2000)));
    let first = async {
        let mut connection = serve.await;
        send(&mut connection, &more).await;
        connection
    };
    let (event, mut connection) = tokio::join!(answer.next(), in_time("asked", first));
    assert!(matches!(event, Some(Ok(Event::Delta(_)))));
    let mut written = 0;
    while written < MUCH {
        let write = timeout(Duration::from_millis(300), send(&mut connection, &more));
        if write.await.is_err() {
            break;
        }
        written += more.len();
    }
    assert!(written < MUCH, "all of it was taken");
    drop(answer);
}

#[tokio::test]
async fn an_answer_without_a_pause_ends_when_its_time_is_over() {
    let service = Server::start().await;
    let mut config = config(service.base());
    config.limits.total = Duration::from_millis(300);
    let answer = Remote::new(config).unwrap().answer(prompt());
    let serve = async {
        let (mut connection, _) = service.request().await;
        send(&mut connection, EVENTS).await;
        let words = piece(&delta("word ").repeat(100));
        while connection.write_all(words.as_bytes()).await.is_ok() {}
    };
    let ((text, end), ()) = tokio::join!(read(answer), in_time("closed", serve));
    assert!(!text.is_empty());
    assert_eq!(end.map_err(|failure| failure.code), Err(Code::Timeout));
}

#[tokio::test]
async fn a_service_that_says_nothing_is_asked_once() {
    // Nothing at all, a head alone, and nothing after the first word.
    let he = piece(&delta("He"));
    let table = [
        (String::new(), ""),
        (EVENTS.to_owned(), ""),
        (format!("{EVENTS}{he}"), "He"),
    ];
    for (said, expected) in table {
        let service = Server::start().await;
        let mut config = config(service.base());
        config.limits.first_byte = Duration::from_millis(300);
        config.limits.idle = Duration::from_millis(300);
        let answer = Remote::new(config).unwrap().answer(prompt());
        let serve = async {
            let (mut connection, _) = service.request().await;
            send(&mut connection, &said).await;
            closed(&mut connection).await;
        };
        let ((text, end), ()) = tokio::join!(read(answer), in_time("closed", serve));
        let code = end.map_err(|failure| failure.code);
        assert_eq!((text.as_str(), code), (expected, Err(Code::Timeout)));
    }
}

#[tokio::test]
async fn a_lost_connection_is_tried_again_until_something_was_said() {
    let service = Server::start().await;
    let answer = remote(&service).answer(prompt());
    let serve = async {
        let he = piece(&delta("He"));
        for said in ["", EVENTS, &format!("{EVENTS}{he}")] {
            let (mut connection, _) = service.request().await;
            send(&mut connection, said).await;
        }
    };
    let ((text, end), ()) = tokio::join!(read(answer), in_time("asked thrice", serve));
    assert_eq!(text, "He");
    let failure = end.unwrap_err();
    assert_eq!(failure.code, Code::Unavailable);
    assert_eq!(failure.message, "The answer broke off before its end.");
}

#[test]
fn a_config_that_is_of_no_use_is_refused() {
    let mut config = config("https://me:hunter2@api.example".to_owned());
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(!format!("{config:?}").contains(SECRET));
    let error = Remote::new(config.clone()).unwrap_err();
    assert!(error.to_string().starts_with("base_url: "), "{error}");
    config.base_url = "http://127.0.0.1:1".to_owned();
    config.model = " ".to_owned();
    let error = Remote::new(config).unwrap_err();
    assert!(error.to_string().starts_with("model: "), "{error}");
}
