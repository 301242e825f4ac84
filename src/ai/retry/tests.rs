//! A table of decisions, and their bounds.

use proptest::prelude::*;

use super::*;
use crate::ai::failure::Code;

fn fault(code: Code, retry: Retry) -> Fault {
    Fault::new(code, retry, "")
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_wait_doubles_and_the_providers_word_goes_first() {
    use Code::{Misconfigured, Overloaded, RateLimited};
    let (backoff, never) = (Retry::Backoff, Retry::Never);
    let after = |millis| Retry::After(ms(millis));
    let policy = Policy {
        max_attempts: 9,
        ..Policy::default()
    };
    let (busy, limited) = (Failure::new(Overloaded), Failure::new(RateLimited));
    let table = [
        // code, retry, attempts, time left, dice, expected
        (Overloaded, backoff, 1, 60_000, 0.5, Ok(ms(250))),
        (Overloaded, backoff, 2, 60_000, 0.5, Ok(ms(500))),
        (Overloaded, backoff, 4, 60_000, 0.5, Ok(ms(2_000))),
        (Overloaded, backoff, 5, 60_000, 0.5, Ok(ms(4_000))),
        (Overloaded, backoff, 8, 60_000, 0.5, Ok(ms(4_000))),
        (Overloaded, backoff, 8, 60_000, 0.0, Ok(ms(0))),
        (Overloaded, backoff, 9, 60_000, 0.5, Err(busy)),
        (Overloaded, backoff, 1, 250, 0.5, Err(busy)),
        (Overloaded, backoff, 1, 251, 0.5, Ok(ms(250))),
        (RateLimited, after(1_000), 1, 60_000, 0.9, Ok(ms(1_000))),
        (RateLimited, after(20_000), 8, 60_000, 0.9, Ok(ms(20_000))),
        (
            RateLimited,
            after(20_001),
            1,
            60_000,
            0.9,
            Err(limited.after(ms(20_001))),
        ),
        (
            RateLimited,
            after(1_000),
            1,
            1_000,
            0.9,
            Err(limited.after(ms(1_000))),
        ),
        (
            RateLimited,
            after(1_000),
            9,
            60_000,
            0.9,
            Err(limited.after(ms(1_000))),
        ),
        (
            Misconfigured,
            after(1_000),
            9,
            60_000,
            0.9,
            Err(Misconfigured.into()),
        ),
        (
            Misconfigured,
            never,
            1,
            60_000,
            0.0,
            Err(Misconfigured.into()),
        ),
    ];
    for (code, retry, attempts, left, dice, expected) in table {
        let decided = policy.next(&fault(code, retry), attempts, ms(left), dice);
        assert_eq!(
            decided, expected,
            "{code:?} {retry:?} {attempts} {left} {dice}"
        );
    }
}

#[test]
fn three_attempts_are_made_by_default() {
    let fault = fault(Code::Unavailable, Retry::Backoff);
    let decide = |attempts| Policy::default().next(&fault, attempts, ms(60_000), 0.1);
    assert!(decide(1).is_ok() && decide(2).is_ok());
    assert_eq!(decide(3), Err(Code::Unavailable.into()));
}

proptest! {
    #[test]
    fn waits_stay_within_the_policy_and_the_time_left(
        max_attempts in 0u32..5,
        first_wait in any::<u64>(),
        max_wait in any::<u64>(),
        longest_delay in 0u64..100_000,
        delay in prop::option::of(0u64..200_000),
        attempts in any::<u32>(),
        left in 0u64..200_000,
        dice in any::<f64>(),
    ) {
        let (first_wait, max_wait) = (ms(first_wait), ms(max_wait));
        let longest_delay = ms(longest_delay);
        let policy = Policy { max_attempts, first_wait, max_wait, longest_delay };
        let retry = delay.map_or(Retry::Backoff, |delay| Retry::After(ms(delay)));
        let failed = fault(Code::RateLimited, retry);
        match policy.next(&failed, attempts, ms(left), dice) {
            Ok(wait) => {
                prop_assert!(wait < ms(left) && attempts < max_attempts);
                match delay {
                    Some(delay) => prop_assert!(wait == ms(delay) && wait <= longest_delay),
                    None => prop_assert!(wait <= max_wait),
                }
            }
            Err(failure) => prop_assert_eq!(failure.retry_after, delay.map(ms)),
        }
    }
}
