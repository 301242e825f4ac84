//! How many clients there are, in all and with one address, from their admission to their end.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::api::CrowdConfig;

use super::shared::Shared;

/// The places that are taken.
#[derive(Debug, Default)]
pub(crate) struct Places {
    taken: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// Why there is no place for a newcomer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Crowded {
    /// There are as many clients as there may be.
    Server,
    /// There are as many with its address as there may be.
    Address,
}

/// One client's place, which is free again when this is dropped.
pub(crate) struct Place {
    shared: Arc<Shared>,
    /// Under which address it is counted, if it is.
    address: Option<Box<IpAddr>>,
}

impl Place {
    /// Takes a place for a newcomer.
    pub(super) fn take(shared: &Arc<Shared>, address: Option<IpAddr>) -> Result<Place, Crowded> {
        let address = shared.places.enter(&shared.crowding, address)?;
        Ok(Place {
            shared: shared.clone(),
            address: address.map(Box::new),
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.places.leave(self.address.as_deref());
    }
}

impl Places {
    /// Counts a newcomer; under which address, if under any.
    fn enter(
        &self,
        limits: &CrowdConfig,
        address: Option<IpAddr>,
    ) -> Result<Option<IpAddr>, Crowded> {
        if self.taken.fetch_add(1, Ordering::Relaxed) >= limits.max_clients {
            self.taken.fetch_sub(1, Ordering::Relaxed);
            return Err(Crowded::Server);
        }
        let counted = limits
            .max_clients_per_address
            .zip(address.and_then(network));
        let Some((most, network)) = counted else {
            return Ok(None);
        };
        let mut by_address = self.lock();
        let count = by_address.entry(network).or_insert(0);
        if *count < most {
            *count += 1;
            return Ok(Some(network));
        }
        if *count == 0 {
            by_address.remove(&network);
        }
        drop(by_address);
        self.taken.fetch_sub(1, Ordering::Relaxed);
        Err(Crowded::Address)
    }

    fn leave(&self, address: Option<&IpAddr>) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = address else {
            return;
        };
        let mut by_address = self.lock();
        if let Some(count) = by_address.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(address);
                // What a crowd needed is not kept for the few who stay.
                let left = by_address.len();
                if left < by_address.capacity() / 8 {
                    by_address.shrink_to(left * 2);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an address is counted as: an IPv6 one as its network, whose addresses are all one's own. A
/// loopback address may be that of a proxy for everybody, and is not counted.
fn network(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    if address.is_loopback() {
        return None;
    }
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(places: &Places, address: &str) -> Result<Option<IpAddr>, Crowded> {
        let limits = CrowdConfig {
            max_clients: 4,
            max_clients_per_address: Some(2),
        };
        places.enter(&limits, Some(address.parse().unwrap()))
    }

    #[test]
    fn places_are_counted_in_all_and_by_network() {
        let places = Places::default();
        let first = enter(&places, "1.2.3.4").unwrap();
        assert!(enter(&places, "::ffff:1.2.3.4").is_ok());
        assert_eq!(enter(&places, "1.2.3.4"), Err(Crowded::Address));
        assert!(enter(&places, "1.2.3.5").is_ok());
        assert!(enter(&places, "1.2.3.5").is_ok());
        assert_eq!(enter(&places, "1.2.3.6"), Err(Crowded::Server));
        places.leave(first.as_ref());
        assert!(enter(&places, "1.2.3.4").is_ok());
    }

    #[test]
    fn addresses_of_one_network_are_one_and_loopback_is_nobody() {
        let places = Places::default();
        let first = enter(&places, "2001:db8:0:1::1").unwrap();
        let second = enter(&places, "2001:db8:0:1:ffff::9").unwrap();
        assert_eq!(first, second);
        assert_eq!(enter(&places, "2001:db8:0:1::2"), Err(Crowded::Address));
        assert!(enter(&places, "2001:db8:0:2::1").is_ok());
        places.leave(first.as_ref());
        places.leave(second.as_ref());
        assert_eq!(enter(&places, "::1"), Ok(None));
        assert_eq!(enter(&places, "127.0.0.1"), Ok(None));
        assert_eq!(places.lock().len(), 1);
    }

    #[test]
    fn who_may_not_come_at_all_leaves_no_trace() {
        let places = Places::default();
        let limits = CrowdConfig {
            max_clients: 1,
            max_clients_per_address: Some(0),
        };
        let address = Some("1.2.3.4".parse().unwrap());
        assert_eq!(places.enter(&limits, address), Err(Crowded::Address));
        assert!(places.lock().is_empty());
        assert_eq!(places.taken.load(Ordering::Relaxed), 0);
    }
}
