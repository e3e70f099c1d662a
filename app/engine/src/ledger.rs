//! Balances: who owns how much of what, and which part of it open orders can spend.
//!
//! Every change goes through here and says so in an event. A change that would take a
//! customer below what is locked is a broken invariant, not a reject: whoever calls has
//! checked before. No rule about orders lives here.

use crate::engine::Turnover;
use crate::event::{Cause, Event};
use crate::hash::Keyed;
use crate::index::Index;
use crate::memory::large;
use crate::types::*;

/// Most an asset may be issued: what `OUTSIDE` may go below (or above) zero by. Leaves room so
/// that no trade can take a balance out of 64 bits.
pub(crate) const ISSUED_MAX: i64 = 1 << 62;

/// One (account, asset) balance, with what its account trades through it: one cache line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(align(64))]
pub(crate) struct Balance {
    pub(crate) total: i64,
    pub(crate) locked: i64,
    /// What open buys of the account would bring if they filled; kept for position limits.
    pub(crate) incoming: i64,
    pub(crate) account: AccountId,
    asset: u16,
    /// Whether any event ever showed it; a balance opened by an order that has not traded yet
    /// is nobody's business.
    pub(crate) seen: bool,
    /// What fee tiers go by, where it is a quote asset.
    pub(crate) turnover: Turnover,
}

impl Balance {
    /// Nothing, of an asset (there are at most 65,536).
    pub(crate) fn empty(account: AccountId, asset: AssetId) -> Balance {
        let asset = u16::try_from(asset.0).expect("Genesis bounds the number of assets");
        let turnover = Turnover::NONE;
        Balance { total: 0, locked: 0, incoming: 0, account, asset, seen: false, turnover }
    }

    /// Of what.
    #[inline]
    pub(crate) fn asset(&self) -> AssetId {
        AssetId(u32::from(self.asset))
    }

    /// What is not locked.
    #[inline]
    pub(crate) fn available(&self) -> i64 {
        self.total - self.locked
    }

    /// What the account would hold if its open buys filled.
    #[inline]
    pub(crate) fn position(&self) -> i64 {
        self.total.saturating_add(self.incoming)
    }

    /// Changes it; returns the event that says so.
    #[inline(always)]
    fn change(&mut self, total: i64, locked: i64, cause: Cause, reference: u64) -> Event {
        self.total += total;
        self.locked += locked;
        self.seen = true;
        if self.locked < 0 || self.locked > self.total {
            self.must_be_systems(cause, reference);
        }
        Event::Balance {
            account: self.account,
            asset: self.asset(),
            total: Amount(self.total),
            locked: Amount(self.locked),
            delta: Amount(total),
            cause,
            reference,
        }
    }

    /// Only a system account without a lock may be below zero.
    #[cold]
    fn must_be_systems(&self, cause: Cause, reference: u64) {
        assert!(
            self.locked == 0 && self.account.may_go_negative(),
            "ledger broken: account {} asset {} total {} locked {} after {cause:?} of {reference}",
            self.account,
            self.asset,
            self.total,
            self.locked,
        );
    }
}

/// All balances, by slot in order of creation.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) balances: Vec<Balance>,
    index: Index,
    keyed: Keyed,
    capacity: usize,
}

impl Ledger {
    pub(crate) fn new(capacity: u32, keyed: Keyed) -> Ledger {
        let capacity = capacity as usize;
        Ledger { balances: large(capacity), index: Index::with_capacity(capacity), keyed, capacity }
    }

    /// The slot of a balance, if it exists.
    #[inline]
    pub(crate) fn find(&self, account: AccountId, asset: AssetId) -> Option<u32> {
        self.index.find(self.keyed.pair(account.0, asset.0), |slot| {
            let balance = &self.balances[slot as usize];
            balance.account == account && balance.asset() == asset
        })
    }

