//! Orders in memory: one slab of slots, the memory of answers, and the index by client id.
//!
//! An order's number is `counter << 24 | slot`, so the slot is found without a map and a number
//! whose slot went to a newer order is recognised. What matching touches sits in one cache line
//! ([`Hot`]); the rest ([`Cold`]) in two more. A finished or refused order keeps its slot, so that
//! a repeat of its client id gets the first answer, until `answers` newer ones have finished;
//! live orders never go. Transfers with a reference are remembered in the same way, in a name
//! space of their own. Nothing here knows prices, books or balances. The records are in
//! `record`, what a repeat is held against in `known`, what concerns all slots at once in `whole`.

mod known;
mod record;
mod whole;

pub(crate) use known::Known;
pub(crate) use record::*;

use crate::answers::{Answer, Answers};
use crate::command::{Limits, Place, Transfer};
use crate::engine::{OrderState, OrderStatus};
use crate::hash::Keyed;
use crate::index::{Index, Vacancy};
use crate::memory::{large, prefetch, prefetch_line};
use crate::money::Traded;
use crate::types::*;

/// Name spaces of the client-id index.
const ORDERS: u32 = 0;
const TRANSFERS: u32 = 1 << 31;

/// How many answers ahead one to be forgotten is fetched from memory.
const FORGET_AHEAD: usize = 12;

/// All order slots.
pub(crate) struct Orders {
    pub(crate) hot: Vec<Hot>,
    pub(crate) cold: Vec<Cold>,
    index: Index,
    keyed: Keyed,
    /// Last order counter given out.
    pub(crate) counter: u64,
    free: u32,
    /// What only few orders have, and its free list.
    extras: Vec<Extra>,
    free_extra: u32,
    /// The answer queue: finished slots and their tags, oldest first.
    done: Answers,
    capacity: usize,
}

impl Default for Orders {
    /// No slots, and no room for any.
    fn default() -> Orders {
        Orders {
            hot: Vec::new(),
            cold: Vec::new(),
            index: Index::default(),
            keyed: Keyed::default(),
            counter: 0,
            free: NIL,
            extras: Vec::new(),
            free_extra: NIL,
            done: Answers::default(),
            capacity: 0,
        }
    }
}

/// What a new order is from the start.
#[inline]
fn first_flags(place: &Place) -> Flags {
    let mut flags = Flags(0);
    flags.set(Flags::DAY, place.time_in_force == TimeInForce::Day);
    flags.set(Flags::BY_AMOUNT, place.by_amount);
    flags
}

impl Orders {
    pub(crate) fn new(limits: &Limits, keyed: Keyed) -> Orders {
        // One more than both: the order in hand, before the oldest answer makes room for it.
        let capacity = limits.live_orders as usize + limits.answers as usize + 1;
        assert!(capacity <= SLOTS_MAX as usize, "Genesis bounds orders and answers by 2^24");
        Orders {
            hot: large(capacity),
            cold: large(capacity),
            index: Index::sparse(capacity),
            keyed,
            extras: Vec::with_capacity(capacity),
            done: Answers::new(limits.answers as usize),
            capacity,
            ..Orders::default()
        }
    }

    #[inline]
    fn hash(&self, space: u32, account: AccountId, id: &ClientId) -> u64 {
        // Accounts are below 2^31: the top bit is free for the name space.
        self.keyed.text(account.0 | space, id)
    }

    /// Slot of a remembered order.
    #[inline]
    pub(crate) fn find(&self, order: OrderId) -> Option<u32> {
        let slot = (order.0 as u32) & (SLOTS_MAX - 1);
        let hot = self.hot.get(slot as usize)?;
        (hot.id == order.0 && order.0 != 0).then_some(slot)
    }

    #[inline]
    fn lookup(&self, space: u32, account: AccountId, id: &ClientId) -> Option<u32> {
        self.lookup_hashed(self.hash(space, account, id), space, account, id)
    }

