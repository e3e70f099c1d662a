//! Changes of live orders. What is checked, in this order; the first failure is the answer:
//! account known, order its own, order live, account status, kill switches, halts, instrument
//! status, signs, something asked for, quantity (not above the present one, above what is filled,
//! lots and smallest order), price (tick, limits), arithmetic, post-only against the book, risk
//! limits, funds.
//!
//! Values are absolute, so a repeat finds nothing to change and is answered as done.

use crate::command::Amend;
use crate::engine::market::reaches;
use crate::engine::risk::Ask;
use crate::engine::terms::mark_condition;
use crate::engine::{Engine, LevelState, refuse};
use crate::event::{Cause, Event};
use crate::matching::Stop;
use crate::orders::{Flags, Hot, Kind};
use crate::reject::Reject;
use crate::types::*;

/// A change that passed every check.
struct Change {
    slot: u32,
    price: i64,
    quantity: i64,
    remaining: i64,
    condition: Condition,
    /// Bound of the market order a funari order turns into; zero for others.
    funari: i64,
    /// Change of the lock.
    lock: i64,
    /// Set when it passes a soft risk limit.
    warns: Option<Ask>,
}

impl Engine {
    /// Handles an amendment.
    pub(super) fn amend(&mut self, amend: &Amend, events: &mut Vec<Event>) {
        if let Some(slot) = self.orders.find(amend.order)
            && self.orders.hot[slot as usize].account == amend.account
        {
            self.note_message(amend.account, self.orders.hot[slot as usize].instrument);
        }
        let change = match self.check_amend(amend) {
            Ok(change) => change,
            Err(code) => return refuse(code, events),
        };
        let slot = change.slot;
        let hot = self.orders.hot[slot as usize];
        let cold = &mut self.orders.cold[slot as usize];
        // A change of what waits for its trigger moves it nowhere.
        let waits = hot.flags.has(Flags::PARKED) && cold.condition == Condition::Any;
        let requeue = change.price != hot.bound || change.condition != cold.condition;
        let reduced_by = cold.quantity - change.quantity;
        let changes = requeue || reduced_by != 0;
        self.expect_less(slot, reduced_by);
        let cold = &mut self.orders.cold[slot as usize];
        if changes {
            cold.quantity = change.quantity;
            cold.requeued |= requeue && !waits;
            cold.updated_at = self.at;
            cold.seq = self.seq;
        }
        events.push(Event::Amended {
            order: amend.order,
            account: amend.account,
            instrument: hot.instrument,
            price: Price(change.price),
            quantity: Quantity(change.quantity),
            remaining: Quantity(change.remaining),
            kept_priority: !requeue || waits,
        });
        if let Some(ask) = &change.warns {
            self.warn(ask, events);
        }
        if change.lock != 0 {
            self.ledger.change(hot.pays, (0, change.lock), Cause::Lock, hot.id, events);
        }
        if waits {
            let hot = &mut self.orders.hot[slot as usize];
            hot.bound = change.price;
            hot.remaining = change.remaining;
        } else if requeue {
            self.requeue(&change, events);
        } else if changes && hot.flags.has(Flags::PARKED) {
            self.orders.hot[slot as usize].remaining = change.remaining;
            events.push(Event::Parked { order: amend.order });
        } else if changes {
            let market = &mut self.markets[hot.instrument.0 as usize];
            let book = &mut market.sides[hot.side as usize];
            self.books.reduce(book, &mut self.orders.hot[slot as usize], reduced_by);
            let level = level_state(self.books.level(hot.level));
            push_level(hot.instrument, hot.side, level, events);
        }
        if changes {
            self.after_trading(hot.instrument, events);
        }
    }

