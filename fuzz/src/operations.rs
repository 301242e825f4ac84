//! `connection_ops`: whole worlds of clients, as in the simulation, with every choice from the
//! input.

#[path = "../../tests/simulation/model/mod.rs"]
#[expect(dead_code, reason = "the simulation's own tests use the rest")]
mod model;

use model::dice::Dice;
use model::world::play;

/// The most steps of one history.
const STEPS: usize = 600;

/// Every history keeps the laws of the simulation, and is the same when it is played again.
pub fn connection_ops(data: &[u8]) {
    let outcome = play(Dice::from_bytes(data), STEPS, None, false);
    if let Some(breach) = outcome.breach {
        panic!("{:?}: {}", breach.law, breach.what);
    }
    if data.first().is_some_and(|byte| byte % 16 == 0) {
        let again = play(Dice::from_bytes(data), STEPS, None, false);
        assert_eq!(
            outcome.digest, again.digest,
            "the same choices, other bytes"
        );
    }
}
