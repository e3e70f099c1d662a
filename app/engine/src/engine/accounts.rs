//! Accounts: status, code, the list of each one's resting orders, and how many of them each
//! has in instruments that cap it. No balances: those are in [`crate::ledger`].

use crate::engine::AccountState;
use crate::engine::risk::Tally;
use crate::hash::Keyed;
use crate::index::Index;
use crate::memory::{large, prefetch};
use crate::orders::{Flags, Hot, NIL};
use crate::reject::Reject;
use crate::types::*;

/// How many balances an account's own line can name.
const NEAR_BALANCES: usize = 4;

/// What orders need to know of an account: one cache line; codes are kept apart.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Account {
    /// Oldest and newest resting order.
    pub(crate) head: u32,
    tail: u32,
    /// How many rest.
    pub(crate) open: u32,
    pub(crate) status: AccountStatus,
    pub(crate) killed: bool,
    pub(crate) group: GroupId,
    /// Its own risk limits and what they count.
    pub(crate) tally: Tally,
    /// Its first few balances, asset and slot, so that trading needs no look into the ledger's
    /// index; the rest is `NIL`. Not state: follows from the ledger.
    near_assets: [u16; NEAR_BALANCES],
    near: [u32; NEAR_BALANCES],
}

impl Account {
    const NEW: Account = Account {
        head: NIL,
        tail: NIL,
        open: 0,
        status: AccountStatus::Active,
        killed: false,
        group: GroupId(0),
        tally: Tally::NEW,
        near_assets: [0; NEAR_BALANCES],
        near: [NIL; NEAR_BALANCES],
    };

    /// Puts an order last on its list, as far as the two records go: the order before it, which is
    /// to name it as the next one, and the account's group.
    #[inline(always)]
    pub(crate) fn append(&mut self, order: &mut Hot, slot: u32) -> (u32, GroupId) {
        let last = self.tail;
        self.tail = slot;
        self.open += 1;
        if last == NIL {
            self.head = slot;
        }
        order.account_prev = last;
        order.account_next = NIL;
        order.flags.set(Flags::LISTED, true);
        (last, self.group)
    }

    /// Slots of its balances of two assets; `NIL` where its own line does not name it.
    #[inline(always)]
    pub(crate) fn balances(&self, one: AssetId, other: AssetId) -> [u32; 2] {
        const ONES: u64 = 0x0001_0001_0001_0001;
        let [a, b, c, d] = self.near_assets.map(u64::from);
        let named = a | b << 16 | c << 32 | d << 48;
        let find = |wanted: AssetId| {
            // The lowest quarter that is zero in the difference; those above it may be marked wrongly.
            // Quarters that name none are behind those that do.
            let differ = named ^ u64::from(wanted.0).wrapping_mul(ONES);
            let zero = differ.wrapping_sub(ONES) & !differ & ONES << 15;
            let slot = self.near[zero.trailing_zeros() as usize / 16 % NEAR_BALANCES];
            if zero == 0 { NIL } else { slot }
        };
        [find(one), find(other)]
    }

    /// Slot of its balance of an asset, if its own line names it.
    #[inline]
    pub(crate) fn balance(&self, asset: AssetId) -> Option<u32> {
        let [slot, _] = self.balances(asset, asset);
        (slot != NIL).then_some(slot)
    }

    /// Slot of its newest resting order, or another where there is none.
    #[inline(always)]
    pub(crate) fn newest_or(&self, other: u32) -> u32 {
        if self.tail == NIL { other } else { self.tail }
    }
}

/// All accounts, by number.
#[derive(Default)]
pub(crate) struct Accounts {
    list: Vec<Account>,
    codes: Vec<AccountCode>,
    /// Number of each account's firm: zeroed memory the system hands out page by page on first use.
    firms: Vec<u32>,
    index: Index,
    keyed: Keyed,
    capacity: usize,
}

/// Name space of account codes in the keyed hash; assets and symbols have others.
const CODES: u32 = 1;

