//! What all questions of all sockets share: the places, the rates of their addresses, and whether
//! the server stops.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::timeout;

use crate::ai::{Buckets, Code, Failure, Rate};
use crate::wire::Moment;

/// How long stopped questions get to say so.
const FAREWELL: Duration = Duration::from_secs(1);

/// Of how many addresses it is known at a time that they asked lately.
const MAX_ADDRESSES: usize = 65_536;

pub(super) struct Desk {
    stage: watch::Sender<Stage>,
    open: watch::Sender<usize>,
    places: Semaphore,
    addresses: Option<Mutex<Buckets<IpAddr>>>,
}

/// Whether questions are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// All are.
    Open,
    /// New ones are refused.
    Draining,
    /// The open ones end as well.
    Stopped,
}

impl Desk {
    pub(super) fn new(places: usize, address_rate: Option<Rate>) -> Desk {
        Desk {
            stage: watch::Sender::new(Stage::Open),
            open: watch::Sender::new(0),
            places: Semaphore::new(places.min(Semaphore::MAX_PERMITS)),
            addresses: address_rate.map(|rate| Mutex::new(Buckets::new(rate, MAX_ADDRESSES))),
        }
    }

    /// Whether somebody at this address may ask now.
    pub(super) fn grant(&self, address: IpAddr, now: Moment) -> Result<(), Failure> {
        let Some(addresses) = &self.addresses else {
            return Ok(());
        };
        // Nothing panics while the lock is held.
        let mut addresses = addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = addresses.take(network(address), now);
        granted.map_err(|wait| Failure::new(Code::RateLimited).after(wait))
    }

    /// Lets a question in, unless the server stops.
    pub(super) fn enter(self: &Arc<Desk>) -> Result<Visit, Failure> {
        // Counted before it looks: whoever drains changes the stage first and counts then.
        self.open.send_modify(|open| *open += 1);
        let visit = Visit(self.clone());
        if visit.is_last_call() {
            return Err(Code::Unavailable.into());
        }
        Ok(visit)
    }

    /// Waits for one of the places of those whose answers are fetched.
    pub(super) async fn place(&self) -> SemaphorePermit<'_> {
        let place = self.places.acquire().await;
        place.expect("the semaphore is never closed")
    }

    /// Waits until open questions are to end.
    pub(super) async fn stopped(&self) {
        let mut stage = self.stage.subscribe();
        // The sender is in `self`, so it outlives this.
        let _ = stage.wait_for(|stage| *stage == Stage::Stopped).await;
    }

    pub(super) async fn drain(&self, grace: Duration) {
        self.stage.send_replace(Stage::Draining);
        if timeout(grace, self.empty()).await.is_ok() {
            return;
        }
        tracing::warn!(open = self.open(), "questions are cut short");
        self.stage.send_replace(Stage::Stopped);
        if timeout(FAREWELL, self.empty()).await.is_err() {
            tracing::warn!(open = self.open(), "questions are left behind");
        }
    }

    pub(super) fn open(&self) -> usize {
        *self.open.borrow()
    }

    async fn empty(&self) {
        let mut open = self.open.subscribe();
        // The sender is in `self`, so it outlives this.
        let _ = open.wait_for(|open| *open == 0).await;
    }
}

/// One open question; it counts until dropped.
pub(super) struct Visit(Arc<Desk>);

impl Visit {
    /// Whether the server waits for the open questions to end.
    pub(super) fn is_last_call(&self) -> bool {
        *self.0.stage.borrow() != Stage::Open
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

/// What one subscriber has to himself: an IPv4 address, or an IPv6 network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let subscriber = address.to_bits() & !u128::from(u64::MAX);
            Ipv6Addr::from_bits(subscriber).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_its_subscriber() {
        let table = [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ];
        for (address, expected) in table {
            assert_eq!(network(address.parse().unwrap()).to_string(), expected);
        }
    }
}
