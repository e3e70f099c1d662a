//! Remembered orders by number and by client id.
//!
//! An order number carries the slot the engine keeps it in, and the engine gives a slot to
//! a new order only when it has forgotten the old one. So a table by slot remembers exactly
//! what the engine remembers (at least), needs no eviction of its own and no hashing, and is
//! bounded by the 2^24 slots there are.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use zaraba_engine::engine::OrderState;
use zaraba_engine::types::*;

/// Orders per page: pages keep growth from ever copying the table.
const PAGE: usize = 4096;
const SLOT_MASK: u64 = (1 << 24) - 1;
/// Client ids are spread over this many maps, so that one that grows rehashes little.
const SHARDS: usize = 256;

/// Keys are hashes already.
#[derive(Default)]
pub(super) struct Passed(u64);

impl Hasher for Passed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

type Shard = HashMap<u64, u32, BuildHasherDefault<Passed>>;

/// Orders by slot, with an index by (account, client id).
pub(super) struct OrderTable {
    pages: Vec<Option<Box<[OrderState]>>>,
    /// Keyed hash of (account, client id) to slot. The seed is random, so clients cannot
    /// aim; in the improbable case of equal hashes the older order is only found by number
    /// (the reader then asks the history).
    by_client: Vec<Shard>,
    seed: RandomState,
}

impl Default for OrderTable {
    fn default() -> Self {
        OrderTable {
            pages: Vec::new(),
            by_client: (0..SHARDS).map(|_| Shard::default()).collect(),
            seed: RandomState::new(),
        }
    }
}

const VACANT: OrderState = OrderState::EMPTY;

fn slot(order: OrderId) -> usize {
    (order.0 & SLOT_MASK) as usize
}

impl OrderTable {
    /// The order, if it is remembered.
    pub(super) fn get(&self, order: OrderId) -> Option<&OrderState> {
        let state = self.at(slot(order))?;
        (state.order == order && order.0 != 0).then_some(state)
    }

    /// The order to change, if it is remembered. Its number, owner and client id stay.
    pub(super) fn get_mut(&mut self, order: OrderId) -> Option<&mut OrderState> {
        let slot = slot(order);
        let state = &mut self.pages.get_mut(slot / PAGE)?.as_mut()?[slot % PAGE];
        (state.order == order && order.0 != 0).then_some(state)
    }

    /// The newest remembered order of an account with this client id.
    pub(super) fn by_client_id(&self, account: AccountId, id: &ClientId) -> Option<&OrderState> {
        let hash = self.hash(account, id);
        let slot = *self.by_client[shard(hash)].get(&hash)?;
        let state = self.at(slot as usize)?;
        (state.account == account && state.client_id == *id && state.order.0 != 0).then_some(state)
    }

    /// Remembers an order in the place of whatever had its slot.
    pub(super) fn insert(&mut self, order: OrderState) {
        let slot = slot(order.order);
        if let Some(old) = self.at(slot).copied()
            && old.order.0 != 0
            && old.order != order.order
        {
            let hash = self.hash(old.account, &old.client_id);
            let map = &mut self.by_client[shard(hash)];
            if map.get(&hash) == Some(&(slot as u32)) {
                map.remove(&hash);
            }
        }
        let hash = self.hash(order.account, &order.client_id);
        self.by_client[shard(hash)].insert(hash, slot as u32);
        let page = slot / PAGE;
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| vec![VACANT; PAGE].into_boxed_slice());
        page[slot % PAGE] = order;
    }

    /// A page of places for orders, some of them empty; `None` behind the last.
    pub(super) fn page(&self, number: usize) -> Option<&[OrderState]> {
        Some(self.pages.get(number)?.as_deref().unwrap_or_default())
    }

    fn at(&self, slot: usize) -> Option<&OrderState> {
        Some(&self.pages.get(slot / PAGE)?.as_ref()?[slot % PAGE])
    }

    fn hash(&self, account: AccountId, id: &ClientId) -> u64 {
        let mut hasher = self.seed.build_hasher();
        hasher.write_u32(account.0);
        hasher.write(id.as_bytes());
        hasher.finish()
    }
}

/// Middle bits: the maps themselves use the lowest and the highest.
fn shard(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}
