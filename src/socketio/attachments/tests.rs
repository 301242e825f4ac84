//! Tests of `socketio::attachments`.

use super::*;

#[test]
fn the_last_part_gives_all_in_order() {
    let mut attachments = Attachments::new(3, 10, 100).unwrap();
    assert_eq!(attachments.handle_part(Bytes::from_static(b"a")), Ok(None));
    assert_eq!(attachments.missing(), 2);
    assert_eq!(attachments.handle_part(Bytes::new()), Ok(None));
    let all = attachments
        .handle_part(Bytes::from_static(b"c"))
        .unwrap()
        .unwrap();
    assert_eq!(all[..], ["a", "", "c"]);
}

#[test]
fn header_and_parts_share_one_byte_limit() {
    let error = AttachmentError::TooLarge { limit: 10 };
    assert_eq!(Attachments::new(1, 11, 10).err(), Some(error.clone()));
    let mut attachments = Attachments::new(2, 4, 10).unwrap();
    assert_eq!(
        attachments.handle_part(Bytes::from_static(b"abc")),
        Ok(None)
    );
    assert_eq!(
        attachments.handle_part(Bytes::from_static(b"abcd")),
        Err(error)
    );
}

#[test]
fn parts_that_wait_do_not_pin_the_read_buffer() {
    let buffer = Bytes::from(vec![7; 1000]);
    let mut attachments = Attachments::new(2, 0, 100).unwrap();
    attachments.handle_part(buffer.slice(..4)).unwrap();
    assert!(buffer.is_unique());
}

#[test]
fn an_announced_number_allocates_nothing() {
    let attachments = Attachments::new(usize::MAX, 0, 100).unwrap();
    assert!(matches!(attachments.parts, Parts::Listed(parts) if parts.capacity() == 0));
}
