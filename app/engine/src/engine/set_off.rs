//! Setting contingent orders off: by prices that met their triggers, by the end of their first
//! order; in which order they come in, what is checked then, and what they are from then on. How
//! they are taken and what they lock before: [`super::contingent`].

use crate::command::Place;
use crate::engine::amend::push_level;
use crate::engine::legs::{Legs, comes_in_as};
use crate::engine::market::reaches;
use crate::engine::place::{Admission, Entry};
use crate::engine::risk::Ask;
use crate::engine::{Engine, LevelState};
use crate::event::{Cause, CloseReason, Event};
use crate::matching::Stop;
use crate::orders::{Flags, Kind};
use crate::reject::Reject;
use crate::types::*;

/// Most orders one command brings in after they were set off; the rest by a timer that is due at
/// once.
pub(crate) const SET_OFF_SLICE: u32 = 100;

/// Most orders one command finds to be set off; the rest in the same way.
pub(crate) const MET_SLICE: u32 = 1_000;

/// How many orders the command in hand has set off and brought in.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct SetOff {
    seq: Seq,
    met: u32,
    brought_in: u32,
}

impl Engine {
    /// Whether orders that were set off may come in now; until they may they wait in turn.
    pub(crate) fn sets_off(&self, instrument: InstrumentId) -> bool {
        let market = &self.markets[instrument.0 as usize];
        let takes_orders = match market.phase {
            Phase::Continuous | Phase::PreOpen | Phase::PreClose => true,
            Phase::Call | Phase::Break | Phase::Closed => false,
        };
        takes_orders && market.status == InstrumentStatus::Open && !market.killed && !self.killed
    }

    /// Orders that were set off while a kill switch of their market was on may come in again: in
    /// one instrument now, in all of them by their timers.
    pub(super) fn resume_waiting(&mut self, scope: KillScope, events: &mut Vec<Event>) {
        match scope {
            KillScope::Instrument(instrument) => self.after_trading(instrument, events),
            KillScope::Venue => {
                for i in 0..self.markets.len() {
                    if self.markets[i].ready {
                        self.retime(InstrumentId(i as u32));
                    }
                }
            }
            KillScope::Account(_) | KillScope::Group(_) | KillScope::Key(_) => {}
        }
    }

    /// Whether the command in hand has set off or brought in as many orders as one command does.
    pub(super) fn set_off_enough(&self) -> bool {
        let SetOff { seq, met, brought_in } = self.set_off;
        seq == self.seq && (met >= MET_SLICE || brought_in >= SET_OFF_SLICE)
    }

    /// Sets off the orders whose trigger prices have met, nearest trigger first, then oldest,
    /// rising before falling; then brings in the first of all that were set off. Whether there
    /// may be another.
    pub(crate) fn set_off_next(
        &mut self,
        instrument: InstrumentId,
        events: &mut Vec<Event>,
    ) -> bool {
        if self.set_off.seq != self.seq {
            self.set_off = SetOff { seq: self.seq, met: 0, brought_in: 0 };
        }
        while let Some(slot) = self.next_met(instrument) {
            if self.set_off.met == MET_SLICE {
                return false;
            }
            self.set_off.met += 1;
            self.unwatch(slot);
            self.make_ready(slot);
        }
        // Whoever begins to wait from here on goes by later prices.
        self.markets[instrument.0 as usize].looked_at();
        let first = self.waiting[instrument.0 as usize].first_ready();
        let Some(slot) = first.filter(|_| self.sets_off(instrument)) else { return false };
        if self.set_off.brought_in == SET_OFF_SLICE {
            return false;
        }
        self.set_off.brought_in += 1;
        if self.orders.hot[slot as usize].flags.has(Flags::UNLOCKED) {
            self.follow(slot, events);
        } else {
            self.fire(slot, events);
        }
        true
    }

    /// The order with the nearest trigger that prices have met.
    fn next_met(&self, instrument: InstrumentId) -> Option<u32> {
        let market = &self.markets[instrument.0 as usize];
        let when = TriggerWhen::ALL.iter().copied().find(|&when| market.met(when))?;
        let waiting = &self.waiting[instrument.0 as usize];
        let (_, slot) = waiting.nearest(when, &self.books).expect("a price met has an order");
        Some(slot)
    }

