//! Orders in memory: one slab of slots, the memory of answers, and the index by client id.
//!
//! An order's number is `counter << 24 | slot`, so the slot is found without a map and a number
//! whose slot went to a newer order is recognised. What matching touches sits in one cache line
//! ([`Hot`]); the rest ([`Cold`]) in two more. A finished or refused order keeps its slot, so that
//! a repeat of its client id gets the first answer, until `answers` newer ones have finished;
//! live orders never go. Transfers with a reference are remembered in the same way, in a name
//! space of their own. Nothing here knows prices, books or balances.

use crate::answers::Answers;
use crate::command::{Limits, Place, StopLeg, Transfer};
use crate::engine::{OrderState, OrderStatus};
use crate::event::CloseReason;
use crate::hash::Keyed;
use crate::index::{Index, Vacancy};
use crate::memory::{large, prefetch};
use crate::money::Traded;
use crate::reject::Reject;
use crate::types::*;

/// No slot.
pub(crate) const NIL: u32 = u32::MAX;
/// Low bits of an order number: its slot.
pub(crate) const SLOT_BITS: u32 = 24;
/// Order counters are below this, so that order numbers fit 63 bits.
pub(crate) const COUNTER_END: u64 = 1 << 39;
/// Most slots there can be.
pub(crate) const SLOTS_MAX: u32 = 1 << SLOT_BITS;

/// What a slot holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Nothing; on the free list.
    Free = 0,
    /// An order being matched or resting.
    Live = 1,
    /// An order that ended or was refused; in the answer queue.
    Done = 2,
    /// A transfer; in the answer queue.
    Transfer = 3,
}

/// The part of an order that matching reads and writes: one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Hot {
    /// Number; zero where there is no order.
    pub(crate) id: u64,
    /// Worst price it may trade at.
    pub(crate) bound: i64,
    pub(crate) remaining: i64,
    /// Its price level while it rests.
    pub(crate) level: u32,
    /// Neighbours in its level; `next` also links the free list.
    pub(crate) prev: u32,
    pub(crate) next: u32,
    pub(crate) account: AccountId,
    /// Neighbours among the account's resting orders.
    pub(crate) account_prev: u32,
    pub(crate) account_next: u32,
    /// Balance it pays from.
    pub(crate) pays: u32,
    /// Balance it receives into.
    pub(crate) receives: u32,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) kind: Kind,
    /// Bits of [`Flags`].
    pub(crate) flags: Flags,
    /// Of which part of its instrument's day its place in the queue is: the market's `stage`
    /// when it last took one. Orders of one call stage are simultaneous.
    pub(crate) stage: u8,
}

impl Hot {
    /// Bit of `stage`: the order has a condition, and its lock covers its extras' worst price.
    pub(crate) const CONDITIONED: u8 = 1 << 7;

    /// Whether the order has a condition.
    #[inline]
    pub(crate) fn conditioned(&self) -> bool {
        self.stage & Hot::CONDITIONED != 0
    }

    /// Sets the stage its place in the queue is of.
    #[inline]
    pub(crate) fn set_stage(&mut self, stage: u8) {
        self.stage = self.stage & Hot::CONDITIONED | stage;
    }
}

/// Yes-or-no facts of an order.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Flags(pub(crate) u8);

impl Flags {
    /// It ends with its day.
    pub(crate) const DAY: Flags = Flags(1);
    /// It is on its account's list of open orders (resting or waiting).
    pub(crate) const LISTED: Flags = Flags(1 << 1);
    /// A market order: rests in its side's market queue, before every limit order.
    pub(crate) const MARKET: Flags = Flags(1 << 2);
    /// It waits outside the book (trigger, first order, moment, desk), in a room of its
    /// instrument; its `level` is none.
    pub(crate) const PARKED: Flags = Flags(1 << 3);
    /// It has an [`Extra`] with a stop leg: something to do when the last price moves.
    pub(crate) const STOP_LEG: Flags = Flags(1 << 4);
    /// An odd-lot order.
    pub(crate) const ODD_LOT: Flags = Flags(1 << 5);
    /// Its lock is nothing: an if-done order before its first order is done.
    pub(crate) const UNLOCKED: Flags = Flags(1 << 6);
    /// A market order by quote amount: what it was sent with (`first_quantity`) is the amount.
    pub(crate) const BY_AMOUNT: Flags = Flags(1 << 7);