impl Accounts {
    pub(crate) fn new(capacity: u32, keyed: Keyed) -> Accounts {
        let capacity = capacity as usize;
        Accounts {
            list: large(capacity),
            codes: Vec::with_capacity(capacity),
            firms: vec![0; capacity],
            index: Index::with_capacity(capacity),
            keyed,
            capacity,
        }
    }

    /// One account.
    #[inline]
    pub(crate) fn get(&self, account: AccountId) -> Option<&Account> {
        self.list.get(account.0 as usize)
    }

    /// One account, to change its status.
    pub(crate) fn get_mut(&mut self, account: AccountId) -> Option<&mut Account> {
        self.list.get_mut(account.0 as usize)
    }

    /// One account that is there.
    #[inline]
    pub(crate) fn at_mut(&mut self, account: AccountId) -> &mut Account {
        &mut self.list[account.0 as usize]
    }

    /// Fetches an account from memory.
    #[inline]
    pub(crate) fn prefetch(&self, account: AccountId) {
        prefetch(&self.list, account.0 as usize);
    }

    /// Notes a balance just opened in its account's line, if there is room.
    pub(crate) fn note_balance(&mut self, account: AccountId, asset: AssetId, slot: u32) {
        let Some(account) = self.list.get_mut(account.0 as usize) else { return };
        if let Some(free) = account.near.iter().position(|&near| near == NIL) {
            account.near_assets[free] = asset.0 as u16;
            account.near[free] = slot;
        }
    }

    /// Creates an account.
    pub(crate) fn create(&mut self, code: &AccountCode) -> Result<AccountId, Reject> {
        if code.is_empty() {
            return Err(Reject::InvalidSpec);
        }
        let hash = self.keyed.text(CODES, code);
        if self.index.find(hash, |slot| self.codes[slot as usize] == *code).is_some() {
            return Err(Reject::AlreadyExists);
        }
        if self.list.len() == self.capacity {
            return Err(Reject::CapacityExhausted);
        }
        let account = AccountId(self.list.len() as u32);
        self.index.insert(hash, account.0);
        self.codes.push(*code);
        self.list.push(Account::NEW);
        Ok(account)
    }

    /// The firm an account trades through; zero: none.
    pub(crate) fn firm(&self, account: AccountId) -> FirmId {
        FirmId(self.firms.get(account.0 as usize).copied().unwrap_or(0))
    }

    /// Names the firm of an account.
    pub(crate) fn set_firm(&mut self, account: AccountId, firm: FirmId) -> Result<(), Reject> {
        let at = account.0 as usize;
        if at >= self.list.len() {
            return Err(Reject::UnknownAccount);
        }
        self.firms[at] = firm.0;
        Ok(())
    }

