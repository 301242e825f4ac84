//! Tests of `ai::answer`.

use proptest::prelude::*;

use super::*;

const DONE: Completion = Completion {
    cut: false,
    usage: None,
};
const CUT: Completion = Completion {
    cut: true,
    usage: None,
};

fn at(millis: u64) -> Moment {
    Moment::new(Duration::from_millis(millis))
}

fn streamed() -> Answer {
    Answer::new(Limits::default(), true)
}

/// An answer that took `said` at moment zero, with what has left until `millis`.
fn answered(said: &str, streamed: bool, millis: u64) -> Answer {
    let mut answer = Answer::new(Limits::default(), streamed);
    assert_eq!(answer.push(said, at(0)), Progress::More);
    while answer.poll_chunk(at(millis)).is_some() {}
    answer
}

#[test]
fn small_pieces_wait_forty_milliseconds_and_leave_together() {
    let mut answer = streamed();
    assert_eq!(answer.poll_timeout(), None);
    assert_eq!(answer.push("Hel", at(100)), Progress::More);
    assert_eq!(answer.push("lo", at(130)), Progress::More);
    assert_eq!(answer.poll_chunk(at(139)), None);
    assert_eq!(answer.poll_timeout(), Some(at(140)));
    assert_eq!(
        answer.poll_chunk(at(140)),
        Some(Chunk {
            seq: 0,
            delta: "Hello".into()
        })
    );
    assert_eq!(answer.poll_chunk(at(999)), None);
    assert_eq!(answer.poll_timeout(), None);
}

#[test]
fn a_kibibyte_leaves_at_once_in_whole_characters() {
    let mut answer = streamed();
    assert_eq!(answer.push(&"🦀".repeat(300), at(0)), Progress::More);
    assert_eq!(
        answer.poll_chunk(at(0)),
        Some(Chunk {
            seq: 0,
            delta: "🦀".repeat(256).into()
        })
    );
    assert_eq!(answer.poll_chunk(at(0)), None);
    let ended = answer.finish(Ok(DONE));
    assert_eq!(
        ended.chunks,
        [Chunk {
            seq: 1,
            delta: "🦀".repeat(44).into()
        }]
    );
}

#[test]
fn an_answer_that_is_not_streamed_gives_no_chunks() {
    let mut answer = Answer::new(Limits::default(), false);
    assert_eq!(answer.push(&"a".repeat(5_000), at(0)), Progress::More);
    assert_eq!(answer.poll_timeout(), None);
    assert_eq!(answer.poll_chunk(at(1_000)), None);
    let ended = answer.finish(Ok(DONE));
    assert!(ended.chunks.is_empty());
    assert_eq!(ended.reply.text.len(), 5_000);
    assert_eq!(ended.reply.finish, Finish::Stop);
}

#[test]
fn the_output_cap_cuts_at_a_character_and_ends_as_length() {
    let mut answer = Answer::new(
        Limits {
            max_bytes: 10,
            ..Limits::default()
        },
        true,
    );
    assert_eq!(answer.push("🦀🦀", at(0)), Progress::More);
    assert_eq!(answer.push("🦀", at(0)), Progress::Full);
    assert_eq!(answer.push("🦀", at(0)), Progress::Full);
    let ended = answer.finish(Ok(DONE));
    assert_eq!(ended.reply.text, "🦀🦀".into());
    assert_eq!(ended.reply.finish, Finish::Length);
    assert_eq!(ended.remembered, Some("🦀🦀".into()));
}

#[test]
fn a_success_without_a_word_is_a_bad_response() {
    for said in ["", " \n"] {
        let ended = answered(said, true, 9_999).finish(Ok(DONE));
        assert_eq!(ended.reply, Reply::refused(Code::BadResponse.into()));
        assert_eq!((ended.chunks, ended.remembered), (vec![], None));
    }
}

