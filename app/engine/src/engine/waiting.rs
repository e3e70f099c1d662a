//! What waits outside the books of one instrument: parked orders by what they wait for, in the
//! order they came, and the prices that set orders off.
//!
//! A parked order is live and on its account's list like any other. It hangs in one [`Room`] by
//! its `prev` and `next` (its `level` is none); what its price trigger hangs in is linked through
//! its extras, so that an order resting in a book can have a trigger too. Which rules park an
//! order and set it off is not known here.

use crate::book::{BookSide, Books};
use crate::engine::amend::push_level;
use crate::engine::{Engine, LevelState, OrderStatus};
use crate::event::{CloseReason, Event};
use crate::orders::{Cold, Flags, Hot, NIL, Orders};
use crate::types::*;

/// What a parked order waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Room {
    /// Its trigger or its first order.
    Contingent = 0,
    /// Its moment of the day (conditions).
    Condition = 1,
    /// Its desk's auction.
    OddLot = 2,
}

impl Room {
    /// All of them, in order of number.
    pub(crate) const ALL: [Room; 3] = [Room::Contingent, Room::Condition, Room::OddLot];

    /// The room an order waits in.
    fn of(hot: &Hot, cold: &Cold) -> Room {
        if hot.flags.has(Flags::ODD_LOT) {
            Room::OddLot
        } else if cold.condition != Condition::Any {
            Room::Condition
        } else {
            Room::Contingent
        }
    }
}

/// A queue of order slots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    pub(crate) head: u32,
    tail: u32,
}

const EMPTY: List = List { head: NIL, tail: NIL };

/// `stop_level` of an order that was set off and waits to come in.
pub(crate) const READY: u32 = NIL - 1;

/// What waits outside one instrument's book.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    rooms: [List; 3],
    /// Triggers by price, by number of [`TriggerWhen`]: nearest first.
    triggers: [BookSide; 2],
    /// Orders set off that have not come in yet, in order.
    ready: List,
}

impl Waiting {
    pub(crate) fn new() -> Waiting {
        Waiting {
            rooms: [EMPTY; 3],
            // Rising triggers are nearest when lowest, like offers; falling ones like bids.
            triggers: [BookSide::new(Side::Sell), BookSide::new(Side::Buy)],
            ready: EMPTY,
        }
    }

    /// The first order set off that has not come in yet.
    pub(crate) fn first_ready(&self) -> Option<u32> {
        (self.ready.head != NIL).then_some(self.ready.head)
    }

    /// Price of the nearest trigger.
    pub(crate) fn nearest(&self, when: TriggerWhen, books: &Books) -> Option<(i64, u32)> {
        books.best(&self.triggers[when as usize]).map(|level| (level.price, level.head))
    }

    /// Queues an order last in its room.
    pub(crate) fn enter_room(&mut self, orders: &mut Orders, slot: u32) {
        let room = Room::of(&orders.hot[slot as usize], &orders.cold[slot as usize]);
        let list = &mut self.rooms[room as usize];
        let last = std::mem::replace(&mut list.tail, slot);
        if last == NIL {
            list.head = slot;
        } else {
            orders.hot[last as usize].next = slot;
        }
        let hot = &mut orders.hot[slot as usize];
        hot.prev = last;
        hot.next = NIL;
    }

    fn leave_room(&mut self, orders: &mut Orders, slot: u32) {
        let room = Room::of(&orders.hot[slot as usize], &orders.cold[slot as usize]);
        let list = &mut self.rooms[room as usize];
        let hot = &mut orders.hot[slot as usize];
        let (prev, next) = (hot.prev, hot.next);
        hot.prev = NIL;
        hot.next = NIL;
        if prev == NIL {
            list.head = next;
        } else {
            orders.hot[prev as usize].next = next;
        }
        if next == NIL {
            list.tail = prev;
        } else {
            orders.hot[next as usize].prev = prev;
        }
    }

    /// Queues an order last at a trigger price.
    pub(crate) fn watch(
        &mut self,
        books: &mut Books,
        orders: &mut Orders,
        slot: u32,
        trigger: Trigger,
        key: u64,
    ) {
        let side = &mut self.triggers[trigger.when as usize];
        let at = books.level_for(side, key, trigger.price.0);
        let level = books.level_mut(at);
        level.orders += 1;
        let last = std::mem::replace(&mut level.tail, slot);
        if last == NIL {
            level.head = slot;
        } else {
            orders.extra_mut(last).stop_next = slot;
        }
        let extra = orders.extra_mut(slot);
        extra.stop_level = at;
        extra.stop_prev = last;
        extra.stop_next = NIL;
    }