    /// Whether any of these is set.
    #[inline]
    pub(crate) fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    /// Sets or clears.
    #[inline]
    pub(crate) fn set(&mut self, flag: Flags, on: bool) {
        if on {
            self.0 |= flag.0;
        } else {
            self.0 &= !flag.0;
        }
    }
}

impl Hot {
    /// Whether its open quantity is in its balance's `incoming`: a listed buy with a lock.
    #[inline]
    pub(crate) fn counted(&self) -> bool {
        self.side == Side::Buy && self.flags.has(Flags::LISTED) && !self.flags.has(Flags::UNLOCKED)
    }
}

/// What only few orders have. Kept apart, in slots of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Extra {
    /// Waits for this, or (with `stop_price` set) turns into its stop leg then.
    pub(crate) trigger: Option<Trigger>,
    /// The stop leg of an OCO.
    pub(crate) stop: Option<StopLeg>,
    /// Last trading day of a period order; zero: none.
    pub(crate) expires: u32,
    /// Slot of the if-done order that waits for this one.
    pub(crate) child: u32,
    /// Slot of the order this if-done order waits for.
    pub(crate) parent: u32,
    /// Its level in a trigger tree and its neighbours there, or among those set off.
    pub(crate) stop_level: u32,
    pub(crate) stop_prev: u32,
    pub(crate) stop_next: u32,
    /// Worst price its stop half may trade at; zero without one.
    pub(crate) stop_bound: i64,
    /// Mark of its if-done order's terms, which a repeat must say again: see [`Terms`].
    pub(crate) child_mark: u64,
    /// Its condition as first sent, if that was amended.
    pub(crate) first_condition: Option<Condition>,
    /// Its place in time, as an order number, if it lost the one its own number gives.
    pub(crate) entered: u64,
    /// Of an if-done order that was set off: how much its first order filled.
    pub(crate) due: i64,
    /// Quantity prevented from trading with the same account.
    pub(crate) prevented: i64,
    /// Of an odd-lot batch order: which auction it waits for.
    pub(crate) batch: u8,
    /// Also links the free list.
    pub(crate) next_free: u32,
}

/// What a contingent order was sent with, beside the order itself: what a repeat must say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Terms {
    pub(crate) trigger: Option<Trigger>,
    pub(crate) stop: Option<StopLeg>,
    pub(crate) expires: u32,
    /// A hash of the if-done order's terms; zero without one, [`CHILD`] of one itself.
    pub(crate) mark: u64,
}

/// The mark of an if-done order; of no first order, whose marks are below.
pub(crate) const CHILD: u64 = 1 << 63;

impl Terms {
    /// Of a plain order.
    pub(crate) const NONE: Terms = Terms { trigger: None, stop: None, expires: 0, mark: 0 };
}

impl Extra {
    /// What the order was sent with.
    pub(crate) fn terms(&self) -> Terms {
        let Extra { trigger, stop, expires, child_mark, .. } = *self;
        Terms { trigger, stop, expires, mark: child_mark }
    }

    /// The trigger that sets the order off.
    pub(crate) fn watched(&self) -> Option<Trigger> {
        self.stop.map(|leg| leg.trigger).or(self.trigger)
    }
}

/// No extras.
pub(crate) const EMPTY_EXTRA: Extra = Extra {
    trigger: None,
    stop: None,
    expires: 0,
    child: NIL,
    parent: NIL,
    stop_level: NIL,
    stop_prev: NIL,
    stop_next: NIL,
    stop_bound: 0,
    child_mark: 0,
    first_condition: None,
    entered: 0,
    due: 0,
    prevented: 0,
    batch: 0,
    next_free: NIL,
};