#[test]
fn an_answer_cut_before_it_began_is_a_notice_that_is_not_remembered() {
    let ended = answered(" ", true, 9_999).finish(Ok(CUT));
    assert_eq!(ended.reply.finish, Finish::Length);
    assert_eq!(ended.reply.text.as_str(), CUT_BEFORE_IT_BEGAN);
    assert_eq!(ended.chunks[0].delta, ended.reply.text);
    assert_eq!(ended.remembered, None);
}

#[test]
fn a_failure_keeps_what_was_said_and_is_not_remembered() {
    let failure = Failure::new(Code::Unavailable);
    let ended = answered("so far", true, 0).finish(Err(failure));
    assert_eq!(ended.reply, Reply::failed("so far".into(), failure));
    assert_eq!(ended.reply.finish, Finish::Error);
    assert_eq!(ended.chunks[0].delta, "so far".into());
    assert_eq!(ended.remembered, None);
    let ended = answered("", true, 0).finish(Err(failure));
    assert_eq!(ended.reply.text.as_str(), Code::Unavailable.message());
    assert!(ended.chunks.is_empty());
}

#[test]
fn a_cancelled_answer_is_remembered_as_far_as_it_went() {
    let ended = answered("so far", false, 0).finish(Err(Code::Cancelled.into()));
    assert_eq!(ended.reply.finish, Finish::Cancelled);
    assert_eq!(ended.remembered, Some("so far".into()));
}

#[test]
fn a_blocked_answer_withholds_what_was_not_yet_seen() {
    let mut answer = answered("seen ", true, 40);
    assert_eq!(answer.push("unseen", at(50)), Progress::More);
    let ended = answer.finish(Err(Code::Blocked.into()));
    assert_eq!(ended.reply.text.as_str(), "seen ");
    assert_eq!(ended.reply.finish, Finish::Blocked);
    assert_eq!((ended.chunks, ended.remembered), (vec![], None));

    let ended = answered("unseen", false, 40).finish(Err(Code::Blocked.into()));
    assert_eq!(ended.reply.text.as_str(), Code::Blocked.message());
}

fn end() -> impl Strategy<Value = Result<Completion, Failure>> {
    let failed = prop::sample::select(Code::ALL.to_vec()).prop_map(|code| Err(code.into()));
    prop_oneof![Just(Ok(DONE)), Just(Ok(CUT)), failed]
}

proptest! {
    #[test]
    fn chunks_add_up_to_the_reply_however_the_pieces_come(
        pieces in prop::collection::vec((".{0,12}", 0u64..60), 0..40),
        max_bytes in 0usize..300,
        chunk_bytes in 0usize..40,
        end in end(),
    ) {
        let limits = Limits { max_bytes, chunk_bytes, ..Limits::default() };
        let mut answer = Answer::new(limits, true);
        let (mut chunks, mut now) = (Vec::new(), 0);
        for (piece, gap) in &pieces {
            now += gap;
            while let Some(chunk) = answer.poll_chunk(at(now)) { chunks.push(chunk); }
            let _full = answer.push(piece, at(now));
            while let Some(chunk) = answer.poll_chunk(at(now)) { chunks.push(chunk); }
        }
        let ended = answer.finish(end);
        chunks.extend(ended.chunks);
        let told: String = chunks.iter().map(|chunk| chunk.delta.as_str()).collect();
        for (seq, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(chunk.seq, seq as u64);
            prop_assert!(!chunk.delta.is_empty());
            prop_assert!(chunk.delta.len() <= chunk_bytes.max(4));
        }
        prop_assert!(!ended.reply.text.trim().is_empty());
        if chunks.is_empty() {
            prop_assert_eq!(&ended.reply, &Reply::refused(ended.reply.failure.unwrap()));
        } else {
            prop_assert_eq!(told, ended.reply.text.as_str());
        }
        prop_assert!(ended.remembered.is_none_or(|text| text.len() <= max_bytes));
    }
}
