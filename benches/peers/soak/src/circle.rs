//! A room and the twenty clients in it, round after round.
//!
//! A round: whoever is missing connects and joins; when all are in, they talk, and meanwhile some
//! upgrade and some leave; when all have finished, those who stayed must have everything that those
//! who stayed have said. Then some more leave. Rooms live apart from each other, so that at any
//! time everything happens somewhere.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use crate::chance::Chance;
use crate::client::{Client, Manner, Order};
use crate::ledger::Phase;
use crate::tally::{Kind, Way};
use crate::world::World;

/// How many are in a room.
pub(crate) const MEMBERS: usize = 20;

/// How long a server may take for anything that is asked of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a client does while it talks.
#[derive(Clone, Copy)]
enum Fate {
    Stays,
    Upgrades,
    BreaksUpgrade,
    Leaves(Manner),
}

/// One room.
pub(crate) struct Circle {
    world: Arc<World>,
    room: String,
    chance: Chance,
    members: Vec<Client>,
}

impl Circle {
    pub(crate) fn new(world: Arc<World>, number: usize, chance: Chance) -> Circle {
        Circle {
            world,
            room: format!("room {number}"),
            chance,
            members: Vec::new(),
        }
    }

    /// Lives until the world ends; then all leave.
    pub(crate) async fn live(mut self) {
        let start = self.chance.millis(0, 5_000);
        sleep(start).await;
        while !self.world.is_over() {
            self.fill().await;
            self.round().await;
        }
        for member in &self.members {
            let manner = self.chance.one_of(&[Manner::Close, Manner::Drop]);
            member.order(Order::Leave(manner));
        }
        join_all(self.members.into_iter().map(Client::end)).await;
    }

    /// Lets clients connect and join until the room is full.
    async fn fill(&mut self) {
        let missing = MEMBERS - self.members.len();
        let ways = [
            Way::WebSocket,
            Way::WebSocket,
            Way::Polling,
            Way::Upgrade,
            Way::Upgrade,
            Way::BrokenUpgrade,
        ];
        let newcomers: Vec<_> = (0..missing)
            .map(|_| Client::start(&self.world, self.chance.one_of(&ways)))
            .collect();
        let admitted = newcomers.into_iter().map(|newcomer| self.admit(newcomer));
        let admitted = join_all(admitted).await;
        self.members.extend(admitted.into_iter().flatten());
    }

    /// Waits until a newcomer is in the room; none if it does not get in.
    async fn admit(&self, newcomer: Client) -> Option<Client> {
        let mut is_in = newcomer.ledger.wait_for(Phase::Connected, PATIENCE).await;
        if is_in {
            newcomer.join(&self.room);
            is_in = newcomer.ledger.wait_for(Phase::Joined, PATIENCE).await;
        }
        if is_in {
            return Some(newcomer);
        }
        // Who was cut off is counted already.
        if !newcomer.has_ended() {
            let (client, way) = (newcomer.ledger.client, newcomer.ledger.way.name());
            let example = format!("client {client} ({way})");
            self.world.tally.fault("client did not get in", example);
        }
        newcomer.order(Order::Leave(Manner::Drop));
        newcomer.end().await;
        None
    }

    async fn round(&mut self) {
        let said = self.said(|_| true);
        for member in &self.members {
            member.ledger.listen_to(&said);
        }
        let fates: Vec<_> = self.members.iter().map(|_| self.chance.fork()).collect();
        let talks = self.members.iter().zip(fates).map(|(member, mut chance)| {
            let fate = fate(member.ledger.way, member.ledger.has_upgraded(), &mut chance);
            talk(member, &self.room, fate, chance)
        });
        let stays = join_all(talks).await;
        let mut stays = stays.into_iter();
        let (staying, gone): (Vec<_>, Vec<_>) = self
            .members
            .drain(..)
            .partition(|member| stays.next() == Some(true) && !member.has_ended());
        self.members = staying;
        self.settle(&gone).await;
        join_all(gone.into_iter().map(Client::end)).await;
        self.part();
        let ended = self.members.extract_if(.., |member| member.has_ended());
        join_all(ended.map(Client::end)).await;
    }

