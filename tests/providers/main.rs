//! The network providers, whole: a socket asks, a fake provider answers or misbehaves.
//!
//! Every case is a row, a variant and an API: `refusals::row_06_too_many_requests::retry_info::gemini`.
//! In every one of them the client checks what each answer must be ([`answer::Answer::check`]), the
//! fake what each request must be ([`fake::Request`]), and the end of the test that no key was
//! logged ([`house::House`]).
//!
//! | rows | about | module |
//! | --- | --- | --- |
//! | 1–5 | normal answers, slow ones, torn and glued ones | `answers` |
//! | 6–11 | 429 for a moment, for long, for good; 5xx; overload; refusals for good | `refusals` |
//! | 12, 13, 17, 18 | unreadable, empty and blocked answers | `contents` |
//! | 14–16, 22 | lost connections, errors after a 200, redirects | `breaks` |
//! | 19, 20, 27 | too much, for ever, and nobody who reads it | `bounds` |
//! | 21 | cancel and disconnect | `leaving` |
//! | 23, 24 | rates, order, places; two sockets | `sharing` |
//! | 25, 26 | what is no question; a provider without a key | `asking` |
//! | | laws of random streams and histories | `laws` |
//! | | a thousand sockets, and memory | `crowd` |
//! | | whether the search for keys misses nothing | `journal` |
//!
//! A server without any provider (the rest of row 26) is in `tests/program`.
#![expect(
    clippy::unwrap_used,
    reason = "a failed test says where it could not go on"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "how long waits are is what is tested here"
)]

/// One test for each API, named after the case and the API.
macro_rules! cases {
    (all: $($case:ident),+ $(,)?) => { cases!(gemini openai anthropic: $($case),+); };
    ($($api:ident)+: $($case:ident),+ $(,)?) => { cases!(@each [$($api)+] $($case)+); };
    (@each $apis:tt $($case:ident)+) => { $(cases!(@one $apis $case);)+ };
    (@one [$($api:ident)+] $case:ident) => {
        mod $case {
            $(
                #[tokio::test]
                async fn $api() {
                    let api = stringify!($api).parse().unwrap();
                    super::$case(api).await;
                }
            )+
        }
    };
}

mod answer;
mod answers;
mod asking;
mod bounds;
mod breaks;
mod client;
mod contents;
mod crowd;
mod fake;
mod house;
mod journal;
mod laws;
mod leaving;
mod process;
mod refusals;
mod sharing;
