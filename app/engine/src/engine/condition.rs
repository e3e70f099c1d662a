//! Orders with a condition (Tokyo): those that wait for their moment enter the book, funari
//! orders turn into market orders for the close, and what its auction left over ends.

use crate::engine::amend::push_level;
use crate::engine::terms::mark_condition;
use crate::engine::{Engine, Room, Touched};
use crate::event::{CloseReason, Event};
use crate::orders::{Cold, Flags, Hot, Kind};
use crate::types::*;

impl Engine {
    /// Ends the resting orders of a book that `which` names (market orders, or orders with a
    /// condition), as left over by their auction.
    pub(crate) fn end_leftovers(
        &mut self,
        instrument: InstrumentId,
        which: impl Fn(&Hot, &Cold) -> bool,
        events: &mut Vec<Event>,
    ) {
        self.pick(instrument, which);
        let mut picked = std::mem::take(&mut self.picked);
        for &slot in &picked {
            let reason = match self.orders.cold[slot as usize].time_in_force {
                TimeInForce::Ioc => CloseReason::ImmediateRest,
                _ => CloseReason::AuctionRest,
            };
            self.end_one_of_many(slot, reason, events);
        }
        self.worked += picked.len() as u32;
        picked.clear();
        self.picked = picked;
        self.announce_touched(events);
    }

    /// Ends what an auction, held or left out, was the last one for: orders that were not to rest,
    /// and, once the session has its first price, those for its opening.
    pub(crate) fn end_after_auction(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let opened = !self.markets[instrument.0 as usize].awaits_first_price();
        let over = |hot: &Hot, cold: &Cold| {
            let opening = opened && cold.condition == Condition::Opening;
            hot.conditioned() && (opening || cold.time_in_force == TimeInForce::Ioc)
        };
        self.end_leftovers(instrument, over, events);
    }

    /// Takes an order that is not to rest while orders gather. Before an auction it waits for
    /// that; in continuous trading (under a special quote, or before the first price) it takes part
    /// in the auction it makes possible, if it does, and ends. It shows no quote.
    pub(crate) fn gather_immediate(&mut self, slot: u32, events: &mut Vec<Event>) {
        let cold = &self.orders.cold[slot as usize];
        let at_market = cold.kind == OrderKind::Market;
        let hot = &mut self.orders.hot[slot as usize];
        hot.flags.set(Flags::MARKET, at_market);
        mark_condition(hot, cold);
        let (id, instrument) = (hot.id, hot.instrument);
        let market = &mut self.markets[instrument.0 as usize];
        if market.phase != Phase::Continuous {
            market.tokyo.conditioned = true;
            return self.rest(slot, events);
        }
        self.queue_order(slot);
        let traded = self.try_auction(instrument, events);
        let hot = &self.orders.hot[slot as usize];
        if hot.kind != Kind::Live || hot.id != id {
            return;
        }
        let left = self.end_live(slot, CloseReason::ImmediateRest, events);
        if let Some((instrument, side, level)) = left.filter(|_| traded) {
            push_level(instrument, side, level, events);
        }
    }

    /// Notes the resting orders of a book that `which` names, in order of priority; beyond the
    /// market orders only if orders with a condition may be there.
    fn pick(&mut self, instrument: InstrumentId, which: impl Fn(&Hot, &Cold) -> bool) {
        let market = &self.markets[instrument.0 as usize];
        for book in &market.sides {
            let priced = market.tokyo.conditioned.then(|| self.books.walk(book));
            let levels =
                self.books.market_queue(book).into_iter().chain(priced.into_iter().flatten());
            for slot in levels.flat_map(|level| self.books.queue(level, &self.orders.hot)) {
                let hot = &self.orders.hot[slot as usize];
                if which(hot, &self.orders.cold[slot as usize]) {
                    self.picked.push(slot);
                }
            }
        }
    }

    /// Orders with these conditions that wait for this moment enter the book, in order of entry;
    /// those whose moment has passed, or was left out, end. Levels are announced by the caller.
    pub(crate) fn enter_waiting(
        &mut self,
        instrument: InstrumentId,
        enters: &[Condition],
        ends: &[Condition],
        events: &mut Vec<Event>,
    ) {
        let mut picked = std::mem::take(&mut self.picked);
        let waiting = self.parked(instrument, Room::Condition).filter(|&slot| {
            let condition = self.orders.cold[slot as usize].condition;
            enters.contains(&condition) || ends.contains(&condition)
        });
        picked.extend(waiting);
        for &slot in &picked {
            self.unpark(slot);
            if ends.contains(&self.orders.cold[slot as usize].condition) {
                self.close(slot, CloseReason::AuctionRest, events);
                continue;
            }
            self.set_off(slot, events);
            self.enter_book(slot);
        }
        self.worked += picked.len() as u32;
        picked.clear();
        self.picked = picked;
    }

    /// Limit orders with these conditions leave their price and become market orders for the
    /// auction that closes their session. Their levels are announced by the caller.
    pub(crate) fn turn_funari(
        &mut self,
        instrument: InstrumentId,
        which: &[Condition],
        events: &mut Vec<Event>,
    ) {
        self.pick(instrument, |hot, cold| {
            hot.conditioned() && cold.condition.turns() && which.contains(&cold.condition)
        });
        let mut picked = std::mem::take(&mut self.picked);
        for &slot in &picked {
            let Hot { side, bound, .. } = self.orders.hot[slot as usize];
            self.touched.push(Touched { instrument, side, price: bound });
            let book = &mut self.markets[instrument.0 as usize].sides[side as usize];
            self.books.unlink(book, &mut self.orders.hot, slot);
            let at_market = self.orders.extra(slot).map_or(bound, |extra| extra.stop_bound);
            // The lock covers the worse of both.
            let bound = match side {
                Side::Buy => bound.max(at_market),
                Side::Sell => bound.min(at_market),
            };
            let hot = &mut self.orders.hot[slot as usize];
            hot.bound = bound;
            hot.flags.set(Flags::MARKET, true);
            self.orders.cold[slot as usize].kind = OrderKind::Market;
            self.set_off(slot, events);
            self.enter_book(slot);
        }
        self.worked += picked.len() as u32;
        picked.clear();
        self.picked = picked;
    }

    /// Says that an order's moment has come.
    pub(super) fn set_off(&mut self, slot: u32, events: &mut Vec<Event>) {
        let (at, seq) = (self.at, self.seq);
        let cold = &mut self.orders.cold[slot as usize];
        cold.requeued = true;
        cold.updated_at = at;
        cold.seq = seq;
        let (kind, quantity) = (cold.kind, Quantity(cold.quantity));
        let hot = &self.orders.hot[slot as usize];
        let price = match kind {
            OrderKind::Limit => Price(hot.bound),
            OrderKind::Market => Price(0),
        };
        let (order, account, instrument) = (OrderId(hot.id), hot.account, hot.instrument);
        events.push(Event::Triggered { order, account, instrument, kind, price, quantity });
    }

    /// Queues an order in its book; its level is announced later, with others.
    fn enter_book(&mut self, slot: u32) {
        let level = self.queue_order(slot);
        let price = self.books.level(level).price;
        let Hot { instrument, side, .. } = self.orders.hot[slot as usize];
        self.markets[instrument.0 as usize].tokyo.conditioned = true;
        self.touched.push(Touched { instrument, side, price });
    }
}
