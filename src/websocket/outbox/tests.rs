//! Tests of `outbox`.

use super::*;

/// Takes everything out with plain writes of up to `step` bytes.
fn drain(outbox: &mut Outbox, step: usize) -> Vec<u8> {
    let mut written = Vec::new();
    while !outbox.is_empty() {
        let first = outbox.first();
        let size = first.len().min(step);
        assert!(size > 0, "there is something to write");
        written.extend_from_slice(&first[..size]);
        outbox.advance(size);
    }
    assert_eq!(outbox.first(), b"");
    written
}

#[test]
fn frames_are_those_of_the_specification() {
    // RFC 6455, 5.7, as a server sends them.
    let rows: [(fn(&mut Outbox), &[u8]); 7] = [
        (
            |outbox| outbox.message("Hello".into()),
            &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f],
        ),
        (
            |outbox| outbox.ping(b"Hello"),
            &[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f],
        ),
        (
            |outbox| outbox.pong(b"Hello"),
            &[0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f],
        ),
        (
            |outbox| outbox.message(Bytes::from_static(b"").into()),
            &[0x82, 0],
        ),
        (|outbox| outbox.close(None), &[0x88, 0]),
        (|outbox| outbox.close(Some(1000)), &[0x88, 2, 0x03, 0xE8]),
        (|outbox| outbox.ping(b""), &[0x89, 0]),
    ];
    for (put, expected) in rows {
        let mut outbox = Outbox::new();
        put(&mut outbox);
        assert_eq!(outbox.len(), expected.len());
        assert_eq!(drain(&mut outbox, 100), expected);
    }
}

#[test]
fn a_length_is_written_in_the_fewest_bytes() {
    let rows: [(usize, &[u8]); 7] = [
        (125, &[0x82, 125]),
        (126, &[0x82, 126, 0, 126]),
        (256, &[0x82, 126, 1, 0]),
        (LONGEST_COPIED, &[0x82, 126, 8, 0]),
        (LONGEST_COPIED + 1, &[0x82, 126, 8, 1]),
        (65_535, &[0x82, 126, 0xFF, 0xFF]),
        (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ];
    for (length, head) in rows {
        let payload = Bytes::from(vec![7; length]);
        let mut outbox = Outbox::new();
        outbox.message(payload.clone().into());
        assert_eq!(drain(&mut outbox, usize::MAX), [head, &payload].concat());
    }
}

#[test]
fn large_payloads_are_not_copied_and_small_ones_are_one_chunk() {
    let small = Bytes::from(vec![1; LONGEST_COPIED]);
    let large = Bytes::from(vec![2; LONGEST_COPIED + 1]);
    let mut outbox = Outbox::new();
    for payload in [&small, &small, &large, &large, &small] {
        outbox.message(payload.clone().into());
    }
    outbox.ping(b"");
    let mut slices = [IoSlice::new(&[]); 8];
    let filled = outbox.chunks(&mut slices);
    let lengths: Vec<_> = slices[..filled].iter().map(|slice| slice.len()).collect();
    let (copied, kept) = (4 + small.len(), large.len());
    assert_eq!(lengths, [2 * copied + 4, kept, 4, kept, copied + 2]);
    assert_eq!(lengths.iter().sum::<usize>(), outbox.len());
    assert!(std::ptr::eq(slices[1].as_ptr(), large.as_ptr()));
    assert!(std::ptr::eq(slices[3].as_ptr(), large.as_ptr()));
    let mut few = [IoSlice::new(&[]); 2];
    assert_eq!(outbox.chunks(&mut few), 2);
    assert_eq!(few[1].len(), kept);
}

#[test]
fn a_lent_buffer_is_used_and_comes_back_cleared() {
    let mut outbox = Outbox::new();
    assert!(outbox.reclaim().is_none(), "there is none");
    let mut buffer = BytesMut::with_capacity(4096);
    buffer.extend_from_slice(b"old");
    let place = buffer.as_ptr();
    outbox.lend(buffer);
    assert!(outbox.is_empty(), "what was in it is gone");
    outbox.message("Hello".into());
    outbox.message(Bytes::from(vec![0; 3000]).into());
    outbox.lend(BytesMut::with_capacity(16));
    assert_eq!(outbox.len(), 7 + 4 + 3000, "no buffer is taken now");
    outbox.advance(10);
    assert!(outbox.reclaim().is_none(), "it is in use");
    outbox.advance(outbox.len());
    let buffer = outbox.reclaim().expect("all is written");
    assert!(buffer.is_empty() && std::ptr::eq(buffer.as_ptr(), place));
    assert_eq!(buffer.capacity(), 4096);
    assert!(outbox.reclaim().is_none(), "it is given once");
    assert_eq!(outbox.large.capacity(), 0, "nothing else is kept");
}

#[test]
fn a_buffer_with_far_too_much_room_is_given_back() {
    let mut outbox = Outbox::new();
    outbox.lend(BytesMut::with_capacity(64 * 1024));
    let (mut expected, mut payload) = (Vec::new(), 0);
    for size in [1_000, 3_000].repeat(10) {
        payload += 1;
        outbox.message(Bytes::from(vec![payload; size]).into());
        expected.extend([0x82, 126, (size >> 8) as u8, size as u8]);
        expected.extend(vec![payload; size]);
    }
    outbox.advance(5_500);
    let given = outbox.settle().expect("it is far too large");
    assert!(given.is_empty() && given.capacity() == 64 * 1024);
    assert!(outbox.copied.capacity() < 16 * 1024);
    assert!(outbox.settle().is_none(), "one of its size stays");
    assert!(drain(&mut outbox, 700) == expected[5_500..]);
}

#[test]
fn an_outbox_is_small_and_never_emptied_it_does_not_grow() {
    assert!(size_of::<Outbox>() <= 80);
    let mut outbox = Outbox::new();
    outbox.lend(BytesMut::with_capacity(1024));
    outbox.message(Bytes::from(vec![0; 100]).into());
    outbox.message(Bytes::from(vec![0; 3000]).into());
    for round in 0..10_000 {
        outbox.message(Bytes::from(vec![0; 100 + round % 50]).into());
        outbox.advance(102 + round % 7);
        outbox.advance(outbox.len() - 150.min(outbox.len()));
        assert!(!outbox.is_empty());
    }
    assert!(outbox.copied.capacity() <= 4096, "{:?}", outbox.copied);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "more was written than there was")]
fn writing_more_than_there_is_is_a_mistake_of_the_caller() {
    let mut outbox = Outbox::new();
    outbox.ping(b"");
    outbox.advance(3);
}