    /// Queues an order that was set off, to come in in turn.
    pub(crate) fn make_ready(&mut self, orders: &mut Orders, slot: u32) {
        let last = std::mem::replace(&mut self.ready.tail, slot);
        if last == NIL {
            self.ready.head = slot;
        } else {
            orders.extra_mut(last).stop_next = slot;
        }
        let extra = orders.extra_mut(slot);
        extra.stop_level = READY;
        extra.stop_prev = last;
        extra.stop_next = NIL;
    }

    /// Takes an order out of the trigger queue or the queue of those set off, if it is in one.
    pub(crate) fn unwatch(&mut self, books: &mut Books, orders: &mut Orders, slot: u32) {
        let Some(&extra) = orders.extra(slot) else { return };
        if extra.stop_level == NIL {
            return;
        }
        let (prev, next) = (extra.stop_prev, extra.stop_next);
        let left = orders.extra_mut(slot);
        left.stop_level = NIL;
        left.stop_prev = NIL;
        left.stop_next = NIL;
        if prev != NIL {
            orders.extra_mut(prev).stop_next = next;
        }
        if next != NIL {
            orders.extra_mut(next).stop_prev = prev;
        }
        let (head, tail) = if extra.stop_level == READY {
            (&mut self.ready.head, &mut self.ready.tail)
        } else {
            let level = books.level_mut(extra.stop_level);
            level.orders -= 1;
            (&mut level.head, &mut level.tail)
        };
        if prev == NIL {
            *head = next;
        }
        if next == NIL {
            *tail = prev;
        }
        if extra.stop_level != READY && books.level(extra.stop_level).orders == 0 {
            let when = extra.watched().expect("what waits for a price has a trigger").when;
            books.retire_level(&mut self.triggers[when as usize], extra.stop_level);
        }
    }

    /// Slots of one room, in order of entry.
    pub(crate) fn room<'a>(
        &self,
        room: Room,
        orders: &'a Orders,
    ) -> impl Iterator<Item = u32> + use<'a> {
        let head = self.rooms[room as usize].head;
        std::iter::successors((head != NIL).then_some(head), |&slot| {
            let next = orders.hot[slot as usize].next;
            (next != NIL).then_some(next)
        })
    }

    /// Slots with a trigger of one direction: nearest price first, then oldest.
    pub(crate) fn watched<'a>(
        &self,
        when: TriggerWhen,
        books: &'a Books,
        orders: &'a Orders,
    ) -> impl Iterator<Item = u32> + use<'a> {
        let side = self.triggers[when as usize];
        books.walk(&side).flat_map(move |level| linked(orders, level.head))
    }

    /// Slots set off that have not come in yet, in order.
    pub(crate) fn ready<'a>(&self, orders: &'a Orders) -> impl Iterator<Item = u32> + use<'a> {
        linked(orders, self.ready.head)
    }
}

/// The slots linked through their extras, from `head` on.
fn linked(orders: &Orders, head: u32) -> impl Iterator<Item = u32> + '_ {
    std::iter::successors((head != NIL).then_some(head), |&slot| {
        orders.extra(slot).map(|extra| extra.stop_next).filter(|&next| next != NIL)
    })
}

impl Engine {
    /// Puts a live order on its account's list of open orders, unless it is there.
    pub(crate) fn list(&mut self, slot: u32) {
        let hot = &self.orders.hot[slot as usize];
        if hot.flags.has(Flags::LISTED) {
            return;
        }
        let (account, instrument) = (hot.account, hot.instrument);
        if self.markets[instrument.0 as usize].open_order_cap != 0 {
            self.open_counts.add(account, instrument);
        }
        self.accounts.link(&mut self.orders.hot, slot);
        self.resting += 1;
        self.count_open(slot);
    }

    /// Lets a live order that is in no book wait outside it, last in its room. Its lock stays.
    pub(crate) fn park(&mut self, slot: u32, events: &mut Vec<Event>) {
        self.set_aside(slot);
        let order = OrderId(self.orders.hot[slot as usize].id);
        events.push(Event::Parked { order });
    }

