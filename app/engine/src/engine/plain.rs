//! The short way of a plain order: a limit order, in continuous trading that nothing holds up,
//! of an account in good standing, with room and funds and within every risk limit, soft ones
//! included. That is most orders there are, and for them every check comes down to a comparison.
//!
//! The short way only ever says yes. Where any comparison fails it has changed nothing, and the long
//! way (`place`) decides what the answer is; so the order of refusals is said there alone. Both
//! ways lead to the same events and the same state: tests send the same streams through both.

use crate::command::Place;
use crate::engine::risk::{Counts, Measured, second_of};
use crate::engine::{Engine, Market, OrderStatus};
use crate::event::{CloseReason, Event};
use crate::index::Vacancy;
use crate::orders::{Flags, NIL};
use crate::types::*;

/// What the short way found out about an order it takes.
struct Plain {
    key: u64,
    pays: u32,
    receives: u32,
    lock: i64,
    /// Base minor units an open buy brings; zero for a sell.
    incoming: i64,
    /// Whether it meets the other side at once.
    crosses: bool,
    /// Its market's day.
    day: u32,
    /// The second it came in, and where its message is to be counted.
    second: u32,
    counts: Counts,
}

impl Engine {
    /// Takes a plain order whose client id is new, all the way. Whether it did; if not, nothing
    /// has changed.
    #[inline(always)]
    pub(super) fn place_plain(
        &mut self,
        place: &Place,
        hash: u64,
        vacancy: Vacancy,
        events: &mut Vec<Event>,
    ) -> bool {
        let Some(plain) = self.admit_plain(place) else { return false };
        let Engine { orders, markets, accounts, ledger, books, risk, .. } = self;
        let (instrument, side) = (place.instrument, place.side);
        let market = &mut markets[instrument.0 as usize];
        let slot = orders.create_at(place, hash, vacancy, plain.day, self.seq, self.at);
        let hot = &mut orders.hot[slot as usize];
        hot.pays = plain.pays;
        hot.receives = plain.receives;
        let order = OrderId(hot.id);
        events.push(Event::Accepted { order, bound: place.price });
        events.push(ledger.lock(plain.pays, plain.lock, order));
        let account = accounts.at_mut(place.account);
        risk.count_message_where(plain.counts, account, instrument, plain.second);
        if plain.crosses || place.time_in_force == TimeInForce::Ioc {
            self.enter(slot, place.time_in_force, events);
        } else {
            hot.stage = market.stage;
            let (last, group) = account.append(hot, slot);
            if last != NIL {
                orders.hot[last as usize].account_next = slot;
            }
            self.resting += 1;
            risk.groups[usize::from(group.0)].pool.open += 1;
            risk.instruments[instrument.0 as usize].open += 1;
            if plain.incoming != 0 {
                ledger.expect_more(plain.receives, plain.incoming);
            }
            let book = &mut market.sides[side as usize];
            let level = books.push(book, &mut orders.hot, slot, plain.key);
            let level = books.level(level);
            let (price, quantity, orders) = (place.price, Quantity(level.quantity), level.orders);
            events.push(Event::Level { instrument, side, price, quantity, orders });
        }
        self.after_trading(instrument, events);
        true
    }

    /// Ends a plain order that rests, by its owner. Whether it did; if not, nothing has changed.
    #[inline(always)]
    pub(super) fn cancel_plain(&mut self, slot: u32, events: &mut Vec<Event>) -> bool {
        let Engine { orders, markets, accounts, ledger, books, risk, .. } = self;
        let hot = &mut orders.hot[slot as usize];
        let cold = &mut orders.cold[slot as usize];
        let (instrument, side) = (hot.instrument, hot.side);
        let market = &mut markets[instrument.0 as usize];
        let plain = (hot.flags.0 & !Flags::DAY.0 == Flags::LISTED.0)
            & (hot.level != NIL)
            & (cold.extra == NIL)
            & (market.open_order_cap == 0);
        if !plain {
            return false;
        }
        let (remaining, pays, order) = (hot.remaining, hot.pays, OrderId(hot.id));
        let lock = market.units.lock(side, cold.traded(), hot.bound, remaining);
        cold.status = OrderStatus::Cancelled;
        cold.closed = Some(CloseReason::Cancelled);
        cold.updated_at = self.at;
        cold.seq = self.seq;
        let (account, reason) = (hot.account, CloseReason::Cancelled);
        let left = Quantity(remaining);
        events.push(Event::Closed { order, account, instrument, reason, remaining: left });
        if side == Side::Buy {
            ledger.expect_more(hot.receives, -market.units.base(remaining));
        }
        let level = books.level(hot.level);
        let (price, quantity, left) = (level.price, level.quantity - remaining, level.orders - 1);
        books.unlink(&mut market.sides[side as usize], &mut orders.hot, slot);
        let group = accounts.unlink(&mut orders.hot, slot);
        risk.groups[usize::from(group.0)].pool.open -= 1;
        risk.instruments[instrument.0 as usize].open -= 1;
        self.resting -= 1;
        orders.finish(slot);
        if lock != 0 {
            events.push(ledger.lock(pays, -lock, order));
        }
        let (price, quantity) = (Price(price), Quantity(quantity));
        events.push(Event::Level { instrument, side, price, quantity, orders: left });
        self.after_trading(instrument, events);
        true
    }