    /// How much each of the members that are meant has said.
    fn said(&self, is_meant: impl Fn(&Client) -> bool) -> HashMap<u64, u64> {
        let meant = self.members.iter().filter(|member| is_meant(member));
        meant
            .map(|member| (member.ledger.client, member.ledger.chat_sent()))
            .collect()
    }

    /// Waits until everybody has everything, and counts what is missing.
    async fn settle(&self, gone: &[Client]) {
        let said = self.said(|_| true);
        let gone: Vec<_> = gone.iter().map(|member| member.ledger.client).collect();
        let settled = self.members.iter().map(async |member| {
            let ledger = &member.ledger;
            ledger.wait_for_all(&said, PATIENCE).await;
            let lost = ledger.close_books(&said, &gone);
            if ledger.take_upgrade() {
                let name = match lost {
                    0 => "upgrades that lost nothing",
                    _ => "upgrades in whose round something was lost",
                };
                self.world.tally.deed(name);
            } else if ledger.way == Way::Upgrade && !ledger.has_upgraded() {
                let example = format!("client {}", ledger.client);
                self.world.tally.fault("upgrade not completed", example);
            }
        });
        join_all(settled).await;
    }

    /// Lets some leave who have everything.
    fn part(&mut self) {
        let manners = [Manner::Close, Manner::Close, Manner::Drop, Manner::Reset];
        let leavers = self.members.extract_if(.., |_| self.chance.percent(20));
        let leavers: Vec<_> = leavers.collect();
        for leaver in leavers {
            leaver.order(Order::Leave(self.chance.one_of(&manners)));
            // Its end is waited for beside the next round.
            self.world.beside(leaver.end());
        }
    }
}

fn fate(way: Way, has_upgraded: bool, chance: &mut Chance) -> Fate {
    let is_polling = way != Way::WebSocket && !has_upgraded;
    if chance.percent(10) {
        let manners: &[_] = match is_polling {
            true => &[
                Manner::Drop,
                Manner::Reset,
                Manner::Silence,
                Manner::MidUpgrade,
                Manner::MidUpgrade,
                Manner::MidUpgrade,
            ],
            false => &[Manner::Close, Manner::Drop, Manner::Reset, Manner::Silence],
        };
        return Fate::Leaves(chance.one_of(manners));
    }
    match way {
        Way::Upgrade if !has_upgraded => Fate::Upgrades,
        Way::BrokenUpgrade if chance.percent(50) => Fate::BreaksUpgrade,
        _ => Fate::Stays,
    }
}

/// Says this and that, and does what is its fate in the middle of it. False if it leaves.
async fn talk(member: &Client, room: &str, fate: Fate, mut chance: Chance) -> bool {
    let steps = chance.between(6, 12);
    let turn = chance.between(1, steps - 1);
    for step in 0..steps {
        sleep(chance.millis(50, 1_000)).await;
        burst(member, room, &mut chance);
        if step != turn {
            continue;
        }
        let order = match fate {
            Fate::Stays => continue,
            Fate::Upgrades => Order::Upgrade,
            Fate::BreaksUpgrade => Order::BreakUpgrade,
            Fate::Leaves(manner) => {
                member.order(Order::Leave(manner));
                return false;
            }
        };
        member.order(order);
        // The upgrade takes a few milliseconds; it is to happen under load.
        for _ in 0..chance.between(5, 15) {
            burst(member, room, &mut chance);
            sleep(chance.millis(0, 3)).await;
        }
    }
    true
}

/// A few messages at once, mostly to itself.
fn burst(member: &Client, room: &str, chance: &mut Chance) {
    for _ in 0..chance.between(1, 4) {
        let kind = chance.one_of(&[
            Kind::Echo,
            Kind::Echo,
            Kind::Echo,
            Kind::Ack,
            Kind::Ack,
            Kind::Binary,
            Kind::Chat,
        ]);
        member.say(kind, room);
    }
}
