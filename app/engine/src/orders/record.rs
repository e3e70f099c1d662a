//! The records of one order: what matching touches ([`Hot`]), the rest ([`Cold`]), and what only few
//! orders have ([`Extra`]).

use crate::command::StopLeg;
use crate::engine::OrderStatus;
use crate::event::CloseReason;
use crate::money::Traded;
use crate::reject::Reject;
use crate::types::*;

/// No slot.
pub(crate) const NIL: u32 = u32::MAX;
/// Low bits of an order number: its slot.
pub(crate) const SLOT_BITS: u32 = 24;
/// Most slots there can be.
pub(crate) const SLOTS_MAX: u32 = 1 << SLOT_BITS;
/// Order counters are below this, so that order numbers fit 63 bits.
pub(crate) const COUNTER_END: u64 = 1 << 39;

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

/// A sum of fees in 96 bits: below 2^63 of price x quantity, times a rate of at most a million.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub(crate) struct Fee {
    low: u64,
    high: i32,
}

impl Fee {
    /// Of 64 bits.
    #[inline(always)]
    pub(crate) const fn short(fee: i64) -> Fee {
        Fee { low: fee as u64, high: (fee >> 63) as i32 }
    }

    /// The same in full width.
    #[inline(always)]
    pub(crate) fn wide(self) -> i128 {
        i128::from(self.high) << 64 | i128::from(self.low)
    }
}

impl TryFrom<i128> for Fee {
    type Error = std::num::TryFromIntError;

    #[inline]
    fn try_from(fee: i128) -> Result<Fee, Self::Error> {
        Ok(Fee { low: fee as u64, high: i32::try_from(fee >> 64)? })
    }
}

/// The rest of an order. The first line is what a fill, or its end, reads and writes.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Cold {
    /// Sum of price x quantity x fee rate of its fills. A transfer's asset.
    pub(crate) fee: Fee,
    /// Upper half of its client id's hash: all it takes to leave the index, so that forgetting an
    /// answer does not have to read the id. Not state: follows from the id.
    pub(crate) tag: u32,
    /// Sum of price x quantity of its fills.
    pub(crate) notional: i64,
    /// Total quantity now. A transfer's amount.
    pub(crate) quantity: i64,
    pub(crate) updated_at: Timestamp,
    pub(crate) seq: Seq,
    /// Slot of its [`Extra`]; `NIL`: none.
    pub(crate) extra: u32,
    /// Trading day it was accepted on.
    pub(crate) day: u32,
    pub(crate) status: OrderStatus,
    pub(crate) reject: Option<Reject>,
    pub(crate) closed: Option<CloseReason>,
    pub(crate) kind: OrderKind,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) post_only: bool,
    /// Whether it ever lost its first place in time.
    pub(crate) requeued: bool,
    pub(crate) condition: Condition,
    pub(crate) created_at: Timestamp,
    /// Price as first sent: what a repeat must say.
    pub(crate) first_price: i64,
    /// Quantity as first sent. A transfer's kind.
    pub(crate) first_quantity: i64,
    pub(crate) self_trade: SelfTrade,
    pub(crate) short: ShortSale,
    pub(crate) client_id: ClientId,
}

impl Cold {
    /// What the order has traded so far.
    #[inline]
    pub(crate) fn traded(&self) -> Traded {
        Traded { notional: self.notional, fee: self.fee.wide() }
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
    fee: Fee::short(0),
    tag: 0,
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
