//! Rate limits: a virtual-scheduling token bucket in one word, and one per client address
//! for callers without a key.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use zaraba_engine::types::Timestamp;

const SECOND: u64 = 1_000_000_000;
const SHARDS: usize = 16;
/// Addresses remembered per shard. Those that have been quiet for a second are forgotten
/// first; when all are busy, new ones are refused.
const ADDRESSES_PER_SHARD: usize = 8_192;

/// Allows `per_second` requests a second with a burst of one second's worth.
#[derive(Default)]
pub struct Meter(AtomicU64);

impl Meter {
    /// Takes one request that counts as `cost`. It passes if one unit is left; what it costs
    /// beyond that is owed, and delays the next.
    ///
    /// # Errors
    /// How long to wait until one unit is left.
    pub fn take(&self, now: Timestamp, per_second: u32, cost: u32) -> Result<(), Duration> {
        let mut due = self.0.load(Ordering::Relaxed);
        loop {
            let next = charge(due, now, per_second, cost)?;
            match self.0.compare_exchange_weak(due, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(seen) => due = seen,
            }
        }
    }

    /// Adds `cost` to what is owed, whatever is left.
    pub fn owe(&self, now: Timestamp, per_second: u32, cost: u32) {
        let interval = SECOND / u64::from(per_second.max(1));
        let add = |due: u64| Some(due.max(now.0).saturating_add(interval * u64::from(cost)));
        // The closure never refuses, so neither does the update.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

/// The time at which everything charged so far has been paid, after one more request.
fn charge(due: u64, now: Timestamp, per_second: u32, cost: u32) -> Result<u64, Duration> {
    let interval = SECOND / u64::from(per_second.max(1));
    let due = due.max(now.0);
    let allowed = now.0.saturating_add(SECOND - interval);
    if due > allowed {
        return Err(Duration::from_nanos(due - allowed));
    }
    Ok(due.saturating_add(interval * u64::from(cost)))
}

/// Rate limits by client address.
pub struct Addresses {
    shards: [Mutex<HashMap<u128, u64>>; SHARDS],
}

impl Default for Addresses {
    fn default() -> Self {
        Addresses { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Addresses {
    /// Takes one request of an address.
    ///
    /// # Errors
    /// How long to wait.
    pub fn take(&self, address: IpAddr, now: Timestamp, per_second: u32) -> Result<(), Duration> {
        let who = group(address);
        let mut shard = self.shards[(who ^ (who >> 64)) as usize % SHARDS].lock();
        if let Some(due) = shard.get_mut(&who) {
            *due = charge(*due, now, per_second, 1)?;
            return Ok(());
        }
        if shard.len() >= ADDRESSES_PER_SHARD {
            shard.retain(|_, due| *due > now.0);
            if shard.len() >= ADDRESSES_PER_SHARD {
                return Err(Duration::from_secs(1));
            }
        }
        shard.insert(who, charge(0, now, per_second, 1)?);
        Ok(())
    }
}

/// IPv6 clients own at least a /64, so that is what is counted.
fn group(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => (v6.to_bits() >> 64) << 64,
    }
}