    #[inline]
    fn lookup_hashed(
        &self,
        hash: u64,
        space: u32,
        account: AccountId,
        id: &ClientId,
    ) -> Option<u32> {
        let transfer = space == TRANSFERS;
        self.index.find(hash, |slot| {
            let hot = &self.hot[slot as usize];
            hot.account == account
                && (hot.kind == Kind::Transfer) == transfer
                && self.cold[slot as usize].client_id == *id
        })
    }

    /// Slot of a remembered order by its owner and client id.
    pub(crate) fn by_client_id(&self, account: AccountId, id: &ClientId) -> Option<u32> {
        self.lookup(ORDERS, account, id)
    }

    /// The hash an order's client id is indexed by.
    #[inline]
    pub(crate) fn order_hash(&self, place: &Place) -> u64 {
        self.hash(ORDERS, place.account, &place.client_id)
    }

    /// Fetches the place of an order's client id from memory.
    #[inline]
    pub(crate) fn prefetch_id(&self, place: &Place) {
        self.index.prefetch(self.order_hash(place));
    }

    /// Fetches from memory what trading and ending an order touches.
    #[inline]
    pub(crate) fn prefetch_order(&self, order: OrderId) {
        let slot = (order.0 as u32 & (SLOTS_MAX - 1)) as usize;
        prefetch_line(&self.hot, slot);
        prefetch_line(&self.cold, slot);
    }

    /// The remembered order with this order's client id, whose hash is `hash`; or the place for
    /// it in the index.
    #[inline(always)]
    pub(crate) fn seek(&self, place: &Place, hash: u64) -> Result<u32, Vacancy> {
        self.index.seek(hash, |slot| {
            let hot = &self.hot[slot as usize];
            hot.account == place.account
                && hot.kind != Kind::Transfer
                && self.cold[slot as usize].client_id == place.client_id
        })
    }

    /// An order's extras, if it has any.
    #[inline]
    pub(crate) fn extra(&self, slot: u32) -> Option<&Extra> {
        self.extras.get(self.cold.get(slot as usize)?.extra as usize)
    }

    /// An order's extras, made if it had none.
    pub(crate) fn extra_mut(&mut self, slot: u32) -> &mut Extra {
        let cold = &mut self.cold[slot as usize];
        if cold.extra == NIL {
            cold.extra = if self.free_extra == NIL {
                self.extras.push(EMPTY_EXTRA);
                self.extras.len() as u32 - 1
            } else {
                let at = self.free_extra;
                self.free_extra = self.extras[at as usize].next_free;
                self.extras[at as usize] = EMPTY_EXTRA;
                at
            };
        }
        &mut self.extras[cold.extra as usize]
    }

    /// Worst price the lock of an order covers: its bound, or its stop half's.
    #[inline]
    pub(crate) fn lock_price(&self, hot: &Hot) -> i64 {
        let more = hot.flags.has(Flags::STOP_LEG) || hot.conditioned();
        if more { self.worse_half(hot) } else { hot.bound }
    }

    #[cold]
    fn worse_half(&self, hot: &Hot) -> i64 {
        let slot = (hot.id as u32) & (SLOTS_MAX - 1);
        self.extra(slot).map_or(hot.bound, |extra| extra.stop_bound.max(hot.bound))
    }

    /// Where an order stands in time among all: its number, unless it lost that place.
    pub(crate) fn entry(&self, slot: u32) -> u64 {
        match self.extra(slot) {
            Some(extra) if extra.entered != 0 => extra.entered,
            _ => self.hot[slot as usize].id,
        }
    }

    /// Gives an order a new place in time, behind all there are.
    pub(crate) fn enter_again(&mut self, slot: u32) {
        self.counter += 1;
        let entered = self.counter << SLOT_BITS | u64::from(slot);
        self.extra_mut(slot).entered = entered;
    }

    /// Takes a slot: the one freed last, else a fresh one.
    #[inline(always)]
    fn take_slot(&mut self) -> u32 {
        if self.free != NIL {
            let slot = self.free;
            self.free = self.hot[slot as usize].next;
            return slot;
        }
        let slot = self.hot.len() as u32;
        assert!((slot as usize) < self.capacity, "order slots and limits disagree");
        self.hot.push(EMPTY_HOT);
        self.cold.push(EMPTY_COLD);
        slot
    }