    /// Accounts with a firm, in order.
    pub(crate) fn with_firms(&self) -> impl Iterator<Item = (AccountId, FirmId)> + Clone + '_ {
        let all = self.firms[..self.list.len()].iter().enumerate().filter(|(_, firm)| **firm != 0);
        all.map(|(at, &firm)| (AccountId(at as u32), FirmId(firm)))
    }

    /// Appends an order that came to rest to its owner's list; returns the owner's group.
    #[inline]
    pub(crate) fn link(&mut self, hot: &mut [Hot], slot: u32) -> GroupId {
        let order = &mut hot[slot as usize];
        let (last, group) = self.list[order.account.0 as usize].append(order, slot);
        if last != NIL {
            hot[last as usize].account_next = slot;
        }
        group
    }

    /// Takes an order that ended out of its owner's list; returns the owner's group.
    #[inline(always)]
    pub(crate) fn unlink(&mut self, hot: &mut [Hot], slot: u32) -> GroupId {
        let order = &mut hot[slot as usize];
        let (owner, prev, next) = (order.account, order.account_prev, order.account_next);
        order.flags.set(Flags::LISTED, false);
        order.account_prev = NIL;
        order.account_next = NIL;
        let account = &mut self.list[owner.0 as usize];
        account.open -= 1;
        let group = account.group;
        if prev == NIL {
            account.head = next;
        } else {
            hot[prev as usize].account_next = next;
        }
        if next == NIL {
            account.tail = prev;
        } else {
            hot[next as usize].account_prev = prev;
        }
        group
    }

    /// Slots of an account's resting orders, oldest first.
    pub(crate) fn open_orders<'a>(
        &self,
        account: AccountId,
        hot: &'a [Hot],
    ) -> impl Iterator<Item = u32> + use<'a> {
        let first = self.get(account).map(|a| a.head).filter(|&head| head != NIL);
        std::iter::successors(first, |&slot| {
            let next = hot[slot as usize].account_next;
            (next != NIL).then_some(next)
        })
    }

    /// The resting order after this one on its owner's list.
    #[inline]
    pub(crate) fn next_open(&self, hot: &[Hot], slot: u32) -> Option<u32> {
        let next = hot[slot as usize].account_next;
        (next != NIL).then_some(next)
    }

    /// One account as queries show it.
    pub(crate) fn state(&self, account: AccountId) -> Option<AccountState> {
        let status = self.get(account)?.status;
        Some(AccountState { code: self.codes[account.0 as usize], status })
    }

    /// All accounts as queries show them.
    pub(crate) fn states(&self) -> impl Iterator<Item = (AccountId, AccountState)> + '_ {
        let states = self.list.iter().zip(&self.codes).enumerate();
        states.map(|(i, (account, &code))| {
            (AccountId(i as u32), AccountState { code, status: account.status })
        })
    }

    /// How many accounts there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }
}

/// How many open orders an account has in one instrument.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenCount {
    account: AccountId,
    instrument: InstrumentId,
    /// Also links the free list.
    count: u32,
}

/// Open orders per (account, instrument), where the instrument caps them. A pair without open
/// orders has no entry, so there are never more entries than live orders.
#[derive(Default)]
pub(crate) struct OpenCounts {
    entries: Vec<OpenCount>,
    free: Vec<u32>,
    index: Index,
    keyed: Keyed,
}

impl OpenCounts {
    pub(crate) fn new(live_orders: u32, keyed: Keyed) -> OpenCounts {
        let capacity = live_orders as usize;
        OpenCounts {
            entries: Vec::with_capacity(capacity),
            free: Vec::with_capacity(capacity),
            index: Index::with_capacity(capacity),
            keyed,
        }
    }

    fn find(&self, account: AccountId, instrument: InstrumentId) -> Option<u32> {
        self.index.find(self.keyed.pair(account.0, instrument.0), |slot| {
            let entry = &self.entries[slot as usize];
            entry.account == account && entry.instrument == instrument
        })
    }

    /// Open orders of the pair.
    pub(crate) fn get(&self, account: AccountId, instrument: InstrumentId) -> u32 {
        self.find(account, instrument).map_or(0, |slot| self.entries[slot as usize].count)
    }

    /// One more.
    pub(crate) fn add(&mut self, account: AccountId, instrument: InstrumentId) {
        if let Some(slot) = self.find(account, instrument) {
            self.entries[slot as usize].count += 1;
            return;
        }
        let entry = OpenCount { account, instrument, count: 1 };
        let slot = if let Some(slot) = self.free.pop() {
            self.entries[slot as usize] = entry;
            slot
        } else {
            self.entries.push(entry);
            (self.entries.len() - 1) as u32
        };
        self.index.insert(self.keyed.pair(account.0, instrument.0), slot);
    }

    /// One less.
    ///
    /// # Panics
    /// When there is none.
    pub(crate) fn sub(&mut self, account: AccountId, instrument: InstrumentId) {
        let slot = self.find(account, instrument).expect("an open order was counted");
        let entry = &mut self.entries[slot as usize];
        entry.count -= 1;
        if entry.count == 0 {
            self.index.remove(self.keyed.pair(account.0, instrument.0), slot);
            self.free.push(slot);
        }
    }

    /// Pairs with open orders.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }
}