    /// Brings in an order whose trigger was met: out of where it waits (an OCO's limit half out
    /// of the book), and in as what it is from now on.
    fn fire(&mut self, slot: u32, events: &mut Vec<Event>) {
        let left = self.withdraw(slot);
        self.orders.enter_again(slot);
        let stop = self.orders.extra(slot).and_then(|extra| extra.stop);
        let cold = &mut self.orders.cold[slot as usize];
        if let Some(leg) = stop {
            cold.kind = if leg.price.0 == 0 { OrderKind::Market } else { OrderKind::Limit };
        }
        cold.requeued = true;
        cold.updated_at = self.at;
        cold.seq = self.seq;
        let (kind, quantity, tif) = (cold.kind, cold.quantity, cold.time_in_force);
        let hot = &self.orders.hot[slot as usize];
        let (instrument, side) = (hot.instrument, hot.side);
        let limit = match stop {
            Some(leg) => leg.price.0,
            None => hot.bound,
        };
        let price = if kind == OrderKind::Limit { limit } else { 0 };
        events.push(Event::Triggered {
            order: OrderId(hot.id),
            account: hot.account,
            instrument,
            kind,
            price: Price(price),
            quantity: Quantity(quantity),
        });
        if let Some(level) = left {
            push_level(instrument, side, level, events);
        }
        let session_rules = self.markets[instrument.0 as usize].session_rules;
        let time_in_force = comes_in_as(kind, tif, session_rules);
        // Held against limits like a new order's, what it brings is not counted twice.
        let remaining = self.orders.hot[slot as usize].remaining;
        self.expect_less(slot, remaining);
        let admitted = self.admit_fired(slot, price, time_in_force);
        if let Ok((_, Some(ask))) = &admitted {
            self.warn(ask, events);
        }
        self.count_incoming(slot);
        let locked = admitted.and_then(|(bound, _)| match self.relock(slot, bound, events) {
            true => Ok(()),
            false => Err(Reject::InsufficientFunds),
        });
        if let Err(code) = locked {
            self.refuse_set_off(slot, code, events);
            if kind == OrderKind::Limit {
                self.orders.hot[slot as usize].bound = price;
            }
            return;
        }
        let rests = kind == OrderKind::Market && time_in_force == TimeInForce::Day;
        self.orders.hot[slot as usize].flags.set(Flags::MARKET, rests);
        if time_in_force == TimeInForce::Fok {
            let stop = self.fills_whole(slot);
            if stop != Stop::Done {
                let reason = self.all_or_nothing_reason(slot, stop);
                self.close(slot, reason, events);
                return self.after_guard(instrument, stop, events);
            }
        }
        self.enter(slot, time_in_force, events);
    }

    /// Takes an order out of where it waits or rests; returns the level it left.
    fn withdraw(&mut self, slot: u32) -> Option<LevelState> {
        let hot = self.orders.hot[slot as usize];
        if hot.flags.has(Flags::PARKED) {
            self.unpark(slot);
            return None;
        }
        self.unwatch(slot);
        Some(self.leave_level(slot))
    }

    /// Ends an order that was set off and cannot be taken, and says why.
    fn refuse_set_off(&mut self, slot: u32, code: Reject, events: &mut Vec<Event>) {
        self.orders.cold[slot as usize].reject = Some(code);
        let hot = &self.orders.hot[slot as usize];
        let (order, account, instrument) = (OrderId(hot.id), hot.account, hot.instrument);
        events.push(Event::SetOffRefused { order, account, instrument, code });
        self.close(slot, CloseReason::TriggerRefused, events);
    }