    /// Indexes a slot.
    #[inline]
    fn enter(&mut self, hash: u64, slot: u32) {
        self.cold[slot as usize].tag = (hash >> 32) as u32;
        self.index.insert(hash, slot);
    }

    /// Records a new order as live (not resting yet) and returns its slot.
    #[inline]
    pub(crate) fn create(
        &mut self,
        place: &Place,
        hash: u64,
        day: u32,
        seq: Seq,
        at: Timestamp,
    ) -> u32 {
        let slot = self.record(place, day, seq, at);
        self.enter(hash, slot);
        slot
    }

    /// The same, with the place for its client id in the index.
    #[inline(always)]
    pub(crate) fn create_at(
        &mut self,
        place: &Place,
        hash: u64,
        vacancy: Vacancy,
        day: u32,
        seq: Seq,
        at: Timestamp,
    ) -> u32 {
        let slot = self.record(place, day, seq, at);
        self.cold[slot as usize].tag = (hash >> 32) as u32;
        self.index.fill(vacancy, hash, slot);
        slot
    }

    #[inline(always)]
    fn record(&mut self, place: &Place, day: u32, seq: Seq, at: Timestamp) -> u32 {
        let slot = self.take_slot();
        self.counter += 1;
        assert!(self.counter < COUNTER_END, "order numbers are used up");
        self.hot[slot as usize] = Hot {
            id: self.counter << SLOT_BITS | u64::from(slot),
            bound: place.price.0,
            remaining: place.quantity.0,
            account: place.account,
            instrument: place.instrument,
            side: place.side,
            kind: Kind::Live,
            flags: first_flags(place),
            ..EMPTY_HOT
        };
        self.cold[slot as usize] = Cold {
            quantity: place.quantity.0,
            created_at: at,
            updated_at: at,
            seq,
            status: OrderStatus::Open,
            kind: place.kind,
            time_in_force: place.time_in_force,
            post_only: place.post_only,
            first_price: place.price.0,
            first_quantity: place.quantity.0,
            day,
            condition: place.condition,
            self_trade: place.self_trade,
            short: place.short,
            client_id: place.client_id,
            ..EMPTY_COLD
        };
        slot
    }

    /// Gives an order that has not traded another quantity.
    pub(crate) fn set_quantity(&mut self, slot: u32, quantity: i64) {
        self.hot[slot as usize].remaining = quantity;
        self.cold[slot as usize].quantity = quantity;
    }

    /// Adds a fill to an order's sums; returns them before and after.
    #[inline]
    pub(crate) fn add_fill(
        &mut self,
        slot: u32,
        notional: i64,
        rate_ppm: i32,
        seq: Seq,
        at: Timestamp,
    ) -> (Traded, Traded) {
        let cold = &mut self.cold[slot as usize];
        let before = cold.traded();
        let after = before.plus(notional, rate_ppm);
        cold.notional = after.notional;
        cold.fee = Fee::try_from(after.fee).expect("acceptance bounds every sum of fees");
        cold.status = OrderStatus::PartiallyFilled;
        cold.updated_at = at;
        cold.seq = seq;
        (before, after)
    }

    /// Remembers a transfer that was done.
    pub(crate) fn remember_transfer(&mut self, transfer: &Transfer, seq: Seq, at: Timestamp) {
        let slot = self.take_slot();
        self.hot[slot as usize] =
            Hot { account: transfer.account, kind: Kind::Transfer, ..EMPTY_HOT };
        self.cold[slot as usize] = Cold {
            fee: Fee::short(i64::from(transfer.asset.0)),
            quantity: transfer.amount.0,
            first_quantity: transfer.kind as i64,
            created_at: at,
            updated_at: at,
            seq,
            client_id: transfer.reference,
            ..EMPTY_COLD
        };
        let hash = self.hash(TRANSFERS, transfer.account, &transfer.reference);
        self.enter(hash, slot);
        self.enqueue(slot);
    }

