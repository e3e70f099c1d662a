//! The twin's changes of live orders: amendments, cancels, mass cancels, the day's end.

use super::Oracle;
use super::orders::Order;
use crate::command::{Amend, CANCEL_MANY_SLICE, Cancel, CancelMany};
use crate::event::{Cause, CloseReason, Event};
use crate::reject::Reject;
use crate::types::*;

impl Oracle {
    pub(super) fn amend(&mut self, amend: &Amend) -> Result<(), Reject> {
        let (order, price, quantity) = self.check_amend(amend)?;
        let (id, place) = (amend.order.0, order.place);
        let remaining = order.remaining - (order.quantity - quantity);
        let moves = price != order.bound;
        let relocks = self.lock_of(&order, price, remaining)
            != self.lock_of(&order, order.bound, order.remaining);
        let now = self.orders.get_mut(&id).expect("checked");
        now.bound = price;
        now.quantity = quantity;
        now.remaining = remaining;
        if moves || quantity != order.quantity {
            now.updated_at = self.at;
            now.seq = self.seq;
        }
        self.events.push(Event::Amended {
            order: amend.order,
            account: amend.account,
            instrument: place.instrument,
            price: Price(price),
            quantity: Quantity(quantity),
            remaining: Quantity(remaining),
            kept_priority: !moves,
        });
        if relocks {
            self.change(amend.account, self.spends(&place), 0, Cause::Lock, id);
        }
        if !moves {
            if quantity != order.quantity {
                self.level(place.instrument, place.side, price);
            }
            return Ok(());
        }
        self.orders.get_mut(&id).expect("checked").resting = None;
        let (met, by_own) = self.cross(id);
        let left = self.orders[&id].remaining;
        if by_own {
            self.end(id, CloseReason::SelfTrade);
        } else if left == 0 {
            self.end(id, CloseReason::Filled);
        }
        self.level(place.instrument, place.side, order.bound);
        for price in met {
            self.level(place.instrument, place.side.opposite(), price);
        }
        if left > 0 && !by_own {
            self.rest(id);
        }
        Ok(())
    }

    /// The order as it is, and its new price and quantity.
    fn check_amend(&self, amend: &Amend) -> Result<(Order, i64, i64), Reject> {
        let account = self.accounts.get(amend.account.0 as usize).ok_or(Reject::UnknownAccount)?;
        let order = self.orders.get(&amend.order.0).ok_or(Reject::OrderNotFound)?;
        if order.account != amend.account {
            return Err(Reject::OrderNotFound);
        }
        if order.resting.is_none() {
            return Err(Reject::OrderNotOpen);
        }
        match account.1 {
            AccountStatus::Suspended => return Err(Reject::AccountSuspended),
            AccountStatus::Closed => return Err(Reject::AccountClosed),
            AccountStatus::Active => {}
        }
        match self.instruments[order.place.instrument.0 as usize].status {
            InstrumentStatus::Halted => return Err(Reject::InstrumentHalted),
            InstrumentStatus::Closed => return Err(Reject::InstrumentClosed),
            InstrumentStatus::Open => {}
        }
        if amend.price.0 < 0 {
            return Err(Reject::InvalidPrice);
        }
        if amend.quantity.0 < 0 {
            return Err(Reject::InvalidQuantity);
        }
        if (amend.price.0, amend.quantity.0) == (0, 0) {
            return Err(Reject::NothingToAmend);
        }
        let quantity = if amend.quantity.0 > 0 { amend.quantity.0 } else { order.quantity };
        let price = if amend.price.0 > 0 { amend.price.0 } else { order.bound };
        let spec = self.spec(order.place.instrument);
        if quantity > order.quantity {
            return Err(Reject::QuantityIncrease);
        }
        if quantity <= order.quantity - order.remaining {
            return Err(Reject::QuantityBelowFilled);
        }
        if quantity < order.quantity {
            self.check_quantity(&spec, quantity)?;
        }
        let remaining = order.remaining - (order.quantity - quantity);
        if price != order.bound {
            self.check_price(&spec, price)?;
            self.check_notional(&order.place, &order.fills, price, remaining)?;
            let best = self.best(order.place.instrument, order.place.side.opposite());
            let crosses = best.is_some_and(|best| Self::reaches(order.place.side, price, best));
            if order.place.post_only && crosses {
                return Err(Reject::PostOnlyWouldCross);
            }
        }
        let asset = self.spends(&order.place);
        let more = self.lock_of(order, price, remaining)
            - self.lock_of(order, order.bound, order.remaining);
        let available = self.total(order.account, asset) - self.locked(order.account, asset);
        if more > available {
            return Err(Reject::InsufficientFunds);
        }
        Ok((order.clone(), price, quantity))
    }