    /// Parks an order without saying so.
    pub(super) fn set_aside(&mut self, slot: u32) {
        self.list(slot);
        let hot = &mut self.orders.hot[slot as usize];
        hot.flags.set(Flags::PARKED, true);
        let instrument = hot.instrument;
        self.orders.cold[slot as usize].status = OrderStatus::PendingTrigger;
        self.waiting[instrument.0 as usize].enter_room(&mut self.orders, slot);
    }

    /// Lets an order wait for a price, last among those that wait for it. It need not be parked.
    pub(super) fn watch(&mut self, slot: u32, trigger: Trigger) {
        let instrument = self.orders.hot[slot as usize].instrument;
        let key = self.markets[instrument.0 as usize].key(trigger.price.0);
        let waiting = &mut self.waiting[instrument.0 as usize];
        waiting.watch(&mut self.books, &mut self.orders, slot, trigger, key);
        self.note_nearest(instrument);
    }

    /// Queues an order as set off, to come in in turn.
    pub(super) fn make_ready(&mut self, slot: u32) {
        let instrument = self.orders.hot[slot as usize].instrument;
        self.waiting[instrument.0 as usize].make_ready(&mut self.orders, slot);
        self.note_nearest(instrument);
    }

    /// Takes an order out of the queue of its trigger, or of those set off, if it is in one.
    pub(super) fn unwatch(&mut self, slot: u32) {
        let instrument = self.orders.hot[slot as usize].instrument;
        let waits = self.orders.extra(slot).is_some_and(|extra| extra.stop_level != NIL);
        if waits {
            let waiting = &mut self.waiting[instrument.0 as usize];
            waiting.unwatch(&mut self.books, &mut self.orders, slot);
            self.note_nearest(instrument);
        }
    }

    /// Tells the market what is nearest to being set off.
    pub(crate) fn note_nearest(&mut self, instrument: InstrumentId) {
        let waiting = &self.waiting[instrument.0 as usize];
        let market = &mut self.markets[instrument.0 as usize];
        let nearest = |when| waiting.nearest(when, &self.books).map(|(price, _)| price);
        market.rising = nearest(TriggerWhen::AtOrAbove).unwrap_or(i64::MAX);
        market.falling = nearest(TriggerWhen::AtOrBelow).unwrap_or(0);
        market.ready = waiting.first_ready().is_some();
    }

    /// Takes a parked order out of where it waits; it is live and nowhere then.
    pub(crate) fn unpark(&mut self, slot: u32) {
        self.unwatch(slot);
        let hot = &mut self.orders.hot[slot as usize];
        hot.flags.set(Flags::PARKED, false);
        self.waiting[hot.instrument.0 as usize].leave_room(&mut self.orders, slot);
        let (hot, cold) = (&self.orders.hot[slot as usize], &mut self.orders.cold[slot as usize]);
        cold.status = match hot.remaining < cold.quantity {
            true => OrderStatus::PartiallyFilled,
            false => OrderStatus::Open,
        };
    }

    /// The room a parked order waits in.
    pub(crate) fn room_of(&self, slot: u32) -> Room {
        Room::of(&self.orders.hot[slot as usize], &self.orders.cold[slot as usize])
    }

    /// Slots of an instrument's parked orders of one kind, in order of entry.
    pub(crate) fn parked(&self, instrument: InstrumentId, room: Room) -> impl Iterator<Item = u32> {
        self.waiting[instrument.0 as usize].room(room, &self.orders)
    }

    /// Takes a live order out of wherever it is and ends it; returns the level it left, as it
    /// is now, if it was in a book.
    pub(crate) fn end_live(
        &mut self,
        slot: u32,
        reason: CloseReason,
        events: &mut Vec<Event>,
    ) -> Option<(InstrumentId, Side, LevelState)> {
        if !self.orders.hot[slot as usize].flags.has(Flags::PARKED) {
            return Some(self.end_resting(slot, reason, events));
        }
        self.unpark(slot);
        self.close(slot, reason, events);
        None
    }

    /// Ends a live order and announces the level it left, if it was in a book.
    pub(crate) fn end_and_announce(
        &mut self,
        slot: u32,
        reason: CloseReason,
        events: &mut Vec<Event>,
    ) {
        if let Some((instrument, side, level)) = self.end_live(slot, reason, events) {
            push_level(instrument, side, level, events);
        }
    }
}
