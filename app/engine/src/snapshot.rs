//! Plain export and import of the whole state, so that an engine can go on from a snapshot
//! exactly as it would have gone on from the journal: same order numbers, same queues, same
//! hash.
//!
//! Little-endian, no padding: magic, [`STATE_VERSION`], then sections in fixed order, each with
//! its tag and the number of its entries. What can be rebuilt (trees, indexes, counts) is not
//! written. Every byte is distrusted on the way in: what would let the state panic or lie
//! later is refused here, and the whole-state check has the last word.

mod read;
mod read_orders;
mod reader;
mod write;

use crate::engine::Engine;
use crate::hash::Running;

pub(crate) const MAGIC: u32 = u32::from_le_bytes(*b"ZRST");

/// Section tags.
pub(crate) const HEAD: u32 = 1;
pub(crate) const ASSETS: u32 = 2;
pub(crate) const ACCOUNTS: u32 = 3;
pub(crate) const BALANCES: u32 = 4;
pub(crate) const INSTRUMENTS: u32 = 5;
pub(crate) const ORDERS: u32 = 6;
pub(crate) const QUEUES: u32 = 7;
pub(crate) const OPEN: u32 = 8;
pub(crate) const ANSWERS: u32 = 9;
pub(crate) const FREE: u32 = 10;
pub(crate) const END: u32 = 11;
pub(crate) const EXTRAS: u32 = 12;
/// Sessions, phases, quotes and timers.
pub(crate) const SESSIONS: u32 = 13;
/// Orders waiting outside the books, by instrument, room and order of entry.
pub(crate) const PARKED: u32 = 14;
/// Prices not yet compared with the triggers, by instrument.
pub(crate) const PRINTS: u32 = 15;
/// Orders with a trigger, by instrument, direction, price and time.
pub(crate) const TRIGGERS: u32 = 16;
/// Orders set off that have not come in yet, by instrument.
pub(crate) const READY: u32 = 17;
/// Fee schedules by quote asset.
pub(crate) const FEE_TIERS: u32 = 18;
/// Volumes that fees go by.
pub(crate) const FEE_VOLUMES: u32 = 19;
/// Circuit breakers and call auctions, by instrument.
pub(crate) const CIRCUITS: u32 = 20;
/// Odd-lot desks, by instrument.
pub(crate) const ODD_LOTS: u32 = 21;
/// Risk limits by scope.
pub(crate) const RISK: u32 = 22;
/// Groups with a kill switch on or something counted.
pub(crate) const GROUPS: u32 = 23;
/// Accounts in a group, with a kill switch on or something counted.
pub(crate) const MEMBERS: u32 = 24;
/// Whose orders count as one in auctions, and the accounts with a firm.
pub(crate) const FIRMS: u32 = 26;
/// What is counted of each instrument.
pub(crate) const POOLS: u32 = 25;
/// API keys with a kill switch on.
pub(crate) const KEYS: u32 = 27;
/// Trades that were corrected.
pub(crate) const CORRECTIONS: u32 = 28;

/// One word over the numbers of the head, which nothing else in the state could contradict: each step
/// keeps two different sums different, so a changed number never gives the same one.
pub(crate) fn head_sum(numbers: &[u64]) -> u64 {
    let step = |sum: u64, &number: &u64| {
        (sum ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    };
    numbers.iter().fold(u64::from(MAGIC), step)
}

impl Engine {
    /// The numbers of the head, in their order there.
    pub(crate) fn head_numbers(&self, hash: Running) -> [u64; 13] {
        let mut numbers = [0; 13];
        let counts = [self.seq.0, self.at.0, hash.0, self.trades, self.orders.counter];
        numbers[..5].copy_from_slice(&counts);
        for (day, place) in self.days.iter().zip(numbers[5..].chunks_exact_mut(4)) {
            let rolling = u64::from(day.rolling);
            let of_day = [day.day.into(), rolling, day.cursor.into(), day.market.into()];
            place.copy_from_slice(&of_day);
        }
        numbers
    }
}
