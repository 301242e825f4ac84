//! A few clients, the server, and what must be true of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trunkline::Binary;
use trunkline::recovery::Config;
use trunkline::rooms::{Room, Selection};
use trunkline::socketio::Outgoing;
use trunkline::wire::Moment;

use super::client::Client;
use super::server::{Server, namespace};
use crate::model::dice::Dice;

const ROOMS: [&str; 3] = ["a", "b", "c"];
const PLAYERS: usize = 4;

/// How much the server may keep.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Size {
    Ample,
    Scarce,
}

/// Something that the server does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// Changes of rooms are not told to the ledger.
    ForgottenRoom,
    /// Nobody notes for whom a packet was.
    NotNoted,
    /// A volatile event keeps its own last argument.
    UnmarkedVolatile,
    ReplayTwice,
}

impl Fault {
    pub(super) const ALL: [Fault; 4] = [
        Fault::ForgottenRoom,
        Fault::NotNoted,
        Fault::UnmarkedVolatile,
        Fault::ReplayTwice,
    ];
}

/// A client, its connection if it has one, and what it must have got.
#[derive(Default)]
struct Player {
    client: Client,
    line: Option<usize>,
    /// What was sent to its session, and the rooms of the session.
    sent: Vec<u64>,
    rooms: BTreeSet<&'static str>,
    /// When the server lost it.
    lost: Option<Moment>,
    /// Whether it must begin anew: it was put out, or others came first.
    is_over: bool,
    left_a_room: bool,
    /// Whether its private id is of an earlier session, as the reply with the new one has not come.
    is_stale: bool,
    /// Lines that are dead without the server's knowledge.
    orphans: Vec<usize>,
}

pub(super) struct World {
    dice: Dice,
    size: Size,
    server: Server,
    players: Vec<Player>,
    now: Moment,
    number: u64,
    /// When each number was sent.
    times: Vec<Moment>,
    was_short: bool,
    /// Offsets that clients have got, for applications that send such texts.
    offsets: Vec<String>,
    limit: Duration,
    pub(super) counts: BTreeMap<&'static str, u64>,
}

impl World {
    pub(super) fn new(dice: Dice, size: Size, fault: Option<Fault>) -> World {
        let config = Config {
            max_bytes: if size == Size::Ample { 1 << 20 } else { 1500 },
            ..Config::default()
        };
        World {
            dice,
            size,
            server: Server::new(&config, fault),
            players: std::iter::repeat_with(Player::default)
                .take(PLAYERS)
                .collect(),
            now: Moment::default(),
            number: 0,
            times: vec![Moment::default()],
            was_short: false,
            offsets: Vec::new(),
            limit: config.max_disconnection,
            counts: BTreeMap::new(),
        }
    }

    pub(super) fn step(&mut self) -> Result<(), String> {
        self.now = self.now + Duration::from_millis(1);
        let at = self.dice.below(PLAYERS as u32) as usize;
        match self.dice.below(20) {
            0..=5 => self.send(),
            6 => self.send_volatile(),
            7 => self.ask(at),
            8..=9 => self.change(at),
            10..=12 => return self.deliver(at, false),
            13..=14 => return self.cut(at),
            15..=17 => return self.come_back(at),
            18 => return self.pass_time(),
            _ => self.put_out(at),
        }
        self.was_short |= self.server.is_short();
        Ok(())
    }

    /// Everybody comes back and gets everything.
    pub(super) fn end(&mut self) -> Result<(), String> {
        for at in 0..PLAYERS {
            self.now = self.now + Duration::from_millis(1);
            if self.players[at].line.is_none() {
                self.come_back(at)?;
            }
            self.deliver(at, true)?;
            let player = &self.players[at];
            if player.client.got != player.sent {
                let (got, sent) = (&player.client.got, &player.sent);
                return Err(format!("{at} got {got:?} of {sent:?}"));
            }
        }
        Ok(())
    }

