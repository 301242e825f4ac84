//! Worlds in which clients are cut off at every point and come back, with one law: what a client got of
//! events without acknowledgement, and not volatile, is what was sent to it, without a gap or a double,
//! for as long as the server says that it is the same session.

mod client;
mod server;
mod world;

use world::{Fault, Size, World};

use crate::model::dice::Dice;

const HISTORIES: u64 = 3_000;
const STEPS: usize = 120;

fn play(seed: u64, size: Size, fault: Option<Fault>) -> Result<World, String> {
    let mut world = World::new(Dice::seeded(seed), size, fault);
    for _ in 0..STEPS {
        world.step()?;
    }
    world.end()?;
    Ok(world)
}

#[test]
fn whoever_comes_back_misses_nothing_and_gets_nothing_twice() {
    let mut counts = std::collections::BTreeMap::new();
    for seed in 0..HISTORIES {
        for size in [Size::Ample, Size::Scarce] {
            match play(seed, size, None) {
                Ok(world) => {
                    for (what, count) in world.counts {
                        *counts.entry((size, what)).or_insert(0) += count;
                    }
                }
                Err(what) => panic!("seed {seed}, {size:?}: {what}"),
            }
        }
    }
    for ((size, what), count) in &counts {
        println!("{count:>9}  {size:?}: {what}");
    }
    for (size, what) in [
        (Size::Ample, "recovered"),
        (Size::Ample, "recovered without an offset"),
        (Size::Ample, "recovered after a room was left"),
        (Size::Ample, "taken over"),
        (Size::Ample, "raced"),
        (Size::Ample, "too late"),
        (Size::Ample, "put out"),
        (Size::Ample, "cut within a packet"),
        (Size::Ample, "cut before the reply"),
        (Size::Scarce, "recovered"),
        (Size::Scarce, "begun anew for want of room"),
    ] {
        let count = counts.get(&(size, what)).copied().unwrap_or(0);
        assert!(count >= 100, "{size:?}: {what}: {count} times");
    }
}

#[test]
fn each_fault_of_recovery_is_noticed() {
    for fault in Fault::ALL {
        let caught = (0..500).find_map(|seed| play(seed, Size::Ample, Some(fault)).err());
        println!("{fault:?}: {caught:?}");
        assert!(caught.is_some(), "{fault:?} is not noticed");
    }
}