    /// Takes an order out of where it is and brings it in again with its new price or condition.
    fn requeue(&mut self, change: &Change, events: &mut Vec<Event>) {
        let slot = change.slot;
        let parked = self.orders.hot[slot as usize].flags.has(Flags::PARKED);
        let left = if parked {
            self.unpark(slot);
            None
        } else {
            Some(self.leave_level(slot))
        };
        self.set_terms(change);
        let Hot { instrument, side, flags, .. } = self.orders.hot[slot as usize];
        let market = &self.markets[instrument.0 as usize];
        let (gathers, waits) = (market.gathers(), market.keeps_waiting(change.condition));
        if parked && !waits {
            self.set_off(slot, events);
        }
        let stop = if gathers || waits { Stop::Exhausted } else { self.cross(slot, events) };
        let ended = stop == Stop::SelfTrade || self.orders.hot[slot as usize].remaining == 0;
        if ended {
            self.close(slot, stop.end(), events);
        }
        let at = if flags.has(Flags::MARKET) { 0 } else { change.price };
        // A level is announced once: it is below, if the order comes back to it.
        if let Some(left) = left
            && (ended || waits || left.price.0 != at)
        {
            push_level(instrument, side, left, events);
        }
        if !gathers && !waits {
            self.announce_swept(instrument, side.opposite(), events);
        }
        if waits {
            self.park(slot, events);
        } else if !ended {
            self.rest(slot, events);
        }
        self.after_guard(instrument, stop, events);
    }

    /// Takes a resting order out of its level; returns that as it is then.
    pub(super) fn leave_level(&mut self, slot: u32) -> LevelState {
        let hot = self.orders.hot[slot as usize];
        let level = self.books.level(hot.level);
        let left = LevelState {
            price: Price(level.price),
            quantity: Quantity(level.quantity - hot.remaining),
            orders: level.orders - 1,
        };
        let book = &mut self.markets[hot.instrument.0 as usize].sides[hot.side as usize];
        self.books.unlink(book, &mut self.orders.hot, slot);
        left
    }

    /// Gives an order that is nowhere its new price, quantity and condition, and a new place in
    /// time where that is asked for across prices.
    fn set_terms(&mut self, change: &Change) {
        let slot = change.slot;
        let cold = &mut self.orders.cold[slot as usize];
        let before = std::mem::replace(&mut cold.condition, change.condition);
        let of_condition = before != Condition::Any || change.condition != Condition::Any;
        let hot = &mut self.orders.hot[slot as usize];
        hot.bound = change.price;
        hot.remaining = change.remaining;
        mark_condition(hot, cold);
        let market = &mut self.markets[hot.instrument.0 as usize];
        if market.session_rules {
            market.tokyo.conditioned |= of_condition;
            self.orders.enter_again(slot);
        }
        if of_condition {
            let extra = self.orders.extra_mut(slot);
            extra.stop_bound = change.funari;
            extra.first_condition = extra.first_condition.or(Some(before));
        }
    }

    fn check_amend(&self, amend: &Amend) -> Result<Change, Reject> {
        let account = self.accounts.get(amend.account).ok_or(Reject::UnknownAccount)?;
        let slot = self.orders.find(amend.order).ok_or(Reject::OrderNotFound)?;
        let hot = &self.orders.hot[slot as usize];
        let cold = &self.orders.cold[slot as usize];
        if hot.account != amend.account {
            return Err(Reject::OrderNotFound);
        }
        if hot.kind != Kind::Live {
            return Err(Reject::OrderNotOpen);
        }
        if hot.flags.has(Flags::ODD_LOT) {
            return Err(Reject::AmendNotAllowed);
        }
        match account.status {
            AccountStatus::Active => {}
            AccountStatus::Suspended => return Err(Reject::AccountSuspended),
            AccountStatus::Closed => return Err(Reject::AccountClosed),
        }
        let market = &self.markets[hot.instrument.0 as usize];
        self.check_key(amend.key)?;
        self.check_killed(amend.account, hot.instrument)?;
        market.check_halts(cold.kind, hot.side)?;
        market.refuses()?;
        market.phase_refuses()?;
        self.check_amend_waiting(slot, amend)?;
        let condition = self.check_new_condition(amend, slot)?;
        if amend.price.0 < 0 {
            return Err(Reject::InvalidPrice);
        }
        if amend.quantity.0 < 0 {
            return Err(Reject::InvalidQuantity);
        }
        if amend.price.0 == 0 && amend.quantity.0 == 0 && amend.condition.is_none() {
            return Err(Reject::NothingToAmend);
        }
        let filled = cold.quantity - hot.remaining;
        let quantity = if amend.quantity.0 == 0 { cold.quantity } else { amend.quantity.0 };
        if quantity != cold.quantity {
            if quantity > cold.quantity {
                return Err(Reject::QuantityIncrease);
            }
            if quantity <= filled {
                return Err(Reject::QuantityBelowFilled);
            }
            market.check_quantity(quantity)?;
        }
        let price = if amend.price.0 == 0 { hot.bound } else { amend.price.0 };
        let remaining = quantity - filled;
        let traded = cold.traded();
        let funari = if condition.turns() { market.market_bound(hot.side)? } else { 0 };
        let mut worst = price;
        if price != hot.bound {
            self.check_new_price(slot, price)?;
        }
        if price != hot.bound || condition != cold.condition {
            let best_bid = self.books.best(&market.sides[Side::Buy as usize]).map(|l| l.price);
            worst = market.worst_price(hot.side, price.max(funari), best_bid);
            if !market.units.notional_fits(traded, worst, remaining)
                || !market.bid_fits_calls(hot.side, price)
            {
                return Err(Reject::NotionalTooLarge);
            }
        }
        if price != hot.bound {
            self.check_new_place(slot, price)?;
        }
        let lock_price = match condition == cold.condition && price == hot.bound {
            true => self.orders.lock_price(hot),
            false if hot.flags.has(Flags::STOP_LEG) => {
                self.orders.lock_price(&Hot { bound: price, ..*hot })
            }
            false => price.max(funari),
        };
        let prices = (price, worst);
        let ask = Ask::new(amend.account, hot.instrument, hot.side, prices, remaining, 0);
        let ask = ask.amended(traded.notional, price != hot.bound);
        let warns = self.check_risk(&ask)?.then_some(ask);
        let lock = market.units.lock(hot.side, traded, lock_price, remaining)
            - market.units.lock(hot.side, traded, self.orders.lock_price(hot), hot.remaining);
        if lock > self.ledger.get(hot.pays).available() {
            return Err(Reject::InsufficientFunds);
        }
        Ok(Change { slot, price, quantity, remaining, condition, funari, lock, warns })
    }

