//! What one client must receive, and what it has received.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::packet::{JOIN_ID, read_stamp};
use crate::sequence::{Place, Sequence};
use crate::tally::{Kind, Tally, Way};

/// A row of messages that this client sends and that come back to it.
#[derive(Default, Debug)]
struct Loop {
    sent: u64,
    came: Sequence,
}

/// How far a client has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Phase {
    /// On its way into the namespace.
    Connecting,
    /// In the namespace.
    Connected,
    /// In its room.
    Joined,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    has_upgraded: bool,
    /// Whether the upgrade was found to be without loss, or not.
    is_judged: bool,
    has_ended: bool,
    is_attachment_due: bool,
    echo: Loop,
    ack: Loop,
    binary: Loop,
    chat_sent: u64,
    /// By sender.
    chats: HashMap<u64, Sequence>,
}

/// One client's book. Every message is entered when it is sent and when it comes.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) client: u64,
    pub(crate) way: Way,
    tally: Arc<Tally>,
    state: Mutex<State>,
    changed: Notify,
}

impl Ledger {
    pub(crate) fn new(client: u64, way: Way, tally: Arc<Tally>) -> Ledger {
        Ledger {
            client,
            way,
            tally,
            state: Mutex::new(State {
                phase: Phase::Connecting,
                has_upgraded: false,
                is_judged: false,
                has_ended: false,
                is_attachment_due: false,
                echo: Loop::default(),
                ack: Loop::default(),
                binary: Loop::default(),
                chat_sent: 0,
                chats: HashMap::new(),
            }),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next message of this kind, which is taken as sent.
    pub(crate) fn send(&self, kind: Kind) -> u64 {
        let mut state = self.state();
        let sent = match kind {
            Kind::Chat => &mut state.chat_sent,
            kind => &mut state.row(kind).sent,
        };
        *sent += 1;
        *sent - 1
    }

    /// How many messages it has said in its room.
    pub(crate) fn chat_sent(&self) -> u64 {
        self.state().chat_sent
    }

    /// From now on everything that these say must come; the number is how much each has said.
    pub(crate) fn listen_to(&self, senders: &HashMap<u64, u64>) {
        let chats = &mut self.state().chats;
        chats.retain(|sender, _| senders.contains_key(sender));
        for (sender, said) in senders {
            let start = || Sequence::starting_at(*said);
            chats.entry(*sender).or_insert_with(start);
        }
    }

    /// Enters a text of this kind.
    pub(crate) fn came(&self, kind: Kind, text: &str) {
        let Some((client, number)) = read_stamp(text) else {
            return self.unreadable(text);
        };
        let mut state = self.state();
        let sequence = match kind {
            // Said by somebody who left in an earlier round: it may come, and it may not.
            Kind::Chat => match state.chats.get_mut(&client) {
                Some(sequence) => sequence,
                None => return,
            },
            kind if client == self.client => &mut state.row(kind).came,
            _ => {
                drop(state);
                let example = format!("client {} got {text:.40}", self.client);
                return self.tally.fault("message for somebody else", example);
            }
        };
        let place = sequence.note(number);
        drop(state);
        self.record(kind, place, text);
        self.changed.notify_waiters();
    }

    fn record(&self, kind: Kind, place: Place, text: &str) {
        let example = || format!("client {}: {} {text:.20}", self.client, kind.name());
        match place {
            Place::Fresh => {}
            Place::Late => self.tally.fault("message reordered", example()),
            Place::Again => self.tally.fault("message doubled", example()),
        }
        self.tally.count(self.way, kind, |counts| match place {
            Place::Fresh => counts.came += 1,
            Place::Late => {
                counts.came += 1;
                counts.reordered += 1;
            }
            Place::Again => counts.doubled += 1,
        });
    }

    /// Enters an acknowledgement.
    pub(crate) fn acknowledged(&self, id: u64, text: &str) {
        match (id, read_stamp(text)) {
            (JOIN_ID, _) => self.reach(Phase::Joined),
            (id, Some((_, number))) if number + 1 == id => self.came(Kind::Ack, text),
            _ => self.unreadable(&format!("43{id}[{text}]")),
        }
    }

    /// The next thing is an attachment.
    pub(crate) fn expect_attachment(&self) {
        self.state().is_attachment_due = true;
    }

    /// Enters an attachment.
    pub(crate) fn attachment(&self, bytes: &[u8]) {
        let was_due = std::mem::take(&mut self.state().is_attachment_due);
        match std::str::from_utf8(bytes) {
            Ok(text) if was_due => self.came(Kind::Binary, text),
            _ => self.unreadable("attachment"),
        }
    }

    /// Enters a packet that nothing is known of.
    pub(crate) fn unreadable(&self, text: &str) {
        let example = format!("client {} got {text:.80}", self.client);
        self.tally.fault("unreadable packet", example);
    }

    pub(crate) fn reach(&self, phase: Phase) {
        self.state().phase = phase;
        self.changed.notify_waiters();
    }

    pub(crate) fn upgraded(&self) {
        self.state().has_upgraded = true;
        self.tally.deed("upgrades completed");
        self.changed.notify_waiters();
    }

    pub(crate) fn has_upgraded(&self) -> bool {
        self.state().has_upgraded
    }

    /// Whether it has upgraded since this was asked last.
    pub(crate) fn take_upgrade(&self) -> bool {
        let mut state = self.state();
        let is_new = state.has_upgraded && !state.is_judged;
        state.is_judged |= is_new;
        is_new
    }

    pub(crate) fn ended(&self) {
        self.state().has_ended = true;
        self.changed.notify_waiters();
    }

    /// Waits until the client has come so far; false when it takes too long or the client ended.
    pub(crate) async fn wait_for(&self, phase: Phase, patience: Duration) -> bool {
        self.wait(patience, |state| state.phase >= phase).await
    }

    /// Waits until everything has come that was sent, and all that these have said, and the upgrade
    /// is complete if there is to be one.
    pub(crate) async fn wait_for_all(&self, said: &HashMap<u64, u64>, patience: Duration) -> bool {
        self.wait(patience, |state| {
            let rows = [Kind::Echo, Kind::Ack, Kind::Binary];
            let is_back = rows.iter().all(|kind| state.lacks(*kind) == 0);
            let is_settled = state.has_upgraded || self.way != Way::Upgrade;
            is_back
                && is_settled
                && said
                    .iter()
                    .all(|(sender, said)| state.unheard(*sender, *said) == 0)
        })
        .await
    }

    async fn wait(&self, patience: Duration, is_met: impl Fn(&State) -> bool) -> bool {
        let met = async {
            loop {
                let changed = self.changed.notified();
                {
                    let state = self.state();
                    if is_met(&state) {
                        return true;
                    }
                    if state.has_ended {
                        return false;
                    }
                }
                changed.await;
            }
        };
        timeout(patience, met).await.unwrap_or(false)
    }

    /// Counts what should have come and did not, and says how much that is. Of those who are gone,
    /// who left in the middle of speaking, only what was overtaken counts.
    pub(crate) fn close_books(&self, said: &HashMap<u64, u64>, gone: &[u64]) -> u64 {
        let mut lost = Vec::new();
        {
            let mut state = self.state();
            for kind in [Kind::Echo, Kind::Ack, Kind::Binary] {
                lost.push((kind, state.lacks(kind)));
                let row = state.row(kind);
                row.came = Sequence::starting_at(row.sent);
            }
            for (sender, said) in said {
                lost.push((Kind::Chat, state.unheard(*sender, *said)));
                state.chats.insert(*sender, Sequence::starting_at(*said));
            }
            for sender in gone {
                let gaps = state
                    .chats
                    .remove(sender)
                    .map_or(0, |sequence| sequence.gaps());
                lost.push((Kind::Chat, gaps));
            }
        }
        for (kind, lost) in lost.iter().filter(|(_, lost)| *lost > 0) {
            self.tally
                .count(self.way, *kind, |counts| counts.lost += lost);
            let (client, way) = (self.client, self.way.name());
            let example = format!("client {client} ({way}): {lost} of kind {}", kind.name());
            self.tally.fault("messages lost", example);
        }
        lost.iter().map(|(_, lost)| lost).sum()
    }
}

impl State {
    fn row(&mut self, kind: Kind) -> &mut Loop {
        match kind {
            Kind::Ack => &mut self.ack,
            Kind::Binary => &mut self.binary,
            Kind::Echo | Kind::Chat => &mut self.echo,
        }
    }

    fn lacks(&self, kind: Kind) -> u64 {
        let row = match kind {
            Kind::Ack => &self.ack,
            Kind::Binary => &self.binary,
            Kind::Echo | Kind::Chat => &self.echo,
        };
        row.came.lacks(row.sent)
    }

    fn unheard(&self, sender: u64, said: u64) -> u64 {
        self.chats
            .get(&sender)
            .map_or(0, |sequence| sequence.lacks(said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::stamp;

    #[test]
    fn the_books_show_what_is_lost_doubled_and_reordered() {
        let tally = Arc::new(Tally::default());
        let ledger = Ledger::new(1, Way::Polling, tally.clone());
        for _ in 0..4 {
            ledger.send(Kind::Echo);
        }
        ledger.listen_to(&HashMap::from([(7, 10)]));
        for number in [0, 2, 1, 1] {
            ledger.came(Kind::Echo, &stamp(1, number));
        }
        ledger.came(Kind::Chat, &stamp(7, 10));
        assert_eq!(ledger.close_books(&HashMap::from([(7, 12)]), &[]), 2);
        let sum = tally.totals().sum();
        let exactness = (sum.came, sum.lost, sum.doubled, sum.reordered);
        assert_eq!(exactness, (4, 2, 1, 1));
        ledger.came(Kind::Echo, "1:3");
        let faults: Vec<_> = tally.totals().faults.keys().copied().collect();
        let expected = [
            "message doubled",
            "message reordered",
            "messages lost",
            "unreadable packet",
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn of_a_sender_who_left_only_gaps_are_lost() {
        let tally = Arc::new(Tally::default());
        let ledger = Ledger::new(1, Way::Polling, tally);
        ledger.listen_to(&HashMap::from([(7, 0), (8, 0)]));
        ledger.came(Kind::Chat, &stamp(7, 0));
        ledger.came(Kind::Chat, &stamp(8, 2));
        assert_eq!(ledger.close_books(&HashMap::new(), &[7, 8]), 2);
    }
}
