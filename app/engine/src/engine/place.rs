//! New orders. What is checked, in this order; the first failure is the answer:
//!
//! 1. account known, client id not empty, instrument known: refused without a record;
//! 2. client id known: the first answer again, or `duplicate_client_order_id`;
//! 3. from here a refusal is recorded under a number of its own: account status (of system
//!    accounts only the house trades), kill switches, instrument status, halts of its kind and
//!    side, phase and condition, kind with time in force and post-only, quantity, price,
//!    reference price of market orders, quantity of one by amount, arithmetic, post-only against
//!    the book, 30% of listed shares, short-sale price, open-order cap, risk limits, funds, room
//!    in memory.

use crate::command::Place;
use crate::engine::OrderStatus;
use crate::engine::amount::Sized;
use crate::engine::market::reaches;
use crate::engine::risk::Ask;
use crate::engine::terms::mark_condition;
use crate::engine::{Engine, refuse};
use crate::event::{Cause, CloseReason, Event};
use crate::matching::Stop;
use crate::money::Traded;
use crate::orders::{Flags, Known};
use crate::reject::Reject;
use crate::types::*;

/// Most resting orders looked at for those of an all-or-nothing order's own account.
const OWN_LOOKED: u32 = 10_000;

/// Most price levels looked at for how much an order that is sized by the book, or trades all or
/// nothing, can have. What lies behind them counts as not there.
pub(super) const LEVELS_LOOKED: usize = 10_000;

/// An order that passed every check.
pub(super) struct Admission {
    pub(super) bound: i64,
    /// Bound of the market order a funari order turns into.
    funari: Option<i64>,
    pub(super) pays: u32,
    pub(super) lock: i64,
    /// What a market order by amount comes to.
    sized: Option<Sized>,
    /// Set when it passes a soft risk limit.
    pub(super) warns: Option<Ask>,
}

/// How an order comes in.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// Whether it waits outside the book first.
    pub(super) waits: bool,
    /// Bound of a market order that waits; of a resting order, worst price of its stop half.
    pub(super) worst: Option<i64>,
    /// How many live orders it adds.
    pub(super) orders: u32,
}

impl Entry {
    /// One order that trades as it comes.
    const PLAIN: Entry = Entry { waits: false, worst: None, orders: 1 };
}

impl Engine {
    /// Handles a new order.
    #[inline(always)]
    pub(super) fn place(&mut self, place: &Place, events: &mut Vec<Event>) {
        if self.accounts.get(place.account).is_none() {
            return refuse(Reject::UnknownAccount, events);
        }
        if place.client_id.is_empty() {
            return refuse(Reject::InvalidClientId, events);
        }
        if place.instrument.0 as usize >= self.markets.len() {
            return refuse(Reject::UnknownInstrument, events);
        }
        let hash = self.orders.order_hash(place);
        match self.orders.seek(place, hash) {
            Ok(slot) => self.answer_again(slot, place, events),
            Err(vacancy) => {
                if !self.may_be_short() || !self.place_plain(place, hash, vacancy, events) {
                    self.place_the_long_way(place, hash, events);
                }
            }
        }
    }

    /// The same, of an order that says who gave it.
    #[inline(never)]
    pub(super) fn place_attributed(&mut self, place: &Place, events: &mut Vec<Event>) {
        self.place(place, events);
    }

    /// Answers an order whose client id is that of the one in this slot.
    #[cold]
    fn answer_again(&mut self, slot: u32, place: &Place, events: &mut Vec<Event>) {
        if self.orders.said_again(slot, place) == Known::Other {
            return refuse(Reject::DuplicateClientOrderId, events);
        }
        events.push(Event::Repeated { order: OrderId(self.orders.hot[slot as usize].id) });
    }

