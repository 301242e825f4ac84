//! Everything that is logged while the tests run, of whatever crate, searched for keys.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use trunkline::ai::Api;

use crate::fake::Speech;
use crate::house::House;

/// What every key of every test begins with: it may be seen in one header of a request, and
/// nowhere else.
pub(crate) const MARK: &str = "SECRET-7f3a91";

static BEGUN: Once = Once::new();
static OF_REQWEST: AtomicU64 = AtomicU64::new(0);
static OF_TRUNKLINE: AtomicU64 = AtomicU64::new(0);
static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A key of its own for each test.
pub(crate) fn new_key() -> String {
    format!("{MARK}-{:016x}", rand::random::<u64>())
}

/// Collects what is logged from now on, at every level; the first call counts.
///
/// The WebSockets alone are left out at the lowest level, where they spell every frame: the clients
/// read those themselves.
pub(crate) fn begin() {
    BEGUN.call_once(|| {
        let lines = fmt::layer()
            .with_span_events(FmtSpan::NEW)
            .with_ansi(false)
            .with_writer(Reader);
        let targets = Targets::new()
            .with_default(LevelFilter::TRACE)
            .with_target("tungstenite", LevelFilter::DEBUG)
            .with_target("tokio_tungstenite", LevelFilter::DEBUG);
        tracing_subscriber::registry()
            .with(targets)
            .with(lines)
            .init();
    });
}

/// The lines that hold a key.
pub(crate) fn leaks() -> Vec<String> {
    LEAKS.lock().unwrap().clone()
}

struct Reader;

impl<'a> MakeWriter<'a> for Reader {
    type Writer = Reader;

    fn make_writer(&'a self) -> Reader {
        Reader
    }
}

impl io::Write for Reader {
    /// One line of the log.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let of = |target: &str| u64::from(text.contains(target));
        OF_REQWEST.fetch_add(of(" reqwest::"), Ordering::Relaxed);
        OF_TRUNKLINE.fetch_add(of(" trunkline::assistant"), Ordering::Relaxed);
        if text.contains(MARK) {
            LEAKS.lock().unwrap().push(text.into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The search is worth something only if everything is logged.
#[tokio::test]
async fn the_log_of_every_crate_is_searched() {
    let house = House::playing(Api::OpenAi, [Api::OpenAi.refuses(400)]).await;
    house.ask("please").await;
    for (name, lines) in [("reqwest", &OF_REQWEST), ("the assistant", &OF_TRUNKLINE)] {
        let lines = lines.load(Ordering::Relaxed);
        println!("{lines} lines of {name}");
        assert!(lines > 0, "nothing of {name} is logged");
    }
}