    pub(super) fn cancel(&mut self, cancel: &Cancel) -> Result<(), Reject> {
        if cancel.account.0 as usize >= self.accounts.len() {
            return Err(Reject::UnknownAccount);
        }
        let order = self.orders.get(&cancel.order.0).ok_or(Reject::OrderNotFound)?.clone();
        if order.account != cancel.account {
            return Err(Reject::OrderNotFound);
        }
        if order.resting.is_none() {
            return Err(Reject::OrderNotOpen);
        }
        self.end(cancel.order.0, CloseReason::Cancelled);
        self.level(order.place.instrument, order.place.side, order.bound);
        Ok(())
    }

    /// Ends these orders and shows each level they were in once, in order.
    fn end_all(&mut self, ids: &[u64], reason: CloseReason) {
        let mut levels = std::collections::BTreeSet::new();
        for &id in ids {
            let order = &self.orders[&id];
            levels.insert((order.place.instrument, order.place.side, order.bound));
            self.end(id, reason);
        }
        for (instrument, side, price) in levels {
            self.level(instrument, side, price);
        }
    }

    pub(super) fn cancel_many(&mut self, filter: &CancelMany) -> Result<(), Reject> {
        if filter.account.is_some_and(|a| a.0 as usize >= self.accounts.len()) {
            return Err(Reject::UnknownAccount);
        }
        if filter.instrument.is_some_and(|i| i.0 as usize >= self.instruments.len()) {
            return Err(Reject::UnknownInstrument);
        }
        let mut ids = Vec::new();
        if let Some(account) = filter.account {
            // The map is in order of number: oldest first.
            let mine = self.orders.iter().filter(|(_, o)| o.account == account);
            ids.extend(mine.filter(|(_, o)| o.resting.is_some()).map(|(&id, _)| id));
        } else {
            for i in 0..self.instruments.len() as u32 {
                ids.extend(self.book(InstrumentId(i), Side::Buy));
                ids.extend(self.book(InstrumentId(i), Side::Sell));
            }
        }
        ids.retain(|id| {
            let place = &self.orders[id].place;
            filter.instrument.is_none_or(|only| only == place.instrument)
                && filter.side.is_none_or(|only| only == place.side)
        });
        let more = ids.len() > CANCEL_MANY_SLICE as usize;
        ids.truncate(CANCEL_MANY_SLICE as usize);
        self.end_all(&ids, CloseReason::CancelledMany);
        self.events.push(Event::CancelledMany { count: ids.len() as u32, more, next: OrderId(0) });
        Ok(())
    }

    pub(super) fn roll_day(&mut self, profile: Profile, day: u32) -> Result<(), Reject> {
        let (current, rolling, cursor) = self.days[profile as usize];
        let from = match day {
            day if rolling && day == current => cursor,
            day if day > current => 0,
            _ => return Err(Reject::InvalidDay),
        };
        // Slot by slot: that is how the work is cut into bounded steps.
        let mut due: Vec<(u64, u64)> = self
            .orders
            .iter()
            .filter(|(_, o)| o.resting.is_some() && o.place.time_in_force == TimeInForce::Day)
            .filter(|(_, o)| self.spec(o.place.instrument).profile == profile && o.day < day)
            .map(|(&id, _)| (id & 0xff_ffff, id))
            .filter(|(slot, _)| (from..from + 65_536).contains(slot))
            .collect();
        due.sort_unstable();
        due.truncate(CANCEL_MANY_SLICE as usize);
        let next = if due.len() == CANCEL_MANY_SLICE as usize {
            due.last().map_or(from, |(slot, _)| slot + 1)
        } else {
            (from + 65_536).min(self.fresh_slot)
        };
        let more = next < self.fresh_slot;
        self.days[profile as usize] = (day, more, if more { next } else { 0 });
        let ids: Vec<u64> = due.iter().map(|(_, id)| *id).collect();
        self.end_all(&ids, CloseReason::Expired);
        self.events.push(Event::DayRolled { count: ids.len() as u32, more });
        Ok(())
    }
}
