//! Who answers: the seam between the assistant and a provider, and the provider without a network.

use std::pin::Pin;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use futures_util::stream::{self, Stream};

use crate::ai::offline::{self, MODEL, Scene, Script};
use crate::ai::{Event, Failure, Prompt};
use crate::clock;

/// An answer on its way: any number of deltas, then [`Done`](Event::Done) or a failure.
pub type Answering = Pin<Box<dyn Stream<Item = Result<Event, Failure>> + Send>>;

/// Somebody who answers questions.
pub trait Provider: Send + Sync + 'static {
    /// The name of the model, for replies.
    fn model(&self) -> Arc<str>;

    /// Begins to answer; everything happens when the stream is polled.
    ///
    /// The stream is dropped as soon as nobody wants the answer any more, and must take its
    /// connection with it. It is not polled while the asker reads slowly. Time limits between the
    /// provider's words are its own affair; the answer as a whole is limited by the assistant.
    fn answer(&self, prompt: Prompt) -> Answering;
}

/// The [`offline`] rules as a provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline {
    config: offline::Config,
}

impl Offline {
    /// The rules, with a pace and whether test hooks are obeyed.
    pub fn new(config: offline::Config) -> Offline {
        Offline { config }
    }
}

impl Provider for Offline {
    fn model(&self) -> Arc<str> {
        MODEL.into()
    }

    fn answer(&self, prompt: Prompt) -> Answering {
        let since_1970 = clock::wall_time().duration_since(UNIX_EPOCH);
        let scene = Scene {
            // A clock before 1970 is wrong anyway.
            unix_seconds: since_1970.map_or(0, |time| time.as_secs()),
            seed: rand::random(),
        };
        let script = offline::answer(&prompt, scene, &self.config);
        Box::pin(stream::unfold(script, read_out))
    }
}

async fn read_out(mut script: Script) -> Option<(Result<Event, Failure>, Script)> {
    let pause = script.pause();
    if pause.is_zero() {
        // A long answer lets others run now and then.
        tokio::task::consume_budget().await;
    } else {
        tokio::time::sleep(pause).await;
    }
    script.next().map(|item| (item, script))
}
