//! The broker's own order kinds: stop, OCO, if-done, period orders. How they are taken, what sets
//! them off, and what becomes of them then. The rules and their reasons:
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
use crate::engine::amend::push_level;
use crate::engine::legs::{Legs, check_child, comes_in_as};
use crate::engine::market::reaches;
use crate::engine::place::{Admission, Entry};
use crate::engine::risk::Ask;
use crate::engine::{Engine, LevelState, refuse};
use crate::event::{Cause, CloseReason, Event};
use crate::matching::Stop;
use crate::money::Traded;
use crate::orders::{CHILD, Flags, Kind, Known, Terms};
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
    /// Handles a contingent order.
    pub(super) fn place_contingent(&mut self, contingent: &Contingent, events: &mut Vec<Event>) {
        let place = &contingent.order;
        if let Err(code) = self.check_names(contingent) {
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
        let child = contingent.child.as_ref();
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

    fn check_names(&self, contingent: &Contingent) -> Result<(), Reject> {
        let place = &contingent.order;
        if self.accounts.get(place.account).is_none() {
            return Err(Reject::UnknownAccount);
        }
        let child = contingent.child.as_ref().map(|child| child.client_id);
        let nameless = |id: &ClientId| id.is_empty();
        if nameless(&place.client_id)
            || child.is_some_and(|id| nameless(&id) || id == place.client_id)
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
        if place.condition != Condition::Any {
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
    fn begin_contingent(&mut self, slot: u32, lock: i64, events: &mut Vec<Event>) {
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
        let level = self.books.level(hot.level);
        let left = LevelState {
            price: Price(level.price),
            quantity: Quantity(level.quantity - hot.remaining),
            orders: level.orders - 1,
        };
        let book = &mut self.markets[hot.instrument.0 as usize].sides[hot.side as usize];
        self.books.unlink(book, &mut self.orders.hot, slot);
        Some(left)
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
        let traded = Traded { notional: cold.notional, fee: cold.fee };
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
    fn relock(&mut self, slot: u32, bound: i64, events: &mut Vec<Event>) -> bool {
        let (hot, cold) = (self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let traded = Traded { notional: cold.notional, fee: cold.fee };
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
        let traded = Traded { notional: cold.notional, fee: cold.fee };
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

/// Name space of marks in the keyed hash: above every account and name space of orders.
const CHILD_MARKS: u32 = u32::MAX;