    /// How many more balances may be opened.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.capacity - self.balances.len()
    }

    /// The slot of a balance, opened at zero if it did not exist; `None` when full.
    pub(crate) fn open(&mut self, account: AccountId, asset: AssetId) -> Option<u32> {
        if let Some(slot) = self.find(account, asset) {
            return Some(slot);
        }
        if self.room() == 0 {
            return None;
        }
        Some(self.restore(Balance::empty(account, asset)))
    }

    /// Appends a balance that is not there yet.
    pub(crate) fn restore(&mut self, balance: Balance) -> u32 {
        let slot = self.balances.len() as u32;
        self.index.insert(self.keyed.pair(balance.account.0, balance.asset().0), slot);
        self.balances.push(balance);
        slot
    }

    /// The balance in a slot.
    #[inline]
    pub(crate) fn get(&self, slot: u32) -> &Balance {
        &self.balances[slot as usize]
    }

    /// What an account trades through a balance.
    #[inline]
    pub(crate) fn turnover(&mut self, slot: u32) -> &mut Turnover {
        &mut self.balances[slot as usize].turnover
    }

    /// Changes a balance's total and locked part and says so.
    ///
    /// # Panics
    /// When a customer's balance would end below its locked part, or below zero.
    #[inline]
    pub(crate) fn change(
        &mut self,
        slot: u32,
        (total, locked): (i64, i64),
        cause: Cause,
        reference: u64,
        events: &mut Vec<Event>,
    ) {
        events.push(self.balances[slot as usize].change(total, locked, cause, reference));
    }

    /// Changes the locked part of a balance for an order; returns the event that says so.
    ///
    /// # Panics
    /// When a customer's balance would end below its locked part, or that below zero.
    #[inline(always)]
    pub(crate) fn lock(&mut self, slot: u32, locked: i64, order: OrderId) -> Event {
        self.balances[slot as usize].change(0, locked, Cause::Lock, order.0)
    }

    /// Changes a balance's total and locked part as part of something said in another event;
    /// returns what they are then.
    ///
    /// # Panics
    /// When a customer's balance would end below its locked part, or below zero.
    #[inline]
    pub(crate) fn settle(&mut self, slot: u32, total: i64, locked: i64, trade: u64) -> [i64; 2] {
        let balance = &mut self.balances[slot as usize];
        balance.total += total;
        balance.locked += locked;
        balance.seen = true;
        if balance.locked < 0 || balance.locked > balance.total {
            balance.must_be_systems(Cause::Trade, trade);
        }
        [balance.total, balance.locked]
    }

    /// Takes off the locked part of a balance that a trade is about to take off the total.
    #[inline]
    pub(crate) fn release(&mut self, slot: u32, locked: i64) {
        self.balances[slot as usize].locked -= locked;
    }

    /// Makes a balance what someone had in hand.
    #[inline]
    pub(crate) fn put(&mut self, slot: u32, [total, locked]: [i64; 2]) {
        let balance = &mut self.balances[slot as usize];
        (balance.total, balance.locked, balance.seen) = (total, locked, true);
    }

    /// Changes what open buys would bring into a balance.
    #[inline]
    pub(crate) fn expect_more(&mut self, slot: u32, base: i64) {
        // Orders can ask for more than 64 bits hold where no position limit binds; what is
        // added is taken off again, so that the sum comes back.
        let incoming = &mut self.balances[slot as usize].incoming;
        *incoming = incoming.wrapping_add(base);
    }

    /// The index holds exactly the balances (for the whole-state check).
    pub(crate) fn check_index(&self) -> Result<(), String> {
        if self.index.len() != self.balances.len() {
            return Err("balance index and balances differ in number".into());
        }
        for (slot, balance) in self.balances.iter().enumerate() {
            if self.find(balance.account, balance.asset()) != Some(slot as u32) {
                return Err(format!("balance {slot} is not where its index says"));
            }
        }
        Ok(())
    }
}
