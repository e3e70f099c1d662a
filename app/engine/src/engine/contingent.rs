//! The broker's own order kinds: stop, OCO, if-done, period orders. How they are taken, what they
//! lock while they wait, and which of them see the next day; what sets them off, and what becomes of
//! them then, is in [`super::set_off`]. The rules and their reasons:
//! `docs/decisions/contingent-orders.md`.
//!
//! What is checked, in this order; the first failure is the answer:
//!
//! 1. account known, client ids not empty and not the same, instrument known: refused without a
//!    record;
//! 2. client id known: the first answer again, or `duplicate_client_order_id`; that of the
//!    if-done order known: the same code, without a record;
//! 3. from here a refusal is recorded: the combination of legs, how long they live, their
//!    prices, halts of stop kinds; then as for every order.

use crate::command::{Amend, Child, Contingent, Place, StopLeg};
use crate::engine::legs::{Legs, check_child, comes_in_as};
use crate::engine::place::{Admission, Entry};
use crate::engine::{Engine, refuse};
use crate::event::{Cause, CloseReason, Event};
use crate::money::Traded;
use crate::orders::{CHILD, Flags, Known, Terms};
use crate::reject::Reject;
use crate::types::*;

impl Engine {
    /// Handles a contingent order.
    pub(super) fn place_contingent(&mut self, contingent: &Contingent, events: &mut Vec<Event>) {
        let place = &contingent.order;
        let child = contingent.child.as_ref();
        if let Err(code) = self.check_named(place, child.map(|child| &child.client_id)) {
            return refuse(code, events);
        }
        let hash = self.orders.order_hash(place);
        let terms = self.terms_of(contingent);
        match self.orders.known_contingent(place, &terms, hash) {
            Known::New => {}
            Known::Other => return refuse(Reject::DuplicateClientOrderId, events),
            Known::Same(slot) => {
                let order = OrderId(self.orders.hot[slot as usize].id);
                return events.push(Event::Repeated { order });
            }
        }
        if child.is_some_and(|c| self.orders.by_client_id(place.account, &c.client_id).is_some()) {
            return refuse(Reject::DuplicateClientOrderId, events);
        }
        self.note_message(place.account, place.instrument);
        let admission = self.admit_contingent(contingent);
        let slot = self.record(place, hash);
        let extra = self.orders.extra_mut(slot);
        (extra.trigger, extra.stop) = (terms.trigger, terms.stop);
        (extra.expires, extra.child_mark) = (terms.expires, terms.mark);
        match admission {
            Err(code) => self.refuse_recorded(slot, code, events),
            Ok((admission, stop_bound)) => {
                self.orders.extra_mut(slot).stop_bound = stop_bound;
                self.take_in(slot, &admission);
                let order = OrderId(self.orders.hot[slot as usize].id);
                events.push(Event::Accepted { order, bound: Price(admission.bound) });
                if let Some(ask) = &admission.warns {
                    self.warn(ask, events);
                }
                self.list(slot);
                if let Some(child) = child {
                    self.attach(slot, child, place, events);
                }
                self.begin_contingent(slot, admission.lock, events);
                self.after_trading(place.instrument, events);
            }
        }
    }

    /// Checks what an order names: account, client ids (its own, and another that comes with it),
    /// instrument. What fails here leaves no record.
    pub(super) fn check_named(
        &self,
        place: &Place,
        other: Option<&ClientId>,
    ) -> Result<(), Reject> {
        if self.accounts.get(place.account).is_none() {
            return Err(Reject::UnknownAccount);
        }
        if place.client_id.is_empty()
            || other.is_some_and(|id| id.is_empty() || *id == place.client_id)
        {
            return Err(Reject::InvalidClientId);
        }
        if place.instrument.0 as usize >= self.markets.len() {
            return Err(Reject::UnknownInstrument);
        }
        Ok(())
    }

    fn terms_of(&self, contingent: &Contingent) -> Terms {
        let Contingent { trigger, stop, expires, .. } = *contingent;
        let mark = contingent.child.as_ref().map_or(0, |child| self.mark(child));
        Terms { trigger, stop, expires, mark }
    }