    /// Handles a new order whose client id is new.
    #[inline(never)]
    fn place_the_long_way(&mut self, place: &Place, hash: u64, events: &mut Vec<Event>) {
        self.note_message(place.account, place.instrument);
        let admission = self.admit(place, Entry::PLAIN);
        let slot = self.record(place, hash);
        match admission {
            Err(code) => self.refuse_recorded(slot, code, events),
            Ok(admission) => {
                self.take_in(slot, &admission);
                let hot = &mut self.orders.hot[slot as usize];
                let rests = place.time_in_force == TimeInForce::Day;
                hot.flags.set(Flags::MARKET, place.kind == OrderKind::Market && rests);
                let order = OrderId(hot.id);
                events.push(Event::Accepted { order, bound: Price(admission.bound) });
                if let Some(sized) = admission.sized {
                    self.size(slot, sized, events);
                }
                if let Some(ask) = &admission.warns {
                    self.warn(ask, events);
                }
                let short = admission.sized.is_some_and(|sized| !sized.whole);
                if place.time_in_force == TimeInForce::Fok && short {
                    return self.close_unlocked(slot, CloseReason::FillOrKill, events);
                }
                self.execute(slot, place.time_in_force, admission.lock, events);
                self.after_trading(place.instrument, events);
            }
        }
    }

    /// Gives an order its number and slot.
    #[inline]
    pub(super) fn record(&mut self, place: &Place, hash: u64) -> u32 {
        let market = &self.markets[place.instrument.0 as usize];
        let day = self.days[market.profile as usize].day;
        self.orders.create(place, hash, day, self.seq, self.at)
    }

    /// Remembers an order as refused.
    pub(super) fn refuse_recorded(&mut self, slot: u32, code: Reject, events: &mut Vec<Event>) {
        let cold = &mut self.orders.cold[slot as usize];
        cold.status = OrderStatus::Rejected;
        cold.reject = Some(code);
        let hot = &self.orders.hot[slot as usize];
        let order = OrderId(hot.id);
        if hot.flags.has(Flags::BY_AMOUNT) {
            self.orders.set_quantity(slot, 0);
        }
        self.orders.finish(slot);
        events.push(Event::Refused { code, order: Some(order) });
    }