    /// Everything that can refuse an order when it is set off, funds apart; returns its bound from
    /// now on, and what it asks for if that passes a soft limit. A buy without sessions never goes
    /// beyond what it locked when it was taken.
    fn admit_fired(
        &self,
        slot: u32,
        price: i64,
        time_in_force: TimeInForce,
    ) -> Result<(i64, Option<Ask>), Reject> {
        let (hot, cold) = (&self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let market = &self.markets[hot.instrument.0 as usize];
        self.check_killed(hot.account, hot.instrument)?;
        market.check_halts(cold.kind, hot.side)?;
        // What is not to rest can be there for one auction, where the rules know that; all or
        // nothing cannot.
        let refused = match time_in_force {
            TimeInForce::Ioc => !market.session_rules,
            other => other == TimeInForce::Fok,
        };
        if refused && market.gathers() {
            return Err(Reject::InvalidTimeInForce);
        }
        let bound = match cold.kind {
            OrderKind::Limit => {
                market.check_price(price)?;
                price
            }
            OrderKind::Market => {
                let bound = market.market_bound(hot.side)?;
                let locked = self.orders.lock_price(hot);
                let capped = hot.side == Side::Buy && !market.session_rules;
                if capped { bound.min(locked) } else { bound }
            }
        };
        let limit = (cold.kind == OrderKind::Limit).then_some(bound);
        self.check_short_sale(hot.instrument, cold.short, cold.quantity, limit)?;
        let best = |side: Side| self.books.best(&market.sides[side as usize]).map(|l| l.price);
        let crosses =
            best(hot.side.opposite()).is_some_and(|against| reaches(hot.side, bound, against));
        if cold.post_only && crosses && !market.gathers() {
            return Err(Reject::PostOnlyWouldCross);
        }
        let traded = cold.traded();
        let worst = market.worst_price(hot.side, bound, best(Side::Buy));
        let side = &market.sides[hot.side as usize];
        let fits = market.units.notional_fits(traded, worst, hot.remaining)
            && side.quantity.checked_add(hot.remaining).is_some()
            && market.bid_fits_calls(hot.side, bound);
        if !fits {
            return Err(Reject::NotionalTooLarge);
        }
        let ask = Ask::new(hot.account, hot.instrument, hot.side, (price, worst), hot.remaining, 0)
            .set_off(traded.notional);
        let warns = self.check_risk(&ask)?.then_some(ask);
        Ok((bound, warns))
    }

    /// Changes what a live order without a place has locked to what it can spend at `bound`, and
    /// makes that its bound. Whether there was enough.
    pub(super) fn relock(&mut self, slot: u32, bound: i64, events: &mut Vec<Event>) -> bool {
        let (hot, cold) = (self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let traded = cold.traded();
        let units = &self.markets[hot.instrument.0 as usize].units;
        if !units.notional_fits(traded, bound, hot.remaining) {
            return false;
        }
        let before = units.lock(hot.side, traded, self.orders.lock_price(&hot), hot.remaining);
        let more = units.lock(hot.side, traded, bound, hot.remaining) - before;
        if more > self.ledger.get(hot.pays).available() {
            return false;
        }
        if more != 0 {
            self.ledger.change(hot.pays, (0, more), Cause::Lock, hot.id, events);
        }
        let hot = &mut self.orders.hot[slot as usize];
        hot.bound = bound;
        hot.flags.set(Flags::STOP_LEG, false);
        true
    }

    /// Looks after the trigger and the if-done order of an order that ends.
    #[cold]
    pub(crate) fn end_extras(&mut self, slot: u32, events: &mut Vec<Event>) {
        self.unwatch(slot);
        let Some(&extra) = self.orders.extra(slot) else { return };
        let child = extra.child;
        let waits = self.orders.extra(child).is_some_and(|of| of.parent == slot && of.due == 0)
            && self.orders.hot[child as usize].kind == Kind::Live
            && self.orders.hot[child as usize].flags.has(Flags::UNLOCKED);
        if !waits {
            return;
        }
        let (hot, cold) = (&self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let filled = cold.quantity - hot.remaining - extra.prevented;
        if filled > 0 {
            let instrument = hot.instrument;
            self.orders.extra_mut(child).due = filled;
            self.make_ready(child);
            self.retime(instrument);
        } else {
            self.unpark(child);
            self.close_unlocked(child, CloseReason::ParentEnded, events);
        }
    }

    /// Brings in the order that follows one that is done, for what that filled: as if it were
    /// sent now, but under the number it has.
    fn follow(&mut self, slot: u32, events: &mut Vec<Event>) {
        self.unpark(slot);
        self.orders.enter_again(slot);
        let due = self.orders.extra(slot).map_or(0, |extra| extra.due);
        self.orders.set_quantity(slot, due);
        let cold = &mut self.orders.cold[slot as usize];
        cold.requeued = true;
        cold.updated_at = self.at;
        cold.seq = self.seq;
        let hot = &self.orders.hot[slot as usize];
        events.push(Event::Triggered {
            order: OrderId(hot.id),
            account: hot.account,
            instrument: hot.instrument,
            kind: cold.kind,
            price: Price(cold.first_price),
            quantity: Quantity(due),
        });
        match self.admit_child(slot) {
            Err(code) => self.refuse_set_off(slot, code, events),
            Ok((admission, stop_bound)) => {
                self.take_in(slot, &admission);
                self.orders.extra_mut(slot).stop_bound = stop_bound;
                self.orders.hot[slot as usize].flags.set(Flags::UNLOCKED, false);
                if let Some(ask) = &admission.warns {
                    self.warn(ask, events);
                }
                self.count_incoming(slot);
                self.begin_contingent(slot, admission.lock, events);
            }
        }
    }

    fn admit_child(&self, slot: u32) -> Result<(Admission, i64), Reject> {
        let (hot, cold) = (&self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let extra = self.orders.extra(slot).ok_or(Reject::InvalidTrigger)?;
        let market = &self.markets[hot.instrument.0 as usize];
        let legs = Legs {
            side: hot.side,
            kind: cold.kind,
            price: Price(cold.first_price),
            trigger: extra.trigger,
            stop: extra.stop,
            time_in_force: cold.time_in_force,
            expires: extra.expires,
        };
        legs.check_prices(market)?;
        let worst = legs.worst(market)?;
        let time_in_force = match comes_in_as(cold.kind, cold.time_in_force, market.session_rules) {
            TimeInForce::Gtd => TimeInForce::Gtc,
            other => other,
        };
        let place = Place {
            time_in_force,
            self_trade: cold.self_trade,
            ..Place::limit(
                hot.account,
                hot.instrument,
                hot.side,
                Price(cold.first_price),
                Quantity(cold.quantity),
                cold.client_id,
            )
        };
        let place = Place { kind: cold.kind, ..place };
        let entry = Entry { waits: extra.trigger.is_some(), worst, orders: 0 };
        let admission = self.admit(&place, entry)?;
        let stop_bound = if extra.stop.is_some() { worst.unwrap_or(0) } else { 0 };
        Ok((admission, stop_bound))
    }
}