    /// Moves an order that ended or was refused into the answer queue; the oldest answer goes
    /// when there are too many.
    #[inline]
    pub(crate) fn finish(&mut self, slot: u32) {
        let hot = &mut self.hot[slot as usize];
        debug_assert!(hot.level == NIL);
        hot.kind = Kind::Done;
        self.enqueue(slot);
    }

    #[inline]
    fn enqueue(&mut self, slot: u32) {
        let tag = self.cold[slot as usize].tag;
        if let Some(oldest) = self.done.push(Answer { slot, tag }) {
            self.fetch_oldest();
            self.forget(oldest);
        }
    }

    /// Fetches from memory what forgetting an answer soon touches: its slot, which a new order
    /// takes then, and its place in the index.
    #[inline]
    fn fetch_oldest(&self) {
        let Answer { slot, tag } = self.done.peek(FORGET_AHEAD);
        self.index.prefetch(u64::from(tag) << 32);
        prefetch(&self.hot, slot as usize);
        prefetch(&self.cold, slot as usize);
    }

    #[inline]
    fn forget(&mut self, Answer { slot, tag }: Answer) {
        if self.cold[slot as usize].extra != NIL {
            self.forget_extra(slot);
        }
        self.index.remove(u64::from(tag) << 32, slot);
        let hot = &mut self.hot[slot as usize];
        hot.id = 0;
        hot.kind = Kind::Free;
        hot.next = self.free;
        self.free = slot;
    }

    /// Frees the extras of an order that is forgotten.
    #[cold]
    fn forget_extra(&mut self, slot: u32) {
        self.forget_pair(slot);
        let extra = std::mem::replace(&mut self.cold[slot as usize].extra, NIL);
        self.extras[extra as usize].next_free = self.free_extra;
        self.free_extra = extra;
    }

    /// Takes an order that is forgotten out of its if-done pair.
    fn forget_pair(&mut self, slot: u32) {
        let Some(&Extra { child, parent, .. }) = self.extra(slot) else { return };
        if self.extra(child).is_some_and(|extra| extra.parent == slot) {
            self.extra_mut(child).parent = NIL;
        }
        if self.extra(parent).is_some_and(|extra| extra.child == slot) {
            self.extra_mut(parent).child = NIL;
        }
    }

    /// Number of the order in a slot; zero for `NIL`.
    fn id_of(&self, slot: u32) -> OrderId {
        OrderId(self.hot.get(slot as usize).map_or(0, |hot| hot.id))
    }

    /// An order as queries show it.
    pub(crate) fn state(&self, slot: u32) -> OrderState {
        let (hot, cold) = (&self.hot[slot as usize], &self.cold[slot as usize]);
        let extra = self.extra(slot).copied().unwrap_or(EMPTY_EXTRA);
        let price = match cold.kind {
            OrderKind::Limit => hot.bound,
            // Refused as it was sent; an OCO that became a market order has no price any more.
            OrderKind::Market if cold.status == OrderStatus::Rejected => cold.first_price,
            OrderKind::Market => 0,
        };
        OrderState {
            order: OrderId(hot.id),
            account: hot.account,
            instrument: hot.instrument,
            side: hot.side,
            kind: cold.kind,
            time_in_force: cold.time_in_force,
            post_only: cold.post_only,
            price: Price(price),
            quantity: Quantity(cold.quantity),
            filled: Quantity(cold.quantity - hot.remaining - extra.prevented),
            notional: cold.notional,
            status: cold.status,
            reject: cold.reject,
            closed: cold.closed,
            condition: cold.condition,
            self_trade: cold.self_trade,
            short: cold.short,
            trigger: extra.trigger,
            stop: extra.stop,
            expires: extra.expires,
            parent: self.id_of(extra.parent),
            child: self.id_of(extra.child),
            prevented: Quantity(extra.prevented),
            amount: Amount(if hot.flags.has(Flags::BY_AMOUNT) { cold.first_quantity } else { 0 }),
            odd_lot: hot.flags.has(Flags::ODD_LOT),
            client_id: cold.client_id,
            created_at: cold.created_at,
            updated_at: cold.updated_at,
            seq: cold.seq,
        }
    }
}