    /// Gives an admitted order its bound, the balances it settles in and what its condition needs.
    #[inline]
    pub(super) fn take_in(&mut self, slot: u32, admission: &Admission) {
        self.settles_in(slot, admission.bound, admission.pays);
        let (hot, cold) = (&mut self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        if cold.condition == Condition::Any {
            return;
        }
        mark_condition(hot, cold);
        self.markets[hot.instrument.0 as usize].tokyo.conditioned = true;
        if let Some(bound) = admission.funari {
            self.orders.extra_mut(slot).stop_bound = bound;
        }
    }

    /// Gives an order its bound, the balance it pays from and the one it receives into.
    #[inline]
    pub(super) fn settles_in(&mut self, slot: u32, bound: i64, pays: u32) {
        let hot = &self.orders.hot[slot as usize];
        let market = &self.markets[hot.instrument.0 as usize];
        let gets = match hot.side {
            Side::Buy => market.base,
            Side::Sell => market.quote,
        };
        let receives = self.open_balance(hot.account, gets);
        let hot = &mut self.orders.hot[slot as usize];
        hot.bound = bound;
        hot.pays = pays;
        hot.receives = receives.expect("admission made sure of room for a balance");
    }

    /// Locks, trades, and rests or closes an accepted order.
    pub(super) fn execute(
        &mut self,
        slot: u32,
        time_in_force: TimeInForce,
        lock: i64,
        events: &mut Vec<Event>,
    ) {
        if time_in_force == TimeInForce::Fok {
            let stop = self.fills_whole(slot);
            if stop != Stop::Done {
                // Nothing is locked for an order that cannot trade.
                let instrument = self.orders.hot[slot as usize].instrument;
                let reason = self.all_or_nothing_reason(slot, stop);
                self.close_unlocked(slot, reason, events);
                return self.after_guard(instrument, stop, events);
            }
        }
        let hot = &self.orders.hot[slot as usize];
        let (pays, id) = (hot.pays, hot.id);
        self.ledger.change(pays, (0, lock), Cause::Lock, id, events);
        self.enter(slot, time_in_force, events);
    }

    /// Trades, and rests or closes a live order whose lock is taken.
    pub(super) fn enter(&mut self, slot: u32, time_in_force: TimeInForce, events: &mut Vec<Event>) {
        let hot = &self.orders.hot[slot as usize];
        let (instrument, side) = (hot.instrument, hot.side);
        let market = &self.markets[instrument.0 as usize];
        if hot.conditioned() && market.keeps_waiting(self.orders.cold[slot as usize].condition) {
            return self.park(slot, events);
        }
        if market.gathers() {
            return match time_in_force {
                TimeInForce::Ioc => self.gather_immediate(slot, events),
                _ => self.rest(slot, events),
            };
        }
        let stop = self.cross(slot, events);
        let left = self.orders.hot[slot as usize].remaining;
        if left == 0 || stop == Stop::SelfTrade {
            self.close(slot, stop.end(), events);
            self.announce_swept(instrument, side.opposite(), events);
        } else if matches!(time_in_force, TimeInForce::Ioc | TimeInForce::Fok) {
            let reason = self.rest_reason(instrument, stop, CloseReason::ImmediateRest);
            self.close(slot, reason, events);
            self.announce_swept(instrument, side.opposite(), events);
        } else {
            self.announce_swept(instrument, side.opposite(), events);
            self.rest(slot, events);
        }
        self.after_guard(instrument, stop, events);
    }

    /// Why an order that trades all or nothing ends without a trade.
    pub(super) fn all_or_nothing_reason(&self, slot: u32, stop: Stop) -> CloseReason {
        let instrument = self.orders.hot[slot as usize].instrument;
        self.rest_reason(instrument, stop, CloseReason::FillOrKill)
    }

    /// Why an order ends that does not rest: a breaker, if that is what stopped it, else `other`.
    fn rest_reason(&self, instrument: InstrumentId, stop: Stop, other: CloseReason) -> CloseReason {
        let breaks = !self.markets[instrument.0 as usize].session_rules;
        if breaks && stop == Stop::Guarded { CloseReason::Breaker } else { other }
    }

    /// What follows when something guarding the market stopped an order, once that order rests
    /// or has ended.
    #[inline]
    pub(super) fn after_guard(
        &mut self,
        instrument: InstrumentId,
        stop: Stop,
        events: &mut Vec<Event>,
    ) {
        if stop == Stop::Guarded {
            self.break_circuit(instrument, events);
        }
    }

    /// Everything that can refuse an order with a known account, instrument and new client id.
    pub(super) fn admit(&self, place: &Place, entry: Entry) -> Result<Admission, Reject> {
        let account = self.accounts.get(place.account).ok_or(Reject::UnknownAccount)?;
        match account.status {
            AccountStatus::Active if !place.account.may_go_negative() => {}
            AccountStatus::Active | AccountStatus::Suspended => {
                return Err(Reject::AccountSuspended);
            }
            AccountStatus::Closed => return Err(Reject::AccountClosed),
        }
        let market = &self.markets[place.instrument.0 as usize];
        self.check_key(place.key)?;
        self.check_killed(place.account, place.instrument)?;
        market.check_halts(place.kind, place.side)?;
        market.refuses()?;
        market.phase_refuses()?;
        self.check_condition(place)?;
        let may_rest = matches!(place.time_in_force, TimeInForce::Gtc | TimeInForce::Day);
        let market_order = place.kind == OrderKind::Market;
        // An amount is worked out by the book as it trades: what rests has no more to do with it.
        let day = place.time_in_force == TimeInForce::Day;
        let rests = market.session_rules && day && !place.by_amount;
        let allowed = if market_order {
            (!may_rest || rests) && !place.post_only
        } else {
            may_rest || !place.post_only
        };
        if market_order && market.phase == Phase::Call && !entry.waits {
            return Err(Reject::CallAuction);
        }
        // Period orders come as contingent ones, which say their last day.
        let allowed = allowed && place.time_in_force != TimeInForce::Gtd;
        let gathers = !may_rest && market.gathers();
        if !entry.waits && (!allowed || gathers && !market.gathers_immediate(place)) {
            return Err(Reject::InvalidTimeInForce);
        }
        if place.by_amount {
            if !market_order || place.quantity.0 <= 0 {
                return Err(Reject::InvalidQuantity);
            }
        } else {
            self.check_quantity(place.instrument, place.kind, place.quantity.0)?;
        }
        let bound = if market_order {
            if place.price.0 != 0 {
                return Err(Reject::InvalidPrice);
            }
            match entry.worst {
                Some(worst) if entry.waits => worst,
                _ => market.market_bound(place.side)?,
            }
        } else {
            market.check_price(place.price.0)?;
            place.price.0
        };
        let (sized, quantity, bound) = if place.by_amount {
            let sized = self.size_by_amount(place, bound)?;
            (Some(sized), sized.quantity, sized.bound)
        } else {
            (None, place.quantity.0, bound)
        };
        // A funari order becomes a market order: that is what it can spend at worst.
        let funari = match place.condition.turns() {
            true => Some(market.market_bound(place.side)?),
            false => None,
        };
        let worst = match (place.side, entry.worst.or(funari)) {
            (Side::Buy, Some(worst)) => worst.max(bound),
            _ => bound,
        };
        // The stop half of a sell may ask for more than its limit half.
        let dearest = self.check_sizes(place, quantity, worst.max(entry.worst.unwrap_or(0)))?;
        let against = self.books.best(&market.sides[place.side.opposite() as usize]);
        let crosses = against.is_some_and(|level| reaches(place.side, bound, level.price));
        if place.post_only && crosses && !market.gathers() && !entry.waits {
            return Err(Reject::PostOnlyWouldCross);
        }
        self.check_share_rules(place, quantity, entry.waits)?;
        let stays = may_rest || gathers || entry.waits || entry.orders > 1;
        if stays && market.open_order_cap != 0 {
            let open = self.open_counts.get(place.account, place.instrument);
            if u64::from(open) + u64::from(entry.orders) > u64::from(market.open_order_cap) {
                return Err(Reject::OpenOrderCap);
            }
        }
        // What waits is not held against the collar: its trigger lies away from the market.
        let prices = (if entry.waits { 0 } else { place.price.0 }, dearest);
        let (account, instrument) = (place.account, place.instrument);
        let opens = if stays { entry.orders } else { 0 };
        let ask = Ask::new(account, instrument, place.side, prices, quantity, opens);
        let warns = self.check_risk(&ask)?.then_some(ask);
        let (spends, gets) = match place.side {
            Side::Buy => (market.quote, market.base),
            Side::Sell => (market.base, market.quote),
        };
        let pays = self.find_balance(place.account, spends).ok_or(Reject::InsufficientFunds)?;
        let lock = market.units.lock(place.side, Traded::default(), worst, quantity);
        if self.ledger.get(pays).available() < lock {
            return Err(Reject::InsufficientFunds);
        }
        let live_orders = self.limits.map_or(0, |limits| limits.live_orders);
        let full = stays && self.resting + entry.orders > live_orders
            || self.ledger.room() == 0 && self.find_balance(place.account, gets).is_none();
        if full {
            return Err(Reject::CapacityExhausted);
        }
        Ok(Admission { bound, funari, pays, lock, sized, warns })
    }

    /// Checks the quantity of an order of this kind.
    pub(super) fn check_quantity(
        &self,
        instrument: InstrumentId,
        kind: OrderKind,
        quantity: i64,
    ) -> Result<(), Reject> {
        self.markets[instrument.0 as usize].check_quantity(quantity)?;
        match kind {
            OrderKind::Limit => Ok(()),
            OrderKind::Market => self.specs[instrument.0 as usize].check_market_quantity(quantity),
        }
    }

    /// Refuses what could take any later sum out of 64 bits. Returns the most the order could
    /// trade at per unit.
    fn check_sizes(&self, place: &Place, quantity: i64, bound: i64) -> Result<i64, Reject> {
        let market = &self.markets[place.instrument.0 as usize];
        let side = &market.sides[place.side as usize];
        let best_bid = self.books.best(&market.sides[Side::Buy as usize]).map(|l| l.price);
        let worst = market.worst_price(place.side, bound, best_bid);
        let fits = market.units.notional_fits(Traded::default(), worst, quantity)
            && market.units.base_checked(quantity).is_some()
            && side.quantity.checked_add(quantity).is_some()
            && market.bid_fits_calls(place.side, bound);
        if fits { Ok(worst) } else { Err(Reject::NotionalTooLarge) }
    }

    /// How an order would fare that trades all or nothing: whether the other side holds enough
    /// within its bound and what guards the market, on the first [`LEVELS_LOOKED`] levels.
    pub(super) fn fills_whole(&mut self, slot: u32) -> Stop {
        let order = self.orders.hot[slot as usize];
        if self.markets[order.instrument.0 as usize].guarded {
            self.refresh_guard(order.instrument, order.side);
        }
        let market = &self.markets[order.instrument.0 as usize];
        let mut missing = order.remaining;
        let mut stop = Stop::Done;
        let mut reach = market.reach(order.side, self.at);
        let against = self.books.walk(&market.sides[order.side.opposite() as usize]);
        for level in against.take(LEVELS_LOOKED) {
            let price = level.price;
            if !reaches(order.side, order.bound, price) || !reaches(order.side, reach, price) {
                break;
            }
            if !market.session_rules && market.forbids(order.side, price, self.at) {
                stop = Stop::Guarded;
            }
            reach = market.reach_after(order.side, price, self.at);
            missing -= level.quantity.min(missing);
            if missing == 0 {
                let own = stop == Stop::Done && self.meets_own(slot);
                return if own { Stop::SelfTrade } else { stop };
            }
        }
        Stop::Exhausted
    }

    /// Whether orders of its own account keep an all-or-nothing order from filling whole: those
    /// that would end it, or, where they would be cancelled, what lies beyond them. Gives up
    /// (and says yes) after [`OWN_LOOKED`] orders.
    fn meets_own(&self, slot: u32) -> bool {
        let order = &self.orders.hot[slot as usize];
        let mode = self.orders.cold[slot as usize].self_trade;
        let open = self.accounts.get(order.account).map_or(0, |account| account.open);
        if mode == SelfTrade::Allow || open == 0 {
            return false;
        }
        let market = &self.markets[order.instrument.0 as usize];
        let (mut missing, mut looked) = (order.remaining, 0);
        let mut reach = market.reach(order.side, self.at);
        for level in self.books.walk(&market.sides[order.side.opposite() as usize]) {
            let price = level.price;
            if !reaches(order.side, order.bound, price) || !reaches(order.side, reach, price) {
                break;
            }
            if !market.session_rules && market.forbids(order.side, price, self.at) {
                break;
            }
            reach = market.reach_after(order.side, price, self.at);
            for resting in self.books.queue(level, &self.orders.hot) {
                let resting = &self.orders.hot[resting as usize];
                looked += 1;
                if resting.account != order.account {
                    missing -= resting.remaining.min(missing);
                } else if mode != SelfTrade::CancelMaker {
                    return true;
                }
                if missing == 0 {
                    return false;
                }
                if looked == OWN_LOOKED {
                    return true;
                }
            }
        }
        true
    }
}