    /// A hash of an if-done order's terms: above zero, below [`CHILD`].
    fn mark(&self, child: &Child) -> u64 {
        let trigger = |t: Option<Trigger>| match t {
            None => [0, 0],
            Some(t) => [t.when as u64 + 1, t.price.0 as u64],
        };
        let [when, at] = trigger(child.trigger);
        let [stop_when, stop_at] = trigger(child.stop.map(|leg| leg.trigger));
        let kinds = child.side as u64
            | (child.kind as u64) << 8
            | (child.time_in_force as u64) << 16
            | when << 24
            | stop_when << 32;
        let numbers = [
            kinds,
            child.price.0 as u64,
            at,
            stop_at,
            child.stop.map_or(0, |leg| leg.price.0 as u64),
            u64::from(child.expires),
        ];
        let mut mark = self.keyed.text(CHILD_MARKS, &child.client_id);
        for number in numbers {
            let (high, low) = ((mark >> 32) as u32, mark as u32);
            mark = self.keyed.pair(high ^ (number >> 32) as u32, low ^ number as u32);
        }
        (mark & (CHILD - 1)).max(1)
    }

    /// Everything that can refuse a contingent order; returns the bound of its stop half, too.
    fn admit_contingent(&self, contingent: &Contingent) -> Result<(Admission, i64), Reject> {
        let place = &contingent.order;
        let market = &self.markets[place.instrument.0 as usize];
        let legs = Legs::of(contingent);
        let today = self.days[market.profile as usize].day;
        let plain = contingent.trigger.is_none() && contingent.stop.is_none();
        if plain && contingent.child.is_none() && place.time_in_force != TimeInForce::Gtd {
            return Err(Reject::InvalidTrigger);
        }
        if place.by_amount {
            return Err(Reject::InvalidQuantity);
        }
        // What waits for a price comes in when that is met, not at another moment.
        if place.condition != Condition::Any && !plain {
            return Err(Reject::InvalidCondition);
        }
        legs.check_shape()?;
        let may_post = place.kind == OrderKind::Limit
            && !matches!(place.time_in_force, TimeInForce::Ioc | TimeInForce::Fok)
            && contingent.stop.is_none();
        if place.post_only && !may_post {
            return Err(Reject::InvalidTimeInForce);
        }
        legs.check_expiry(today)?;
        legs.check_prices(market)?;
        if let Some(child) = &contingent.child {
            let child = Legs::of_child(child);
            check_child(&legs, &child, today, market)?;
            if !market.units.notional_fits(Traded::default(), child.dearest(), place.quantity.0) {
                return Err(Reject::NotionalTooLarge);
            }
        }
        if !plain && market.halts.has(Halts::contingent(place.side)) {
            return Err(Reject::KindHalted);
        }
        let worst = legs.worst(market)?;
        let entry = Entry {
            waits: contingent.trigger.is_some(),
            worst,
            orders: 1 + u32::from(contingent.child.is_some()),
        };
        let stays = place.time_in_force == TimeInForce::Gtd;
        let time_in_force = if stays { TimeInForce::Gtc } else { place.time_in_force };
        let admission = self.admit(&Place { time_in_force, ..*place }, entry)?;
        let stop_bound = if contingent.stop.is_some() { worst.unwrap_or(0) } else { 0 };
        Ok((admission, stop_bound))
    }

    /// Creates the order that follows another, waiting for it.
    fn attach(&mut self, first: u32, child: &Child, place: &Place, events: &mut Vec<Event>) {
        let place = Place {
            side: child.side,
            kind: child.kind,
            time_in_force: child.time_in_force,
            price: child.price,
            client_id: child.client_id,
            post_only: false,
            short: ShortSale::Long,
            condition: Condition::Any,
            ..*place
        };
        let hash = self.orders.order_hash(&place);
        let slot = self.record(&place, hash);
        self.orders.hot[slot as usize].flags.set(Flags::UNLOCKED, true);
        let extra = self.orders.extra_mut(slot);
        extra.trigger = child.trigger;
        extra.stop = child.stop;
        extra.expires = child.expires;
        extra.parent = first;
        extra.child_mark = CHILD;
        self.orders.extra_mut(first).child = slot;
        self.set_aside(slot);
        events.push(Event::Attached {
            order: OrderId(self.orders.hot[slot as usize].id),
            parent: OrderId(self.orders.hot[first as usize].id),
            account: place.account,
        });
    }

