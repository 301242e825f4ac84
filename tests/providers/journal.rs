//! Everything that is logged while the tests run, of whatever crate, searched for keys.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What every key of every test begins with: it may be seen in one header of a request, and
/// nowhere else.
pub(crate) const MARK: &str = "SECRET-7f3a91";

static BEGUN: Once = Once::new();
static LINES: AtomicU64 = AtomicU64::new(0);
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
        LINES.fetch_add(1, Ordering::Relaxed);
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

/// How many lines there were: in all, of reqwest, of the assistant.
pub(crate) fn counts() -> (u64, u64, u64) {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    (count(&LINES), count(&OF_REQWEST), count(&OF_TRUNKLINE))
}