    fn send(&mut self) {
        self.number += 1;
        let number = self.number;
        self.times.push(self.now);
        let mut selection = Selection::default();
        match self.dice.below(5) {
            0 => {}
            1 => {
                let at = self.dice.below(PLAYERS as u32) as usize;
                selection
                    .rooms
                    .push(self.players[at].client.sid.as_str().into());
            }
            _ => selection.rooms.push(Room::from(*self.dice.pick(&ROOMS))),
        }
        if self.dice.chance(20) {
            selection.except.push(Room::from(*self.dice.pick(&ROOMS)));
        }
        let packet = match self.dice.chance(30) {
            true => Outgoing::event(&namespace(), "m", &(number, Binary::from(vec![1]))),
            false => Outgoing::event(&namespace(), "m", &(number, "text")),
        };
        for player in &mut self.players {
            player.expect(number, &selection);
        }
        let packet = packet.expect("it can be written");
        self.server.send(packet, &selection, self.now);
    }

    /// An event whose last argument looks like something that it is not.
    fn send_volatile(&mut self) {
        let text = match self.offsets.is_empty() {
            true => "text".to_owned(),
            false => self.dice.pick(&self.offsets).clone(),
        };
        let packet = Outgoing::event(&namespace(), "v", &text).expect("it can be written");
        self.server.send_volatile(packet, self.now);
    }

    fn ask(&mut self, at: usize) {
        let packet = Outgoing::event(&namespace(), "q", "text").expect("it can be written");
        if let Some(line) = self.players[at].line {
            self.server.ask(line, &packet, self.now);
        }
    }

    fn change(&mut self, at: usize) {
        let room = *self.dice.pick(&ROOMS);
        let joins = self.dice.chance(60);
        let player = &mut self.players[at];
        // A line that only the client knows to be dead is a connected socket to the server.
        let Some(line) = player.line.or_else(|| player.orphans.last().copied()) else {
            return;
        };
        if !self.server.change(line, room, joins) {
            return;
        }
        match joins {
            true => drop(player.rooms.insert(room)),
            false => player.left_a_room |= player.rooms.remove(room),
        }
    }

    /// Some of what is under way arrives.
    fn deliver(&mut self, at: usize, everything: bool) -> Result<(), String> {
        let player = &mut self.players[at];
        let Some(line) = player
            .line
            .and_then(|line| self.server.lines.get_mut(&line))
        else {
            return Ok(());
        };
        let most = match everything {
            true => line.wire.len(),
            false => self.dice.below(line.wire.len() as u32 + 1) as usize,
        };
        for frame in line.wire.drain(..most) {
            player.client.hear(&frame);
        }
        self.offsets.extend(player.client.offset.clone());
        player.is_stale &= !player.client.is_connected;
        player.check(at)
    }

    fn cut(&mut self, at: usize) -> Result<(), String> {
        self.deliver(at, false)?;
        let Some(line) = self.players[at].line.take() else {
            return Ok(());
        };
        if self.players[at].client.is_waiting_for_bytes() {
            self.count("cut within a packet");
        }
        if !self.players[at].client.is_connected {
            self.count("cut before the reply");
        }
        self.players[at].client.cut();
        if self.dice.chance(60) {
            self.server.gone(line, self.now);
            self.players[at].lost = Some(self.now);
        } else {
            self.players[at].orphans.push(line);
        }
        Ok(())
    }

    fn come_back(&mut self, at: usize) -> Result<(), String> {
        if self.players[at].line.is_some() {
            return Ok(());
        }
        let line = self.server.open(self.now);
        let rival = self.dice.chance(15).then(|| self.server.open(self.now));
        let ask = self.players[at].client.connect();
        let before = self.server.taken_over;
        if let Some(rival) = rival.filter(|_| self.dice.chance(50)) {
            // The rival is faster, and is the client from now on.
            self.server.hear(rival, &ask, self.now);
            self.server.hear(line, &ask, self.now);
            self.settle_race(at, rival, line)?;
        } else {
            self.server.hear(line, &ask, self.now);
            if let Some(rival) = rival {
                self.server.hear(rival, &ask, self.now);
                self.settle_race(at, line, rival)?;
            } else {
                self.players[at].line = Some(line);
            }
        }
        if self.server.taken_over > before {
            self.count("taken over");
        }
        self.judge(at)
    }

    /// Two came with the same claim: the second begins anew, and leaves.
    fn settle_race(&mut self, at: usize, first: usize, second: usize) -> Result<(), String> {
        let mut loser = self.players[at].client.clone();
        for frame in self.server.lines[&second].wire.iter() {
            loser.hear(frame);
        }
        if loser.is_recovered {
            return Err(format!("{at}: both are recovered"));
        }
        self.count("raced");
        self.server.hear(second, "41", self.now);
        self.server.gone(second, self.now);
        self.players[at].line = Some(first);
        Ok(())
    }