    /// Locks an order on its account's list and lets it wait, or brings it to the market.
    pub(super) fn begin_contingent(&mut self, slot: u32, lock: i64, events: &mut Vec<Event>) {
        let (hot, cold) = (self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let session_rules = self.markets[hot.instrument.0 as usize].session_rules;
        let time_in_force = comes_in_as(cold.kind, cold.time_in_force, session_rules);
        let at_market = cold.kind == OrderKind::Market && time_in_force == TimeInForce::Day;
        let extra = self.orders.extra(slot).copied();
        if let Some(trigger) = extra.and_then(|extra| extra.trigger) {
            self.ledger.change(hot.pays, (0, lock), Cause::Lock, hot.id, events);
            self.park(slot, events);
            return self.watch(slot, trigger);
        }
        let flags = &mut self.orders.hot[slot as usize].flags;
        flags.set(Flags::MARKET, at_market);
        if let Some(leg) = extra.and_then(|extra| extra.stop) {
            flags.set(Flags::STOP_LEG, true);
            self.watch(slot, leg.trigger);
        }
        self.execute(slot, time_in_force, lock, events);
    }

    /// What may not be amended of orders that wait: an order of an odd-lot desk, an if-done order
    /// before its first order is done, a price where there is none, the limit half of an OCO
    /// past its trigger.
    pub(super) fn check_amend_waiting(&self, slot: u32, amend: &Amend) -> Result<(), Reject> {
        let (hot, cold) = (&self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let waits = hot.flags.has(Flags::PARKED) && cold.condition == Condition::Any;
        let price = amend.price;
        if waits && hot.flags.has(Flags::ODD_LOT)
            || hot.flags.has(Flags::UNLOCKED)
            || waits && cold.kind == OrderKind::Market && price.0 != 0
            || waits && amend.condition.is_some()
        {
            return Err(Reject::AmendNotAllowed);
        }
        let stop = self.orders.extra(slot).and_then(|extra| extra.stop);
        if let Some(StopLeg { trigger, .. }) = stop
            && hot.flags.has(Flags::STOP_LEG)
            && price.0 != 0
        {
            let apart = match hot.side {
                Side::Sell => trigger.price < price,
                Side::Buy => trigger.price > price,
            };
            if !apart {
                return Err(Reject::InvalidTrigger);
            }
        }
        Ok(())
    }

    /// Why a contingent order does not see the trading day `day`, if so: its last day is over, or
    /// one of its prices is off the day's ticks or outside its limits. What it locks for a market
    /// order goes by the new limits from now on.
    pub(super) fn contingent_ends_with_day(
        &mut self,
        slot: u32,
        day: u32,
        events: &mut Vec<Event>,
    ) -> Option<CloseReason> {
        let (hot, cold) = (self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let extra = *self.orders.extra(slot)?;
        if extra.terms() == Terms::NONE {
            return None;
        }
        if extra.expires != 0 && extra.expires < day {
            return Some(CloseReason::Expired);
        }
        let waits = hot.flags.has(Flags::PARKED) && cold.condition == Condition::Any;
        let fired = !waits && !hot.flags.has(Flags::STOP_LEG);
        let price = match (cold.kind, hot.flags.has(Flags::UNLOCKED)) {
            (OrderKind::Market, _) => 0,
            (OrderKind::Limit, true) => cold.first_price,
            (OrderKind::Limit, false) => hot.bound,
        };
        let legs = Legs {
            side: hot.side,
            kind: cold.kind,
            price: Price(price),
            trigger: extra.trigger.filter(|_| !fired),
            stop: extra.stop.filter(|_| !fired),
            time_in_force: cold.time_in_force,
            expires: extra.expires,
        };
        let market = &self.markets[hot.instrument.0 as usize];
        match legs.check_prices(market) {
            Ok(()) => {}
            Err(Reject::OffTick) => return Some(CloseReason::OffTick),
            Err(_) => return Some(CloseReason::OffLimits),
        }
        if fired || hot.flags.has(Flags::UNLOCKED) {
            return None;
        }
        let covered = match legs.worst(market) {
            Ok(None) => true,
            Ok(Some(worst)) if extra.stop.is_some() => self.cover_stop_half(slot, worst, events),
            Ok(Some(worst)) => self.relock(slot, worst, events),
            Err(_) => false,
        };
        (!covered).then_some(CloseReason::TriggerRefused)
    }

    /// Changes what an OCO has locked to what it can spend if its stop half trades at `worst`.
    /// Whether there was enough.
    fn cover_stop_half(&mut self, slot: u32, worst: i64, events: &mut Vec<Event>) -> bool {
        let (hot, cold) = (self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let traded = cold.traded();
        let units = &self.markets[hot.instrument.0 as usize].units;
        let before = units.lock(hot.side, traded, self.orders.lock_price(&hot), hot.remaining);
        let worse = worst.max(hot.bound);
        if !units.notional_fits(traded, worse, hot.remaining) {
            return false;
        }
        let more = units.lock(hot.side, traded, worse, hot.remaining) - before;
        if more > self.ledger.get(hot.pays).available() {
            return false;
        }
        self.orders.extra_mut(slot).stop_bound = worst;
        if more != 0 {
            self.ledger.change(hot.pays, (0, more), Cause::Lock, hot.id, events);
        }
        true
    }
}

/// Name space of marks in the keyed hash: above every account and name space of orders.
const CHILD_MARKS: u32 = u32::MAX;