    /// Every check of a plain order; `None` where any fails or has more to look at. Apart from what
    /// follows, which needs few of the numbers it works with: there are not registers for all.
    #[inline(never)]
    fn admit_plain(&self, place: &Place) -> Option<Plain> {
        let market = &self.markets[place.instrument.0 as usize];
        let account = self.accounts.get(place.account)?;
        let group = &self.risk.groups[usize::from(account.group.0)];
        let calm = is_plain(place)
            && market.is_plain()
            && self.specs[place.instrument.0 as usize].listed_shares.0 == 0
            && account.status == AccountStatus::Active
            && !place.account.may_go_negative()
            && !(self.killed | account.killed | group.killed)
            && self.risk.killed_keys.is_empty();
        if !calm {
            return None;
        }
        let (side, price, quantity) = (place.side, place.price.0, place.quantity.0);
        let key = market.plain_key(price)?;
        market.check_quantity(quantity).ok()?;
        let (spends, gets) = match side {
            Side::Buy => (market.quote, market.base),
            Side::Sell => (market.base, market.quote),
        };
        let [pays, receives] = account.balances(spends, gets);
        if (pays == NIL) | (receives == NIL) {
            return None;
        }
        let best = self.books.best(&market.sides[side.opposite() as usize]);
        let best = best.map(|level| level.price);
        let crosses = best.is_some_and(|best| super::reaches(side, price, best));
        let worst = match side {
            Side::Buy => price,
            Side::Sell => best.map_or(price, |best| best.max(price)),
        };
        let value = market.units.short_value(worst, quantity)?;
        let base = market.units.base_checked(quantity)?;
        market.sides[side as usize].quantity.checked_add(quantity)?;
        let (lock, incoming) = match side {
            Side::Buy => (market.units.short_lock(price * quantity), base),
            Side::Sell => (base, 0),
        };
        let open = u32::from(place.time_in_force != TimeInForce::Ioc);
        let room = self.limits.map_or(0, |limits| limits.live_orders);
        let fits = self.ledger.get(pays).available() >= lock
            && self.resting + open <= room
            && !(place.post_only && (crosses || open == 0));
        if !fits {
            return None;
        }
        let (day, second) = (self.days[market.profile as usize].day, second_of(self.at));
        let mut counts = Counts::default();
        if self.risk.active != 0 {
            let position = if side == Side::Buy {
                self.ledger.get(receives).position().saturating_add(base)
            } else {
                i64::MIN
            };
            let amounts = (base, value, position);
            let measured = Measured::new(market, (day, second), price, amounts, open != 0);
            counts = self.is_quiet(&measured, account, group, place.instrument)?;
        }
        Some(Plain { key, pays, receives, lock, incoming, crosses, day, second, counts })
    }
}

/// Whether an order asks for nothing but to trade at its price, and to rest or end then.
#[inline(always)]
fn is_plain(place: &Place) -> bool {
    let lasts =
        matches!(place.time_in_force, TimeInForce::Gtc | TimeInForce::Day | TimeInForce::Ioc);
    (place.kind == OrderKind::Limit)
        & lasts
        & (place.condition == Condition::Any)
        & (place.short == ShortSale::Long)
        & !place.by_amount
}

impl Market {
    /// Whether it trades continuously, and nothing stops, bounds or watches it.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        (self.status == InstrumentStatus::Open)
            & (self.phase == Phase::Continuous)
            & !self.awaits_first_price()
            & (self.shown.kind == QuoteKind::Free)
            & (self.halts == Halts::default())
            & !(self.killed | self.guarded | self.session_rules | self.ready)
            & (self.open_order_cap == 0)
            & (self.sides[0].market & self.sides[1].market == NIL)
    }
}
