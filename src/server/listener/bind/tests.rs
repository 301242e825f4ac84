//! Ports that clash, families that a machine lacks, and who takes IPv4.

use std::io::ErrorKind;

use super::*;

fn addresses(list: &[&str]) -> Vec<SocketAddr> {
    list.iter().map(|one| one.parse().unwrap()).collect()
}

/// Plays a system that chooses 1, 2, 3… and has `busy` taken at `[::1]`.
fn play(wanted: &[&str], busy: &[u16]) -> io::Result<Vec<String>> {
    let mut next = 0;
    until_free(&addresses(wanted), |mut address, _| {
        if address.port() == 0 {
            next += 1;
            address.set_port(next);
        } else if address.is_ipv6() && busy.contains(&address.port()) {
            return Err(ErrorKind::AddrInUse.into());
        }
        Ok((address.to_string(), address.port()))
    })
}

#[test]
fn the_first_chooses_and_the_rest_follow() {
    let rows: [(&[&str], &[u16], &[&str]); 4] = [
        (
            &["127.0.0.1:0", "[::1]:0"],
            &[],
            &["127.0.0.1:1", "[::1]:1"],
        ),
        (
            &["127.0.0.1:0", "[::1]:0"],
            &[1, 2],
            &["127.0.0.1:3", "[::1]:3"],
        ),
        (
            &["127.0.0.1:0", "[::1]:80", "10.0.0.1:0"],
            &[],
            &["127.0.0.1:1", "[::1]:80", "10.0.0.1:1"],
        ),
        (
            &["127.0.0.1:80", "[::1]:0", "10.0.0.1:0"],
            &[],
            &["127.0.0.1:80", "[::1]:1", "10.0.0.1:1"],
        ),
    ];
    for (wanted, busy, taken) in rows {
        assert_eq!(play(wanted, busy).unwrap(), taken, "{wanted:?} {busy:?}");
    }
}

#[test]
fn a_port_that_was_asked_for_is_not_replaced() {
    let wanted = ["127.0.0.1:0", "[::1]:80"];
    let error = play(&wanted, &[80]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().starts_with("[::1]:80: "), "{error}");
}

#[test]
fn it_gives_up_when_every_choice_is_taken() {
    let busy: Vec<u16> = (1..1_000).collect();
    let error = play(&["127.0.0.1:0", "[::1]:0"], &busy).unwrap_err();
    let last = format!("[::1]:{TRIES}: ");
    assert!(error.to_string().starts_with(&last), "{error}");
}

#[test]
fn ipv4_is_left_to_the_ipv4_addresses_of_the_same_port() {
    let rows: [(&str, &[&str], bool); 6] = [
        ("[::]:80", &[], true),
        ("[::]:80", &["[::1]:80"], true),
        ("[::]:80", &["0.0.0.0:80"], false),
        ("[::]:80", &["0.0.0.0:81"], true),
        ("[::]:0", &["127.0.0.1:0"], false),
        ("[::ffff:127.0.0.1]:80", &["10.0.0.1:80"], true),
    ];
    for (asked, others, dual) in rows {
        let asked = asked.parse().unwrap();
        assert_eq!(
            is_dual(&asked, &addresses(others)),
            dual,
            "{asked} {others:?}"
        );
    }
}

#[test]
fn localhost_is_what_the_machine_has_of_it() {
    let both = addresses(&["127.0.0.1:80", "[::1]:80"]);
    assert_eq!(present(80, |_| true), both);
    assert_eq!(present(80, |address| address.is_ipv4()), both[..1]);
    assert_eq!(present(80, |address| address.is_ipv6()), both[1..]);
    assert_eq!(present(80, |_| false), both);
}