    /// The condition an amendment leaves an order with, if it may have it.
    fn check_new_condition(&self, amend: &Amend, slot: u32) -> Result<Condition, Reject> {
        let (hot, cold) = (&self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let condition = amend.condition.unwrap_or(cold.condition);
        if condition == cold.condition {
            return Ok(condition);
        }
        let market = &self.markets[hot.instrument.0 as usize];
        if market.phase == Phase::PreClose {
            return Err(Reject::AmendNotAllowed);
        }
        // As when it was sent: the broker's own kinds have no condition.
        let contingent = self
            .orders
            .extra(slot)
            .is_some_and(|extra| extra.trigger.is_some() || extra.stop.is_some());
        let fits = cold.time_in_force == TimeInForce::Day
            && !cold.post_only
            && !contingent
            && market.takes_condition(condition, cold.kind);
        if fits { Ok(condition) } else { Err(Reject::InvalidCondition) }
    }

    /// Checks an order's new price.
    fn check_new_price(&self, slot: u32, price: i64) -> Result<(), Reject> {
        let hot = &self.orders.hot[slot as usize];
        let cold = &self.orders.cold[slot as usize];
        let market = &self.markets[hot.instrument.0 as usize];
        if cold.kind == OrderKind::Market {
            return Err(Reject::InvalidPrice);
        }
        market.check_price(price)
    }

    /// Checks what an order would meet at its new price.
    fn check_new_place(&self, slot: u32, price: i64) -> Result<(), Reject> {
        let hot = &self.orders.hot[slot as usize];
        let cold = &self.orders.cold[slot as usize];
        let market = &self.markets[hot.instrument.0 as usize];
        if hot.flags.has(Flags::PARKED) && cold.condition == Condition::Any {
            // What it meets is seen when it is set off.
            return Ok(());
        }
        let against = self.books.best(&market.sides[hot.side.opposite() as usize]);
        let crosses = against.is_some_and(|level| reaches(hot.side, price, level.price));
        if cold.post_only && crosses && !market.gathers() {
            return Err(Reject::PostOnlyWouldCross);
        }
        if cold.short == ShortSale::Short { market.check_short_price(Some(price)) } else { Ok(()) }
    }
}

fn level_state(level: &crate::book::Level) -> LevelState {
    LevelState {
        price: Price(level.price),
        quantity: Quantity(level.quantity),
        orders: level.orders,
    }
}

/// Announces a level.
pub(super) fn push_level(
    instrument: InstrumentId,
    side: Side,
    level: LevelState,
    events: &mut Vec<Event>,
) {
    let LevelState { price, quantity, orders } = level;
    events.push(Event::Level { instrument, side, price, quantity, orders });
}