/// The rest of an order. The first line is what a fill writes.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Cold {
    /// Sum of price x quantity x fee rate of its fills. A transfer's asset.
    pub(crate) fee: i128,
    /// Sum of price x quantity of its fills.
    pub(crate) notional: i64,
    /// Total quantity now. A transfer's amount.
    pub(crate) quantity: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) seq: Seq,
    pub(crate) status: OrderStatus,
    pub(crate) reject: Option<Reject>,
    pub(crate) closed: Option<CloseReason>,
    pub(crate) kind: OrderKind,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) post_only: bool,
    /// Whether it ever lost its first place in time.
    pub(crate) requeued: bool,
    pub(crate) condition: Condition,
    /// Price as first sent: what a repeat must say.
    pub(crate) first_price: i64,
    /// Quantity as first sent. A transfer's kind.
    pub(crate) first_quantity: i64,
    /// Trading day it was accepted on.
    pub(crate) day: u32,
    /// Slot of its [`Extra`]; `NIL`: none.
    pub(crate) extra: u32,
    pub(crate) self_trade: SelfTrade,
    pub(crate) short: ShortSale,
    pub(crate) client_id: ClientId,
}

impl Cold {
    /// What the order has traded so far.
    #[inline]
    pub(crate) fn traded(&self) -> Traded {
        Traded { notional: self.notional, fee: self.fee }
    }
}

/// A slot that never held anything.
pub(crate) const EMPTY_HOT: Hot = Hot {
    id: 0,
    bound: 0,
    remaining: 0,
    level: NIL,
    prev: NIL,
    next: NIL,
    account: AccountId(0),
    account_prev: NIL,
    account_next: NIL,
    pays: NIL,
    receives: NIL,
    instrument: InstrumentId(0),
    side: Side::Buy,
    kind: Kind::Free,
    flags: Flags(0),
    stage: 0,
};

/// The cold part of such a slot.
pub(crate) const EMPTY_COLD: Cold = Cold {
    fee: 0,
    notional: 0,
    quantity: 0,
    created_at: Timestamp(0),
    updated_at: Timestamp(0),
    seq: Seq(0),
    status: OrderStatus::Rejected,
    reject: None,
    closed: None,
    kind: OrderKind::Limit,
    time_in_force: TimeInForce::Gtc,
    post_only: false,
    requeued: false,
    condition: Condition::Any,
    first_price: 0,
    first_quantity: 0,
    day: 0,
    extra: NIL,
    self_trade: SelfTrade::Allow,
    short: ShortSale::Long,
    client_id: ClientId::EMPTY,
};

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
    /// Upper half of each slot's client-id hash: all it takes to leave the index, so that
    /// forgetting an answer does not have to read the long-cold record.
    tags: Vec<u32>,
    /// The answer queue: finished slots, oldest first.
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
            tags: Vec::new(),
            done: Answers::default(),
            capacity: 0,
        }
    }
}

