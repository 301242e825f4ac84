//! Tests of `socketio::binary::passing`.

use super::*;

#[test]
fn what_is_passed_is_shared() {
    let bytes = Bytes::from(vec![1, 2, 3]);
    let claimed = pass(&bytes, claim);
    assert_eq!(claimed.as_ptr(), bytes.as_ptr());
    drop(claimed);
    assert!(bytes.is_unique(), "nothing is left behind");
}

#[test]
fn other_slices_are_copied() {
    let (bytes, other) = (Bytes::from(vec![1, 2, 3]), [1, 2, 3]);
    let claimed = pass(&bytes, |slice| {
        [claim(&slice[..2]), claim(&other), claim(slice)]
    });
    assert_eq!(claimed, [&[1, 2][..], &[1, 2, 3], &[1, 2, 3]]);
    assert!(bytes.is_unique());
    assert_eq!(claim(&bytes), bytes);
    assert!(bytes.is_unique());
}

#[test]
fn a_panic_leaves_nothing_behind() {
    let bytes = Bytes::from(vec![1]);
    let passed = std::panic::catch_unwind(|| pass(&bytes, |_| panic!("as planned")));
    assert!(passed.is_err());
    assert!(bytes.is_unique());
}