    /// Whether the server was right to recover a session, or not to.
    fn judge(&mut self, at: usize) -> Result<(), String> {
        self.was_short |= self.server.is_short();
        let (now, limit) = (self.now, self.limit);
        let player = &mut self.players[at];
        let Some(line) = player.line.and_then(|line| self.server.lines.get(&line)) else {
            return Err(format!("{at} got no line"));
        };
        // What the reply will say, whenever it arrives.
        let mut seer = player.client.clone();
        line.wire.iter().for_each(|frame| seer.hear(frame));
        let had_offset = player.client.offset.is_some();
        // One who fails to come back again and again has missed it for longer than it is kept.
        let oldest = player.sent.get(player.client.got.len());
        let is_aged = oldest.is_some_and(|&number| {
            now.since(self.times[number as usize]) >= limit + Duration::from_secs(45)
        });
        let is_late = player.lost.is_some_and(|lost| now.since(lost) >= limit);
        let may = player.client.pid.is_some() && !player.is_over && !player.is_stale && !is_late;
        let outcome = match (seer.is_recovered, may) {
            (true, false) => return Err(format!("{at} came back and may not")),
            (true, true) if !had_offset => "recovered without an offset",
            (true, true) if player.left_a_room => "recovered after a room was left",
            (true, true) => "recovered",
            (false, true) if is_aged => "what it missed is too old",
            (false, true) if self.size == Size::Ample || !self.was_short => {
                return Err(format!("{at} should have come back"));
            }
            (false, true) => "begun anew for want of room",
            (false, false) if is_late => "too late",
            (false, false) => "new",
        };
        if !seer.is_recovered {
            player.sent.clear();
            player.rooms.clear();
            player.left_a_room = false;
            player.is_over = false;
            player.is_stale = true;
            // What the server sends from now on is of the new session.
            player.client.got.clear();
            player.client.sid = seer.sid.clone();
        }
        player.lost = None;
        self.count(outcome);
        Ok(())
    }

    fn pass_time(&mut self) -> Result<(), String> {
        // Whoever is connected answers pings, and so has got what was sent before them.
        for at in 0..PLAYERS {
            self.deliver(at, true)?;
        }
        // A silent client is noticed before 45 s are over.
        let seconds = *self.dice.pick(&[1, 10, 30, 40]);
        self.now = self.now + Duration::from_secs(seconds);
        for at in 0..PLAYERS {
            for line in std::mem::take(&mut self.players[at].orphans) {
                if self.server.lines.contains_key(&line) {
                    self.server.gone(line, self.now);
                    if self.players[at].line.is_none() {
                        self.players[at].lost = Some(self.now);
                    }
                }
            }
        }
        if self.dice.chance(20) {
            self.now = self.now + self.limit;
        }
        self.server.sweep(self.now);
        Ok(())
    }

    fn put_out(&mut self, at: usize) {
        let is_it = self.dice.chance(30);
        let Some(line) = self.players[at].line.filter(|_| is_it) else {
            return;
        };
        let _ = self.deliver(at, true);
        self.server.kick(line, self.now);
        self.server.gone(line, self.now);
        let player = &mut self.players[at];
        player.client.cut();
        player.line = None;
        player.is_over = true;
        self.count("put out");
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }
}

impl Player {
    /// A packet is sent: is it for this session, be it here or away?
    fn expect(&mut self, number: u64, selection: &Selection) {
        if self.client.sid.is_empty() || self.is_over {
            return;
        }
        let is_in = |rooms: &[Room]| {
            let own = |room: &&Room| self.rooms.contains(&***room) || ***room == *self.client.sid;
            rooms.iter().any(|room| own(&room))
        };
        let is_meant = selection.rooms.is_empty() || is_in(&selection.rooms);
        if is_meant && !is_in(&selection.except) {
            self.sent.push(number);
        }
    }

    /// What it got is what was sent, from the first on.
    fn check(&self, at: usize) -> Result<(), String> {
        let (got, sent) = (&self.client.got, &self.sent);
        match sent.starts_with(got) {
            true => Ok(()),
            false => Err(format!("{at} got {got:?} of {sent:?}")),
        }
    }
}