/// What is known about a client id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// Nothing.
    New,
    /// The same request was answered: this is its slot.
    Same(u32),
    /// The id was used for something else.
    Other,
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
            index: Index::with_capacity(capacity),
            keyed,
            extras: Vec::with_capacity(capacity),
            tags: large(capacity),
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

    /// Fetches an order from memory.
    #[inline]
    pub(crate) fn prefetch_order(&self, order: OrderId) {
        let slot = (order.0 as u32 & (SLOTS_MAX - 1)) as usize;
        prefetch(&self.hot, slot);
        prefetch(&self.cold, slot);
    }

    /// The remembered order with this order's client id, whose hash is `hash`; or the place for
    /// it in the index.
    #[inline]
    pub(crate) fn seek(&self, place: &Place, hash: u64) -> Result<u32, Vacancy> {
        self.index.seek(hash, |slot| {
            let hot = &self.hot[slot as usize];
            hot.account == place.account
                && hot.kind != Kind::Transfer
                && self.cold[slot as usize].client_id == place.client_id
        })
    }

    /// What an order says that has the client id of the one in this slot.
    #[cold]
    pub(crate) fn said_again(&self, slot: u32, place: &Place) -> Known {
        match self.was_sent_as(slot, place, &Terms::NONE, false) {
            true => Known::Same(slot),
            false => Known::Other,
        }
    }

    /// What is known about a contingent order's client id, whose hash is `hash`.
    pub(crate) fn known_contingent(&self, place: &Place, terms: &Terms, hash: u64) -> Known {
        let found = self.lookup_hashed(hash, ORDERS, place.account, &place.client_id);
        match found {
            None => Known::New,
            Some(slot) if self.was_sent_as(slot, place, terms, false) => Known::Same(slot),
            Some(_) => Known::Other,
        }
    }

    /// What is known about an odd-lot order's client id; `place` is the order it makes.
    pub(crate) fn known_odd_lot(&self, place: &Place, hash: u64) -> Known {
        let found = self.lookup_hashed(hash, ORDERS, place.account, &place.client_id);
        match found {
            None => Known::New,
            Some(slot) if self.was_sent_as(slot, place, &Terms::NONE, true) => Known::Same(slot),
            Some(_) => Known::Other,
        }
    }

    /// Whether the order in a slot was sent with these values.
    fn was_sent_as(&self, slot: u32, place: &Place, terms: &Terms, odd_lot: bool) -> bool {
        let (hot, cold) = (&self.hot[slot as usize], &self.cold[slot as usize]);
        let sent = self.extra(slot).map_or(Terms::NONE, Extra::terms);
        // An OCO may have turned into its stop half; it was sent as a limit order.
        let first_condition = self.extra(slot).and_then(|extra| extra.first_condition);
        // A funari order may have become a market order.
        let turned = sent.stop.is_some() || cold.condition.turns();
        let kind = if turned { OrderKind::Limit } else { cold.kind };
        hot.flags.has(Flags::ODD_LOT) == odd_lot
            && hot.flags.has(Flags::BY_AMOUNT) == place.by_amount
            && hot.instrument == place.instrument
            && hot.side == place.side
            && kind == place.kind
            && sent == *terms
            && cold.time_in_force == place.time_in_force
            && cold.post_only == place.post_only
            && cold.first_price == place.price.0
            && cold.first_quantity == place.quantity.0
            && first_condition.unwrap_or(cold.condition) == place.condition
            && cold.self_trade == place.self_trade
            && cold.short == place.short
    }

    /// What is known about a transfer's reference.
    pub(crate) fn known_transfer(&self, transfer: &Transfer) -> Known {
        let Some(slot) = self.lookup(TRANSFERS, transfer.account, &transfer.reference) else {
            return Known::New;
        };
        let cold = &self.cold[slot as usize];
        let same = cold.fee == i128::from(transfer.asset.0)
            && cold.quantity == transfer.amount.0
            && cold.first_quantity == transfer.kind as i64;
        if same { Known::Same(slot) } else { Known::Other }
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
    #[inline]
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
        self.tags.push(0);
        slot
    }

    /// Indexes a slot.
    #[inline]
    fn enter(&mut self, hash: u64, slot: u32) {
        self.tags[slot as usize] = (hash >> 32) as u32;
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
    #[inline]
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
        self.tags[slot as usize] = (hash >> 32) as u32;
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
        let before = Traded { notional: cold.notional, fee: cold.fee };
        let after = before.plus(notional, rate_ppm);
        cold.notional = after.notional;
        cold.fee = after.fee;
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
            fee: i128::from(transfer.asset.0),
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
        if let Some(oldest) = self.done.push(slot) {
            self.fetch_oldest();
            self.forget(oldest);
        }
    }

    /// Fetches from memory the answers to be forgotten soon, whose slots new orders take then.
    #[inline]
    fn fetch_oldest(&self) {
        prefetch(&self.tags, self.done.peek(FORGET_AHEAD * 2) as usize);
        let slot = self.done.peek(FORGET_AHEAD) as usize;
        if let Some(&tag) = self.tags.get(slot) {
            self.index.prefetch(u64::from(tag) << 32);
            prefetch(&self.hot, slot);
            prefetch(&self.cold, slot);
        }
    }

    #[inline]
    fn forget(&mut self, slot: u32) {
        if self.cold[slot as usize].extra != NIL {
            self.forget_extra(slot);
        }
        self.index.remove(u64::from(self.tags[slot as usize]) << 32, slot);
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

    /// Slots of the answer queue, oldest first.
    pub(crate) fn done(&self) -> impl Iterator<Item = u32> + '_ {
        self.done.iter()
    }

    /// Free slots, next to be taken first.
    pub(crate) fn free_slots(&self) -> impl Iterator<Item = u32> + '_ {
        let first = (self.free != NIL).then_some(self.free);
        std::iter::successors(first, |&slot| {
            let next = self.hot[slot as usize].next;
            (next != NIL).then_some(next)
        })
    }

    /// Appends a slot as a snapshot has it (links are made afterwards).
    pub(crate) fn restore(&mut self, hot: Hot, cold: Cold) -> Result<(), String> {
        let slot = self.hot.len();
        if slot >= self.capacity {
            return Err("more order slots than the limits allow".into());
        }
        let space = match hot.kind {
            Kind::Free => None,
            Kind::Live | Kind::Done => Some(ORDERS),
            Kind::Transfer => Some(TRANSFERS),
        };
        if let Some(space) = space
            && self.lookup(space, hot.account, &cold.client_id).is_some()
        {
            return Err(format!("order slot {slot} repeats a client id"));
        }
        self.hot.push(hot);
        self.cold.push(cold);
        self.tags.push(0);
        if let Some(space) = space {
            self.enter(self.hash(space, hot.account, &cold.client_id), slot as u32);
        }
        Ok(())
    }

    /// Links the answer queue and the free list as a snapshot has them.
    pub(crate) fn relink(&mut self, done: &[u32], free: &[u32]) -> Result<(), String> {
        let mut linked = vec![false; self.hot.len()];
        for (slots, is_free) in [(done, false), (free, true)] {
            for &slot in slots {
                let at = slot as usize;
                let kind = self.hot.get(at).map(|hot| hot.kind);
                let fits = match kind {
                    Some(Kind::Free) => is_free,
                    Some(Kind::Done | Kind::Transfer) => !is_free,
                    Some(Kind::Live) | None => false,
                };
                if !fits || std::mem::replace(&mut linked[at], true) {
                    return Err(format!("order slot {slot} is in the wrong list"));
                }
            }
        }
        let waiting = self.hot.iter().filter(|hot| hot.kind != Kind::Live).count();
        if waiting != done.len() + free.len() || done.len() > self.done.most() {
            return Err("answer queue and free list do not cover the idle slots".into());
        }
        for &slot in done {
            self.done.push(slot);
        }
        for &slot in free.iter().rev() {
            self.hot[slot as usize].next = self.free;
            self.free = slot;
        }
        Ok(())
    }

    /// Slots, answer queue, free list and index agree (for the whole-state check).
    pub(crate) fn check(&self) -> Result<(), String> {
        let (mut live, mut done, mut free) = (0, 0, 0);
        for (slot, hot) in self.hot.iter().enumerate() {
            let cold = &self.cold[slot];
            let space = match hot.kind {
                Kind::Free => {
                    free += 1;
                    continue;
                }
                Kind::Live => {
                    live += 1;
                    ORDERS
                }
                Kind::Done => {
                    done += 1;
                    ORDERS
                }
                Kind::Transfer => {
                    done += 1;
                    TRANSFERS
                }
            };
            if self.lookup(space, hot.account, &cold.client_id) != Some(slot as u32) {
                return Err(format!("order slot {slot} is not where its client id says"));
            }
            let order = hot.kind != Kind::Transfer;
            let number = hot.id & u64::from(SLOTS_MAX - 1) == slot as u64
                && hot.id >> SLOT_BITS <= self.counter;
            if order && !number {
                return Err(format!("order slot {slot} holds number {}", hot.id));
            }
            if order && cold.status.is_live() != (hot.kind == Kind::Live) {
                return Err(format!("order {} is {:?} in {:?}", hot.id, cold.status, hot.kind));
            }
        }
        if self.done.len() != done {
            return Err(format!("answer queue does not hold the {done} finished slots"));
        }
        if self.free_slots().count() != free {
            return Err(format!("free list does not hold the {free} free slots"));
        }
        if self.index.len() != live + done {
            return Err("client-id index and slots differ in number".into());
        }
        Ok(())
    }
}
