//! Changes of live orders. What is checked, in this order; the first failure is the answer:
//! account known, order its own, order live, account status, halts, instrument status, signs,
//! something asked for, quantity (not above the present one, above what is filled, lots and
//! smallest order), price (tick, limits), arithmetic, post-only against the book, funds.
//!
//! Values are absolute, so a repeat finds nothing to change and is answered as done.

use crate::command::Amend;
use crate::engine::market::reaches;
use crate::engine::{Engine, LevelState, refuse};
use crate::event::{Cause, CloseReason, Event};
use crate::matching::Stop;
use crate::money::Traded;
use crate::orders::{Flags, Kind};
use crate::reject::Reject;
use crate::types::*;

/// A change that passed every check.
struct Change {
    slot: u32,
    price: i64,
    quantity: i64,
    remaining: i64,
    /// Change of the lock.
    lock: i64,
}

impl Engine {
    /// Handles an amendment.
    pub(super) fn amend(&mut self, amend: &Amend, events: &mut Vec<Event>) {
        let change = match self.check_amend(amend) {
            Ok(change) => change,
            Err(code) => return refuse(code, events),
        };
        let slot = change.slot;
        let hot = self.orders.hot[slot as usize];
        let cold = &mut self.orders.cold[slot as usize];
        let requeue = change.price != hot.bound;
        let reduced_by = cold.quantity - change.quantity;
        let changes = requeue || reduced_by != 0;
        if changes {
            cold.quantity = change.quantity;
            cold.requeued |= requeue;
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
            kept_priority: !requeue,
        });
        if change.lock != 0 {
            self.ledger.change(hot.pays, (0, change.lock), Cause::Lock, hot.id, events);
        }
        if requeue {
            self.requeue(&change, events);
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

    /// Takes an order out of its level and brings it in again at its new price.
    fn requeue(&mut self, change: &Change, events: &mut Vec<Event>) {
        let slot = change.slot;
        let hot = self.orders.hot[slot as usize];
        let market = &mut self.markets[hot.instrument.0 as usize];
        let gathers = market.gathers();
        let key = market.key(hot.bound);
        let book = &mut market.sides[hot.side as usize];
        self.books.unlink(book, &mut self.orders.hot, slot);
        let left = self.books.at(book, key).map_or(
            LevelState { price: Price(hot.bound), quantity: Quantity(0), orders: 0 },
            level_state,
        );
        let order = &mut self.orders.hot[slot as usize];
        order.bound = change.price;
        order.remaining = change.remaining;
        let stop = if gathers { Stop::Exhausted } else { self.cross(slot, events) };
        let filled = self.orders.hot[slot as usize].remaining == 0;
        if filled {
            self.close(slot, CloseReason::Filled, events);
        }
        push_level(hot.instrument, hot.side, left, events);
        if !gathers {
            self.announce_swept(hot.instrument, hot.side.opposite(), events);
        }
        if !filled {
            self.rest(slot, events);
        }
        self.after_guard(hot.instrument, stop, events);
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
        match account.status {
            AccountStatus::Active => {}
            AccountStatus::Suspended => return Err(Reject::AccountSuspended),
            AccountStatus::Closed => return Err(Reject::AccountClosed),
        }
        let market = &self.markets[hot.instrument.0 as usize];
        market.check_halts(cold.kind, hot.side)?;
        market.refuses()?;
        market.phase_refuses()?;
        if amend.price.0 < 0 {
            return Err(Reject::InvalidPrice);
        }
        if amend.quantity.0 < 0 {
            return Err(Reject::InvalidQuantity);
        }
        if amend.price.0 == 0 && amend.quantity.0 == 0 {
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
        let traded = Traded { notional: cold.notional, fee: cold.fee };
        if price != hot.bound {
            if hot.flags.has(Flags::MARKET) {
                return Err(Reject::InvalidPrice);
            }
            market.check_price(price)?;
            let best_bid = self.books.best(&market.sides[Side::Buy as usize]).map(|l| l.price);
            let worst = market.worst_price(hot.side, price, best_bid);
            if !market.units.notional_fits(traded, worst, remaining)
                || !market.bid_fits_calls(hot.side, price)
            {
                return Err(Reject::NotionalTooLarge);
            }
            let against = self.books.best(&market.sides[hot.side.opposite() as usize]);
            let crosses = against.is_some_and(|level| reaches(hot.side, price, level.price));
            if cold.post_only && crosses && !market.gathers() {
                return Err(Reject::PostOnlyWouldCross);
            }
        }
        let lock = market.units.lock(hot.side, traded, price, remaining)
            - market.units.lock(hot.side, traded, hot.bound, hot.remaining);
        if lock > self.ledger.get(hot.pays).available() {
            return Err(Reject::InsufficientFunds);
        }
        Ok(Change { slot, price, quantity, remaining, lock })
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
