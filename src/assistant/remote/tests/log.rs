//! What a failure leaves in the log.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

use super::*;

/// What was logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Takes everything that this thread logs until what is returned is dropped.
    fn listen(&self) -> (DefaultGuard, Dispatch) {
        // While there is one subscriber alone, a line counts as unwanted for good if it is another
        // test's thread that comes to it first.
        let second = Dispatch::new(NoSubscriber::new());
        let lines = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || lines.clone())
            .finish();
        (tracing::subscriber::set_default(subscriber), second)
    }

    fn warnings(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        assert!(
            !text.contains(SECRET) && !text.contains("sk-secret%2F1"),
            "{text}"
        );
        let lines = text.lines().filter(|line| line.contains(" WARN "));
        lines.map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_failure_is_logged_in_the_services_words_without_the_key() {
    let service = Server::start().await;
    let lines = Lines::default();
    let _listening = lines.listen();
    let filler = "x".repeat(480);
    let messages = [
        "key sk-secret/1 at https://x/?key=sk-secret%2F1\u{1b}[31m\nFAKE WARN line\u{202e}",
        // The key begins before, and ends behind, whatever is kept of a message.
        &format!("{filler} sk-secret/1{}", &SECRET[..5]),
        "bad key",
    ];
    let serve = async {
        for (message, status) in messages.iter().zip(["500 Oops", "503 Busy", "401 No"]) {
            let (mut connection, _) = service.request().await;
            let error = serde_json::json!({ "error": { "message": message } });
            let response = response(status, "application/json", &error.to_string());
            send(&mut connection, &response).await;
        }
    };
    let answer = remote(&service).answer(prompt());
    let ((_, end), ()) = tokio::join!(read(answer), in_time("asked thrice", serve));
    let failure = end.unwrap_err();
    assert_eq!(failure.code, Code::Misconfigured);
    assert_eq!(failure.message, Code::Misconfigured.message());

    let warnings = lines.warnings();
    let expected: [&[&str]; 3] = [
        &[
            "status=500",
            "attempt=1",
            "wait_ms=",
            r"?key=[redacted] [31m FAKE WARN line\u{202e}",
        ],
        &["status=503", "attempt=2", "wait_ms=", "xxx"],
        &[
            "status=401",
            "attempt=3",
            "code=\"misconfigured\"",
            "bad key",
        ],
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
    for (line, parts) in warnings.iter().zip(expected) {
        for part in parts
            .iter()
            .chain(&["provider=\"openai\"", "model=\"some-model\""])
        {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert!(!line.contains("sk-s"), "a part of the key: {line}");
        assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line}");
    }
    assert!(!warnings[2].contains("wait_ms"));
}
